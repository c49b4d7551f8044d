//===- InspectLayout.h - what layouts cost ----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_EDBC_INSPECTLAYOUT_H
#define EDBC_TOOLS_EDBC_INSPECTLAYOUT_H

#include "mlir/IR/BuiltinOps.h"

namespace edbc {

/// Prints, for each cell of an imported network, what its kernels and their
/// copies come to: fused or not, without planning of memory, with that of
/// ED-Batch and with edbc's. As a table, or as JSON.
/// Returns false after a message if the network can't be compiled.
bool inspectLayouts(mlir::ModuleOp network, bool asJson);

} // namespace edbc

#endif // EDBC_TOOLS_EDBC_INSPECTLAYOUT_H
