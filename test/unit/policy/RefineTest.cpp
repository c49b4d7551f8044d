//===- RefineTest.cpp - tests of bettering machines -------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/Refine.h"

#include "passes/SearchSchedule/Search.h"
#include "test/unit/policy/Samples.h"

#include <gtest/gtest.h>

using namespace edbc;
using namespace edbc::test;
using core::Graph;

namespace {

constexpr edbc_encoding allEncodings[] = {EDBC_ENCODING_BASE, EDBC_ENCODING_MAX,
                                          EDBC_ENCODING_SORT,
                                          EDBC_ENCODING_CRITICAL};

uint64_t countFsm(const std::vector<Graph> &graphs, edbc_encoding encoding,
                  const std::vector<Transition> &transitions) {
  Machine machine(encoding, transitions, graphs.front().numTypes());
  return test::countFsm(graphs, machine.description());
}

/// For every frontier of three types some action of it.
std::vector<Transition> drawMachine(Random &random) {
  std::vector<Transition> transitions;
  for (std::vector<uint32_t> frontier : std::vector<std::vector<uint32_t>>{
           {0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}, {0, 1, 2}})
    transitions.push_back(
        {frontier, frontier[random.below(uint32_t(frontier.size()))]});
  return transitions;
}

} // namespace

TEST(RefineTest, BettersEveryMachine) {
  Random random(1);
  uint64_t before = 0, after = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<Graph> samples = drawGraphsOfThreeTypes(seed, 3, 60);
    std::vector<Transition> machine = drawMachine(random);
    uint64_t batches = countFsm(samples, EDBC_ENCODING_BASE, machine);
    uint64_t refined = countFsm(
        samples, EDBC_ENCODING_BASE,
        refineMachine(samples, EDBC_ENCODING_BASE, machine, RefineOptions()));
    EXPECT_LE(refined, batches);
    before += batches;
    after += refined;
  }
  EXPECT_LT(after, before);
}

/// Or, now and then, one that takes a batch more.
TEST(RefineTest, FindsBestOfAllMachines) {
  uint64_t found = 0, fewest = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<Graph> samples = drawGraphsOfThreeTypes(seed, 3, 60);
    found += countFsm(
        samples, EDBC_ENCODING_BASE,
        refineMachine(samples, EDBC_ENCODING_BASE, {}, RefineOptions()));
    fewest += fewestOfAllMachines(samples);
  }
  EXPECT_GE(found, fewest);
  EXPECT_LE(found, fewest + 2);
}

TEST(RefineTest, ReachesLowerBoundOnUnseenTrees) {
  std::vector<Graph> samples = drawTrees(1, 2), others = drawTrees(2, 8);
  uint64_t bound = 0;
  for (const Graph &graph : others)
    bound += core::lowerBound(graph);
  for (edbc_encoding encoding : allEncodings)
    EXPECT_EQ(countFsm(others, encoding,
                       refineMachine(samples, encoding, {}, RefineOptions())),
              bound);
}

/// What the critical types are for: held against the ED-Batch encodings and
/// against the search, on graphs that nothing was learned from.
TEST(RefineTest, CriticalTypesHelpOnTreesOfTwoTypes) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(1, 32);
  std::vector<Graph> others = drawTreesOfTwoTypes(2, 32);
  std::vector<uint64_t> batches;
  for (edbc_encoding encoding : allEncodings)
    batches.push_back(
        countFsm(others, encoding,
                 refineMachine(samples, encoding, {}, RefineOptions())));
  uint64_t critical = batches.back();
  batches.pop_back();
  EXPECT_LT(critical, *std::min_element(batches.begin(), batches.end()));
  uint64_t bySearch = 0;
  for (const Graph &graph : others)
    bySearch += searchSchedule(graph, SearchOptions()).numBatches;
  EXPECT_LE(100 * critical, 105 * bySearch);
}

TEST(RefineTest, TransitionsAreThoseOfTheSamples) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(5, 3);
  for (edbc_encoding encoding : allEncodings) {
    std::vector<Transition> transitions =
        refineMachine(samples, encoding, {}, RefineOptions());
    for (size_t i = 1; i < transitions.size(); ++i)
      EXPECT_LT(transitions[i - 1].frontier, transitions[i].frontier);

    // None is missing, and none is to spare.
    Machine machine(encoding, transitions, samples.front().numTypes());
    core::Frontier frontier;
    core::FsmPolicy fsm(machine.description());
    for (const Graph &graph : samples) {
      core::schedule(frontier, graph, 0, fsm);
      EXPECT_EQ(fsm.numFallbacks(), 0u);
    }
    for (size_t i = 0; i < transitions.size(); ++i) {
      std::vector<Transition> fewer = transitions;
      fewer.erase(fewer.begin() + std::ptrdiff_t(i));
      Machine without(encoding, fewer, samples.front().numTypes());
      core::FsmPolicy policy(without.description());
      uint64_t fallbacks = 0;
      for (const Graph &graph : samples) {
        core::schedule(frontier, graph, 0, policy);
        fallbacks += policy.numFallbacks();
      }
      EXPECT_GT(fallbacks, 0u);
    }
  }
}

TEST(RefineTest, DependsOnItsArgumentsOnly) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(5, 3);
  for (edbc_encoding encoding : allEncodings) {
    auto first = refineMachine(samples, encoding, {}, RefineOptions());
    auto second = refineMachine(samples, encoding, {}, RefineOptions());
    ASSERT_EQ(first.size(), second.size());
    for (size_t i = 0; i < first.size(); ++i) {
      EXPECT_EQ(first[i].frontier, second[i].frontier);
      EXPECT_EQ(first[i].action, second[i].action);
    }
  }
}

TEST(RefineTest, WorksNoMoreThanItMay) {
  std::vector<Graph> samples = drawGraphsOfThreeTypes(1, 3, 60);
  Random random(2);
  std::vector<Transition> machine = drawMachine(random);
  RefineOptions options;
  options.maxWork = 0;
  std::vector<Transition> refined =
      refineMachine(samples, EDBC_ENCODING_BASE, machine, options);
  EXPECT_EQ(countFsm(samples, EDBC_ENCODING_BASE, refined),
            countFsm(samples, EDBC_ENCODING_BASE, machine));
}

TEST(RefineTest, LearnsFromTheFirstMiniBatchesOnly) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(5, 6);
  std::vector<Graph> some(samples.begin(), samples.begin() + 2);
  RefineOptions options;
  auto all = refineMachine(some, EDBC_ENCODING_CRITICAL, {}, options);
  options.numMiniBatches = 2;
  auto first = refineMachine(samples, EDBC_ENCODING_CRITICAL, {}, options);
  ASSERT_EQ(first.size(), all.size());
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].frontier, all[i].frontier);
    EXPECT_EQ(first[i].action, all[i].action);
  }
}

/// Stage by stage, whatever the stages are.
TEST(RefineTest, FewGraphsTeachMostOfIt) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(1, 32);
  RefineOptions options;
  options.firstNodes = 1 << 20; // A single stage.
  uint64_t atOnce =
      countFsm(samples, EDBC_ENCODING_CRITICAL,
               refineMachine(samples, EDBC_ENCODING_CRITICAL, {}, options));
  options.firstNodes = 1;
  options.maxWork /= 10;
  uint64_t byStages =
      countFsm(samples, EDBC_ENCODING_CRITICAL,
               refineMachine(samples, EDBC_ENCODING_CRITICAL, {}, options));
  EXPECT_LE(100 * byStages, 102 * atOnce);
}

TEST(RefineTest, KeepsToTheMostStates) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(5, 3);
  RefineOptions options;
  options.maxStates = 5;
  auto machine = refineMachine(samples, EDBC_ENCODING_CRITICAL, {}, options);
  EXPECT_LE(machine.size(), 5u);
  EXPECT_GT(machine.size(), 0u);
}

/// Whenever the watch ends it, what comes out is a machine no worse than that
/// of the beginning.
TEST(RefineTest, EndsWhenToldTo) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(5, 3);
  RefineOptions options;
  options.maxWork = 0;
  uint64_t unlearned =
      countFsm(samples, EDBC_ENCODING_SORT,
               refineMachine(samples, EDBC_ENCODING_SORT, {}, options));
  options.maxWork = 10000000;
  for (uint32_t last : {1u, 2u, 3u, 10u, 30u}) {
    uint32_t calls = 0;
    LearningWatch watch = [&](const LearningProgress &progress) {
      EXPECT_EQ(progress.numMiniBatches, samples.size());
      EXPECT_GE(progress.batches, progress.lowerBound);
      return ++calls < last;
    };
    auto machine =
        refineMachine(samples, EDBC_ENCODING_SORT, {}, options, watch);
    EXPECT_EQ(calls, last);
    EXPECT_LE(countFsm(samples, EDBC_ENCODING_SORT, machine), unlearned);
  }
}

TEST(RefineTest, CopesWithNothingAndWithManyTypes) {
  EXPECT_TRUE(
      refineMachine({}, EDBC_ENCODING_BASE, {}, RefineOptions()).empty());
  EXPECT_TRUE(
      refineMachine({Graph(3)}, EDBC_ENCODING_CRITICAL, {}, RefineOptions())
          .empty());
  // Keys wrap here, and frontiers may share one.
  Random random(1);
  std::vector<Graph> samples(2, Graph(200));
  for (Graph &graph : samples)
    appendRandomNodes(graph, random, 600, 3, 100);
  RefineOptions options;
  options.maxWork = 100000;
  for (edbc_encoding encoding : allEncodings) {
    std::vector<Transition> machine =
        refineMachine(samples, encoding, {}, options);
    uint64_t batches = countFsm(samples, encoding, machine);
    EXPECT_GE(batches,
              core::lowerBound(samples[0]) + core::lowerBound(samples[1]));
    EXPECT_LE(batches, 1200u);
  }
}
