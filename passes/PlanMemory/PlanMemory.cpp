//===- PlanMemory.cpp - layout of states, weights, workspace ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "passes/PlanMemory/FieldOrder.h"
#include "passes/PlanMemory/SiblingColumns.h"
#include "passes/PlanMemory/Workspace.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

namespace edbc {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"
} // namespace edbc

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

/// Floats that a value takes in a row.
static int64_t sizeOf(Value value) {
  return paddedWidth(widthOf(value.getType())) * columnsOf(value.getType());
}

/// Units that a phase with `products` products computes together. A register
/// tile holds products x panel accumulators for each of its rows.
static int64_t choosePanel(int64_t width, int64_t products) {
  int64_t most = products >= 3 ? 1 : products == 2 ? 2 : 4;
  int64_t units = paddedWidth(width) / lanes;
  while (units % most)
    --most;
  return most * lanes;
}

/// The weights of a phase: its products' terms, by the operand that they
/// multiply.
static PackOp packWeights(OpBuilder &builder, PhaseOp phase, StringRef name,
                          int64_t panel) {
  SmallVector<Attribute> attrs;
  for (const PhaseSegment &segment : segmentsOf(phase))
    attrs.push_back(SegmentAttr::get(builder.getContext(),
                                     widthOf(segment.operand.getType()),
                                     segment.terms, segment.accumulators));
  return PackOp::create(builder, phase.getLoc(), name, phase.getWidth(), panel,
                        builder.getArrayAttr(attrs));
}

namespace {
/// Collects the slots of a kernel, each once, in order of first need.
class Bindings {
public:
  explicit Bindings(MLIRContext *context) : context(context) {}

  void need(BindingKind kind, int64_t index = -1,
            FlatSymbolRefAttr symbol = {}) {
    bindings.insert(BindingAttr::get(context, kind, index, symbol));
  }
  ArrayAttr getAttr() const {
    return ArrayAttr::get(context, bindings.getArrayRef());
  }

private:
  MLIRContext *context;
  llvm::SetVector<Attribute> bindings;
};

/// The workspace of a kernel's nodes, or of one operand's elements.
struct WorkspaceValues {
  /// By run: its place, and the values in it.
  std::vector<WorkspaceBlock> blocks;
  SmallVector<ArrayRef<Value>> runs;

  bool empty() const { return runs.empty(); }
};

struct PlanMemoryPass : edbc::impl::PlanMemoryBase<PlanMemoryPass> {
  using PlanMemoryBase::PlanMemoryBase;

  LogicalResult initialize(MLIRContext *context) override;
  void runOnOperation() override;

private:
  void layOut(StateOp state);
  RowLayoutAttr layOut(const WorkspaceValues &values);
  void planWorkspaces(KernelOp kernel, ArrayRef<ValueRun> runs);
  void packProducts(KernelOp kernel, SymbolTable &symbols);
  void planKernel(KernelOp kernel, SymbolTable &symbols);
  ArrayAttr bind(KernelOp kernel);

  Planning planning = Planning::Full;
};
} // namespace

LogicalResult PlanMemoryPass::initialize(MLIRContext *context) {
  if (layout == "full")
    planning = Planning::Full;
  else if (layout == "paper")
    planning = Planning::Paper;
  else if (layout == "off")
    planning = Planning::Off;
  else
    return emitError(UnknownLoc::get(context))
           << "batch-plan-memory: there is no layout '" << layout
           << "'; full, paper or off";
  return success();
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

/// The buffers that one operation in a phase of `kernel` reads or writes.
static void bindOperation(Operation *op, KernelOp kernel, Bindings &bindings) {
  auto number = [](Value column) {
    return static_cast<int64_t>(cast<BlockArgument>(column).getArgNumber());
  };
  TypeSwitch<Operation *>(op)
      .Case([&](GatherOp gather) {
        bindings.need(isa<RaggedType>(gather.getRows().getType())
                          ? BindingKind::ElementRows
                          : BindingKind::OperandRows,
                      number(gather.getRows()));
        bindings.need(BindingKind::State, -1, gather.getState());
        auto state = SymbolTable::lookupNearestSymbolFrom<StateOp>(
            kernel, gather.getState());
        if (state.getTableRows())
          bindings.need(BindingKind::Table, -1, gather.getState());
      })
      .Case([&](LookupOp lookup) {
        bindings.need(BindingKind::OperandTokens, number(lookup.getTokens()));
        bindings.need(constantKind(lookup.getType()), -1,
                      lookup.getTableAttr());
      })
      .Case([&](RecallOp recall) {
        bindings.need(BindingKind::OperandTokens, number(recall.getTokens()));
        bindings.need(BindingKind::Table, -1, recall.getTableAttr());
      })
      .Case([&](InputOp input) {
        bindings.need(BindingKind::OperandValues, number(input.getValues()));
      })
      .Case([&](BroadcastOp broadcast) {
        bindings.need(constantKind(broadcast.getType()), -1,
                      broadcast.getParamAttr());
      })
      .Case([&](PickOp pick) {
        bindings.need(BindingKind::OperandTokens, number(pick.getTokens()));
      })
      .Case([&](ReduceOp reduce) {
        bindings.need(BindingKind::ElementBegins,
                      *elementsOf(reduce.getElements().getType()));
      })
      .Case([&](ScatterOp) {
        bindings.need(BindingKind::ResultRows);
        bindings.need(BindingKind::State, -1, kernel.getStateAttr());
      });
}

ArrayAttr PlanMemoryPass::bind(KernelOp kernel) {
  Bindings bindings(&getContext());
  if (!kernel.isLookedUp())
    bindings.need(BindingKind::Items);
  for (auto phase : kernel.getOps<PhaseOp>()) {
    if (std::optional<uint64_t> operand = phase.getOver())
      bindings.need(BindingKind::ElementOwners, *operand);
    phase.getBody().walk(
        [&](Operation *op) { bindOperation(op, kernel, bindings); });
    if (phase.getWeightsAttr())
      bindings.need(BindingKind::Constant, -1, phase.getWeightsAttr());
  }
  if (kernel.getWorkspace())
    bindings.need(BindingKind::Workspace);
  for (BlockArgument operand : kernel.getBodyBlock().getArguments()) {
    RowLayoutAttr layout = kernel.getWorkspaceOf(operand.getArgNumber());
    if (layout && layout.getStride())
      bindings.need(BindingKind::ElementWorkspace, operand.getArgNumber());
  }
  return bindings.getAttr();
}

//===----------------------------------------------------------------------===//
// Workspaces
//===----------------------------------------------------------------------===//

/// A run as a block that is in use from the phase that writes it first to the
/// one that reads it last.
/// @param steps by phase.
static WorkspaceBlock blockOf(ArrayRef<Value> run,
                              const DenseMap<Operation *, uint32_t> &steps) {
  uint32_t first = steps.lookup(run.front().getDefiningOp());
  WorkspaceBlock block{0, first, first};
  for (Value value : run) {
    uint32_t written = steps.lookup(value.getDefiningOp());
    block.size += sizeOf(value);
    block.firstStep = std::min(block.firstStep, written);
    block.lastStep = std::max(block.lastStep, written);
    for (Operation *user : value.getUsers())
      block.lastStep =
          std::max(block.lastStep, steps.lookup(user->getParentOp()));
  }
  return block;
}

/// Numbers the values' slots and gives each its place.
RowLayoutAttr PlanMemoryPass::layOut(const WorkspaceValues &values) {
  WorkspacePlan plan = planning == Planning::Full ? placeBlocks(values.blocks)
                                                  : placeInOrder(values.blocks);
  DenseMap<Value, int64_t> places;
  for (auto [run, offset] : llvm::zip(values.runs, plan.offsets)) {
    int64_t place = offset;
    for (Value value : run) {
      places[value] = place;
      place += sizeOf(value);
    }
  }
  // Slots are numbered in order of definition.
  SmallVector<int64_t> offsets;
  Value any = values.runs.front().front();
  std::optional<int64_t> elements = elementsOf(any.getType());
  auto kernel = cast<KernelOp>(any.getDefiningOp()->getParentOp());
  for (auto phase : kernel.getOps<PhaseOp>()) {
    if (phase.getKept().empty() || phase.getElements() != elements)
      continue;
    SmallVector<int64_t> slots;
    for (Value value : phase.getKept()) {
      slots.push_back(offsets.size());
      offsets.push_back(places.lookup(value));
    }
    phase.setSlots(slots);
  }
  return RowLayoutAttr::get(&getContext(), offsets, plan.size);
}

void PlanMemoryPass::planWorkspaces(KernelOp kernel, ArrayRef<ValueRun> runs) {
  DenseMap<Operation *, uint32_t> steps;
  for (auto [step, phase] : llvm::enumerate(kernel.getOps<PhaseOp>()))
    steps[phase] = step;
  WorkspaceValues ofNodes;
  SmallVector<WorkspaceValues> ofElements(
      kernel.getBodyBlock().getNumArguments());
  for (const ValueRun &run : runs) {
    std::optional<int64_t> operand = elementsOf(run.front().getType());
    WorkspaceValues &values = operand ? ofElements[*operand] : ofNodes;
    values.blocks.push_back(blockOf(run, steps));
    values.runs.push_back(run);
  }
  if (!ofNodes.empty())
    kernel.setWorkspaceAttr(layOut(ofNodes));
  if (llvm::all_of(ofElements, [](auto &values) { return values.empty(); }))
    return;
  SmallVector<Attribute> layouts;
  for (const WorkspaceValues &values : ofElements)
    layouts.push_back(values.empty() ? RowLayoutAttr::get(&getContext(), {}, 0)
                                     : layOut(values));
  kernel.setElementWorkspacesAttr(ArrayAttr::get(&getContext(), layouts));
}

//===----------------------------------------------------------------------===//
// Kernels and states
//===----------------------------------------------------------------------===//

void PlanMemoryPass::packProducts(KernelOp kernel, SymbolTable &symbols) {
  OpBuilder builder(kernel);
  for (auto [number, phase] : llvm::enumerate(kernel.getOps<PhaseOp>())) {
    int64_t products =
        llvm::range_size(phase.getBodyBlock().getOps<ProductOp>());
    int64_t panel = choosePanel(phase.getWidth(), products);
    phase.setPanel(panel);
    if (products) {
      std::string name = (kernel.getSymName() + "." + Twine(number)).str();
      PackOp pack = packWeights(builder, phase, name, panel);
      phase.setWeights(symbols.insert(pack));
    }
  }
}

void PlanMemoryPass::planKernel(KernelOp kernel, SymbolTable &symbols) {
  planWorkspaces(kernel, planColumns(kernel, planning));
  packProducts(kernel, symbols);
  kernel.setBindingsAttr(bind(kernel));
}

void PlanMemoryPass::layOut(StateOp state) {
  SmallVector<unsigned> order;
  if (planning == Planning::Full)
    order = orderFields(state);
  else
    order = llvm::to_vector(llvm::seq(state.getNumFields()));
  SmallVector<int64_t> offsets(order.size());
  int64_t stride = 0;
  for (unsigned field : order) {
    offsets[field] = stride;
    stride += state.getFieldSize(field);
  }
  state.setLayoutAttr(RowLayoutAttr::get(&getContext(), offsets, stride));
}

void PlanMemoryPass::runOnOperation() {
  for (auto state : getOperation().getOps<StateOp>())
    if (!state.getLayout())
      layOut(state);
  SymbolTable symbols(getOperation());
  for (auto kernel : getOperation().getOps<KernelOp>())
    if (!kernel.getBindings())
      planKernel(kernel, symbols);
}
