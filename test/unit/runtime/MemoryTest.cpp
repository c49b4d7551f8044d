//===- MemoryTest.cpp - tests of what sessions allocate --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/runtime/CountedMemory.h"
#include "test/unit/runtime/SessionTest.h"
#include "test/unit/runtime/TestKernels.h"

#include "runtime/core/Scheduler.h"

#include <new>

using namespace test_network;
using edbc::test::failingAllocation;
using edbc::test::numAllocations;

/// Builds and runs a graph in two steps, with every kind of cell.
static std::vector<float> runBatch(Session &session) {
  Score last;
  for (uint32_t instance = 0; instance < 50; ++instance) {
    session.beginInstance();
    Node node = session.start();
    for (uint32_t word = 0; word < 10 + instance; ++word) {
      const float x[] = {0.5f, 0.25f, float(word)};
      Node leaf = session.mark(session.leaf(word), {x, 3});
      const Node some[] = {leaf, node, leaf};
      node =
          session.inner(session.join(leaf, {some, 3}, {some, word % 3}), node);
      session.score(node);
      node = session.inner(node, session.word(instance + word));
      Table table = session.shift(session.table(word % 4), node);
      session.total({&table, 1});
    }
    if (instance % 10 == 9) {
      session.run();
      last = session.score(session.inner(node, node));
      session.run();
      session.dropInstance(instance - 1);
    }
  }
  session.resumeInstance(49);
  session.run();
  return toVector(session.logits(last));
}

TEST(MemoryTest, WarmSessionsAllocateNothing) {
  Model model;
  for (edbc::SessionOptions options : policiesAndSharing()) {
    options.threads = 2;
    Session session(model, options);
    std::vector<float> first = runBatch(session);
    session.reset();
    std::vector<float> second = runBatch(session);
    session.reset();
    uint64_t before = numAllocations;
    std::vector<float> third = runBatch(session);
    // One for the vector that runBatch returns.
    EXPECT_EQ(numAllocations - before, 1u);
    EXPECT_EQ(second, first);
    EXPECT_EQ(third, first);
  }
}

TEST(MemoryTest, ModelsSurviveLackOfMemory) {
  bool succeeded = false;
  for (uint64_t n = 1; !succeeded; ++n) {
    ASSERT_LT(n, 1000u);
    edbc_model *model = nullptr;
    edbc_session *session = nullptr;
    edbc_error error;
    failingAllocation = numAllocations + n;
    edbc_status status =
        edbc_model_create(&edbc_library_test_network, nullptr, &model, &error);
    if (status == EDBC_OK)
      status = edbc_session_create(model, nullptr, &session, &error);
    succeeded = numAllocations < failingAllocation;
    failingAllocation = 0;
    if (succeeded) {
      EXPECT_EQ(status, EDBC_OK);
    } else {
      EXPECT_EQ(status, EDBC_OUT_OF_MEMORY);
      EXPECT_STREQ(error.message, "out of memory");
      EXPECT_FALSE(session);
    }
    edbc_session_destroy(session);
    edbc_model_destroy(model);
  }
}

TEST(MemoryTest, FailedCallsChangeNothing) {
  Model model;
  // Each call once fails for lack of memory and then succeeds.
  for (const edbc::SessionOptions &which : policiesAndSharing()) {
    edbc_session_options options = {};
    options.policy = static_cast<edbc_policy_kind>(which.policy);
    options.share = which.share;
    edbc_session *session = nullptr;
    ASSERT_EQ(edbc_session_create(model.handle(), &options, &session, nullptr),
              EDBC_OK);
    uint32_t numFailures = 0;
    auto insist = [&](auto call) {
      for (uint64_t n = 1;; ++n) {
        edbc_statistics before, after;
        edbc_session_statistics(session, 0, &before, nullptr);
        failingAllocation = numAllocations + n;
        edbc_status status = call();
        bool failed = numAllocations >= failingAllocation;
        failingAllocation = 0;
        if (!failed) {
          ASSERT_EQ(status, EDBC_OK);
          return;
        }
        ++numFailures;
        ASSERT_EQ(status, EDBC_OUT_OF_MEMORY);
        edbc_session_statistics(session, 0, &after, nullptr);
        ASSERT_EQ(after.nodes, before.nodes);
        ASSERT_EQ(after.shared_nodes, before.shared_nodes);
        ASSERT_EQ(after.batches, before.batches);
        ASSERT_EQ(after.instances, before.instances);
      }
    };

    Values expected;
    edbc_value node, leaf;
    for (uint32_t i = 0; i < 700; ++i) {
      if (i % 100 == 0) {
        uint32_t number = UINT32_MAX;
        insist([&] {
          return edbc_session_begin_instance(session, &number, nullptr);
        });
        ASSERT_EQ(number, i / 100);
        if (i != 0)
          insist([&] {
            return edbc_session_drop_instance(session, number - 1, nullptr);
          });
        insist([&] {
          return edbc_session_resume_instance(session, number, nullptr);
        });
        insist([&] {
          return edbc_session_add(session, 0, nullptr, &node, nullptr);
        });
        expected = startValues();
      }
      const float x[] = {1, 2, 3};
      edbc_argument arguments[3];
      arguments[0].token = i % Model::words;
      insist([&] {
        return edbc_session_add(session, 1, arguments, &leaf, nullptr);
      });
      arguments[0].state = leaf;
      arguments[1].values = x;
      insist([&] {
        return edbc_session_add(session, 2, arguments, &leaf, nullptr);
      });
      arguments[0].state = leaf;
      arguments[1].state = node;
      insist([&] {
        return edbc_session_add(session, 3, arguments, &node, nullptr);
      });
      Values marked = markValues(leafValues(i % Model::words), {1, 2, 3});
      expected = innerValues(marked, expected);
      const edbc_value some[] = {leaf, node, node};
      arguments[0].state = leaf;
      arguments[1].states = {some, 3};
      arguments[2].states = {some, i % 3};
      insist([&] {
        return edbc_session_add(session, 5, arguments, &node, nullptr);
      });
      std::vector<Values> elements = {marked, expected, expected};
      expected = joinValues(marked, elements,
                            {elements.begin(), elements.begin() + i % 3});
      if (i % 50 == 49)
        insist([&] { return edbc_session_run(session, nullptr); });
    }
    EXPECT_GT(numFailures, 30u);
    const float *data;
    size_t width;
    ASSERT_EQ(edbc_session_read(session, 1, node, &data, &width, nullptr),
              EDBC_OK);
    EXPECT_EQ(std::vector<float>(data, data + width), expected.h);
    edbc_session_destroy(session);
  }
}

/// Wherever a frontier ran out of memory, its next schedule is right: also in
/// the middle of the levels of a type, which leave marks while they are found.
TEST(MemoryTest, FrontiersSurviveLackOfMemory) {
  using namespace edbc::core;
  // A chain of type 0, and types 1 and 2 by turns behind it.
  Graph graph{TypeOrder(TypeOperands{{0}, {0, 2}, {1}})};
  uint32_t node = graph.add(0, nullptr, 0);
  for (uint32_t i = 0; i < 99; ++i)
    node = graph.add(0, &node, 1);
  for (uint32_t i = 0; i < 20; ++i)
    node = graph.add(1 + i % 2, &node, 1);

  auto makeSchedule = [&](Frontier &frontier) {
    frontier.reset(graph);
    while (!frontier.done())
      frontier.step(frontier.ready(1) != 0 ? 1 : 2);
    return frontier.schedule().nodes;
  };
  Frontier untroubled;
  const std::vector<uint32_t> expected = makeSchedule(untroubled);
  ASSERT_EQ(untroubled.schedule().batches.size(), 120u);
  uint32_t numFailures = 0;
  for (uint64_t nth = 1; numFailures + 1 == nth; ++nth) {
    Frontier frontier;
    failingAllocation = numAllocations + nth;
    try {
      makeSchedule(frontier);
    } catch (const std::bad_alloc &) {
      ++numFailures;
    }
    failingAllocation = 0;
    EXPECT_EQ(makeSchedule(frontier), expected);
    EXPECT_EQ(frontier.schedule().batches.size(), 120u);
  }
  EXPECT_GT(numFailures, 10u);
}
