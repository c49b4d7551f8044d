//===- edbc.cpp - the compiler's command line -------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/edbc/CommandLine.h"
#include "tools/edbc/Commands.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

static const char usage[] =
    R"(edbc, an ahead-of-time compiler for dynamic neural networks

usage: edbc COMMAND ARGUMENTS...

commands:
  compile MODEL.edb -o DIR    writes a static library, its header, a manifest
                              and a CMake file
  inspect MODEL.edb --samples FILE
                              shows the batching policy learned from samples
  run MODEL.edb --graphs FILE prints what instance graphs give, as JSON lines
  weights MODEL.edb -o FILE   writes random weights in the .safetensors format

`edbc COMMAND --help` lists a command's options.
)";

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::setBugReportMsg("edbc: this is an error of edbc's own; please report "
                        "it, with the command and its files\n");
  llvm::StringRef command = argc > 1 ? argv[1] : "";
  if (command.empty()) {
    llvm::errs() << usage;
    return 2;
  }
  if (command == "--help" || command == "-h" || command == "help") {
    llvm::outs() << usage;
    return 0;
  }

  // The command sees itself as the program, so that its messages begin so.
  std::string program = "edbc " + command.str();
  std::vector<const char *> arguments(argv + 1, argv + argc);
  arguments[0] = program.c_str();
  int count = static_cast<int>(arguments.size());
  auto run = [&](int (*commandMain)(int, const char **)) {
    return edbc::runProgram(
        program, [&] { return commandMain(count, arguments.data()); });
  };
  if (command == "compile")
    return run(edbc::compileMain);
  if (command == "inspect")
    return run(edbc::inspectMain);
  if (command == "run")
    return run(edbc::runMain);
  if (command == "weights")
    return run(edbc::weightsMain);
  llvm::errs() << "edbc: error: unknown command '" << command
               << "'; the commands are compile, inspect, run and "
                  "weights\n";
  return 2;
}
