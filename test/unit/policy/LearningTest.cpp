//===- LearningTest.cpp - tests of learning and shipping --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/Learning.h"

#include "test/unit/policy/Samples.h"

#include <gtest/gtest.h>

using namespace edbc;
using namespace edbc::test;
using core::Graph;
using core::TypeOperands;
using core::TypeOrder;

TEST(LearningTest, ReportsEveryMiniBatch) {
  std::vector<Graph> samples = drawTrees(1, 3);
  LearnedPolicy learned = learnPolicy(samples, LearningOptions());
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

/// Refinement, with which samples are set aside for the trial.
TEST(LearningTest, TriesTheMachineOnOtherGraphs) {
  LearningOptions options;
  for (uint32_t numSamples : {3u, 8u}) {
    std::vector<Graph> samples = drawTreesOfTwoTypes(1, numSamples);
    LearnedPolicy learned = learnPolicy(samples, options);
    uint64_t unseen = 0;
    for (uint32_t i = numSamples - numSamples / 4; i < numSamples; ++i)
      unseen += learned.miniBatches[i].depth;
    // Joined, they are as deep as the deepest.
    uint64_t joined = learned.trial.depth - unseen;
    uint64_t deepest = 0;
    for (const BatchCounts &counts : learned.miniBatches)
      deepest = std::max(deepest, counts.depth);
    EXPECT_GE(joined, deepest);
    EXPECT_LT(joined, learned.total.depth);
    EXPECT_LT(learned.trial.fsm, learned.trial.lemma);
    EXPECT_EQ(learned.total.fallbacks, 0u);
    EXPECT_EQ(learned.best(), EDBC_POLICY_FSM);
  }
}

TEST(LearningTest, NamesTheBestPolicy) {
  LearnedPolicy learned;
  learned.transitions = {{{0, 0}, 0}};
  auto set = [&](BatchCounts &counts, uint64_t fsm, uint64_t lemma,
                 uint64_t agenda, uint64_t depth) {
    counts = BatchCounts();
    counts.fsm = fsm;
    counts.lemma = lemma;
    counts.agenda = agenda;
    counts.depth = depth;
    counts.choices = fsm;
  };
  auto reset = [&] {
    set(learned.total, 10, 10, 10, 11);
    set(learned.trial, 10, 10, 10, 11);
  };
  reset();
  EXPECT_EQ(learned.best(), EDBC_POLICY_FSM);
  // What it learned doesn't carry over.
  set(learned.trial, 11, 10, 11, 11);
  EXPECT_EQ(learned.best(), EDBC_POLICY_LEMMA);
  reset();
  learned.trial.fallbacks = 6;
  EXPECT_TRUE(learned.isByHeart());
  EXPECT_EQ(learned.best(), EDBC_POLICY_LEMMA);
  // Without transitions there is nothing to know by heart.
  learned.transitions.clear();
  EXPECT_FALSE(learned.isByHeart());
  EXPECT_EQ(learned.best(), EDBC_POLICY_FSM);
  learned.transitions = {{{0, 0}, 0}};
  // The others, by what they take on the samples.
  set(learned.total, 11, 11, 10, 10);
  EXPECT_EQ(learned.best(), EDBC_POLICY_AGENDA);
  learned.total.depth = 9;
  EXPECT_EQ(learned.best(), EDBC_POLICY_DEPTH);
  // A machine that was learned by heart only if it is better still.
  set(learned.total, 9, 11, 10, 9);
  learned.trial.fallbacks = 6;
  EXPECT_EQ(learned.best(), EDBC_POLICY_DEPTH);
  learned.total.fsm = 8;
  EXPECT_EQ(learned.best(), EDBC_POLICY_FSM);
}

/// Nothing is shipped that is worse than agenda or depth for one mini-batch, if
/// there is anything else.
TEST(LearningTest, NamesAPolicyWithoutExceptions) {
  LearnedPolicy learned;
  BatchCounts counts;
  auto set = [&](std::vector<std::vector<uint64_t>> rows) {
    learned = LearnedPolicy();
    for (const std::vector<uint64_t> &row : rows) {
      counts.fsm = row[0];
      counts.lemma = row[1];
      counts.agenda = row[2];
      counts.depth = row[3];
      learned.miniBatches.push_back(counts);
      learned.total += counts;
      learned.trial += counts;
    }
  };
  set({{5, 5, 9, 9}, {5, 5, 9, 9}});
  EXPECT_EQ(learned.best(), EDBC_POLICY_FSM);
  set({{5, 6, 9, 9}, {5, 5, 4, 9}}); // All but agenda have an exception.
  EXPECT_EQ(learned.best(), EDBC_POLICY_AGENDA);
  set({{5, 6, 9, 9}, {5, 4, 4, 9}});
  EXPECT_EQ(learned.best(), EDBC_POLICY_LEMMA);
  set({{5, 6, 9, 5}, {5, 4, 9, 6}});
  EXPECT_EQ(learned.best(), EDBC_POLICY_FSM);
  // All have: the better one of the two.
  set({{6, 6, 9, 5}, {6, 6, 5, 9}});
  EXPECT_EQ(learned.best(), EDBC_POLICY_AGENDA);
  set({{6, 6, 9, 5}, {6, 6, 5, 8}});
  EXPECT_EQ(learned.best(), EDBC_POLICY_DEPTH);
}

TEST(LearningTest, CountsExceptions) {
  LearnedPolicy learned;
  BatchCounts counts;
  counts.fsm = 3;
  counts.lemma = 4;
  counts.agenda = 3;
  counts.depth = 5;
  learned.miniBatches.assign(3, counts);
  learned.miniBatches[1].depth = 2;
  EXPECT_EQ(learned.numExceptions(EDBC_POLICY_FSM), 1u);
  EXPECT_EQ(learned.numExceptions(EDBC_POLICY_LEMMA), 3u);
  EXPECT_EQ(learned.numExceptions(EDBC_POLICY_AGENDA), 1u);
  EXPECT_EQ(learned.numExceptions(EDBC_POLICY_DEPTH), 2u);
}

TEST(LearningTest, TakesTheCheapestEncodingThatSuffices) {
  LearningOptions options;
  LearnedPolicy trees = learnPolicy(drawTrees(1, 4), options);
  EXPECT_EQ(trees.encoding, EDBC_ENCODING_BASE);
  EXPECT_TRUE(trees.reachedBound());
  LearnedPolicy others = learnPolicy(drawTreesOfTwoTypes(1, 4), options);
  EXPECT_EQ(others.encoding, EDBC_ENCODING_CRITICAL);
}

namespace {

std::vector<Graph> drawGraphsOfManyTypes(uint64_t seed, uint32_t numTypes) {
  Random random(seed);
  std::vector<Graph> graphs;
  for (int i = 0; i < 8; ++i) {
    graphs.emplace_back(numTypes);
    appendRandomNodes(graphs.back(), random, 400, 2, 30);
  }
  return graphs;
}

} // namespace

/// Choices are what counts, not batches that need none.
TEST(LearningTest, KnowsWhatItLearnedByHeartBesideLongChains) {
  constexpr uint32_t numTypes = 10, chain = numTypes;
  TypeOperands operands(numTypes + 1);
  for (uint32_t type = 0; type < numTypes; ++type)
    for (uint32_t other = 0; other < numTypes; ++other)
      operands[type].push_back(other);
  operands[chain] = {chain};
  const TypeOrder order(operands);
  std::vector<Graph> graphs;
  for (const Graph &graph : drawGraphsOfManyTypes(1, numTypes)) {
    Graph &longer = graphs.emplace_back(order);
    for (uint32_t node = 0; node < graph.numNodes(); ++node)
      longer.add(graph.type(node), graph.operands(node).begin(),
                 graph.operands(node).size());
    uint32_t last = longer.add(chain, nullptr, 0);
    for (uint32_t i = 0; i < 200; ++i)
      last = longer.add(chain, &last, 1);
  }
  LearnedPolicy learned = learnPolicy(graphs, LearningOptions());
  EXPECT_TRUE(learned.transitions.empty());
  EXPECT_EQ(learned.total.fallbacks, learned.total.choices);
  EXPECT_EQ(learned.total.fsm, learned.total.choices + 201 * graphs.size());
}

/// Where nothing is to be chosen, every method finds that out.
TEST(LearningTest, LearnsNothingWhereThereIsNoChoice) {
  TypeOperands operands(NumTreeTypes);
  operands[Inner] = {Leaf, Inner};
  operands[Score] = {Leaf, Inner};
  Random random(2);
  std::vector<Graph> trees;
  for (uint32_t i = 0; i < 6; ++i) {
    Graph &graph = trees.emplace_back(TypeOrder(operands));
    for (uint32_t j = 0; j < 8; ++j)
      appendRandomTree(graph, random, 1 + random.below(25));
  }
  for (LearningMethod method :
       {LearningMethod::Refinement, LearningMethod::QLearning})
    for (edbc_encoding encoding :
         {EDBC_ENCODING_BASE, EDBC_ENCODING_CRITICAL}) {
      LearningOptions options;
      options.method = method;
      options.encoding = encoding;
      LearnedPolicy learned = learnPolicy(trees, options);
      EXPECT_TRUE(learned.transitions.empty());
      EXPECT_EQ(learned.total.choices, 0u);
      EXPECT_TRUE(learned.reachedBound());
      EXPECT_EQ(learned.best(), EDBC_POLICY_FSM);
      EXPECT_GT(learned.total.agenda, learned.total.lowerBound);
    }
}

/// With many types hardly a state returns. What is shipped then knows no states
/// and takes no more batches than any other policy, in the trial too.
TEST(LearningTest, LeavesWhatItWouldLearnByHeartToTheRule) {
  for (uint32_t numTypes : {10u, 20u, 40u}) {
    LearnedPolicy learned =
        learnPolicy(drawGraphsOfManyTypes(1, numTypes), LearningOptions());
    EXPECT_EQ(learned.encoding, EDBC_ENCODING_CRITICAL);
    EXPECT_TRUE(learned.transitions.empty());
    EXPECT_EQ(learned.trial.fallbacks, learned.trial.choices);
    EXPECT_EQ(learned.total.fallbacks, learned.total.choices);
    EXPECT_EQ(learned.total.choices, learned.total.fsm);
    EXPECT_EQ(learned.best(), EDBC_POLICY_FSM);
    EXPECT_LT(learned.trial.fsm, learned.trial.lemma);
    EXPECT_EQ(learned.numExceptions(EDBC_POLICY_FSM), 0u);
  }
  // Not so where states return.
  EXPECT_FALSE(learnPolicy(drawTreesOfTwoTypes(1, 8), LearningOptions())
                   .transitions.empty());
}

TEST(LearningTest, LearnsNothingFromNothing) {
  LearnedPolicy ofNone = learnPolicy({}, LearningOptions());
  EXPECT_TRUE(ofNone.transitions.empty());
  EXPECT_TRUE(ofNone.miniBatches.empty());
  LearnedPolicy ofEmpty = learnPolicy({Graph(3)}, LearningOptions());
  EXPECT_TRUE(ofEmpty.transitions.empty());
  EXPECT_EQ(ofEmpty.total.fsm, 0u);
}

namespace {

void add(Graph &graph, uint32_t type, std::vector<uint32_t> operands) {
  graph.add(type, operands.data(), uint32_t(operands.size()));
}

/// Agenda begins with type 0 and takes a batch less than the lemma, and than
/// any machine that sees no more of a frontier than its set of types.
Graph graphForAgenda() {
  Graph graph(2);
  add(graph, 1, {});
  add(graph, 0, {0});
  add(graph, 0, {});
  add(graph, 0, {2});
  add(graph, 1, {3});
  add(graph, 1, {1, 2});
  return graph;
}

} // namespace

TEST(LearningTest, ShipsAgendaWhereItIsBest) {
  LearningOptions options;
  options.encoding = EDBC_ENCODING_BASE;
  LearnedPolicy learned = learnPolicy({graphForAgenda()}, options);
  EXPECT_EQ(learned.total.agenda, 4u);
  EXPECT_EQ(learned.total.lemma, 5u);
  EXPECT_EQ(learned.total.fsm, 5u);
  EXPECT_EQ(learned.best(), EDBC_POLICY_AGENDA);
  // Those who see more find the same.
  options.encoding.reset();
  learned = learnPolicy({graphForAgenda()}, options);
  EXPECT_EQ(learned.total.fsm, 4u);
  EXPECT_EQ(learned.best(), EDBC_POLICY_FSM);
}

TEST(LearningTest, ShipsNothingWorseThanAgendaAndDepth) {
  std::vector<uint32_t> numShipped(4);
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    LearningOptions options;
    options.encoding = EDBC_ENCODING_BASE;
    options.refinement.maxWork = 10 * (seed % 50);
    LearnedPolicy learned =
        learnPolicy(drawGraphsOfThreeTypes(seed, 2, 20), options);
    edbc_policy_kind best = learned.best();
    EXPECT_LE(learned.total.of(best),
              std::min(learned.total.agenda, learned.total.depth));
    for (edbc_policy_kind other : {EDBC_POLICY_FSM, EDBC_POLICY_AGENDA,
                                   EDBC_POLICY_DEPTH, EDBC_POLICY_LEMMA})
      EXPECT_TRUE(learned.numExceptions(best) == 0 ||
                  learned.numExceptions(other) != 0);
    ++numShipped[best];
  }
  EXPECT_GT(numShipped[EDBC_POLICY_FSM], 3u);
  EXPECT_GT(numShipped[EDBC_POLICY_AGENDA], 3u);
}

/// Where it learned from one mini-batch of twelve only; as far as the encoding
/// sees what it takes.
TEST(LearningTest, RepairsWhatIsWorseForSomeMiniBatch) {
  size_t numBefore = 0, numAfter = 0, numMended = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<Graph> samples = drawGraphsOfThreeTypes(seed, 12, 100);
    LearningOptions options;
    options.encoding = EDBC_ENCODING_SORT;
    options.maxNodes = 1;
    size_t after = learnPolicy(samples, options).numExceptions(EDBC_POLICY_FSM);
    // What it would have been without the others.
    std::vector<Transition> first =
        refineMachine({samples[0]}, EDBC_ENCODING_SORT, {}, RefineOptions());
    Machine machine(EDBC_ENCODING_SORT, first, 3);
    size_t before = 0;
    for (const Graph &graph : samples) {
      BatchCounts counts = countBatches(graph, machine.description());
      before += counts.fsm > std::min(counts.agenda, counts.depth);
    }
    EXPECT_LE(after, before);
    numBefore += before;
    numAfter += after;
    numMended += before != 0 && after == 0;
    options.encoding = EDBC_ENCODING_CRITICAL;
    EXPECT_EQ(learnPolicy(samples, options).numExceptions(EDBC_POLICY_FSM), 0u);
  }
  EXPECT_GT(numMended, 3u);
  EXPECT_LT(2 * numAfter, numBefore);
}

/// With what a batch of each type costs, another machine is best.
TEST(LearningTest, MakesCostsLow) {
  std::vector<Graph> samples = drawGraphsOfThreeTypes(3, 6, 80);
  LearningOptions options;
  options.encoding = EDBC_ENCODING_SORT;
  LearnedPolicy byNumber = learnPolicy(samples, options);
  options.costs = {1, 1, 20};
  LearnedPolicy byCost = learnPolicy(samples, options);
  auto costOf = [&](const LearnedPolicy &learned, const BatchCosts &costs) {
    Machine machine(learned.encoding, learned.transitions, 3);
    uint64_t cost = 0;
    for (const Graph &graph : samples)
      cost += countBatches(graph, machine.description(), costs).fsm;
    return cost;
  };
  EXPECT_EQ(costOf(byCost, options.costs), byCost.total.fsm);
  EXPECT_LT(costOf(byCost, options.costs), costOf(byNumber, options.costs));
  EXPECT_LE(costOf(byNumber, {}), costOf(byCost, {}));
  EXPECT_GE(byCost.total.fsm, byCost.total.lowerBound);
  // Costs that differ in nothing change nothing.
  options.costs = {7, 7, 7};
  LearnedPolicy equal = learnPolicy(samples, options);
  EXPECT_EQ(equal.total.fsm, 7 * byNumber.total.fsm);
  EXPECT_EQ(equal.total.lowerBound, 7 * byNumber.total.lowerBound);
}

/// The others are judged by all the same.
TEST(LearningTest, LearnsFromAsManyNodesAsItMay) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(5, 8);
  LearningOptions options;
  options.maxNodes = samples[0].numNodes() + samples[1].numNodes();
  LearnedPolicy few = learnPolicy(samples, options);
  EXPECT_EQ(few.miniBatches.size(), samples.size());
  samples.erase(samples.begin() + 2, samples.end());
  LearnedPolicy two = learnPolicy(samples, options);
  ASSERT_EQ(few.transitions.size(), two.transitions.size());
  for (size_t i = 0; i < two.transitions.size(); ++i) {
    EXPECT_EQ(few.transitions[i].frontier, two.transitions[i].frontier);
    EXPECT_EQ(few.transitions[i].action, two.transitions[i].action);
  }
  // A single mini-batch is always learned from.
  options.maxNodes = 1;
  EXPECT_FALSE(learnPolicy(samples, options).transitions.empty());
}

TEST(LearningTest, TellsHowItGoesAndEndsWhenToldTo) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(5, 8);
  for (LearningMethod method :
       {LearningMethod::Refinement, LearningMethod::QLearning})
    for (uint32_t last : {1u, 5u, UINT32_MAX}) {
      LearningOptions options;
      options.method = method;
      options.encoding = EDBC_ENCODING_SORT;
      options.qLearning.maxEpisodes = 20;
      uint32_t calls = 0;
      double share = 0;
      options.watch = [&](const LearningProgress &progress) {
        EXPECT_GE(progress.share, share);
        share = progress.share;
        return ++calls != last;
      };
      LearnedPolicy learned = learnPolicy(samples, options);
      EXPECT_EQ(learned.wasStopped, last != UINT32_MAX);
      if (learned.wasStopped)
        EXPECT_EQ(calls, last);
      else
        EXPECT_GT(calls, 5u);
      EXPECT_EQ(learned.miniBatches.size(), samples.size());
      EXPECT_GE(learned.total.fsm, learned.total.lowerBound);
    }
}
