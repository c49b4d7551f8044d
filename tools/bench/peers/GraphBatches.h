//===- GraphBatches.h - mini-batches, level by level ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// What batches.py does, for a peer in C++: reads a file of graphs as
// runtime/GRAPHS.md describes them, and batches it by hand.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_BENCH_PEERS_GRAPHBATCHES_H
#define EDBC_TOOLS_BENCH_PEERS_GRAPHBATCHES_H

#include <map>
#include <string>
#include <vector>

namespace peers {

/// A cell as a peer knows it.
struct CellKind {
  std::string state;
  /// Of its operands: 'n' a node, 't' a token, 'l' a list of nodes.
  std::string operands;
  bool isLate; ///< no cell takes what it yields: a run's are one batch
};
using Signature = std::map<std::string, CellKind>;

/// An operand of all nodes of a batch.
struct BatchOperand {
  std::vector<int> rows;   ///< of nodes or of all elements, or tokens
  std::vector<int> owners; ///< of elements: their nodes in the batch
};

/// Nodes of one cell that don't depend on each other. Their results' rows are
/// [begin, end).
struct Batch {
  std::string cell;
  int begin;
  int end;
  std::vector<BatchOperand> operands;
};

struct MiniBatch {
  std::vector<Batch> batches;      ///< in an order of execution
  std::map<std::string, int> rows; ///< by state: how many there are
};

/// @throws std::runtime_error
MiniBatch batchByLevel(const std::string &path, const Signature &signature);

} // namespace peers

#endif // EDBC_TOOLS_BENCH_PEERS_GRAPHBATCHES_H
