//===- Weights.h - the values of a network's parameters ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_EMIT_WEIGHTS_H
#define EDBC_COMPILER_EMIT_WEIGHTS_H

#include "compiler/Emit/Network.h"
#include "runtime/src/AlignedArray.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <vector>

namespace edbc {

/// What every parameter of a network holds, row-major, in the order of
/// `Network::params`.
struct Weights {
  AlignedArray<float> data; ///< where all values lie
  std::vector<llvm::ArrayRef<float>> values;

  /// Reads them from a .safetensors file, by the rules of runtime/src/
  /// Safetensors.h; the error is one line that names the file.
  static llvm::Expected<Weights> read(const Network &network,
                                      llvm::StringRef path);

  /// Those that writeRandomWeights (RandomWeights.h) writes.
  static Weights random(const Network &network, uint64_t seed);
};

} // namespace edbc

#endif // EDBC_COMPILER_EMIT_WEIGHTS_H
