//===- LoadedLibrary.h - a network's library, in this process ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Runs a network without an application around it: the object code that would
// go into the static library is linked in memory instead, to the runtime that
// this program has.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_LOAD_LOADEDLIBRARY_H
#define EDBC_COMPILER_LOAD_LOADEDLIBRARY_H

#include "compiler/Cuda/Images.h"
#include "compiler/Emit/Network.h"
#include "compiler/Emit/Weights.h"

#include <memory>

namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace edbc {

class LoadedLibrary {
public:
  /// Compiles and links `network`, with `weights` embedded, and with what it
  /// has for CUDA devices, if anything. Errors are diagnostics.
  static mlir::FailureOr<LoadedLibrary>
  load(const Network &network, const Weights &weights,
       const cuda::DeviceKernels *device = nullptr);

  LoadedLibrary(LoadedLibrary &&);
  LoadedLibrary &operator=(LoadedLibrary &&);
  ~LoadedLibrary();

  /// As `edbc_library_NAME` in a static library. Models of it, and their
  /// sessions, must not outlive this object.
  const edbc_library &description() const { return *library; }

private:
  LoadedLibrary(std::unique_ptr<llvm::orc::LLJIT> linker,
                const edbc_library *library);

  std::unique_ptr<llvm::orc::LLJIT> linker;
  const edbc_library *library;
};

} // namespace edbc

#endif // EDBC_COMPILER_LOAD_LOADEDLIBRARY_H
