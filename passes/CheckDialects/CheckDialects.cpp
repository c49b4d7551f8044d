//===- CheckDialects.cpp - what may remain after a stage --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

namespace edbc {
#define GEN_PASS_DEF_CHECKDIALECTS
#include "passes/Passes.h.inc"
} // namespace edbc

using namespace mlir;

namespace {
struct CheckDialectsPass : edbc::impl::CheckDialectsBase<CheckDialectsPass> {
  using CheckDialectsBase::CheckDialectsBase;

  void runOnOperation() override {
    WalkResult result = getOperation()->walk([&](Operation *op) {
      StringRef dialect = op->getName().getDialectNamespace();
      if (llvm::is_contained(allowed, dialect))
        return WalkResult::advance();
      op->emitOpError() << "must not remain after stage '" << stage << "'";
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
