//===- QLearningTest.cpp - tests of the learner of policies -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/QLearning.h"

#include "runtime/core/Policy.h"
#include "test/unit/runtime/RandomGraphs.h"

#include <gtest/gtest.h>

using namespace edbc;
using core::Graph;

namespace {

constexpr edbc_encoding allEncodings[] = {EDBC_ENCODING_BASE, EDBC_ENCODING_MAX,
                                          EDBC_ENCODING_SORT};

QLearningOptions optionsWith(edbc_encoding encoding, uint64_t seed = 1) {
  QLearningOptions options;
  options.encoding = encoding;
  options.seed = seed;
  return options;
}

/// A machine as the runtime gets it.
class Machine {
public:
  Machine(const std::vector<Transition> &transitions, edbc_encoding encoding,
          uint32_t numTypes)
      : table(core::buildTable(encodeTransitions(transitions, numTypes))),
        policy{encoding, table.log2Slots, table.slots.data()} {}
  Machine(const Machine &) = delete;
  Machine &operator=(const Machine &) = delete;

  const edbc_policy_desc &get() const { return policy; }

private:
  core::PolicyTable table;
  edbc_policy_desc policy;
};

/// Mini-batches of trees whose nodes are all scored (TreeLSTM).
std::vector<Graph> drawTrees(uint64_t seed, uint32_t numMiniBatches) {
  test::Random random(seed);
  std::vector<Graph> graphs;
  for (uint32_t i = 0; i < numMiniBatches; ++i) {
    graphs.emplace_back(test::NumTreeTypes);
    for (int j = 0; j < 16; ++j)
      test::appendRandomTree(graphs.back(), random, 1 + random.below(25));
  }
  return graphs;
}

/// The same with inner nodes of two types (TreeLSTM-2Type).
std::vector<Graph> drawTreesOfTwoTypes(uint64_t seed, uint32_t numMiniBatches) {
  test::Random random(seed);
  std::vector<Graph> graphs;
  for (const Graph &trees : drawTrees(seed, numMiniBatches)) {
    graphs.emplace_back(test::NumTreeTypes + 1);
    for (uint32_t node = 0; node < trees.numNodes(); ++node) {
      uint32_t type = trees.type(node);
      if (type == test::Inner && random.below(2) == 0)
        type = test::NumTreeTypes;
      graphs.back().add(type, trees.operands(node).begin(),
                        trees.operands(node).size());
    }
  }
  return graphs;
}

std::vector<Graph> drawGraphsOfThreeTypes(uint64_t seed, uint32_t numGraphs,
                                          uint32_t numNodes) {
  test::Random random(seed);
  std::vector<Graph> graphs;
  for (uint32_t i = 0; i < numGraphs; ++i) {
    graphs.emplace_back(3);
    test::appendRandomNodes(graphs.back(), random, numNodes, 2, 6);
  }
  return graphs;
}

/// The fewest batches of any schedule on the frontier, by trying all.
uint64_t fewestBatches(const Graph &graph,
                       const std::vector<uint32_t> &choices = {}) {
  core::Frontier frontier;
  frontier.reset(graph);
  for (uint32_t choice : choices)
    frontier.step(choice);
  if (frontier.done())
    return choices.size();
  uint64_t fewest = UINT64_MAX;
  for (uint32_t type = 0; type < graph.numTypes(); ++type)
    if (frontier.ready(type) != 0) {
      std::vector<uint32_t> longer = choices;
      longer.push_back(type);
      fewest = std::min(fewest, fewestBatches(graph, longer));
    }
  return fewest;
}

uint64_t countFsm(const std::vector<Graph> &graphs,
                  const edbc_policy_desc &machine) {
  core::Frontier frontier;
  core::FsmPolicy fsm(machine);
  uint64_t batches = 0;
  for (const Graph &graph : graphs)
    batches += core::schedule(frontier, graph, 0, fsm).batches.size();
  return batches;
}

/// The fewest batches that a machine with encoding base takes for graphs of
/// three types, by trying all: in four states there is something to choose.
uint64_t fewestOfAllMachines(const std::vector<Graph> &graphs) {
  uint64_t fewest = UINT64_MAX;
  for (uint32_t a : {0, 1})
    for (uint32_t b : {0, 2})
      for (uint32_t c : {1, 2})
        for (uint32_t d : {0, 1, 2}) {
          Machine machine({{{0}, 0},
                           {{1}, 1},
                           {{2}, 2},
                           {{0, 1}, a},
                           {{0, 2}, b},
                           {{1, 2}, c},
                           {{0, 1, 2}, d}},
                          EDBC_ENCODING_BASE, 3);
          fewest = std::min(fewest, countFsm(graphs, machine.get()));
        }
  return fewest;
}

} // namespace

TEST(QLearningTest, ReachesLowerBoundOnUnseenTrees) {
  std::vector<Graph> samples = drawTrees(1, 4), others = drawTrees(2, 8);
  for (edbc_encoding encoding : allEncodings)
    for (bool beginWithLemma : {false, true}) {
      QLearningOptions options = optionsWith(encoding);
      options.beginWithLemma = beginWithLemma;
      LearnedPolicy learned = learnPolicy(samples, options);
      EXPECT_TRUE(learned.reachedBound());
      EXPECT_EQ(learned.encoding, encoding);
      EXPECT_LT(learned.numEpisodes, options.maxEpisodes);
      Machine machine(learned.transitions, encoding, test::NumTreeTypes);
      for (const Graph &graph : others) {
        BatchCounts counts = countBatches(graph, machine.get());
        EXPECT_EQ(counts.fsm, counts.lowerBound);
        EXPECT_LT(counts.fsm, counts.agenda);
        EXPECT_LT(counts.fsm, counts.depth);
      }
    }
}

TEST(QLearningTest, TakesFewestBatchesThatAnyScheduleTakesOnSmallTrees) {
  test::Random random(3);
  std::vector<Graph> samples;
  for (int i = 0; i < 4; ++i) {
    samples.emplace_back(test::NumTreeTypes);
    test::appendRandomTree(samples.back(), random, 4);
  }
  LearnedPolicy learned = learnPolicy(samples, QLearningOptions());
  for (size_t i = 0; i < samples.size(); ++i)
    EXPECT_EQ(learned.miniBatches[i].fsm, fewestBatches(samples[i]));
}

TEST(QLearningTest, NoCountIsBelowThePossible) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<Graph> samples = drawGraphsOfThreeTypes(seed, 2, 9);
    for (edbc_encoding encoding : allEncodings) {
      QLearningOptions options = optionsWith(encoding, seed);
      options.maxEpisodes = 50;
      LearnedPolicy learned = learnPolicy(samples, options);
      for (size_t i = 0; i < samples.size(); ++i) {
        const BatchCounts &counts = learned.miniBatches[i];
        uint64_t fewest = fewestBatches(samples[i]);
        EXPECT_LE(counts.lowerBound, fewest);
        EXPECT_GE(counts.fsm, fewest);
        EXPECT_GE(counts.agenda, fewest);
        EXPECT_GE(counts.depth, fewest);
        EXPECT_GE(counts.lemma, fewest);
      }
    }
  }
}

/// The learner finds the best machine there is, with and without help, or now
/// and then one that takes a batch more.
TEST(QLearningTest, FindsBestOfAllMachines) {
  uint64_t found = 0, fewest = 0;
  for (bool beginWithLemma : {false, true})
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      std::vector<Graph> samples = drawGraphsOfThreeTypes(seed, 3, 60);
      QLearningOptions options = optionsWith(EDBC_ENCODING_BASE, seed);
      options.beginWithLemma = beginWithLemma;
      found += learnPolicy(samples, options).total.fsm;
      fewest += fewestOfAllMachines(samples);
    }
  EXPECT_GE(found, fewest);
  EXPECT_LE(found, fewest + 2);
}

TEST(QLearningTest, EpisodesImproveTheMachine) {
  uint64_t before = 0, after = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    std::vector<Graph> samples = drawGraphsOfThreeTypes(seed, 3, 60);
    QLearningOptions options = optionsWith(EDBC_ENCODING_SORT, seed);
    options.beginWithLemma = false;
    LearnedPolicy learned = learnPolicy(samples, options);
    options.maxEpisodes = 0;
    LearnedPolicy unlearned = learnPolicy(samples, options);
    EXPECT_EQ(unlearned.numEpisodes, 0u);
    EXPECT_LE(learned.total.fsm, unlearned.total.fsm);
    after += learned.total.fsm;
    before += unlearned.total.fsm;
  }
  EXPECT_LT(after, before);
}

TEST(QLearningTest, BeatsAgendaAndDepthOnTreesOfTwoTypes) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(1, 4);
  LearnedPolicy learned = learnPolicy(samples, QLearningOptions());
  EXPECT_EQ(learned.best(), EDBC_POLICY_FSM);
  Machine machine(learned.transitions, EDBC_ENCODING_SORT,
                  test::NumTreeTypes + 1);
  BatchCounts total;
  for (const Graph &graph : drawTreesOfTwoTypes(2, 8))
    total += countBatches(graph, machine.get());
  EXPECT_GE(total.fsm, total.lowerBound);
  EXPECT_LT(total.fsm, total.agenda);
  EXPECT_LT(total.fsm, total.depth);
}

TEST(QLearningTest, DependsOnItsArgumentsOnly) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(5, 3);
  for (edbc_encoding encoding : allEncodings) {
    QLearningOptions options = optionsWith(encoding, 7);
    options.maxEpisodes = 100;
    LearnedPolicy first = learnPolicy(samples, options);
    LearnedPolicy second = learnPolicy(samples, options);
    EXPECT_EQ(first.numEpisodes, second.numEpisodes);
    ASSERT_EQ(first.transitions.size(), second.transitions.size());
    for (size_t i = 0; i < first.transitions.size(); ++i) {
      EXPECT_EQ(first.transitions[i].frontier, second.transitions[i].frontier);
      EXPECT_EQ(first.transitions[i].action, second.transitions[i].action);
    }
  }
}

/// What makes the machine small, complete on the samples, and valid.
TEST(QLearningTest, TransitionsAreThoseOfTheSamples) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(5, 3);
  uint32_t numTypes = samples.front().numTypes();
  for (edbc_encoding encoding : allEncodings) {
    QLearningOptions options = optionsWith(encoding);
    options.maxEpisodes = 100;
    LearnedPolicy learned = learnPolicy(samples, options);
    const std::vector<Transition> &transitions = learned.transitions;
    for (size_t i = 0; i < transitions.size(); ++i) {
      const std::vector<uint32_t> &frontier = transitions[i].frontier;
      EXPECT_NE(
          std::find(frontier.begin(), frontier.end(), transitions[i].action),
          frontier.end());
      if (i != 0) {
        EXPECT_LT(transitions[i - 1].frontier, frontier);
      }
    }

    Machine machine(transitions, encoding, numTypes);
    core::Frontier frontier;
    core::FsmPolicy fsm(machine.get());
    std::vector<uint32_t> scratch(numTypes);
    std::vector<uint64_t> entered;
    for (const Graph &graph : samples) {
      frontier.reset(graph);
      fsm.begin(frontier);
      while (!frontier.done()) {
        entered.push_back(
            core::encode(encoding, frontier.ready(), numTypes, scratch.data()));
        frontier.step(fsm.choose(frontier));
      }
      EXPECT_EQ(fsm.numFallbacks(), 0u);
    }
    for (const edbc_transition &transition :
         encodeTransitions(transitions, numTypes))
      EXPECT_NE(std::find(entered.begin(), entered.end(), transition.key),
                entered.end());
  }
}

TEST(QLearningTest, ReportsEveryMiniBatch) {
  std::vector<Graph> samples = drawTrees(1, 3);
  LearnedPolicy learned = learnPolicy(samples, QLearningOptions());
  ASSERT_EQ(learned.miniBatches.size(), 3u);
  BatchCounts total;
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(learned.miniBatches[i].lowerBound, core::lowerBound(samples[i]));
    total += learned.miniBatches[i];
  }
  EXPECT_EQ(total.lowerBound, learned.total.lowerBound);
  EXPECT_EQ(total.fsm, learned.total.fsm);
  EXPECT_EQ(total.agenda, learned.total.agenda);
  EXPECT_EQ(total.depth, learned.total.depth);
  EXPECT_EQ(total.lemma, learned.total.lemma);
}

TEST(QLearningTest, NamesTheBestPolicy) {
  LearnedPolicy learned;
  learned.total.fsm = 10;
  learned.total.agenda = 10;
  learned.total.depth = 11;
  EXPECT_EQ(learned.best(), EDBC_POLICY_FSM);
  learned.total.agenda = 9;
  EXPECT_EQ(learned.best(), EDBC_POLICY_AGENDA);
  learned.total.depth = 8;
  EXPECT_EQ(learned.best(), EDBC_POLICY_DEPTH);
}

TEST(QLearningTest, LearnsNothingFromNothing) {
  LearnedPolicy ofNone = learnPolicy({}, QLearningOptions());
  EXPECT_TRUE(ofNone.transitions.empty());
  EXPECT_TRUE(ofNone.miniBatches.empty());
  LearnedPolicy ofEmpty = learnPolicy({Graph(3)}, QLearningOptions());
  EXPECT_TRUE(ofEmpty.transitions.empty());
  EXPECT_EQ(ofEmpty.total.fsm, 0u);
}

/// With this many types keys wrap, and frontiers may share one.
TEST(QLearningTest, CopesWithManyTypes) {
  test::Random random(1);
  std::vector<Graph> samples(2, Graph(200));
  for (Graph &graph : samples)
    test::appendRandomNodes(graph, random, 600, 3, 100);
  for (edbc_encoding encoding : allEncodings) {
    QLearningOptions options = optionsWith(encoding);
    options.maxEpisodes = 20;
    LearnedPolicy learned = learnPolicy(samples, options);
    EXPECT_GE(learned.total.fsm, learned.total.lowerBound);
    EXPECT_LE(learned.total.fsm, 1200u);
  }
}
