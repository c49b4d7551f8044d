//===- Arithmetic.cpp - arithmetic on a batch's rows ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "dialects/Batch/Rows.h"

#include "dialects/Definition.h"

using namespace mlir;
using namespace edbc::batch;

LogicalResult ProductOp::verify() {
  if (getVectors().empty() || getVectors().size() != getTerms().size())
    return emitOpError() << "has " << getVectors().size() << " vectors and "
                         << getTerms().size() << " terms";
  if (getInitial() && getInitial().getType() != getResult().getType())
    return emitOpError() << "begins with " << getInitial().getType()
                         << " and yields " << getResult().getType();
  for (Value vector : getVectors()) {
    if (columnsOf(vector.getType()) != columnsOf(getResult().getType()))
      return emitOpError() << "leads from " << vector.getType() << " to "
                           << getResult().getType();
    if (failed(verifySameRows(*this, vector.getType(), getResult().getType())))
      return failure();
  }
  return success();
}

void Factors::take(ProductOp product,
                   llvm::function_ref<bool(Value)> isWanted) {
  for (auto [vector, term] :
       llvm::zip(product.getVectors(), product.getTerms()))
    if (isWanted(vector)) {
      vectors.push_back(vector);
      terms.push_back(term);
    }
}

ProductOp Factors::create(OpBuilder &builder, Location loc, Type type,
                          Value initial) const {
  return ProductOp::create(builder, loc, type, vectors, initial,
                           builder.getArrayAttr(terms));
}

void Factors::assignTo(ProductOp product) const {
  product.getVectorsMutable().assign(vectors);
  product.setTermsAttr(ArrayAttr::get(product.getContext(), terms));
}

LogicalResult ProductOp::verifySymbolUses(SymbolTableCollection &tables) {
  for (auto [vector, attr] : llvm::zip(getVectors(), getTerms())) {
    auto term = cast<TermAttr>(attr);
    auto param = edbc::lookupSymbol<ParamOp>(*this, tables, term.getParam(),
                                             "parameter");
    if (!param)
      return failure();
    int64_t depth = widthOf(vector.getType());
    if (param.getTensorType().getRank() != 2 || term.getColumn() < 0 ||
        term.getColumn() + depth > param.getColumns())
      return emitOpError() << "multiplies a vector of " << depth
                           << " by the columns from " << term.getColumn()
                           << " on of " << term.getParam() << ", which is "
                           << param.getType();
    if (widthOf(getResult().getType()) != param.getRows())
      return emitOpError() << "has rows of " << widthOf(getResult().getType())
                           << ", but the parameter has " << param.getRows();
  }
  return success();
}

LogicalResult MultiplyOp::verify() {
  Type matrix = getMatrix().getType(), operand = getOperand().getType();
  Type result = getResult().getType();
  if (columnsOf(matrix) != widthOf(operand) ||
      widthOf(matrix) != widthOf(result) ||
      columnsOf(operand) != columnsOf(result))
    return emitOpError() << "can't lead from " << matrix << " and " << operand
                         << " to " << result;
  return success(succeeded(verifySameRows(*this, matrix, result)) &&
                 succeeded(verifySameRows(*this, operand, result)));
}

LogicalResult ReduceOp::verify() {
  Type elements = getElements().getType(), result = getResult().getType();
  if (!elementsOf(elements) || elementsOf(result))
    return emitOpError() << "leads from the rows of elements to those of "
                            "nodes, found "
                         << elements << " and " << result;
  return verifyShape(*this, result, shapeOf(elements), "the source");
}

/// Of an operation that computes one number from each row.
static LogicalResult verifyNumber(Operation *op, Type source) {
  if (columnsOf(source) != 1)
    return op->emitOpError() << "needs vectors, found " << source;
  Type result = op->getResult(0).getType();
  return success(succeeded(verifyShape(op, result, {1, 1}, "a number")) &&
                 succeeded(verifySameRows(op, source, result)));
}

LogicalResult LargestOp::verify() {
  return verifyNumber(*this, getSource().getType());
}

LogicalResult LogSumExpOp::verify() {
  return verifyNumber(*this, getSource().getType());
}

LogicalResult ArgmaxOp::verify() {
  return verifyNumber(*this, getSource().getType());
}

LogicalResult PickOp::verify() {
  if (failed(verifyColumn(*this, getTokens())))
    return failure();
  if (getTokens().getType().getBound() > widthOf(getSource().getType()))
    return emitOpError() << "picks tokens below "
                         << getTokens().getType().getBound() << " of rows of "
                         << widthOf(getSource().getType());
  return verifyNumber(*this, getSource().getType());
}
