//===- Refine.cpp - betters a machine, action by action ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/Refine.h"

#include "runtime/core/Policy.h"
#include "runtime/core/Random.h"

#include <numeric>
#include <unordered_map>
#include <utility>

using namespace edbc;
using core::Frontier;
using core::Graph;

namespace {

class Refiner {
public:
  Refiner(const std::vector<Graph> &miniBatches, edbc_encoding encoding,
          const std::vector<Transition> &transitions,
          const RefineOptions &options, const LearningWatch &watch);

  /// Goes on with the first so many mini-batches, no fewer than before, until
  /// `maxWork` nodes were scheduled in all.
  void refine(size_t numMiniBatches, uint64_t maxWork);
  uint64_t workDone() const { return work; }
  std::vector<Transition> takeMachine() const;

private:
  struct Visits {
    uint32_t state;
    uint32_t count;
  };
  /// What the machine as it stands makes of a mini-batch.
  struct Run {
    uint64_t cost = 0;
    std::vector<Visits> visits; ///< by state, of those entered
  };

  uint32_t enterState(uint64_t key, core::NodeSpan sequence, uint32_t action);
  uint32_t firstChoice(uint32_t lemmaChoice) const;
  Run run(uint32_t miniBatch);
  uint64_t costOfAll() const;
  uint64_t penalty(uint32_t miniBatch, const Run &run) const;
  uint64_t penaltyOfAll() const;
  bool isDone() const;
  std::vector<uint32_t> choicesOf(uint32_t state) const;
  void descend();
  void kick();
  bool sweep();
  bool tryAction(uint32_t state, uint32_t action, bool &isGain);
  std::vector<uint32_t> statesByVisits() const;

  const std::vector<Graph> &miniBatches;
  const edbc_encoding encoding;
  const RefineOptions &options;
  const LearningWatch &watch;
  const uint32_t numTypes;
  Random random;
  uint64_t work = 0; ///< done so far
  uint64_t maxWork = 0;
  bool wasStopped = false; ///< by the watch

  // States are numbered in the order in which they are met.
  std::unordered_map<uint64_t, uint32_t> stateOfKey;
  std::vector<std::vector<uint32_t>> sequences;
  std::vector<uint32_t> actions;

  // Of the mini-batches that are used so far.
  std::vector<Run> runs;
  std::vector<uint64_t> bounds;
  uint64_t boundOfAll = 0;
  /// The encoder at the beginning, which costs time to set up.
  std::vector<core::FrontierEncoder> encoders;

  Frontier frontier;
  core::FrontierEncoder encoder;
  core::LemmaPolicy lemma;
  std::vector<uint32_t> entered; ///< states, in the order of a run
};

} // namespace

Refiner::Refiner(const std::vector<Graph> &miniBatches, edbc_encoding encoding,
                 const std::vector<Transition> &transitions,
                 const RefineOptions &options, const LearningWatch &watch)
    : miniBatches(miniBatches), encoding(encoding), options(options),
      watch(watch), numTypes(miniBatches.front().numTypes()),
      random(options.seed), encoder(encoding) {
  for (const Transition &transition : transitions) {
    core::NodeSpan sequence(transition.frontier.data(),
                            uint32_t(transition.frontier.size()));
    enterState(core::foldKey(sequence.begin(), sequence.size(), numTypes),
               sequence, transition.action);
  }
}

uint32_t Refiner::enterState(uint64_t key, core::NodeSpan sequence,
                             uint32_t action) {
  auto [entry, isNew] = stateOfKey.try_emplace(key, uint32_t(actions.size()));
  if (isNew) {
    sequences.emplace_back(sequence.begin(), sequence.end());
    actions.push_back(action);
  }
  return entry->second;
}

/// What to do in a state that is met for the first time: as the lemma says, but
/// a critical type if there is one, that with most ready nodes.
uint32_t Refiner::firstChoice(uint32_t lemmaChoice) const {
  core::NodeSpan critical = encoder.criticalTypes();
  if (critical.size() == 0 || std::find(critical.begin(), critical.end(),
                                        lemmaChoice) != critical.end())
    return lemmaChoice;
  return *std::max_element(critical.begin(), critical.end(),
                           [&](uint32_t a, uint32_t b) {
                             return frontier.ready(a) < frontier.ready(b);
                           });
}

Refiner::Run Refiner::run(uint32_t miniBatch) {
  Run result;
  frontier.reset(miniBatches[miniBatch]);
  encoder = encoders[miniBatch];
  lemma.begin(frontier);
  entered.clear();
  uint64_t numNodes = miniBatches[miniBatch].numNodes();
  work += numNodes;
  auto askLemma = [&] {
    work += numNodes;
    return lemma.choose(frontier);
  };
  // As the runtime does: see `core::FsmPolicy`.
  auto fallBack = [&] {
    return encoding == EDBC_ENCODING_CRITICAL ? encoder.mostDue(frontier)
                                              : askLemma();
  };
  while (!frontier.done()) {
    uint64_t key = encoder.encode(frontier);
    auto entry = stateOfKey.find(key);
    if (entry == stateOfKey.end() && actions.size() >= options.maxStates) {
      frontier.step(fallBack());
      continue;
    }
    uint32_t state =
        entry != stateOfKey.end()
            ? entry->second
            : enterState(key, encoder.state(), firstChoice(askLemma()));
    entered.push_back(state);
    // Two frontiers may share a key (see `core::foldKey`).
    uint32_t action = actions[state];
    frontier.step(frontier.ready(action) != 0 ? action : fallBack());
  }
  result.cost = costOf(options.costs, frontier.schedule());
  std::sort(entered.begin(), entered.end());
  for (uint32_t state : entered) {
    if (result.visits.empty() || result.visits.back().state != state)
      result.visits.push_back({state, 0});
    ++result.visits.back().count;
  }
  return result;
}

uint64_t Refiner::costOfAll() const {
  uint64_t cost = 0;
  for (const Run &run : runs)
    cost += run.cost;
  return cost;
}

/// The cost of a run, and what it is above its limit many times over.
uint64_t Refiner::penalty(uint32_t miniBatch, const Run &run) const {
  constexpr uint64_t weight = 1 << 10;
  if (options.limits.empty() || run.cost <= options.limits[miniBatch])
    return run.cost;
  return run.cost + weight * (run.cost - options.limits[miniBatch]);
}

uint64_t Refiner::penaltyOfAll() const {
  uint64_t all = 0;
  for (uint32_t i = 0; i < runs.size(); ++i)
    all += penalty(i, runs[i]);
  return all;
}

/// Whether no more can be gained, or the work is used up.
bool Refiner::isDone() const {
  return wasStopped || work >= maxWork || costOfAll() == boundOfAll;
}

/// The types with ready nodes, by number.
std::vector<uint32_t> Refiner::choicesOf(uint32_t state) const {
  std::vector<uint32_t> choices = sequences[state];
  if (encoding == EDBC_ENCODING_CRITICAL) // The batch before need not return.
    choices.erase(choices.begin());
  std::sort(choices.begin(), choices.end());
  choices.erase(std::unique(choices.begin(), choices.end()), choices.end());
  return choices;
}

/// Returns whether the action is kept.
bool Refiner::tryAction(uint32_t state, uint32_t action, bool &isGain) {
  uint32_t actionBefore = std::exchange(actions[state], action);
  std::vector<uint32_t> concerned;
  // What all those that are still to be scheduled can gain at most.
  uint64_t mostGain = 0;
  for (uint32_t i = 0; i < runs.size(); ++i)
    if (std::binary_search(runs[i].visits.begin(), runs[i].visits.end(),
                           Visits{state, 0},
                           [](const Visits &a, const Visits &b) {
                             return a.state < b.state;
                           })) {
      concerned.push_back(i);
      mostGain += penalty(i, runs[i]) - bounds[i];
    }
  std::vector<Run> changed;
  uint64_t before = 0, after = 0;
  for (uint32_t i : concerned) {
    changed.push_back(run(i));
    before += penalty(i, runs[i]);
    after += penalty(i, changed.back());
    mostGain -= penalty(i, runs[i]) - bounds[i];
    wasStopped = watch && !watch({runs.size(), costOfAll(), boundOfAll,
                                  double(work) / double(options.maxWork)});
    if (wasStopped || after > before + mostGain)
      break;
  }
  isGain = !wasStopped && after < before;
  if (wasStopped || after > before || (!isGain && random.chance(0.5))) {
    actions[state] = actionBefore;
    return false;
  }
  for (size_t i = 0; i < concerned.size(); ++i)
    runs[concerned[i]] = std::move(changed[i]);
  return true;
}

std::vector<uint32_t> Refiner::statesByVisits() const {
  std::vector<uint64_t> visits(actions.size());
  for (const Run &run : runs)
    for (const Visits &entry : run.visits)
      visits[entry.state] += entry.count;
  std::vector<uint32_t> states;
  for (uint32_t state = 0; state < visits.size(); ++state)
    if (visits[state] != 0)
      states.push_back(state);
  std::sort(states.begin(), states.end(), [&](uint32_t a, uint32_t b) {
    return visits[a] != visits[b] ? visits[a] > visits[b] : a < b;
  });
  return states;
}

/// Tries all changes of all states once. Returns whether one was a gain.
bool Refiner::sweep() {
  bool isBetter = false;
  for (uint32_t state : statesByVisits())
    for (uint32_t action : choicesOf(state)) {
      if (isDone())
        return isBetter;
      bool isGain = false;
      if (action != actions[state] && tryAction(state, action, isGain))
        isBetter |= isGain;
    }
  return isBetter;
}

void Refiner::descend() {
  while (!isDone() && sweep()) {
  }
}

void Refiner::kick() {
  constexpr uint32_t numChanges = 3;
  std::vector<uint32_t> states = statesByVisits();
  std::vector<uint32_t> actionsBefore = actions;
  std::vector<Run> runsBefore = runs;
  uint64_t before = penaltyOfAll();
  for (uint32_t i = 0; i < numChanges; ++i) {
    uint32_t state = states[random.below(uint32_t(states.size()))];
    std::vector<uint32_t> choices = choicesOf(state);
    actions[state] = choices[random.below(uint32_t(choices.size()))];
  }
  for (uint32_t i = 0; i < runs.size(); ++i)
    runs[i] = run(i);
  descend();
  if (penaltyOfAll() > before) {
    // States met since then keep the actions that they have.
    std::copy(actionsBefore.begin(), actionsBefore.end(), actions.begin());
    runs = std::move(runsBefore);
  }
}

void Refiner::refine(size_t numMiniBatches, uint64_t maxWork) {
  this->maxWork = maxWork;
  for (uint32_t i = uint32_t(runs.size()); i < numMiniBatches; ++i) {
    frontier.reset(miniBatches[i]);
    encoders.emplace_back(encoding);
    encoders[i].begin(frontier);
    encoders[i].encode(frontier);
    bounds.push_back(lowestCost(options.costs, miniBatches[i]));
    boundOfAll += bounds[i];
    runs.push_back(run(i));
  }
  descend();
  for (uint32_t i = 0; i < options.maxKicks && !isDone(); ++i)
    kick();
}

std::vector<Transition> Refiner::takeMachine() const {
  std::vector<Transition> transitions;
  for (uint32_t state : statesByVisits())
    transitions.push_back({sequences[state], actions[state]});
  std::sort(transitions.begin(), transitions.end(),
            [](const Transition &a, const Transition &b) {
              return a.frontier < b.frontier;
            });
  return transitions;
}

std::vector<Transition>
edbc::refineMachine(const std::vector<Graph> &miniBatches,
                    edbc_encoding encoding,
                    const std::vector<Transition> &transitions,
                    const RefineOptions &options, const LearningWatch &watch) {
  if (miniBatches.empty())
    return {};
  // How many mini-batches each stage has.
  std::vector<size_t> stages;
  uint64_t numNodes = 0, enough = options.firstNodes;
  size_t last = std::min(options.numMiniBatches, miniBatches.size());
  for (size_t i = 0; i < last; ++i) {
    numNodes += miniBatches[i].numNodes();
    if (numNodes >= enough && i + 1 != last) {
      stages.push_back(i + 1);
      enough = 2 * numNodes;
    }
  }
  stages.push_back(last);

  Refiner refiner(miniBatches, encoding, transitions, options, watch);
  for (size_t i = 0; i < stages.size(); ++i) {
    uint64_t done = std::min(refiner.workDone(), options.maxWork);
    refiner.refine(stages[i],
                   done + (options.maxWork - done) / (stages.size() - i));
  }
  return refiner.takeMachine();
}
