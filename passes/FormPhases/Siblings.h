//===- Siblings.h - batches operations within a cell ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_FORMPHASES_SIBLINGS_H
#define EDBC_PASSES_FORMPHASES_SIBLINGS_H

#include "dialects/Batch/Batch.h"

#include "llvm/ADT/MapVector.h"

namespace edbc::batch {

/// What a batched operation is for: several siblings are executed as one.
struct SiblingGroups {
  /// By operation: the number of its group. Groups are executed in ascending
  /// order.
  llvm::MapVector<mlir::Operation *, unsigned> groupOf;
  /// By group: how many siblings it has, each of one or more operations.
  llvm::SmallVector<unsigned> numSiblings;
};

/// Groups the operations of a kernel that has no phases, except for those that
/// `isFree` names: they cost nothing and belong to whoever uses them.
///
/// Siblings are equal in all but the values that they read and the parameters,
/// and none depends on another. The cell's operations are a dataflow graph with
/// few types, as nodes are that are batched at run time, and so the groups are
/// a schedule of it in few batches (ED-Batch, section 3.1). For cells of up to
/// some dozens of operations it is the shortest one there is; for larger ones,
/// that of a beam search.
SiblingGroups groupSiblings(KernelOp kernel,
                            llvm::function_ref<bool(mlir::Operation *)> isFree);

} // namespace edbc::batch

#endif // EDBC_PASSES_FORMPHASES_SIBLINGS_H
