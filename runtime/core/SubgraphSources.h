//===- SubgraphSources.h - ED-Batch's sufficient condition -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CORE_SUBGRAPHSOURCES_H
#define EDBC_RUNTIME_CORE_SUBGRAPHSOURCES_H

#include "runtime/core/Scheduler.h"

namespace edbc::core {

/// Counts the sources of each type's subgraph: the nodes of the type that are
/// not executed and have no ancestor, at any distance, that is of the same type
/// and not executed. Ready nodes are sources. Where all sources of a type are
/// ready, batching them next is part of some shortest schedule (Lemma 2.1), so
/// ready / sources (at most 1) tells how good a choice is.
///
/// For each node the set of types among itself and its ancestors that are not
/// executed is kept as a bit mask. One pass finds all masks; afterwards bits
/// only disappear, and only the changes are followed, each along the uses of
/// the node concerned. A node of few operands finds its mask anew from theirs;
/// one of many counts, by type, those whose masks have the bit. All updates
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
  /// Most operands of a node that finds its mask anew.
  static constexpr uint32_t few = 8;

  uint64_t *maskOf(uint32_t index) { return &masks[size_t(index) * words]; }

  /// A node's mask has at least its own type's bit until it is executed.
  bool isExecuted(uint32_t index, uint32_t type) {
    return (maskOf(index)[type / bits] >> (type % bits) & 1) == 0;
  }

  template <typename Visit>
  static void forEachBit(uint64_t mask, uint32_t word, Visit visit) {
    for (; mask != 0; mask &= mask - 1)
      visit(word * bits + static_cast<uint32_t>(__builtin_ctzll(mask)));
  }

  /// Sets one word of a node's mask to what its ancestors have. Returns the
  /// bits that it lost.
  uint64_t setWord(uint32_t index, uint32_t type, uint32_t word,
                   uint64_t ancestors) {
    uint64_t mask = ancestors;
    if (word == type / bits) {
      uint64_t own = uint64_t(1) << (type % bits);
      if (!isSource[index] && !(ancestors & own)) {
        isSource[index] = true;
        ++sources[type];
      }
      mask |= own;
    }
    uint64_t lost = maskOf(index)[word] & ~mask;
    maskOf(index)[word] = mask;
    return lost;
  }

  uint64_t ancestorsOf(const Graph &graph, uint32_t first, uint32_t index,
                       uint32_t word) {
    uint64_t mask = 0;
    for (uint32_t operand : graph.operands(first + index))
      if (operand >= first)
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
    isSource.assign(count, false);
    masks.assign(size_t(count) * words, 0);
    counts.clear();
    countsBegin.clear();
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t type = graph.type(first + i);
      maskOf(i)[type / bits] = uint64_t(1) << (type % bits);
    }
    markExecuted(frontier);
    changes.clear();
    lostBits.clear();
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t type = graph.type(first + i);
      if (isExecuted(i, type))
        continue;
      for (uint32_t word = 0; word < words; ++word)
        setWord(i, type, word, ancestorsOf(graph, first, i, word));
      if (graph.numOperands(first + i) > few)
        beginCounts(graph, first, i, count);
    }
    begun = true;
  }

  void beginCounts(const Graph &graph, uint32_t first, uint32_t index,
                   uint32_t count) {
    countsBegin.resize(count);
    countsBegin[index] = counts.size();
    counts.resize(counts.size() + graph.numTypes());
    for (uint32_t operand : graph.operands(first + index))
      for (uint32_t word = 0; operand >= first && word < words; ++word)
        forEachBit(maskOf(operand - first)[word], word,
                   [&](uint32_t type) { ++countsOf(index)[type]; });
  }

  /// Clears the masks of nodes executed since the last call, which are changes.
  void markExecuted(const Frontier &frontier) {
    for (uint32_t type = 0; type < frontier.numTypes(); ++type) {
      NodeSpan executed = frontier.executedNodes(type);
      for (uint32_t &i = seen[type]; i < executed.size(); ++i) {
        uint32_t index = executed[i] - frontier.first();
        lostBits.insert(lostBits.end(), maskOf(index), maskOf(index) + words);
        changes.push_back(index);
        std::fill_n(maskOf(index), words, 0);
        sources[type] -= isSource[index];
      }
    }
  }

  void follow(const Frontier &frontier) {
    const Graph &graph = frontier.getGraph();
    uint32_t first = frontier.first();
    markExecuted(frontier);
    while (!changes.empty()) {
      uint32_t changed = changes.back();
      changes.pop_back();
      lost.assign(lostBits.end() - words, lostBits.end());
      lostBits.resize(lostBits.size() - words);
      graph.forEachUse(first + changed, [&](uint32_t user) {
        uint32_t index = user - first;
        uint32_t type = graph.type(user);
        if (isExecuted(index, type))
          return;
        bool isMany = graph.numOperands(user) > few;
        uint64_t any = 0;
        for (uint32_t word = 0; word < words; ++word) {
          uint64_t ancestors = isMany ? countDown(index, type, word)
                                      : ancestorsOf(graph, first, index, word);
          lostBits.push_back(setWord(index, type, word, ancestors));
          any |= lostBits.back();
        }
        if (any)
          changes.push_back(index);
        else
          lostBits.resize(lostBits.size() - words);
      });
    }
  }

  /// Takes from a node's counts what one of its operands lost. Returns what its
  /// ancestors have.
  uint64_t countDown(uint32_t index, uint32_t own, uint32_t word) {
    uint64_t ancestors = maskOf(index)[word];
    auto drop = [&](uint32_t type) {
      if (countsOf(index)[type] == 0)
        ancestors &= ~(uint64_t(1) << (type % bits));
    };
    forEachBit(lost[word], word, [&](uint32_t type) {
      --countsOf(index)[type];
      drop(type);
    });
    if (word == own / bits) // That bit the mask has in any case.
      drop(own);
    return ancestors;
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
  // Nodes whose masks changed, and the bits that they lost.
  std::vector<uint32_t> changes;
  std::vector<uint64_t> lostBits;
  std::vector<uint64_t> lost; ///< by the change that is being followed
};

} // namespace edbc::core

#endif // EDBC_RUNTIME_CORE_SUBGRAPHSOURCES_H
