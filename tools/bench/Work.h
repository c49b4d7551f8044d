//===- Work.h - arithmetic and memory traffic of mini-batches ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// What is counted is a property of the network and its instances, whatever the
// kernels do:
//
// - Arithmetic is that of the matrix products as the model file writes them,
//   two operations a multiply-add. What passes fold away counts all the same,
//   so that figures compare; elementwise arithmetic doesn't count.
// - Executed arithmetic is what is left of it in the kernels.
// - Traffic is an estimate from the library's description, of what would be
//   moved if nothing stayed in a cache from one batch to the next and
//   everything did within a batch: each batch reads its cell's packed weights
//   and biases once; each node reads the whole state of each of its operands,
//   its dense inputs and the rows of the tables that it looks up, writes its
//   state, and writes and reads its workspace, and likewise for each element of
//   a list; each number that tells where something lies has four bytes. Nodes
//   that are looked up move nothing.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_BENCH_WORK_H
#define EDBC_TOOLS_BENCH_WORK_H

#include "compiler/Graphs/GraphFile.h"

#include "edbc/abi.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/core/Scheduler.h"

#include <vector>

namespace edbc::bench {

struct Work {
  double flop = 0;
  double executedFlop = 0;
  double bytes = 0;

  Work &operator+=(const Work &other) {
    flop += other.flop;
    executedFlop += other.executedFlop;
    bytes += other.bytes;
    return *this;
  }
  Work operator*(double count) const {
    return {flop * count, executedFlop * count, bytes * count};
  }
};

/// The work of a cell.
struct CellWork {
  Work node;
  std::vector<Work> element; ///< by operand, of its elements; not all are lists
  double batchBytes = 0;     ///< of each batch
};

/// Counts the arithmetic of the cells of `network`, a module of the cell
/// dialect, in the order of `signature`.
std::vector<CellWork> countArithmetic(mlir::ModuleOp network,
                                      const Signature &signature);

/// Adds the arithmetic that the kernels of `network`, a module of the batch
/// dialect, execute.
void addExecuted(mlir::ModuleOp network, const Signature &signature,
                 std::vector<CellWork> &cells);

/// Adds the traffic of a library's cells.
void addTraffic(const edbc_library &library, std::vector<CellWork> &cells);

/// The work of a mini-batch's nodes by cell, without what batches take.
std::vector<Work> countWork(const std::vector<Instance> &miniBatch,
                            const Signature &signature,
                            const std::vector<CellWork> &cells);

/// The work of each batch that a mini-batch is executed in. The nodes of a cell
/// share its work evenly.
/// @param byCell what `countWork` says.
std::vector<Work> workOfBatches(const std::vector<core::Batch> &batches,
                                const std::vector<Work> &byCell,
                                const std::vector<CellWork> &cells);

} // namespace edbc::bench

#endif // EDBC_TOOLS_BENCH_WORK_H
