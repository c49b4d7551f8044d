//===- RandomGraph.cpp - makes random graphs --------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "random_dag/RandomGraph.h"

#include "program/SplitMix.h"

#include <algorithm>

using namespace random_graphs;

namespace {

/// The multiple of 1 / k, for all k up to numTypes, in integers.
constexpr std::uint64_t weightOfFirst = 232792560;

std::uint32_t drawType(unsigned types, program::SplitMix &random) {
  std::uint64_t total = 0;
  for (unsigned k = 1; k <= types; ++k)
    total += weightOfFirst / k;
  std::uint64_t draw = random.below(total);
  std::uint32_t type = 0;
  while (draw >= weightOfFirst / (type + 1)) {
    draw -= weightOfFirst / (type + 1);
    ++type;
  }
  return type;
}

} // namespace

Graph random_graphs::makeRandomGraph(unsigned types, std::uint64_t seed) {
  program::SplitMix random(seed);
  Graph graph;
  for (unsigned i = 0; i != numOperands; ++i)
    graph.push_back(
        {true, static_cast<std::uint32_t>(random.below(numSources)), {}});
  for (std::uint32_t i = numOperands; i != numNodes; ++i) {
    GraphNode node = {false, drawType(types, random), {}};
    std::uint32_t reach = std::min<std::uint32_t>(i, farthest);
    for (unsigned k = 0; k != numOperands;) {
      std::uint32_t operand =
          i - 1 - static_cast<std::uint32_t>(random.below(reach));
      auto *end = node.operands.begin() + k;
      if (std::find(node.operands.begin(), end, operand) == end)
        node.operands[k++] = operand;
    }
    graph.push_back(node);
  }
  return graph;
}
