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

  void addInstance(uint32_t count) {
    session.beginInstance();
    instanceBegin = nodes.size();
    grow(count);
  }

  /// Adds nodes to the last instance.
  void grow(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      bool isFirst = nodes.size() == instanceBegin;
      switch (isFirst ? random.below(2) : random.below(6)) {
      case 0:
        add(session.start(), startValues());
        break;
      case 1: {
        uint32_t word = random.below(Model::words);
        add(session.leaf(word), leafValues(word));
        break;
      }
      case 2: {
        size_t at = pick();
        std::vector<float> x(Model::marks);
        for (float &value : x)
          value = static_cast<float>(random.below(9)) / 4 - 1;
        add(session.mark(nodes[at], x), markValues(expected[at], x));
        break;
      }
      case 3:
      case 4: {
        size_t left = pick(), right = pick();
        add(session.inner(nodes[left], nodes[right]),
            innerValues(expected[left], expected[right]));
        break;
      }
      case 5: {
        size_t at = pick();
        scores.push_back(session.score(nodes[at]));
        expectedScores.push_back(scoreValues(expected[at]));
        break;
      }
      }
    }
  }

  void expectValues() const {
    for (size_t i = 0; i < nodes.size(); ++i)
      ASSERT_EQ(toVector(session.hidden(nodes[i])), expected[i].h);
    for (size_t i = 0; i < scores.size(); ++i)
      ASSERT_EQ(toVector(session.logits(scores[i])), expectedScores[i]);
    ASSERT_FALSE(sawMisaligned);
  }

  size_t size() const { return nodes.size() + scores.size(); }

private:
  void add(Node node, Values values) {
    nodes.push_back(node);
    expected.push_back(std::move(values));
  }
  size_t pick() {
    uint32_t count = static_cast<uint32_t>(nodes.size() - instanceBegin);
    // Near the end, so that graphs become deep.
    return nodes.size() - 1 - random.below(std::min(count, 6u));
  }

  Session &session;
  Random random;
  size_t instanceBegin = 0;
  std::vector<Node> nodes;
  std::vector<Values> expected;
  std::vector<Score> scores;
  std::vector<std::vector<float>> expectedScores;
};

/// Sets EDBC_ISA for the time of a test.
class ForcedIsa {
public:
  explicit ForcedIsa(const char *isa) { setenv("EDBC_ISA", isa, 1); }
  ~ForcedIsa() { unsetenv("EDBC_ISA"); }
};

const edbc::Policy allPolicies[] = {edbc::Policy::Fsm, edbc::Policy::Agenda,
                                    edbc::Policy::Depth, edbc::Policy::Lemma};

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
  EXPECT_EQ(messageOf([&] { edbc::Model model(library); }),
            "the network was compiled for ABI version 2 (description of 96 "
            "bytes), but the runtime has version 1 (96 bytes)");
  EXPECT_EQ(statusOf([&] { edbc::Model model(library); }), EDBC_INCOMPATIBLE);
  library = edbc_library_test_network;
  library.struct_size = 88;
  EXPECT_EQ(statusOf([&] { edbc::Model model(library); }), EDBC_INCOMPATIBLE);
}

TEST(ModelTest, NeedsWeights) {
  std::vector<edbc_param_desc> params(edbc_library_test_network.params,
                                      edbc_library_test_network.params + 6);
  params[3].data = nullptr;
  edbc_library library = edbc_library_test_network;
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
    ForcedIsa forced("sse9");
    EXPECT_EQ(messageOf([] { Model(); }),
              "EDBC_ISA names an unknown instruction set 'sse9'; known are "
              "x86-64-v3, x86-64-v4");
  }
  ForcedIsa forced("");
  EXPECT_NE(std::string(Model().isa()).find("x86-64-v"), std::string::npos);
}

TEST(ModelTest, UsesWhatTheLibraryHas) {
  std::vector<edbc_cell_desc> cells(edbc_library_test_network.cells,
                                    edbc_library_test_network.cells + 5);
  edbc_phase_desc phase = cells[1].phases[0];
  cells[1].phases = &phase;
  edbc_library library = edbc_library_test_network;
  library.cells = cells.data();

  phase.functions[EDBC_ISA_X86_64_V4] = nullptr;
  EXPECT_STREQ(edbc::Model(library).isa(), "x86-64-v3");
  {
    ForcedIsa forced("x86-64-v4");
    std::string message = messageOf([&] { edbc::Model model(library); });
    EXPECT_EQ(message.find("EDBC_ISA asks for x86-64-v4, "), 0u) << message;
  }
  phase.functions[EDBC_ISA_X86_64_V3] = nullptr;
  EXPECT_EQ(messageOf([&] { edbc::Model model(library); }),
            "network 'test_network' was compiled for no instruction set that "
            "this machine has (of x86-64-v3, x86-64-v4)");
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
  for (edbc::Policy policy : allPolicies) {
    Session session(model, {policy});
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

TEST_F(SessionTest, GraphsGrowBetweenRuns) {
  for (edbc::Policy policy : allPolicies) {
    Session session(model, {policy});
    CheckedGraph graph(session, 7);
    graph.addInstance(5);
    session.run();
    for (uint32_t run = 0; run < 40; ++run) {
      // Columns and states must grow without losing earlier values.
      graph.grow(1 + run * 3);
      session.run();
      graph.expectValues();
    }
  }
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
  edbc_session_options options = {EDBC_POLICY_LEMMA};
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
  edbc_session_options options = {static_cast<edbc_policy_kind>(3)};
  ASSERT_EQ(edbc_session_create(model.handle(), &options, &raw, &error),
            EDBC_OK);
  edbc_value value;
  EXPECT_EQ(edbc_session_add(raw, 5, nullptr, &value, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message,
               "there is no cell 5; network 'test_network' has 5");
  EXPECT_EQ(edbc_session_add(raw, 1, nullptr, &value, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "cell 'leaf': the arguments are null");
  EXPECT_EQ(edbc_session_add(raw, 0, nullptr, nullptr, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_EQ(edbc_session_add(raw, 0, nullptr, &value, nullptr), EDBC_OK);
  const float *data;
  size_t width;
  EXPECT_EQ(edbc_session_read(raw, 2, value, &data, &width, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message,
               "there is no output 2; network 'test_network' has 2");
  edbc_session_destroy(raw);

  EXPECT_EQ(edbc_model_create(nullptr, nullptr, nullptr, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_EQ(edbc_session_create(nullptr, nullptr, &raw, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_EQ(edbc_session_begin_instance(nullptr, &error),
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
