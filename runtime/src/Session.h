//===- Session.h - one mini-batch and its results --------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_SRC_SESSION_H
#define EDBC_RUNTIME_SRC_SESSION_H

#include "runtime/core/Policy.h"
#include "runtime/src/Executor.h"
#include "runtime/src/SharedNodes.h"

#include <chrono>
#include <memory>
#include <vector>

namespace edbc {

/// No node, no instance.
constexpr uint32_t none = UINT32_MAX;

} // namespace edbc

/// A session's graph and everything that belongs to its nodes. The functions
/// are those of abi.h, without the barrier against exceptions (which is in
/// SessionInterface.cpp); Addition.cpp has `add`, Execution.cpp `run`. Its
/// executor keeps the results.
struct edbc_session {
  edbc_session(const edbc_model &model, const edbc_session_options &options);

  edbc_status beginInstance(uint32_t *instance);
  edbc_status resumeInstance(uint32_t instance, edbc_error *error);
  edbc_status dropInstance(uint32_t instance, edbc_error *error);
  edbc_status add(uint32_t cell, const edbc_argument *arguments,
                  edbc_value *out, edbc_error *error);
  edbc_status run();
  edbc_status read(uint32_t output, const edbc_value &value, bool onDevice,
                   const float **data, size_t *width, edbc_error *error) const;
  void *stream() const { return executor->stream(); }
  void reset();

  bool hasCell(uint32_t cell) const { return cell < numCells; }
  edbc::CellItems &itemsOf(uint32_t cell) { return cells[cell]; }

  void getStatistics(bool lowerBound, edbc_statistics &out) const;
  edbc_status saveGraphs(const char *path, edbc_error *error) const;

private:
  using Clock = std::chrono::steady_clock;

  /// Nodes [begin, end), all of one instance.
  struct Stretch {
    uint32_t begin;
    uint32_t end;
    uint32_t previous; ///< stretch of the same instance, or none
  };
  struct Instance {
    uint32_t lastStretch = edbc::none;
    bool isDropped = false;
  };

  const edbc_library &library() const;
  uint32_t numNodes() const { return graph.numNodes(); }
  bool isAllowed(const edbc_value &value, uint32_t state) const {
    return value.session == this && value.epoch == epoch &&
           value.node < numNodes() &&
           places[value.node].owner ==
               edbc::Place::ownerOf(currentInstance, state);
  }
  void endStretch();
  edbc_status prepare(uint32_t cell, const edbc_argument *arguments,
                      edbc_error *error);
  edbc_status addNode(uint32_t cell, const edbc_argument *arguments,
                      edbc_value *out, edbc_error *error);
  template <typename Shape>
  bool addAtOnce(edbc::CellItems &items, uint32_t cell,
                 const edbc_argument *arguments, edbc_value *out);
  static edbc_status addWithCare(edbc_session *session, uint32_t cell,
                                 const edbc_argument *arguments,
                                 edbc_value *out, edbc_error *error,
                                 edbc::CellItems &items);
  template <typename Shape>
  static edbc_status addOfShape(edbc_session *session, uint32_t cell,
                                const edbc_argument *arguments, edbc_value *out,
                                edbc_error *error, edbc::CellItems &items);
  template <uint32_t count, size_t... all>
  static edbc::CellItems::AddFunction
  functionOfShape(uint32_t nodes, std::index_sequence<all...>);
  static edbc::CellItems::AddFunction functionOfShape(uint32_t numOperands,
                                                      uint32_t nodes);
  void prepareCell(edbc::CellItems &items);
  bool takeElements(const edbc_operand_desc &operand, const edbc_values &given,
                    uint32_t *operands) const;
  void appendElements(edbc::CellItems &items, const edbc_argument *arguments);
  uint32_t takeRow(edbc::StateRows &rows, uint32_t firstRow,
                   uint32_t numOperands, const edbc_argument *arguments);
  edbc_status checkInstance(uint32_t instance, edbc_error *error) const;
  edbc_status explainOperand(const edbc_cell_desc &cell, uint32_t operand,
                             const edbc_argument &argument,
                             edbc_error *error) const;
  const char *explainValue(const edbc_value &value) const;
  const edbc::core::Schedule &scheduleGraph(const edbc::core::Graph &scheduled,
                                            uint32_t first,
                                            uint64_t &fallbacks);
  const edbc::core::Schedule &makeSchedule(uint64_t &fallbacks);

  const edbc_model &model;
  const edbc_policy_kind policyKind;
  const uint32_t numCells;
  uint32_t epoch;

  edbc::core::Graph graph;
  std::vector<edbc::Place> places;     ///< by node; grows ahead of them
  std::vector<edbc::CellItems> cells;  ///< by cell
  std::vector<edbc::StateRows> states; ///< by state
  std::vector<Instance> instances;     ///< at least one, with or without nodes
  uint32_t currentInstance = 0;        ///< that nodes are added to, or none
  uint32_t stretchBegin = 0;           ///< the first of nodes added to it
                                       ///< without a stretch as yet
  /// Nodes before this one need no preparation but room among their cell's
  /// items: the graph has room, there is an instance, and it was noted when
  /// building began.
  uint32_t preparedEnd = 0;
  /// Among the operands of a node that `addAtOnce` is for.
  uint32_t mostOperandNodes = 0;
  std::vector<Stretch> stretches;
  bool isInstanceBegun = false;  ///< by beginInstance
  uint32_t numInstances = 0;     ///< with a stretch
  std::vector<uint32_t> runEnds; ///< number of nodes at the end of each run
  uint32_t executed = 0;         ///< the last of `runEnds`, or 0
  /// Null if nodes don't share results. What is scheduled and executed are its
  /// distinct nodes.
  std::unique_ptr<edbc::SharedNodes> shared;

  edbc::core::Frontier frontier;
  edbc::core::FsmPolicy fsm;
  edbc::core::AgendaPolicy agenda;
  edbc::core::LemmaPolicy lemma;
  edbc::core::DepthScheduler byDepth;
  std::unique_ptr<edbc::Executor> executor;

  Clock::time_point buildBegin; ///< of the first addition since the last run
  uint64_t numBatches = 0;
  uint64_t numFallbacks = 0;
  Clock::duration buildTime{}, scheduleTime{}, executeTime{};
};

#endif // EDBC_RUNTIME_SRC_SESSION_H
