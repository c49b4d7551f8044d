//===- Session.h - one mini-batch and its results --------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_SRC_SESSION_H
#define EDBC_RUNTIME_SRC_SESSION_H

#include "runtime/core/Policy.h"
#include "runtime/src/AlignedArray.h"

#include <chrono>
#include <vector>

namespace edbc {

/// The nodes of one cell, called items: columns of numbers and floats, in order
/// of addition. Kernels read the columns as they are.
class CellItems {
public:
  explicit CellItems(const edbc_cell_desc &cell);

  uint32_t size() const { return count; }

  /// Makes room for one more item. Without effect where it throws.
  void reserveOne() {
    if (count == capacity)
      grow();
  }
  /// Appends an item whose columns the caller fills in. Needs room.
  uint32_t append() { return count++; }
  /// Forgets all items and keeps the memory.
  void clear() { count = 0; }

  /// By item: the row of the result in its state's array.
  uint32_t *resultRows() { return numbers.data(); }
  /// By item: the row of a state operand, or a token.
  uint32_t *operandNumbers(uint32_t operand) {
    return numbers.data() + (operand + size_t(1)) * capacity;
  }
  const uint32_t *operandNumbers(uint32_t operand) const {
    return const_cast<CellItems *>(this)->operandNumbers(operand);
  }
  /// By item: the values of a dense operand, in padded rows.
  float *operandValues(uint32_t operand) { return values[operand].data(); }
  const float *operandValues(uint32_t operand) const {
    return values[operand].data();
  }

  /// The buffers that the cell's phases are called with.
  std::vector<void *> buffers;

private:
  void grow();

  const edbc_cell_desc &cell;
  uint32_t count = 0;
  uint32_t capacity = 0;
  /// Column after column of `capacity` numbers: the result rows, and then one
  /// for each operand, left unused by dense ones.
  AlignedArray<uint32_t> numbers;
  /// By operand; empty but for dense ones.
  std::vector<AlignedArray<float>> values;
};

/// The rows of one state.
struct StateRows {
  uint32_t count = 0;    ///< rows given to nodes
  uint32_t executed = 0; ///< rows that hold results
  AlignedArray<float> values;
};

} // namespace edbc

/// A session's graph and everything that belongs to its nodes. The functions
/// are those of abi.h, without the barrier against exceptions.
struct edbc_session {
  edbc_session(const edbc_model &model, edbc_policy_kind policy);

  edbc_status beginInstance();
  edbc_status add(uint32_t cell, const edbc_argument *arguments,
                  edbc_value *out, edbc_error *error);
  edbc_status run();
  edbc_status read(uint32_t output, edbc_value value, const float **data,
                   size_t *width, edbc_error *error) const;
  void reset();
  void getStatistics(bool lowerBound, edbc_statistics &out) const;
  edbc_status saveGraphs(const char *path, edbc_error *error) const;

private:
  using Clock = std::chrono::steady_clock;

  /// Where the parts of a node lie.
  struct Place {
    uint32_t item; ///< among the nodes of its cell
    uint32_t row;  ///< of its result in the state's array
  };

  const edbc_library &library() const;
  uint32_t numNodes() const { return graph.numNodes(); }
  uint32_t resultState(uint32_t node) const {
    return resultStates[graph.type(node)];
  }
  bool isAllowed(const edbc_value &value, uint32_t state) const {
    return value.session == this && value.epoch == epoch &&
           value.node >= instanceBegin && value.node < numNodes() &&
           resultState(value.node) == state;
  }
  edbc_status explainOperand(const edbc_cell_desc &cell, uint32_t operand,
                             const edbc_argument &argument,
                             edbc_error *error) const;
  const char *explainValue(const edbc_value &value) const;
  const edbc::core::Schedule &makeSchedule(uint64_t &fallbacks);
  void prepareBuffers(const edbc::core::Schedule &schedule);
  void execute(const edbc::core::Schedule &schedule);

  const edbc_model &model;
  const edbc_policy_kind policyKind;
  uint32_t epoch;

  edbc::core::Graph graph;
  std::vector<Place> places;           ///< by node; grows ahead of them
  std::vector<uint32_t> resultStates;  ///< by cell
  std::vector<edbc::CellItems> cells;  ///< by cell
  std::vector<edbc::StateRows> states; ///< by state
  /// First nodes of the instances; the last one may still be without nodes.
  std::vector<uint32_t> instances;
  uint32_t instanceBegin = 0;    ///< the last of `instances`
  std::vector<uint32_t> runEnds; ///< number of nodes at the end of each run
  uint32_t executed = 0;         ///< the last of `runEnds`, or 0

  edbc::core::Frontier frontier;
  edbc::core::FsmPolicy fsm;
  edbc::core::AgendaPolicy agenda;
  edbc::core::LemmaPolicy lemma;
  edbc::core::DepthScheduler byDepth;
  edbc::AlignedArray<uint32_t> batchItems;
  edbc::AlignedArray<float> workspace;

  Clock::time_point buildBegin; ///< of the first addition since the last run
  uint64_t numBatches = 0;
  uint64_t numFallbacks = 0;
  Clock::duration buildTime{}, scheduleTime{}, executeTime{};
};

#endif // EDBC_RUNTIME_SRC_SESSION_H
