//===- FewestBatches.h - the shortest schedule, by trying all --*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_UNIT_RUNTIME_FEWESTBATCHES_H
#define EDBC_TEST_UNIT_RUNTIME_FEWESTBATCHES_H

#include "runtime/core/Graph.h"

namespace edbc::test {

/// The fewest batches of any schedule, by trying all: every subset of the ready
/// nodes of a type may be a batch. For at most about 15 nodes.
inline uint32_t fewestBatches(const core::Graph &graph) {
  uint32_t numSets = 1u << graph.numNodes();
  std::vector<uint32_t> batches(numSets, UINT32_MAX);
  batches[0] = 0;
  for (uint32_t executed = 0; executed + 1 < numSets; ++executed) {
    if (batches[executed] == UINT32_MAX)
      continue;
    for (uint32_t type = 0; type < graph.numTypes(); ++type) {
      uint32_t ready = 0;
      for (uint32_t node = 0; node < graph.numNodes(); ++node) {
        bool isReady = graph.type(node) == type && !(executed >> node & 1);
        for (uint32_t operand : graph.operands(node))
          isReady &= executed >> operand & 1;
        ready |= uint32_t(isReady) << node;
      }
      for (uint32_t batch = ready; batch != 0; batch = (batch - 1) & ready)
        batches[executed | batch] =
            std::min(batches[executed | batch], batches[executed] + 1);
    }
  }
  return batches[numSets - 1];
}

} // namespace edbc::test

#endif // EDBC_TEST_UNIT_RUNTIME_FEWESTBATCHES_H
