//===- RunsTest.cpp - tests of phases that are executed ahead ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// A network whose cell has a phase between two recurrences:
//
//     start() -> Pair        a = 1             b = 1
//     step(last, x) -> Pair  a = last.a + x    (first phase)
//                            w = 2 a           (second phase, ahead)
//                            b = w - last.b    (third phase)
//
//===----------------------------------------------------------------------===//

#include "edbc/edbc.h"

#include <gtest/gtest.h>

#include <utility>

namespace {

constexpr uint32_t width = EDBC_LANES;
constexpr uint32_t stride = 2 * width; ///< of states: a, then b
uint32_t workspaceStride = stride;     ///< a, then w

/// What was called: the phase's number and its rows.
struct Call {
  int phase;
  int64_t begin, end;
};
bool operator==(const Call &left, const Call &right) {
  return left.phase == right.phase && left.begin == right.begin &&
         left.end == right.end;
}
std::vector<Call> calls;

enum Slot { Items, LastRows, Inputs, ResultRows, Pairs, Workspace };

/// Buffers of a call.
class Buffers {
public:
  explicit Buffers(void *const *buffers) : buffers(buffers) {}

  uint32_t item(int64_t row) const { return numbers(Items)[row]; }
  float *last(int64_t row) const {
    return floats(Pairs) + numbers(LastRows)[item(row)] * stride;
  }
  float *result(int64_t row) const {
    return floats(Pairs) + numbers(ResultRows)[item(row)] * stride;
  }
  const float *input(int64_t row) const {
    return floats(Inputs) + item(row) * width;
  }
  float *kept(int64_t row) const {
    return floats(Workspace) + row * workspaceStride;
  }

private:
  const uint32_t *numbers(Slot slot) const {
    return static_cast<const uint32_t *>(buffers[slot]);
  }
  float *floats(Slot slot) const { return static_cast<float *>(buffers[slot]); }

  void *const *buffers;
};

void runStart(void *const *buffers, int64_t begin, int64_t end, int64_t,
              int64_t) {
  auto *items = static_cast<const uint32_t *>(buffers[0]);
  auto *rows = static_cast<const uint32_t *>(buffers[1]);
  for (int64_t row = begin; row < end; ++row)
    std::fill_n(static_cast<float *>(buffers[2]) + rows[items[row]] * stride,
                stride, 1.0f);
}

template <int number>
void runStep(void *const *slots, int64_t begin, int64_t end, int64_t, int64_t) {
  calls.push_back({number, begin, end});
  Buffers buffers(slots);
  for (int64_t row = begin; row < end; ++row) {
    float *kept = buffers.kept(row);
    for (uint32_t k = 0; k < width; ++k) {
      if (number == 0)
        buffers.result(row)[k] = kept[k] =
            buffers.last(row)[k] + buffers.input(row)[k];
      else if (number == 1)
        kept[width + k] = 2 * kept[k];
      else
        buffers.result(row)[width + k] =
            kept[width + k] - buffers.last(row)[width + k];
    }
  }
}

const edbc_field_desc fields[] = {{"a", 0, width, 1, 0},
                                  {"b", width, width, 1, 0}};
const edbc_state_desc states[] = {{"Pair", fields, 2, stride, 0, 0}};
const edbc_output_desc outputs[] = {{"a", 0, 0}, {"b", 0, 1}};
const edbc_operand_desc operands[] = {
    {"last", EDBC_OPERAND_STATE, 0, 0, 0, EDBC_NO_TABLE, 0},
    {"x", EDBC_OPERAND_DENSE, 0, width, 0, EDBC_NO_TABLE, 0}};
const edbc_binding startBindings[] = {{EDBC_BINDING_ITEMS, 0},
                                      {EDBC_BINDING_RESULT_ROWS, 0},
                                      {EDBC_BINDING_STATE, 0}};
const edbc_binding stepBindings[] = {
    {EDBC_BINDING_ITEMS, 0},          {EDBC_BINDING_OPERAND_ROWS, 0},
    {EDBC_BINDING_OPERAND_VALUES, 1}, {EDBC_BINDING_RESULT_ROWS, 0},
    {EDBC_BINDING_STATE, 0},          {EDBC_BINDING_WORKSPACE, 0}};

edbc_phase_desc phase(edbc_phase_fn function, uint32_t ahead) {
  edbc_phase_desc desc = {};
  for (edbc_phase_fn &variant : desc.functions)
    variant = function;
  desc.num_panels = 1;
  desc.columns = 1;
  desc.operand = EDBC_NODES;
  desc.device_function = EDBC_NO_DEVICE_FUNCTION;
  desc.ahead = ahead;
  return desc;
}

class RunsTest : public testing::Test {
protected:
  /// Of which the second phase of a step may be executed ahead or not.
  explicit RunsTest(uint32_t ahead = 1, uint32_t kept = stride) {
    workspaceStride = kept;
    startPhase = phase(runStart, 1);
    stepPhases[0] = phase(runStep<0>, 0);
    stepPhases[1] = phase(runStep<1>, ahead);
    stepPhases[2] = phase(runStep<2>, 0);
    cells[0] = {"start", nullptr, 0, 0, startBindings, 3, 1, &startPhase, 0, 0};
    cells[1] = {"step", operands, 2,          0,    stepBindings,
                6,      3,        stepPhases, kept, 0};
    library.abi_version = EDBC_ABI_VERSION;
    library.struct_size = sizeof(library);
    library.name = "pairs";
    library.states = states;
    library.cells = cells;
    library.outputs = outputs;
    library.num_states = 1;
    library.num_cells = 2;
    library.num_outputs = 2;
    library.policy.kind = EDBC_POLICY_LEMMA;
    edbc_error error;
    EXPECT_EQ(edbc_model_create(&library, nullptr, &model, &error), EDBC_OK)
        << error.message;
    EXPECT_EQ(edbc_session_create(model, nullptr, &session, &error), EDBC_OK);
    calls.clear();
  }
  ~RunsTest() override {
    edbc_session_destroy(session);
    edbc_model_destroy(model);
  }

  /// Adds a chain of so many steps, the i-th with inputs of i + 1.
  void addChain(uint32_t length) {
    ASSERT_EQ(edbc_session_begin_instance(session, nullptr, nullptr), EDBC_OK);
    edbc_value value;
    ASSERT_EQ(edbc_session_add(session, 0, nullptr, &value, nullptr), EDBC_OK);
    float a = 1, b = 1;
    for (uint32_t i = 0; i < length; ++i) {
      std::vector<float> x(width, float(i + 1));
      edbc_argument arguments[2];
      arguments[0].state = value;
      arguments[1].values = x.data();
      ASSERT_EQ(edbc_session_add(session, 1, arguments, &value, nullptr),
                EDBC_OK);
      a += float(i + 1);
      b = 2 * a - b;
      values.push_back(value);
      expected.emplace_back(a, b);
    }
  }

  void expectValues() {
    for (size_t i = 0; i < values.size(); ++i)
      for (uint32_t output : {0, 1}) {
        const float *data;
        size_t size;
        ASSERT_EQ(edbc_session_read(session, output, values[i], &data, &size,
                                    nullptr),
                  EDBC_OK);
        float value = output == 0 ? expected[i].first : expected[i].second;
        for (size_t k = 0; k < size; ++k)
          ASSERT_EQ(data[k], value) << "output " << output << " of node " << i;
      }
  }

  void run() { ASSERT_EQ(edbc_session_run(session, nullptr), EDBC_OK); }

  edbc_phase_desc startPhase, stepPhases[3];
  edbc_cell_desc cells[2];
  edbc_library library = {};
  edbc_model *model = nullptr;
  edbc_session *session = nullptr;
  std::vector<edbc_value> values;
  std::vector<std::pair<float, float>> expected;
};

/// No phase is ahead.
class StepsTest : public RunsTest {
protected:
  StepsTest() : RunsTest(0) {}
};

/// What is kept for two nodes is too much for a run.
class LargeRunsTest : public RunsTest {
protected:
  LargeRunsTest() : RunsTest(1, 1u << 17) {}
};

TEST_F(RunsTest, PhasesAreAheadForAllBatchesThatFollowOneAnother) {
  addChain(3);
  addChain(2);
  run();
  expectValues();
  EXPECT_EQ(calls, (std::vector<Call>{{0, 0, 2},
                                      {0, 2, 4},
                                      {0, 4, 5},
                                      {1, 0, 5},
                                      {2, 0, 2},
                                      {2, 2, 4},
                                      {2, 4, 5}}));
  edbc_statistics statistics;
  ASSERT_EQ(edbc_session_statistics(session, 1, &statistics, nullptr), EDBC_OK);
  EXPECT_EQ(statistics.batches, 4u);
  EXPECT_EQ(statistics.lower_bound, 4u);
  EXPECT_EQ(statistics.launches, 8u);
}

TEST_F(RunsTest, RunsEndWithTheNodes) {
  addChain(1);
  run();
  addChain(2);
  run();
  expectValues();
  EXPECT_EQ(calls, (std::vector<Call>{{0, 0, 1},
                                      {1, 0, 1},
                                      {2, 0, 1},
                                      {0, 0, 1},
                                      {0, 1, 2},
                                      {1, 0, 2},
                                      {2, 0, 1},
                                      {2, 1, 2}}));
}

TEST_F(StepsTest, OtherBatchesAreExecutedOneByOne) {
  addChain(2);
  run();
  expectValues();
  EXPECT_EQ(
      calls,
      (std::vector<Call>{
          {0, 0, 1}, {1, 0, 1}, {2, 0, 1}, {0, 0, 1}, {1, 0, 1}, {2, 0, 1}}));
}

TEST_F(LargeRunsTest, RunsHaveALimit) {
  addChain(2);
  run();
  expectValues();
  EXPECT_EQ(
      calls,
      (std::vector<Call>{
          {0, 0, 1}, {1, 0, 1}, {2, 0, 1}, {0, 0, 1}, {1, 0, 1}, {2, 0, 1}}));
}

} // namespace
