//===- PolicyTest.cpp - tests of policies and their table ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/core/Policy.h"
#include "test/unit/runtime/RandomGraphs.h"
#include "test/unit/runtime/Snapshot.h"

#include <gtest/gtest.h>
#include <utility>

using namespace edbc::core;
using namespace edbc::test;

using Sequence = std::vector<uint32_t>;

static Sequence sequenceOf(edbc_encoding encoding,
                           const std::vector<uint32_t> &ready) {
  Sequence sequence(ready.size());
  sequence.resize(frontierSequence(encoding, ready.data(),
                                   static_cast<uint32_t>(ready.size()),
                                   sequence.data()));
  return sequence;
}

static uint64_t keyOf(const Sequence &sequence, uint32_t numTypes) {
  return foldKey(sequence.data(), static_cast<uint32_t>(sequence.size()),
                 numTypes);
}

//===----------------------------------------------------------------------===//
// Encodings
//===----------------------------------------------------------------------===//

TEST(EncodingTest, Sequences) {
  EXPECT_EQ(sequenceOf(EDBC_ENCODING_BASE, {2, 0, 9, 5}), Sequence({0, 2, 3}));
  EXPECT_EQ(sequenceOf(EDBC_ENCODING_MAX, {2, 0, 5, 9}), Sequence({3, 0, 2}));
  EXPECT_EQ(sequenceOf(EDBC_ENCODING_SORT, {2, 0, 5, 9}), Sequence({3, 2, 0}));
  EXPECT_EQ(sequenceOf(EDBC_ENCODING_CRITICAL, {2, 0, 5, 9}),
            Sequence({3, 0, 2}));
  EXPECT_EQ(keyOf(sequenceOf(EDBC_ENCODING_SORT, {0, 0}), 2), 0u);
}

TEST(EncodingTest, LowerNumberFirstOnTies) {
  EXPECT_EQ(sequenceOf(EDBC_ENCODING_MAX, {1, 4, 4, 3}),
            Sequence({1, 0, 2, 3}));
  EXPECT_EQ(sequenceOf(EDBC_ENCODING_SORT, {3, 4, 4, 3}),
            Sequence({1, 2, 0, 3}));
}

TEST(EncodingTest, KeysAreExactWhileTheyFit) {
  EXPECT_EQ(keyOf({2, 0}, 3), 3u * 5 + 1);
  EXPECT_EQ(keyOf({2, 0}, 4), 3u * 5 + 1);
  // All orders of all subsets of 5 types.
  std::vector<uint64_t> keys;
  Sequence types = {0, 1, 2, 3, 4};
  do {
    for (uint32_t length = 0; length <= 5; ++length)
      if (std::is_sorted(types.begin() + length, types.end()))
        keys.push_back(foldKey(types.data(), length, 5));
  } while (std::next_permutation(types.begin(), types.end()));
  EXPECT_EQ(keys.size(), 326u); // 1 + 5 + 20 + 60 + 120 + 120
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(std::unique(keys.begin(), keys.end()), keys.end());
}

TEST(EncodingTest, KeysThatWrapDependOnEveryType) {
  // 127 types: in base 128 only the last ten would count.
  Sequence sequence(100);
  for (uint32_t i = 0; i < sequence.size(); ++i)
    sequence[i] = i;
  uint64_t key = keyOf(sequence, 127);
  for (uint32_t &type : sequence) {
    uint32_t before = std::exchange(type, 126);
    EXPECT_NE(keyOf(sequence, 127), key) << before;
    type = before;
  }
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

static const uint32_t *lookup(const PolicyTable &table, uint64_t key) {
  edbc_policy_desc desc = {EDBC_POLICY_FSM, EDBC_ENCODING_BASE, table.log2Slots,
                           0, table.slots.data()};
  return edbc::core::lookup(desc, key);
}

TEST(PolicyTableTest, FindsWhatWasStored) {
  Random random(2);
  for (uint32_t size : {0u, 1u, 2u, 3u, 8u, 1000u}) {
    std::vector<edbc_transition> transitions;
    for (uint32_t i = 0; i < size; ++i)
      // Odd keys are stored, even ones are not.
      transitions.push_back({(random.next() >> (i % 60)) | 1, i, 0});
    PolicyTable table = buildTable(transitions);
    EXPECT_EQ(table.slots.size(), size_t(1) << table.log2Slots);
    EXPECT_GE(table.slots.size(), 2 * size);
    EXPECT_LE(table.slots.size(), std::max(1u, 4 * size));
    for (uint32_t i = size; i-- > 0;) {
      const uint32_t *action = lookup(table, transitions[i].key);
      ASSERT_TRUE(action);
      // Of equal keys the first one counts.
      EXPECT_EQ(transitions[*action].key, transitions[i].key);
      EXPECT_LE(*action, i);
    }
    EXPECT_FALSE(lookup(table, 0));
    for (uint32_t i = 0; i < 100; ++i)
      EXPECT_FALSE(lookup(table, random.next() & ~uint64_t(1)));
  }
}

TEST(PolicyTableTest, ProbesRoundTheEnd) {
  // Three keys of the last slot of eight.
  std::vector<edbc_transition> transitions;
  for (uint64_t key = 1; transitions.size() < 3; ++key)
    if (slotOf(key, 3) == 7)
      transitions.push_back({key, static_cast<uint32_t>(key), 0});
  PolicyTable table = buildTable(transitions);
  ASSERT_EQ(table.log2Slots, 3u);
  EXPECT_EQ(table.slots[7].key, transitions[0].key);
  EXPECT_EQ(table.slots[0].key, transitions[1].key);
  EXPECT_EQ(table.slots[1].key, transitions[2].key);
  for (const edbc_transition &transition : transitions)
    EXPECT_EQ(*lookup(table, transition.key), transition.action);
}

TEST(PolicyTableTest, LeavesOutTheKeyOfFreeSlots) {
  PolicyTable table = buildTable({{0, 5, 0}, {3, 6, 0}});
  EXPECT_FALSE(lookup(table, 0));
  EXPECT_EQ(*lookup(table, 3), 6u);
}

TEST(PolicyTableTest, SlotsFollowTheAbi) {
  EXPECT_EQ(slotOf(12345, 0), 0u);
  EXPECT_EQ(slotOf(1, 8), 0x9Eu);
  EXPECT_EQ(slotOf(1, 16), 0x9E37u);
}

//===----------------------------------------------------------------------===//
// What policies without a machine see and do
//===----------------------------------------------------------------------===//

TEST(FrontierEncoderTest, SeesWhatTheEncodingSays) {
  Random random(9);
  Frontier frontier;
  CriticalTypes critical;
  for (edbc_encoding encoding : {EDBC_ENCODING_BASE, EDBC_ENCODING_MAX,
                                 EDBC_ENCODING_SORT, EDBC_ENCODING_CRITICAL}) {
    FrontierEncoder encoder(encoding);
    for (uint32_t round = 0; round < 10; ++round) {
      Graph graph(1 + random.below(80));
      appendRandomNodes(graph, random, 100, 2, 15);
      frontier.reset(graph);
      encoder.begin(frontier);
      critical.reset();
      uint32_t last = UINT32_MAX;
      for (;;) {
        Sequence expected =
            sequenceOf(encoding, Sequence(frontier.ready(),
                                          frontier.ready() + graph.numTypes()));
        if (encoding == EDBC_ENCODING_CRITICAL && !frontier.done()) {
          expected.insert(expected.begin(),
                          last != UINT32_MAX ? last : expected.front());
          critical.update(frontier);
          for (uint32_t type = 0; type < graph.numTypes(); ++type)
            if (critical.isCritical(type))
              expected.push_back(type);
        }
        ASSERT_EQ(encoder.encode(frontier), keyOf(expected, graph.numTypes()));
        NodeSpan state = encoder.state();
        ASSERT_EQ(Sequence(state.begin(), state.end()), expected);
        if (frontier.done())
          break;
        do
          last = random.below(graph.numTypes());
        while (frontier.ready(last) == 0);
        frontier.step(last);
      }
    }
  }
}

TEST(SubgraphSourcesTest, CountsByDefinition) {
  Random random(3);
  SubgraphSources sources;
  Frontier frontier;
  for (uint32_t round = 0; round < 40; ++round) {
    Graph graph(round % 4 == 0 ? 70 : 1 + random.below(5));
    if (round % 8 < 4)
      appendRandomNodes(graph, random, 60, 2, 12);
    else
      graph = drawOrderedGraph(random, graph.numTypes(), 60, 12);
    frontier.reset(graph, random.below(20));
    sources.reset();
    while (!frontier.done()) {
      // Not at every step, as happens where a machine rarely falls back.
      if (random.below(2) == 0) {
        sources.update(frontier);
        Snapshot snapshot(frontier);
        for (uint32_t type = 0; type < graph.numTypes(); ++type) {
          if (!frontier.isChosen(type))
            continue;
          ASSERT_EQ(sources.count(type), snapshot.numSources(type));
          ASSERT_LE(frontier.ready(type), sources.count(type));
        }
      }
      uint32_t type = random.below(graph.numTypes());
      if (frontier.ready(type) != 0)
        frontier.step(type);
    }
    sources.update(frontier);
    for (uint32_t type = 0; type < graph.numTypes(); ++type)
      EXPECT_EQ(sources.count(type), 0u);
  }
}

/// Nodes of many operands count, others look at all of theirs.
TEST(SubgraphSourcesTest, CountsByDefinitionWithManyOperands) {
  Random random(10);
  SubgraphSources sources;
  Frontier frontier;
  for (uint32_t round = 0; round < 30; ++round) {
    Graph graph(round % 3 == 0 ? 70 : 1 + random.below(5));
    appendRandomNodes(graph, random, 60, 20, 25);
    frontier.reset(graph, random.below(20));
    sources.reset();
    while (!frontier.done()) {
      if (random.below(2) == 0) {
        sources.update(frontier);
        Snapshot snapshot(frontier);
        for (uint32_t type = 0; type < graph.numTypes(); ++type)
          ASSERT_EQ(sources.count(type), snapshot.numSources(type));
      }
      uint32_t type = random.below(graph.numTypes());
      if (frontier.ready(type) != 0)
        frontier.step(type);
    }
  }
}

/// One operand of 200000 is executed after the other: to look at all of them
/// each time would take hours.
TEST(LemmaPolicyTest, TakesLinearTimeForLongLists) {
  constexpr uint32_t length = 200000;
  Graph graph(3);
  std::vector<uint32_t> elements;
  for (uint32_t i = 0; i < length; ++i) {
    const uint32_t previous = i - 1;
    elements.push_back(graph.add(i % 2, &previous, i != 0));
  }
  graph.add(2, elements.data(), length);
  Frontier frontier;
  LemmaPolicy lemma;
  EXPECT_EQ(schedule(frontier, graph, 0, lemma).batches.size(), length + 1);
}

TEST(LemmaPolicyTest, TakesTheLargestRatio) {
  Random random(4);
  LemmaPolicy lemma;
  Frontier frontier;
  for (uint32_t round = 0; round < 20; ++round) {
    Graph graph(1 + random.below(6));
    appendRandomNodes(graph, random, 80, 2, 15);
    frontier.reset(graph);
    lemma.begin(frontier);
    while (!frontier.done()) {
      Snapshot snapshot(frontier);
      uint32_t type = lemma.choose(frontier);
      ASSERT_EQ(type, bestType(frontier, [&](uint32_t type) {
                  return std::make_pair(double(frontier.ready(type)) /
                                            snapshot.numSources(type),
                                        frontier.ready(type));
                }));
      frontier.step(type);
    }
  }
}

TEST(AgendaPolicyTest, TakesTheLowestAverageDepth) {
  Random random(5);
  AgendaPolicy agenda;
  Frontier frontier;
  std::vector<uint32_t> depths;
  for (uint32_t round = 0; round < 20; ++round) {
    Graph graph(1 + random.below(6));
    appendRandomNodes(graph, random, 80, 2, 15);
    uint32_t first = random.below(30);
    computeDepths(graph, first, depths);
    frontier.reset(graph, first);
    agenda.begin(frontier);
    while (!frontier.done()) {
      uint32_t type = agenda.choose(frontier);
      ASSERT_EQ(type, bestType(frontier, [&](uint32_t type) {
                  double sum = 0;
                  for (uint32_t node : frontier.readyNodes(type))
                    sum += depths[node - first];
                  return -sum / frontier.ready(type);
                }));
      frontier.step(type);
    }
  }
}

//===----------------------------------------------------------------------===//
// The machine
//===----------------------------------------------------------------------===//

namespace {

class FsmPolicyTest : public testing::Test {
protected:
  FsmPolicyTest() : graph(NumTreeTypes) {
    Random random(6);
    for (uint32_t tree = 0; tree < 8; ++tree)
      appendRandomTree(graph, random, 2 + random.below(20));
  }

  /// Schedules with a machine of these transitions.
  uint64_t run(const std::vector<edbc_transition> &transitions) {
    PolicyTable table = buildTable(transitions);
    FsmPolicy policy({EDBC_POLICY_FSM, EDBC_ENCODING_BASE, table.log2Slots, 0,
                      table.slots.data()});
    Frontier frontier;
    taken.clear();
    for (const Batch &batch : schedule(frontier, graph, 0, policy).batches)
      taken.push_back(batch.type);
    return policy.numFallbacks();
  }

  Graph graph;
  std::vector<uint32_t> taken; ///< types in order
};

} // namespace

TEST_F(FsmPolicyTest, FollowsItsTransitions) {
  EXPECT_EQ(run({{keyOf({Leaf}, 3), Leaf, 0},
                 {keyOf({Inner, Score}, 3), Inner, 0},
                 {keyOf({Score}, 3), Score, 0}}),
            0u);
  EXPECT_EQ(taken.size(), lowerBound(graph));

  // A bad machine is followed, too.
  EXPECT_EQ(run({{keyOf({Leaf}, 3), Leaf, 0},
                 {keyOf({Inner, Score}, 3), Score, 0},
                 {keyOf({Inner}, 3), Inner, 0},
                 {keyOf({Score}, 3), Score, 0}}),
            0u);
  EXPECT_GT(taken.size(), lowerBound(graph));
  EXPECT_EQ(taken[1], Score);
}

TEST_F(FsmPolicyTest, FollowsTransitionsOfCriticalTypes) {
  // Scores wait until all trees are done; inner nodes are critical throughout.
  PolicyTable table =
      buildTable({{keyOf({Leaf, Leaf, Leaf}, 3), Leaf, 0},
                  {keyOf({Leaf, Score, Inner, Inner}, 3), Inner, 0},
                  {keyOf({Inner, Score, Inner, Inner}, 3), Inner, 0},
                  {keyOf({Inner, Score, Score}, 3), Score, 0}});
  FsmPolicy policy({EDBC_POLICY_FSM, EDBC_ENCODING_CRITICAL, table.log2Slots, 0,
                    table.slots.data()});
  Frontier frontier;
  EXPECT_EQ(schedule(frontier, graph, 0, policy).batches.size(),
            lowerBound(graph));
  EXPECT_EQ(policy.numFallbacks(), 0u);
}

TEST_F(FsmPolicyTest, FallsBackInUnknownStates) {
  // Knows only what to do at the beginning.
  uint64_t fallbacks = run({{keyOf({Leaf}, 3), Leaf, 0}});
  EXPECT_EQ(fallbacks, taken.size() - 1);
  EXPECT_EQ(taken.size(), lowerBound(graph));
}

/// With critical as `MostDuePolicy` does, whether or not there is anything in
/// the table.
TEST_F(FsmPolicyTest, FallsBackOnWhatIsMostDue) {
  Random random(12);
  uint32_t numDifferent = 0;
  for (uint32_t round = 0; round < 20; ++round) {
    graph = Graph(5);
    appendRandomNodes(graph, random, 150, 2, 15);
    Frontier frontier, expected;
    MostDuePolicy mostDue;
    schedule(expected, graph, 0, mostDue);
    LemmaPolicy lemma;
    numDifferent += schedule(frontier, graph, 0, lemma).batches.size() !=
                    expected.schedule().batches.size();
    for (const std::vector<edbc_transition> &transitions :
         {std::vector<edbc_transition>(),
          std::vector<edbc_transition>{{UINT64_MAX, 0, 0}}}) {
      PolicyTable table = buildTable(transitions);
      FsmPolicy policy({EDBC_POLICY_FSM, EDBC_ENCODING_CRITICAL,
                        table.log2Slots, 0, table.slots.data()});
      schedule(frontier, graph, 0, policy);
      EXPECT_EQ(policy.numFallbacks(), expected.schedule().batches.size());
      ASSERT_EQ(frontier.schedule().nodes, expected.schedule().nodes);
    }
  }
  EXPECT_GT(numDifferent, 5u);
}

TEST_F(FsmPolicyTest, IgnoresActionsThatAreNotReady) {
  uint64_t fallbacks = run({{keyOf({Leaf}, 3), Inner, 0},
                            {keyOf({Inner, Score}, 3), 77, 0},
                            {keyOf({Score}, 3), Score, 0}});
  EXPECT_EQ(fallbacks, taken.size() - 1);
  EXPECT_EQ(taken.size(), lowerBound(graph));
}
