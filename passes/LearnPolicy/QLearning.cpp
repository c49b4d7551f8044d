//===- QLearning.cpp - learns a machine as in the paper ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/QLearning.h"

#include "runtime/core/Random.h"

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
  Learner(const std::vector<Graph> &miniBatches, edbc_encoding encoding,
          const QLearningOptions &options);

  /// That are learned from.
  size_t numMiniBatches() const { return initialSources.size(); }

  /// Schedules one mini-batch, now and then with a random choice, and learns
  /// from it.
  void runEpisode(uint32_t miniBatch, double exploration);

  /// Schedules all mini-batches with the greedy policy. Returns what the
  /// batches cost.
  uint64_t evaluate();

  /// Whether there are as many states as there may be.
  bool isFull() const { return sequences.size() >= options.maxStates; }

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
    static constexpr bool choosesAmongAllTypes = false;

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
  std::vector<double> weights; ///< of rewards, by type
  std::vector<Step> episode;
};

} // namespace

Learner::Learner(const std::vector<Graph> &miniBatches, edbc_encoding encoding,
                 const QLearningOptions &options)
    : miniBatches(miniBatches), options(options),
      numTypes(miniBatches.front().numTypes()), random(options.seed),
      initialSources(std::min(options.numMiniBatches, miniBatches.size())),
      encoder(encoding), scratch(numTypes), weights(numTypes, 1) {
  double sum = 0;
  for (uint32_t cost : options.costs)
    sum += cost;
  for (uint32_t type = 0; sum != 0 && type < numTypes; ++type)
    weights[type] = options.costs[type] * numTypes / sum;
  for (size_t i = 0; i < numMiniBatches(); ++i) {
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
    episode.push_back(
        {state, action, weights[action] * (options.alpha * ratio - 1)});
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
  uint64_t cost = 0;
  for (size_t i = 0; i < numMiniBatches(); ++i)
    cost += costOf(options.costs,
                   core::schedule(frontier, miniBatches[i], 0, policy));
  return cost;
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

QLearningResult edbc::learnByQLearning(const std::vector<Graph> &miniBatches,
                                       edbc_encoding encoding,
                                       const QLearningOptions &options,
                                       const LearningWatch &watch) {
  QLearningResult result;
  Learner learner(miniBatches, encoding, options);
  LearningProgress progress = {learner.numMiniBatches(), UINT64_MAX, 0, 0};
  for (size_t i = 0; i < progress.numMiniBatches; ++i)
    progress.lowerBound += lowestCost(options.costs, miniBatches[i]);
  double exploration = options.exploration;
  for (uint32_t episode = 0;; ++episode) {
    progress.share = double(episode) / std::max(options.maxEpisodes, 1u);
    bool isLast = episode == options.maxEpisodes || learner.isFull() ||
                  (episode != 0 && watch && !watch(progress));
    if (isLast || episode % options.evaluationInterval == 0) {
      result.numEpisodes = episode;
      uint64_t batches = learner.evaluate();
      if (batches < progress.batches) {
        progress.batches = batches;
        result.transitions = learner.takeMachine();
      }
      if (isLast || batches == progress.lowerBound)
        return result;
    }
    learner.runEpisode(episode % uint32_t(progress.numMiniBatches),
                       exploration);
    exploration = std::max(exploration * options.explorationDecay,
                           options.minExploration);
  }
}
