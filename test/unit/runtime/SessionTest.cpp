//===- SessionTest.cpp - tests of what sessions compute ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/runtime/SessionTest.h"

#include "test/unit/runtime/CheckedGraph.h"

#include <chrono>
#include <thread>

using namespace test_network;

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
  for (const edbc::SessionOptions &options : policiesAndSharing()) {
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

TEST_F(SessionTest, Moves) {
  Session other = std::move(session);
  Node node = other.leaf(3);
  other.run();
  EXPECT_EQ(toVector(other.hidden(node)), leafValues(3).h);
  EXPECT_EQ(messageOf([&] { session.run(); }), "a null argument");
  session.reset();
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// Statistics
//===----------------------------------------------------------------------===//

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
  Node c = session.inner(a, b);
  session.leaf(3);
  session.run();
  EXPECT_EQ(session.statistics().fallbacks, 0u);
  session.inner(session.inner(c, b), session.join(a, {b}, {}));
  session.run();
  edbc::Statistics statistics = session.statistics(true);
  EXPECT_EQ(statistics.instances, 1u);
  EXPECT_EQ(statistics.nodes, 7u);
  EXPECT_EQ(statistics.batches, 6u);
  EXPECT_EQ(statistics.lower_bound, 6u);
  // Leaves need no choice. The machine knows the frontier {inner}, but neither
  // {inner, join} nor {join}.
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
