//===- Refine.h - betters a machine, action by action -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_LEARNPOLICY_REFINE_H
#define EDBC_PASSES_LEARNPOLICY_REFINE_H

#include "passes/LearnPolicy/Machine.h"
#include "passes/LearnPolicy/Progress.h"

namespace edbc {

struct RefineOptions {
  uint64_t seed = 1;
  /// Learns from the first so many mini-batches.
  size_t numMiniBatches = SIZE_MAX;
  /// Begins with the first mini-batches that have so many nodes together, and
  /// goes on with twice as many, again and again: most of what there is to
  /// learn shows on few graphs, where it costs little to try.
  uint64_t firstNodes = 1 << 14;
  /// Bounds the time, and by the same results on every machine: the most nodes
  /// that are scheduled in all, where a node counts as many times more as the
  /// lemma had to be asked in that schedule. A core does about 20 million a
  /// second.
  uint64_t maxWork = 16000000;
  /// Bounds the memory: in further states the machine does what it does in
  /// unseen ones.
  uint32_t maxStates = 1 << 16;
  /// How many times a machine that no change betters is changed in a few states
  /// at once, to go on from there.
  uint32_t maxKicks = 5;
  BatchCosts costs; ///< that are made low, instead of the number of batches
  /// By mini-batch, what it may cost at most; empty: anything. To get one less
  /// above its limit is worth more than any gain below.
  std::vector<uint64_t> limits;
};

/// Changes one action of a machine at a time, schedules the mini-batches that
/// enter its state, and keeps the change if they take fewer batches (or these
/// cost less), or, half of the time, as many. Sweeps over all states, the most
/// frequent first, until a sweep gains nothing, and again from machines nearby
/// (iterated local search). Ends early at the lower bound and when the work is
/// used up. Unlike temporal differences this needs no guess at which of a
/// hundred choices cost a batch.
///
/// States that `transitions` lacks are entered with the choice of the lemma
/// when they are met for the first time (with encoding critical: with a
/// critical type, if there is one), so the machine may be empty to begin with.
/// The result has a transition for every state that it enters on the
/// mini-batches and no others, in lexicographic order. A function of its
/// arguments alone, unless the watch ends it.
std::vector<Transition>
refineMachine(const std::vector<core::Graph> &miniBatches,
              edbc_encoding encoding,
              const std::vector<Transition> &transitions,
              const RefineOptions &options, const LearningWatch &watch = {});

} // namespace edbc

#endif // EDBC_PASSES_LEARNPOLICY_REFINE_H
