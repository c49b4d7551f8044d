//===- SessionTest.cpp - tests of models and sessions ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/runtime/RandomGraphs.h"
#include "test/unit/runtime/TestKernels.h"
#include "test/unit/runtime/TestNetwork.h"

#include <chrono>
#include <cstdlib>
#include <gtest/gtest.h>
#include <thread>

using edbc::test::Random;
using namespace test_network;

static std::vector<float> toVector(edbc::Span<const float> span) {
  return {span.begin(), span.end()};
}

/// Column by column.
static std::vector<float> toVector(edbc::MatrixView matrix) {
  std::vector<float> elements;
  for (size_t column = 0; column < matrix.columns(); ++column)
    for (float element : matrix.column(column))
      elements.push_back(element);
  return elements;
}

/// The message with which `call` throws.
template <typename Call> static std::string messageOf(Call call) {
  try {
    call();
  } catch (const edbc::Error &error) {
    EXPECT_NE(error.status(), EDBC_OK);
    return error.what();
  }
  return "no error";
}

template <typename Call> static edbc_status statusOf(Call call) {
  try {
    call();
  } catch (const edbc::Error &error) {
    return error.status();
  }
  return EDBC_OK;
}

namespace {

/// Adds random nodes to a session and knows what they should hold.
class CheckedGraph {
public:
  CheckedGraph(Session &session, uint64_t seed)
      : session(session), random(seed) {}

  /// Adds a new instance. It gets the next number, from 0.
  void addInstance(uint32_t count) {
    instances.emplace_back();
    instances.back().number = session.beginInstance();
    grow(instances.back(), count);
  }

  /// Adds nodes to an instance.
  void growInstance(size_t index, uint32_t count) {
    session.resumeInstance(instances[index].number);
    grow(instances[index], count);
  }

  void dropInstance(size_t index) {
    session.dropInstance(instances[index].number);
    uint32_t number = instances[index].number;
    instances[index] = Instance();
    instances[index].number = number;
  }

  void expectValues() const {
    for (const Instance &instance : instances) {
      for (size_t i = 0; i < instance.nodes.size(); ++i)
        ASSERT_EQ(toVector(session.hidden(instance.nodes[i])),
                  instance.expected[i].h);
      for (size_t i = 0; i < instance.scores.size(); ++i)
        ASSERT_EQ(toVector(session.logits(instance.scores[i])),
                  instance.expectedScores[i]);
      for (size_t i = 0; i < instance.tables.size(); ++i)
        ASSERT_EQ(toVector(session.matrix(instance.tables[i])),
                  instance.expectedTables[i]);
    }
    ASSERT_FALSE(sawBadCall);
  }

  /// Nodes ever added.
  size_t size() const { return numNodes; }
  size_t numInstances() const { return instances.size(); }

private:
  struct Instance {
    uint32_t number = 0;
    std::vector<Node> nodes;
    std::vector<Values> expected;
    std::vector<Score> scores;
    std::vector<std::vector<float>> expectedScores;
    std::vector<Table> tables;
    std::vector<TableElements> expectedTables;
  };

  void grow(Instance &instance, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      bool isFirst = instance.nodes.empty();
      addRandom(instance, isFirst ? random.below(2) : random.below(10));
      ++numNodes;
    }
  }

  void addRandom(Instance &to, uint32_t choice) {
    auto add = [&](Node node, Values values) {
      to.nodes.push_back(node);
      to.expected.push_back(std::move(values));
    };
    auto addTable = [&](Table table, TableElements elements) {
      to.tables.push_back(table);
      to.expectedTables.push_back(std::move(elements));
    };
    switch (choice) {
    case 0:
      return add(session.start(), startValues());
    case 1: {
      uint32_t word = random.below(Model::words);
      return add(session.leaf(word), leafValues(word));
    }
    case 2: {
      size_t at = pick(to.nodes);
      std::vector<float> x(Model::marks);
      for (float &value : x)
        value = static_cast<float>(random.below(9)) / 4 - 1;
      return add(session.mark(to.nodes[at], x), markValues(to.expected[at], x));
    }
    case 3:
    case 4: {
      size_t left = pick(to.nodes), right = pick(to.nodes);
      return add(session.inner(to.nodes[left], to.nodes[right]),
                 innerValues(to.expected[left], to.expected[right]));
    }
    case 5:
    case 6: {
      size_t base = pick(to.nodes);
      std::vector<Node> some, more;
      std::vector<Values> expectedSome, expectedMore;
      pickMany(to.nodes, to.expected, 1, some, expectedSome);
      pickMany(to.nodes, to.expected, 0, more, expectedMore);
      return add(session.join(to.nodes[base], some, more),
                 joinValues(to.expected[base], expectedSome, expectedMore));
    }
    case 7: {
      size_t at = pick(to.nodes);
      to.scores.push_back(session.score(to.nodes[at]));
      to.expectedScores.push_back(scoreValues(to.expected[at]));
      return;
    }
    case 8: {
      if (to.tables.empty()) {
        uint32_t index = random.below(Model::tables);
        return addTable(session.table(index), tableValues(index));
      }
      size_t table = pick(to.tables), node = pick(to.nodes);
      return addTable(session.shift(to.tables[table], to.nodes[node]),
                      shiftValues(to.expectedTables[table], to.expected[node]));
    }
    default: {
      std::vector<Table> tables;
      std::vector<TableElements> expected;
      if (!to.tables.empty())
        pickMany(to.tables, to.expectedTables, 0, tables, expected);
      return addTable(session.total(tables), totalValues(expected));
    }
    }
  }

  /// A node near the end, so that graphs become deep.
  template <typename T> size_t pick(const std::vector<T> &nodes) {
    uint32_t count = static_cast<uint32_t>(nodes.size());
    return nodes.size() - 1 - random.below(std::min(count, 6u));
  }

  /// `fewest` to `fewest` + 4 nodes, some perhaps repeatedly.
  template <typename T, typename U>
  void pickMany(const std::vector<T> &nodes, const std::vector<U> &expected,
                uint32_t fewest, std::vector<T> &picked,
                std::vector<U> &expectedPicked) {
    for (uint32_t i = fewest + random.below(5); i != 0; --i) {
      size_t at = pick(nodes);
      picked.push_back(nodes[at]);
      expectedPicked.push_back(expected[at]);
    }
  }

  Session &session;
  Random random;
  std::vector<Instance> instances;
  size_t numNodes = 0;
};

/// Sets EDBC_ISA for the time of a test.
class ForcedIsa {
public:
  explicit ForcedIsa(const char *isa) { setenv("EDBC_ISA", isa, 1); }
  ~ForcedIsa() { unsetenv("EDBC_ISA"); }
};

const edbc::Policy allPolicies[] = {edbc::Policy::Fsm, edbc::Policy::Agenda,
                                    edbc::Policy::Depth, edbc::Policy::Lemma};

/// With shared results and without.
std::vector<std::pair<edbc::Policy, bool>> policiesAndSharing() {
  std::vector<std::pair<edbc::Policy, bool>> all;
  for (edbc::Policy policy : allPolicies)
    for (bool share : {false, true})
      all.emplace_back(policy, share);
  return all;
}

class SessionTest : public testing::Test {
protected:
  Model model;
  Session session{model};
};

} // namespace

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

TEST(ModelTest, RefusesOtherVersions) {
  edbc_library library = edbc_library_test_network;
  library.abi_version = EDBC_ABI_VERSION + 1;
  std::string size = std::to_string(sizeof(edbc_library));
  EXPECT_EQ(messageOf([&] { edbc::Model model(library); }),
            "the network was compiled for ABI version " +
                std::to_string(EDBC_ABI_VERSION + 1) + " (description of " +
                size + " bytes), but the runtime has version " +
                std::to_string(EDBC_ABI_VERSION) + " (" + size + " bytes)");
  EXPECT_EQ(statusOf([&] { edbc::Model model(library); }), EDBC_INCOMPATIBLE);
  library = edbc_library_test_network;
  library.struct_size = 88;
  EXPECT_EQ(statusOf([&] { edbc::Model model(library); }), EDBC_INCOMPATIBLE);
}

TEST(ModelTest, NeedsWeights) {
  edbc_library library = edbc_library_test_network;
  std::vector<edbc_param_desc> params(library.params,
                                      library.params + library.num_params);
  params[3].data = nullptr;
  library.params = params.data();
  EXPECT_EQ(messageOf([&] { edbc::Model model(library); }),
            "network 'test_network' needs a weights file: parameter 'Q' was "
            "not embedded when it was compiled");
}

TEST(ModelTest, ForcesInstructionSets) {
  {
    ForcedIsa forced("x86-64-v3");
    EXPECT_STREQ(Model().isa(), "x86-64-v3");
  }
  {
    ForcedIsa forced("x86-64");
    EXPECT_STREQ(Model().isa(), "x86-64");
  }
  {
    ForcedIsa forced("sse9");
    EXPECT_EQ(messageOf([] { Model(); }),
              "EDBC_ISA names an unknown instruction set 'sse9'; known are "
              "x86-64, x86-64-v3, x86-64-v4");
  }
  ForcedIsa forced("");
  EXPECT_NE(std::string(Model().isa()).find("x86-64"), std::string::npos);
}

TEST(ModelTest, UsesWhatTheLibraryHas) {
  edbc_library library = edbc_library_test_network;
  std::vector<edbc_cell_desc> cells(library.cells,
                                    library.cells + library.num_cells);
  edbc_phase_desc phase = cells[1].phases[0];
  cells[1].phases = &phase;
  library.cells = cells.data();

  phase.functions[EDBC_ISA_X86_64_V4] = nullptr;
  EXPECT_STREQ(edbc::Model(library).isa(), "x86-64-v3");
  {
    ForcedIsa forced("x86-64-v4");
    std::string message = messageOf([&] { edbc::Model model(library); });
    EXPECT_EQ(message.find("EDBC_ISA asks for x86-64-v4, "), 0u) << message;
  }
  phase.functions[EDBC_ISA_X86_64_V3] = nullptr;
  EXPECT_STREQ(edbc::Model(library).isa(), "x86-64");
  phase.functions[EDBC_ISA_X86_64] = nullptr;
  EXPECT_EQ(messageOf([&] { edbc::Model model(library); }),
            "network 'test_network' was compiled for no instruction set that "
            "this machine has (of x86-64, x86-64-v3, x86-64-v4)");
  EXPECT_EQ(statusOf([&] { edbc::Model model(library); }), EDBC_UNSUPPORTED);
  {
    ForcedIsa forced("x86-64-v3");
    EXPECT_EQ(messageOf([&] { edbc::Model model(library); }),
              "EDBC_ISA asks for x86-64-v3, for which network 'test_network' "
              "was not compiled");
  }
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

TEST_F(SessionTest, ComputesEveryKindOfCell) {
  Node start = session.start();
  Node leaf = session.leaf(200);
  const std::vector<float> x = {1, 2.5f, -3};
  Node mark = session.mark(leaf, x);
  Node inner = session.inner(start, mark);
  Node twice = session.inner(inner, inner);
  Score score = session.score(twice);
  session.run();

  Values marked = markValues(leafValues(200), x);
  Values joined = innerValues(startValues(), marked);
  Values joinedTwice = innerValues(joined, joined);
  EXPECT_EQ(toVector(session.hidden(start)), startValues().h);
  EXPECT_EQ(toVector(session.hidden(leaf)), leafValues(200).h);
  EXPECT_EQ(toVector(session.hidden(mark)), marked.h);
  EXPECT_EQ(toVector(session.hidden(inner)), joined.h);
  EXPECT_EQ(toVector(session.hidden(twice)), joinedTwice.h);
  EXPECT_EQ(toVector(session.logits(score)), scoreValues(joinedTwice));
  EXPECT_NE(scoreValues(joinedTwice), std::vector<float>(Model::labels));
}

TEST_F(SessionTest, ComputesRandomGraphsUnderEveryPolicy) {
  for (auto [policy, share] : policiesAndSharing()) {
    edbc::SessionOptions options;
    options.policy = policy;
    options.share = share;
    Session session(model, options);
    for (uint64_t round = 0; round < 4; ++round) {
      CheckedGraph graph(session, round);
      for (uint32_t instance = 0; instance < 30; ++instance)
        graph.addInstance(1 + instance % 25);
      session.run();
      graph.expectValues();
      edbc::Statistics statistics = session.statistics(true);
      EXPECT_EQ(statistics.nodes, graph.size());
      EXPECT_EQ(statistics.instances, 30u);
      EXPECT_GE(statistics.batches, statistics.lower_bound);
      session.reset();
    }
  }
}

/// A library may come with a policy that isn't a machine.
TEST_F(SessionTest, FollowsThePolicyOfTheLibrary) {
  std::vector<uint64_t> batches;
  for (edbc_policy_kind kind :
       {EDBC_POLICY_FSM, EDBC_POLICY_AGENDA, EDBC_POLICY_DEPTH}) {
    edbc_library library = edbc_library_test_network;
    library.policy.kind = kind;
    if (kind != EDBC_POLICY_FSM)
      library.policy.slots = nullptr;
    Model other(library);
    auto countBatches = [&](const Model &model, edbc::Policy policy) {
      Session session(model, {policy});
      CheckedGraph graph(session, 3);
      for (uint32_t instance = 0; instance < 30; ++instance)
        graph.addInstance(1 + instance % 25);
      session.run();
      graph.expectValues();
      return session.statistics().batches;
    };
    batches.push_back(countBatches(other, edbc::Policy::Fsm));
    EXPECT_EQ(batches.back(),
              countBatches(model, static_cast<edbc::Policy>(kind)));
  }
  EXPECT_LT(batches[1], batches[2]);
  EXPECT_NE(batches[0], batches[1]);
}

TEST_F(SessionTest, GraphsGrowBetweenRuns) {
  for (edbc::Policy policy : allPolicies) {
    Session session(model, {policy});
    CheckedGraph graph(session, 7);
    graph.addInstance(5);
    session.run();
    for (uint32_t run = 0; run < 40; ++run) {
      // Columns and states must grow without losing earlier values.
      graph.growInstance(0, 1 + run * 3);
      session.run();
      graph.expectValues();
    }
  }
}

TEST_F(SessionTest, InstancesGrowInTurns) {
  for (edbc::Policy policy : allPolicies) {
    Session session(model, {policy});
    CheckedGraph graph(session, 11);
    Random random(12);
    for (uint32_t run = 0; run < 30; ++run) {
      graph.addInstance(1 + random.below(10));
      // Several times before each run, also the same one.
      for (uint32_t i = 0; i < 8; ++i)
        graph.growInstance(
            random.below(static_cast<uint32_t>(graph.numInstances())),
            random.below(6));
      session.run();
      graph.expectValues();
      EXPECT_EQ(session.statistics().nodes, graph.size());
      EXPECT_EQ(session.statistics().instances, run + 1);
    }
  }
}

TEST_F(SessionTest, ReadsMatrices) {
  Table table = session.table(2);
  session.run();
  edbc::MatrixView matrix = session.matrix(table);
  EXPECT_EQ(matrix.rows(), Model::hidden);
  EXPECT_EQ(matrix.columns(), Model::columns);
  for (uint32_t row = 0; row < Model::hidden; ++row)
    for (uint32_t column = 0; column < Model::columns; ++column)
      EXPECT_EQ(matrix(row, column),
                parameter(6, 2 * Model::hidden + row, column));
  EXPECT_EQ(matrix.column(2).size(), Model::hidden);
  EXPECT_EQ(matrix.column(2)[19], matrix(19, 2));
  EXPECT_EQ(edbc::MatrixView().rows(), 0u);
}

TEST_F(SessionTest, TakesAnyNumberOfNodes) {
  Node a = session.leaf(1), b = session.leaf(2);
  Values va = leafValues(1), vb = leafValues(2);
  // In one batch: repeated elements, none, many.
  Node twice = session.join(a, std::vector<Node>{b, b}, {});
  Node one = session.join(b, {&a, 1}, std::vector<Node>{a, b, a});
  std::vector<Node> nodes(1000, a);
  Node many = session.join(a, nodes, nodes);
  // The arrays are read when the node is added.
  nodes.assign(1000, b);
  Table none = session.total({});
  session.run();
  EXPECT_EQ(toVector(session.hidden(twice)), joinValues(va, {vb, vb}, {}).h);
  EXPECT_EQ(toVector(session.hidden(one)),
            joinValues(vb, {va}, {va, vb, va}).h);
  EXPECT_EQ(toVector(session.hidden(many)),
            joinValues(va, std::vector<Values>(1000, va), {}).h);
  EXPECT_EQ(toVector(session.matrix(none)), totalValues({}));
  EXPECT_EQ(session.statistics().batches, 3u);
  EXPECT_EQ(session.statistics(true).lower_bound, 3u);
  // A run without any element, and one whose batch is smaller than before.
  Table later = session.total({});
  session.run();
  EXPECT_EQ(toVector(session.matrix(later)), totalValues({}));
  Table last = session.total(std::vector<Table>{session.table(0), later});
  session.run();
  EXPECT_EQ(toVector(session.matrix(last)),
            totalValues({tableValues(0), totalValues({})}));
  EXPECT_FALSE(sawBadCall);
}

TEST_F(SessionTest, GroupsOfNodesGoThroughAllPhases) {
  // More nodes than fit a cache with their matrices.
  constexpr uint32_t number = 5000;
  for (uint32_t threads : {1u, 3u}) {
    Session session(model, {edbc::Policy::Fsm, threads});
    std::vector<Table> tables, totals;
    for (uint32_t i = 0; i < Model::tables; ++i)
      tables.push_back(session.table(i));
    for (uint32_t i = 0; i < number; ++i)
      totals.push_back(session.total({tables.data(), 1 + i % 3}));
    session.run();
    for (uint32_t i = 0; i < number; ++i) {
      std::vector<std::vector<float>> elements;
      for (uint32_t k = 0; k < 1 + i % 3; ++k)
        elements.push_back(tableValues(k));
      ASSERT_EQ(toVector(session.matrix(totals[i])), totalValues(elements));
    }
    EXPECT_EQ(session.statistics().batches, 2u);
    EXPECT_EQ(session.statistics().launches, 3u);
  }
  EXPECT_FALSE(sawBadCall);
}

TEST_F(SessionTest, CountsLaunchesAndCopies) {
  Node leaf = session.leaf(1);
  session.inner(leaf, session.leaf(2));
  session.run();
  // One phase of two leaves, two of one inner node; all compute something.
  EXPECT_EQ(session.statistics().launches, 3u);
  EXPECT_EQ(session.statistics().copied_bytes, 0u);
  // A phase without rows isn't called: the list has no elements.
  session.total({});
  session.run();
  EXPECT_EQ(session.statistics().launches, 4u);
  // Two matrices are copied, in one call.
  session.table(0);
  session.table(1);
  session.run();
  EXPECT_EQ(session.statistics().launches, 5u);
  EXPECT_EQ(session.statistics().copied_bytes,
            2 * Model::columns * Model::hidden * sizeof(float));
  session.reset();
  EXPECT_EQ(session.statistics().launches, 0u);
  EXPECT_EQ(session.statistics().copied_bytes, 0u);
}

//===----------------------------------------------------------------------===//
// Instances
//===----------------------------------------------------------------------===//

TEST_F(SessionTest, NumbersInstances) {
  EXPECT_EQ(session.beginInstance(), 0u);
  session.leaf(1);
  EXPECT_EQ(session.beginInstance(), 1u);
  session.resumeInstance(0);
  session.leaf(1);
  // Although the last one is still without nodes.
  EXPECT_EQ(session.beginInstance(), 2u);
  session.leaf(1);
  EXPECT_EQ(session.beginInstance(), 3u);
  EXPECT_EQ(session.statistics().instances, 2u);
  session.resumeInstance(1);
  session.leaf(1);
  EXPECT_EQ(session.statistics().instances, 3u);
  // One without nodes may be dropped.
  session.dropInstance(3);
  EXPECT_EQ(session.beginInstance(), 4u);
  EXPECT_EQ(session.statistics().instances, 3u);
  session.leaf(1);
  EXPECT_EQ(session.statistics().instances, 4u);
  session.reset();
  EXPECT_EQ(session.beginInstance(), 0u);
}

TEST_F(SessionTest, NodesBeforeTheFirstInstanceHaveOneOfTheirOwn) {
  session.leaf(1);
  EXPECT_EQ(session.beginInstance(), 1u);
  session.leaf(1);
  EXPECT_EQ(session.statistics().instances, 2u);
}

TEST_F(SessionTest, RunsManyTimesWithoutReset) {
  for (uint32_t run = 0; run < 3000; ++run) {
    uint32_t instance = session.beginInstance();
    session.leaf(1);
    session.run();
    session.dropInstance(instance);
  }
  EXPECT_EQ(session.statistics().instances, 3000u);
  EXPECT_EQ(session.statistics().batches, 3000u);
}

TEST_F(SessionTest, DroppedInstancesGiveTheirRowsAway) {
  std::vector<Node> leaves;
  for (uint32_t instance = 0; instance < 3; ++instance) {
    session.beginInstance();
    leaves.push_back(session.leaf(instance));
    session.score(leaves.back());
  }
  session.run();
  // Distances from the first row, since the array may move.
  auto place = [&](Node node) {
    return session.hidden(node).data() - session.hidden(leaves[0]).data();
  };
  std::ptrdiff_t second = place(leaves[1]), third = place(leaves[2]);
  session.dropInstance(1);
  session.beginInstance();
  Node reused = session.leaf(9), fresh = session.leaf(10);
  session.score(fresh);
  session.run();
  EXPECT_EQ(place(leaves[2]), third);
  EXPECT_EQ(place(reused), second);
  EXPECT_EQ(place(fresh), third + (third - second));
  EXPECT_EQ(toVector(session.hidden(reused)), leafValues(9).h);
  EXPECT_EQ(toVector(session.hidden(fresh)), leafValues(10).h);
  edbc::Statistics statistics = session.statistics(true);
  EXPECT_EQ(statistics.instances, 4u);
  EXPECT_EQ(statistics.nodes, 9u);
  EXPECT_EQ(statistics.lower_bound, 4u);

  // After a reset rows are given in order again.
  session.dropInstance(2);
  session.reset();
  leaves = {session.leaf(1), session.leaf(2)};
  session.run();
  EXPECT_EQ(place(leaves[1]), second);
}

TEST_F(SessionTest, DropsWhileOthersGoOn) {
  for (auto [policy, share] : policiesAndSharing()) {
    edbc::SessionOptions options;
    options.policy = policy;
    options.share = share;
    Session session(model, options);
    for (uint64_t round = 0; round < 3; ++round) {
      CheckedGraph graph(session, 20 + round);
      Random random(30 + round);
      std::vector<size_t> living;
      for (uint32_t run = 0; run < 60; ++run) {
        graph.addInstance(1 + random.below(30));
        living.push_back(graph.numInstances() - 1);
        for (size_t index : living)
          graph.growInstance(index, random.below(4));
        session.run();
        graph.expectValues();
        if (living.size() > 4) {
          size_t at = random.below(static_cast<uint32_t>(living.size()));
          graph.dropInstance(living[at]);
          living.erase(living.begin() + static_cast<std::ptrdiff_t>(at));
          graph.expectValues();
        }
      }
      EXPECT_EQ(session.statistics().nodes, graph.size());
      EXPECT_EQ(session.statistics().instances, graph.numInstances());
      session.reset();
    }
  }
}

TEST_F(SessionTest, RowsStayBoundedOverManyDrops) {
  // Instance after instance, two at a time.
  std::vector<const float *> rows;
  for (uint32_t cycle = 0; cycle < 3000; ++cycle) {
    ASSERT_EQ(session.beginInstance(), cycle);
    Node node = session.leaf(cycle % Model::words);
    Values expected = leafValues(cycle % Model::words);
    for (uint32_t i = 0; i < 3; ++i) {
      node = session.join(node, {&node, 1}, {});
      expected = joinValues(expected, {expected}, {});
    }
    session.run();
    ASSERT_EQ(toVector(session.hidden(node)), expected.h);
    // The array grows for the second instance and never again.
    rows.push_back(session.hidden(node).data());
    ASSERT_TRUE(cycle < 3 || rows[cycle] == rows[cycle - 2]);
    if (cycle > 0)
      session.dropInstance(cycle - 1);
  }
  EXPECT_EQ(session.statistics().instances, 3000u);
}

TEST_F(SessionTest, ChecksInstances) {
  EXPECT_EQ(messageOf([&] { session.resumeInstance(1); }),
            "there is no instance 1; the session has 1");
  EXPECT_EQ(messageOf([&] { session.dropInstance(7); }),
            "there is no instance 7; the session has 1");
  Node node = session.leaf(1);
  EXPECT_EQ(messageOf([&] { session.dropInstance(0); }),
            "instance 0 has nodes that are not yet executed; call run first");
  session.run();
  Node later = session.leaf(2);
  session.beginInstance();
  Node other = session.leaf(3);
  EXPECT_EQ(messageOf([&] { session.dropInstance(0); }),
            "instance 0 has nodes that are not yet executed; call run first");
  session.run();
  session.resumeInstance(0);
  session.inner(node, later);
  EXPECT_EQ(messageOf([&] { session.score(other); }),
            "cell 'score', operand 'node': the value belongs to another "
            "instance");
  session.run();
  session.dropInstance(0);
  EXPECT_EQ(messageOf([&] { session.dropInstance(0); }),
            "instance 0 was dropped");
  EXPECT_EQ(messageOf([&] { session.resumeInstance(0); }),
            "instance 0 was dropped");
  EXPECT_EQ(messageOf([&] { session.hidden(node); }),
            "output 'hidden': the value belongs to an instance that was "
            "dropped");
  EXPECT_EQ(messageOf([&] { session.leaf(1); }),
            "cell 'leaf': the instance that nodes were added to was dropped; "
            "begin or resume another one first");
  EXPECT_EQ(statusOf([&] { session.leaf(1); }), EDBC_INVALID_ARGUMENT);
  session.resumeInstance(1);
  EXPECT_EQ(messageOf([&] { session.score(node); }),
            "cell 'score', operand 'node': the value belongs to an instance "
            "that was dropped");
  EXPECT_EQ(messageOf([&] { session.score(other); }), "no error");
  EXPECT_EQ(session.statistics().nodes, 5u);
}

TEST_F(SessionTest, RunWithoutNewNodesDoesNothing) {
  session.run();
  EXPECT_EQ(session.statistics(true).batches, 0u);
  Node node = session.leaf(1);
  session.run();
  const float *data = session.hidden(node).data();
  session.run();
  EXPECT_EQ(session.hidden(node).data(), data);
  EXPECT_EQ(session.statistics().batches, 1u);
}

TEST_F(SessionTest, ThreadsShareAModel) {
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      Session own(model);
      for (uint64_t round = 0; round < 10; ++round) {
        CheckedGraph graph(own, thread * 100 + round);
        for (uint32_t instance = 0; instance < 10; ++instance)
          graph.addInstance(20);
        own.run();
        graph.expectValues();
        own.reset();
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST_F(SessionTest, ThreadsShareBatches) {
  for (uint32_t threads : {2u, 5u}) {
    Session session(model, {edbc::Policy::Fsm, threads});
    // How long a phase takes decides whether it is divided, and the machine may
    // have no time for other threads.
    sawOtherThread = false;
    auto begin = std::chrono::steady_clock::now();
    for (uint64_t round = 0; round < 3 || !sawOtherThread; ++round) {
      ASSERT_LT(std::chrono::steady_clock::now() - begin,
                std::chrono::minutes(1));
      CheckedGraph graph(session, 40 + round);
      for (uint32_t instance = 0; instance < 200; ++instance)
        graph.addInstance(20);
      session.run();
      graph.expectValues();
      session.reset();
    }
  }
}

TEST_F(SessionTest, ChecksTheNumberOfThreads) {
  EXPECT_EQ(messageOf([&] {
              Session(model, {edbc::Policy::Fsm, 257});
            }),
            "257 threads asked for; a session has at most 256");
  EXPECT_EQ(messageOf([&] {
              Session(model, {edbc::Policy::Fsm, 0});
            }),
            "no error");
}

TEST_F(SessionTest, Moves) {
  Session other = std::move(session);
  Node node = other.leaf(3);
  other.run();
  EXPECT_EQ(toVector(other.hidden(node)), leafValues(3).h);
  EXPECT_EQ(messageOf([&] { session.run(); }), "a null argument");
  session.reset();
}

//===----------------------------------------------------------------------===//
// Statistics
//===----------------------------------------------------------------------===//

TEST_F(SessionTest, CountsInstancesWithNodes) {
  EXPECT_EQ(session.statistics().instances, 0u);
  session.beginInstance();
  session.beginInstance();
  EXPECT_EQ(session.statistics().instances, 0u);
  session.leaf(1);
  EXPECT_EQ(session.statistics().instances, 1u);
  session.beginInstance();
  session.beginInstance();
  EXPECT_EQ(session.statistics().instances, 1u);
  session.leaf(1);
  EXPECT_EQ(session.statistics().instances, 2u);
}

TEST_F(SessionTest, CountsOverAllRuns) {
  auto begin = std::chrono::steady_clock::now();
  Node a = session.leaf(1), b = session.leaf(2);
  session.run();
  session.inner(a, b);
  session.leaf(3);
  session.run();
  edbc::Statistics statistics = session.statistics(true);
  EXPECT_EQ(statistics.instances, 1u);
  EXPECT_EQ(statistics.nodes, 4u);
  EXPECT_EQ(statistics.batches, 3u);
  EXPECT_EQ(statistics.lower_bound, 3u);
  // The machine knows the frontier {leaf}, but not {leaf, inner} and {inner}.
  EXPECT_EQ(statistics.fallbacks, 2u);
  EXPECT_GT(statistics.build_ns, 0u);
  EXPECT_GT(statistics.schedule_ns, 0u);
  EXPECT_GT(statistics.execute_ns, 0u);
  EXPECT_LE(std::chrono::nanoseconds(statistics.build_ns +
                                     statistics.schedule_ns +
                                     statistics.execute_ns),
            std::chrono::steady_clock::now() - begin);
  EXPECT_EQ(session.statistics(false).lower_bound, 0u);

  session.reset();
  statistics = session.statistics(true);
  EXPECT_EQ(statistics.instances + statistics.nodes + statistics.batches +
                statistics.lower_bound + statistics.fallbacks +
                statistics.build_ns + statistics.schedule_ns +
                statistics.execute_ns,
            0u);
}

//===----------------------------------------------------------------------===//
// Wrong arguments
//===----------------------------------------------------------------------===//

TEST_F(SessionTest, ChecksTokens) {
  EXPECT_EQ(messageOf([&] { session.leaf(256); }),
            "cell 'leaf', operand 'word': token 256 is out of range [0, 256)");
  EXPECT_EQ(statusOf([&] { session.leaf(256); }), EDBC_INVALID_ARGUMENT);
  EXPECT_EQ(messageOf([&] { session.leaf(255); }), "no error");
}

TEST_F(SessionTest, ChecksDenseValues) {
  Node node = session.leaf(1);
  const std::vector<float> x(4);
  EXPECT_EQ(messageOf([&] { session.mark(node, x); }),
            "cell 'mark', operand 'x': 4 values given, expected 3");
  EXPECT_EQ(messageOf([&] {
              session.mark(node, {nullptr, 3});
            }),
            "cell 'mark', operand 'x': the values are null");
}

TEST_F(SessionTest, ChecksWhereOperandsCameFrom) {
  Node node = session.leaf(1);
  EXPECT_EQ(messageOf([&] { session.inner(Node(), node); }),
            "cell 'inner', operand 'left': the value is of no node");

  Session other(model);
  Node foreign = other.leaf(1);
  EXPECT_EQ(messageOf([&] { session.inner(foreign, node); }),
            "cell 'inner', operand 'left': the value belongs to another "
            "session");

  Score score = session.score(node);
  Node mistaken;
  mistaken.handle = score.handle;
  EXPECT_EQ(messageOf([&] { session.inner(node, mistaken); }),
            "cell 'inner', operand 'right': the value is of cell 'score', "
            "which yields state 'Score', expected 'Node'");

  Node never = node;
  never.handle.node = 2;
  EXPECT_EQ(messageOf([&] { session.score(never); }),
            "cell 'score', operand 'node': the value is of a node that was "
            "never added");

  session.beginInstance();
  EXPECT_EQ(messageOf([&] { session.score(node); }),
            "cell 'score', operand 'node': the value belongs to another "
            "instance");

  session.reset();
  session.leaf(1);
  EXPECT_EQ(messageOf([&] { session.score(node); }),
            "cell 'score', operand 'node': the value belongs to an earlier "
            "epoch (before reset)");
  // Nothing of all this was added.
  EXPECT_EQ(session.statistics().nodes, 1u);
}

TEST_F(SessionTest, ChecksElements) {
  Node a = session.leaf(1), b = session.leaf(2);
  EXPECT_EQ(messageOf([&] { session.join(a, {}, {}); }),
            "cell 'join', operand 'some': 0 elements given, expected at least "
            "1");
  EXPECT_EQ(messageOf([&] {
              session.join(a, {nullptr, 3}, {});
            }),
            "cell 'join', operand 'some': the elements are null");
  EXPECT_EQ(messageOf([&] {
              session.join(a, {&a, 1}, std::vector<Node>{a, b, Node()});
            }),
            "cell 'join', operand 'more', element 2: the value is of no node");
  Node mistaken;
  mistaken.handle = session.score(a).handle;
  EXPECT_EQ(messageOf([&] {
              session.join(a, std::vector<Node>{b, mistaken, Node()}, {});
            }),
            "cell 'join', operand 'some', element 1: the value is of cell "
            "'score', which yields state 'Score', expected 'Node'");
  session.beginInstance();
  Node c = session.leaf(3);
  EXPECT_EQ(messageOf([&] { session.join(c, std::vector<Node>{b}, {}); }),
            "cell 'join', operand 'some', element 0: the value belongs to "
            "another instance");
  // Nothing of all this was added, or is in the way of what is.
  EXPECT_EQ(session.statistics().nodes, 4u);
  Node good = session.join(c, std::vector<Node>{c}, {});
  session.run();
  EXPECT_EQ(toVector(session.hidden(good)),
            joinValues(leafValues(3), {leafValues(3)}, {}).h);
}

TEST_F(SessionTest, RefusesMoreElementsThanCanBeNumbered) {
  Node node = session.leaf(1);
  EXPECT_EQ(messageOf([&] {
              session.join(node, {&node, size_t(1) << 32}, {});
            }),
            "out of memory: more than 2^32 nodes or operands");
  EXPECT_EQ(session.statistics().nodes, 1u);
}

TEST_F(SessionTest, ChecksWhatIsRead) {
  Node node = session.leaf(1);
  Score score = session.score(node);
  EXPECT_EQ(messageOf([&] { session.logits(score); }),
            "output 'logits': the node is not yet executed; call run first");
  session.run();
  Node later = session.leaf(2);
  EXPECT_EQ(messageOf([&] { session.hidden(later); }),
            "output 'hidden': the node is not yet executed; call run first");
  EXPECT_EQ(messageOf([&] { session.logits(score); }), "no error");

  Score mistaken;
  mistaken.handle = node.handle;
  EXPECT_EQ(messageOf([&] { session.logits(mistaken); }),
            "output 'logits': the value is of cell 'leaf', which yields state "
            "'Node', expected 'Score'");
  EXPECT_EQ(messageOf([&] { session.logits(Score()); }),
            "output 'logits': the value is of no node");
  Session other(model);
  EXPECT_EQ(messageOf([&] { other.logits(score); }),
            "output 'logits': the value belongs to another session");
  session.reset();
  EXPECT_EQ(messageOf([&] { session.logits(score); }),
            "output 'logits': the value belongs to an earlier epoch (before "
            "reset)");
}

TEST_F(SessionTest, EpochsTellSessionsAtOneAddressApart) {
  edbc_session_options options = {};
  options.policy = EDBC_POLICY_LEMMA;
  edbc_session *raw = nullptr;
  ASSERT_EQ(edbc_session_create(model.handle(), &options, &raw, nullptr),
            EDBC_OK);
  edbc_value value;
  edbc_argument word;
  word.token = 1;
  ASSERT_EQ(edbc_session_add(raw, 1, &word, &value, nullptr), EDBC_OK);
  edbc_session_destroy(raw);
  ASSERT_EQ(edbc_session_create(model.handle(), &options, &raw, nullptr),
            EDBC_OK);
  value.session = raw; // As if it stood where the first one was.
  edbc_value fresh;
  ASSERT_EQ(edbc_session_add(raw, 1, &word, &fresh, nullptr), EDBC_OK);
  edbc_argument node;
  node.state = value;
  EXPECT_EQ(edbc_session_add(raw, 4, &node, &fresh, nullptr),
            EDBC_INVALID_ARGUMENT);
  edbc_session_destroy(raw);
}

TEST_F(SessionTest, ChecksArgumentsOfTheCInterface) {
  edbc_error error;
  edbc_session *raw = nullptr;
  edbc_session_options options = {};
  options.policy = static_cast<edbc_policy_kind>(3);
  ASSERT_EQ(edbc_session_create(model.handle(), &options, &raw, &error),
            EDBC_OK);
  edbc_value value;
  EXPECT_EQ(edbc_session_add(raw, 9, nullptr, &value, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message,
               "there is no cell 9; network 'test_network' has 9");
  EXPECT_EQ(edbc_session_add(raw, 1, nullptr, &value, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "cell 'leaf': the arguments are null");
  EXPECT_EQ(edbc_session_add(raw, 0, nullptr, nullptr, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_EQ(edbc_session_add(raw, 0, nullptr, &value, nullptr), EDBC_OK);
  const float *data;
  size_t width;
  EXPECT_EQ(edbc_session_read(raw, 3, value, &data, &width, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message,
               "there is no output 3; network 'test_network' has 3");
  EXPECT_EQ(edbc_session_begin_instance(raw, nullptr, &error), EDBC_OK);
  edbc_session_destroy(raw);

  EXPECT_EQ(edbc_model_create(nullptr, nullptr, nullptr, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_EQ(edbc_session_create(nullptr, nullptr, &raw, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_EQ(edbc_session_begin_instance(nullptr, nullptr, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_EQ(edbc_session_resume_instance(nullptr, 0, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_EQ(edbc_session_drop_instance(nullptr, 0, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_EQ(edbc_session_run(nullptr, &error), EDBC_INVALID_ARGUMENT);
  EXPECT_EQ(edbc_session_read(nullptr, 0, value, &data, &width, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_EQ(edbc_session_statistics(nullptr, 0, nullptr, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_EQ(edbc_session_save_graphs(nullptr, "x", &error),
            EDBC_INVALID_ARGUMENT);
  edbc_session_reset(nullptr);
  edbc_session_destroy(nullptr);
  edbc_model_destroy(nullptr);
}
