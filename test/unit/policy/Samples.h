//===- Samples.h - graphs to learn from, and machines -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_UNIT_POLICY_SAMPLES_H
#define EDBC_TEST_UNIT_POLICY_SAMPLES_H

#include "passes/LearnPolicy/Machine.h"
#include "test/unit/runtime/RandomGraphs.h"

namespace edbc::test {

/// Mini-batches of trees whose nodes are all scored (TreeLSTM).
inline std::vector<core::Graph> drawTrees(uint64_t seed,
                                          uint32_t numMiniBatches) {
  Random random(seed);
  std::vector<core::Graph> graphs;
  for (uint32_t i = 0; i < numMiniBatches; ++i) {
    graphs.emplace_back(NumTreeTypes);
    for (int j = 0; j < 16; ++j)
      appendRandomTree(graphs.back(), random, 1 + random.below(25));
  }
  return graphs;
}

/// The same with inner nodes of two types (TreeLSTM-2Type).
inline std::vector<core::Graph> drawTreesOfTwoTypes(uint64_t seed,
                                                    uint32_t numMiniBatches) {
  Random random(seed);
  std::vector<core::Graph> graphs;
  for (const core::Graph &trees : drawTrees(seed, numMiniBatches)) {
    graphs.emplace_back(NumTreeTypes + 1);
    for (uint32_t node = 0; node < trees.numNodes(); ++node) {
      uint32_t type = trees.type(node);
      if (type == Inner && random.below(2) == 0)
        type = NumTreeTypes;
      graphs.back().add(type, trees.operands(node).begin(),
                        trees.operands(node).size());
    }
  }
  return graphs;
}

inline std::vector<core::Graph>
drawGraphsOfThreeTypes(uint64_t seed, uint32_t numGraphs, uint32_t numNodes) {
  Random random(seed);
  std::vector<core::Graph> graphs;
  for (uint32_t i = 0; i < numGraphs; ++i) {
    graphs.emplace_back(3);
    appendRandomNodes(graphs.back(), random, numNodes, 2, 6);
  }
  return graphs;
}

inline uint64_t countFsm(const std::vector<core::Graph> &graphs,
                         const edbc_policy_desc &machine) {
  core::Frontier frontier;
  core::FsmPolicy fsm(machine);
  uint64_t batches = 0;
  for (const core::Graph &graph : graphs)
    batches += core::schedule(frontier, graph, 0, fsm).batches.size();
  return batches;
}

/// The fewest batches that a machine with encoding base takes for graphs of
/// three types, by trying all: in four states there is something to choose.
inline uint64_t fewestOfAllMachines(const std::vector<core::Graph> &graphs) {
  uint64_t fewest = UINT64_MAX;
  for (uint32_t a : {0, 1})
    for (uint32_t b : {0, 2})
      for (uint32_t c : {1, 2})
        for (uint32_t d : {0, 1, 2}) {
          Machine machine(EDBC_ENCODING_BASE,
                          {{{0}, 0},
                           {{1}, 1},
                           {{2}, 2},
                           {{0, 1}, a},
                           {{0, 2}, b},
                           {{1, 2}, c},
                           {{0, 1, 2}, d}},
                          3);
          fewest = std::min(fewest, countFsm(graphs, machine.description()));
        }
  return fewest;
}

} // namespace edbc::test

#endif // EDBC_TEST_UNIT_POLICY_SAMPLES_H
