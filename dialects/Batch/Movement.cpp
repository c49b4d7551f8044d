//===- Movement.cpp - between memory and a batch's rows ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "dialects/Batch/Rows.h"

#include "dialects/Definition.h"

using namespace mlir;
using namespace edbc::batch;

/// The number of the kernel's operand that a column is, or nothing.
static std::optional<int64_t> operandNumber(Value column) {
  if (auto argument = dyn_cast<BlockArgument>(column))
    return argument.getArgNumber();
  return std::nullopt;
}

FlatSymbolRefAttr GatherOp::getState() {
  if (auto rows = dyn_cast<RowsType>(getRows().getType()))
    return rows.getState();
  return cast<RaggedType>(getRows().getType()).getState();
}

LogicalResult GatherOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyColumn(*this, getRows())))
    return failure();
  std::optional<int64_t> elements;
  if (isa<RaggedType>(getRows().getType()))
    elements = operandNumber(getRows());
  if (elementsOf(getResult().getType()) != elements)
    return emitOpError() << "of " << getRows().getType() << " has rows of "
                         << getResult().getType();
  std::optional<Shape> shape =
      findFieldShape(*this, tables, getState(), getField());
  return success(shape && succeeded(verifyShape(*this, getResult().getType(),
                                                *shape, "the field")));
}

LogicalResult LookupOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyColumn(*this, getTokens())))
    return failure();
  auto param =
      edbc::lookupSymbol<ParamOp>(*this, tables, getTableAttr(), "parameter");
  if (!param)
    return failure();
  RankedTensorType table = param.getTensorType();
  if (table.getRank() < 2)
    return emitOpError() << "needs a table to look up in, but "
                         << getTableAttr() << " is " << table;
  if (getTokens().getType().getBound() > table.getDimSize(0))
    return emitOpError() << "looks up tokens below "
                         << getTokens().getType().getBound() << " in "
                         << getTableAttr() << ", which has "
                         << table.getDimSize(0) << " entries";
  if (elementsOf(getResult().getType()))
    return emitOpError("has a token for each node, not for each element");
  return verifyShape(*this, getResult().getType(),
                     table.getRank() == 2
                         ? Shape(param.getColumns(), 1)
                         : Shape(param.getRows(), param.getColumns()),
                     "the table");
}

LogicalResult RecallOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyColumn(*this, getTokens())))
    return failure();
  if (elementsOf(getResult().getType()))
    return emitOpError("has a token for each node, not for each element");
  std::optional<Shape> shape =
      findFieldShape(*this, tables, getTableAttr(), getField());
  return success(shape && succeeded(verifyShape(*this, getResult().getType(),
                                                *shape, "the field")));
}

LogicalResult InputOp::verify() {
  if (failed(verifyColumn(*this, getValues())))
    return failure();
  if (elementsOf(getResult().getType()))
    return emitOpError("has values for each node, not for each element");
  return verifyShape(*this, getResult().getType(),
                     {getValues().getType().getWidth(), 1}, "the operand");
}

LogicalResult BroadcastOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto param =
      edbc::lookupSymbol<ParamOp>(*this, tables, getParamAttr(), "parameter");
  if (!param)
    return failure();
  int64_t rank = param.getTensorType().getRank();
  if (rank > 2)
    return emitOpError() << "needs a vector or a matrix, but " << getParamAttr()
                         << " is " << param.getType();
  return verifyShape(*this, getResult().getType(),
                     rank == 1 ? Shape(param.getColumns(), 1)
                               : Shape(param.getRows(), param.getColumns()),
                     "the parameter");
}

LogicalResult SliceOp::verify() {
  Type source = getSource().getType(), result = getResult().getType();
  int64_t end = static_cast<int64_t>(getOffset()) + widthOf(result);
  if (columnsOf(source) != 1 || columnsOf(result) != 1)
    return emitOpError() << "must be of vectors, found " << source;
  if (static_cast<int64_t>(getOffset()) < 0 || end > widthOf(source))
    return emitOpError() << "takes [" << getOffset() << ", " << end
                         << ") of rows of " << widthOf(source);
  return verifySameRows(*this, source, result);
}

LogicalResult RepeatOp::verify() {
  Type source = getSource().getType(), result = getResult().getType();
  if (elementsOf(source) || !elementsOf(result))
    return emitOpError() << "leads from the rows of nodes to those of "
                            "elements, found "
                         << source << " and " << result;
  return verifyShape(*this, result, shapeOf(source), "the source");
}

LogicalResult SpreadOp::verify() {
  Type source = getSource().getType(), result = getResult().getType();
  bool fits = false;
  switch (getDirection()) {
  case Direction::Columns:
    fits = columnsOf(source) == 1 && widthOf(source) == widthOf(result);
    break;
  case Direction::Rows:
    fits = columnsOf(source) == 1 && widthOf(source) == columnsOf(result);
    break;
  case Direction::Elements:
    fits = shapeOf(source) == Shape(1, 1) && columnsOf(result) == 1;
    break;
  }
  if (!fits)
    return emitOpError() << "can't fill " << result << " along "
                         << stringifyDirection(getDirection()) << " with "
                         << source;
  return verifySameRows(*this, source, result);
}

LogicalResult ScatterOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto kernel = (*this)->getParentOfType<KernelOp>();
  if (!kernel)
    return emitOpError("must be in a batch.kernel");
  Type type = getValue().getType();
  if (elementsOf(type))
    return emitOpError("must store rows of nodes, not of elements");
  std::optional<Shape> shape =
      findFieldShape(*this, tables, kernel.getStateAttr(), getField());
  if (!shape)
    return failure();
  int64_t offset = static_cast<int64_t>(getOffset());
  bool isPart = columnsOf(type) == shape->second && offset >= 0 &&
                offset + widthOf(type) <= shape->first;
  if (isPart)
    return success();
  if (offset)
    return emitOpError() << "stores rows of " << describe(shapeOf(type))
                         << " from " << offset << " on in a field of "
                         << describe(*shape);
  return verifyShape(*this, type, *shape, "the field");
}
