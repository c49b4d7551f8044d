//===- CellImporter.cpp - checks and builds one cell ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/CellImporter.h"

#include "dialects/Cell/Cell.h"
#include "edbc/abi.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>

using namespace mlir;

namespace edbc::frontend {

//===----------------------------------------------------------------------===//
// Elementwise operators and functions
//===----------------------------------------------------------------------===//

namespace {

struct Function {
  StringLiteral name;
  unsigned arity;
  mlir::Value (*build)(OpBuilder &, Location, ValueRange);
  /// The same for numbers (the second one is 0 where there is only one); null
  /// where the result would depend on the C library.
  double (*fold)(double, double);
};

} // namespace

template <typename OpTy>
static mlir::Value build(OpBuilder &builder, Location loc,
                         ValueRange operands) {
  return OpTy::create(builder, loc, operands.getType().front(), operands);
}

static mlir::Value buildSplat(OpBuilder &builder, Location loc, Type type,
                              float value) {
  return arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(cast<ShapedType>(type), value));
}

static mlir::Value buildRelu(OpBuilder &builder, Location loc,
                             ValueRange operands) {
  mlir::Value zero = buildSplat(builder, loc, operands.getType().front(), 0);
  return arith::MaximumFOp::create(builder, loc, operands.front(), zero);
}

static const Function negation = {"-", 1, build<arith::NegFOp>,
                                  [](double x, double) { return -x; }};

static const Function operators[] = {
    {"+", 2, build<arith::AddFOp>, [](double x, double y) { return x + y; }},
    {"-", 2, build<arith::SubFOp>, [](double x, double y) { return x - y; }},
    {"*", 2, build<arith::MulFOp>, [](double x, double y) { return x * y; }},
    {"/", 2, build<arith::DivFOp>, [](double x, double y) { return x / y; }},
};

static const Function functions[] = {
    {"sigmoid", 1, build<cell::SigmoidOp>, nullptr},
    {"tanh", 1, build<math::TanhOp>, nullptr},
    {"relu", 1, buildRelu, [](double x, double) { return std::fmax(x, 0); }},
    {"exp", 1, build<math::ExpOp>, nullptr},
    {"log", 1, build<math::LogOp>, nullptr},
    {"sqrt", 1, build<math::SqrtOp>,
     [](double x, double) { return std::sqrt(x); }},
    {"abs", 1, build<math::AbsFOp>,
     [](double x, double) { return std::fabs(x); }},
    {"max", 2, build<arith::MaximumFOp>,
     [](double x, double y) { return std::fmax(x, y); }},
    {"min", 2, build<arith::MinimumFOp>,
     [](double x, double y) { return std::fmin(x, y); }},
};

static const Function *findFunction(ArrayRef<Function> table, StringRef name) {
  const Function *it = llvm::find_if(
      table, [&](const Function &function) { return function.name == name; });
  return it == table.end() ? nullptr : it;
}

bool isFunction(StringRef name) { return findFunction(functions, name); }

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

namespace {

/// The declaration that a vector has its shape from.
struct Origin {
  SourceRange place;
  std::string words;
};

/// What a name or an expression stands for.
struct Value {
  enum class Kind {
    Unknown,    ///< an error was reported
    Unassigned, ///< a field of the result before its assignment
    Node,
    Token,
    Number,
    Vector,
    Concat, ///< a vector that may only be multiplied
  };

  Kind kind = Kind::Unknown;
  SourceRange place; ///< that gives a name its meaning
  mlir::Value value; ///< of Node, Token, Vector and Concat
  double number = 0;
  Origin origin; ///< of Vector and Concat

  bool is(Kind other) const { return kind == other; }
  RankedTensorType getType() const {
    return cast<RankedTensorType>(value.getType());
  }
};

class CellImporter {
public:
  CellImporter(const CellDecl &cell, ImportContext &context)
      : cell(cell), context(context), builder(context.builder) {}

  void run();

private:
  Block &importHeader();
  void importOperand(const OperandDecl &operand, Block &body);
  Type importOperandType(const OperandDecl &operand);
  void importAssignment(const Name &name, const Expr &expr);
  void importYield();

  /// Gives a name its meaning, unless it has one already: an error.
  void define(const Name &name, Value value);
  /// The meaning of a name in this cell; null where it has none.
  const Value *findLocal(StringRef name) const {
    auto it = locals.find(name);
    return it == locals.end() ? nullptr : &it->second;
  }
  /// The matrix parameter of that name; null after an error.
  const Tensor *findMatrix(const Name &name);

  /// A Number, Vector, Concat or Unknown.
  Value importExpr(const Expr &expr);
  /// A Number, Vector or Unknown.
  Value importElement(const Expr &expr);
  Value importNumber(const Expr &expr);
  Value importName(const Expr &expr);
  Value importWeight(const Name &name);
  Value importField(const Expr &expr);
  Value importLookup(const Expr &expr);
  Value importProduct(const Expr &expr);
  Value importConcat(const Expr &expr);
  Value importCall(const Expr &expr);
  Value importElementwise(const Expr &expr, const Function &function);
  /// Makes a vector of that type of a number; Unknown after an error. Leaves
  /// other values as they are.
  Value fill(Value value, RankedTensorType type, SourceRange place);

  template <typename... Ts>
  Value error(SourceRange place, const char *format, Ts &&...values) {
    context.reporter.error(place, format, std::forward<Ts>(values)...);
    return {};
  }
  template <typename... Ts>
  void note(SourceRange place, const char *format, Ts &&...values) {
    context.reporter.note(place, format, std::forward<Ts>(values)...);
  }
  void noteOrigin(const Value &vector) {
    note(vector.origin.place, "[{0}] comes from {1}",
         vector.getType().getDimSize(0), vector.origin.words);
  }

  const CellDecl &cell;
  ImportContext &context;
  OpBuilder &builder;
  State *result = nullptr; ///< null after an error
  NameMap<Value> locals;
};

} // namespace

static Value makeVector(mlir::Value value, Origin origin,
                        Value::Kind kind = Value::Kind::Vector) {
  return {kind, {}, value, 0, std::move(origin)};
}

//===----------------------------------------------------------------------===//
// The cell as a whole
//===----------------------------------------------------------------------===//

void CellImporter::run() {
  OpBuilder::InsertionGuard guard(builder);
  Block &body = importHeader();
  builder.setInsertionPointToEnd(&body);
  for (const OperandDecl &operand : cell.operands)
    importOperand(operand, body);
  for (const Statement &statement : cell.body)
    if (statement.isLet)
      define(statement.name, importExpr(*statement.value));
    else
      importAssignment(statement.name, *statement.value);
  if (result)
    importYield();
}

Block &CellImporter::importHeader() {
  if ((result = context.findState(cell.result))) {
    result->isYielded = true;
    for (const auto &[name, field] : result->fields)
      locals[name] = {Value::Kind::Unassigned, field.name.range, {}, 0, {}};
  }
  if (cell.name.text == "instance")
    error(cell.name.range, "a cell can't be named 'instance', which separates "
                           "the instances of a graph file");
  if (cell.operands.size() > EDBC_MAX_OPERANDS)
    error(cell.operands[EDBC_MAX_OPERANDS].name.range,
          "a cell has at most {0} operands", EDBC_MAX_OPERANDS);
  auto operandNames =
      llvm::map_to_vector(cell.operands, [](const OperandDecl &operand) {
        return operand.name.text;
      });
  auto def = cell::DefOp::create(
      builder, context.getLoc(cell.name.range),
      builder.getStringAttr(cell.name.text),
      builder.getStrArrayAttr(operandNames),
      FlatSymbolRefAttr::get(builder.getContext(), cell.result.text),
      cell.doc.empty() ? StringAttr() : builder.getStringAttr(cell.doc));
  return def.getBody().emplaceBlock();
}

void CellImporter::importOperand(const OperandDecl &operand, Block &body) {
  Value value;
  if (Type type = importOperandType(operand)) {
    value.value = body.addArgument(type, context.getLoc(operand.name.range));
    value.kind = isa<cell::RefType>(type)     ? Value::Kind::Node
                 : isa<cell::TokenType>(type) ? Value::Kind::Token
                                              : Value::Kind::Vector;
    value.origin = {operand.name.range,
                    ("operand '" + operand.name.text + "'").str()};
  }
  define(operand.name, std::move(value));
}

Type CellImporter::importOperandType(const OperandDecl &operand) {
  if (operand.kind == OperandDecl::Kind::Node) {
    if (!context.findState(operand.state))
      return {};
    return cell::RefType::get(
        builder.getContext(),
        FlatSymbolRefAttr::get(builder.getContext(), operand.state.text));
  }
  RankedTensorType type = context.getType(operand.shape, 1);
  if (!type || operand.kind == OperandDecl::Kind::Dense)
    return type;
  return cell::TokenType::get(builder.getContext(), type.getDimSize(0));
}

void CellImporter::importAssignment(const Name &name, const Expr &expr) {
  Value value = importElement(expr);
  if (!result)
    return;
  const Tensor *field = context.findField(*result, name);
  if (!field) {
    note(name.range, "other values are named with 'let {0} = ...'", name.text);
    return;
  }
  Value &local = locals[name.text];
  if (!local.is(Value::Kind::Unassigned)) {
    error(name.range, "field '{0}' is assigned twice", name.text);
    note(local.place, "the first time here");
    return;
  }
  local = {Value::Kind::Unknown, name.range, {}, 0, {}};
  if (!field->type)
    return;
  value = fill(std::move(value), field->type, expr.range);
  if (!value.is(Value::Kind::Vector))
    return;
  if (value.getType() != field->type) {
    error(expr.range,
          "field '{0}' has shape [{1}], but its value has shape "
          "[{2}]",
          name.text, field->type.getDimSize(0), value.getType().getDimSize(0));
    note(field->name.range, "the field is declared here");
    noteOrigin(value);
    return;
  }
  local.kind = Value::Kind::Vector;
  local.value = value.value;
  local.origin = {field->name.range, ("field '" + name.text + "'").str()};
}

void CellImporter::importYield() {
  SmallVector<mlir::Value> fields;
  for (const auto &[name, field] : result->fields) {
    const Value &value = locals[name];
    if (value.is(Value::Kind::Vector))
      fields.push_back(value.value);
    if (!value.is(Value::Kind::Unassigned) || context.model.isIncomplete)
      continue;
    error(cell.name.range,
          "cell '{0}' does not assign field '{1}' of its "
          "result",
          cell.name.text, name);
    note(field.name.range, "the field is declared here");
  }
  if (fields.size() == result->fields.size())
    cell::YieldOp::create(builder, context.getLoc(cell.name.range), fields);
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

void CellImporter::define(const Name &name, Value value) {
  if (isFunction(name.text)) {
    error(name.range, "'{0}' is the name of a function", name.text);
    return;
  }
  value.place = name.range;
  auto param = context.params.find(name.text);
  auto [local, isFree] = locals.try_emplace(name.text, std::move(value));
  if (param == context.params.end() && isFree)
    return;
  error(name.range, "'{0}' is already defined", name.text);
  note(isFree ? param->second.name.range : local->second.place,
       "it is defined here");
}

const Tensor *CellImporter::findMatrix(const Name &name) {
  const Value *local = findLocal(name.text);
  auto it = context.params.find(name.text);
  if (local) {
    error(name.range, "'{0}' is not a parameter", name.text);
    note(local->place, "it is defined here");
  } else if (it == context.params.end()) {
    context.reportUnknown("parameter", name, getNames(context.params));
  } else if (const Tensor &param = it->second;
             param.type && param.type.getRank() != 2) {
    error(name.range, "'{0}' is a vector; a matrix is needed here", name.text);
    note(param.name.range, "it is declared here");
  } else {
    return param.type ? &param : nullptr;
  }
  return nullptr;
}

Value CellImporter::importName(const Expr &expr) {
  StringRef name = expr.name.text;
  const Value *local = findLocal(name);
  if (!local)
    return importWeight(expr.name);
  switch (local->kind) {
  case Value::Kind::Unassigned:
    if (context.model.isIncomplete)
      return {};
    return error(expr.range, "field '{0}' is read before it is assigned", name);
  case Value::Kind::Node:
    return error(expr.range,
                 "'{0}' is a node; read one of its fields, as in '{0}.FIELD'",
                 name);
  case Value::Kind::Token:
    return error(expr.range,
                 "'{0}' is a token; it can only look up a row, as in "
                 "'TABLE[{0}]'",
                 name);
  default:
    return *local;
  }
}

Value CellImporter::importWeight(const Name &name) {
  auto it = context.params.find(name.text);
  if (it == context.params.end()) {
    SmallVector<StringRef> candidates = getNames(locals);
    llvm::append_range(candidates, getNames(context.params));
    context.reportUnknown("name", name, candidates);
    return {};
  }
  const Tensor &param = it->second;
  if (!param.type)
    return {};
  if (param.type.getRank() == 2)
    return error(name.range,
                 "'{0}' is a matrix; it can only stand left of '@' or be "
                 "looked up by a token",
                 name.text);
  return makeVector(
      cell::WeightOp::create(builder, context.getLoc(name.range), param.type,
                             name.text),
      {param.name.range, ("parameter '" + name.text + "'").str()});
}

Value CellImporter::importField(const Expr &expr) {
  const Name &base = expr.base;
  const Value *node = findLocal(base.text);
  if (node && node->is(Value::Kind::Unknown))
    return {};
  if (!node && !context.params.count(base.text)) {
    context.reportUnknown("name", base, getNames(locals));
    return {};
  }
  if (!node || !node->is(Value::Kind::Node))
    return error(base.range, "'{0}' is not a node; only nodes have fields",
                 base.text);
  StringRef stateName =
      cast<cell::RefType>(node->value.getType()).getState().getValue();
  const Tensor *field =
      context.findField(context.states.find(stateName)->second, expr.name);
  if (!field || !field->type)
    return {};
  return makeVector(
      cell::FieldOp::create(builder, context.getLoc(expr.range), field->type,
                            node->value, expr.name.text),
      {field->name.range, ("field '" + expr.name.text + "'").str()});
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

Value CellImporter::importExpr(const Expr &expr) {
  switch (expr.kind) {
  case Expr::Kind::Number:
    return importNumber(expr);
  case Expr::Kind::Name:
    return importName(expr);
  case Expr::Kind::Negate:
    return importElementwise(expr, negation);
  case Expr::Kind::Binary:
    return expr.name.text == "@"
               ? importProduct(expr)
               : importElementwise(expr,
                                   *findFunction(operators, expr.name.text));
  case Expr::Kind::Call:
    return importCall(expr);
  case Expr::Kind::Concat:
    return importConcat(expr);
  case Expr::Kind::Lookup:
    return importLookup(expr);
  case Expr::Kind::Field:
    return importField(expr);
  }
  llvm_unreachable("covered switch");
}

Value CellImporter::importElement(const Expr &expr) {
  Value value = importExpr(expr);
  if (!value.is(Value::Kind::Concat))
    return value;
  error(expr.range, "a concatenation can only be the right operand of '@' in "
                    "this version");
  if (expr.kind == Expr::Kind::Name)
    note(value.origin.place, "'{0}' is this concatenation", expr.name.text);
  return {};
}

Value CellImporter::importNumber(const Expr &expr) {
  Value value;
  if (expr.name.text.getAsDouble(value.number) || !std::isfinite(value.number))
    return error(expr.range, "number is too large");
  value.kind = Value::Kind::Number;
  return value;
}

Value CellImporter::importLookup(const Expr &expr) {
  const Tensor *table = findMatrix(expr.name);
  const Expr &index = *expr.operands[0];
  const Value *token = nullptr;
  if (index.kind == Expr::Kind::Name) {
    token = findLocal(index.name.text);
    if (!token && !context.params.count(index.name.text)) {
      context.reportUnknown("name", index.name, getNames(locals));
      return {};
    }
  }
  if (token && token->is(Value::Kind::Unknown))
    return {};
  if (!token || !token->is(Value::Kind::Token))
    return error(index.range,
                 "a row is looked up by an operand of type token[N]");
  if (!table)
    return {};
  int64_t rows = table->type.getDimSize(0);
  int64_t bound = cast<cell::TokenType>(token->value.getType()).getBound();
  if (bound > rows) {
    error(index.range,
          "'{0}' is a token below {1}, but '{2}' has only {3} rows",
          index.name.text, bound, expr.name.text, rows);
    note(token->place, "the token is declared here");
    note(table->name.range, "the table is declared here");
    return {};
  }
  auto type = RankedTensorType::get(table->type.getShape().drop_front(),
                                    builder.getF32Type());
  return makeVector(
      cell::LookupOp::create(builder, context.getLoc(expr.range), type,
                             expr.name.text, token->value),
      {table->name.range,
       ("the length of the rows of '" + expr.name.text + "'").str()});
}

Value CellImporter::importProduct(const Expr &expr) {
  const Expr &left = *expr.operands[0], &right = *expr.operands[1];
  const Tensor *matrix = nullptr;
  if (left.kind == Expr::Kind::Name)
    matrix = findMatrix(left.name);
  else
    error(left.range,
          "the left operand of '@' must be the name of a matrix parameter{0}",
          left.kind == Expr::Kind::Negate
              ? "; a negated product is written -(W @ x)"
              : "");
  Value vector = importExpr(right);
  if (vector.is(Value::Kind::Number))
    return error(right.range,
                 "the right operand of '@' must be a vector, found a number");
  if (!matrix || vector.is(Value::Kind::Unknown))
    return {};
  int64_t rows = matrix->type.getDimSize(0);
  int64_t columns = matrix->type.getDimSize(1);
  int64_t length = vector.getType().getDimSize(0);
  if (length != columns) {
    error(expr.range,
          "a matrix of shape [{0}, {1}] can't multiply a vector of shape [{2}]",
          rows, columns, length);
    note(matrix->name.range, "the matrix is declared here");
    noteOrigin(vector);
    return {};
  }
  auto type = RankedTensorType::get(rows, builder.getF32Type());
  return makeVector(cell::ProductOp::create(builder, context.getLoc(expr.range),
                                            type, left.name.text, vector.value),
                    {matrix->name.range,
                     ("the number of rows of '" + left.name.text + "'").str()});
}

Value CellImporter::importConcat(const Expr &expr) {
  SmallVector<mlir::Value> parts;
  int64_t length = 0;
  for (const Expr *operand : expr.operands) {
    Value part = importElement(*operand);
    if (part.is(Value::Kind::Number))
      error(operand->range, "parts of a concatenation must be vectors");
    if (!part.is(Value::Kind::Vector))
      continue;
    parts.push_back(part.value);
    length += part.getType().getDimSize(0);
  }
  if (parts.size() != expr.operands.size())
    return {};
  if (length > cell::maxDim)
    return error(expr.range,
                 "the concatenation has length {0}; the most is {1}", length,
                 cell::maxDim);
  return makeVector(tensor::ConcatOp::create(
                        builder, context.getLoc(expr.range), /*dim=*/0, parts),
                    {expr.range, "this concatenation"}, Value::Kind::Concat);
}

Value CellImporter::importCall(const Expr &expr) {
  const Name &name = expr.name;
  const Function *function = findFunction(functions, name.text);
  if (function && expr.operands.size() == function->arity)
    return importElementwise(expr, *function);
  if (function)
    error(name.range, "'{0}' takes {1} argument{2}, found {3}", name.text,
          function->arity, function->arity == 1 ? "" : "s",
          expr.operands.size());
  else
    error(name.range, "unknown function '{0}'{1}", name.text,
          suggest(name.text,
                  llvm::map_to_vector(functions, [](const Function &entry) {
                    return StringRef(entry.name);
                  })));
  for (const Expr *operand : expr.operands)
    importElement(*operand);
  return {};
}

Value CellImporter::importElementwise(const Expr &expr,
                                      const Function &function) {
  SmallVector<Value, 2> operands;
  for (const Expr *operand : expr.operands)
    operands.push_back(importElement(*operand));
  auto find = [&](Value::Kind kind) {
    return llvm::find_if(operands,
                         [=](const Value &value) { return value.is(kind); });
  };
  if (find(Value::Kind::Unknown) != operands.end())
    return {};
  const Value &last = operands.back();
  if (function.name == "/" && last.is(Value::Kind::Number) && last.number == 0)
    return error(expr.range, "division by zero");
  auto shaped = find(Value::Kind::Vector);
  if (shaped == operands.end()) {
    if (!function.fold)
      return error(expr.operands[0]->range,
                   "'{0}' takes a vector, found a number", function.name);
    Value folded;
    folded.kind = Value::Kind::Number;
    folded.number = function.fold(operands.front().number,
                                  operands.size() == 2 ? last.number : 0);
    if (!std::isfinite(folded.number))
      return error(expr.range, "the result is not a finite number");
    return folded;
  }
  SmallVector<mlir::Value, 2> vectors;
  for (auto [operand, operandExpr] : llvm::zip(operands, expr.operands)) {
    operand = fill(std::move(operand), shaped->getType(), operandExpr->range);
    if (operand.is(Value::Kind::Unknown))
      return {};
    vectors.push_back(operand.value);
    if (operand.getType() == shaped->getType())
      continue;
    error(expr.range,
          "operands of '{0}' have different shapes, [{1}] and [{2}]",
          function.name, shaped->getType().getDimSize(0),
          operand.getType().getDimSize(0));
    noteOrigin(*shaped);
    noteOrigin(operand);
    return {};
  }
  return makeVector(
      function.build(builder, context.getLoc(expr.range), vectors),
      shaped->origin);
}

Value CellImporter::fill(Value value, RankedTensorType type,
                         SourceRange place) {
  if (!value.is(Value::Kind::Number))
    return value;
  auto rounded = static_cast<float>(value.number);
  if (!std::isfinite(rounded))
    return error(place, "number is too large for f32");
  if (rounded == 0 && value.number != 0)
    return error(place, "number is too small for f32 and would become 0");
  return makeVector(buildSplat(builder, context.getLoc(place), type, rounded),
                    {place, "this number"});
}

void importCell(const CellDecl &cell, ImportContext &context) {
  CellImporter(cell, context).run();
}

} // namespace edbc::frontend
