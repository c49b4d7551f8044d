//===- LoadedLibrary.cpp - a network's library, in this process -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Load/LoadedLibrary.h"

#include "compiler/Emit/Description.h"
#include "compiler/Target/ObjectCode.h"

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"

using namespace mlir;
using namespace edbc;

LoadedLibrary::LoadedLibrary(std::unique_ptr<llvm::orc::LLJIT> linker,
                             const edbc_library *library)
    : linker(std::move(linker)), library(library) {}
LoadedLibrary::LoadedLibrary(LoadedLibrary &&) = default;
LoadedLibrary &LoadedLibrary::operator=(LoadedLibrary &&) = default;
LoadedLibrary::~LoadedLibrary() = default;

/// Links objects and finds the description in them.
static llvm::Expected<
    std::pair<std::unique_ptr<llvm::orc::LLJIT>, const edbc_library *>>
link(llvm::ArrayRef<std::string> objects, llvm::StringRef symbol) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto linker = llvm::orc::LLJITBuilder().create();
  if (!linker)
    return linker.takeError();
  for (const std::string &object : objects)
    if (llvm::Error error = (*linker)->addObjectFile(
            llvm::MemoryBuffer::getMemBufferCopy(object)))
      return error;
  auto address = (*linker)->lookup(symbol);
  if (!address)
    return address.takeError();
  return std::pair(std::move(*linker), address->toPtr<const edbc_library *>());
}

FailureOr<LoadedLibrary>
LoadedLibrary::load(const Network &network, const Weights &weights,
                    const cuda::DeviceKernels *device) {
  llvm::SmallVector<std::string> objects;
  FailureOr<std::string> description =
      describeNetwork(network, &weights, device);
  if (failed(description))
    return failure();
  objects.push_back(std::move(*description));
  for (ModuleOp target : network.targets) {
    FailureOr<std::string> object = compileKernels(target, CodeFormat::Object);
    if (failed(object))
      return failure();
    objects.push_back(std::move(*object));
  }
  auto linked = link(objects, descriptionSymbol(network.name));
  if (!linked) {
    ModuleOp module = network.module;
    return module.emitError()
           << "can't load the network: " << llvm::toString(linked.takeError());
  }
  return LoadedLibrary(std::move(linked->first), linked->second);
}
