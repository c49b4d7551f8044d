//===- QLearningTest.cpp - tests of the learner of policies -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/QLearning.h"

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

QLearningOptions optionsWith(edbc_encoding encoding, uint64_t seed = 1) {
  QLearningOptions options;
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
      QLearningOptions options = optionsWith(encoding);
      options.beginWithLemma = beginWithLemma;
      LearnedPolicy learned = learnPolicy(samples, options);
      EXPECT_TRUE(learned.reachedBound());
      EXPECT_EQ(learned.encoding, encoding);
      EXPECT_LT(learned.numEpisodes, options.maxEpisodes);
      Machine machine(learned.transitions, encoding, NumTreeTypes);
      for (const Graph &graph : others) {
        BatchCounts counts = countBatches(graph, machine.get());
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
      QLearningOptions options = optionsWith(encoding, seed);
      options.maxEpisodes = 50;
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
      QLearningOptions options = optionsWith(EDBC_ENCODING_BASE, seed);
      options.beginWithLemma = beginWithLemma;
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
    QLearningOptions options = optionsWith(EDBC_ENCODING_SORT, seed);
    options.beginWithLemma = false;
    LearnedPolicy learned = learnPolicy(samples, options);
    options.maxEpisodes = 0;
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
  Machine machine(learned.transitions, EDBC_ENCODING_SORT, NumTreeTypes + 1);
  BatchCounts total;
  for (const Graph &graph : drawTreesOfTwoTypes(2, 8))
    total += countBatches(graph, machine.get());
  EXPECT_GE(total.fsm, total.lowerBound);
  EXPECT_LT(total.fsm, total.agenda);
  EXPECT_LT(total.fsm, total.depth);
}

TEST(QLearningTest, DependsOnItsArgumentsOnly) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(5, 3);
  for (edbc_encoding encoding : allEncodings) {
    QLearningOptions options = optionsWith(encoding, 7);
    options.maxEpisodes = 100;
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
    QLearningOptions options = optionsWith(encoding);
    options.maxEpisodes = 100;
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

    Machine machine(transitions, encoding, numTypes);
    core::Frontier frontier;
    core::FsmPolicy fsm(machine.get());
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

TEST(QLearningTest, ReportsEveryMiniBatch) {
  std::vector<Graph> samples = drawTrees(1, 3);
  LearnedPolicy learned = learnPolicy(samples, QLearningOptions());
  ASSERT_EQ(learned.miniBatches.size(), 3u);
  BatchCounts total;
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(learned.miniBatches[i].lowerBound, core::lowerBound(samples[i]));
    total += learned.miniBatches[i];
  }
  EXPECT_EQ(total.lowerBound, learned.total.lowerBound);
  EXPECT_EQ(total.fsm, learned.total.fsm);
  EXPECT_EQ(total.agenda, learned.total.agenda);
  EXPECT_EQ(total.depth, learned.total.depth);
  EXPECT_EQ(total.lemma, learned.total.lemma);
}

/// Refinement, with which samples are set aside for the trial.
TEST(QLearningTest, TriesTheMachineOnOtherGraphs) {
  QLearningOptions options;
  for (uint32_t numSamples : {3u, 8u}) {
    std::vector<Graph> samples = drawTreesOfTwoTypes(1, numSamples);
    LearnedPolicy learned = learnPolicy(samples, options);
    uint64_t unseen = 0;
    for (uint32_t i = numSamples - numSamples / 4; i < numSamples; ++i)
      unseen += learned.miniBatches[i].depth;
    // Joined, they are as deep as the deepest.
    uint64_t joined = learned.trial.depth - unseen;
    uint64_t deepest = 0;
    for (const BatchCounts &counts : learned.miniBatches)
      deepest = std::max(deepest, counts.depth);
    EXPECT_GE(joined, deepest);
    EXPECT_LT(joined, learned.total.depth);
    EXPECT_LT(learned.trial.fsm, learned.trial.lemma);
    EXPECT_EQ(learned.total.fallbacks, 0u);
    EXPECT_EQ(learned.best(), EDBC_POLICY_FSM);
  }
}

TEST(QLearningTest, NamesTheBestPolicy) {
  LearnedPolicy learned;
  auto set = [&](BatchCounts &counts, uint64_t fsm, uint64_t lemma,
                 uint64_t agenda, uint64_t depth) {
    counts = BatchCounts();
    counts.fsm = fsm;
    counts.lemma = lemma;
    counts.agenda = agenda;
    counts.depth = depth;
  };
  auto reset = [&] {
    learned.miniBatches.resize(1);
    for (BatchCounts *counts :
         {&learned.total, &learned.trial, &learned.miniBatches[0]})
      set(*counts, 10, 10, 10, 11);
  };
  reset();
  EXPECT_EQ(learned.best(), EDBC_POLICY_FSM);
  // What it learned doesn't carry over.
  set(learned.trial, 11, 10, 11, 11);
  EXPECT_EQ(learned.best(), EDBC_POLICY_LEMMA);
  reset();
  learned.trial.fallbacks = 6;
  EXPECT_EQ(learned.best(), EDBC_POLICY_LEMMA);
  // A single mini-batch counts.
  reset();
  set(learned.miniBatches[0], 11, 10, 10, 10);
  EXPECT_EQ(learned.best(), EDBC_POLICY_LEMMA);
  set(learned.miniBatches[0], 11, 11, 10, 10);
  EXPECT_EQ(learned.best(), EDBC_POLICY_AGENDA);
  learned.total.depth = 9;
  EXPECT_EQ(learned.best(), EDBC_POLICY_DEPTH);
}

TEST(QLearningTest, TakesTheCheapestEncodingThatSuffices) {
  QLearningOptions options;
  LearnedPolicy trees = learnCheapestPolicy(drawTrees(1, 4), options);
  EXPECT_EQ(trees.encoding, EDBC_ENCODING_BASE);
  EXPECT_TRUE(trees.reachedBound());
  LearnedPolicy others =
      learnCheapestPolicy(drawTreesOfTwoTypes(1, 4), options);
  EXPECT_EQ(others.encoding, EDBC_ENCODING_CRITICAL);
}

TEST(QLearningTest, LearnsNothingFromNothing) {
  LearnedPolicy ofNone = learnPolicy({}, QLearningOptions());
  EXPECT_TRUE(ofNone.transitions.empty());
  EXPECT_TRUE(ofNone.miniBatches.empty());
  LearnedPolicy ofEmpty = learnPolicy({Graph(3)}, QLearningOptions());
  EXPECT_TRUE(ofEmpty.transitions.empty());
  EXPECT_EQ(ofEmpty.total.fsm, 0u);
}

/// With this many types keys wrap, and frontiers may share one.
TEST(QLearningTest, CopesWithManyTypes) {
  Random random(1);
  std::vector<Graph> samples(2, Graph(200));
  for (Graph &graph : samples)
    appendRandomNodes(graph, random, 600, 3, 100);
  for (edbc_encoding encoding : allEncodings) {
    QLearningOptions options = optionsWith(encoding);
    options.maxEpisodes = 20;
    LearnedPolicy learned = learnPolicy(samples, options);
    EXPECT_GE(learned.total.fsm, learned.total.lowerBound);
    EXPECT_LE(learned.total.fsm, 1200u);
  }
}
