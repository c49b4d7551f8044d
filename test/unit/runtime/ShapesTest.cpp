//===- ShapesTest.cpp - tests of adding nodes to a session ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// A network with a cell for every mix of at most five nodes and tokens:
// sessions have functions of their own for the smaller ones. Cells of even
// numbers yield an Even, others an Odd, and an operand that is a node is an
// Even where its position is even. A cell's value, of one element, is
//
//     (number + sum of (i + 2) * operand i) mod 1009
//
//===----------------------------------------------------------------------===//

#include "runtime/core/Random.h"

#include "edbc/edbc.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr uint32_t mostOperands = 5;
constexpr uint32_t numCells = (2u << mostOperands) - 1;
constexpr uint32_t modulus = 1009;
constexpr uint32_t bound = 50; ///< of tokens

/// Cell number 2^n - 1 + m has n operands, of which those with a bit in m are
/// nodes.
constexpr uint32_t numOperandsOf(uint32_t cell) {
  uint32_t count = 0;
  while ((2u << count) - 1 <= cell)
    ++count;
  return count;
}
constexpr bool isNode(uint32_t cell, uint32_t operand) {
  return ((cell + 1) >> operand & 1) != 0;
}

/// Buffers: the states, the items, the result rows, and what an operand has.
enum Slot { Even, Odd, Items, ResultRows, Operands };

template <uint32_t cell>
void compute(void *const *buffers, int64_t begin, int64_t end, int64_t,
             int64_t) {
  auto numbers = [&](uint32_t slot) {
    return static_cast<const uint32_t *>(buffers[slot]);
  };
  auto state = [&](uint32_t slot, uint32_t row) -> float & {
    return static_cast<float *>(buffers[slot])[row * EDBC_LANES];
  };
  for (int64_t row = begin; row < end; ++row) {
    uint32_t item = numbers(Items)[row];
    uint32_t sum = cell;
    for (uint32_t i = 0; i < numOperandsOf(cell); ++i) {
      uint32_t number = numbers(Operands + i)[item];
      if (isNode(cell, i))
        number = static_cast<uint32_t>(state(i % 2, number));
      sum += (i + 2) * number;
    }
    state(cell % 2, numbers(ResultRows)[item]) = float(sum % modulus);
  }
}

template <size_t... all>
std::vector<edbc_phase_fn> makeFunctions(std::index_sequence<all...>) {
  return {compute<all>...};
}

class ShapesTest : public testing::Test {
protected:
  ShapesTest() {
    auto functions = makeFunctions(std::make_index_sequence<numCells>());
    for (uint32_t c = 0; c < numCells; ++c) {
      const uint32_t count = numOperandsOf(c);
      bindings[c] = {{EDBC_BINDING_STATE, 0},
                     {EDBC_BINDING_STATE, 1},
                     {EDBC_BINDING_ITEMS, 0},
                     {EDBC_BINDING_RESULT_ROWS, 0}};
      for (uint32_t i = 0; i < count; ++i) {
        if (isNode(c, i))
          operands[c].push_back(
              {"x", EDBC_OPERAND_STATE, i % 2, 0, 0, EDBC_NO_TABLE, 0});
        else
          operands[c].push_back(
              {"x", EDBC_OPERAND_TOKEN, 0, bound, 0, EDBC_NO_TABLE, 0});
        bindings[c].push_back({isNode(c, i) ? EDBC_BINDING_OPERAND_ROWS
                                            : EDBC_BINDING_OPERAND_TOKENS,
                               i});
      }
      for (edbc_phase_fn &variant : phases[c].functions)
        variant = functions[c];
      phases[c].num_panels = 1;
      phases[c].columns = 1;
      phases[c].operand = EDBC_NODES;
      phases[c].device_function = EDBC_NO_DEVICE_FUNCTION;
      cells[c].name = "cell";
      cells[c].operands = operands[c].data();
      cells[c].num_operands = count;
      cells[c].result = c % 2;
      cells[c].bindings = bindings[c].data();
      cells[c].num_bindings = static_cast<uint32_t>(bindings[c].size());
      cells[c].num_phases = 1;
      cells[c].phases = &phases[c];
    }
    library.abi_version = EDBC_ABI_VERSION;
    library.struct_size = sizeof(library);
    library.name = "shapes";
    library.states = states;
    library.cells = cells;
    library.outputs = outputs;
    library.num_states = library.num_outputs = 2;
    library.num_cells = numCells;
    library.policy.kind = EDBC_POLICY_LEMMA;
    edbc_error error;
    EXPECT_EQ(edbc_model_create(&library, nullptr, &model, &error), EDBC_OK)
        << error.message;
    EXPECT_EQ(edbc_session_create(model, nullptr, &session, &error), EDBC_OK);
  }
  ~ShapesTest() override {
    edbc_session_destroy(session);
    edbc_model_destroy(model);
  }

  /// A node, and the value that it should have.
  struct Node {
    edbc_value value;
    uint32_t expected;
  };

  /// Of the current instance, by state.
  std::array<std::vector<Node>, 2> nodes;

  /// Adds a node with random operands. `wrong`: makes one of them wrong, of
  /// which there must be some; the call has to fail and to change nothing.
  void addRandom(uint32_t cell, bool wrong) {
    edbc_argument arguments[mostOperands];
    const uint32_t count = numOperandsOf(cell);
    uint32_t sum = cell;
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t number = random.below(bound);
      if (isNode(cell, i)) {
        const Node &node = nodes[i % 2][random.below(nodes[i % 2].size())];
        arguments[i].state = node.value;
        number = node.expected;
      } else {
        arguments[i].token = number;
      }
      sum += (i + 2) * number;
    }
    std::string message;
    if (wrong) {
      uint32_t i = random.below(count);
      message = "cell 'cell', operand 'x': " +
                spoil(arguments[i], cell, i, random.below(6));
    }
    Node node = {{nullptr, 1, 2}, sum % modulus};
    edbc_error error;
    edbc_status status =
        edbc_session_add(session, cell, arguments, &node.value, &error);
    if (wrong) {
      ASSERT_EQ(status, EDBC_INVALID_ARGUMENT);
      ASSERT_EQ(error.message, message);
      ASSERT_EQ(node.value.session, nullptr);
    } else {
      ASSERT_EQ(status, EDBC_OK) << error.message;
      nodes[cell % 2].push_back(node);
      ++numNodes;
    }
  }

  /// Makes an argument wrong in one of several ways. Returns what is wrong.
  std::string spoil(edbc_argument &argument, uint32_t cell, uint32_t i,
                    uint32_t way) {
    if (!isNode(cell, i)) {
      argument.token = way == 0 ? UINT32_MAX : bound;
      return "token " + std::to_string(argument.token) +
             " is out of range [0, 50)";
    }
    switch (way) {
    case 0:
      argument.state = {};
      return "the value is of no node";
    case 1:
      argument.state.session = model;
      return "the value belongs to another session";
    case 2:
      --argument.state.epoch;
      return "the value belongs to an earlier epoch (before reset)";
    case 3:
      argument.state.node = numNodes;
      return "the value is of a node that was never added";
    case 4:
      argument.state = foreign;
      return "the value belongs to another instance";
    default:
      argument.state = nodes[(i + 1) % 2].back().value;
      return std::string("the value is of cell 'cell', which yields state '") +
             states[(i + 1) % 2].name + "', expected '" + states[i % 2].name +
             "'";
    }
  }

  void beginInstance() {
    uint32_t number;
    ASSERT_EQ(edbc_session_begin_instance(session, &number, nullptr), EDBC_OK);
    if (!nodes[0].empty())
      foreign = nodes[0].front().value;
    for (std::vector<Node> &ofState : nodes)
      ofState.clear();
    // Without nodes among the operands: an Even and two Odds.
    for (uint32_t cell : {0, 1, 3})
      addRandom(cell, /*wrong=*/false);
  }

  void runAndExpectValues() {
    ASSERT_EQ(edbc_session_run(session, nullptr), EDBC_OK);
    for (uint32_t state : {0, 1})
      for (const Node &node : nodes[state]) {
        const float *data;
        size_t size;
        ASSERT_EQ(edbc_session_read(session, state, node.value, &data, &size,
                                    nullptr),
                  EDBC_OK);
        ASSERT_EQ(data[0], float(node.expected));
      }
    edbc_statistics statistics;
    ASSERT_EQ(edbc_session_statistics(session, 0, &statistics, nullptr),
              EDBC_OK);
    ASSERT_EQ(statistics.nodes, numNodes);
  }

  const edbc_field_desc field = {"v", 0, 1, 1, 0};
  const edbc_state_desc states[2] = {{"Even", &field, 1, EDBC_LANES, 0, 0},
                                     {"Odd", &field, 1, EDBC_LANES, 0, 0}};
  const edbc_output_desc outputs[2] = {{"even", 0, 0}, {"odd", 1, 0}};
  std::vector<edbc_operand_desc> operands[numCells];
  std::vector<edbc_binding> bindings[numCells];
  edbc_phase_desc phases[numCells] = {};
  edbc_cell_desc cells[numCells] = {};
  edbc_library library = {};
  edbc_model *model = nullptr;
  edbc_session *session = nullptr;
  edbc::Random random{1};
  edbc_value foreign = {}; ///< of an instance before
  uint32_t numNodes = 0;
};

TEST_F(ShapesTest, EveryMixOfNodesAndTokensIsAdded) {
  for (uint32_t epoch = 0; epoch < 3; ++epoch) {
    numNodes = 0;
    for (uint32_t instance = 0; instance < 8; ++instance) {
      beginInstance();
      for (uint32_t run = 0; run < 2; ++run) {
        for (uint32_t i = 0; i < 300; ++i)
          addRandom(random.below(numCells), /*wrong=*/false);
        runAndExpectValues();
      }
    }
    edbc_session_reset(session);
  }
}

/// Also as the first node after a run, of an instance, and on rows and items
/// for which there is no room yet.
TEST_F(ShapesTest, WhatIsWrongChangesNothing) {
  beginInstance();
  for (uint32_t instance = 0; instance < 8; ++instance) {
    beginInstance();
    for (uint32_t run = 0; run < 4; ++run) {
      for (uint32_t i = 0; i < 200; ++i) {
        addRandom(1 + random.below(numCells - 1), /*wrong=*/true);
        addRandom(random.below(numCells), /*wrong=*/false);
      }
      runAndExpectValues();
    }
  }
}

TEST_F(ShapesTest, ArgumentsCanBeNullWhereThereAreNoOperands) {
  edbc_value value;
  edbc_error error;
  for (uint32_t round = 0; round < 3; ++round) {
    EXPECT_EQ(edbc_session_add(session, 0, nullptr, &value, &error), EDBC_OK);
    for (uint32_t cell = 1; cell < numCells; ++cell) {
      EXPECT_EQ(edbc_session_add(session, cell, nullptr, &value, &error),
                EDBC_INVALID_ARGUMENT);
      EXPECT_STREQ(error.message, "cell 'cell': the arguments are null");
    }
    EXPECT_EQ(edbc_session_add(session, numCells, nullptr, &value, &error),
              EDBC_INVALID_ARGUMENT);
    EXPECT_STREQ(error.message, "there is no cell 63; network 'shapes' has 63");
  }
  EXPECT_EQ(value.node, 2u);
}

/// Nothing can be added to it, from the first call on.
TEST_F(ShapesTest, DroppedInstancesTakeNoNodes) {
  uint32_t instance;
  edbc_value value;
  edbc_argument word;
  word.token = 1;
  edbc_error error;
  ASSERT_EQ(edbc_session_begin_instance(session, &instance, nullptr), EDBC_OK);
  for (uint32_t round = 0; round < 3; ++round)
    ASSERT_EQ(edbc_session_add(session, 1, &word, &value, &error), EDBC_OK);
  ASSERT_EQ(edbc_session_run(session, nullptr), EDBC_OK);
  ASSERT_EQ(edbc_session_begin_instance(session, nullptr, nullptr), EDBC_OK);
  ASSERT_EQ(edbc_session_add(session, 1, &word, &value, &error), EDBC_OK);
  ASSERT_EQ(edbc_session_resume_instance(session, instance, nullptr), EDBC_OK);
  ASSERT_EQ(edbc_session_drop_instance(session, instance, nullptr), EDBC_OK);
  EXPECT_EQ(edbc_session_add(session, 1, &word, &value, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_STREQ(
      error.message,
      "cell 'cell': the instance that nodes were added to was dropped; "
      "begin or resume another one first");
}

} // namespace
