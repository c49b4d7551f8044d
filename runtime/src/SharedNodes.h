//===- SharedNodes.h - equal nodes that share one result --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_SRC_SHAREDNODES_H
#define EDBC_RUNTIME_SRC_SHAREDNODES_H

#include "runtime/src/Executor.h"

namespace edbc {

/// Which nodes of a session are the same cell applied to the same operands, of
/// whatever instances, and so have one result. The session goes on to know all
/// nodes that were added; each stands for a *distinct* node, and those are what
/// is scheduled, executed and has a row.
///
/// Operands that are nodes are the same if they stand for the same distinct
/// node, tokens if they are equal, dense ones if they are bit by bit.
class SharedNodes {
public:
  /// A cell and what it is applied to. Lasts no longer than the call.
  struct Application {
    uint32_t number; ///< of the cell
    const edbc_cell_desc &cell;
    const edbc_argument *arguments;
    core::NodeSpan operands; ///< all nodes among them
  };
  /// Where an application is to be entered.
  struct Key {
    uint32_t hash;
    uint32_t equal; ///< distinct node, not dropped; or `none`
  };
  static constexpr uint32_t none = UINT32_MAX;

  explicit SharedNodes(const core::TypeOrder &order) : graph(order) {}

  /// @param items of the cell.
  Key find(const Application &application, const CellItems &items);
  /// Makes room for one more node of the cell, with as many operands as the
  /// application that was last sought. Without effect where it throws.
  void reserveOne(uint32_t cell);
  /// Enters the session's next node, which is the application last sought.
  /// Needs room.
  /// @param place of the node if there is no equal one.
  void add(const Key &key, uint32_t cell, const Place &place);
  /// Says that a node is dropped; returns whether no other one needs its row.
  bool release(uint32_t node) {
    return --entries[distinctOf[node]].numUsers == 0;
  }
  /// Forgets all nodes and keeps the memory.
  void clear();

  /// @name What is executed: distinct nodes
  /// @{
  const core::Graph &getGraph() const { return graph; }
  const std::vector<Place> &getPlaces() const { return places; }
  /// Nodes before this one have results.
  const uint32_t &getExecuted() const { return executed; }
  /// By run: the number of distinct nodes at its end.
  const std::vector<uint32_t> &getRunEnds() const { return runEnds; }
  /// Makes room for one more run. Without effect where it throws.
  void reserveRun();
  /// Says that all nodes are executed. Needs room.
  void endRun() {
    executed = graph.numNodes();
    runEnds.push_back(executed);
  }
  /// @}

private:
  struct Entry {
    uint32_t hash;
    uint32_t numUsers; ///< nodes that stand for it and aren't dropped
  };

  bool isEqual(uint32_t node, const Application &application,
               const CellItems &items) const;
  uint32_t hashOf(const Application &application) const;
  void growTable();

  core::Graph graph;
  std::vector<Place> places;        ///< by node of the graph
  std::vector<Entry> entries;       ///< the same
  std::vector<uint32_t> distinctOf; ///< by the session's node
  /// Nodes of the graph by hash, with linear probing and at least as many free
  /// slots (`none`) as others. The size is a power of two.
  std::vector<uint32_t> table;
  std::vector<uint32_t> runEnds;
  uint32_t executed = 0; ///< the last of them, or 0
  /// Of the application last sought, in the graph.
  std::vector<uint32_t> operands;
  uint32_t numOperands = 0;
};

} // namespace edbc

#endif // EDBC_RUNTIME_SRC_SHAREDNODES_H
