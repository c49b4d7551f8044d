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

/// Asks for memory that will be needed soon.
inline void prefetch(const void *address) {
#if defined(__GNUC__)
  __builtin_prefetch(address);
#else
  (void)address;
#endif
}

/// A directed acyclic graph to which nodes are only ever appended. An operand
/// is an earlier node, so ascending ids are a topological order.
///
/// Nodes and operands lie in flat arrays. The uses of a node (the operand slots
/// that name it) form a linked list through another array: nothing has to be
/// rebuilt when a graph grows between runs, and following two or three links
/// costs less than the passes that would sort the uses into an array.
///
/// One thread at a time. Memory: 20 bytes a node and 12 an operand.
class Graph {
public:
  /// What a scheduler starts from.
  struct Head {
    uint32_t type;
    uint32_t numOperands;
  };

  /// Types are numbered from 0 to `numTypes - 1`.
  explicit Graph(uint32_t numTypes) : typeCounts(numTypes) {}

  /// Appends a node and returns its id, which is the number of nodes before it.
  /// `operands` are ids of earlier nodes, with repetitions where a node is used
  /// twice; the array must not be part of this graph. If memory does not
  /// suffice (std::bad_alloc) or ids no longer fit into 32 bits
  /// (std::length_error), the graph is unchanged.
  uint32_t add(uint32_t type, const uint32_t *operands, uint32_t numOperands) {
    reserve(numOperands);
    return append(type, operands, numOperands);
  }

  /// @name Adding in steps
  /// For callers that find operands one by one: they make room, write the ids
  /// of operands there, and append the node.
  /// @{

  /// How many nodes there may be in all before room must be made, if none to
  /// come has more than `mostOperands`.
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
                                 : roomFor(nodeRoom, nodeCount + size_t(1));
  }

  /// Makes such room. Throws as `add` does.
  void reserve(size_t numOperands) {
    if (nodeCount == nodeRoom) {
      if (heads.size() == nodeRoom)
        grow(heads, nodeCount + size_t(1));
      links.resize(heads.size());
      sources.resize(heads.size());
      nodeRoom = static_cast<uint32_t>(heads.size());
    }
    if (slotRoom - slotCount < numOperands) {
      if (operandIds.size() - slotCount < numOperands)
        grow(operandIds, slotCount + numOperands);
      uses.resize(operandIds.size());
      slotRoom = static_cast<uint32_t>(uses.size());
    }
  }

  /// Where the operands of the next node are to be written.
  uint32_t *room() { return operandIds.data() + slotCount; }

  /// Appends a node and returns its id. `operands` may be `room()`. Needs room.
  uint32_t append(uint32_t type, const uint32_t *operands,
                  uint32_t numOperands) {
    assert(type < numTypes() && "no such type");
    // Member by member: compilers assemble whole entries on the stack and wait
    // for them there.
    const uint32_t node = nodeCount, begin = slotCount;
    for (uint32_t i = 0; i < numOperands; ++i) {
      const uint32_t operand = operands[i];
      assert(operand < node && "an operand must be an earlier node");
      operandIds[begin + i] = operand;
      uses[begin + i].user = node;
      uses[begin + i].next = links[operand].lastUse;
      links[operand].lastUse = begin + i;
    }
    heads[node].type = type;
    heads[node].numOperands = numOperands;
    links[node].operandsBegin = begin;
    links[node].lastUse = none;
    if (numOperands == 0)
      sources[sourceCount++] = node;
    ++typeCounts[type];
    nodeCount = node + 1;
    slotCount = begin + numOperands;
    return node;
  }
  /// @}

  uint32_t numTypes() const { return uint32_t(typeCounts.size()); }
  uint32_t numNodes() const { return nodeCount; }
  uint32_t type(uint32_t node) const { return heads[node].type; }
  uint32_t numOperands(uint32_t node) const { return heads[node].numOperands; }
  /// By node.
  const Head *getHeads() const { return heads.data(); }
  /// The nodes without operands, in order.
  NodeSpan getSources() const { return {sources.data(), sourceCount}; }
  /// How many nodes there are of a type.
  uint32_t numOfType(uint32_t type) const { return typeCounts[type]; }

  /// The operands of a node in the order in which they were given.
  NodeSpan operands(uint32_t node) const {
    return {operandIds.data() + links[node].operandsBegin,
            heads[node].numOperands};
  }

  /// Calls `visit(user)` once for each operand slot that names `node`, the
  /// latest first.
  template <typename Visit> void forEachUse(uint32_t node, Visit visit) const {
    for (uint32_t use = links[node].lastUse; use != none; use = uses[use].next)
      visit(uses[use].user);
  }

  /// @name Fetching ahead what `forEachUse` reads
  /// @{
  void prefetchNode(uint32_t node) const { prefetch(&links[node]); }
  /// For a node that was fetched.
  void prefetchUses(uint32_t node) const {
    if (links[node].lastUse != none)
      prefetch(&uses[links[node].lastUse]);
  }
  /// @}

  /// Removes all nodes and keeps the memory.
  void clear() {
    nodeCount = slotCount = sourceCount = 0;
    std::fill(typeCounts.begin(), typeCounts.end(), 0);
  }

private:
  static constexpr uint32_t none = UINT32_MAX;

  struct Links {
    uint32_t operandsBegin;
    uint32_t lastUse; ///< first of its list in `uses`
  };
  /// Entry i belongs to operand slot i.
  struct Use {
    uint32_t user;
    uint32_t next;
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

  uint32_t nodeCount = 0;
  uint32_t slotCount = 0; ///< operands of all nodes
  uint32_t sourceCount = 0;
  uint32_t nodeRoom = 0; ///< most nodes that the arrays can hold
  uint32_t slotRoom = 0; ///< most operands
  std::vector<uint32_t> typeCounts;
  // All memory there is; the counts say how much of it is in use.
  std::vector<Head> heads;
  std::vector<Links> links;
  std::vector<uint32_t> sources;
  std::vector<uint32_t> operandIds;
  std::vector<Use> uses;
};

} // namespace edbc::core

#endif // EDBC_RUNTIME_CORE_GRAPH_H
