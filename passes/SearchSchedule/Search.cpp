//===- Search.cpp - schedules of few batches, by search ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/SearchSchedule/Search.h"

#include "runtime/core/Policy.h"
#include "runtime/core/Random.h"

#include <tuple>
#include <unordered_set>

using namespace edbc;
using core::Frontier;
using core::Graph;

namespace {

/// A partial schedule: the frontier, and what the search asks of it.
struct State {
  Frontier frontier;
  core::CriticalTypes critical;
  uint64_t bound; ///< of the steps that remain
  uint64_t hash;  ///< of the set of executed nodes
};

/// Makes the schedule of a frontier that is done the result.
void take(const Frontier &frontier, SearchResult &result) {
  const std::vector<core::Batch> &batches = frontier.schedule().batches;
  result.numBatches = batches.size();
  result.steps.clear();
  for (const core::Batch &batch : batches)
    if (frontier.isChosen(batch.type))
      result.steps.push_back(batch.type);
}

class Search {
public:
  Search(const Graph &graph, const SearchOptions &options);

  /// Betters the result, if it can.
  void runBeam(SearchResult &result);
  void prove(SearchResult &result);

private:
  /// A state that was not made yet: what follows if `parent` batches `type`.
  struct Candidate {
    uint64_t bound;
    uint32_t remaining;
    uint32_t parent;
    uint32_t type;
    uint64_t hash;
  };

  /// Whether to stop, of which the result takes note.
  bool isStopped(SearchResult &result) const {
    result.wasStopped |= options.goOn && !options.goOn();
    return result.wasStopped;
  }
  State begin() const;
  void step(State &state, uint32_t type) const;
  Candidate candidate(const State &state, uint32_t parent, uint32_t type) const;

  const Graph &graph;
  const SearchOptions &options;
  std::vector<uint64_t> hashes; ///< by node
};

} // namespace

Search::Search(const Graph &graph, const SearchOptions &options)
    : graph(graph), options(options), hashes(graph.numNodes()) {
  Random random(0);
  for (uint64_t &hash : hashes)
    hash = random.next();
}

State Search::begin() const {
  State state;
  state.frontier.reset(graph);
  state.critical.update(state.frontier);
  const std::vector<uint32_t> chains =
      core::longestChains(graph, 0, graph.numNodes());
  state.bound = 0;
  for (uint32_t type = 0; type < graph.numTypes(); ++type)
    state.bound += state.frontier.isChosen(type) ? chains[type] : 0;
  state.hash = 0;
  return state;
}

Search::Candidate Search::candidate(const State &state, uint32_t parent,
                                    uint32_t type) const {
  Candidate next = {state.bound - state.critical.isCritical(type),
                    state.frontier.numRemaining() - state.frontier.ready(type),
                    parent, type, state.hash};
  for (uint32_t node : state.frontier.readyNodes(type))
    next.hash ^= hashes[node];
  return next;
}

void Search::step(State &state, uint32_t type) const {
  Candidate next = candidate(state, 0, type);
  state.bound = next.bound;
  state.hash = next.hash;
  state.frontier.step(type);
  state.critical.update(state.frontier);
}

void Search::runBeam(SearchResult &result) {
  std::vector<State> beam, next;
  beam.push_back(begin());
  std::vector<Candidate> candidates;
  std::unordered_set<uint64_t> seen;
  while (!isStopped(result)) {
    candidates.clear();
    for (uint32_t i = 0; i < beam.size(); ++i) {
      // States of a beam have taken equally many steps.
      if (beam[i].frontier.done()) {
        if (beam[i].frontier.schedule().batches.size() < result.numBatches)
          take(beam[i].frontier, result);
        return;
      }
      for (uint32_t type = 0; type < graph.numTypes(); ++type)
        if (beam[i].frontier.ready(type) != 0)
          candidates.push_back(candidate(beam[i], i, type));
    }
    std::sort(candidates.begin(), candidates.end(),
              [](const Candidate &a, const Candidate &b) {
                return std::tie(a.bound, a.remaining, a.parent, a.type) <
                       std::tie(b.bound, b.remaining, b.parent, b.type);
              });
    // The states of the beam before last are overwritten, which saves memory
    // from being taken and given back.
    seen.clear();
    uint32_t count = 0;
    for (const Candidate &candidate : candidates) {
      if (count == options.beamWidth)
        break;
      if (!seen.insert(candidate.hash).second)
        continue;
      if (count == next.size())
        next.emplace_back();
      next[count] = beam[candidate.parent];
      step(next[count++], candidate.type);
    }
    next.resize(count);
    beam.swap(next);
  }
}

/// Raises the bound and shortens the schedule as far as `maxProofStates` allow.
///
/// Steps so far plus bound never fall along a path, and a step raises them by 0
/// or 1. So the states with the lowest sum stand in one stack and those with
/// one more in another; when the first runs empty, every schedule is known to
/// have that many more steps. Types that no step is taken of have as many
/// batches as the bound says.
void Search::prove(SearchResult &result) {
  std::vector<State> open, later;
  std::unordered_set<uint64_t> expanded;
  open.push_back(begin());
  for (; !result.isProven(); open.swap(later)) {
    while (!open.empty()) {
      State state = std::move(open.back());
      open.pop_back();
      if (state.frontier.done()) {
        take(state.frontier, result);
        return;
      }
      // A state is first taken from the stack with its fewest batches.
      if (!expanded.insert(state.hash).second)
        continue;
      if (expanded.size() > options.maxProofStates || isStopped(result))
        return;
      for (uint32_t type = 0; type < graph.numTypes(); ++type) {
        if (state.frontier.ready(type) == 0)
          continue;
        bool isCritical = state.critical.isCritical(type);
        std::vector<State> &stack = isCritical ? open : later;
        stack.push_back(state);
        step(stack.back(), type);
      }
    }
    ++result.bound;
  }
}

SearchResult edbc::searchSchedule(const Graph &graph,
                                  const SearchOptions &options) {
  assert(options.beamWidth != 0 && "a beam holds something");
  SearchResult result;
  result.bound = core::lowerBound(graph);
  Frontier frontier;
  auto follow = [&](auto &&policy) {
    size_t number = core::schedule(frontier, graph, 0, policy).batches.size();
    if (result.numBatches == 0 || number < result.numBatches)
      take(frontier, result);
  };
  follow(core::LemmaPolicy());
  follow(core::MostDuePolicy());
  if (result.isProven())
    return result;

  Search search(graph, options);
  search.runBeam(result);
  if (options.maxProofStates != 0 && !result.wasStopped)
    search.prove(result);
  return result;
}
