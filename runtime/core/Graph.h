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

#include "runtime/core/TypeOrder.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>
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
/// Nodes and operands lie in flat arrays; those of one type are listed besides.
/// Who uses a node is found out when nodes are scheduled (see `Frontier`), of
/// those only that have to be.
///
/// One thread at a time. Memory: 12 bytes a node and 4 an operand.
class Graph {
public:
  /// Types are numbered from 0 to `numTypes - 1`.
  explicit Graph(uint32_t numTypes) : Graph(TypeOrder(numTypes)) {}
  /// Nodes may have only such operands as the order was made for. (What counts
  /// is that no operand's type is of a later component.)
  explicit Graph(TypeOrder order)
      : order(std::move(order)), lists(this->order.numTypes()), heads(1) {}

  /// Appends a node and returns its id, which is the number of nodes before it.
  /// `operands` are ids of earlier nodes, with repetitions where a node is used
  /// twice; the array must not be part of this graph. If memory does not
  /// suffice (std::bad_alloc) or ids no longer fit into 32 bits
  /// (std::length_error), the graph is unchanged.
  uint32_t add(uint32_t type, const uint32_t *operands, uint32_t numOperands) {
    reserve(type, numOperands);
    return append(type, operands, numOperands);
  }

  /// @name Adding in steps
  /// For callers that find operands one by one: they make room, write the ids
  /// of operands there, and append the node.
  /// @{

  /// How many nodes there may be in all before room must be made, if none to
  /// come has more than `mostOperands` and there is room in its type's list.
  uint32_t endOfRoom(uint32_t mostOperands) const {
    if (mostOperands == 0)
      return nodeRoom;
    uint64_t fitting = (slotRoom - slotCount) / mostOperands;
    return static_cast<uint32_t>(
        std::min<uint64_t>(nodeRoom, nodeCount + fitting));
  }
  /// Most nodes that there will be room for when there is for one more: for
  /// callers that keep arrays of their own by node, and make room there first.
  size_t nextRoomForNodes() const {
    return nodeCount != nodeRoom ? nodeRoom
                                 : roomFor(heads.size(), heads.size() + 1) - 1;
  }

  /// Makes room for `number` nodes in the list of a type. Throws as `add` does.
  void reserveOfType(uint32_t type, size_t number) {
    if (lists[type].nodes.size() < number)
      grow(lists[type].nodes, number);
  }
  /// Makes room for a node. Throws as `add` does.
  void reserve(uint32_t type, size_t numOperands) {
    reserveOfType(type, lists[type].count + size_t(1));
    if (nodeCount == nodeRoom) {
      grow(heads, nodeCount + size_t(2));
      nodeRoom = static_cast<uint32_t>(heads.size() - 1);
    }
    if (slotRoom - slotCount < numOperands) {
      grow(operandIds, slotCount + numOperands);
      slotRoom = static_cast<uint32_t>(operandIds.size());
    }
  }

  /// Where the operands of the next node are to be written.
  uint32_t *room() { return operandIds.data() + slotCount; }

  /// Appends a node and returns its id. `operands` may be `room()`. Needs room.
  uint32_t append(uint32_t type, const uint32_t *operands,
                  uint32_t numOperands) {
    assert(type < numTypes() && "no such type");
    const uint32_t node = nodeCount, begin = slotCount;
    for (uint32_t i = 0; i < numOperands; ++i) {
      assert(operands[i] < node && "an operand must be an earlier node");
      assert(order.componentOf(heads[operands[i]].type) <=
                 order.componentOf(type) &&
             "an operand's type must come no later");
      operandIds[begin + i] = operands[i];
    }
    // Member by member: compilers assemble whole entries on the stack and wait
    // for them there.
    heads[node].type = type;
    heads[node + 1].operandsBegin = begin + numOperands;
    TypeList &list = lists[type];
    list.nodes[list.count] = node;
    ++list.count;
    nodeCount = node + 1;
    slotCount = begin + numOperands;
    return node;
  }
  /// @}

  uint32_t numTypes() const { return order.numTypes(); }
  const TypeOrder &getOrder() const { return order; }
  uint32_t numNodes() const { return nodeCount; }
  uint32_t type(uint32_t node) const { return heads[node].type; }
  uint32_t numOperands(uint32_t node) const {
    return heads[node + 1].operandsBegin - heads[node].operandsBegin;
  }
  /// The nodes of a type from node `first` on, in ascending order.
  NodeSpan nodesOfType(uint32_t type, uint32_t first = 0) const {
    const TypeList &list = lists[type];
    const uint32_t *begin = list.nodes.data(), *end = begin + list.count;
    if (first != 0)
      begin = std::lower_bound(begin, end, first);
    return {begin, static_cast<uint32_t>(end - begin)};
  }

  /// The operands of a node in the order in which they were given.
  NodeSpan operands(uint32_t node) const {
    return {operandIds.data() + heads[node].operandsBegin, numOperands(node)};
  }

  /// How many operands the nodes from `first` on have.
  uint32_t numOperandsFrom(uint32_t first) const {
    return slotCount - heads[first].operandsBegin;
  }

  /// Removes all nodes and keeps the memory.
  void clear() {
    nodeCount = slotCount = 0;
    for (TypeList &list : lists)
      list.count = 0;
  }

private:
  static constexpr uint32_t none = UINT32_MAX;

  struct Head {
    uint32_t type;
    uint32_t operandsBegin;
  };

  struct TypeList {
    std::vector<uint32_t> nodes; ///< all memory there is
    uint32_t count = 0;          ///< how many there are
  };

  static size_t roomFor(size_t size, size_t needed) {
    return std::max({needed, size * 2, size_t(256)});
  }

  /// Makes room for `needed` elements in all.
  template <typename T> static void grow(std::vector<T> &array, size_t needed) {
    if (needed >= none)
      throw std::length_error("graph");
    array.resize(std::min(roomFor(array.size(), needed), size_t(none)));
  }

  TypeOrder order;
  uint32_t nodeCount = 0;
  uint32_t slotCount = 0;      ///< operands of all nodes
  uint32_t nodeRoom = 0;       ///< most nodes that the arrays can hold
  uint32_t slotRoom = 0;       ///< most operands
  std::vector<TypeList> lists; ///< by type
  // All memory there is; the counts say how much of it is in use.
  std::vector<Head> heads; ///< one more is where the next node will begin
  std::vector<uint32_t> operandIds;
};

} // namespace edbc::core

#endif // EDBC_RUNTIME_CORE_GRAPH_H
