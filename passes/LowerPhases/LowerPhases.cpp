//===- LowerPhases.cpp - functions of phases --------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LowerPhases/PhaseFunction.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"

namespace edbc {
#define GEN_PASS_DEF_LOWERPHASES
#include "passes/Passes.h.inc"
} // namespace edbc

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

namespace {
struct LowerPhasesPass : edbc::impl::LowerPhasesBase<LowerPhasesPass> {
  using LowerPhasesBase::LowerPhasesBase;
  void runOnOperation() override;
};
} // namespace

void LowerPhasesPass::runOnOperation() {
  ModuleOp network = getOperation();
  SmallVector<Isa> targets;
  for (StringRef name : isas) {
    const Isa *isa = llvm::find_if(
        allIsas, [&](Isa known) { return isaName(known) == name; });
    if (isa == std::end(allIsas)) {
      network.emitError() << "unknown instruction set '" << name << "'";
      return signalPassFailure();
    }
    targets.push_back(*isa);
  }
  if (targets.empty())
    targets.assign(std::begin(allIsas), std::end(allIsas));

  for (auto state : network.getOps<StateOp>())
    if (!state.getLayout()) {
      state.emitOpError("has no layout: memory isn't planned");
      return signalPassFailure();
    }
  SymbolTable symbols(network);
  SmallVector<KernelOp> kernels(network.getOps<KernelOp>());
  OpBuilder builder = OpBuilder::atBlockEnd(network.getBody());
  for (Isa isa : targets) {
    auto module = ModuleOp::create(builder, network.getLoc());
    module->setAttr(isaAttrName, builder.getStringAttr(isaName(isa)));
    for (KernelOp kernel : kernels) {
      if (kernel.getBody().getOps<PhaseOp>().empty() && !kernel.isLookedUp()) {
        kernel.emitOpError("has no phases");
        return signalPassFailure();
      }
      for (auto [number, phase] : llvm::enumerate(kernel.getOps<PhaseOp>())) {
        std::string name =
            phaseFunctionName(network.getSymName().value_or("network"),
                              kernel.getSymName(), number, isa);
        if (failed(generatePhaseFunction(module, name, phase, symbols, isa)))
          return signalPassFailure();
      }
    }
  }
}
