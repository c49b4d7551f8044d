//===- Snapshot.h - frontiers, by definition --------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_UNIT_RUNTIME_SNAPSHOT_H
#define EDBC_TEST_UNIT_RUNTIME_SNAPSHOT_H

#include "runtime/core/Scheduler.h"

namespace edbc::test {

using core::Frontier;
using core::Graph;

/// What is known of a graph whose nodes are partly executed, by definition.
struct Snapshot {
  explicit Snapshot(const Frontier &frontier)
      : graph(frontier.getGraph()), executed(graph.numNodes(), true) {
    std::fill(executed.begin() + frontier.first(), executed.end(), false);
    for (uint32_t type = 0; type < frontier.numTypes(); ++type)
      for (uint32_t node : frontier.executedNodes(type))
        executed[node] = true;
  }

  bool hasAncestor(uint32_t node, uint32_t type) const {
    std::vector<bool> isAncestor(node + 1);
    isAncestor[node] = true;
    for (uint32_t user = node + 1; user-- > 0;)
      for (uint32_t operand : graph.operands(user))
        if (isAncestor[user] && !executed[operand]) {
          if (graph.type(operand) == type)
            return true;
          isAncestor[operand] = true;
        }
    return false;
  }

  uint32_t numSources(uint32_t type) const {
    uint32_t count = 0;
    for (uint32_t node = 0; node < graph.numNodes(); ++node)
      count += !executed[node] && graph.type(node) == type &&
               !hasAncestor(node, type);
    return count;
  }

  const Graph &graph;
  std::vector<bool> executed;
};

/// The type that a policy should take is the one with the highest rank; `rank`
/// gives pairs that compare with <.
template <typename Rank>
uint32_t bestType(const Frontier &frontier, Rank rank) {
  uint32_t best = UINT32_MAX;
  for (uint32_t type = 0; type < frontier.numTypes(); ++type)
    if (frontier.ready(type) != 0 &&
        (best == UINT32_MAX || rank(best) < rank(type)))
      best = type;
  return best;
}

} // namespace edbc::test

#endif // EDBC_TEST_UNIT_RUNTIME_SNAPSHOT_H
