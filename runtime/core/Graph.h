//===- Graph.h - a growing graph of typed nodes ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The dataflow graph as the scheduler sees it: nodes with a type (the number of
// their cell) and operands. Runtime and compiler build and schedule the same
// class, so a policy is trained on exactly what it will meet.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CORE_GRAPH_H
#define EDBC_RUNTIME_CORE_GRAPH_H

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace edbc::core {

/// A view of consecutive node ids; valid until what it was taken from changes.
class NodeSpan {
public:
  NodeSpan(const uint32_t *data, uint32_t count) : data(data), count(count) {}

  const uint32_t *begin() const { return data; }
  const uint32_t *end() const { return data + count; }
  uint32_t size() const { return count; }
  uint32_t operator[](uint32_t index) const { return data[index]; }

private:
  const uint32_t *data;
  uint32_t count;
};

/// A directed acyclic graph to which nodes are only ever appended. An operand
/// is an earlier node, so ascending ids are a topological order.
///
/// Nodes and operands lie in flat arrays. The uses of a node (the operand slots
/// that name it) form a linked list through a third array, entered when the
/// user is added: the operand is then usually still in the cache, nothing has
/// to be rebuilt when a graph grows between runs, and following two or three
/// links costs less than the two passes that would sort the uses into an array.
///
/// One thread at a time. Memory: 16 bytes a node and 12 an operand.
class Graph {
public:
  /// Types are numbered from 0 to `numTypes - 1`.
  explicit Graph(uint32_t numTypes) : typeCount(numTypes) {}

  /// Appends a node and returns its id, which is the number of nodes before it.
  /// `operands` are ids of earlier nodes, with repetitions where a node is used
  /// twice; the array must not be part of this graph. If memory does not
  /// suffice (std::bad_alloc) or ids no longer fit into 32 bits
  /// (std::length_error), the graph is unchanged.
  uint32_t add(uint32_t type, const uint32_t *operands, uint32_t numOperands) {
    assert(type < typeCount && "no such type");
    reserveOne(numOperands);

    // Member by member: compilers assemble a whole Node on the stack and wait
    // for it there.
    Node &node = nodes[nodeCount];
    node.type = type;
    node.operandsBegin = slotCount;
    node.numOperands = numOperands;
    node.lastUse = none;
    for (uint32_t i = 0; i < numOperands; ++i, ++slotCount) {
      assert(operands[i] < nodeCount && "an operand must be an earlier node");
      Node &operand = nodes[operands[i]];
      operandIds[slotCount] = operands[i];
      uses[slotCount].user = nodeCount;
      uses[slotCount].next = operand.lastUse;
      operand.lastUse = slotCount;
    }
    return nodeCount++;
  }

  /// Makes room for one more node: to add it can't fail then. If it throws, as
  /// `add` may, the graph is unchanged.
  void reserveOne(uint32_t numOperands) {
    if (nodeCount == nodes.size())
      grow(nodes, nodeCount + size_t(1));
    if (operandIds.size() - slotCount < numOperands)
      grow(operandIds, slotCount + size_t(numOperands));
    if (uses.size() < operandIds.size())
      uses.resize(operandIds.size());
  }

  uint32_t numTypes() const { return typeCount; }
  uint32_t numNodes() const { return nodeCount; }
  uint32_t type(uint32_t node) const { return nodes[node].type; }

  /// The operands of a node in the order in which they were given.
  NodeSpan operands(uint32_t node) const {
    return {operandIds.data() + nodes[node].operandsBegin,
            nodes[node].numOperands};
  }

  /// Calls `visit(user)` once for each operand slot that names `node`, the
  /// latest first.
  template <typename Visit> void forEachUse(uint32_t node, Visit visit) const {
    for (uint32_t use = nodes[node].lastUse; use != none; use = uses[use].next)
      visit(uses[use].user);
  }

  /// Removes all nodes and keeps the memory.
  void clear() { nodeCount = slotCount = 0; }

private:
  static constexpr uint32_t none = UINT32_MAX;

  struct Node {
    uint32_t type;
    uint32_t operandsBegin;
    uint32_t numOperands;
    uint32_t lastUse; ///< head of its list in `uses`
  };
  /// Entry i belongs to operand slot i.
  struct Use {
    uint32_t user;
    uint32_t next;
  };

  /// Makes room for `needed` elements in all.
  template <typename T> static void grow(std::vector<T> &array, size_t needed) {
    if (needed >= none)
      throw std::length_error("graph");
    array.resize(std::max({needed, array.size() * 2, size_t(256)}));
  }

  uint32_t typeCount;
  uint32_t nodeCount = 0;
  uint32_t slotCount = 0; ///< operands of all nodes
  // All memory there is; the counts say how much of it is in use.
  std::vector<Node> nodes;
  std::vector<uint32_t> operandIds;
  std::vector<Use> uses;
};

} // namespace edbc::core

#endif // EDBC_RUNTIME_CORE_GRAPH_H
