//===- GraphFiles.h - reads the graph files that are named ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_EDBC_GRAPHFILES_H
#define EDBC_TOOLS_EDBC_GRAPHFILES_H

#include "compiler/Graphs/GraphFile.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace edbc {

/// Appends the instances of all files to `instances`. Prints what is wrong, as
/// of `command`, and returns false if anything is.
bool readGraphFiles(llvm::StringRef command, llvm::ArrayRef<std::string> paths,
                    const Signature &signature,
                    std::vector<Instance> &instances);

} // namespace edbc

#endif // EDBC_TOOLS_EDBC_GRAPHFILES_H
