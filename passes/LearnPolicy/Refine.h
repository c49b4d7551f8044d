//===- Refine.h - betters a machine, action by action -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_LEARNPOLICY_REFINE_H
#define EDBC_PASSES_LEARNPOLICY_REFINE_H

#include "passes/LearnPolicy/QLearning.h"

namespace edbc {

struct RefineOptions {
  uint64_t seed = 1;
  /// Bounds the time, and by the same results on every machine: the most nodes
  /// that are scheduled in all, where a node counts as many times more as the
  /// lemma had to be asked in that schedule. A core does about 20 million a
  /// second.
  uint64_t maxWork = 10000000;
  /// How many times a machine that no change betters is changed in a few states
  /// at once, to go on from there.
  uint32_t maxKicks = 5;
};

/// Changes one action of a machine at a time, schedules the mini-batches that
/// enter its state, and keeps the change if they take fewer batches, or, half
/// of the time, as many. Sweeps over all states, the most frequent first, until
/// a sweep gains nothing, and again from machines nearby (iterated local
/// search). Ends early at the lower bound and when the work is used up.
/// Unlike temporal differences this needs no guess at which of a hundred
/// choices cost a batch.
///
/// States that `transitions` lacks are entered with the choice of the lemma
/// when they are met for the first time, so the machine may be empty to begin
/// with. The result has a transition for every state that it enters on the
/// mini-batches and no others, in lexicographic order, and takes at most as
/// many batches as the machine given. A function of its arguments alone.
std::vector<Transition> refineMachine(
    const std::vector<core::Graph> &miniBatches, edbc_encoding encoding,
    const std::vector<Transition> &transitions, const RefineOptions &options);

} // namespace edbc

#endif // EDBC_PASSES_LEARNPOLICY_REFINE_H
