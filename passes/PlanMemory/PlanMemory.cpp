//===- PlanMemory.cpp - layout of states, weights, workspace ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace edbc {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"
} // namespace edbc

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

/// Parts of the given widths, one after another.
static RowLayoutAttr layOut(MLIRContext *context, ArrayRef<int64_t> widths) {
  SmallVector<int64_t> offsets;
  int64_t stride = 0;
  for (int64_t width : widths) {
    offsets.push_back(stride);
    stride += paddedWidth(width);
  }
  return RowLayoutAttr::get(context, offsets, stride);
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
    attrs.push_back(
        SegmentAttr::get(builder.getContext(),
                         cast<RankedTensorType>(vector.getType()).getDimSize(1),
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

struct PlanMemoryPass : edbc::impl::PlanMemoryBase<PlanMemoryPass> {
  void runOnOperation() override;

private:
  void planKernel(KernelOp kernel, SymbolTable &symbols);
  ArrayAttr bind(KernelOp kernel);
};
} // namespace

ArrayAttr PlanMemoryPass::bind(KernelOp kernel) {
  Bindings bindings(&getContext());
  bindings.need(BindingKind::Items);
  auto number = [](Value column) {
    return static_cast<int64_t>(cast<BlockArgument>(column).getArgNumber());
  };
  for (auto phase : kernel.getOps<PhaseOp>()) {
    phase.getBody().walk([&](Operation *op) {
      if (auto gather = dyn_cast<GatherOp>(op)) {
        bindings.need(BindingKind::OperandRows, number(gather.getRows()));
        bindings.need(BindingKind::State, -1,
                      gather.getRows().getType().getState());
      } else if (auto lookup = dyn_cast<LookupOp>(op)) {
        bindings.need(BindingKind::OperandTokens, number(lookup.getTokens()));
        bindings.need(BindingKind::Constant, -1, lookup.getTableAttr());
      } else if (auto input = dyn_cast<InputOp>(op)) {
        bindings.need(BindingKind::OperandValues, number(input.getValues()));
      } else if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
        bindings.need(BindingKind::Constant, -1, broadcast.getParamAttr());
      } else if (isa<ScatterOp>(op)) {
        bindings.need(BindingKind::ResultRows);
        bindings.need(BindingKind::State, -1, kernel.getStateAttr());
      }
    });
    if (phase.getWeightsAttr())
      bindings.need(BindingKind::Constant, -1, phase.getWeightsAttr());
  }
  if (kernel.getWorkspace())
    bindings.need(BindingKind::Workspace);
  return bindings.getAttr();
}

void PlanMemoryPass::planKernel(KernelOp kernel, SymbolTable &symbols) {
  OpBuilder builder(kernel);
  SmallVector<int64_t> kept;
  for (auto [number, phase] : llvm::enumerate(kernel.getOps<PhaseOp>())) {
    SmallVector<int64_t> slots;
    for (Value value : phase.getKept()) {
      slots.push_back(kept.size());
      kept.push_back(cast<RankedTensorType>(value.getType()).getDimSize(1));
    }
    if (!slots.empty())
      phase.setSlots(slots);
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
  if (!kept.empty())
    kernel.setWorkspaceAttr(layOut(&getContext(), kept));
  kernel.setBindingsAttr(bind(kernel));
}

void PlanMemoryPass::runOnOperation() {
  for (auto state : getOperation().getOps<StateOp>())
    if (!state.getLayout())
      state.setLayoutAttr(layOut(&getContext(), state.getWidths()));
  SymbolTable symbols(getOperation());
  for (auto kernel : getOperation().getOps<KernelOp>())
    if (!kernel.getBindings())
      planKernel(kernel, symbols);
}
