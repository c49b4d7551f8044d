//===- Policy.h - which type to batch next ---------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// 1. How a frontier is seen: `frontierSequence`, `foldKey`, `FrontierEncoder`.
// 2. The table that holds a learned finite state machine: `slotOf`, `lookup`,
//    `buildTable`. Its layout is `edbc_policy_desc`.
// 3. The policies: `LemmaPolicy`, `MostDuePolicy`, `FsmPolicy`, `AgendaPolicy`.
//
// The compiler trains with these functions and the runtime executes them.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CORE_POLICY_H
#define EDBC_RUNTIME_CORE_POLICY_H

#include "edbc/abi.h"
#include "runtime/core/CriticalTypes.h"
#include "runtime/core/Scheduler.h"
#include "runtime/core/SubgraphSources.h"

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

/// Sees frontiers as an encoding does: the chosen types, since of others no
/// node is ever ready. For base, max and sort the state is `frontierSequence`.
/// For critical it is one sequence of
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
      uint32_t last = frontier.lastStep();
      sequence[0] = last == UINT32_MAX ? sequence[1] : last;
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

  /// With critical, what to do in a state about which nothing is known: see
  /// `CriticalTypes::mostDue`. The frontier need not be encoded for that.
  uint32_t mostDue(const Frontier &frontier) {
    critical.update(frontier);
    return critical.mostDue(frontier);
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
  static constexpr bool choosesAmongAllTypes = false;

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

/// Takes the type of which a batch gets most of what is due; see
/// `CriticalTypes::mostDue`.
class MostDuePolicy {
public:
  static constexpr bool choosesAmongAllTypes = false;

  void begin(const Frontier &) { critical.reset(); }

  uint32_t choose(const Frontier &frontier) {
    critical.update(frontier);
    return critical.mostDue(frontier);
  }

private:
  CriticalTypes critical;
};

/// Follows a learned finite state machine. Where it has no transition or names
/// a type without ready nodes, the choice is that of `CriticalTypes::mostDue`
/// with encoding critical, which keeps what that needs, and else the lemma's.
class FsmPolicy {
public:
  static constexpr bool choosesAmongAllTypes = false;

  /// The slots that `table` points at must outlive the policy; there are none
  /// where it is no machine.
  explicit FsmPolicy(const edbc_policy_desc &table)
      : table(table), encoder(table.encoding),
        isEmpty(!table.slots ||
                (table.log2_slots == 0 && table.slots[0].key == 0)) {}

  void begin(const Frontier &frontier) {
    encoder.begin(frontier);
    lemma.begin(frontier);
    fallbacks = 0;
  }

  uint32_t choose(const Frontier &frontier) {
    const uint32_t *action =
        isEmpty ? nullptr : lookup(table, encoder.encode(frontier));
    if (action && *action < frontier.numTypes() && frontier.ready(*action) != 0)
      return *action;
    ++fallbacks;
    return table.encoding == EDBC_ENCODING_CRITICAL ? encoder.mostDue(frontier)
                                                    : lemma.choose(frontier);
  }

  /// Choices since `begin` that the machine did not make.
  uint64_t numFallbacks() const { return fallbacks; }

private:
  edbc_policy_desc table;
  FrontierEncoder encoder;
  bool isEmpty; ///< Encodes nothing then.
  LemmaPolicy lemma;
  uint64_t fallbacks = 0;
};

/// Takes the type whose ready nodes have the lowest average depth, the lower
/// number of equal ones (Neubig et al., On-the-fly Operation Batching, 2017).
class AgendaPolicy {
public:
  /// As published.
  static constexpr bool choosesAmongAllTypes = true;

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
