//===- Header.h - a network's interface in C++ ------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_EMIT_HEADER_H
#define EDBC_COMPILER_EMIT_HEADER_H

#include "compiler/Cuda/Images.h"
#include "compiler/Emit/Network.h"

#include <string>

namespace edbc {

/// Returns the C++ header of a generated library. For a network N it has a
/// namespace N with
/// - a struct derived from edbc::Value for each state;
/// - class Model, derived from edbc::Model, with the named dimensions as
///   constants; made from a weights file, or without arguments if
///   `weightsEmbedded`;
/// - class Session, derived from edbc::Session, with a function of its name for
///   each cell, which adds a node, and for each output, which reads one. Lists
///   of nodes are given as edbc::Span; vectors are read as edbc::Span, matrices
///   as edbc::MatrixView.
///
/// Names that C++ can't have there (keywords, the base classes' members, two of
/// a kind) are reported, all of them, at their operations.
mlir::FailureOr<std::string> declareApi(const Network &network,
                                        bool weightsEmbedded,
                                        const cuda::DeviceKernels *device);

} // namespace edbc

#endif // EDBC_COMPILER_EMIT_HEADER_H
