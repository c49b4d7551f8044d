//===- RandomGraphTest.cpp - tests of random graphs -------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "examples/random_dag/RandomGraph.h"

#include <array>
#include <cstddef>
#include <set>
#include <vector>

#include "gtest/gtest.h"

using namespace random_graphs;

namespace {

TEST(RandomGraph, IsWellFormed) {
  for (unsigned types : {1u, 2u, 20u}) {
    Graph graph = makeRandomGraph(types, 3);
    ASSERT_EQ(graph.size(), numNodes);
    for (std::size_t i = 0; i != graph.size(); ++i) {
      const GraphNode &node = graph[i];
      ASSERT_EQ(node.isSource, i < numOperands);
      ASSERT_LT(node.kind, node.isSource ? numSources : types);
      if (node.isSource)
        continue;
      std::set<std::uint32_t> operands(node.operands.begin(),
                                       node.operands.end());
      EXPECT_EQ(operands.size(), numOperands);
      EXPECT_LT(*operands.rbegin(), i);
      EXPECT_LE(i - *operands.begin(), farthest);
    }
  }
}

TEST(RandomGraph, DependsOnTheSeedAlone) {
  auto kinds = [](std::uint64_t seed) {
    std::vector<std::uint32_t> kinds;
    for (const GraphNode &node : makeRandomGraph(20, seed))
      kinds.push_back(node.kind);
    return kinds;
  };
  EXPECT_EQ(kinds(1), kinds(1));
  EXPECT_NE(kinds(1), kinds(2));
}

TEST(RandomGraph, HasTypesOfSkewedFrequencies) {
  std::array<unsigned, numTypes> counts = {};
  unsigned total = 0;
  for (unsigned seed = 0; seed != 200; ++seed)
    for (const GraphNode &node : makeRandomGraph(numTypes, seed))
      if (!node.isSource) {
        ++counts[node.kind];
        ++total;
      }
  double harmonic = 0;
  for (unsigned k = 1; k <= numTypes; ++k)
    harmonic += 1.0 / k;
  for (unsigned k = 1; k <= numTypes; ++k) {
    double expected = total / (k * harmonic);
    EXPECT_NEAR(counts[k - 1], expected, 0.15 * expected) << "type " << k - 1;
  }
}

} // namespace
