//===- Learning.cpp - learns a batching policy ------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/Learning.h"

using namespace edbc;
using core::Graph;

edbc_policy_kind LearnedPolicy::best() const {
  auto isClean = [&](edbc_policy_kind policy) {
    return numExceptions(policy) == 0;
  };
  auto isBest = [&](edbc_policy_kind policy) {
    for (const BatchCounts *counts : {&total, &trial})
      if (counts->of(policy) >
          std::min({counts->fsm, counts->lemma, counts->agenda, counts->depth}))
        return false;
    return true;
  };
  if (!isByHeart() && isBest(EDBC_POLICY_FSM) && isClean(EDBC_POLICY_FSM))
    return EDBC_POLICY_FSM;
  std::optional<edbc_policy_kind> fewest;
  for (edbc_policy_kind policy : {EDBC_POLICY_LEMMA, EDBC_POLICY_AGENDA,
                                  EDBC_POLICY_DEPTH, EDBC_POLICY_FSM})
    if (isClean(policy) && (!fewest || total.of(policy) < total.of(*fewest)))
      fewest = policy;
  if (fewest)
    return *fewest;
  return total.agenda <= total.depth ? EDBC_POLICY_AGENDA : EDBC_POLICY_DEPTH;
}

bool LearnedPolicy::isByHeart() const {
  return !transitions.empty() && 2 * trial.fallbacks > trial.choices;
}

size_t LearnedPolicy::numExceptions(edbc_policy_kind policy) const {
  return size_t(std::count_if(
      miniBatches.begin(), miniBatches.end(), [&](const BatchCounts &counts) {
        return counts.of(policy) > std::min(counts.agenda, counts.depth);
      }));
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

/// Lets no more nodes and states be kept than fit into the memory: three
/// quarters of it are for nodes.
static void limitMemory(LearningOptions &options, uint32_t numTypes) {
  // Of a node with a few operands: in the joined graph and its frontier, 60 to
  // 100; in the encoder of its mini-batch, 44 and 32 more while that begins.
  constexpr uint64_t bytesPerNode = 180;
  // Of a state: its sequence, key and values or actions.
  const uint64_t bytesPerState = 128 + uint64_t(16) * numTypes;
  uint64_t forStates = options.maxBytes / 4;
  options.maxNodes =
      std::min(options.maxNodes, (options.maxBytes - forStates) / bytesPerNode);
  auto limit = [&](uint32_t &maxStates) {
    maxStates = static_cast<uint32_t>(
        std::min<uint64_t>(maxStates, forStates / bytesPerState));
  };
  limit(options.refinement.maxStates);
  limit(options.qLearning.maxStates);
}

namespace {

/// Learns from one set of samples, with one encoding or with several.
class Learner {
public:
  Learner(const std::vector<Graph> &miniBatches,
          const LearningOptions &options);

  /// `maxWork` is that of refinement.
  LearnedPolicy learn(edbc_encoding encoding, uint64_t maxWork);

private:
  void refine(LearnedPolicy &learned, uint64_t maxWork);
  void repair(LearnedPolicy &learned, uint64_t maxWork);
  void qLearn(LearnedPolicy &learned);
  void judge(LearnedPolicy &learned) const;
  BatchCounts tryUnseen(const LearnedPolicy &learned) const;
  BatchCounts tryJoined(const LearnedPolicy &learned) const;
  LearnedPolicy withoutTransitions(edbc_encoding encoding) const;
  /// The watch of a part of the work, which goes from `begin` to `end`.
  LearningWatch watchPart(double begin, double end);

  const std::vector<Graph> &miniBatches;
  LearningOptions options;
  size_t numUsed = 0; ///< mini-batches that are learned from
  /// From here to `numUsed` they are set aside first, to try machines on.
  size_t firstUnseen = 0;
  Graph joined; ///< these
  // What the policies without a machine make of them.
  std::vector<BatchCounts> countsOfEach;
  BatchCounts countsOfJoined;
  std::vector<uint64_t> limits; ///< the better of agenda and depth
  bool wasStopped = false;
};

} // namespace

Learner::Learner(const std::vector<Graph> &miniBatches,
                 const LearningOptions &options)
    : miniBatches(miniBatches), options(options),
      joined(miniBatches.front().getOrder()) {
  limitMemory(this->options, joined.numTypes());
  for (const Graph &graph : miniBatches) {
    countsOfEach.push_back(countBatches(graph, options.costs));
    limits.push_back(
        std::min(countsOfEach.back().agenda, countsOfEach.back().depth));
    bool fits = joined.numNodes() + graph.numNodes() <= this->options.maxNodes;
    if (numUsed + 1 == countsOfEach.size() && (fits || numUsed == 0)) {
      append(joined, graph);
      ++numUsed;
    }
  }
  firstUnseen = numUsed - numUsed / 4;
  countsOfJoined = countBatches(joined, options.costs);
}

LearningWatch Learner::watchPart(double begin, double end) {
  return [this, begin, end](const LearningProgress &progress) {
    if (!wasStopped && options.watch) {
      LearningProgress all = progress;
      all.share = begin + progress.share * (end - begin);
      wasStopped = !options.watch(all);
    }
    return !wasStopped;
  };
}

void Learner::refine(LearnedPolicy &learned, uint64_t maxWork) {
  RefineOptions refinement = options.refinement;
  refinement.seed = options.seed;
  refinement.maxWork = maxWork;
  refinement.costs = options.costs;
  refinement.limits = limits;
  if (firstUnseen != numUsed) {
    refinement.maxWork = maxWork / 2;
    refinement.numMiniBatches = firstUnseen;
    learned.transitions = refineMachine(miniBatches, learned.encoding, {},
                                        refinement, watchPart(0, 0.5));
    learned.trial = tryUnseen(learned);
    // What few graphs teach is learned by now.
    refinement.firstNodes = options.maxNodes;
  }
  refinement.numMiniBatches = numUsed;
  learned.transitions =
      refineMachine(miniBatches, learned.encoding, learned.transitions,
                    refinement, watchPart(0.5, 1));
}

void Learner::qLearn(LearnedPolicy &learned) {
  QLearningOptions qLearning = options.qLearning;
  qLearning.seed = options.seed;
  qLearning.numMiniBatches = numUsed;
  qLearning.costs = options.costs;
  QLearningResult result = learnByQLearning(miniBatches, learned.encoding,
                                            qLearning, watchPart(0, 1));
  learned.transitions = std::move(result.transitions);
  learned.numEpisodes = result.numEpisodes;
}

/// Tries the machine on each mini-batch.
void Learner::judge(LearnedPolicy &learned) const {
  Machine machine(learned.encoding, learned.transitions, joined.numTypes());
  learned.miniBatches = countsOfEach;
  learned.total = BatchCounts();
  for (size_t i = 0; i < miniBatches.size(); ++i) {
    BatchCounts &counts = learned.miniBatches[i];
    countMachine(miniBatches[i], machine.description(), counts, options.costs);
    learned.total += counts;
  }
}

/// What the machine makes of the mini-batches that were set aside.
BatchCounts Learner::tryUnseen(const LearnedPolicy &learned) const {
  Machine machine(learned.encoding, learned.transitions, joined.numTypes());
  BatchCounts all;
  for (size_t i = firstUnseen; i < numUsed; ++i) {
    BatchCounts counts = countsOfEach[i];
    countMachine(miniBatches[i], machine.description(), counts, options.costs);
    all += counts;
  }
  return all;
}

BatchCounts Learner::tryJoined(const LearnedPolicy &learned) const {
  Machine machine(learned.encoding, learned.transitions, joined.numTypes());
  BatchCounts counts = countsOfJoined;
  countMachine(joined, machine.description(), counts, options.costs);
  return counts;
}

/// A machine that leaves every choice to the rule for unseen states.
LearnedPolicy Learner::withoutTransitions(edbc_encoding encoding) const {
  LearnedPolicy rule;
  rule.encoding = encoding;
  rule.numUsed = numUsed;
  judge(rule);
  rule.trial = tryUnseen(rule);
  rule.trial += tryJoined(rule);
  return rule;
}

/// Refines the machine on what it learned from and on the mini-batches for
/// which agenda or depth takes fewer batches, which are the first to be looked
/// at. What comes of it may be worse for yet others: several rounds.
void Learner::repair(LearnedPolicy &learned, uint64_t maxWork) {
  constexpr int numRounds = 3;
  for (int round = 0; round < numRounds && !wasStopped; ++round) {
    std::vector<size_t> chosen;
    for (size_t i = 0; i < miniBatches.size(); ++i)
      if (learned.miniBatches[i].fsm > limits[i])
        chosen.push_back(i);
    if (chosen.empty())
      return;
    for (size_t i = 0; i < numUsed; ++i)
      if (learned.miniBatches[i].fsm <= limits[i])
        chosen.push_back(i);
    RefineOptions refinement = options.refinement;
    refinement.seed = options.seed + static_cast<uint64_t>(round);
    refinement.maxWork = maxWork / numRounds;
    refinement.costs = options.costs;
    refinement.firstNodes = options.maxNodes;
    std::vector<Graph> graphs;
    for (size_t i : chosen) {
      graphs.push_back(miniBatches[i]);
      refinement.limits.push_back(limits[i]);
    }
    LearnedPolicy repaired = learned;
    repaired.transitions =
        refineMachine(graphs, learned.encoding, learned.transitions, refinement,
                      watchPart(1, 1));
    judge(repaired);
    if (repaired.numExceptions(EDBC_POLICY_FSM) <=
        learned.numExceptions(EDBC_POLICY_FSM))
      learned = std::move(repaired);
  }
}

LearnedPolicy Learner::learn(edbc_encoding encoding, uint64_t maxWork) {
  LearnedPolicy learned;
  learned.encoding = encoding;
  learned.numUsed = numUsed;
  if (options.method == LearningMethod::QLearning) {
    qLearn(learned);
    judge(learned);
  } else {
    refine(learned, maxWork);
    judge(learned);
    repair(learned, maxWork / 4);
  }
  learned.trial += tryJoined(learned);
  learned.wasStopped = wasStopped;
  if (encoding != EDBC_ENCODING_CRITICAL ||
      options.method == LearningMethod::QLearning)
    return learned;
  LearnedPolicy rule = withoutTransitions(encoding);
  rule.wasStopped = wasStopped;
  bool isBetter = learned.isByHeart() || rule.trial.fsm < learned.trial.fsm;
  return isBetter && rule.numExceptions(EDBC_POLICY_FSM) == 0 ? rule : learned;
}

LearnedPolicy edbc::learnPolicy(const std::vector<Graph> &miniBatches,
                                const LearningOptions &options) {
  if (miniBatches.empty()) {
    LearnedPolicy learned;
    learned.encoding = options.encoding.value_or(EDBC_ENCODING_BASE);
    return learned;
  }
  Learner learner(miniBatches, options);
  uint64_t maxWork = options.refinement.maxWork;
  if (options.encoding)
    return learner.learn(*options.encoding, maxWork);
  // Where this is enough, it is found soon.
  LearnedPolicy learned = learner.learn(EDBC_ENCODING_BASE, maxWork / 8);
  if (learned.reachedBound() && learned.trial.fsm == learned.trial.lowerBound)
    return learned;
  return learner.learn(EDBC_ENCODING_CRITICAL, maxWork);
}
