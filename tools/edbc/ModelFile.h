//===- ModelFile.h - what all commands do with a model file -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_EDBC_MODELFILE_H
#define EDBC_TOOLS_EDBC_MODELFILE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SourceMgr.h"

namespace edbc {

/// The arguments that name a model file and set its dimensions. To be created
/// before the command line is parsed, in the category of a command's options.
struct ModelArguments {
  explicit ModelArguments(llvm::cl::OptionCategory &category);

  llvm::cl::opt<std::string> path;
  llvm::cl::list<std::string> dims;
  llvm::cl::opt<std::string> name;
};

/// A model file that was read and imported. Messages about it, from here on and
/// as long as it lives, show the line that they are about on standard error.
class ModelFile {
public:
  explicit ModelFile(mlir::MLIRContext &context);

  /// Prints what is wrong and returns false if anything is.
  bool import(const ModelArguments &arguments);

  mlir::ModuleOp getModule() { return *module; }

private:
  mlir::MLIRContext &context;
  llvm::SourceMgr sources;
  mlir::SourceMgrDiagnosticHandler diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace edbc

#endif // EDBC_TOOLS_EDBC_MODELFILE_H
