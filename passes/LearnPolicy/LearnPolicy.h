//===- LearnPolicy.h - the pass that learns the batching policy -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_LEARNPOLICY_LEARNPOLICY_H
#define EDBC_PASSES_LEARNPOLICY_LEARNPOLICY_H

#include "passes/LearnPolicy/Learning.h"
#include "passes/LearnPolicy/Signature.h"
#include "passes/Passes.h"

namespace edbc {

/// What the pass can't be told by its textual options.
struct PolicyTraining {
  /// Mini-batches to learn from, with the module's kernels in order as types.
  /// Null or empty: graphs drawn from the kernels' signatures.
  const std::vector<core::Graph> *samples = nullptr;
  /// Receives what was learned; may be null.
  LearnedPolicy *report = nullptr;
  LearningWatch watch; ///< may be empty
};

/// What the kernels of a module of the batch dialect take and yield.
Signature signatureOf(mlir::ModuleOp network);

std::unique_ptr<mlir::Pass>
createLearnPolicyPass(const LearnPolicyOptions &options,
                      const PolicyTraining &training);

} // namespace edbc

#endif // EDBC_PASSES_LEARNPOLICY_LEARNPOLICY_H
