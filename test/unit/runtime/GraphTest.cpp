//===- GraphTest.cpp - tests of the graph ----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/runtime/RandomGraphs.h"

#include <gtest/gtest.h>

using namespace edbc::core;
using namespace edbc::test;

static std::vector<uint32_t> toVector(NodeSpan nodes) {
  return {nodes.begin(), nodes.end()};
}

static std::vector<uint32_t> usersOf(const Graph &graph, uint32_t node) {
  std::vector<uint32_t> users;
  graph.forEachUse(node, [&](uint32_t user) { users.push_back(user); });
  return users;
}

TEST(GraphTest, KeepsTypesOperandsAndUses) {
  Graph graph(2);
  EXPECT_EQ(graph.add(1, nullptr, 0), 0u);
  EXPECT_EQ(graph.add(0, nullptr, 0), 1u);
  const uint32_t twice[] = {0, 0}, both[] = {1, 0, 2};
  EXPECT_EQ(graph.add(0, twice, 2), 2u);
  EXPECT_EQ(graph.add(1, both, 3), 3u);

  EXPECT_EQ(graph.numTypes(), 2u);
  EXPECT_EQ(graph.numNodes(), 4u);
  EXPECT_EQ(graph.type(0), 1u);
  EXPECT_EQ(graph.type(2), 0u);
  EXPECT_EQ(toVector(graph.operands(0)), std::vector<uint32_t>());
  EXPECT_EQ(toVector(graph.operands(2)), std::vector<uint32_t>({0, 0}));
  EXPECT_EQ(toVector(graph.operands(3)), std::vector<uint32_t>({1, 0, 2}));
  EXPECT_EQ(usersOf(graph, 0), std::vector<uint32_t>({3, 2, 2}));
  EXPECT_EQ(usersOf(graph, 1), std::vector<uint32_t>({3}));
  EXPECT_EQ(usersOf(graph, 3), std::vector<uint32_t>());
}

TEST(GraphTest, UsesAreTheInverseOfOperands) {
  Random random(1);
  Graph graph(5);
  appendRandomNodes(graph, random, 2000, 4, 50);
  std::vector<std::vector<uint32_t>> users(graph.numNodes());
  for (uint32_t node = graph.numNodes(); node-- > 0;)
    for (uint32_t operand : graph.operands(node))
      users[operand].push_back(node);
  for (uint32_t node = 0; node < graph.numNodes(); ++node)
    ASSERT_EQ(usersOf(graph, node), users[node]) << "node " << node;
}

/// In steps it becomes the same graph.
TEST(GraphTest, NodesAreAppendedInSteps) {
  Random random(2);
  Graph graph(5), appended(5);
  appendRandomNodes(graph, random, 1000, 4, 50);
  for (uint32_t node = 0; node < graph.numNodes(); ++node) {
    NodeSpan operands = graph.operands(node);
    size_t room = appended.nextRoomForNodes();
    ASSERT_GT(room, node);
    appended.reserve(operands.size());
    ASSERT_EQ(appended.nextRoomForNodes(), room);
    std::copy(operands.begin(), operands.end(), appended.room());
    EXPECT_EQ(
        appended.append(graph.type(node), appended.room(), operands.size()),
        node);
  }
  std::vector<uint32_t> numOfType(5);
  for (uint32_t node = 0; node < graph.numNodes(); ++node) {
    EXPECT_EQ(toVector(appended.operands(node)),
              toVector(graph.operands(node)));
    EXPECT_EQ(appended.numOperands(node), graph.operands(node).size());
    EXPECT_EQ(usersOf(appended, node), usersOf(graph, node));
    ++numOfType[graph.type(node)];
  }
  for (uint32_t type = 0; type < 5; ++type)
    EXPECT_EQ(appended.numOfType(type), numOfType[type]);
}

/// Up to the end of the room, nodes can be added without making any.
TEST(GraphTest, SaysHowFarItsRoomReaches) {
  const uint32_t operands[70] = {};
  for (uint32_t most : {0u, 1u, 3u, 70u}) {
    Graph graph(1);
    EXPECT_EQ(graph.endOfRoom(most), 0u);
    for (uint32_t round = 0; round < 5; ++round) {
      graph.reserve(most);
      const uint32_t end = graph.endOfRoom(most);
      ASSERT_GT(end, graph.numNodes());
      ASSERT_LE(end, graph.nextRoomForNodes());
      while (graph.numNodes() < end) {
        ASSERT_GE(graph.endOfRoom(most), end);
        graph.append(0, operands, graph.numNodes() == 0 ? 0 : most);
      }
    }
  }
}

TEST(GraphTest, ListsNodesWithoutOperands) {
  Random random(4);
  Graph graph(5);
  appendRandomNodes(graph, random, 1000, 2, 50);
  std::vector<uint32_t> expected;
  for (uint32_t node = 0; node < graph.numNodes(); ++node)
    if (graph.numOperands(node) == 0)
      expected.push_back(node);
  EXPECT_GT(expected.size(), 10u);
  EXPECT_EQ(toVector(graph.getSources()), expected);
  graph.clear();
  EXPECT_EQ(graph.getSources().size(), 0u);
}

TEST(GraphTest, StartsAnewAfterClear) {
  Graph graph(1);
  uint32_t first = graph.add(0, nullptr, 0);
  graph.add(0, &first, 1);
  graph.clear();
  EXPECT_EQ(graph.numNodes(), 0u);
  EXPECT_EQ(graph.add(0, nullptr, 0), 0u);
  EXPECT_EQ(usersOf(graph, 0), std::vector<uint32_t>());
  EXPECT_EQ(graph.operands(0).size(), 0u);
}
