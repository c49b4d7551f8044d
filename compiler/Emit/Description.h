//===- Description.h - a library's description as data ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Writes `edbc_library_<network>`, the constant that tells the runtime all
// about a network: the structures of edbc/abi.h, field by field.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_EMIT_DESCRIPTION_H
#define EDBC_COMPILER_EMIT_DESCRIPTION_H

#include "compiler/Cuda/Images.h"
#include "compiler/Emit/Network.h"
#include "compiler/Emit/Weights.h"

#include <string>

namespace edbc {

/// The symbol of a network's `edbc_library`.
std::string descriptionSymbol(llvm::StringRef network);

/// Returns an object file that defines `descriptionSymbol(network.name)` and
/// refers to the functions of the network's phases; everything else in it is
/// local and read-only.
/// @param weights embedded where given; otherwise the description's parameters
///   have no data.
mlir::FailureOr<std::string> describeNetwork(const Network &network,
                                             const Weights *weights,
                                             const cuda::DeviceKernels *device);

} // namespace edbc

#endif // EDBC_COMPILER_EMIT_DESCRIPTION_H
