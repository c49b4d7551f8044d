//===- CommandLine.cpp - what all programs do with theirs -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/edbc/CommandLine.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <csignal>
#include <cstdlib>
#include <new>

using namespace edbc;
namespace cl = llvm::cl;

int edbc::fail(llvm::StringRef command, const llvm::Twine &message) {
  llvm::errs() << command << ": error: " << message << "\n";
  return 1;
}

void edbc::dropLibraryOptions() {
  llvm::SmallVector<cl::Option *> options;
  for (auto &entry : cl::getRegisteredOptions())
    if (!entry.first.starts_with("help"))
      options.push_back(entry.second);
  for (cl::Option *option : options)
    option->removeArgument();
}

bool edbc::parseArguments(int argc, const char **argv,
                          cl::OptionCategory &category,
                          llvm::StringRef overview) {
  cl::HideUnrelatedOptions(category);
  return cl::ParseCommandLineOptions(argc, argv, overview, &llvm::errs());
}

static const char outOfMemory[] = "out of memory";

/// Where LLVM can't go on without the memory that it asked for.
[[noreturn]] static void endForLackOfMemory(void *program, const char *, bool) {
  fail(*static_cast<llvm::StringRef *>(program), outOfMemory);
  llvm::sys::RunInterruptHandlers(); // They remove temporary files.
  std::_Exit(1);
}

int edbc::runProgram(llvm::StringRef program, llvm::function_ref<int()> run) {
  // LLVM's handler ends the program where `new` fails; the runtime reports it.
  std::set_new_handler(nullptr);
  llvm::install_bad_alloc_error_handler(endForLackOfMemory, &program);
  // A file that becomes too large is an error of writing.
  std::signal(SIGXFSZ, SIG_IGN);
  int status;
  try {
    status = run();
  } catch (const std::bad_alloc &) {
    status = fail(program, outOfMemory);
  }
  llvm::remove_bad_alloc_error_handler();
  llvm::outs().flush();
  if (std::error_code problem = llvm::outs().error()) {
    llvm::outs().clear_error(); // It would end the program.
    return fail(program, "can't write what is printed: " + problem.message());
  }
  return status;
}
