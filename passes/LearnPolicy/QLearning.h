//===- QLearning.h - learns a machine as in the paper -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Tabular Q-learning (Chen et al., ED-Batch, ICML 2023, Alg. 1 and
// section 2.3).
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_LEARNPOLICY_QLEARNING_H
#define EDBC_PASSES_LEARNPOLICY_QLEARNING_H

#include "passes/LearnPolicy/Machine.h"
#include "passes/LearnPolicy/Progress.h"

namespace edbc {

/// Defaults are the paper's, where it names any.
struct QLearningOptions {
  uint64_t seed = 1;
  /// Learns from the first so many mini-batches.
  size_t numMiniBatches = SIZE_MAX;
  /// Most episodes; in each, one mini-batch is scheduled.
  uint32_t maxEpisodes = 1000;
  /// Bounds the memory: learning ends when so many states were entered.
  uint32_t maxStates = 1 << 16;
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
  BatchCosts costs; ///< that are made low, instead of the number of batches
};

struct QLearningResult {
  /// A transition for every state that the machine enters on the mini-batches
  /// and no others, in lexicographic order of the frontiers.
  std::vector<Transition> transitions;
  uint32_t numEpisodes = 0;
};

/// The reward is `alpha * ready / sources - 1`, where sources are those of the
/// type's subgraph (Lemma 2.1): 0 for a choice that is certainly right if alpha
/// is 1. Where batches have costs, it is multiplied with that of the type over
/// their mean. Mini-batches take turns. The greedy policy is evaluated before
/// the first episode, after every `evaluationInterval` and after the last one;
/// the best machine of all evaluations is the result. Ends early at the lower
/// bound of all mini-batches. There must be one.
///
/// A function of its arguments alone, unless the watch ends it.
QLearningResult learnByQLearning(const std::vector<core::Graph> &miniBatches,
                                 edbc_encoding encoding,
                                 const QLearningOptions &options,
                                 const LearningWatch &watch = {});

} // namespace edbc

#endif // EDBC_PASSES_LEARNPOLICY_QLEARNING_H
