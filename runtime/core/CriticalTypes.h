//===- CriticalTypes.h - what a batch gains --------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CORE_CRITICALTYPES_H
#define EDBC_RUNTIME_CORE_CRITICALTYPES_H

#include "runtime/core/Scheduler.h"

#include <limits>

namespace edbc::core {

/// Says of each chosen type whether batching its ready nodes is one of the
/// steps that the lower bound counts.
///
/// A node's height is the most nodes of its own type on one path from it to the
/// end of the graph, itself included; the path may lead through other types.
/// The lower bound of what steps remain is the sum over chosen types of the
/// largest height among nodes that are not executed. A type is critical if all
/// its nodes of that height are ready: then, and only then, does a batch of it
/// lower the bound, and by exactly one. So batches so far plus the bound grow
/// only with batches of types that are not critical. (A type for which
/// Lemma 2.1 holds is critical; the converse isn't true.)
///
/// Where no type is critical, or several are, `mostDue` weighs them: a node is
/// the more due the nearer its height is to the largest that remains of its
/// type, and of what is due a batch should take as much as it can.
///
/// Reset and all updates together take time linear in nodes and operands, times
/// types / 8. Keeps 28 bytes a node, or 44 where a chain has 2^15 nodes.
class CriticalTypes {
public:
  /// Forgets everything; to be called whenever the frontier was reset.
  void reset() { begun = false; }

  /// Takes note of all steps of the frontier since the last call.
  void update(const Frontier &frontier) {
    if (!begun)
      begin(frontier);
    for (uint32_t type = 0; type < types.size(); ++type) {
      if (!frontier.isChosen(type))
        continue;
      Type &entry = types[type];
      NodeSpan executed = frontier.executedNodes(type);
      NodeSpan ready = frontier.readyNodes(type);
      if (entry.numExecuted != executed.size() ||
          entry.numSeen != executed.size() + ready.size())
        entry.dueShare = -1;
      if (entry.numExecuted != executed.size()) {
        // A batch took all that were ready, known here or not.
        for (; entry.numSeen < executed.size(); ++entry.numSeen)
          addReady(entry, executed[entry.numSeen] - frontier.first());
        executeReady(entry);
        entry.numExecuted = executed.size();
      }
      for (; entry.numSeen < executed.size() + ready.size(); ++entry.numSeen)
        addReady(entry,
                 ready[entry.numSeen - executed.size()] - frontier.first());
    }
  }

  /// As of the last update. False for a type none of whose nodes remain.
  bool isCritical(uint32_t type) const {
    const Level &top = levels[types[type].levels + types[type].height];
    return top.remaining != 0 && top.ready == top.remaining;
  }

  /// The type with ready nodes whose batch takes the largest share of what is
  /// due of its type, as of the last update; of equal ones that with more ready
  /// nodes, then the lower number. Takes a time that depends on the number of
  /// types alone.
  uint32_t mostDue(const Frontier &frontier) {
    uint32_t best = UINT32_MAX;
    double largest = 0;
    for (uint32_t type = 0; type < types.size(); ++type) {
      if (frontier.ready(type) == 0)
        continue;
      double share = dueShare(type);
      if (best == UINT32_MAX || share > largest ||
          (share == largest && frontier.ready(type) > frontier.ready(best))) {
        best = type;
        largest = share;
      }
    }
    return best;
  }

private:
  /// The nodes of one type and height that are not executed.
  struct Level {
    uint32_t remaining = 0;
    uint32_t ready = 0;
  };
  struct Type {
    uint32_t levels = 0; ///< where they begin; the first one, height 0, is void
    uint32_t height = 0; ///< the largest that remains
    // Nodes taken note of, in the order of the frontier's queue.
    uint32_t numSeen = 0; ///< ready or executed
    uint32_t numExecuted = 0;
    std::vector<uint32_t> readyLevels; ///< that have ready nodes
    double dueShare = -1; ///< of the ready nodes; negative: to be found out
  };
  /// The ready nodes of a type over those that are or could be ready by now,
  /// which Lemma 2.1 would have to be the same. A node weighs half as much as
  /// one that is higher by one, and a critical type is preferred among similar
  /// ones.
  ///
  /// What could be ready are nodes that wait for none of their type (the
  /// sources of the lemma, whose number takes time to find out for each node
  /// that a batch touches at any distance). Their number is estimated: of the
  /// nodes that wait, as many as possible wait for one that is higher by one
  /// and ready or waiting for a ready one in turn.
  double dueShare(uint32_t type) {
    constexpr uint32_t numHeights = 12;
    constexpr double criticalBonus = 1.0 / 16;
    Type &entry = types[type];
    if (entry.dueShare >= 0)
      return entry.dueShare;
    const Level *level = &levels[entry.levels + entry.height];
    uint64_t ready = 0, due = 0;
    uint32_t begun = 0; ///< ready, or waiting for a ready one
    for (uint32_t i = 0; i < std::min(entry.height, numHeights); ++i, --level) {
      uint32_t waiting = level->remaining - level->ready;
      uint32_t following = std::min(waiting, begun);
      ready = 2 * ready + level->ready;
      due = 2 * due + level->remaining - following;
      begun = level->ready + following;
    }
    entry.dueShare =
        double(ready) / double(due) + (isCritical(type) ? criticalBonus : 0);
    return entry.dueShare;
  }

  void addReady(Type &type, uint32_t index) {
    uint32_t level = type.levels + heights[index];
    if (levels[level].ready++ == 0)
      type.readyLevels.push_back(level);
  }

  void executeReady(Type &type) {
    for (uint32_t level : type.readyLevels) {
      levels[level].remaining -= levels[level].ready;
      levels[level].ready = 0;
    }
    type.readyLevels.clear();
    while (type.height != 0 && levels[type.levels + type.height].remaining == 0)
      --type.height;
  }

  /// Finds the heights, with numbers of type T for the lengths of chains, those
  /// of `width` types in one pass. Returns false if there may be a chain that
  /// is too long for it.
  template <typename T, uint32_t width>
  bool findHeights(const Frontier &frontier, std::vector<T> &chains) {
    constexpr uint32_t longest = std::numeric_limits<T>::max();
    const Graph &graph = frontier.getGraph();
    const uint32_t first = frontier.first();
    const auto count = static_cast<uint32_t>(heights.size());
    for (Type &type : types)
      type.height = 0;
    chains.resize(heights.size() * width);
    for (uint32_t begin = 0; begin < types.size(); begin += width) {
      std::fill(chains.begin(), chains.end(), T(0));
      for (uint32_t i = count; i-- > 0;) {
        T *chain = &chains[size_t(i) * width];
        uint32_t type = graph.type(first + i);
        if (!frontier.isChosen(type))
          continue;
        if (type - begin < width) {
          heights[i] = static_cast<uint32_t>(++chain[type - begin]);
          types[type].height = std::max(types[type].height, heights[i]);
          if (heights[i] == longest)
            return false;
        }
        for (uint32_t operand : graph.operands(first + i)) {
          if (operand < first)
            continue;
          T *other = &chains[size_t(operand - first) * width];
          for (uint32_t t = 0; t < width; ++t)
            other[t] = std::max(other[t], chain[t]);
        }
      }
    }
    return true;
  }

  /// With the smallest numbers that suffice, and as many types in a pass as
  /// there are, or as fit into few vector registers.
  void findHeights(const Frontier &frontier) {
    constexpr uint32_t few = 8, many = 32;
    if (types.size() > few && findHeights<uint8_t, many>(frontier, byteChains))
      return;
    if (!findHeights<int16_t, few>(frontier, shortChains))
      findHeights<uint32_t, few>(frontier, longChains);
  }

  void begin(const Frontier &frontier) {
    const Graph &graph = frontier.getGraph();
    uint32_t first = frontier.first();
    types.assign(frontier.numTypes(), Type());
    heights.resize(graph.numNodes() - first);
    findHeights(frontier);
    uint32_t numLevels = 0;
    for (Type &type : types) {
      type.levels = numLevels;
      numLevels += type.height + 1;
    }
    levels.assign(numLevels, Level());
    for (uint32_t type = 0; type < types.size(); ++type)
      if (frontier.isChosen(type))
        for (uint32_t node : graph.nodesOfType(type, first))
          ++levels[types[type].levels + heights[node - first]].remaining;
    begun = true;
  }

  bool begun = false;
  std::vector<Type> types;
  std::vector<Level> levels;     ///< [type][height]
  std::vector<uint32_t> heights; ///< by node
  // [node][type of the pass]: the longest chain from there. What is used of
  // them depends on the numbers of types and nodes.
  std::vector<uint8_t> byteChains;
  std::vector<int16_t> shortChains;
  std::vector<uint32_t> longChains;
};

} // namespace edbc::core

#endif // EDBC_RUNTIME_CORE_CRITICALTYPES_H
