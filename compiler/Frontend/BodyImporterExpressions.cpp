//===- BodyImporterExpressions.cpp - operators and brackets -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/BodyImporter.h"

#include "dialects/Cell/Cell.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>

using namespace mlir;

namespace edbc::frontend {

Value BodyImporter::importExpr(const Expr &expr) {
  switch (expr.kind) {
  case Expr::Kind::Number:
    return importNumber(expr);
  case Expr::Kind::Name:
    return importName(expr);
  case Expr::Kind::Negate:
    return importElementwise(expr, getNegation());
  case Expr::Kind::Binary:
    return expr.name.text == "@"
               ? importProduct(expr)
               : importElementwise(expr, *findOperator(expr.name.text));
  case Expr::Kind::Call:
    return importCall(expr);
  case Expr::Kind::Concat:
    return importConcat(expr);
  case Expr::Kind::Lookup:
    return importLookup(expr);
  case Expr::Kind::Slice:
    return importSlice(expr);
  case Expr::Kind::Field:
    return importField(expr);
  case Expr::Kind::Reduce:
    return importReduction(expr);
  }
  llvm_unreachable("covered switch");
}

Value BodyImporter::importElement(const Expr &expr) {
  Value value = importExpr(expr);
  if (!value.is(Value::Kind::Concat))
    return value;
  error(expr.range, "a concatenation can only be the right operand of '@' or "
                    "the value of a field");
  if (expr.kind == Expr::Kind::Name)
    noteOrigin(value);
  return {};
}

Value BodyImporter::importTensor(const Expr &expr, const Twine &what,
                                 unsigned rank) {
  Value value = importElement(expr);
  return checkIsTensor(value, what, rank, expr.range) ? value : Value();
}

/// What a value is, for messages.
static std::string describe(const Value &value) {
  if (value.is(Value::Kind::Number))
    return "a number";
  if (value.isFiller())
    return llvm::formatv("'{0}', which has no shape of its own",
                         value.is(Value::Kind::Columns) ? "columns" : "rows");
  RankedTensorType type = value.getType();
  return llvm::formatv("a {0} of shape {1}",
                       type.getRank() == 1 ? "vector" : "matrix",
                       formatShape(type));
}

bool BodyImporter::checkIsTensor(const Value &value, const Twine &what,
                                 unsigned rank, SourceRange place) {
  if (value.is(Value::Kind::Unknown))
    return false;
  if (value.isTensor() && (rank == 0 || value.getType().getRank() == rank))
    return true;
  error(place, "{0} must be a {1}, found {2}", what.str(),
        rank == 0   ? "vector or a matrix"
        : rank == 1 ? "vector"
                    : "matrix",
        describe(value));
  if (value.isTensor())
    noteOrigin(value);
  return false;
}

Value BodyImporter::importNumber(const Expr &expr) {
  Value value;
  StringRef text = expr.name.text;
  if (text.getAsDouble(value.number) || !std::isfinite(value.number))
    return error(expr.range, "number is too large");
  StringRef digits =
      text.take_until([](char c) { return c == 'e' || c == 'E'; });
  if (value.number == 0 && digits.find_first_of("123456789") != StringRef::npos)
    return error(expr.range, "number is too small and would become 0");
  value.kind = Value::Kind::Number;
  return value;
}

//===----------------------------------------------------------------------===//
// Brackets
//===----------------------------------------------------------------------===//

Value BodyImporter::importLookup(const Expr &expr) {
  const Param *table = findTable(expr.name);
  const Expr &index = *expr.operands[0];
  const Value *token =
      findToken(index, "what is looked up must be an operand of type token[N]");
  if (!table || !token)
    return {};
  int64_t entries = table->type.getDimSize(0);
  int64_t bound = cast<cell::TokenType>(token->value.getType()).getBound();
  bool hasRows = table->type.getRank() == 2;
  if (bound > entries) {
    error(index.range, "'{0}' is a token below {1}, but '{2}' has only {3} {4}",
          index.name.text, bound, expr.name.text, entries,
          hasRows ? "rows" : "matrices");
    note(token->place, "the token is declared here");
    note(table->name.range, "the table is declared here");
    return {};
  }
  auto type = RankedTensorType::get(table->type.getShape().drop_front(),
                                    builder.getF32Type());
  if (!context.checkSize(type, expr.range))
    return {};
  return makeTensor(cell::LookupOp::create(builder, context.getLoc(expr.range),
                                           type, table->symbol, token->value),
                    {table->name.range,
                     llvm::formatv("the {0} of '{1}'",
                                   hasRows ? "length of the rows" : "matrices",
                                   expr.name.text)});
}

Value BodyImporter::importSlice(const Expr &expr) {
  Value vector = importTensor(*expr.operands[0], "what is sliced", 1);
  std::optional<int64_t> begin =
      context.dims.evaluatePosition(*expr.operands[1], &scope.dims);
  std::optional<int64_t> end =
      context.dims.evaluatePosition(*expr.operands[2], &scope.dims);
  if (vector.is(Value::Kind::Unknown) || !begin || !end)
    return {};
  SourceRange bounds(expr.operands[1]->range.begin,
                     expr.operands[2]->range.end);
  if (*begin < 0 || *end > vector.getType().getDimSize(0)) {
    error(bounds, "slice [{0} : {1}] isn't inside a vector of shape {2}",
          *begin, *end, formatShape(vector.getType()));
    noteOrigin(vector);
    return {};
  }
  if (*begin >= *end)
    return error(bounds, "slice [{0} : {1}] is empty", *begin, *end);
  OpFoldResult offset = builder.getIndexAttr(*begin);
  OpFoldResult size = builder.getIndexAttr(*end - *begin);
  OpFoldResult stride = builder.getIndexAttr(1);
  return makeTensor(tensor::ExtractSliceOp::create(
                        builder, context.getLoc(expr.range), vector.value,
                        ArrayRef(offset), ArrayRef(size), ArrayRef(stride)),
                    {expr.range, "this slice"});
}

Value BodyImporter::importConcat(const Expr &expr) {
  SmallVector<Value> parts;
  for (const Expr *operand : expr.operands)
    parts.push_back(importTensor(*operand, "a part of a concatenation", 0));
  SmallVector<mlir::Value> values;
  SmallVector<int64_t, 2> shape;
  for (auto [part, operand] : llvm::zip(parts, expr.operands)) {
    if (part.is(Value::Kind::Unknown))
      return {};
    ArrayRef<int64_t> own = part.getType().getShape();
    if (!values.empty() && own.drop_front() != ArrayRef(shape).drop_front()) {
      error(operand->range,
            "parts of shapes {0} and {1} can't be concatenated: they must be "
            "vectors, or matrices with as many columns",
            formatShape(parts.front().getType()), formatShape(part.getType()));
      noteOrigin(parts.front());
      noteOrigin(part);
      return {};
    }
    if (values.empty())
      shape.assign(own.begin(), own.end());
    else
      shape.front() += own.front();
    values.push_back(part.value);
  }
  if (shape.front() > cell::maxDim)
    return error(expr.range,
                 "the concatenation has length {0}; the most is {1}",
                 shape.front(), cell::maxDim);
  if (!context.checkSize(RankedTensorType::get(shape, builder.getF32Type()),
                         expr.range))
    return {};
  return makeTensor(tensor::ConcatOp::create(
                        builder, context.getLoc(expr.range), /*dim=*/0, values),
                    {expr.range, "this concatenation"});
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

Value BodyImporter::importProduct(const Expr &expr) {
  const Expr &left = *expr.operands[0], &right = *expr.operands[1];
  StringRef name = left.kind == Expr::Kind::Name ? left.name.text : "";
  const Param *param =
      findLocal(name) || findLayer(name) ? nullptr : findParam(name);
  if (param && param->type && param->type.getRank() != 2)
    param = nullptr;
  RankedTensorType type;
  Origin origin;
  Value matrix;
  if (param) {
    type = param->type;
    origin = {param->name.range, ("parameter '" + name + "'").str()};
  } else {
    matrix = importTensor(left, "the left operand of '@'", 2);
    if (matrix.isTensor())
      type = matrix.getType();
    origin = matrix.origin;
  }
  Value operand = importExpr(right);
  if (!param && operand.is(Value::Kind::Concat)) {
    error(right.range, "only a parameter can multiply a concatenation");
    if (right.kind == Expr::Kind::Name)
      noteOrigin(operand);
    return {};
  }
  if (!checkIsTensor(operand, "the right operand of '@'", 0, right.range) ||
      !type)
    return {};
  SmallVector<int64_t, 2> shape(operand.getType().getShape());
  bool isVector = shape.size() == 1;
  if (shape.front() != type.getDimSize(1)) {
    error(expr.range, "a matrix of shape {0} can't multiply a {1} of shape {2}",
          formatShape(type), isVector ? "vector" : "matrix",
          formatShape(operand.getType()));
    noteOrigin(type, origin);
    noteOrigin(operand);
    return {};
  }
  shape.front() = type.getDimSize(0);
  auto resultType = RankedTensorType::get(shape, builder.getF32Type());
  if (!context.checkSize(resultType, expr.range))
    return {};
  Location loc = context.getLoc(expr.range);
  mlir::Value product =
      param ? cell::ProductOp::create(builder, loc, resultType, param->symbol,
                                      operand.value)
                  .getResult()
            : cell::MultiplyOp::create(builder, loc, resultType, matrix.value,
                                       operand.value);
  return makeTensor(
      product,
      isVector ? Origin{origin.place, "the number of rows of " + origin.words}
               : Origin{expr.range, "this product"});
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
  auto shaped = find(Value::Kind::Tensor);
  if (shaped == operands.end()) {
    for (auto [operand, operandExpr] : llvm::zip(operands, expr.operands))
      if (!operand.is(Value::Kind::Number))
        return error(operandExpr->range,
                     "found {0}; it can only stand beside a matrix, or be a "
                     "value by itself",
                     describe(operand));
    if (!function.fold)
      return error(expr.operands[0]->range,
                   "'{0}' takes a vector or a matrix, found a number",
                   function.name);
    Value folded;
    folded.kind = Value::Kind::Number;
    folded.number = function.fold(operands.front().number,
                                  operands.size() == 2 ? last.number : 0);
    if (!std::isfinite(folded.number))
      return error(expr.range, "the result is not a finite number");
    return folded;
  }
  SmallVector<mlir::Value, 2> tensors;
  for (auto [operand, operandExpr] : llvm::zip(operands, expr.operands)) {
    operand = fill(std::move(operand), shaped->getType(), shaped->origin,
                   operandExpr->range);
    if (operand.is(Value::Kind::Unknown))
      return {};
    tensors.push_back(operand.value);
    if (operand.getType() == shaped->getType())
      continue;
    bool sameRank = operand.getType().getRank() == shaped->getType().getRank();
    error(expr.range, "operands of '{0}' have different shapes, {1} and {2}{3}",
          function.name, formatShape(shaped->getType()),
          formatShape(operand.getType()),
          sameRank ? ""
                   : "; a vector v fills a matrix as 'columns(v)' or "
                     "'rows(v)'");
    noteOrigin(*shaped);
    noteOrigin(operand);
    return {};
  }
  return makeTensor(
      function.build(builder, context.getLoc(expr.range), tensors),
      shaped->origin);
}

Value BodyImporter::fill(Value value, RankedTensorType type,
                         const Origin &origin, SourceRange place) {
  if (!value.isFiller())
    return value;
  if (value.is(Value::Kind::Number)) {
    auto rounded = static_cast<float>(value.number);
    if (!std::isfinite(rounded))
      return error(place, "number is too large for f32");
    if (rounded == 0 && value.number != 0)
      return error(place, "number is too small for f32 and would become 0");
    return makeTensor(buildSplat(builder, context.getLoc(place), type, rounded),
                      {place, "this number"});
  }
  bool areColumns = value.is(Value::Kind::Columns);
  if (type.getRank() != 2) {
    error(place, "'{0}' fills a matrix, but what it stands for has shape {1}",
          areColumns ? "columns" : "rows", formatShape(type));
    noteOrigin(type, origin);
    return {};
  }
  if (value.getType().getDimSize(0) != type.getDimSize(areColumns ? 0 : 1)) {
    error(place,
          "a vector of shape {0} can't fill the {1} of a matrix of shape "
          "{2}",
          formatShape(value.getType()), areColumns ? "columns" : "rows",
          formatShape(type));
    noteOrigin(value);
    noteOrigin(type, origin);
    return {};
  }
  return makeTensor(
      cell::BroadcastOp::create(
          builder, context.getLoc(place), type, value.value,
          areColumns ? cell::Direction::Columns : cell::Direction::Rows),
      origin);
}

} // namespace edbc::frontend
