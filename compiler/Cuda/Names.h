//===- Names.h - identifiers of printed code --------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_CUDA_NAMES_H
#define EDBC_COMPILER_CUDA_NAMES_H

#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"

#include <string>

namespace edbc::cuda {

/// Gives every thing an identifier of its own: the one that is wished for,
/// where it is one and is free.
class Names {
public:
  /// @param numbered all wishes are for the same: two texts that differ in
  ///   names alone are the same text then.
  explicit Names(bool numbered = false) : numbered(numbered) {}

  std::string choose(const llvm::Twine &wish);

private:
  bool numbered;
  llvm::StringSet<> taken;
};

} // namespace edbc::cuda

#endif // EDBC_COMPILER_CUDA_NAMES_H
