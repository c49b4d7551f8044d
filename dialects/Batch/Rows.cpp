//===- Rows.cpp - rows of values, and where they lie ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "dialects/Batch/Rows.h"

#include "dialects/Definition.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace edbc::batch;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

bool edbc::batch::isBatchTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getElementType().isF32() &&
         (tensor.getRank() == 2 || tensor.getRank() == 3) &&
         tensor.isDynamicDim(0) &&
         llvm::all_of(tensor.getShape().drop_front(),
                      [](int64_t size) { return size >= 1; }) &&
         (!tensor.getEncoding() || isa<EachAttr>(tensor.getEncoding()));
}

int64_t edbc::batch::widthOf(Type batchTensor) {
  return cast<RankedTensorType>(batchTensor).getDimSize(1);
}

int64_t edbc::batch::columnsOf(Type batchTensor) {
  auto type = cast<RankedTensorType>(batchTensor);
  return type.getRank() == 3 ? type.getDimSize(2) : 1;
}

std::optional<int64_t> edbc::batch::elementsOf(Type batchTensor) {
  Attribute encoding = cast<RankedTensorType>(batchTensor).getEncoding();
  if (auto each = dyn_cast_if_present<EachAttr>(encoding))
    return each.getOperand();
  return std::nullopt;
}

BindingKind edbc::batch::constantKind(Type batchTensor) {
  return cast<RankedTensorType>(batchTensor).getRank() == 3
             ? BindingKind::Columns
             : BindingKind::Constant;
}

RankedTensorType edbc::batch::withElements(Type batchTensor,
                                           std::optional<int64_t> operand) {
  auto type = cast<RankedTensorType>(batchTensor);
  Attribute encoding;
  if (operand)
    encoding = EachAttr::get(type.getContext(), *operand);
  return RankedTensorType::get(type.getShape(), type.getElementType(),
                               encoding);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

bool edbc::batch::readsMemory(Operation *op) {
  return isa_and_nonnull<GatherOp, LookupOp, RecallOp, InputOp, BroadcastOp>(
      op);
}

bool edbc::batch::isView(Operation *op) {
  if (auto spread = dyn_cast_if_present<SpreadOp>(op))
    return spread.getDirection() == Direction::Columns;
  return isa_and_nonnull<SliceOp, RepeatOp>(op);
}

bool edbc::batch::readsWholeRows(Operation *op) {
  return isa_and_nonnull<ProductOp, MultiplyOp, ReduceOp, LargestOp,
                         LogSumExpOp, ArgmaxOp, PickOp, SpreadOp>(op) &&
         !isView(op);
}

bool edbc::batch::isInMemory(Value value) {
  Operation *op = value.getDefiningOp();
  while (isView(op))
    op = op->getOperand(0).getDefiningOp();
  return readsMemory(op) || isa_and_nonnull<PhaseOp>(op);
}

//===----------------------------------------------------------------------===//
// What verifiers share
//===----------------------------------------------------------------------===//

Shape edbc::batch::shapeOf(Type batchTensor) {
  return {widthOf(batchTensor), columnsOf(batchTensor)};
}

std::optional<Shape> edbc::batch::findFieldShape(Operation *user,
                                                 SymbolTableCollection &tables,
                                                 FlatSymbolRefAttr state,
                                                 StringRef field) {
  auto found = edbc::lookupField<StateOp>(user, tables, state, field);
  if (!found)
    return std::nullopt;
  auto [op, index] = *found;
  return Shape(op.getWidths()[index], op.getColumns()[index]);
}

std::string edbc::batch::describe(Shape shape) {
  return shape.second == 1
             ? std::to_string(shape.first)
             : llvm::formatv("{0} by {1}", shape.first, shape.second).str();
}

LogicalResult edbc::batch::verifyShape(Operation *op, Type type, Shape expected,
                                       const Twine &source) {
  if (shapeOf(type) != expected)
    return op->emitOpError()
           << "has rows of " << describe(shapeOf(type)) << ", but " << source
           << " has " << describe(expected);
  return success();
}

LogicalResult edbc::batch::verifySameRows(Operation *op, Type a, Type b) {
  if (elementsOf(a) != elementsOf(b))
    return op->emitOpError()
           << "leads from rows of " << a << " to those of " << b;
  return success();
}

LogicalResult edbc::batch::verifyColumn(Operation *op, Value column) {
  if (isa<BlockArgument>(column))
    return success();
  return op->emitOpError("must read an operand of its kernel");
}
