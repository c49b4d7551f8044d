//===- KernelArguments.h - how cells become kernels -------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_EDBC_KERNELARGUMENTS_H
#define EDBC_TOOLS_EDBC_KERNELARGUMENTS_H

#include "compiler/Pipelines.h"

#include "llvm/Support/CommandLine.h"

namespace edbc {

/// What is wrong with the names of what is fused, of a layout, and of what is
/// hoisted; empty if nothing.
std::string explainKernelForm(llvm::StringRef fuse, llvm::StringRef layout,
                              llvm::StringRef hoist);

/// The arguments that say how cells become kernels. To be created before the
/// command line is parsed, in the category of a command's options.
struct KernelArguments {
  explicit KernelArguments(llvm::cl::OptionCategory &category);

  /// Checks them and enters them; prints and returns false if one is wrong.
  bool apply(llvm::StringRef command, PipelineOptions &options) const;

  llvm::cl::opt<std::string> fuse;
  llvm::cl::opt<std::string> layout;
  llvm::cl::opt<std::string> hoist;
  llvm::cl::opt<unsigned> tableLimit;
};

} // namespace edbc

#endif // EDBC_TOOLS_EDBC_KERNELARGUMENTS_H
