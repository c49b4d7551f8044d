//===- Emit.cpp - from a compiled module to a library on disk ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Emit.h"

#include "compiler/Emit/Archive.h"
#include "compiler/Emit/Description.h"
#include "compiler/Emit/EmbeddedRuntime.h"
#include "compiler/Emit/Header.h"
#include "compiler/Emit/Manifest.h"
#include "compiler/Target/ObjectCode.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace edbc;

static FailureOr<std::string>
compileLibrary(const Network &network, const Weights *weights,
               const cuda::DeviceKernels *device) {
  std::vector<ArchiveMember> members;
  FailureOr<std::string> description =
      describeNetwork(network, weights, device);
  if (failed(description))
    return failure();
  members.push_back(
      {(network.name + ".description.o").str(), std::move(*description)});
  for (ModuleOp target : network.targets) {
    FailureOr<std::string> object = compileKernels(target, CodeFormat::Object);
    if (failed(object))
      return failure();
    StringRef isa = batch::isaName(*batch::isaOf(target));
    members.push_back(
        {(network.name + "." + isa + ".o").str(), std::move(*object)});
  }
  llvm::Expected<std::string> archive = buildArchive(members, runtimeArchive());
  if (!archive)
    return network.emitError() << "can't build the library: "
                               << llvm::toString(archive.takeError());
  return std::move(*archive);
}

static std::string cmakeFile(StringRef network) {
  constexpr const char *text =
      R"(# Written by edbc: the target edbc::{0} to link, for "{0}.h".
if(NOT TARGET edbc::{0})
  find_package(Threads REQUIRED)
  add_library(edbc::{0} STATIC IMPORTED)
  set_target_properties(edbc::{0} PROPERTIES
    IMPORTED_LOCATION "${{CMAKE_CURRENT_LIST_DIR}/lib/lib{0}.a"
    IMPORTED_LINK_INTERFACE_LANGUAGES CXX
    INTERFACE_INCLUDE_DIRECTORIES "${{CMAKE_CURRENT_LIST_DIR}/include"
    INTERFACE_LINK_LIBRARIES "m;Threads::Threads;${{CMAKE_DL_LIBS}")
endif()
)";
  return llvm::formatv(text, network);
}

LogicalResult
edbc::emitLibrary(ModuleOp module, const EmitOptions &options,
                  llvm::function_ref<void(StringRef)> reportFileError) {
  auto fail = [&](llvm::Error error) {
    reportFileError(llvm::toString(std::move(error)));
    return failure();
  };
  FailureOr<Network> network = Network::read(module);
  if (failed(network))
    return failure();
  std::optional<Weights> weights;
  if (!options.weightsPath.empty()) {
    llvm::Expected<Weights> read = Weights::read(*network, options.weightsPath);
    if (!read)
      return fail(read.takeError());
    weights = std::move(*read);
  }
  FailureOr<std::string> header = declareApi(
      *network, /*weightsEmbedded=*/weights.has_value(), options.device);
  if (failed(header))
    return failure();
  FailureOr<std::string> library =
      compileLibrary(*network, weights ? &*weights : nullptr, options.device);
  if (failed(library))
    return failure();

  std::string name = network->name.str();
  std::vector<OutputFile> files = options.texts;
  files.push_back({"lib/lib" + name + ".a", std::move(*library)});
  files.push_back({"include/" + name + ".h", std::move(*header)});
  files.push_back({"include/edbc/abi.h", abiHeader().str()});
  files.push_back({"include/edbc/edbc.h", wrapperHeader().str()});
  files.push_back({name + ".json", describeAsJson(*network, weights.has_value(),
                                                  options.device)});
  files.push_back({name + ".cmake", cmakeFile(name)});
  if (llvm::Error error = writeFiles(options.directory, files))
    return fail(std::move(error));
  return success();
}
