//===- SearchTest.cpp - tests of the search for schedules -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/SearchSchedule/Search.h"

#include "runtime/core/Policy.h"
#include "test/unit/runtime/FewestBatches.h"
#include "test/unit/runtime/RandomGraphs.h"

#include <gtest/gtest.h>

using namespace edbc;
using core::Graph;

/// Checks that the types can be batched in this order and that nothing is left.
static void expectValid(const Graph &graph, const SearchResult &result) {
  core::Frontier frontier;
  frontier.reset(graph);
  for (uint32_t type : result.steps) {
    ASSERT_LT(type, graph.numTypes());
    ASSERT_NE(frontier.ready(type), 0u);
    frontier.step(type);
  }
  EXPECT_TRUE(frontier.done());
}

static Graph drawSmallGraph(test::Random &random) {
  if (random.below(4) == 0)
    return test::drawOrderedGraph(random, 2 + random.below(4), 13, 9);
  Graph graph(2 + random.below(2));
  test::appendRandomNodes(graph, random, 13, 2, 9);
  return graph;
}

TEST(SearchTest, ProvesTheFewestBatches) {
  test::Random random(1);
  uint32_t numAboveBound = 0;
  for (int round = 0; round < 200; ++round) {
    Graph graph = drawSmallGraph(random);
    // So narrow a beam leaves something to the proof.
    SearchResult result = searchSchedule(graph, {1, 100000, {}});
    expectValid(graph, result);
    EXPECT_TRUE(result.isProven());
    EXPECT_EQ(result.numBatches, test::fewestBatches(graph));
    numAboveBound += result.bound > core::lowerBound(graph);
  }
  EXPECT_GT(numAboveBound, 20u);
}

TEST(SearchTest, KeepsToItsLimits) {
  test::Random random(2);
  uint32_t numUnproven = 0;
  for (int round = 0; round < 200; ++round) {
    Graph graph = drawSmallGraph(random);
    SearchResult result =
        searchSchedule(graph, {1 + random.below(3), random.below(8), {}});
    expectValid(graph, result);
    uint32_t fewest = test::fewestBatches(graph);
    EXPECT_LE(core::lowerBound(graph), result.bound);
    EXPECT_LE(result.bound, fewest);
    EXPECT_LE(fewest, result.numBatches);
    numUnproven += !result.isProven();
  }
  EXPECT_GT(numUnproven, 3u);
}

TEST(SearchTest, FindsShorterSchedulesThanTheLemma) {
  test::Random random(3);
  core::Frontier frontier;
  core::LemmaPolicy lemma;
  uint64_t byLemma = 0, byNarrowBeam = 0, byWideBeam = 0;
  for (int round = 0; round < 20; ++round) {
    Graph graph(2 + random.below(4));
    test::appendRandomNodes(graph, random, 300, 3, 30);
    uint64_t batches = core::schedule(frontier, graph, 0, lemma).batches.size();
    for (uint32_t width : {1u, 32u}) {
      SearchResult result = searchSchedule(graph, {width, 0, {}});
      expectValid(graph, result);
      EXPECT_LE(result.numBatches, batches);
      EXPECT_EQ(result.bound, core::lowerBound(graph));
      (width == 1 ? byNarrowBeam : byWideBeam) += result.numBatches;
    }
    byLemma += batches;
  }
  EXPECT_LT(byNarrowBeam, byLemma);
  EXPECT_LT(byWideBeam, byNarrowBeam);
}

/// However narrow the beam is.
TEST(SearchTest, FindsNothingWorseThanTheRules) {
  test::Random random(4);
  core::Frontier frontier;
  core::LemmaPolicy lemma;
  core::MostDuePolicy mostDue;
  uint32_t numTaken = 0;
  for (int round = 0; round < 40; ++round) {
    Graph graph(2 + random.below(12));
    test::appendRandomNodes(graph, random, 300, 3, 30);
    SearchResult result = searchSchedule(graph, {1, 0, {}});
    expectValid(graph, result);
    size_t byLemma = core::schedule(frontier, graph, 0, lemma).batches.size();
    size_t byDue = core::schedule(frontier, graph, 0, mostDue).batches.size();
    EXPECT_LE(result.numBatches, std::min(byLemma, byDue));
    numTaken += result.numBatches == byDue && byDue < byLemma;
  }
  EXPECT_GT(numTaken, 3u);
}

TEST(SearchTest, EndsWhenToldTo) {
  test::Random random(4);
  Graph graph(3);
  test::appendRandomNodes(graph, random, 300, 3, 30);
  SearchResult whole = searchSchedule(graph, SearchOptions());
  EXPECT_FALSE(whole.wasStopped);
  for (uint32_t last : {0u, 1u, 10u}) {
    uint32_t calls = 0;
    SearchOptions options;
    options.goOn = [&] { return calls++ != last; };
    SearchResult result = searchSchedule(graph, options);
    expectValid(graph, result);
    EXPECT_TRUE(result.wasStopped);
    EXPECT_EQ(calls, last + 1);
    EXPECT_GE(result.numBatches, whole.numBatches);
  }
}

TEST(SearchTest, EmptyGraph) {
  SearchResult result = searchSchedule(Graph(3), SearchOptions());
  EXPECT_TRUE(result.steps.empty());
  EXPECT_TRUE(result.isProven());
}
