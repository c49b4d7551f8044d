//===- GraphFiles.cpp - reads the graph files that are named ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/edbc/GraphFiles.h"

#include "tools/edbc/CommandLine.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace edbc;

bool edbc::readGraphFiles(llvm::StringRef command,
                          llvm::ArrayRef<std::string> paths,
                          const Signature &signature,
                          std::vector<Instance> &instances) {
  for (const std::string &path : paths) {
    auto text = llvm::MemoryBuffer::getFile(path);
    if (!text) {
      fail(command, "can't read '" + path + "': " + text.getError().message());
      return false;
    }
    GraphFile file = readGraphs((*text)->getBuffer(), signature);
    for (const GraphFileError &problem : file.errors)
      llvm::errs() << problem.format(path) << "\n";
    if (!file.errors.empty())
      return false;
    llvm::append_range(instances, std::move(file.instances));
  }
  return true;
}
