//===- QLearningTest.cpp - tests of Q-learning -----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/Learning.h"

#include "test/unit/policy/Samples.h"
#include "test/unit/runtime/FewestBatches.h"

#include <gtest/gtest.h>

using namespace edbc;
using namespace edbc::test;
using core::Graph;

namespace {

constexpr edbc_encoding allEncodings[] = {EDBC_ENCODING_BASE, EDBC_ENCODING_MAX,
                                          EDBC_ENCODING_SORT,
                                          EDBC_ENCODING_CRITICAL};

LearningOptions optionsWith(edbc_encoding encoding, uint64_t seed = 1) {
  LearningOptions options;
  options.method = LearningMethod::QLearning;
  options.encoding = encoding;
  options.seed = seed;
  return options;
}

} // namespace

TEST(QLearningTest, ReachesLowerBoundOnUnseenTrees) {
  std::vector<Graph> samples = drawTrees(1, 4), others = drawTrees(2, 8);
  for (edbc_encoding encoding : allEncodings)
    for (bool beginWithLemma : {false, true}) {
      LearningOptions options = optionsWith(encoding);
      options.qLearning.beginWithLemma = beginWithLemma;
      LearnedPolicy learned = learnPolicy(samples, options);
      EXPECT_TRUE(learned.reachedBound());
      EXPECT_EQ(learned.encoding, encoding);
      EXPECT_LT(learned.numEpisodes, options.qLearning.maxEpisodes);
      Machine machine(encoding, learned.transitions, NumTreeTypes);
      for (const Graph &graph : others) {
        BatchCounts counts = countBatches(graph, machine.description());
        EXPECT_EQ(counts.fsm, counts.lowerBound);
        EXPECT_LT(counts.fsm, counts.agenda);
        EXPECT_LT(counts.fsm, counts.depth);
      }
    }
}

TEST(QLearningTest, TakesFewestBatchesThatAnyScheduleTakesOnSmallTrees) {
  Random random(3);
  std::vector<Graph> samples;
  for (int i = 0; i < 4; ++i) {
    samples.emplace_back(NumTreeTypes);
    appendRandomTree(samples.back(), random, 4);
  }
  LearnedPolicy learned = learnPolicy(samples, optionsWith(EDBC_ENCODING_SORT));
  for (size_t i = 0; i < samples.size(); ++i)
    EXPECT_EQ(learned.miniBatches[i].fsm, fewestBatches(samples[i]));
}

TEST(QLearningTest, NoCountIsBelowThePossible) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<Graph> samples = drawGraphsOfThreeTypes(seed, 2, 9);
    for (edbc_encoding encoding : allEncodings) {
      LearningOptions options = optionsWith(encoding, seed);
      options.qLearning.maxEpisodes = 50;
      LearnedPolicy learned = learnPolicy(samples, options);
      for (size_t i = 0; i < samples.size(); ++i) {
        const BatchCounts &counts = learned.miniBatches[i];
        uint64_t fewest = fewestBatches(samples[i]);
        EXPECT_LE(counts.lowerBound, fewest);
        EXPECT_GE(counts.fsm, fewest);
        EXPECT_GE(counts.agenda, fewest);
        EXPECT_GE(counts.depth, fewest);
        EXPECT_GE(counts.lemma, fewest);
      }
    }
  }
}

/// The learner finds the best machine there is, with and without help, or now
/// and then one that takes a batch more.
TEST(QLearningTest, FindsBestOfAllMachines) {
  uint64_t found = 0, fewest = 0;
  for (bool beginWithLemma : {false, true})
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      std::vector<Graph> samples = drawGraphsOfThreeTypes(seed, 3, 60);
      LearningOptions options = optionsWith(EDBC_ENCODING_BASE, seed);
      options.qLearning.beginWithLemma = beginWithLemma;
      found += learnPolicy(samples, options).total.fsm;
      fewest += fewestOfAllMachines(samples);
    }
  EXPECT_GE(found, fewest);
  EXPECT_LE(found, fewest + 2);
}

TEST(QLearningTest, EpisodesImproveTheMachine) {
  uint64_t before = 0, after = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    std::vector<Graph> samples = drawGraphsOfThreeTypes(seed, 3, 60);
    LearningOptions options = optionsWith(EDBC_ENCODING_SORT, seed);
    options.qLearning.beginWithLemma = false;
    LearnedPolicy learned = learnPolicy(samples, options);
    options.qLearning.maxEpisodes = 0;
    LearnedPolicy unlearned = learnPolicy(samples, options);
    EXPECT_EQ(unlearned.numEpisodes, 0u);
    EXPECT_LE(learned.total.fsm, unlearned.total.fsm);
    after += learned.total.fsm;
    before += unlearned.total.fsm;
  }
  EXPECT_LT(after, before);
}

TEST(QLearningTest, BeatsAgendaAndDepthOnTreesOfTwoTypes) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(1, 4);
  LearnedPolicy learned = learnPolicy(samples, optionsWith(EDBC_ENCODING_SORT));
  EXPECT_EQ(learned.best(), EDBC_POLICY_FSM);
  Machine machine(EDBC_ENCODING_SORT, learned.transitions, NumTreeTypes + 1);
  BatchCounts total;
  for (const Graph &graph : drawTreesOfTwoTypes(2, 8))
    total += countBatches(graph, machine.description());
  EXPECT_GE(total.fsm, total.lowerBound);
  EXPECT_LT(total.fsm, total.agenda);
  EXPECT_LT(total.fsm, total.depth);
}

TEST(QLearningTest, DependsOnItsArgumentsOnly) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(5, 3);
  for (edbc_encoding encoding : allEncodings) {
    LearningOptions options = optionsWith(encoding, 7);
    options.qLearning.maxEpisodes = 100;
    LearnedPolicy first = learnPolicy(samples, options);
    LearnedPolicy second = learnPolicy(samples, options);
    EXPECT_EQ(first.numEpisodes, second.numEpisodes);
    ASSERT_EQ(first.transitions.size(), second.transitions.size());
    for (size_t i = 0; i < first.transitions.size(); ++i) {
      EXPECT_EQ(first.transitions[i].frontier, second.transitions[i].frontier);
      EXPECT_EQ(first.transitions[i].action, second.transitions[i].action);
    }
  }
}

/// What makes the machine small, complete on the samples, and valid.
TEST(QLearningTest, TransitionsAreThoseOfTheSamples) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(5, 3);
  uint32_t numTypes = samples.front().numTypes();
  for (edbc_encoding encoding : allEncodings) {
    LearningOptions options = optionsWith(encoding);
    options.qLearning.maxEpisodes = 100;
    LearnedPolicy learned = learnPolicy(samples, options);
    const std::vector<Transition> &transitions = learned.transitions;
    for (size_t i = 0; i < transitions.size(); ++i) {
      const std::vector<uint32_t> &frontier = transitions[i].frontier;
      EXPECT_NE(
          std::find(frontier.begin(), frontier.end(), transitions[i].action),
          frontier.end());
      if (i != 0) {
        EXPECT_LT(transitions[i - 1].frontier, frontier);
      }
    }

    Machine machine(encoding, transitions, numTypes);
    core::Frontier frontier;
    core::FsmPolicy fsm(machine.description());
    core::FrontierEncoder encoder(encoding);
    std::vector<uint64_t> entered;
    for (const Graph &graph : samples) {
      frontier.reset(graph);
      encoder.begin(frontier);
      fsm.begin(frontier);
      while (!frontier.done()) {
        entered.push_back(encoder.encode(frontier));
        frontier.step(fsm.choose(frontier));
      }
      EXPECT_EQ(fsm.numFallbacks(), 0u);
    }
    for (const edbc_transition &transition :
         encodeTransitions(transitions, numTypes))
      EXPECT_NE(std::find(entered.begin(), entered.end(), transition.key),
                entered.end());
  }
}

/// With this many types keys wrap, and frontiers may share one.
TEST(QLearningTest, CopesWithManyTypes) {
  Random random(1);
  std::vector<Graph> samples(2, Graph(200));
  for (Graph &graph : samples)
    appendRandomNodes(graph, random, 600, 3, 100);
  for (edbc_encoding encoding : allEncodings) {
    LearningOptions options = optionsWith(encoding);
    options.qLearning.maxEpisodes = 20;
    LearnedPolicy learned = learnPolicy(samples, options);
    EXPECT_GE(learned.total.fsm, learned.total.lowerBound);
    EXPECT_LE(learned.total.fsm, 1200u);
  }
}
