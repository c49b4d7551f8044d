//===- Architecture.h - the CUDA devices that are compiled for --*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_CUDA_ARCHITECTURE_H
#define EDBC_COMPILER_CUDA_ARCHITECTURE_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <string>

namespace edbc::cuda {

/// sm_90, or sm_90a: with what no other architecture has.
struct Architecture {
  uint32_t number; ///< 10 * major + minor
  bool isExact;    ///< the `a` at its end

  bool operator==(const Architecture &other) const {
    return number == other.number && isExact == other.isExact;
  }
  std::string name() const {
    return "sm_" + std::to_string(number) + (isExact ? "a" : "");
  }
};

/// What the device library needs: asynchronous copies, mma.sync for tf32.
inline constexpr uint32_t oldestArchitecture = 80;

/// Reads the value of --target: `cuda:sm_90,sm_80`, each architecture once. For
/// `cuda:source` there are none: kernels are described but not compiled.
llvm::Expected<llvm::SmallVector<Architecture>>
parseTarget(llvm::StringRef target);

} // namespace edbc::cuda

#endif // EDBC_COMPILER_CUDA_ARCHITECTURE_H
