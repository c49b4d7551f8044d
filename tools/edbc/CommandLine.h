//===- CommandLine.h - what all programs do with theirs ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_EDBC_COMMANDLINE_H
#define EDBC_TOOLS_EDBC_COMMANDLINE_H

#include "llvm/Support/CommandLine.h"

namespace edbc {

/// Prints "COMMAND: error: MESSAGE" and returns the exit status 1.
int fail(llvm::StringRef command, const llvm::Twine &message);

/// Takes the options of the LLVM libraries off the command line, where they
/// would clash with a command's own (--stop-after). Comes before a command
/// creates its options.
void dropLibraryOptions();

/// Parses a command's options, of which only those of `category` are listed by
/// --help (those of MLIR by --help-hidden). Prints and returns false if they
/// are wrong.
bool parseArguments(int argc, const char **argv,
                    llvm::cl::OptionCategory &category,
                    llvm::StringRef overview);

/// Returns what `run` does, unless memory doesn't suffice or what was printed
/// couldn't be written: then prints that and returns the exit status for it. To
/// be called once, by `main`, below llvm::InitLLVM.
int runProgram(llvm::StringRef program, llvm::function_ref<int()> run);

} // namespace edbc

#endif // EDBC_TOOLS_EDBC_COMMANDLINE_H
