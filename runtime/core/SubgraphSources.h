//===- SubgraphSources.h - ED-Batch's sufficient condition -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CORE_SUBGRAPHSOURCES_H
#define EDBC_RUNTIME_CORE_SUBGRAPHSOURCES_H

#include "runtime/core/Scheduler.h"

#include <utility>

namespace edbc::core {

/// Counts the sources of each chosen type's subgraph: the nodes of the type
/// that are not executed and have no ancestor, at any distance, that is of the
/// same type and not executed. Ready nodes are sources. Where all sources of a
/// type are ready, batching them next is part of some shortest schedule
/// (Lemma 2.1), so ready / sources (at most 1) tells how good a choice is.
///
/// For each node of a chosen type, the set of types among itself and its
/// ancestors in its component that are not executed is kept as a bit mask. One
/// pass finds all masks; afterwards bits only disappear, and only the changes
/// are followed, each along the uses of the node concerned, type by type: a
/// step executes nodes of one type, which have no bit but their own left, so
/// only that one is lost. A node of few operands looks whether any of them
/// still has the bit; one of many counts, by type, those that have. All updates
/// together take time linear in nodes and operands, times types.
class SubgraphSources {
public:
  /// Forgets everything; to be called whenever the frontier was reset.
  void reset() { begun = false; }

  /// Brings the counts up to date with the frontier, which may have taken any
  /// number of steps since the last call.
  void update(const Frontier &frontier) {
    if (!begun)
      begin(frontier);
    else
      follow(frontier);
  }

  /// Sources of the type's subgraph, as of the last update.
  uint32_t count(uint32_t type) const { return sources[type]; }

private:
  static constexpr uint32_t bits = 64;
  /// Most operands of a node that looks at all of them.
  static constexpr uint32_t few = 8;

  uint64_t *maskOf(uint32_t index) { return &masks[size_t(index) * words]; }

  /// The mask of a node of a chosen type has at least the type's bit until it
  /// is executed.
  bool isExecuted(uint32_t index, uint32_t type) {
    return (maskOf(index)[type / bits] >> (type % bits) & 1) == 0;
  }

  template <typename Visit>
  static void forEachBit(uint64_t mask, uint32_t word, Visit visit) {
    for (; mask != 0; mask &= mask - 1)
      visit(word * bits + static_cast<uint32_t>(__builtin_ctzll(mask)));
  }

  /// Takes note of what its ancestors have in one word of a node's mask.
  void beginWord(uint32_t index, uint32_t type, uint32_t word,
                 uint64_t ancestors) {
    if (word == type / bits) {
      uint64_t own = uint64_t(1) << (type % bits);
      if (!(ancestors & own))
        becomeSource(index, type);
      ancestors |= own;
    }
    maskOf(index)[word] = ancestors;
  }

  void becomeSource(uint32_t index, uint32_t type) {
    sources[type] += !isSource[index];
    isSource[index] = true;
  }

  /// What the operands of a node have, those of its component.
  uint64_t ancestorsOf(const Frontier &frontier, uint32_t node, uint32_t word) {
    const uint32_t first = frontier.first();
    uint64_t mask = 0;
    for (uint32_t operand : frontier.getGraph().operands(node))
      if (operand >= first && frontier.isWaitedFor(operand, node))
        mask |= maskOf(operand - first)[word];
    return mask;
  }

  /// By type, how many operands of a node of many have the bit.
  uint32_t *countsOf(uint32_t index) { return &counts[countsBegin[index]]; }

  void begin(const Frontier &frontier) {
    const Graph &graph = frontier.getGraph();
    uint32_t first = frontier.first();
    uint32_t count = graph.numNodes() - first;
    words = (frontier.numTypes() + bits - 1) / bits;
    sources.assign(frontier.numTypes(), 0);
    seen.assign(frontier.numTypes(), 0);
    lost.resize(frontier.numTypes());
    isSource.assign(count, false);
    masks.assign(size_t(count) * words, 0);
    counts.clear();
    countsBegin.clear();
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t type = graph.type(first + i);
      if (frontier.isChosen(type))
        maskOf(i)[type / bits] = uint64_t(1) << (type % bits);
    }
    markExecuted(frontier);
    for (std::vector<uint32_t> &nodes : lost)
      nodes.clear();
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t type = graph.type(first + i);
      if (isExecuted(i, type)) // Or not chosen.
        continue;
      for (uint32_t word = 0; word < words; ++word)
        beginWord(i, type, word, ancestorsOf(frontier, first + i, word));
      if (graph.numOperands(first + i) > few)
        beginCounts(frontier, first + i, count);
    }
    begun = true;
  }

  void beginCounts(const Frontier &frontier, uint32_t node, uint32_t count) {
    const uint32_t first = frontier.first(), index = node - first;
    countsBegin.resize(count);
    countsBegin[index] = counts.size();
    counts.resize(counts.size() + frontier.numTypes());
    for (uint32_t operand : frontier.getGraph().operands(node))
      for (uint32_t word = 0;
           operand >= first && frontier.isWaitedFor(operand, node) &&
           word < words;
           ++word)
        forEachBit(maskOf(operand - first)[word], word,
                   [&](uint32_t type) { ++countsOf(index)[type]; });
  }

  /// Clears the masks of nodes executed since the last call.
  void markExecuted(const Frontier &frontier) {
    for (uint32_t type = 0; type < frontier.numTypes(); ++type) {
      if (!frontier.isChosen(type))
        continue;
      NodeSpan executed = frontier.executedNodes(type);
      for (uint32_t &i = seen[type]; i < executed.size(); ++i) {
        uint32_t index = executed[i] - frontier.first();
        for (uint32_t word = 0; word < words; ++word)
          forEachBit(std::exchange(maskOf(index)[word], 0), word,
                     [&](uint32_t bit) { lost[bit].push_back(index); });
        sources[type] -= isSource[index];
      }
    }
  }

  void follow(const Frontier &frontier) {
    markExecuted(frontier);
    for (uint32_t type = 0; type < frontier.numTypes(); ++type)
      if (!lost[type].empty())
        followType(frontier, type);
  }

  /// Tells the users of nodes that lost the bit of a type, and theirs in turn.
  void followType(const Frontier &frontier, uint32_t type) {
    const Graph &graph = frontier.getGraph();
    const uint32_t first = frontier.first();
    const uint32_t word = type / bits;
    const uint64_t bit = uint64_t(1) << (type % bits);
    std::vector<uint32_t> &changes = lost[type];
    while (!changes.empty()) {
      uint32_t changed = changes.back();
      changes.pop_back();
      frontier.forEachUse(first + changed, [&](uint32_t user) {
        uint32_t index = user - first;
        uint64_t &mask = maskOf(index)[word];
        if (!(mask & bit)) // Executed, or told by another operand.
          return;
        bool isLost = graph.numOperands(user) > few
                          ? --countsOf(index)[type] == 0
                          : !(ancestorsOf(frontier, user, word) & bit);
        if (!isLost)
          return;
        if (graph.type(user) == type) {
          becomeSource(index, type);
        } else {
          mask &= ~bit;
          changes.push_back(index);
        }
      });
    }
  }

  bool begun = false;
  uint32_t words = 0; ///< of a mask
  std::vector<uint64_t> masks;
  std::vector<uint8_t> isSource;
  std::vector<uint32_t> sources;
  std::vector<uint32_t> seen; ///< by type: executed nodes marked so far
  // Of nodes with many operands.
  std::vector<uint32_t> counts;
  std::vector<size_t> countsBegin; ///< by node; empty if there is none
  /// By type: nodes that lost its bit, whose users are still to be told.
  std::vector<std::vector<uint32_t>> lost;
};

} // namespace edbc::core

#endif // EDBC_RUNTIME_CORE_SUBGRAPHSOURCES_H
