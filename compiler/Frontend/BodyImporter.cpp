//===- BodyImporter.cpp - checks and builds a body --------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/BodyImporter.h"

#include "compiler/Frontend/Frontend.h"
#include "dialects/Cell/Cell.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include <cmath>

using namespace mlir;

namespace edbc::frontend {

//===----------------------------------------------------------------------===//
// Elementwise operators and functions
//===----------------------------------------------------------------------===//

struct Function {
  StringLiteral name;
  unsigned arity;
  mlir::Value (*build)(OpBuilder &, Location, ValueRange);
  /// The same for numbers (the second one is 0 where there is only one); null
  /// where the result would depend on the C library.
  double (*fold)(double, double);
};

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
// Statements
//===----------------------------------------------------------------------===//

static Value makeVector(mlir::Value value, Origin origin,
                        Value::Kind kind = Value::Kind::Vector) {
  return {kind, {}, value, 0, std::move(origin)};
}

BodyImporter::BodyImporter(ImportContext &context, const Layer *inside,
                           const Record *result)
    : context(context), builder(context.builder), inside(inside),
      result(result) {
  if (!result)
    return;
  for (const auto &[name, member] : result->members)
    locals[name] = {Value::Kind::Unassigned, member.name.range, {}, 0, {}};
}

SmallVector<mlir::Value> BodyImporter::run(ArrayRef<Statement> body,
                                           const Name &owner) {
  for (const Statement &statement : body)
    importStatement(statement);
  SmallVector<mlir::Value> members;
  if (!result)
    return members;
  for (const auto &[name, member] : result->members) {
    const Value &value = locals[name];
    if (value.is(Value::Kind::Vector))
      members.push_back(value.value);
    if (!value.is(Value::Kind::Unassigned) || context.model.isIncomplete)
      continue;
    if (inside)
      error(owner.range, "layer '{0}' does not assign its result '{1}'",
            owner.text, name);
    else
      error(owner.range, "cell '{0}' does not assign field '{1}' of its result",
            owner.text, name);
    note(member.name.range, "the {0} is declared here", result->member);
  }
  return members;
}

void BodyImporter::importStatement(const Statement &statement) {
  const Expr &expr = *statement.value;
  SmallValues values;
  if (statement.names.size() > 1)
    values = importSeveral(expr, statement.names.size());
  else
    values.push_back(statement.isLet ? importExpr(expr) : importElement(expr));
  for (auto [name, value] : llvm::zip(statement.names, values))
    if (statement.isLet)
      define(name, std::move(value));
    else
      assign(name, std::move(value), expr.range);
}

void BodyImporter::assign(const Name &name, Value value, SourceRange place) {
  if (!result)
    return;
  const Tensor *member = context.findMember(*result, name);
  if (!member) {
    note(name.range, "other values are named with 'let {0} = ...'", name.text);
    return;
  }
  Value &local = locals[name.text];
  if (!local.is(Value::Kind::Unassigned)) {
    error(name.range, "{0} '{1}' is assigned twice", result->member, name.text);
    note(local.place, "the first time here");
    return;
  }
  local = {Value::Kind::Unknown, name.range, {}, 0, {}};
  if (!member->type)
    return;
  value = fill(std::move(value), member->type, place);
  if (!value.is(Value::Kind::Vector))
    return;
  if (value.getType() != member->type) {
    error(place, "{0} '{1}' has shape [{2}], but its value has shape [{3}]",
          result->member, name.text, member->type.getDimSize(0),
          value.getType().getDimSize(0));
    note(member->name.range, "the {0} is declared here", result->member);
    noteOrigin(value);
    return;
  }
  local.kind = Value::Kind::Vector;
  local.value = value.value;
  local.origin = {member->name.range,
                  (result->member + Twine(" '") + name.text + "'").str()};
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

void BodyImporter::define(const Name &name, Value value) {
  if (!context.checkIsFree(inside, name))
    return;
  value.place = name.range;
  auto [local, isFree] = locals.try_emplace(name.text, std::move(value));
  if (!isFree)
    context.reportDefined(name, local->second.place);
}

SmallVector<StringRef> BodyImporter::getParamNames() const {
  SmallVector<StringRef> names;
  if (inside)
    names = getNames(inside->scope.params);
  llvm::append_range(names, getNames(context.scope.params));
  return names;
}

const Param *BodyImporter::findMatrix(const Name &name) {
  const Value *local = findLocal(name.text);
  const Layer *layer = findLayer(name.text);
  const Param *param = findParam(name.text);
  if (local || layer) {
    error(name.range, "'{0}' is not a parameter", name.text);
    note(local ? local->place : layer->name.range, "it is defined here");
  } else if (!param) {
    context.reportUnknown("parameter", name, getParamNames());
  } else if (param->type && param->type.getRank() != 2) {
    error(name.range, "'{0}' is a vector; a matrix is needed here", name.text);
    note(param->name.range, "it is declared here");
  } else {
    return param->type ? param : nullptr;
  }
  return nullptr;
}

Value BodyImporter::importName(const Expr &expr) {
  StringRef name = expr.name.text;
  const Value *local = findLocal(name);
  if (!local)
    return importWeight(expr.name);
  switch (local->kind) {
  case Value::Kind::Unassigned:
    if (context.model.isIncomplete)
      return {};
    return error(expr.range, "{0} '{1}' is read before it is assigned",
                 result->member, name);
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

Value BodyImporter::importWeight(const Name &name) {
  if (findLayer(name.text))
    return error(name.range, "'{0}' is a layer; call it, as in '{0}(...)'",
                 name.text);
  const Param *param = findParam(name.text);
  if (!param) {
    SmallVector<StringRef> candidates = getNames(locals);
    llvm::append_range(candidates, getParamNames());
    context.reportUnknown("name", name, candidates);
    return {};
  }
  if (!param->type)
    return {};
  if (param->type.getRank() == 2)
    return error(name.range,
                 "'{0}' is a matrix; it can only stand left of '@' or be "
                 "looked up by a token",
                 name.text);
  return makeVector(
      cell::WeightOp::create(builder, context.getLoc(name.range), param->type,
                             param->symbol),
      {param->name.range, ("parameter '" + name.text + "'").str()});
}

Value BodyImporter::importField(const Expr &expr) {
  const Name &base = expr.base;
  const Value *node = findLocal(base.text);
  if (node && node->is(Value::Kind::Unknown))
    return {};
  if (!node && !findParam(base.text) && !findLayer(base.text)) {
    context.reportUnknown("name", base, getNames(locals));
    return {};
  }
  if (!node || !node->is(Value::Kind::Node))
    return error(base.range, "'{0}' is not a node; only nodes have fields",
                 base.text);
  StringRef stateName =
      cast<cell::RefType>(node->value.getType()).getState().getValue();
  const Tensor *field =
      context.findMember(context.states.find(stateName)->second, expr.name);
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

Value BodyImporter::importExpr(const Expr &expr) {
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

Value BodyImporter::importElement(const Expr &expr) {
  Value value = importExpr(expr);
  if (!value.is(Value::Kind::Concat))
    return value;
  error(expr.range, "a concatenation can only be the right operand of '@' in "
                    "this version");
  if (expr.kind == Expr::Kind::Name)
    note(value.origin.place, "'{0}' is this concatenation", expr.name.text);
  return {};
}

Value BodyImporter::importNumber(const Expr &expr) {
  Value value;
  if (expr.name.text.getAsDouble(value.number) || !std::isfinite(value.number))
    return error(expr.range, "number is too large");
  value.kind = Value::Kind::Number;
  return value;
}

Value BodyImporter::importLookup(const Expr &expr) {
  const Param *table = findMatrix(expr.name);
  const Expr &index = *expr.operands[0];
  const Value *token = nullptr;
  if (index.kind == Expr::Kind::Name) {
    token = findLocal(index.name.text);
    if (!token && !findParam(index.name.text) && !findLayer(index.name.text)) {
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
                             table->symbol, token->value),
      {table->name.range,
       ("the length of the rows of '" + expr.name.text + "'").str()});
}

Value BodyImporter::importProduct(const Expr &expr) {
  const Expr &left = *expr.operands[0], &right = *expr.operands[1];
  const Param *matrix = nullptr;
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
                                            type, matrix->symbol, vector.value),
                    {matrix->name.range,
                     ("the number of rows of '" + left.name.text + "'").str()});
}

Value BodyImporter::importConcat(const Expr &expr) {
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

Value BodyImporter::importCall(const Expr &expr) {
  const Name &name = expr.name;
  if (const Layer *layer = findLayer(name.text)) {
    SmallValues results = importLayerCall(expr, *layer);
    if (!layer->decl)
      return {};
    if (results.size() == 1)
      return results.front();
    return error(expr.range,
                 "'{0}' has {1} results; name them all, as in 'let a, b = "
                 "{0}(...)'",
                 name.text, results.size());
  }
  const Function *function = findFunction(functions, name.text);
  if (function && expr.operands.size() == function->arity)
    return importElementwise(expr, *function);
  if (function)
    reportArity(expr, function->arity);
  else
    reportUnknownFunction(name);
  for (const Expr *operand : expr.operands)
    importElement(*operand);
  return {};
}

void BodyImporter::reportUnknownFunction(const Name &name) {
  for (const UseDecl &use : context.model.uses) {
    const Name *outside = llvm::find_if(
        use.names, [&](const Name &other) { return other.text == name.text; });
    if (outside == use.names.end())
      continue;
    error(name.range,
          "a layer can't call '{0}', which is in use at the top level; give it "
          "one of its own",
          name.text);
    note(outside->range, "it is defined here");
    return;
  }
  auto decl = context.layerDecls.find(name.text);
  if (decl != context.layerDecls.end()) {
    error(name.range,
          "layer '{0}' has no weights yet; give it some with 'use NAME : {0}' "
          "and call NAME",
          name.text);
    note(decl->second->name.range, "the layer is declared here");
    return;
  }
  SmallVector<StringRef> candidates;
  for (const Function &function : functions)
    candidates.push_back(function.name);
  llvm::append_range(candidates, getNames(inside ? inside->scope.layers
                                                 : context.scope.layers));
  context.reportUnknown("function", name, candidates);
}

void BodyImporter::reportArity(const Expr &call, size_t arity) {
  error(call.name.range, "'{0}' takes {1} argument{2}, found {3}",
        call.name.text, arity, arity == 1 ? "" : "s", call.operands.size());
}

Value BodyImporter::importElementwise(const Expr &expr,
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

Value BodyImporter::fill(Value value, RankedTensorType type,
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

//===----------------------------------------------------------------------===//
// Calls of layers
//===----------------------------------------------------------------------===//

BodyImporter::SmallValues BodyImporter::importSeveral(const Expr &expr,
                                                      size_t count) {
  const Layer *layer =
      expr.kind == Expr::Kind::Call ? findLayer(expr.name.text) : nullptr;
  SmallValues values;
  if (layer) {
    values = importLayerCall(expr, *layer);
    if (values.size() == count)
      return values;
    if (!layer->decl)
      return SmallValues(count);
    error(expr.name.range, "'{0}' has {1} result{2}, found {3} names",
          expr.name.text, values.size(), values.size() == 1 ? "" : "s", count);
    note(layer->decl->name.range, "the layer is declared here");
  } else if (!importExpr(expr).is(Value::Kind::Unknown)) {
    error(expr.range, "only a layer has several results");
  }
  return SmallValues(count);
}

BodyImporter::SmallValues BodyImporter::importLayerCall(const Expr &expr,
                                                        const Layer &layer) {
  SmallValues arguments;
  for (const Expr *operand : expr.operands)
    arguments.push_back(importExpr(*operand));
  if (!layer.decl)
    return {};
  const LayerDecl &decl = *layer.decl;
  SmallValues results(decl.results.size());
  if (arguments.size() != decl.operands.size()) {
    reportArity(expr, decl.operands.size());
    note(decl.name.range, "the layer is declared here");
    return results;
  }
  if (!layer.body)
    return results;
  IRMapping mapping;
  bool fits = true;
  for (auto [i, value] : llvm::enumerate(arguments)) {
    fits &= passArgument(layer, i, value, expr.operands[i]->range);
    mapping.map(layer.body->getArgument(i), value.value);
  }
  bool hadRoom = context.numInlinedOps <= maxInlinedOps;
  context.numInlinedOps += layer.body->getOperations().size();
  if (context.numInlinedOps > maxInlinedOps) {
    if (hadRoom)
      error(expr.range,
            "with this call, layers expand to more than {0} "
            "operations",
            maxInlinedOps);
    return results;
  }
  if (!fits)
    return results;
  Location caller = context.getLoc(expr.range);
  for (Operation &op : *layer.body)
    builder.clone(op, mapping)->setLoc(CallSiteLoc::get(op.getLoc(), caller));
  for (auto [i, value] : llvm::enumerate(layer.results)) {
    const Name &name = decl.results[i].name;
    results[i] = makeVector(
        mapping.lookup(value),
        {name.range,
         ("result '" + name.text + "' of '" + expr.name.text + "'").str()});
  }
  return results;
}

bool BodyImporter::passArgument(const Layer &layer, unsigned index,
                                Value &value, SourceRange place) {
  const Name &operand = layer.decl->operands[index].name;
  BlockArgument inBody = layer.body->getArgument(index);
  auto type = cast<RankedTensorType>(inBody.getType());
  value = fill(std::move(value), type, place);
  if (value.is(Value::Kind::Unknown))
    return false;
  if (value.getType() != type) {
    error(place,
          "operand '{0}' of '{1}' has shape [{2}], but its argument has shape "
          "[{3}]",
          operand.text, layer.name.text, type.getDimSize(0),
          value.getType().getDimSize(0));
    note(operand.range, "the operand is declared here");
    std::string dims;
    for (const auto &[name, extent] : layer.dims)
      dims += llvm::formatv("{0}{1} = {2}", dims.empty() ? " with " : ", ",
                            name, *extent);
    note(layer.name.range, "'{0}' is in use here{1}", layer.name.text, dims);
    noteOrigin(value);
    return false;
  }
  if (!value.is(Value::Kind::Concat))
    return true;
  bool isOnlyMultiplied =
      llvm::all_of(inBody.getUsers(), llvm::IsaPred<cell::ProductOp>) &&
      !llvm::is_contained(layer.results, inBody);
  if (!isOnlyMultiplied) {
    error(place,
          "a concatenation can only be the right operand of '@' in this "
          "version, and '{0}' does more with operand '{1}'",
          layer.name.text, operand.text);
    note(operand.range, "the operand is declared here");
  }
  return isOnlyMultiplied;
}

} // namespace edbc::frontend
