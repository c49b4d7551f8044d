//===- CriticalTypesTest.cpp - tests of critical types ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/core/Policy.h"
#include "test/unit/runtime/RandomGraphs.h"
#include "test/unit/runtime/Snapshot.h"

#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <utility>

using namespace edbc::core;
using namespace edbc::test;

namespace {

/// By type, the most unexecuted nodes of the type on one path.
std::vector<uint32_t> longestChains(const Frontier &frontier) {
  Snapshot snapshot(frontier);
  const Graph &graph = frontier.getGraph();
  std::vector<uint32_t> longest(graph.numTypes());
  for (uint32_t type = 0; type < graph.numTypes(); ++type) {
    std::vector<uint32_t> chains(graph.numNodes());
    for (uint32_t node = 0; node < graph.numNodes(); ++node) {
      for (uint32_t operand : graph.operands(node))
        chains[node] = std::max(chains[node], chains[operand]);
      chains[node] += graph.type(node) == type && !snapshot.executed[node];
      longest[type] = std::max(longest[type], chains[node]);
    }
  }
  return longest;
}

/// Whether a batch of the type would lower the bound of what remains.
bool isCriticalByDefinition(Frontier frontier, uint32_t type) {
  if (frontier.ready(type) == 0)
    return false;
  std::vector<uint32_t> before = longestChains(frontier);
  frontier.step(type);
  std::vector<uint32_t> after = longestChains(frontier);
  for (uint32_t other = 0; other < before.size(); ++other)
    if (frontier.isChosen(other)) {
      EXPECT_LE(before[other] - after[other], uint32_t(other == type));
    }
  return after[type] < before[type];
}

} // namespace

TEST(CriticalTypesTest, FollowsTheDefinition) {
  Random random(7);
  CriticalTypes critical;
  Frontier frontier;
  for (uint32_t round = 0; round < 40; ++round) {
    // Also more types than are dealt with in one pass, of narrow or wide ones.
    const uint32_t numTypes[] = {1 + random.below(5), 8, 20, 40};
    Graph graph(numTypes[round % 4]);
    if (round % 8 < 4)
      appendRandomNodes(graph, random, 60, 2, 12);
    else
      graph = drawOrderedGraph(random, graph.numTypes(), 60, 12);
    frontier.reset(graph, random.below(20));
    critical.reset();
    while (!frontier.done()) {
      // Not at every step.
      if (random.below(2) == 0) {
        critical.update(frontier);
        for (uint32_t type = 0; type < graph.numTypes(); ++type)
          ASSERT_EQ(critical.isCritical(type),
                    isCriticalByDefinition(frontier, type));
      }
      uint32_t type = random.below(graph.numTypes());
      if (frontier.ready(type) != 0)
        frontier.step(type);
    }
    critical.update(frontier);
    for (uint32_t type = 0; type < graph.numTypes(); ++type)
      EXPECT_FALSE(critical.isCritical(type));
  }
}

namespace {

class LongChainsTest
    : public testing::TestWithParam<std::pair<uint32_t, uint32_t>> {};

} // namespace

TEST_P(LongChainsTest, CriticalTypesFollowThem) {
  auto [length, numTypes] = GetParam();
  Graph graph(numTypes);
  uint32_t chain = graph.add(0, nullptr, 0);
  for (uint32_t i = 1; i < length; ++i)
    chain = graph.add(0, &chain, 1);
  // Shorter by two, one of them of the other type.
  uint32_t other = graph.add(1, nullptr, 0);
  for (uint32_t i = 2; i < length; ++i)
    other = graph.add(0, &other, 1);
  Frontier frontier;
  CriticalTypes critical;
  frontier.reset(graph);
  critical.reset();
  critical.update(frontier);
  EXPECT_TRUE(critical.isCritical(0));
  EXPECT_TRUE(critical.isCritical(1));
  for (uint32_t i = 0; i < 3; ++i)
    frontier.step(0);
  critical.update(frontier);
  EXPECT_FALSE(critical.isCritical(0)); // The other chain waits.
  EXPECT_TRUE(critical.isCritical(1));
  frontier.step(1);
  critical.update(frontier);
  EXPECT_TRUE(critical.isCritical(0));
}

/// Around the lengths for which 8 and 16 bits just suffice.
INSTANTIATE_TEST_SUITE_P(
    LengthAndTypes, LongChainsTest,
    testing::Values(std::pair(253u, 20u), std::pair(254u, 20u),
                    std::pair(255u, 20u), std::pair(300u, 20u),
                    std::pair(32766u, 2u), std::pair(32767u, 2u),
                    std::pair(70000u, 2u), std::pair(70000u, 20u)));

/// Where all sources of a type are ready, it is critical.
TEST(CriticalTypesTest, HoldsWhereTheLemmaDoes) {
  Random random(8);
  CriticalTypes critical;
  SubgraphSources sources;
  Frontier frontier;
  uint32_t numCertain = 0;
  for (uint32_t round = 0; round < 20; ++round) {
    Graph graph(1 + random.below(6));
    appendRandomNodes(graph, random, 80, 2, 15);
    frontier.reset(graph);
    critical.reset();
    sources.reset();
    while (!frontier.done()) {
      critical.update(frontier);
      sources.update(frontier);
      for (uint32_t type = 0; type < graph.numTypes(); ++type)
        if (frontier.ready(type) != 0 &&
            frontier.ready(type) == sources.count(type)) {
          EXPECT_TRUE(critical.isCritical(type));
          ++numCertain;
        }
      uint32_t type = random.below(graph.numTypes());
      if (frontier.ready(type) != 0)
        frontier.step(type);
    }
  }
  EXPECT_GT(numCertain, 100u);
}

namespace {

/// By type and height, which nodes that are not executed are ready, and which
/// wait; a height is the most nodes of the type on a path from there.
struct NodesByHeight {
  explicit NodesByHeight(const Frontier &frontier)
      : byType(frontier.numTypes()) {
    Snapshot snapshot(frontier);
    const Graph &graph = frontier.getGraph();
    for (uint32_t type = 0; type < frontier.numTypes(); ++type) {
      std::vector<uint32_t> chains(graph.numNodes());
      for (uint32_t node = graph.numNodes(); node-- > 0;) {
        bool isOfType = graph.type(node) == type;
        chains[node] += isOfType;
        if (isOfType && !snapshot.executed[node]) {
          NodeSpan ready = frontier.readyNodes(type);
          bool isReady =
              std::find(ready.begin(), ready.end(), node) != ready.end();
          auto &[numReady, numWaiting] = byType[type][chains[node]];
          ++(isReady ? numReady : numWaiting);
        }
        for (uint32_t operand : graph.operands(node))
          chains[operand] = std::max(chains[operand], chains[node]);
      }
    }
  }

  /// As `CriticalTypes::mostDue` defines it, but that weights are fractions.
  double dueShare(uint32_t type) const {
    double ready = 0, due = 0;
    uint32_t begun = 0;
    uint32_t top = byType[type].rbegin()->first;
    for (uint32_t height = top; height > 0 && top - height < 12; --height) {
      auto found = byType[type].find(height);
      auto [numReady, numWaiting] =
          found == byType[type].end() ? std::pair(0u, 0u) : found->second;
      double weight = std::ldexp(1.0, -int(top - height));
      uint32_t following = std::min(begun, numWaiting);
      ready += weight * numReady;
      due += weight * (numReady + numWaiting - following);
      begun = numReady + following;
    }
    bool isCritical = byType[type].rbegin()->second.second == 0;
    return ready / due + (isCritical ? 1.0 / 16 : 0);
  }

  std::vector<std::map<uint32_t, std::pair<uint32_t, uint32_t>>> byType;
};

} // namespace

TEST(MostDuePolicyTest, TakesTheLargestShare) {
  Random random(11);
  MostDuePolicy mostDue;
  Frontier frontier;
  for (uint32_t round = 0; round < 40; ++round) {
    Graph graph(1 + random.below(round % 2 == 0 ? 6 : 40));
    appendRandomNodes(graph, random, 120, 2, 15);
    frontier.reset(graph, random.below(30));
    mostDue.begin(frontier);
    while (!frontier.done()) {
      NodesByHeight nodes(frontier);
      uint32_t type = mostDue.choose(frontier);
      ASSERT_EQ(type, bestType(frontier, [&](uint32_t type) {
                  return std::make_pair(nodes.dueShare(type),
                                        frontier.ready(type));
                }));
      frontier.step(type);
      // Steps that it wasn't asked for.
      uint32_t other = random.below(graph.numTypes());
      if (random.below(4) == 0 && frontier.ready(other) != 0)
        frontier.step(other);
    }
  }
}

/// The nodes of a chain that is longer than the heights that count.
TEST(MostDuePolicyTest, TakesLongChainsFirst) {
  Graph graph(2);
  uint32_t chain = graph.add(0, nullptr, 0);
  for (uint32_t i = 1; i < 100; ++i)
    chain = graph.add(0, &chain, 1);
  for (uint32_t i = 0; i < 3; ++i)
    graph.add(1, &chain, 1);
  graph.add(1, nullptr, 0);
  Frontier frontier;
  MostDuePolicy mostDue;
  EXPECT_EQ(schedule(frontier, graph, 0, mostDue).batches.size(), 101u);
}
