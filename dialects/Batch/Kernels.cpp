//===- Kernels.cpp - kernels and their phases -------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "dialects/Batch/Rows.h"

#include "dialects/Definition.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace edbc::batch;

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  if (edbc::parseDefinition<KernelOp>(parser, result))
    return failure();
  ensureTerminator(*result.regions.front(), parser.getBuilder(),
                   result.location);
  return success();
}

void KernelOp::print(OpAsmPrinter &printer) {
  edbc::printDefinition(*this, printer, /*printTerminator=*/false);
}

void KernelOp::getAsmBlockArgumentNames(Region &, OpAsmSetValueNameFn setName) {
  edbc::nameOperands(*this, setName);
}

/// Checks the operands of a kernel that fills rows of a table or names them.
static LogicalResult verifyTable(KernelOp kernel) {
  Block::BlockArgListType operands = kernel.getBodyBlock().getArguments();
  if (kernel.getTable() && static_cast<int64_t>(*kernel.getTable()) < 1)
    return kernel.emitOpError("of a table must have at least one row");
  if (operands.empty() && kernel.getFirstRow()) {
    if (kernel.getTable() && *kernel.getTable() != 1)
      return kernel.emitOpError("without operands gives one row of a table");
  } else if (operands.size() != 1 || !isa<TokensType>(operands[0].getType())) {
    return kernel.emitOpError("of a table must have one operand, a token");
  } else if (kernel.getTable() && kernel.getFirstRow() &&
             *kernel.getTable() !=
                 static_cast<uint64_t>(
                     cast<TokensType>(operands[0].getType()).getBound())) {
    return kernel.emitOpError() << "gives " << *kernel.getTable()
                                << " rows of a table for other tokens";
  }
  if (kernel.isLookedUp() &&
      !kernel.getBodyBlock().without_terminator().empty())
    return kernel.emitOpError("is looked up and must be empty");
  return success();
}

LogicalResult KernelOp::verify() {
  if (failed(edbc::verifyOperandNames(*this)))
    return failure();
  if ((getTable() || getFirstRow()) && failed(verifyTable(*this)))
    return failure();
  for (BlockArgument argument : getBodyBlock().getArguments())
    if (!isa<RowsType, RaggedType, TokensType, ValuesType>(argument.getType()))
      return emitOpError() << "operand must be a column of rows, tokens or "
                              "values, found "
                           << argument.getType();
  if (getElementWorkspaces() &&
      getElementWorkspaces()->size() != getBodyBlock().getNumArguments())
    return emitOpError() << "has " << getBodyBlock().getNumArguments()
                         << " operands and workspaces for the elements of "
                         << getElementWorkspaces()->size();
  return success();
}

LogicalResult KernelOp::verifyRegions() {
  if (!getBody().getOps<PhaseOp>().empty())
    for (Operation &op : getBodyBlock().without_terminator())
      if (!isa<PhaseOp>(op))
        return op.emitOpError("must be in a phase, as the kernel has phases");
  return success();
}

RowLayoutAttr KernelOp::getWorkspaceOf(std::optional<int64_t> operand) {
  if (!operand)
    return getWorkspaceAttr();
  std::optional<ArrayAttr> layouts = getElementWorkspaces();
  if (!layouts || *operand < 0 ||
      *operand >= static_cast<int64_t>(layouts->size()))
    return {};
  return cast<RowLayoutAttr>((*layouts)[*operand]);
}

/// Whether a binding names something that the kernel or its module has, of the
/// kind that it says.
static bool isSound(BindingAttr binding, KernelOp kernel,
                    SymbolTableCollection &tables) {
  auto operandIs = [&](auto type) {
    Block &body = kernel.getBodyBlock();
    int64_t index = binding.getIndex();
    return index >= 0 && index < body.getNumArguments() &&
           !binding.getSymbol() &&
           isa<decltype(type)>(body.getArgument(index).getType());
  };
  auto symbol = [&]() -> Operation * {
    if (!binding.getSymbol() || binding.getIndex() != -1)
      return nullptr;
    return tables.lookupNearestSymbolFrom(kernel, binding.getSymbol());
  };
  switch (binding.getKind()) {
  case BindingKind::Items:
  case BindingKind::ResultRows:
    return binding.getIndex() == -1 && !binding.getSymbol();
  case BindingKind::Workspace:
    return binding.getIndex() == -1 && !binding.getSymbol() &&
           kernel.getWorkspace();
  case BindingKind::OperandRows:
    return operandIs(RowsType());
  case BindingKind::ElementRows:
  case BindingKind::ElementOwners:
  case BindingKind::ElementBegins:
    return operandIs(RaggedType());
  case BindingKind::ElementWorkspace:
    return operandIs(RaggedType()) && kernel.getElementWorkspaces();
  case BindingKind::OperandTokens:
    return operandIs(TokensType());
  case BindingKind::OperandValues:
    return operandIs(ValuesType());
  case BindingKind::State:
    return isa_and_nonnull<StateOp>(symbol());
  case BindingKind::Constant:
    return isa_and_nonnull<ParamOp, PackOp>(symbol());
  case BindingKind::Table:
    return isa_and_nonnull<StateOp>(symbol());
  case BindingKind::Columns: {
    auto param = dyn_cast_or_null<ParamOp>(symbol());
    return param && param.getTensorType().getRank() >= 2;
  }
  }
  llvm_unreachable("all kinds are checked");
}

/// Checks that each field is stored once, whole or in parts.
static LogicalResult verifyStores(KernelOp kernel, StateOp state) {
  llvm::StringMap<SmallVector<ScatterOp>> stores;
  kernel.getBody().walk([&](ScatterOp scatter) {
    stores[scatter.getField()].push_back(scatter);
  });
  for (auto [index, attr] : llvm::enumerate(state.getFieldNames())) {
    SmallVector<ScatterOp> &parts = stores[cast<StringAttr>(attr).getValue()];
    llvm::sort(parts, [](ScatterOp a, ScatterOp b) {
      return static_cast<int64_t>(a.getOffset()) <
                 static_cast<int64_t>(b.getOffset()) ||
             (a.getOffset() == b.getOffset() && a != b &&
              a->getBlock() == b->getBlock() && a->isBeforeInBlock(b));
    });
    int64_t end = 0;
    for (ScatterOp part : parts) {
      int64_t offset = static_cast<int64_t>(part.getOffset());
      if (offset < end)
        return part.emitOpError()
               << "stores field " << attr << " a second time";
      if (offset > end)
        break;
      end += widthOf(part.getValue().getType());
    }
    if (end < state.getWidths()[index])
      return kernel.emitOpError()
             << "doesn't store field " << attr << " of state "
             << kernel.getStateAttr() << (end ? " as a whole" : "");
  }
  return success();
}

LogicalResult KernelOp::verifySymbolUses(SymbolTableCollection &tables) {
  for (BlockArgument argument : getBodyBlock().getArguments()) {
    FlatSymbolRefAttr state;
    if (auto rows = dyn_cast<RowsType>(argument.getType()))
      state = rows.getState();
    else if (auto ragged = dyn_cast<RaggedType>(argument.getType()))
      state = ragged.getState();
    if (state && !edbc::lookupSymbol<StateOp>(*this, tables, state, "state"))
      return failure();
  }
  auto state =
      edbc::lookupSymbol<StateOp>(*this, tables, getStateAttr(), "state");
  if (!state)
    return failure();
  if (failed(isLookedUp() ? success() : verifyStores(*this, state)))
    return failure();
  if (std::optional<uint64_t> first = getFirstRow()) {
    uint64_t rows = 1;
    if (getBodyBlock().getNumArguments())
      rows =
          cast<TokensType>(getBodyBlock().getArgument(0).getType()).getBound();
    uint64_t present = state.getTableRows().value_or(0);
    if (*first > present || rows > present - *first)
      return emitOpError() << "needs " << rows << " rows from row "
                           << static_cast<int64_t>(*first)
                           << " on of the table of state " << getStateAttr()
                           << ", which has " << present;
  }
  if (std::optional<ArrayAttr> bindings = getBindings())
    for (Attribute binding : *bindings)
      if (!isSound(cast<BindingAttr>(binding), *this, tables))
        return emitOpError() << "binds what isn't there: " << binding;
  return success();
}

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

YieldOp PhaseOp::getYield() {
  return cast<YieldOp>(getBodyBlock().getTerminator());
}

std::optional<int64_t> PhaseOp::getElements() {
  std::optional<int64_t> over;
  if (std::optional<uint64_t> operand = getOver())
    over = *operand;
  return over;
}

bool PhaseOp::onlyMoves() {
  return llvm::all_of(getBodyBlock().without_terminator(), [](Operation &op) {
    return readsMemory(&op) || isView(&op) || isa<ScatterOp>(op);
  });
}

int64_t PhaseOp::getCopiedFloats() {
  if (!onlyMoves())
    return 0;
  auto stores = getBodyBlock().getOps<ScatterOp>();
  return (getNumResults() + std::distance(stores.begin(), stores.end())) *
         getWidth();
}

bool PhaseOp::isAhead() {
  auto kernel = cast<KernelOp>((*this)->getParentOp());
  llvm::StringSet<> stored;
  for (Operation *op = getOperation(); op; op = op->getNextNode())
    if (auto phase = dyn_cast<PhaseOp>(op))
      for (auto scatter : phase.getBodyBlock().getOps<ScatterOp>())
        stored.insert(scatter.getField());
  for (Operation &op : kernel.getBodyBlock()) {
    auto phase = dyn_cast<PhaseOp>(op);
    if (!phase)
      continue;
    for (auto gather : phase.getBodyBlock().getOps<GatherOp>())
      if (gather.getState() == kernel.getStateAttr() &&
          stored.contains(gather.getField()))
        return false;
    if (phase == *this)
      break;
  }
  return true;
}

/// Whether a phase computes values of a type.
static bool computes(PhaseOp phase, Type type) {
  return isBatchTensor(type) &&
         shapeOf(type) == Shape(phase.getWidth(), phase.getColumns()) &&
         elementsOf(type) == phase.getElements();
}

static LogicalResult verifyComputes(PhaseOp phase, Operation *op, Type type) {
  if (computes(phase, type))
    return success();
  InFlightDiagnostic error = op->emitOpError()
                             << "has " << type << " in a phase of width "
                             << phase.getWidth();
  if (phase.getColumns() != 1)
    error << " and " << phase.getColumns() << " columns";
  if (phase.getOver())
    error << " over operand " << *phase.getOver();
  return error;
}

LogicalResult PhaseOp::verify() {
  if (static_cast<int64_t>(getColumns()) < 1)
    return emitOpError("must have at least one column");
  Block &kernel = cast<KernelOp>((*this)->getParentOp()).getBodyBlock();
  if (getOver() && (*getOver() >= kernel.getNumArguments() ||
                    !isa<RaggedType>(kernel.getArgument(*getOver()).getType())))
    return emitOpError() << "goes over operand " << *getOver()
                         << ", which has no elements";
  for (Type type : getKept().getTypes())
    if (failed(verifyComputes(*this, *this, type)))
      return failure();
  if (getSlots() && getSlots()->size() != getNumResults())
    return emitOpError() << "keeps " << getNumResults()
                         << " values and has slots for " << getSlots()->size();
  if (getPanel() &&
      (static_cast<int64_t>(*getPanel()) < lanes || *getPanel() % lanes))
    return emitOpError() << "panel must be a positive multiple of " << lanes
                         << ", found " << *getPanel();
  return success();
}

LogicalResult PhaseOp::verifyRegions() {
  if (getBodyBlock().empty() || !isa<YieldOp>(getBodyBlock().back()))
    return emitOpError("must end in batch.yield");
  if (getBodyBlock().getNumArguments())
    return emitOpError("takes no block arguments");
  if (getYield().getKept().getTypes() != getKept().getTypes())
    return getYield().emitOpError()
           << "yields other types than the phase keeps";
  if (std::optional<uint64_t> siblings = getSiblings()) {
    auto stores = getBodyBlock().getOps<ScatterOp>();
    uint64_t numStores = std::distance(stores.begin(), stores.end());
    if (*siblings == 0 || getNumResults() + numStores != *siblings)
      return emitOpError() << "keeps or stores " << getNumResults() + numStores
                           << " values, but is of " << *siblings << " siblings";
  }
  for (Operation &op : getBodyBlock().without_terminator()) {
    if (readsMemory(&op) || isView(&op) || isa<SplatOp>(op))
      continue;
    SmallVector<Type> computed(op.getResultTypes());
    if (auto scatter = dyn_cast<ScatterOp>(op))
      computed.push_back(scatter.getValue().getType());
    for (Type type : computed)
      if (failed(verifyComputes(*this, &op, type)))
        return failure();
    if (readsWholeRows(&op))
      for (Value operand : op.getOperands())
        if (isBatchTensor(operand.getType()) && !isInMemory(operand))
          return op.emitOpError("needs an operand in memory, and not one that "
                                "its own phase computes");
  }
  return success();
}

namespace {
/// The operands of a product that have no segment as yet.
struct OpenProduct {
  ProductOp product;
  ValueRange left;

  /// How many of them, from the first one on, are `operand`.
  size_t countLeading(Value operand) const {
    return static_cast<size_t>(
        llvm::find_if(left, [&](Value other) { return other != operand; }) -
        left.begin());
  }
  /// Whether `operand` stands behind others.
  bool comesLater(Value operand) const {
    return llvm::is_contained(left.drop_front(countLeading(operand)), operand);
  }
};
} // namespace

/// The operand of the next segment: one that no product has to wait for, or the
/// first.
static Value chooseOperand(ArrayRef<OpenProduct> products) {
  Value first;
  for (const OpenProduct &candidate : products) {
    if (candidate.left.empty())
      continue;
    Value operand = candidate.left.front();
    if (!first)
      first = operand;
    if (llvm::none_of(products, [&](const OpenProduct &other) {
          return other.comesLater(operand);
        }))
      return operand;
  }
  return first;
}

std::vector<PhaseSegment> edbc::batch::segmentsOf(PhaseOp phase) {
  SmallVector<OpenProduct> products;
  for (auto product : phase.getBodyBlock().getOps<ProductOp>())
    products.push_back({product, product.getVectors()});
  std::vector<PhaseSegment> segments;
  while (Value operand = chooseOperand(products)) {
    PhaseSegment &segment = segments.emplace_back();
    segment.operand = operand;
    for (auto [number, open] : llvm::enumerate(products)) {
      size_t count = open.countLeading(operand);
      size_t index = open.product.getVectors().size() - open.left.size();
      for (size_t i = 0; i < count; ++i) {
        segment.terms.push_back(open.product.getTerm(index + i));
        segment.accumulators.push_back(static_cast<int64_t>(number));
      }
      open.left = open.left.drop_front(count);
    }
  }
  return segments;
}

/// Checks that `pack` has the segments of the phase.
static LogicalResult verifySegments(PhaseOp phase, PackOp pack) {
  using AddedTerm = std::pair<TermAttr, int64_t>;
  std::vector<PhaseSegment> expected = segmentsOf(phase);
  if (expected.size() != pack.getSegments().size())
    return phase.emitOpError()
           << "has products of " << expected.size() << " segments, but "
           << phase.getWeightsAttr() << " has " << pack.getSegments().size();
  for (auto [index, entry] : llvm::enumerate(expected)) {
    SegmentAttr segment = pack.getSegment(index);
    auto pairsOf = [](ArrayRef<TermAttr> terms, ArrayRef<int64_t> numbers) {
      SmallVector<AddedTerm> pairs;
      for (auto [term, number] : llvm::zip(terms, numbers))
        pairs.push_back({term, number});
      return pairs;
    };
    SmallVector<AddedTerm> found = pairsOf(segment.getTerms(),
                                           segment.getAccumulators()),
                           terms = pairsOf(entry.terms, entry.accumulators);
    if (segment.getDepth() != widthOf(entry.operand.getType()) ||
        found.size() != terms.size() ||
        !std::is_permutation(found.begin(), found.end(), terms.begin()))
      return phase.emitOpError() << "has other products than segment " << index
                                 << " of " << phase.getWeightsAttr();
  }
  return success();
}

LogicalResult PhaseOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto kernel = cast<KernelOp>((*this)->getParentOp());
  if (std::optional<ArrayRef<int64_t>> slots = getSlots())
    for (int64_t slot : *slots) {
      RowLayoutAttr workspace = kernel.getWorkspaceOf(getElements());
      if (slot < 0 || !workspace ||
          slot >= static_cast<int64_t>(workspace.getOffsets().size()))
        return emitOpError() << "keeps a value in slot " << slot
                             << ", which the kernel's workspace doesn't have";
      if (workspace.getOffsets()[slot] +
              paddedWidth(getWidth()) * static_cast<int64_t>(getColumns()) >
          workspace.getStride())
        return emitOpError() << "keeps a value in slot " << slot
                             << ", which ends beyond the workspace's stride";
    }
  if (!getWeights())
    return success();
  auto pack =
      edbc::lookupSymbol<PackOp>(*this, tables, getWeightsAttr(), "pack");
  if (!pack)
    return failure();
  if (getPanel() != pack.getPanel() || pack.getRows() != getWidth())
    return emitOpError() << "of width " << getWidth()
                         << " doesn't fit the rows or the panel of "
                         << getWeightsAttr();
  return verifySegments(*this, pack);
}
