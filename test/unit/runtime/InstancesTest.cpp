//===- InstancesTest.cpp - tests of instances that grow and go --*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/runtime/CheckedGraph.h"
#include "test/unit/runtime/SessionTest.h"

using edbc::test::Random;
using namespace test_network;

using InstancesTest = SessionTest;

TEST_F(InstancesTest, NumbersInstances) {
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

TEST_F(InstancesTest, NodesBeforeTheFirstInstanceHaveOneOfTheirOwn) {
  session.leaf(1);
  EXPECT_EQ(session.beginInstance(), 1u);
  session.leaf(1);
  EXPECT_EQ(session.statistics().instances, 2u);
}

TEST_F(InstancesTest, GraphsGrowBetweenRuns) {
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

TEST_F(InstancesTest, InstancesGrowInTurns) {
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

TEST_F(InstancesTest, RunsManyTimesWithoutReset) {
  for (uint32_t run = 0; run < 3000; ++run) {
    uint32_t instance = session.beginInstance();
    session.leaf(1);
    session.run();
    session.dropInstance(instance);
  }
  EXPECT_EQ(session.statistics().instances, 3000u);
  EXPECT_EQ(session.statistics().batches, 3000u);
}

TEST_F(InstancesTest, DroppedInstancesGiveTheirRowsAway) {
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

TEST_F(InstancesTest, DroppedBeforeTheFirstIsNotBegun) {
  session.dropInstance(0);
  EXPECT_EQ(session.beginInstance(), 1u);
  Node leaf = session.leaf(3);
  session.run();
  EXPECT_EQ(toVector(session.hidden(leaf)), leafValues(3).h);
  session.dropInstance(1);
}

TEST_F(InstancesTest, DropsWhileOthersGoOn) {
  for (const edbc::SessionOptions &options : policiesAndSharing()) {
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

TEST_F(InstancesTest, RowsStayBoundedOverManyDrops) {
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

TEST_F(InstancesTest, ChecksInstances) {
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
