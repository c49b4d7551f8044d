//===- Emit.h - from a compiled module to a library on disk -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_EMIT_EMIT_H
#define EDBC_COMPILER_EMIT_EMIT_H

#include "compiler/Cuda/Images.h"
#include "compiler/Emit/Files.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace edbc {

struct EmitOptions {
  /// Where the library goes; made if need be.
  std::string directory;
  /// A .safetensors file whose values are embedded in the library; empty: none,
  /// and applications load them when they create a model.
  std::string weightsPath;
  /// What the library has for CUDA devices; null: nothing.
  const cuda::DeviceKernels *device = nullptr;
  /// More files that go to the directory: all are written, or none.
  std::vector<OutputFile> texts;
};

/// Writes the library of `network`, a module at the end of the pipeline: the
/// declarations of the batch dialect, and for each instruction set a nested
/// module in the LLVM dialect. Named N, it consists of
///
///     lib/libN.a        kernels, description, and the runtime
///     include/N.h       typed functions for the network's cells, in C++
///     include/edbc/     the runtime's public headers, abi.h and edbc.h
///     N.json            the manifest (see Manifest.h)
///     N.cmake           the imported CMake target edbc::N
///
/// Same module, same bytes. Errors of the network are diagnostics at the
/// operation concerned; errors of files, whether read or written, go to
/// `reportFileError` as one line that names the file. After an error nothing on
/// disk has changed.
mlir::LogicalResult
emitLibrary(mlir::ModuleOp network, const EmitOptions &options,
            llvm::function_ref<void(llvm::StringRef)> reportFileError);

} // namespace edbc

#endif // EDBC_COMPILER_EMIT_EMIT_H
