//===- QLearning.h - learns a batching policy -------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Finds a finite state machine that schedules sample graphs in few batches, on
// the scheduler that the runtime executes (runtime/core): by tabular Q-learning
// (Chen et al., ED-Batch, ICML 2023, Alg. 1 and section 2.3), or by bettering
// the machine action by action (Refine.h).
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_LEARNPOLICY_QLEARNING_H
#define EDBC_PASSES_LEARNPOLICY_QLEARNING_H

#include "edbc/abi.h"
#include "runtime/core/Graph.h"

#include <vector>

namespace edbc {

enum class LearningMethod {
  Refinement, ///< `refineMachine`, beginning with the lemma
  QLearning,  ///< as in the paper
};

/// Defaults of Q-learning are the paper's, where it names any.
struct QLearningOptions {
  edbc_encoding encoding = EDBC_ENCODING_CRITICAL;
  /// On the networks tried, Q-learning took more time and found machines that
  /// take as many batches or more.
  LearningMethod method = LearningMethod::Refinement;
  uint64_t seed = 1;
  /// Refinement: the most work (see `RefineOptions::maxWork`).
  uint64_t maxWork = 10000000;
  // All that follows is of Q-learning alone.
  /// Most episodes; in each, one mini-batch is scheduled.
  uint32_t maxEpisodes = 1000;
  /// What the greedy policy does in a state where nothing was tried yet: the
  /// choice of the lemma on entering it for the first time, or else, as in the
  /// paper, whatever type comes first.
  bool beginWithLemma = true;
  /// Share of a new return in the value of an action tried before.
  double learningRate = 0.4;
  /// Weight of a reward relative to that of the step before.
  double discount = 1;
  /// Steps whose rewards are added before a return is bootstrapped; at least 1.
  uint32_t numSteps = 10;
  /// Weight of ready / sources in the reward. The paper leaves it open. Of 0,
  /// 0.5, 1 and 1.5, tried on lattices beginning without the lemma, 1 gave the
  /// shortest schedules (mean of six seeds).
  double alpha = 1;
  /// Probability of a random action: it begins here and is multiplied with the
  /// decay after each episode, down to the minimum.
  double exploration = 0.5;
  double explorationDecay = 0.9;
  double minExploration = 0.05;
  /// Episodes between two evaluations of the greedy policy on all mini-batches;
  /// at least 1.
  uint32_t evaluationInterval = 10;
};

/// Where `core::FrontierEncoder` sees the types `frontier`, batch the ready
/// nodes of type `action`, one of them.
struct Transition {
  std::vector<uint32_t> frontier;
  uint32_t action;
};

/// Batches that schedules of one mini-batch, or of several, consist of.
struct BatchCounts {
  uint64_t lowerBound = 0;
  uint64_t fsm = 0;
  uint64_t agenda = 0;
  uint64_t depth = 0;
  uint64_t lemma = 0;
  /// Choices of the machine that were left to the lemma.
  uint64_t fallbacks = 0;

  BatchCounts &operator+=(const BatchCounts &other);
};

struct LearnedPolicy {
  edbc_encoding encoding = EDBC_ENCODING_CRITICAL;
  /// A transition for every state that the machine enters on the samples and
  /// no others, in lexicographic order of the frontiers.
  std::vector<Transition> transitions;

  /// How much was learned from.
  uint32_t numEpisodes = 0;
  /// By mini-batch, as the runtime schedules it.
  std::vector<BatchCounts> miniBatches;
  BatchCounts total;
  /// A trial on graphs that the machine didn't learn from: all mini-batches
  /// joined into one; and, if there are at least four and the method is
  /// refinement, the last quarter of them, for a machine learned from the rest.
  BatchCounts trial;

  /// Whether no machine could do better on the samples. (The bound can't always
  /// be reached, so one that is not there may be the best.)
  bool reachedBound() const { return total.fsm == total.lowerBound; }
  /// The policy to ship. EDBC_POLICY_FSM if on no sample it takes more batches
  /// than agenda or depth, neither in total nor in the trial more than any
  /// other policy, and in the trial left at most half of its choices to the
  /// lemma (or else it learned the samples by heart); or else EDBC_POLICY_LEMMA
  /// if it takes so few batches; or else agenda or depth, whichever takes fewer
  /// on the samples. (A machine without transitions is the same policy as the
  /// lemma.)
  edbc_policy_kind best() const;
};

/// Learns from `miniBatches`, each a graph of the size that will be run, all
/// with the same types.
///
/// A state is the encoded frontier, an action a type that has ready nodes.
/// Learning ends when the machine reaches the lower bound of every mini-batch.
///
/// Q-learning: the reward is `alpha * ready / sources - 1`, where sources are
/// those of the type's subgraph (Lemma 2.1): 0 for a choice that is certainly
/// right if alpha is 1. Mini-batches take turns. The greedy policy is evaluated
/// before the first episode, after every `evaluationInterval` and after
/// `maxEpisodes`, the last; the best machine of all evaluations is the result.
///
/// A function of its arguments alone: the same ones give the same result.
LearnedPolicy learnPolicy(const std::vector<core::Graph> &miniBatches,
                          const QLearningOptions &options);

/// Learns with EDBC_ENCODING_BASE, whose states cost the least time to find
/// out, and returns that machine if it reaches the lower bound on samples and
/// trial; otherwise learns with `options.encoding`.
LearnedPolicy learnCheapestPolicy(const std::vector<core::Graph> &miniBatches,
                                  const QLearningOptions &options);

/// The transitions as `core::buildTable` takes them.
std::vector<edbc_transition>
encodeTransitions(const std::vector<Transition> &transitions,
                  uint32_t numTypes);

/// What a machine and the policies without one make of a graph.
BatchCounts countBatches(const core::Graph &graph,
                         const edbc_policy_desc &machine);

} // namespace edbc

#endif // EDBC_PASSES_LEARNPOLICY_QLEARNING_H
