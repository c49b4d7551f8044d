//===- RandomGraphs.h - seeded graphs for tests ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_UNIT_RUNTIME_RANDOMGRAPHS_H
#define EDBC_TEST_UNIT_RUNTIME_RANDOMGRAPHS_H

#include "runtime/core/Graph.h"

namespace edbc::test {

/// SplitMix64: the same numbers with every standard library.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}

  uint64_t next() {
    uint64_t z = (state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  /// In [0, bound); the bias doesn't matter here.
  uint32_t below(uint32_t bound) {
    return static_cast<uint32_t>(next() % bound);
  }

private:
  uint64_t state;
};

/// Appends nodes of random types, each with up to `maxOperands` operands among
/// the `window` nodes before it, sometimes the same one twice.
inline void appendRandomNodes(core::Graph &graph, Random &random,
                              uint32_t count, uint32_t maxOperands,
                              uint32_t window) {
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t numNodes = graph.numNodes();
    std::vector<uint32_t> operands;
    if (numNodes != 0)
      for (uint32_t j = random.below(maxOperands + 1); j != 0; --j)
        operands.push_back(numNodes - 1 -
                           random.below(std::min(window, numNodes)));
    graph.add(random.below(graph.numTypes()), operands.data(),
              static_cast<uint32_t>(operands.size()));
  }
}

/// Draws which types may be operands of which: for each, up to `mostOperands`
/// types, of which those that it shares no component with are as likely as
/// others.
inline core::TypeOperands drawTypeOperands(Random &random, uint32_t numTypes,
                                           uint32_t mostOperands) {
  core::TypeOperands operands(numTypes);
  for (std::vector<uint32_t> &types : operands)
    for (uint32_t i = random.below(mostOperands + 1); i != 0; --i)
      types.push_back(random.below(numTypes));
  return operands;
}

/// Appends nodes of random types, each with up to `maxOperands` operands that
/// are as `allowed` has it, among the `window` nodes before it.
inline void appendOrderedNodes(core::Graph &graph, Random &random,
                               const core::TypeOperands &allowed,
                               uint32_t count, uint32_t maxOperands,
                               uint32_t window) {
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t numNodes = graph.numNodes(), type = random.below(graph.numTypes());
    std::vector<uint32_t> operands;
    for (uint32_t j = 0; j < 4 * maxOperands && numNodes != 0; ++j) {
      uint32_t operand =
          numNodes - 1 - random.below(std::min(window, numNodes));
      if (operands.size() < maxOperands && random.below(2) == 0 &&
          std::count(allowed[type].begin(), allowed[type].end(),
                     graph.type(operand)) != 0)
        operands.push_back(operand);
    }
    graph.add(type, operands.data(), static_cast<uint32_t>(operands.size()));
  }
}

/// A graph of `count` nodes with a random order of types.
inline core::Graph drawOrderedGraph(Random &random, uint32_t numTypes,
                                    uint32_t count, uint32_t window) {
  core::TypeOperands allowed = drawTypeOperands(random, numTypes, 3);
  core::Graph graph{core::TypeOrder(allowed)};
  appendOrderedNodes(graph, random, allowed, count, 3, window);
  return graph;
}

enum TreeType : uint32_t { Leaf = 0, Inner = 1, Score = 2, NumTreeTypes = 3 };

/// Appends a binary tree over `numWords` leaves; every node is scored.
inline void appendRandomTree(core::Graph &graph, Random &random,
                             uint32_t numWords) {
  std::vector<uint32_t> roots;
  auto add = [&](uint32_t type, std::vector<uint32_t> operands) {
    uint32_t node = graph.add(type, operands.data(),
                              static_cast<uint32_t>(operands.size()));
    graph.add(Score, &node, 1);
    roots.push_back(node);
  };
  for (uint32_t i = 0; i < numWords; ++i)
    add(Leaf, {});
  while (numWords > 1) {
    uint32_t at = random.below(numWords-- - 1);
    uint32_t left = roots[at], right = roots[at + 1];
    add(Inner, {left, right});
    roots[at] = roots.back();
    roots.pop_back();
    roots.erase(roots.begin() + at + 1);
  }
}

} // namespace edbc::test

#endif // EDBC_TEST_UNIT_RUNTIME_RANDOMGRAPHS_H
