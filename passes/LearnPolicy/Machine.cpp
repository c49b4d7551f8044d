//===- Machine.cpp - machines, and what policies achieve --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/Machine.h"

#include <unordered_map>

using namespace edbc;
using core::Frontier;
using core::Graph;

static uint64_t keyOf(const Transition &transition, uint32_t numTypes) {
  return core::foldKey(transition.frontier.data(),
                       static_cast<uint32_t>(transition.frontier.size()),
                       numTypes);
}

std::vector<edbc_transition>
edbc::encodeTransitions(const std::vector<Transition> &transitions,
                        uint32_t numTypes) {
  std::vector<edbc_transition> encoded;
  for (const Transition &transition : transitions)
    encoded.push_back({keyOf(transition, numTypes), transition.action, 0});
  return encoded;
}

uint64_t BatchCounts::of(edbc_policy_kind policy) const {
  switch (policy) {
  case EDBC_POLICY_FSM:
    return fsm;
  case EDBC_POLICY_AGENDA:
    return agenda;
  case EDBC_POLICY_DEPTH:
    return depth;
  case EDBC_POLICY_LEMMA:
    return lemma;
  }
  assert(false && "all policies are counted");
  return 0;
}

BatchCounts &BatchCounts::operator+=(const BatchCounts &other) {
  lowerBound += other.lowerBound;
  fsm += other.fsm;
  agenda += other.agenda;
  depth += other.depth;
  lemma += other.lemma;
  choices += other.choices;
  fallbacks += other.fallbacks;
  return *this;
}

uint64_t edbc::costOf(const BatchCosts &costs, const core::Schedule &schedule) {
  uint64_t cost = 0;
  for (const core::Batch &batch : schedule.batches)
    cost += costOf(costs, batch.type);
  return cost;
}

uint64_t edbc::lowestCost(const BatchCosts &costs, const Graph &graph) {
  uint64_t cost = 0;
  uint32_t type = 0;
  for (uint32_t chain : core::longestChains(graph, 0, graph.numNodes()))
    cost += chain * costOf(costs, type++);
  return cost;
}

BatchCounts edbc::countBatches(const Graph &graph, const BatchCosts &costs) {
  Frontier frontier;
  core::AgendaPolicy agenda;
  core::LemmaPolicy lemma;
  core::DepthScheduler depth;
  auto count = [&](auto &policy) {
    return costOf(costs, core::schedule(frontier, graph, 0, policy));
  };
  BatchCounts counts;
  counts.lowerBound = lowestCost(costs, graph);
  counts.agenda = count(agenda);
  counts.depth = costOf(costs, depth.schedule(graph, 0));
  counts.lemma = count(lemma);
  return counts;
}

void edbc::countMachine(const Graph &graph, const edbc_policy_desc &machine,
                        BatchCounts &counts, const BatchCosts &costs) {
  Frontier frontier;
  core::FsmPolicy fsm(machine);
  const core::Schedule &schedule = core::schedule(frontier, graph, 0, fsm);
  counts.fsm = costOf(costs, schedule);
  counts.choices = uint64_t(std::count_if(
      schedule.batches.begin(), schedule.batches.end(),
      [&](const core::Batch &batch) { return frontier.isChosen(batch.type); }));
  counts.fallbacks = fsm.numFallbacks();
}

BatchCounts edbc::countBatches(const Graph &graph,
                               const edbc_policy_desc &machine,
                               const BatchCosts &costs) {
  BatchCounts counts = countBatches(graph, costs);
  countMachine(graph, machine, counts, costs);
  return counts;
}

std::vector<uint64_t>
edbc::countUses(const std::vector<Graph> &graphs, edbc_encoding encoding,
                const std::vector<Transition> &transitions) {
  std::vector<uint64_t> uses(transitions.size());
  if (graphs.empty())
    return uses;
  uint32_t numTypes = graphs.front().numTypes();
  // Of transitions with the same key the first one counts, as in the table.
  std::unordered_map<uint64_t, size_t> transitionOfKey;
  for (size_t i = 0; i < transitions.size(); ++i)
    transitionOfKey.try_emplace(keyOf(transitions[i], numTypes), i);
  Machine machine(encoding, transitions, numTypes);
  core::FsmPolicy policy(machine.description());
  core::FrontierEncoder encoder(encoding);
  Frontier frontier;
  for (const Graph &graph : graphs) {
    frontier.reset(graph);
    policy.begin(frontier);
    encoder.begin(frontier);
    while (!frontier.done()) {
      auto used = transitionOfKey.find(encoder.encode(frontier));
      uint64_t fallbacks = policy.numFallbacks();
      uint32_t action = policy.choose(frontier);
      if (policy.numFallbacks() == fallbacks)
        ++uses[used->second];
      frontier.step(action);
    }
  }
  return uses;
}
