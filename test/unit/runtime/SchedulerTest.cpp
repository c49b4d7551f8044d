//===- SchedulerTest.cpp - tests of schedules ------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/core/Policy.h"
#include "test/unit/runtime/FewestBatches.h"
#include "test/unit/runtime/RandomGraphs.h"

#include <gtest/gtest.h>

using namespace edbc::core;
using namespace edbc::test;

namespace {

/// A machine without transitions, so that every choice is a fallback.
const edbc_transition freeSlot = {0, 0, 0};
const edbc_policy_desc emptyMachine = {EDBC_POLICY_FSM, EDBC_ENCODING_SORT, 0,
                                       0, &freeSlot};

/// All ways of making a schedule.
class AllSchedulers {
public:
  template <typename Check>
  void run(const Graph &graph, uint32_t first, Check check) {
    check("fsm", schedule(frontier, graph, first, fsm));
    check("agenda", schedule(frontier, graph, first, agenda));
    check("lemma", schedule(frontier, graph, first, lemma));
    check("depth", byDepth.schedule(graph, first));
  }

private:
  Frontier frontier;
  FsmPolicy fsm{emptyMachine};
  AgendaPolicy agenda;
  LemmaPolicy lemma;
  DepthScheduler byDepth;
};

/// Checks that the nodes from `first` on are executed once each, after their
/// operands, in batches of one type.
void expectValid(const Graph &graph, uint32_t first, const Schedule &schedule) {
  std::vector<uint32_t> batchOf(graph.numNodes(), UINT32_MAX);
  uint32_t count = 0;
  for (uint32_t b = 0; b < schedule.batches.size(); ++b) {
    ASSERT_GT(schedule.batches[b].count, 0u);
    for (uint32_t node : schedule.nodesOf(schedule.batches[b])) {
      ASSERT_GE(node, first);
      ASSERT_LT(node, graph.numNodes());
      ASSERT_EQ(graph.type(node), schedule.batches[b].type);
      ASSERT_EQ(batchOf[node], UINT32_MAX) << "node " << node << " twice";
      batchOf[node] = b;
      ++count;
    }
  }
  ASSERT_EQ(count, graph.numNodes() - first);
  ASSERT_EQ(schedule.nodes.size(), count);
  for (uint32_t node = first; node < graph.numNodes(); ++node)
    for (uint32_t operand : graph.operands(node))
      if (operand >= first) {
        ASSERT_LT(batchOf[operand], batchOf[node]);
      }
}

} // namespace

TEST(FrontierTest, StepsThroughAGraph) {
  // 0 and 1 are of type 0; 2 = f(0, 0) of type 1; 3 = g(1, 2) of type 0.
  Graph graph(2);
  graph.add(0, nullptr, 0);
  graph.add(0, nullptr, 0);
  const uint32_t twice[] = {0, 0}, both[] = {1, 2};
  graph.add(1, twice, 2);
  graph.add(0, both, 2);

  Frontier frontier;
  frontier.reset(graph);
  EXPECT_FALSE(frontier.done());
  EXPECT_EQ(frontier.ready(0), 2u);
  EXPECT_EQ(frontier.ready(1), 0u);
  EXPECT_EQ(frontier.readyNodes(0)[1], 1u);
  EXPECT_EQ(frontier.executedNodes(0).size(), 0u);

  EXPECT_EQ(frontier.step(0).count, 2u);
  EXPECT_EQ(frontier.numRemaining(), 2u);
  EXPECT_EQ(frontier.ready(0), 0u);
  EXPECT_EQ(frontier.ready(1), 1u);
  EXPECT_EQ(frontier.executedNodes(0).size(), 2u);

  frontier.step(1);
  EXPECT_EQ(frontier.ready()[0], 1u);
  EXPECT_EQ(frontier.readyNodes(0)[0], 3u);
  frontier.step(0);
  EXPECT_TRUE(frontier.done());
  EXPECT_EQ(frontier.schedule().batches.size(), 3u);
  expectValid(graph, 0, frontier.schedule());

  frontier.reset(graph, 3);
  EXPECT_EQ(frontier.numRemaining(), 1u);
  EXPECT_EQ(frontier.ready(0), 1u);
  EXPECT_TRUE(frontier.schedule().batches.empty());
}

TEST(SchedulerTest, SchedulesAreValidAndNotBelowTheBound) {
  Random random(2);
  AllSchedulers schedulers;
  for (uint32_t round = 0; round < 60; ++round) {
    // Also more types than one word of a mask holds.
    Graph graph(round % 3 == 0 ? 130 : 1 + random.below(8));
    appendRandomNodes(graph, random, 1 + random.below(400), 4, 30);
    uint64_t bound = lowerBound(graph);
    schedulers.run(graph, 0, [&](const char *name, const Schedule &schedule) {
      SCOPED_TRACE(name);
      expectValid(graph, 0, schedule);
      EXPECT_GE(schedule.batches.size(), bound);
    });
  }
}

TEST(SchedulerTest, SchedulesFollowTheOrderOfTypes) {
  Random random(7);
  AllSchedulers schedulers;
  uint32_t numWithoutChoices = 0;
  for (uint32_t round = 0; round < 200; ++round) {
    Graph graph =
        drawOrderedGraph(random, 1 + random.below(8), random.below(300), 30);
    const TypeOrder &order = graph.getOrder();
    uint64_t bound = lowerBound(graph);
    schedulers.run(graph, 0, [&](std::string name, const Schedule &schedule) {
      SCOPED_TRACE(name);
      expectValid(graph, 0, schedule);
      EXPECT_GE(schedule.batches.size(), bound);
      if (name == "agenda" || name == "depth")
        return;
      for (size_t b = 1; b < schedule.batches.size(); ++b)
        EXPECT_LE(order.componentOf(schedule.batches[b - 1].type),
                  order.componentOf(schedule.batches[b].type));
      if (!order.hasChoices()) {
        EXPECT_EQ(schedule.batches.size(), bound);
      }
    });
    numWithoutChoices += !order.hasChoices();
  }
  EXPECT_GT(numWithoutChoices, 20u);
}

/// As published, whatever the order of types is.
TEST(SchedulerTest, AgendaAndDepthChooseAmongAllTypes) {
  Random random(9);
  AllSchedulers schedulers, expected;
  for (uint32_t round = 0; round < 30; ++round) {
    Graph graph = drawOrderedGraph(random, 5, 200, 30);
    Graph unordered(graph.numTypes());
    for (uint32_t node = 0; node < graph.numNodes(); ++node)
      unordered.add(graph.type(node), graph.operands(node).begin(),
                    graph.operands(node).size());
    std::vector<std::vector<uint32_t>> types;
    auto listTypes = [&](std::string name, const Schedule &schedule) {
      if (name != "agenda" && name != "depth")
        return;
      types.emplace_back();
      for (const Batch &batch : schedule.batches)
        types.back().push_back(batch.type);
    };
    schedulers.run(graph, 0, listTypes);
    expected.run(unordered, 0, listTypes);
    ASSERT_EQ(types.size(), 4u);
    EXPECT_EQ(types[0], types[2]);
    EXPECT_EQ(types[1], types[3]);
  }
}

/// Two chosen components, and one that isn't between them; the graph is cut.
TEST(FrontierTest, TakesStepsOfOneComponentAfterTheOther) {
  // 0 <-> 1, 2 after them, 3 <-> 4 after it.
  TypeOperands allowed = {{0, 1}, {0, 1}, {1, 2}, {2, 3, 4}, {3, 4}};
  Graph graph{TypeOrder(allowed)};
  auto add = [&](uint32_t type, std::vector<uint32_t> operands) {
    return graph.add(type, operands.data(),
                     static_cast<uint32_t>(operands.size()));
  };
  uint32_t old = add(1, {add(0, {})}), cut = graph.numNodes();
  uint32_t a = add(1, {old}), b = add(0, {a});
  uint32_t level = add(2, {add(2, {a}), old}), free = add(3, {});
  add(4, {add(3, {level, free})});
  add(1, {b});
  Frontier frontier;
  frontier.reset(graph, cut);
  EXPECT_EQ(frontier.numRemaining(), 6u);
  EXPECT_TRUE(frontier.schedule().batches.empty());
  // The free node of type 3 is not ready until it is its type's turn.
  EXPECT_EQ(frontier.ready(1), 1u);
  EXPECT_EQ(frontier.ready(3), 0u);
  EXPECT_EQ(frontier.readyNodes(3).size(), 0u);
  for (uint32_t type : {1u, 0u, 1u}) {
    EXPECT_EQ(frontier.ready(type), 1u);
    frontier.step(type);
    EXPECT_EQ(frontier.lastStep(), type);
  }
  // Type 2 was batched level by level meanwhile.
  EXPECT_EQ(frontier.schedule().batches.size(), 5u);
  EXPECT_EQ(frontier.executedNodes(2).size(), 2u);
  EXPECT_EQ(frontier.ready(1), 0u);
  EXPECT_EQ(frontier.ready(3), 1u);
  Frontier copy = frontier;
  for (Frontier *one : {&frontier, &copy}) {
    EXPECT_EQ(one->step(3).count, 1u);
    EXPECT_EQ(one->step(3).count, 1u);
    EXPECT_FALSE(one->done());
    one->step(4);
    EXPECT_TRUE(one->done());
    expectValid(graph, cut, one->schedule());
  }
  EXPECT_EQ(frontier.schedule().batches.size(), lowerBound(graph, cut));
}

/// To schedule components one after the other costs no batch.
TEST(SchedulerTest, TheFewestBatchesFollowTheOrderOfTypes) {
  Random random(8);
  Frontier frontier;
  // The fewest that steps lead to, by trying all.
  auto fewestSteps = [](const Frontier &frontier, auto &self) -> size_t {
    if (frontier.done())
      return frontier.schedule().batches.size();
    size_t fewest = SIZE_MAX;
    for (uint32_t type = 0; type < frontier.numTypes(); ++type) {
      if (frontier.ready(type) == 0)
        continue;
      Frontier next = frontier;
      next.step(type);
      fewest = std::min(fewest, self(next, self));
    }
    return fewest;
  };
  uint32_t numAboveBound = 0, numComponents = 0;
  for (uint32_t round = 0; round < 600; ++round) {
    Graph graph = drawOrderedGraph(random, 2 + random.below(4), 12, 12);
    frontier.reset(graph);
    size_t fewest = fewestSteps(frontier, fewestSteps);
    EXPECT_EQ(fewest, fewestBatches(graph));
    numAboveBound += fewest > lowerBound(graph);
    numComponents += graph.getOrder().hasChoices() &&
                     graph.getOrder().getComponents().size() > 1;
  }
  EXPECT_GT(numAboveBound, 5u);
  EXPECT_GT(numComponents, 20u);
}

TEST(SchedulerTest, GraphsGrowBetweenRuns) {
  Random random(3);
  AllSchedulers schedulers;
  Graph graph(4);
  TypeOperands allowed;
  for (uint32_t run = 0; run < 60; ++run) {
    if (run % 20 == 0 && run != 0) {
      allowed = drawTypeOperands(random, 4, 3);
      graph = Graph(TypeOrder(allowed));
    }
    uint32_t first = graph.numNodes();
    if (allowed.empty())
      appendRandomNodes(graph, random, random.below(100), 3, 150);
    else
      appendOrderedNodes(graph, random, allowed, random.below(100), 3, 150);
    uint64_t bound = lowerBound(graph, first);
    schedulers.run(graph, first,
                   [&](const char *name, const Schedule &schedule) {
                     SCOPED_TRACE(name);
                     expectValid(graph, first, schedule);
                     EXPECT_GE(schedule.batches.size(), bound);
                   });
  }
}

TEST(SchedulerTest, BoundHoldsForTheShortestSchedule) {
  Random random(4);
  AllSchedulers schedulers;
  uint32_t numTight = 0;
  for (uint32_t round = 0; round < 200; ++round) {
    Graph graph(1 + random.below(3));
    appendRandomNodes(graph, random, 1 + random.below(9), 2, 5);
    uint32_t fewest = fewestBatches(graph);
    ASSERT_LE(lowerBound(graph), fewest);
    numTight += lowerBound(graph) == fewest;
    schedulers.run(graph, 0, [&](const char *name, const Schedule &schedule) {
      EXPECT_GE(schedule.batches.size(), fewest) << name;
    });
  }
  EXPECT_GT(numTight, 100u);
}

TEST(SchedulerTest, BoundCountsChainsThroughOtherTypes) {
  // Types along the chain: 0 1 0 1 1. A second, shorter chain: 1.
  Graph graph(2);
  uint32_t node = graph.add(0, nullptr, 0);
  for (uint32_t type : {1u, 0u, 1u, 1u})
    node = graph.add(type, &node, 1);
  graph.add(1, nullptr, 0);
  EXPECT_EQ(lowerBound(graph), 5u);
  EXPECT_EQ(lowerBound(graph, 2), 3u);
  EXPECT_EQ(lowerBound(graph, 1, 4), 3u);
  EXPECT_EQ(lowerBound(graph, 6), 0u);
}

TEST(SchedulerTest, LemmaReachesTheBoundOnTrees) {
  Random random(5);
  Graph graph(NumTreeTypes);
  for (uint32_t tree = 0; tree < 32; ++tree)
    appendRandomTree(graph, random, 1 + random.below(40));
  Frontier frontier;
  LemmaPolicy lemma;
  const Schedule &byLemma = schedule(frontier, graph, 0, lemma);
  expectValid(graph, 0, byLemma);
  EXPECT_EQ(byLemma.batches.size(), lowerBound(graph));
  EXPECT_EQ(byLemma.batches.back().type, Score);

  // Scores of nodes that are ready early make the others worse.
  DepthScheduler byDepth;
  EXPECT_GT(byDepth.schedule(graph, 0).batches.size(), lowerBound(graph));
}

TEST(SchedulerTest, DepthBatchesAreOrderedByDepthThenType) {
  Random random(6);
  Graph graph(6);
  appendRandomNodes(graph, random, 500, 3, 40);
  std::vector<uint32_t> depths;
  for (uint32_t first : {0u, 123u}) {
    uint32_t numDepths = computeDepths(graph, first, depths);
    DepthScheduler byDepth;
    const Schedule &schedule = byDepth.schedule(graph, first);
    uint32_t previous = 0;
    for (const Batch &batch : schedule.batches) {
      uint32_t last = 0;
      for (uint32_t node : schedule.nodesOf(batch)) {
        uint32_t place = depths[node - first] * 6 + graph.type(node) + 1;
        EXPECT_GT(place, previous);
        EXPECT_TRUE(last == 0 || last < node);
        last = node;
      }
      uint32_t node = schedule.nodesOf(batch)[0];
      previous = depths[node - first] * 6 + graph.type(node) + 1;
      EXPECT_LT(depths[node - first], numDepths);
    }
  }
}

TEST(SchedulerTest, EmptyGraph) {
  Graph graph(3);
  EXPECT_EQ(lowerBound(graph), 0u);
  AllSchedulers().run(graph, 0, [](const char *name, const Schedule &schedule) {
    EXPECT_TRUE(schedule.batches.empty()) << name;
  });
}
