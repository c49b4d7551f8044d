//===- MachineTest.cpp - tests of machines and counts -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/Refine.h"
#include "test/unit/policy/Samples.h"

#include <gtest/gtest.h>
#include <numeric>

using namespace edbc;
using namespace edbc::test;
using core::Graph;

TEST(MachineTest, CountsUses) {
  std::vector<Graph> samples = drawTreesOfTwoTypes(5, 3);
  uint32_t numTypes = samples.front().numTypes();
  for (edbc_encoding encoding : {EDBC_ENCODING_BASE, EDBC_ENCODING_CRITICAL}) {
    std::vector<Transition> transitions =
        refineMachine(samples, encoding, {}, RefineOptions());
    std::vector<uint64_t> uses = countUses(samples, encoding, transitions);
    ASSERT_EQ(uses.size(), transitions.size());
    uint64_t sum = std::accumulate(uses.begin(), uses.end(), uint64_t(0));
    {
      Machine machine(encoding, transitions, numTypes);
      EXPECT_EQ(sum, countFsm(samples, machine.description()));
    }

    // What the machine can't do any more isn't counted.
    transitions.pop_back();
    Machine machine(encoding, transitions, numTypes);
    uses = countUses(samples, encoding, transitions);
    sum = std::accumulate(uses.begin(), uses.end(), uint64_t(0));
    BatchCounts counts;
    uint64_t byMachine = 0;
    for (const Graph &graph : samples) {
      countMachine(graph, machine.description(), counts);
      byMachine += counts.fsm - counts.fallbacks;
    }
    EXPECT_EQ(sum, byMachine);
  }
  EXPECT_TRUE(countUses({}, EDBC_ENCODING_BASE, {}).empty());
}

TEST(MachineTest, CountsBatchesOfEveryPolicy) {
  Graph graph = drawTrees(1, 1).front();
  Machine empty(EDBC_ENCODING_BASE, {}, NumTreeTypes);
  BatchCounts counts = countBatches(graph, empty.description());
  EXPECT_EQ(counts.fsm, counts.lemma);
  EXPECT_EQ(counts.fallbacks, counts.lemma);
  EXPECT_EQ(counts.of(EDBC_POLICY_FSM), counts.fsm);
  EXPECT_EQ(counts.of(EDBC_POLICY_AGENDA), counts.agenda);
  EXPECT_EQ(counts.of(EDBC_POLICY_DEPTH), counts.depth);
  EXPECT_EQ(counts.of(EDBC_POLICY_LEMMA), counts.lemma);
  EXPECT_LT(counts.agenda, counts.depth);
  BatchCounts twice = counts;
  twice += counts;
  for (edbc_policy_kind policy : {EDBC_POLICY_FSM, EDBC_POLICY_AGENDA,
                                  EDBC_POLICY_DEPTH, EDBC_POLICY_LEMMA})
    EXPECT_EQ(twice.of(policy), 2 * counts.of(policy));
  EXPECT_EQ(countBatches(graph).fsm, 0u);
}
