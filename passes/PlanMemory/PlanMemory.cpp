//===- PlanMemory.cpp - layout of states, weights, workspace ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

namespace edbc {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"
} // namespace edbc

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

/// Parts of the given sizes, one after another.
static RowLayoutAttr layOut(MLIRContext *context, ArrayRef<int64_t> sizes) {
  SmallVector<int64_t> offsets;
  int64_t stride = 0;
  for (int64_t size : sizes) {
    offsets.push_back(stride);
    stride += size;
  }
  return RowLayoutAttr::get(context, offsets, stride);
}

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
  struct Segment {
    SmallVector<TermAttr> terms;
    SmallVector<int64_t> accumulators;
  };
  llvm::MapVector<Value, Segment> segments;
  for (auto [number, product] :
       llvm::enumerate(phase.getBodyBlock().getOps<ProductOp>()))
    for (auto [index, vector] : llvm::enumerate(product.getVectors())) {
      segments[vector].terms.push_back(product.getTerm(index));
      segments[vector].accumulators.push_back(number);
    }
  SmallVector<Attribute> attrs;
  for (auto &[vector, segment] : segments)
    attrs.push_back(SegmentAttr::get(builder.getContext(),
                                     widthOf(vector.getType()), segment.terms,
                                     segment.accumulators));
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

struct PlanMemoryPass : edbc::impl::PlanMemoryBase<PlanMemoryPass> {
  void runOnOperation() override;

private:
  void planWorkspaces(KernelOp kernel);
  void planKernel(KernelOp kernel, SymbolTable &symbols);
  ArrayAttr bind(KernelOp kernel);
};
} // namespace

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

/// Gives each kept value a slot in the workspace of nodes or of an operand's
/// elements.
void PlanMemoryPass::planWorkspaces(KernelOp kernel) {
  unsigned numOperands = kernel.getBodyBlock().getNumArguments();
  SmallVector<int64_t> ofNodes;
  SmallVector<SmallVector<int64_t>> ofElements(numOperands);
  for (auto phase : kernel.getOps<PhaseOp>()) {
    SmallVector<int64_t> &sizes =
        phase.getOver() ? ofElements[*phase.getOver()] : ofNodes;
    SmallVector<int64_t> slots;
    for (Value value : phase.getKept()) {
      slots.push_back(sizes.size());
      sizes.push_back(sizeOf(value));
    }
    if (!slots.empty())
      phase.setSlots(slots);
  }
  if (!ofNodes.empty())
    kernel.setWorkspaceAttr(layOut(&getContext(), ofNodes));
  if (llvm::all_of(ofElements, [](auto &sizes) { return sizes.empty(); }))
    return;
  SmallVector<Attribute> layouts;
  for (ArrayRef<int64_t> sizes : ofElements)
    layouts.push_back(layOut(&getContext(), sizes));
  kernel.setElementWorkspacesAttr(ArrayAttr::get(&getContext(), layouts));
}

void PlanMemoryPass::planKernel(KernelOp kernel, SymbolTable &symbols) {
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
  planWorkspaces(kernel);
  kernel.setBindingsAttr(bind(kernel));
}

void PlanMemoryPass::runOnOperation() {
  for (auto state : getOperation().getOps<StateOp>())
    if (!state.getLayout()) {
      SmallVector<int64_t> sizes;
      for (unsigned field = 0; field < state.getNumFields(); ++field)
        sizes.push_back(state.getFieldSize(field));
      state.setLayoutAttr(layOut(&getContext(), sizes));
    }
  SymbolTable symbols(getOperation());
  for (auto kernel : getOperation().getOps<KernelOp>())
    if (!kernel.getBindings())
      planKernel(kernel, symbols);
}
