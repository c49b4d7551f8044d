//===- Policy.h - which type to batch next ---------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// 1. How a frontier is seen: `frontierSequence`, `foldKey`, `CriticalTypes`,
//    `FrontierEncoder`.
// 2. The table that holds a learned finite state machine: `slotOf`, `lookup`,
//    `buildTable`. Its layout is `edbc_policy_desc`.
// 3. The policies: `FsmPolicy`, `AgendaPolicy`, `LemmaPolicy`.
//
// The compiler trains with these functions and the runtime executes them.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CORE_POLICY_H
#define EDBC_RUNTIME_CORE_POLICY_H

#include "edbc/abi.h"
#include "runtime/core/Scheduler.h"
#include "runtime/core/SubgraphSources.h"

#include <limits>

namespace edbc::core {

//===----------------------------------------------------------------------===//
// Encodings of the frontier (ED-Batch, section 2.3, and one of our own)
//===----------------------------------------------------------------------===//

/// Writes the types that have ready nodes into `sequence`, which has room for
/// `numTypes`, and returns how many there are. Their order is what the encoding
/// remembers of the counts:
/// - base: by number;
/// - max, critical: the type with most ready nodes, then the others by number;
/// - sort: by descending count.
/// Of types with equal counts the lower number comes first.
inline uint32_t frontierSequence(edbc_encoding encoding, const uint32_t *ready,
                                 uint32_t numTypes, uint32_t *sequence) {
  uint32_t length = 0;
  for (uint32_t type = 0; type < numTypes; ++type)
    if (ready[type] != 0)
      sequence[length++] = type;
  if (encoding == EDBC_ENCODING_SORT) {
    std::sort(sequence, sequence + length, [&](uint32_t a, uint32_t b) {
      return ready[a] != ready[b] ? ready[a] > ready[b] : a < b;
    });
  } else if (encoding != EDBC_ENCODING_BASE && length > 1) {
    uint32_t *most = std::max_element(
        sequence, sequence + length,
        [&](uint32_t a, uint32_t b) { return ready[a] < ready[b]; });
    std::rotate(sequence, most, most + 1);
  }
  return length;
}

/// The key of a sequence of types: a number whose digits are the types plus 1,
/// the first one highest, in base `numTypes + 1` or, where that is even, the
/// next higher number: an odd base keeps an influence of every digit when the
/// number wraps at 64 bits. Two sequences may share a key then; that is
/// harmless, because a policy is a hint and what it says is checked against the
/// ready nodes. The empty sequence has key 0.
inline uint64_t foldKey(const uint32_t *sequence, uint32_t length,
                        uint32_t numTypes) {
  uint64_t base = (uint64_t(numTypes) + 1) | 1;
  uint64_t key = 0;
  for (uint32_t i = 0; i < length; ++i)
    key = key * base + sequence[i] + 1;
  return key;
}

/// Says of each type whether batching its ready nodes is one of the steps that
/// the lower bound counts.
///
/// A node's height is the most nodes of its own type on one path from it to the
/// end of the graph, itself included; the path may lead through other types.
/// The lower bound of what remains is the sum over types of the largest height
/// among nodes that are not executed. A type is critical if all its nodes of
/// that height are ready: then, and only then, does a batch of it lower the
/// bound, and by exactly one. So batches so far plus the bound grow only with
/// batches of types that are not critical. (A type for which Lemma 2.1 holds is
/// critical; the converse isn't true.)
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
      Type &entry = types[type];
      NodeSpan executed = frontier.executedNodes(type);
      NodeSpan ready = frontier.readyNodes(type);
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
  };
  /// Types whose heights are found in one pass: one vector register.
  static constexpr uint32_t passWidth = 8;

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

  /// Finds the heights, with numbers of type T for the lengths of chains.
  /// Returns false if there may be a chain that is too long for it.
  template <typename T>
  bool findHeights(const Graph &graph, uint32_t first, std::vector<T> &chains) {
    constexpr uint32_t longest = std::numeric_limits<T>::max();
    const auto count = static_cast<uint32_t>(heights.size());
    chains.resize(size_t(count) * passWidth);
    for (uint32_t begin = 0; begin < types.size(); begin += passWidth) {
      std::fill(chains.begin(), chains.end(), 0);
      for (uint32_t i = count; i-- > 0;) {
        T *chain = &chains[size_t(i) * passWidth];
        uint32_t type = graph.type(first + i);
        if (type - begin < passWidth) {
          heights[i] = static_cast<uint32_t>(++chain[type - begin]);
          types[type].height = std::max(types[type].height, heights[i]);
          if (heights[i] == longest)
            return false;
        }
        for (uint32_t operand : graph.operands(first + i)) {
          if (operand < first)
            continue;
          T *other = &chains[size_t(operand - first) * passWidth];
          for (uint32_t t = 0; t < passWidth; ++t)
            other[t] = std::max(other[t], chain[t]);
        }
      }
    }
    return true;
  }

  void begin(const Frontier &frontier) {
    const Graph &graph = frontier.getGraph();
    uint32_t first = frontier.first();
    uint32_t count = graph.numNodes() - first;
    types.assign(frontier.numTypes(), Type());
    heights.resize(count);
    if (!findHeights(graph, first, shortChains)) {
      for (Type &type : types)
        type.height = 0;
      findHeights(graph, first, longChains);
    }
    uint32_t numLevels = 0;
    for (Type &type : types) {
      type.levels = numLevels;
      numLevels += type.height + 1;
    }
    levels.assign(numLevels, Level());
    for (uint32_t i = 0; i < count; ++i)
      ++levels[types[graph.type(first + i)].levels + heights[i]].remaining;
    begun = true;
  }

  bool begun = false;
  std::vector<Type> types;
  std::vector<Level> levels;     ///< [type][height]
  std::vector<uint32_t> heights; ///< by node
  // [node][type of the pass]: the longest chain from there. One of the two is
  // used; a register holds a node's short ones.
  std::vector<int16_t> shortChains;
  std::vector<uint32_t> longChains;
};

/// Sees frontiers as an encoding does. For base, max and sort the state is
/// `frontierSequence`. For critical it is one sequence of
/// - the type of the batch before (at the beginning: the type with most ready
///   nodes),
/// - `frontierSequence`,
/// - the critical types by number.
/// The third part begins where a type of the second is repeated.
class FrontierEncoder {
public:
  explicit FrontierEncoder(edbc_encoding encoding) : encoding(encoding) {}

  /// To be called whenever the frontier was reset.
  void begin(const Frontier &frontier) {
    sequence.resize(2 * size_t(frontier.numTypes()) + 1);
    length = firstCritical = 0;
    critical.reset();
  }

  /// Encodes the frontier as it is now. Returns the key.
  uint64_t encode(const Frontier &frontier) {
    bool isCritical = encoding == EDBC_ENCODING_CRITICAL && !frontier.done();
    uint32_t numTypes = frontier.numTypes();
    length = isCritical + frontierSequence(encoding, frontier.ready(), numTypes,
                                           sequence.data() + isCritical);
    firstCritical = length;
    if (isCritical) {
      const std::vector<Batch> &batches = frontier.schedule().batches;
      sequence[0] = batches.empty() ? sequence[1] : batches.back().type;
      critical.update(frontier);
      for (uint32_t type = 0; type < numTypes; ++type)
        if (critical.isCritical(type))
          sequence[length++] = type;
    }
    return foldKey(sequence.data(), length, numTypes);
  }

  /// What was encoded last; valid until the next call.
  NodeSpan state() const { return {sequence.data(), length}; }
  /// Its third part; empty but for critical.
  NodeSpan criticalTypes() const {
    return {sequence.data() + firstCritical, length - firstCritical};
  }

private:
  edbc_encoding encoding;
  uint32_t length = 0;
  uint32_t firstCritical = 0;
  std::vector<uint32_t> sequence;
  CriticalTypes critical;
};

//===----------------------------------------------------------------------===//
// The table of transitions
//===----------------------------------------------------------------------===//

/// Where the search for a key begins in a table of 2^log2Slots slots. From
/// there it goes on slot by slot, from the last to the first.
inline uint64_t slotOf(uint64_t key, uint32_t log2Slots) {
  return log2Slots == 0 ? 0 : (key * 0x9E3779B97F4A7C15u) >> (64 - log2Slots);
}

/// The action of the state `key`, or null where the table has none. Key 0,
/// which marks free slots, has none.
inline const uint32_t *lookup(const edbc_policy_desc &table, uint64_t key) {
  if (key == 0)
    return nullptr;
  uint64_t mask = (uint64_t(1) << table.log2_slots) - 1;
  for (uint64_t slot = slotOf(key, table.log2_slots);;
       slot = (slot + 1) & mask) {
    const edbc_transition &transition = table.slots[slot];
    if (transition.key == key)
      return &transition.action;
    if (transition.key == 0)
      return nullptr;
  }
}

/// The slots of a table, to be pointed at by an `edbc_policy_desc`.
struct PolicyTable {
  uint32_t log2Slots = 0;
  std::vector<edbc_transition> slots;
};

/// Lays out transitions as a table that is at most half full and no larger than
/// that requires. Of several with the same key the first counts; key 0 (a
/// sequence whose key wraps to 0) can't be stored and is left out. A function
/// of the transitions and their order.
inline PolicyTable buildTable(const std::vector<edbc_transition> &transitions) {
  PolicyTable table;
  while ((uint64_t(1) << table.log2Slots) < 2 * transitions.size())
    ++table.log2Slots;
  uint64_t size = uint64_t(1) << table.log2Slots;
  table.slots.assign(size, edbc_transition{0, 0, 0});
  for (const edbc_transition &transition : transitions) {
    if (transition.key == 0)
      continue;
    uint64_t slot = slotOf(transition.key, table.log2Slots);
    while (table.slots[slot].key != 0 &&
           table.slots[slot].key != transition.key)
      slot = (slot + 1) & (size - 1);
    if (table.slots[slot].key == 0)
      table.slots[slot] = transition;
  }
  return table;
}

//===----------------------------------------------------------------------===//
// Policies, as `schedule` wants them
//===----------------------------------------------------------------------===//

/// Takes the type with the largest ready / sources; of equal ones that with
/// more ready nodes, then the lower number.
class LemmaPolicy {
public:
  void begin(const Frontier &) { sources.reset(); }

  uint32_t choose(const Frontier &frontier) {
    sources.update(frontier);
    uint32_t best = 0;
    for (uint32_t type = 1; type < frontier.numTypes(); ++type) {
      // Without ready nodes the ratio is 0, also where sources are 0.
      uint64_t left = uint64_t(frontier.ready(type)) * divisor(best);
      uint64_t right = uint64_t(frontier.ready(best)) * divisor(type);
      if (left > right ||
          (left == right && frontier.ready(type) > frontier.ready(best)))
        best = type;
    }
    return best;
  }

private:
  uint32_t divisor(uint32_t type) const {
    return std::max(sources.count(type), 1u);
  }

  SubgraphSources sources;
};

/// Follows a learned finite state machine, and the sufficient condition where
/// the machine has no transition or names a type without ready nodes.
class FsmPolicy {
public:
  /// The slots that `table` points at must outlive the policy.
  explicit FsmPolicy(const edbc_policy_desc &table)
      : table(table), encoder(table.encoding) {}

  void begin(const Frontier &frontier) {
    encoder.begin(frontier);
    fallback.begin(frontier);
    fallbacks = 0;
  }

  uint32_t choose(const Frontier &frontier) {
    const uint32_t *action = lookup(table, encoder.encode(frontier));
    if (action && *action < frontier.numTypes() && frontier.ready(*action) != 0)
      return *action;
    ++fallbacks;
    return fallback.choose(frontier);
  }

  /// Choices since `begin` that the machine did not make.
  uint64_t numFallbacks() const { return fallbacks; }

private:
  edbc_policy_desc table;
  FrontierEncoder encoder;
  LemmaPolicy fallback;
  uint64_t fallbacks = 0;
};

/// Takes the type whose ready nodes have the lowest average depth, the lower
/// number of equal ones (Neubig et al., On-the-fly Operation Batching, 2017).
class AgendaPolicy {
public:
  void begin(const Frontier &frontier) {
    computeDepths(frontier.getGraph(), frontier.first(), depths);
    sums.assign(frontier.numTypes(), Sum());
  }

  uint32_t choose(const Frontier &frontier) {
    uint32_t best = UINT32_MAX;
    double lowest = 0;
    for (uint32_t type = 0; type < frontier.numTypes(); ++type) {
      if (frontier.ready(type) == 0)
        continue;
      double average = double(depthSum(frontier, type)) / frontier.ready(type);
      if (best == UINT32_MAX || average < lowest) {
        best = type;
        lowest = average;
      }
    }
    return best;
  }

private:
  /// The depths of a type's ready nodes, added up: those of its nodes with
  /// index [begin, end) among executed and ready ones together.
  struct Sum {
    uint64_t total = 0;
    uint32_t begin = 0;
    uint32_t end = 0;
  };

  uint64_t depthSum(const Frontier &frontier, uint32_t type) {
    Sum &sum = sums[type];
    uint32_t executed = frontier.executedNodes(type).size();
    if (sum.begin != executed)
      sum = {0, executed, executed};
    NodeSpan nodes = frontier.readyNodes(type);
    for (; sum.end - executed < nodes.size(); ++sum.end)
      sum.total += depths[nodes[sum.end - executed] - frontier.first()];
    return sum.total;
  }

  std::vector<uint32_t> depths;
  std::vector<Sum> sums;
};

} // namespace edbc::core

#endif // EDBC_RUNTIME_CORE_POLICY_H
