//===- Declarations.cpp - what stands beside the kernels --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "dialects/Batch/Rows.h"

#include "dialects/Definition.h"

#include "llvm/ADT/StringSet.h"

#include <limits>

using namespace mlir;
using namespace edbc::batch;

LogicalResult ParamOp::verify() {
  auto tensor = dyn_cast<RankedTensorType>(getType());
  if (!tensor || !tensor.getElementType().isF32() || !tensor.hasStaticShape() ||
      tensor.getRank() < 1 || tensor.getRank() > 3 ||
      llvm::is_contained(tensor.getShape(), 0))
    return emitOpError() << "must be an f32 tensor of static shape and rank 1 "
                            "to 3, found "
                         << getType();
  return success();
}

std::optional<unsigned> StateOp::findField(StringRef name) {
  return edbc::findFieldName(getFieldNames(), name);
}

LogicalResult StateOp::verify() {
  if (getFieldNames().empty() || getFieldNames().size() != getWidths().size() ||
      getFieldNames().size() != getColumns().size())
    return emitOpError("must have at least one field, and a width and columns "
                       "for each");
  llvm::StringSet<> seen;
  for (auto [name, width, columns] :
       llvm::zip(getFieldNames(), getWidths(), getColumns())) {
    StringRef field = cast<StringAttr>(name).getValue();
    if (!seen.insert(field).second)
      return emitOpError() << "has two fields named '" << field << "'";
    if (width < 1)
      return emitOpError() << "field '" << field << "' has width " << width;
    if (columns < 1)
      return emitOpError() << "field '" << field << "' has " << columns
                           << " columns";
    if (std::max(width, columns) > std::numeric_limits<int32_t>::max() / lanes)
      return emitOpError() << "field '" << field << "' is too large";
  }
  if (getTableRows() && (*getTableRows() < 1 ||
                         *getTableRows() > std::numeric_limits<int32_t>::max()))
    return emitOpError() << "has a table of "
                         << static_cast<int64_t>(*getTableRows()) << " rows";
  if (!getLayout())
    return success();
  ArrayRef<int64_t> offsets = getLayout()->getOffsets();
  if (offsets.size() != getNumFields())
    return emitOpError() << "has " << getNumFields() << " fields and a layout "
                         << "for " << offsets.size();
  for (auto [i, offset] : llvm::enumerate(offsets)) {
    int64_t end = offset + getFieldSize(i);
    if (end > getLayout()->getStride())
      return emitOpError() << "field " << getFieldNames()[i]
                           << " ends beyond the row's stride";
    for (auto [j, other] : llvm::enumerate(offsets))
      if (j != i && other >= offset && other < end)
        return emitOpError() << "fields " << getFieldNames()[i] << " and "
                             << getFieldNames()[j] << " overlap";
  }
  return success();
}

LogicalResult OutputOp::verifySymbolUses(SymbolTableCollection &tables) {
  return success(
      findFieldShape(*this, tables, getStateAttr(), getField()).has_value());
}

int64_t PackOp::getPanelSize() {
  int64_t size = 0;
  for (Attribute attr : getSegments()) {
    auto segment = cast<SegmentAttr>(attr);
    size += segment.getDepth() * segment.getTerms().size() * getPanel();
  }
  return size;
}

LogicalResult PackOp::verify() {
  if (static_cast<int64_t>(getPanel()) < lanes || getPanel() % lanes)
    return emitOpError() << "panel must be a positive multiple of " << lanes
                         << ", found " << getPanel();
  if (static_cast<int64_t>(getRows()) < 1)
    return emitOpError("must have at least one row");
  for (Attribute attr : getSegments()) {
    auto segment = cast<SegmentAttr>(attr);
    if (segment.getDepth() < 1 || segment.getTerms().empty() ||
        segment.getTerms().size() != segment.getAccumulators().size())
      return emitOpError() << "segment must have a depth, at least one term, "
                              "and an accumulator for each: "
                           << attr;
  }
  return success();
}

LogicalResult PackOp::verifySymbolUses(SymbolTableCollection &tables) {
  for (Attribute attr : getSegments()) {
    auto segment = cast<SegmentAttr>(attr);
    for (TermAttr term : segment.getTerms()) {
      auto param = edbc::lookupSymbol<ParamOp>(*this, tables, term.getParam(),
                                               "parameter");
      if (!param)
        return failure();
      if (param.getTensorType().getRank() != 2 ||
          param.getRows() != static_cast<int64_t>(getRows()) ||
          term.getColumn() < 0 ||
          term.getColumn() + segment.getDepth() > param.getColumns())
        return emitOpError()
               << "takes " << getRows() << " rows and columns ["
               << term.getColumn() << ", "
               << term.getColumn() + segment.getDepth() << ") of "
               << term.getParam() << ", which is " << param.getType();
    }
  }
  return success();
}

LogicalResult PolicyOp::verify() {
  if (getKind() != PolicyKind::Fsm && !getTransitions().empty())
    return emitOpError() << "of kind '" << stringifyPolicyKind(getKind())
                         << "' has transitions, which only a machine can have";
  llvm::SmallDenseSet<Attribute> seen;
  for (Attribute attr : getTransitions()) {
    auto transition = cast<TransitionAttr>(attr);
    ArrayRef<FlatSymbolRefAttr> frontier = transition.getFrontier();
    if (!llvm::is_contained(frontier, transition.getAction()))
      return emitOpError() << "has a transition whose action is not in its "
                              "frontier: "
                           << attr;
    llvm::SmallDenseSet<Attribute> kernels(frontier.begin(), frontier.end());
    if (kernels.size() != frontier.size() &&
        getEncoding() != Encoding::Critical)
      return emitOpError() << "has a transition that names a kernel twice: "
                           << attr;
    SmallVector<Attribute> state(frontier.begin(), frontier.end());
    if (!seen.insert(ArrayAttr::get(getContext(), state)).second)
      return emitOpError() << "has two transitions for one frontier: " << attr;
  }
  return success();
}

LogicalResult PolicyOp::verifySymbolUses(SymbolTableCollection &tables) {
  for (Attribute attr : getTransitions())
    for (FlatSymbolRefAttr kernel : cast<TransitionAttr>(attr).getFrontier())
      if (!edbc::lookupSymbol<KernelOp>(*this, tables, kernel, "kernel"))
        return failure();
  return success();
}
