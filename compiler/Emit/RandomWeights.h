//===- RandomWeights.h - weights to try a network with ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_EMIT_RANDOMWEIGHTS_H
#define EDBC_COMPILER_EMIT_RANDOMWEIGHTS_H

#include "mlir/IR/BuiltinOps.h"

#include <cstdint>
#include <string>

namespace edbc {

/// Returns the contents of a .safetensors file with all parameters of `network`
/// (a module of the cell or the batch dialect) in the order of declaration,
/// those of n columns (vectors: n elements) uniformly distributed over
/// [-1/sqrt(n), 1/sqrt(n)). The bytes depend on names, shapes and seed alone,
/// and the data begins on a multiple of 64 bytes.
std::string randomWeights(mlir::ModuleOp network, uint64_t seed);

} // namespace edbc

#endif // EDBC_COMPILER_EMIT_RANDOMWEIGHTS_H
