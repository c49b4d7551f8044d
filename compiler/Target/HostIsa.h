//===- HostIsa.h - instruction sets of this machine -------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_TARGET_HOSTISA_H
#define EDBC_COMPILER_TARGET_HOSTISA_H

#include "dialects/Batch/Batch.h"

namespace edbc {

/// The best instruction set of this machine among those that kernels are
/// generated for. Asks for all that the runtime asks for (`machineHas`).
batch::Isa hostIsa();

/// The one whose kernels a model created here uses: that which the environment
/// variable EDBC_ISA asks for, or the best one. If it is one that edbc doesn't
/// know, creating the model tells.
batch::Isa executedIsa();

} // namespace edbc

#endif // EDBC_COMPILER_TARGET_HOSTISA_H
