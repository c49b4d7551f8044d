//===- ModelFile.cpp - what all commands do with a model file ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/edbc/ModelFile.h"

#include "compiler/Frontend/Frontend.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace edbc;
namespace cl = llvm::cl;

ModelArguments::ModelArguments(cl::OptionCategory &category)
    : path(cl::Positional, cl::Required, cl::desc("MODEL.edb"),
           cl::cat(category)),
      dims("D", cl::Prefix, cl::value_desc("dim=value"),
           cl::desc("Set a named dimension of the model file"),
           cl::cat(category)),
      name("name", cl::value_desc("identifier"),
           cl::desc("Name of the library and in graph files, instead of the "
                    "network's; two libraries of one program need two"),
           cl::cat(category)) {}

ModelFile::ModelFile(mlir::MLIRContext &context)
    : context(context), diagnostics(sources, &context, llvm::errs()) {
  // Messages are of the model file; the operation may be the whole network.
  context.printOpOnDiagnostic(false);
}

static bool isIdentifier(llvm::StringRef name) {
  return !name.empty() && !llvm::isDigit(name.front()) &&
         llvm::all_of(name,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

bool ModelFile::import(const ModelArguments &arguments) {
  Diagnostics problems;
  ImportOptions options;
  for (const std::string &dim : arguments.dims)
    parseDimOverride(dim, options, problems);
  if (arguments.name.getNumOccurrences() != 0 && !isIdentifier(arguments.name))
    problems.commandLineError("'" + arguments.name +
                              "' can't name a library: it must be an "
                              "identifier of letters, digits and '_'");

  auto buffer = llvm::MemoryBuffer::getFile(arguments.path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/true);
  if (!buffer)
    problems.commandLineError("can't read '" + arguments.path +
                              "': " + buffer.getError().message());
  if (!problems.hasErrors()) {
    llvm::StringRef text = (*buffer)->getBuffer();
    sources.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
    module = importModel(arguments.path, text, options, context, problems);
    if (module && !arguments.name.empty())
      module->setSymName(arguments.name);
  }
  llvm::errs() << problems.str();
  return static_cast<bool>(module);
}
