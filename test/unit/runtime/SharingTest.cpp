//===- SharingTest.cpp - tests of sessions that share results ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/runtime/TestKernels.h"
#include "test/unit/runtime/TestNetwork.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace {

using namespace test_network;

edbc::SessionOptions sharing(edbc::Policy policy = edbc::Policy::Fsm) {
  edbc::SessionOptions options;
  options.policy = policy;
  options.share = true;
  return options;
}

class SharingTest : public testing::Test {
protected:
  /// Nodes that have results of their own.
  uint64_t numDistinct() const {
    edbc::Statistics statistics = session.statistics();
    return statistics.nodes - statistics.shared_nodes;
  }
  /// Two nodes share a result if it lies at the same place.
  bool areShared(Node a, Node b) const {
    return session.hidden(a).data() == session.hidden(b).data();
  }

  Model model;
  Session session{model, sharing()};
};

TEST_F(SharingTest, IsAnOption) {
  Session plain(model);
  plain.leaf(7);
  plain.leaf(7);
  EXPECT_EQ(plain.statistics().nodes, 2u);
  EXPECT_EQ(plain.statistics().shared_nodes, 0u);
}

TEST_F(SharingTest, EqualTokensShare) {
  Node a = session.leaf(7), b = session.leaf(8), c = session.leaf(7);
  session.run();
  EXPECT_TRUE(areShared(a, c));
  EXPECT_FALSE(areShared(a, b));
  EXPECT_EQ(session.statistics().nodes, 3u);
  EXPECT_EQ(session.statistics().shared_nodes, 1u);
  EXPECT_EQ(session.statistics().batches, 1u);
  EXPECT_EQ(toVector(session.hidden(c)), leafValues(7).h);
  EXPECT_EQ(toVector(session.hidden(b)), leafValues(8).h);
}

TEST_F(SharingTest, CellsThatTakeTheSameDoNot) {
  // Both take one token.
  Node leaf = session.leaf(1);
  Table table = session.table(1);
  EXPECT_EQ(numDistinct(), 2u);
  session.run();
  EXPECT_EQ(toVector(session.hidden(leaf)), leafValues(1).h);
  EXPECT_EQ(session.matrix(table).columns(), Model::columns);
}

TEST_F(SharingTest, EqualSubtreesOfAnyInstancesShare) {
  Node roots[2];
  for (Node &root : roots) {
    session.beginInstance();
    Node a = session.leaf(1), b = session.leaf(2);
    Node ab = session.inner(a, b), ba = session.inner(b, a);
    root = session.inner(ab, ba);
  }
  EXPECT_EQ(numDistinct(), 5u);
  session.run();
  EXPECT_TRUE(areShared(roots[0], roots[1]));
  Values a = leafValues(1), b = leafValues(2);
  EXPECT_EQ(toVector(session.hidden(roots[1])),
            innerValues(innerValues(a, b), innerValues(b, a)).h);
  EXPECT_EQ(session.statistics().instances, 2u);
}

TEST_F(SharingTest, InstancesStayApart) {
  Node first = session.leaf(1);
  session.beginInstance();
  session.leaf(1);
  EXPECT_THROW(session.score(first), edbc::Error);
}

TEST_F(SharingTest, DenseValuesShareBitByBit) {
  Node node = session.leaf(1);
  const float x[] = {0.0f, 1, 2}, y[] = {-0.0f, 1, 2};
  Node a = session.mark(node, {x, 3}), b = session.mark(node, {y, 3});
  Node c = session.mark(node, {x, 3});
  session.run();
  EXPECT_TRUE(areShared(a, c));
  EXPECT_FALSE(areShared(a, b));
}

TEST_F(SharingTest, ListsShareIfAllOfThemAreEqual) {
  Node a = session.leaf(1), b = session.leaf(2);
  const Node both[] = {a, b}, one[] = {a}, other[] = {b};
  Node first = session.join(a, {one, 1}, {other, 1});
  // The same nodes in all, but not in each list.
  Node second = session.join(a, {both, 2}, {});
  Node third = session.join(a, {one, 1}, {other, 1});
  session.run();
  EXPECT_TRUE(areShared(first, third));
  EXPECT_FALSE(areShared(first, second));
  Values va = leafValues(1), vb = leafValues(2);
  EXPECT_EQ(toVector(session.hidden(first)), joinValues(va, {va}, {vb}).h);
  EXPECT_EQ(toVector(session.hidden(second)), joinValues(va, {va, vb}, {}).h);
}

TEST_F(SharingTest, LaterNodesShareWhatWasExecuted) {
  for (edbc::Policy policy : {edbc::Policy::Fsm, edbc::Policy::Agenda,
                              edbc::Policy::Depth, edbc::Policy::Lemma}) {
    Session session(model, sharing(policy));
    Node first = session.inner(session.leaf(1), session.leaf(1));
    session.run();
    session.beginInstance();
    Node second = session.inner(session.leaf(1), session.leaf(1));
    // It is read after a run, as nodes are, though nothing is executed.
    EXPECT_THROW(session.hidden(second), edbc::Error);
    session.run();
    EXPECT_EQ(session.hidden(first).data(), session.hidden(second).data());
    edbc::Statistics statistics = session.statistics(true);
    EXPECT_EQ(statistics.batches, 2u);
    EXPECT_EQ(statistics.lower_bound, 2u);
    Node third = session.inner(second, session.leaf(2));
    session.run();
    Values one = leafValues(1);
    EXPECT_EQ(toVector(session.hidden(third)),
              innerValues(innerValues(one, one), leafValues(2)).h);
    EXPECT_EQ(session.statistics(true).lower_bound, 4u);
  }
}

TEST_F(SharingTest, RowsLastAsLongAsANodeNeedsThem) {
  uint32_t first = session.beginInstance();
  session.leaf(1);
  session.leaf(2);
  uint32_t second = session.beginInstance();
  Node kept = session.leaf(1);
  session.run();
  session.dropInstance(first);
  session.beginInstance();
  // One gets the row of the dropped one; none the row of the other.
  Node again = session.leaf(2), fresh = session.leaf(3), same = session.leaf(1);
  session.run();
  EXPECT_EQ(toVector(session.hidden(kept)), leafValues(1).h);
  EXPECT_EQ(toVector(session.hidden(again)), leafValues(2).h);
  EXPECT_EQ(toVector(session.hidden(fresh)), leafValues(3).h);
  EXPECT_TRUE(areShared(kept, same));
  session.dropInstance(second);
  Node third = session.leaf(4);
  session.run();
  EXPECT_EQ(toVector(session.hidden(same)), leafValues(1).h);
  EXPECT_EQ(toVector(session.hidden(third)), leafValues(4).h);
}

TEST_F(SharingTest, NothingIsSharedAcrossAReset) {
  session.leaf(1);
  session.run();
  session.reset();
  EXPECT_EQ(session.statistics().shared_nodes, 0u);
  Node node = session.leaf(1);
  EXPECT_EQ(numDistinct(), 1u);
  session.run();
  EXPECT_EQ(toVector(session.hidden(node)), leafValues(1).h);
}

TEST_F(SharingTest, ManyNodesAreTold) {
  std::vector<Node> nodes = {session.leaf(0)};
  std::vector<Values> expected = {leafValues(0)};
  for (uint32_t i = 0; i < 1500; ++i) {
    uint32_t word = i % Model::words;
    nodes.push_back(session.inner(nodes[i], session.leaf(word)));
    expected.push_back(innerValues(expected[i], leafValues(word)));
  }
  EXPECT_EQ(numDistinct(), Model::words + 1500);
  session.run();
  for (size_t i = 0; i < nodes.size(); ++i)
    ASSERT_EQ(toVector(session.hidden(nodes[i])), expected[i].h);
}

TEST_F(SharingTest, SavedGraphsHoldAllNodes) {
  auto saved = [](Session &session) {
    const float x[] = {1, 2, 3};
    for (uint32_t instance = 0; instance < 2; ++instance) {
      session.beginInstance();
      Node a = session.leaf(1), b = session.leaf(1);
      Node marked = session.mark(b, {x, 3});
      const Node list[] = {a, b, marked};
      session.join(a, {list, 3}, {list, 2});
      session.run();
      session.score(session.inner(b, session.mark(a, {x, 3})));
    }
    std::string path = testing::TempDir() + "sharing-test.graphs";
    session.saveGraphs(path);
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    remove(path.c_str());
    return text.str();
  };
  Session plain(model);
  std::string expected = saved(plain);
  EXPECT_EQ(saved(session), expected);
  EXPECT_NE(expected.find("run\n"), std::string::npos);
  EXPECT_GT(session.statistics().shared_nodes, 7u);
}

} // namespace
