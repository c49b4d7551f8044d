//===- StepPlanTest.cpp - tests of levels -----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/cuda/StepPlan.h"
#include "runtime/core/Policy.h"
#include "test/unit/runtime/RandomGraphs.h"

#include <gtest/gtest.h>

using namespace edbc;
using namespace edbc::core;
using cuda::PlannedStep;
using cuda::StepPlan;

namespace {

/// Cells that have so many phases.
std::vector<edbc_cell_desc> cellsOf(std::vector<uint32_t> numPhases) {
  std::vector<edbc_cell_desc> cells;
  for (uint32_t number : numPhases) {
    edbc_cell_desc cell = {};
    cell.num_phases = number;
    cells.push_back(cell);
  }
  return cells;
}

/// Steps as text: batch.phase, with a bar between levels.
std::string print(const StepPlan &plan) {
  std::string text;
  uint32_t level = 0;
  for (const PlannedStep &step : plan.steps()) {
    text += step.level != level ? " | " : text.empty() ? "" : " ";
    level = step.level;
    text += std::to_string(step.batch) + "." + std::to_string(step.phase);
  }
  return text;
}

/// Schedules by depth.
std::string planOf(const Graph &graph, std::vector<uint32_t> numPhases,
                   uint32_t first = 0) {
  DepthScheduler scheduler;
  StepPlan plan;
  plan.make(graph, first, scheduler.schedule(graph, first),
            cellsOf(numPhases).data(), [](uint32_t, uint32_t) { return 1; });
  return print(plan);
}

TEST(StepPlanTest, PhasesOfABatchFollowEachOther) {
  Graph graph(1);
  graph.add(0, nullptr, 0);
  EXPECT_EQ(planOf(graph, {3}), "0.0 | 0.1 | 0.2");
}

TEST(StepPlanTest, IndependentBatchesShareLevels) {
  Graph graph(2);
  graph.add(0, nullptr, 0);
  graph.add(1, nullptr, 0);
  EXPECT_EQ(planOf(graph, {2, 3}), "0.0 1.0 | 0.1 1.1 | 1.2");
}

TEST(StepPlanTest, ABatchWaitsForAllOfItsOperands) {
  Graph graph(3);
  uint32_t a = graph.add(0, nullptr, 0);
  uint32_t b = graph.add(1, nullptr, 0);
  uint32_t both[] = {a, b};
  graph.add(2, both, 2);
  EXPECT_EQ(planOf(graph, {1, 2, 1}), "0.0 1.0 | 1.1 | 2.0");
}

TEST(StepPlanTest, EarlierRunsAreComplete) {
  Graph graph(2);
  uint32_t a = graph.add(0, nullptr, 0);
  uint32_t b = graph.add(1, &a, 1);
  graph.add(1, &b, 1);
  graph.add(0, nullptr, 0);
  EXPECT_EQ(planOf(graph, {1, 1}, 2), "0.0 1.0");
}

TEST(StepPlanTest, PhasesWithoutRowsAreLeftOut) {
  Graph graph(1);
  graph.add(0, nullptr, 0);
  DepthScheduler scheduler;
  StepPlan plan;
  plan.make(graph, 0, scheduler.schedule(graph, 0), cellsOf({3}).data(),
            [](uint32_t, uint32_t phase) { return phase == 1 ? 0 : 1; });
  EXPECT_EQ(print(plan), "0.0 | 0.2");
}

/// Against the definition, on random graphs under every policy.
TEST(StepPlanTest, StepsReadCompleteResultsOnlyAndLevelsAreFewest) {
  test::Random random(3);
  for (unsigned round = 0; round < 200; ++round) {
    constexpr uint32_t numTypes = 4;
    Graph graph(numTypes);
    test::appendRandomNodes(graph, random, 1 + random.below(40), 3, 10);
    std::vector<edbc_cell_desc> cells = cellsOf({1, 2, 3, 1});
    Frontier frontier;
    AgendaPolicy agenda;
    LemmaPolicy lemma;
    const Schedule &schedule = round % 2
                                   ? core::schedule(frontier, graph, 0, agenda)
                                   : core::schedule(frontier, graph, 0, lemma);
    StepPlan plan;
    plan.make(graph, 0, schedule, cells.data(),
              [](uint32_t, uint32_t) { return 1; });
    // Every phase once, phases in order.
    std::vector<uint32_t> batchOf(graph.numNodes());
    for (uint32_t b = 0; b < schedule.batches.size(); ++b)
      for (uint32_t node : schedule.nodesOf(schedule.batches[b]))
        batchOf[node] = b;
    std::vector<std::vector<uint32_t>> levels(schedule.batches.size());
    for (const PlannedStep &step : plan.steps()) {
      ASSERT_EQ(levels[step.batch].size(), step.phase);
      levels[step.batch].push_back(step.level);
    }
    uint32_t longest = 0;
    for (uint32_t b = 0; b < levels.size(); ++b) {
      ASSERT_EQ(levels[b].size(), cells[schedule.batches[b].type].num_phases);
      uint32_t earliest = 0;
      for (uint32_t node : schedule.nodesOf(schedule.batches[b]))
        for (uint32_t operand : graph.operands(node))
          earliest = std::max(earliest, levels[batchOf[operand]].back() + 1);
      for (uint32_t level : levels[b])
        ASSERT_EQ(level, earliest++);
      longest = std::max(longest, earliest);
    }
    EXPECT_EQ(plan.numLevels(), longest);
  }
}

} // namespace
