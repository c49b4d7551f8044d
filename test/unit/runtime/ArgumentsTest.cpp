//===- ArgumentsTest.cpp - tests of what sessions refuse --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/runtime/SessionTest.h"
#include "test/unit/runtime/TestKernels.h"

using namespace test_network;

using ArgumentsTest = SessionTest;

TEST_F(ArgumentsTest, ChecksTokens) {
  EXPECT_EQ(messageOf([&] { session.leaf(300); }),
            "cell 'leaf', operand 'word': token 300 is out of range [0, 300)");
  EXPECT_EQ(statusOf([&] { session.leaf(300); }), EDBC_INVALID_ARGUMENT);
  EXPECT_EQ(messageOf([&] { session.leaf(255); }), "no error");
}

TEST_F(ArgumentsTest, ChecksDenseValues) {
  Node node = session.leaf(1);
  const std::vector<float> x(4);
  EXPECT_EQ(messageOf([&] { session.mark(node, x); }),
            "cell 'mark', operand 'x': 4 values given, expected 3");
  EXPECT_EQ(messageOf([&] {
              session.mark(node, {nullptr, 3});
            }),
            "cell 'mark', operand 'x': the values are null");
}

TEST_F(ArgumentsTest, ChecksWhereOperandsCameFrom) {
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

TEST_F(ArgumentsTest, ChecksElements) {
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

TEST_F(ArgumentsTest, RefusesMoreElementsThanCanBeNumbered) {
  Node node = session.leaf(1);
  EXPECT_EQ(messageOf([&] {
              session.join(node, {&node, size_t(1) << 32}, {});
            }),
            "out of memory: more nodes or operands than a session can "
            "number");
  EXPECT_EQ(session.statistics().nodes, 1u);
}

TEST_F(ArgumentsTest, ChecksWhatIsRead) {
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

TEST_F(ArgumentsTest, EpochsTellSessionsAtOneAddressApart) {
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

TEST_F(ArgumentsTest, ChecksArgumentsOfTheCInterface) {
  edbc_error error;
  edbc_session *raw = nullptr;
  edbc_session_options options = {};
  options.policy = static_cast<edbc_policy_kind>(3);
  ASSERT_EQ(edbc_session_create(model.handle(), &options, &raw, &error),
            EDBC_OK);
  edbc_value value;
  EXPECT_EQ(edbc_session_add(raw, 11, nullptr, &value, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message,
               "there is no cell 11; network 'test_network' has 11");
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
