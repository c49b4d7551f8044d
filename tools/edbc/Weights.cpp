//===- Weights.cpp - edbc weights -------------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Files.h"
#include "compiler/Emit/RandomWeights.h"
#include "dialects/Cell/Cell.h"
#include "tools/edbc/CommandLine.h"
#include "tools/edbc/Commands.h"
#include "tools/edbc/ModelFile.h"

using namespace edbc;
namespace cl = llvm::cl;

int edbc::weightsMain(int argc, const char **argv) {
  dropLibraryOptions();
  cl::OptionCategory category("Options of edbc weights");
  ModelArguments model(category);
  cl::opt<std::string> output("o", cl::Required, cl::value_desc("file"),
                              cl::desc("Where the weights go"),
                              cl::cat(category));
  cl::opt<uint64_t> seed("seed", cl::init(1), cl::cat(category),
                         cl::desc("Seed of the random numbers (default: 1)"));
  if (!parseArguments(argc, argv, category,
                      "Writes random weights for a model file.\n"))
    return 2;

  mlir::MLIRContext context;
  context.loadDialect<cell::CellDialect>();
  ModelFile file(context);
  if (!file.import(model))
    return 1;
  auto write = [&](llvm::raw_ostream &os) {
    writeRandomWeights(file.getModule(), seed, os);
  };
  if (llvm::Error failure = writeFile(output, write))
    return fail("edbc weights", llvm::toString(std::move(failure)));
  return 0;
}
