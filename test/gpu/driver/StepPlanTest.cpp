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

/// Cells with so many phases, of which none is ahead.
class Cells {
public:
  explicit Cells(const std::vector<uint32_t> &numPhases) {
    for (uint32_t number : numPhases)
      phases.emplace_back(number);
    for (std::vector<edbc_phase_desc> &some : phases) {
      edbc_cell_desc cell = {};
      cell.phases = some.data();
      cell.num_phases = static_cast<uint32_t>(some.size());
      cells.push_back(cell);
    }
  }
  const edbc_cell_desc *data() const { return cells.data(); }
  const edbc_cell_desc &operator[](uint32_t cell) const { return cells[cell]; }
  void setAhead(uint32_t cell, uint32_t phase) {
    phases[cell][phase].ahead = 1;
  }

private:
  std::vector<std::vector<edbc_phase_desc>> phases;
  std::vector<edbc_cell_desc> cells;
};

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
std::string planOf(const Graph &graph, const Cells &cells, uint32_t first = 0) {
  DepthScheduler scheduler;
  StepPlan plan;
  plan.make(graph, first, scheduler.schedule(graph, first), cells.data(),
            [](uint32_t, uint32_t) { return 1; });
  return print(plan);
}

TEST(StepPlanTest, PhasesOfABatchFollowEachOther) {
  Graph graph(1);
  graph.add(0, nullptr, 0);
  EXPECT_EQ(planOf(graph, Cells({3})), "0.0 | 0.1 | 0.2");
}

TEST(StepPlanTest, IndependentBatchesShareLevels) {
  Graph graph(2);
  graph.add(0, nullptr, 0);
  graph.add(1, nullptr, 0);
  EXPECT_EQ(planOf(graph, Cells({2, 3})), "0.0 1.0 | 0.1 1.1 | 1.2");
}

TEST(StepPlanTest, ABatchWaitsForAllOfItsOperands) {
  Graph graph(3);
  uint32_t a = graph.add(0, nullptr, 0);
  uint32_t b = graph.add(1, nullptr, 0);
  uint32_t both[] = {a, b};
  graph.add(2, both, 2);
  EXPECT_EQ(planOf(graph, Cells({1, 2, 1})), "0.0 1.0 | 1.1 | 2.0");
}

TEST(StepPlanTest, EarlierRunsAreComplete) {
  Graph graph(2);
  uint32_t a = graph.add(0, nullptr, 0);
  uint32_t b = graph.add(1, &a, 1);
  graph.add(1, &b, 1);
  graph.add(0, nullptr, 0);
  EXPECT_EQ(planOf(graph, Cells({1, 1}), 2), "0.0 1.0");
}

TEST(StepPlanTest, PhasesWithoutRowsAreLeftOut) {
  Graph graph(1);
  graph.add(0, nullptr, 0);
  DepthScheduler scheduler;
  StepPlan plan;
  Cells cells({3});
  plan.make(graph, 0, scheduler.schedule(graph, 0), cells.data(),
            [](uint32_t, uint32_t phase) { return phase == 1 ? 0 : 1; });
  EXPECT_EQ(print(plan), "0.0 | 0.2");
}

/// A chain of nodes of two layers. Its phases: the lower one's recurrence, what
/// the upper one takes of it, and the upper one's recurrence.
TEST(StepPlanTest, ChainsArePipelined) {
  Graph graph(1);
  uint32_t node = graph.add(0, nullptr, 0);
  for (unsigned i = 0; i < 3; ++i)
    node = graph.add(0, &node, 1);
  Cells cells({3});
  EXPECT_EQ(planOf(graph, cells),
            "0.0 | 0.1 | 0.2 | 1.0 | 1.1 | 1.2 | 2.0 | 2.1 | 2.2 | 3.0 | 3.1 | "
            "3.2");
  cells.setAhead(0, 1);
  EXPECT_EQ(planOf(graph, cells),
            "0.0 | 0.1 1.0 | 0.2 1.1 2.0 | 1.2 2.1 3.0 | 2.2 3.1 | 3.2");
}

/// What is ahead in the first place waits for nothing in the chain.
TEST(StepPlanTest, WhatIsAheadGoesFirst) {
  Graph graph(2);
  uint32_t input = graph.add(0, nullptr, 0);
  uint32_t node = graph.add(1, &input, 1);
  for (unsigned i = 0; i < 2; ++i) {
    uint32_t operands[] = {node, input};
    node = graph.add(1, operands, 2);
  }
  Cells cells({1, 2});
  cells.setAhead(1, 0);
  EXPECT_EQ(planOf(graph, cells), "0.0 | 1.0 2.0 3.0 | 1.1 | 2.1 | 3.1");
}

/// Nodes of other cells are waited for as a whole.
TEST(StepPlanTest, OtherCellsAreNotPipelined) {
  Graph graph(2);
  uint32_t node = graph.add(0, nullptr, 0);
  graph.add(1, &node, 1);
  Cells cells({3, 3});
  cells.setAhead(0, 1);
  cells.setAhead(1, 1);
  EXPECT_EQ(planOf(graph, cells), "0.0 | 0.1 | 0.2 | 1.0 | 1.1 | 1.2");
}

/// Against the definition, on random graphs under every policy.
TEST(StepPlanTest, StepsReadCompleteResultsOnlyAndLevelsAreFewest) {
  test::Random random(3);
  for (unsigned round = 0; round < 200; ++round) {
    constexpr uint32_t numTypes = 4;
    Graph graph(numTypes);
    test::appendRandomNodes(graph, random, 1 + random.below(40), 3, 10);
    Cells cells({1, 2, 3, 1});
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
