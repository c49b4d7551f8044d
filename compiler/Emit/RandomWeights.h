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
#include <vector>

namespace edbc {

/// Random values for all parameters of `network` (a module of the cell or the
/// batch dialect) in the order of declaration, those of n columns (vectors: n
/// elements) uniformly distributed over [-1/sqrt(n), 1/sqrt(n)). They depend on
/// shapes and seed alone.
std::vector<std::vector<float>> randomValues(mlir::ModuleOp network,
                                             uint64_t seed);

/// The same as the contents of a .safetensors file, whose data begins on a
/// multiple of 64 bytes.
std::string randomWeights(mlir::ModuleOp network, uint64_t seed);

} // namespace edbc

#endif // EDBC_COMPILER_EMIT_RANDOMWEIGHTS_H
