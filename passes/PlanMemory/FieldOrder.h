//===- FieldOrder.h - fields that are read together ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_PLANMEMORY_FIELDORDER_H
#define EDBC_PASSES_PLANMEMORY_FIELDORDER_H

#include "dialects/Batch/Batch.h"

namespace edbc::batch {

/// The order in which the fields of a state stand in its rows: as defined,
/// unless fields that some phase reads of one operand would be apart. Those
/// sets of fields are made adjacent by a PQ-tree, the largest first, as far as
/// they agree.
llvm::SmallVector<unsigned> orderFields(StateOp state);

} // namespace edbc::batch

#endif // EDBC_PASSES_PLANMEMORY_FIELDORDER_H
