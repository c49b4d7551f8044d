//===- SiblingColumns.h - columns of siblings are contiguous ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_PLANMEMORY_SIBLINGCOLUMNS_H
#define EDBC_PASSES_PLANMEMORY_SIBLINGCOLUMNS_H

#include "dialects/Batch/Batch.h"

namespace edbc::batch {

/// How values are laid out; see the pass `batch-plan-memory`.
enum class Planning { Full, Paper, Off };

/// Values that lie one after another in a workspace.
using ValueRun = llvm::SmallVector<mlir::Value, 4>;

/// Sees to it that every column of a kernel's siblings is contiguous: orders
/// siblings within their phases, inserts phases that copy those columns for
/// which there is no place, and writes down what became of each
/// (`batch.phase ... placed`).
///
/// Returns all kept values, each once, in runs that are to be placed as they
/// are; runs in order of definition. The IR is valid whatever their places.
llvm::SmallVector<ValueRun> planColumns(KernelOp kernel, Planning planning);

} // namespace edbc::batch

#endif // EDBC_PASSES_PLANMEMORY_SIBLINGCOLUMNS_H
