//===- RandomWeights.h - weights to try a network with ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_EMIT_RANDOMWEIGHTS_H
#define EDBC_COMPILER_EMIT_RANDOMWEIGHTS_H

#include "runtime/core/Random.h"

#include "mlir/IR/BuiltinOps.h"

namespace edbc {

/// Draws the next values of a parameter of n columns (of a vector: n elements),
/// uniformly distributed over [-1/sqrt(n), 1/sqrt(n)): a product with it is
/// about as large as what it multiplies.
void drawWeights(Random &random, mlir::RankedTensorType param,
                 llvm::MutableArrayRef<float> values);

/// Writes a .safetensors file of random values for all parameters of `network`
/// (a module of the cell or the batch dialect), drawn in the order of
/// declaration: they depend on shapes and seed alone. The data begins on a
/// multiple of 64 bytes. Takes little memory, however large the parameters are.
void writeRandomWeights(mlir::ModuleOp network, uint64_t seed,
                        llvm::raw_ostream &os);

} // namespace edbc

#endif // EDBC_COMPILER_EMIT_RANDOMWEIGHTS_H
