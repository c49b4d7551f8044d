//===- QLearning.cpp - learns a batching policy -----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/QLearning.h"

#include "passes/LearnPolicy/Random.h"
#include "passes/LearnPolicy/Refine.h"
#include "runtime/core/Policy.h"

#include <limits>
#include <unordered_map>

using namespace edbc;
using core::Frontier;
using core::Graph;

namespace {

constexpr uint32_t none = UINT32_MAX;
constexpr double untried = -std::numeric_limits<double>::infinity();

class Learner {
public:
  Learner(const std::vector<Graph> &miniBatches,
          const QLearningOptions &options);

  /// Schedules one mini-batch, now and then with a random choice, and learns
  /// from it.
  void runEpisode(uint32_t miniBatch, double exploration);

  /// Schedules all mini-batches with the greedy policy. Returns the number of
  /// batches.
  uint64_t evaluate();

  /// The machine of the last evaluation.
  std::vector<Transition> takeMachine() const;

private:
  struct Step {
    uint32_t state;
    uint32_t action;
    double reward;
  };

  /// The policy by which `evaluate` schedules.
  class Greedy {
  public:
    explicit Greedy(Learner &learner) : learner(learner) {}
    void begin(const Frontier &frontier) { learner.begin(frontier); }
    uint32_t choose(const Frontier &frontier);

  private:
    Learner &learner;
  };

  void begin(const Frontier &frontier);
  uint32_t enterState(const Frontier &frontier);
  double valueOf(uint32_t state) const;
  uint32_t bestAction(uint32_t state, const Frontier &frontier);
  uint32_t randomAction(const Frontier &frontier);
  void learnFrom(const std::vector<Step> &episode);

  const std::vector<Graph> &miniBatches;
  const QLearningOptions &options;
  const uint32_t numTypes;
  Random random;

  // States are numbered in the order in which they are met.
  std::unordered_map<uint64_t, uint32_t> stateOfKey;
  std::vector<std::vector<uint32_t>> sequences; ///< by state
  /// By state: the greedy action until one was tried.
  std::vector<uint32_t> firstChoices;
  std::vector<double> values; ///< [state][type], `untried` where not tried
  /// By state: what the last evaluation did there, `none` where it never was.
  std::vector<uint32_t> machine;

  /// By mini-batch: the counts before the first step.
  std::vector<core::SubgraphSources> initialSources;
  core::SubgraphSources sources;
  Frontier frontier;
  core::FrontierEncoder encoder;
  core::LemmaPolicy lemma;
  std::vector<uint32_t> scratch;
  std::vector<Step> episode;
};

} // namespace

Learner::Learner(const std::vector<Graph> &miniBatches,
                 const QLearningOptions &options)
    : miniBatches(miniBatches), options(options),
      numTypes(miniBatches.front().numTypes()), random(options.seed),
      initialSources(miniBatches.size()), encoder(options.encoding),
      scratch(numTypes) {
  for (size_t i = 0; i < miniBatches.size(); ++i) {
    frontier.reset(miniBatches[i]);
    initialSources[i].update(frontier);
  }
}

void Learner::begin(const Frontier &frontier) {
  encoder.begin(frontier);
  lemma.begin(frontier);
}

/// The number of the frontier's state, which is entered into the tables if it
/// is met for the first time.
uint32_t Learner::enterState(const Frontier &frontier) {
  uint64_t key = encoder.encode(frontier);
  auto [entry, isNew] = stateOfKey.try_emplace(key, sequences.size());
  if (isNew) {
    core::NodeSpan sequence = encoder.state();
    sequences.emplace_back(sequence.begin(), sequence.end());
    firstChoices.push_back(options.beginWithLemma ? lemma.choose(frontier)
                                                  : sequence[0]);
    values.resize(values.size() + numTypes, untried);
    machine.push_back(none);
  }
  return entry->second;
}

double Learner::valueOf(uint32_t state) const {
  const double *row = &values[size_t(state) * numTypes];
  return *std::max_element(row, row + numTypes);
}

uint32_t Learner::bestAction(uint32_t state, const Frontier &frontier) {
  const double *row = &values[size_t(state) * numTypes];
  uint32_t best = none;
  for (uint32_t type : sequences[state])
    if (frontier.ready(type) != 0 && row[type] != untried &&
        (best == none || row[type] > row[best]))
      best = type;
  if (best == none && frontier.ready(firstChoices[state]) != 0)
    best = firstChoices[state];
  // Two frontiers may share a key (see `core::foldKey`).
  return best != none ? best : lemma.choose(frontier);
}

uint32_t Learner::randomAction(const Frontier &frontier) {
  uint32_t length = 0;
  for (uint32_t type = 0; type < numTypes; ++type)
    if (frontier.ready(type) != 0)
      scratch[length++] = type;
  return scratch[random.below(length)];
}

void Learner::runEpisode(uint32_t miniBatch, double exploration) {
  frontier.reset(miniBatches[miniBatch]);
  begin(frontier);
  sources = initialSources[miniBatch];
  episode.clear();
  while (!frontier.done()) {
    sources.update(frontier);
    uint32_t state = enterState(frontier);
    uint32_t action = random.chance(exploration) ? randomAction(frontier)
                                                 : bestAction(state, frontier);
    double ratio = double(frontier.ready(action)) / sources.count(action);
    episode.push_back({state, action, options.alpha * ratio - 1});
    frontier.step(action);
  }
  learnFrom(episode);
}

/// Moves the values towards the n-step returns, from the last step to the
/// first, so that a return is bootstrapped from a state whose value takes this
/// very episode into account.
void Learner::learnFrom(const std::vector<Step> &episode) {
  for (size_t t = episode.size(); t-- > 0;) {
    size_t end = std::min(t + options.numSteps, episode.size());
    double result = end < episode.size() ? valueOf(episode[end].state) : 0;
    for (size_t i = end; i-- > t;)
      result = episode[i].reward + options.discount * result;

    double &value =
        values[size_t(episode[t].state) * numTypes + episode[t].action];
    // Any other beginning would weigh against what was never tried.
    if (value == untried)
      value = result;
    else
      value += options.learningRate * (result - value);
  }
}

uint32_t Learner::Greedy::choose(const Frontier &frontier) {
  uint32_t state = learner.enterState(frontier);
  uint32_t &action = learner.machine[state];
  if (action == none)
    action = learner.bestAction(state, frontier);
  return frontier.ready(action) != 0 ? action : learner.lemma.choose(frontier);
}

uint64_t Learner::evaluate() {
  std::fill(machine.begin(), machine.end(), none);
  Greedy policy(*this);
  uint64_t batches = 0;
  for (const Graph &graph : miniBatches)
    batches += core::schedule(frontier, graph, 0, policy).batches.size();
  return batches;
}

std::vector<Transition> Learner::takeMachine() const {
  std::vector<Transition> transitions;
  for (uint32_t state = 0; state < machine.size(); ++state)
    if (machine[state] != none)
      transitions.push_back({sequences[state], machine[state]});
  std::sort(transitions.begin(), transitions.end(),
            [](const Transition &a, const Transition &b) {
              return a.frontier < b.frontier;
            });
  return transitions;
}

BatchCounts &BatchCounts::operator+=(const BatchCounts &other) {
  lowerBound += other.lowerBound;
  fsm += other.fsm;
  agenda += other.agenda;
  depth += other.depth;
  lemma += other.lemma;
  fallbacks += other.fallbacks;
  return *this;
}

/// Whether a policy takes no more batches than those that need no learning, as
/// `LearnedPolicy::best` says.
static bool isSafe(const LearnedPolicy &learned,
                   uint64_t BatchCounts::*policy) {
  auto isBest = [&](const BatchCounts &counts) {
    return counts.*policy <=
           std::min({counts.lemma, counts.agenda, counts.depth});
  };
  return isBest(learned.total) && isBest(learned.trial) &&
         std::all_of(learned.miniBatches.begin(), learned.miniBatches.end(),
                     [&](const BatchCounts &counts) {
                       return counts.*policy <=
                              std::min(counts.agenda, counts.depth);
                     });
}

edbc_policy_kind LearnedPolicy::best() const {
  if (2 * trial.fallbacks <= trial.fsm && isSafe(*this, &BatchCounts::fsm))
    return EDBC_POLICY_FSM;
  if (isSafe(*this, &BatchCounts::lemma))
    return EDBC_POLICY_LEMMA;
  return total.agenda <= total.depth ? EDBC_POLICY_AGENDA : EDBC_POLICY_DEPTH;
}

/// Learns as in the paper. Returns the transitions.
static std::vector<Transition>
learnByQLearning(const std::vector<Graph> &miniBatches,
                 const QLearningOptions &options, uint32_t &numEpisodes) {
  uint64_t bound = 0;
  for (const Graph &graph : miniBatches)
    bound += core::lowerBound(graph);

  std::vector<Transition> transitions;
  Learner learner(miniBatches, options);
  uint64_t fewest = UINT64_MAX;
  double exploration = options.exploration;
  for (uint32_t episode = 0; fewest > bound; ++episode) {
    bool isLast = episode == options.maxEpisodes;
    if (isLast || episode % options.evaluationInterval == 0) {
      numEpisodes = episode;
      uint64_t batches = learner.evaluate();
      if (batches < fewest) {
        fewest = batches;
        transitions = learner.takeMachine();
      }
      if (isLast)
        break;
    }
    learner.runEpisode(episode % miniBatches.size(), exploration);
    exploration = std::max(exploration * options.explorationDecay,
                           options.minExploration);
  }
  return transitions;
}

static void append(Graph &graph, const Graph &other) {
  uint32_t first = graph.numNodes();
  std::vector<uint32_t> operands;
  for (uint32_t node = 0; node < other.numNodes(); ++node) {
    operands.clear();
    for (uint32_t operand : other.operands(node))
      operands.push_back(first + operand);
    graph.add(other.type(node), operands.data(), uint32_t(operands.size()));
  }
}

static BatchCounts countBatches(const Graph &graph, edbc_encoding encoding,
                                const std::vector<Transition> &transitions) {
  core::PolicyTable table =
      core::buildTable(encodeTransitions(transitions, graph.numTypes()));
  return countBatches(graph, {encoding, table.log2Slots, table.slots.data()});
}

LearnedPolicy edbc::learnPolicy(const std::vector<Graph> &miniBatches,
                                const QLearningOptions &options) {
  LearnedPolicy learned;
  learned.encoding = options.encoding;
  if (miniBatches.empty())
    return learned;

  if (options.method == LearningMethod::QLearning) {
    learned.transitions =
        learnByQLearning(miniBatches, options, learned.numEpisodes);
  } else {
    RefineOptions refinement;
    refinement.seed = options.seed;
    refinement.maxWork = options.maxWork / 2;
    auto last = miniBatches.end() - std::ptrdiff_t(miniBatches.size() / 4);
    if (last != miniBatches.end()) {
      learned.transitions = refineMachine({miniBatches.begin(), last},
                                          options.encoding, {}, refinement);
      for (auto unseen = last; unseen != miniBatches.end(); ++unseen)
        learned.trial +=
            countBatches(*unseen, options.encoding, learned.transitions);
    } else {
      refinement.maxWork = options.maxWork;
    }
    learned.transitions = refineMachine(miniBatches, options.encoding,
                                        learned.transitions, refinement);
  }

  Graph joined(miniBatches.front().numTypes());
  for (const Graph &graph : miniBatches) {
    learned.miniBatches.push_back(
        countBatches(graph, options.encoding, learned.transitions));
    learned.total += learned.miniBatches.back();
    append(joined, graph);
  }
  learned.trial += countBatches(joined, options.encoding, learned.transitions);
  return learned;
}

LearnedPolicy edbc::learnCheapestPolicy(const std::vector<Graph> &miniBatches,
                                        const QLearningOptions &options) {
  QLearningOptions cheapest = options;
  cheapest.encoding = EDBC_ENCODING_BASE;
  LearnedPolicy learned = learnPolicy(miniBatches, cheapest);
  bool isEnough =
      learned.reachedBound() && learned.trial.fsm == learned.trial.lowerBound;
  return isEnough ? learned : learnPolicy(miniBatches, options);
}

std::vector<edbc_transition>
edbc::encodeTransitions(const std::vector<Transition> &transitions,
                        uint32_t numTypes) {
  std::vector<edbc_transition> encoded;
  for (const Transition &transition : transitions) {
    uint64_t key = core::foldKey(
        transition.frontier.data(),
        static_cast<uint32_t>(transition.frontier.size()), numTypes);
    encoded.push_back({key, transition.action, 0});
  }
  return encoded;
}

BatchCounts edbc::countBatches(const Graph &graph,
                               const edbc_policy_desc &machine) {
  Frontier frontier;
  core::FsmPolicy fsm(machine);
  core::AgendaPolicy agenda;
  core::LemmaPolicy lemma;
  core::DepthScheduler depth;
  auto count = [&](auto &policy) {
    return core::schedule(frontier, graph, 0, policy).batches.size();
  };
  BatchCounts counts;
  counts.lowerBound = core::lowerBound(graph);
  counts.fsm = count(fsm);
  counts.fallbacks = fsm.numFallbacks();
  counts.agenda = count(agenda);
  counts.depth = depth.schedule(graph, 0).batches.size();
  counts.lemma = count(lemma);
  return counts;
}
