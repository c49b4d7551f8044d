//===- RandomGraph.h - makes random graphs ----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_EXAMPLES_RANDOM_DAG_RANDOMGRAPH_H
#define EDBC_EXAMPLES_RANDOM_DAG_RANDOMGRAPH_H

#include <array>
#include <cstdint>
#include <vector>

namespace random_graphs {

inline constexpr unsigned numNodes = 200;  ///< of a graph
inline constexpr unsigned numOperands = 4; ///< of an inner node
inline constexpr unsigned farthest = 30;   ///< back from a node to an operand
inline constexpr unsigned numSources = 16; ///< kinds of them
inline constexpr unsigned numTypes = 20;   ///< of inner nodes, at most

struct GraphNode {
  bool isSource;
  std::uint32_t kind; ///< source: below numSources; inner: its type
  /// inner: different nodes, not more than `farthest` before this one
  std::array<std::uint32_t, numOperands> operands;
};

/// Operands stand before their users.
using Graph = std::vector<GraphNode>;

/// Makes a graph of numNodes nodes: numOperands sources, then inner nodes of
/// `types` types, type k (from 0) with a probability proportional to 1/(k + 1).
/// The same arguments give the same graph on every machine.
/// @pre types is from 1 to numTypes.
Graph makeRandomGraph(unsigned types, std::uint64_t seed);

} // namespace random_graphs

#endif // EDBC_EXAMPLES_RANDOM_DAG_RANDOMGRAPH_H
