//===- Learning.h - learns a batching policy --------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Finds a finite state machine that schedules sample graphs in few batches, on
// the scheduler that the runtime executes (runtime/core), tries it on graphs
// that it didn't learn from, and holds it against the policies that need no
// learning.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_LEARNPOLICY_LEARNING_H
#define EDBC_PASSES_LEARNPOLICY_LEARNING_H

#include "passes/LearnPolicy/Machine.h"
#include "passes/LearnPolicy/Progress.h"
#include "passes/LearnPolicy/QLearning.h"
#include "passes/LearnPolicy/Refine.h"

#include <optional>

namespace edbc {

enum class LearningMethod {
  Refinement, ///< `refineMachine`, beginning with the lemma
  QLearning,  ///< as in the paper
};

struct LearningOptions {
  /// None: EDBC_ENCODING_BASE, whose states cost the least time to find out, if
  /// that reaches the lower bound on samples and trial, or else
  /// EDBC_ENCODING_CRITICAL.
  std::optional<edbc_encoding> encoding;
  /// On the networks tried, Q-learning took more time and found machines that
  /// take as many batches or more.
  LearningMethod method = LearningMethod::Refinement;
  uint64_t seed = 1; ///< in place of those of the methods' own options
  /// Only the first mini-batches are learned from, as many as have this many
  /// nodes together, but at least one. All are judged by.
  uint64_t maxNodes = 1 << 19;
  /// Bounds the memory that learning takes beside the samples, about: there are
  /// no more nodes and states than fit into it.
  uint64_t maxBytes = uint64_t(1) << 30;
  /// What is made low, instead of the number of batches; in place of those of
  /// the methods' own options.
  BatchCosts costs;
  RefineOptions refinement;
  QLearningOptions qLearning;
  LearningWatch watch; ///< may be empty
};

struct LearnedPolicy {
  edbc_encoding encoding = EDBC_ENCODING_CRITICAL;
  /// A transition for every state that the machine enters on the mini-batches
  /// that it learned from, in lexicographic order of the frontiers.
  std::vector<Transition> transitions;

  uint32_t numEpisodes = 0; ///< of Q-learning
  /// The first so many mini-batches were learned from.
  size_t numUsed = 0;
  /// Whether the watch ended it. What was learned may then depend on the speed
  /// of the machine.
  bool wasStopped = false;
  /// By mini-batch, as the runtime schedules it.
  std::vector<BatchCounts> miniBatches;
  BatchCounts total;
  /// A trial on graphs that the machine didn't learn from: the mini-batches of
  /// `maxNodes` joined into one; and, if these are at least four and the method
  /// is refinement, the last quarter of them, for a machine learned from the
  /// rest.
  BatchCounts trial;

  /// Whether no machine could do better on the samples. (The bound can't always
  /// be reached, so one that is not there may be the best.)
  bool reachedBound() const { return total.fsm == total.lowerBound; }

  /// Whether the machine learned the samples by heart: in the trial most of its
  /// choices were those for unseen states.
  bool isByHeart() const;

  /// The policy to ship. None whose `numExceptions` isn't 0, if there is
  /// another one:
  /// - EDBC_POLICY_FSM if neither on the samples nor in the trial any other
  ///   policy takes fewer batches, and the machine was not learned by heart;
  /// - otherwise the first of lemma, agenda, depth and EDBC_POLICY_FSM that
  ///   takes the fewest on the samples.
  /// If all have exceptions, it is agenda or depth, which takes fewer in all.
  edbc_policy_kind best() const;

  /// For how many single mini-batches agenda or depth takes fewer batches.
  size_t numExceptions(edbc_policy_kind policy) const;
};

/// Learns from `miniBatches`, each a graph of the size that will be run, all
/// with the same types. A state is the encoded frontier, an action a type that
/// has ready nodes. Learning ends when the machine reaches the lower bound of
/// every mini-batch. With refinement, a machine that takes more batches than
/// agenda or depth for some mini-batch is refined until it doesn't, as far as
/// that can be had. Where what it learned doesn't carry over, and the encoding
/// is critical, what is returned has no transitions: what it does in unseen
/// states takes fewer batches in the trial, or it would have been learned by
/// heart.
///
/// A function of its arguments alone, unless the watch ends it.
LearnedPolicy learnPolicy(const std::vector<core::Graph> &miniBatches,
                          const LearningOptions &options);

} // namespace edbc

#endif // EDBC_PASSES_LEARNPOLICY_LEARNING_H
