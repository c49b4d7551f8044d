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

TEST(GraphTest, KeepsTypesAndOperands) {
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
  EXPECT_EQ(graph.numOperandsFrom(0), 5u);
  EXPECT_EQ(graph.numOperandsFrom(3), 3u);
  EXPECT_EQ(graph.numOperandsFrom(4), 0u);
  EXPECT_EQ(toVector(graph.nodesOfType(0)), std::vector<uint32_t>({1, 2}));
  EXPECT_EQ(toVector(graph.nodesOfType(1)), std::vector<uint32_t>({0, 3}));
  EXPECT_EQ(toVector(graph.nodesOfType(1, 1)), std::vector<uint32_t>({3}));
  EXPECT_EQ(toVector(graph.nodesOfType(0, 3)), std::vector<uint32_t>());
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
    appended.reserve(graph.type(node), operands.size());
    ASSERT_EQ(appended.nextRoomForNodes(), room);
    std::copy(operands.begin(), operands.end(), appended.room());
    EXPECT_EQ(
        appended.append(graph.type(node), appended.room(), operands.size()),
        node);
  }
  for (uint32_t node = 0; node < graph.numNodes(); ++node) {
    EXPECT_EQ(toVector(appended.operands(node)),
              toVector(graph.operands(node)));
    EXPECT_EQ(appended.numOperands(node), graph.operands(node).size());
  }
  for (uint32_t first : {0u, 1u, 500u, 1000u})
    for (uint32_t type = 0; type < 5; ++type) {
      std::vector<uint32_t> expected;
      for (uint32_t node = first; node < graph.numNodes(); ++node)
        if (graph.type(node) == type)
          expected.push_back(node);
      EXPECT_EQ(toVector(appended.nodesOfType(type, first)), expected);
    }
}

/// Up to the end of the room, nodes can be added without making any.
TEST(GraphTest, SaysHowFarItsRoomReaches) {
  const uint32_t operands[70] = {};
  for (uint32_t most : {0u, 1u, 3u, 70u}) {
    Graph graph(1);
    EXPECT_EQ(graph.endOfRoom(most), 0u);
    for (uint32_t round = 0; round < 5; ++round) {
      graph.reserve(0, most);
      graph.reserveOfType(0, graph.nextRoomForNodes());
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

TEST(GraphTest, StartsAnewAfterClear) {
  Graph graph(1);
  uint32_t first = graph.add(0, nullptr, 0);
  graph.add(0, &first, 1);
  graph.clear();
  EXPECT_EQ(graph.numNodes(), 0u);
  EXPECT_EQ(graph.add(0, nullptr, 0), 0u);
  EXPECT_EQ(graph.operands(0).size(), 0u);
  EXPECT_EQ(toVector(graph.nodesOfType(0)), std::vector<uint32_t>({0}));
}
