//===- Machine.h - machines, and what policies achieve ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// A batching policy as a finite state machine, as the learners handle it, and
// the numbers of batches that it and the policies without a machine need.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_LEARNPOLICY_MACHINE_H
#define EDBC_PASSES_LEARNPOLICY_MACHINE_H

#include "runtime/core/Policy.h"

#include <vector>

namespace edbc {

/// Where `core::FrontierEncoder` sees the types `frontier`, batch the ready
/// nodes of type `action`, one of them.
struct Transition {
  std::vector<uint32_t> frontier;
  uint32_t action;
};

/// The transitions as `core::buildTable` takes them.
std::vector<edbc_transition>
encodeTransitions(const std::vector<Transition> &transitions,
                  uint32_t numTypes);

/// Transitions as the runtime gets them.
class Machine {
public:
  Machine(edbc_encoding encoding, const std::vector<Transition> &transitions,
          uint32_t numTypes)
      : table(core::buildTable(encodeTransitions(transitions, numTypes))),
        policy{EDBC_POLICY_FSM, encoding, table.log2Slots, 0,
               table.slots.data()} {}
  Machine(const Machine &) = delete;
  Machine &operator=(const Machine &) = delete;

  /// Valid as long as the machine.
  const edbc_policy_desc &description() const { return policy; }

private:
  core::PolicyTable table;
  edbc_policy_desc policy;
};

/// By type, what a batch costs, whatever its size: a weight for the number of
/// batches. Empty: 1 for each type. (What each row costs it costs under every
/// schedule.)
using BatchCosts = std::vector<uint32_t>;

inline uint64_t costOf(const BatchCosts &costs, uint32_t type) {
  return costs.empty() ? 1 : costs[type];
}

/// What a schedule's batches cost.
uint64_t costOf(const BatchCosts &costs, const core::Schedule &schedule);

/// No schedule of the graph costs less.
uint64_t lowestCost(const BatchCosts &costs, const core::Graph &graph);

/// Batches that schedules of one mini-batch, or of several, consist of; where
/// batches have costs, the sum of these.
struct BatchCounts {
  uint64_t lowerBound = 0;
  uint64_t fsm = 0;
  uint64_t agenda = 0;
  uint64_t depth = 0;
  uint64_t lemma = 0;
  /// Choices that were left to the machine, and those of them in states that it
  /// has no transition for: numbers, whatever batches cost.
  uint64_t choices = 0;
  uint64_t fallbacks = 0;

  uint64_t of(edbc_policy_kind policy) const;
  BatchCounts &operator+=(const BatchCounts &other);
};

/// What the policies without a machine make of a graph: all but `fsm`,
/// `choices` and `fallbacks`, which stay 0.
BatchCounts countBatches(const core::Graph &graph,
                         const BatchCosts &costs = {});

/// The same, and `fsm`, `choices` and `fallbacks`.
BatchCounts countBatches(const core::Graph &graph,
                         const edbc_policy_desc &machine,
                         const BatchCosts &costs = {});

/// Sets `fsm`, `choices` and `fallbacks` to what the machine makes of a graph.
void countMachine(const core::Graph &graph, const edbc_policy_desc &machine,
                  BatchCounts &counts, const BatchCosts &costs = {});

/// By transition: how often the machine uses it on the graphs.
std::vector<uint64_t> countUses(const std::vector<core::Graph> &graphs,
                                edbc_encoding encoding,
                                const std::vector<Transition> &transitions);

} // namespace edbc

#endif // EDBC_PASSES_LEARNPOLICY_MACHINE_H
