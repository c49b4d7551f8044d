//===- Passes.h - the passes of edbc ----------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Constructors and registration of all passes; passes/Passes.td describes them.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_PASSES_H
#define EDBC_PASSES_PASSES_H

#include "dialects/Batch/Batch.h"
#include "mlir/Pass/Pass.h"

namespace edbc {
#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"
} // namespace edbc

#endif // EDBC_PASSES_PASSES_H
