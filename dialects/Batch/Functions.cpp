//===- Functions.cpp - generated functions ----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "dialects/Batch/Batch.h"

#include "llvm/Support/FormatVariadic.h"

#include <limits>

using namespace mlir;
using namespace edbc::batch;

StringRef edbc::batch::isaName(Isa isa) {
  switch (isa) {
  case Isa::X86_64:
    return "x86-64";
  case Isa::X86_64_V3:
    return "x86-64-v3";
  case Isa::X86_64_V4:
    return "x86-64-v4";
  }
  llvm_unreachable("all instruction sets are named");
}

std::optional<Isa> edbc::batch::isaOf(ModuleOp module) {
  auto name = module->getAttrOfType<StringAttr>(isaAttrName);
  for (Isa isa : allIsas)
    if (name && name.getValue() == isaName(isa))
      return isa;
  return std::nullopt;
}

std::string edbc::batch::phaseFunctionName(StringRef network, StringRef kernel,
                                           unsigned phase, Isa isa) {
  StringRef suffix = isaName(isa).take_back(2);
  return llvm::formatv("edbc.{0}.{1}.{2}.{3}", network, kernel, phase, suffix);
}

LogicalResult BindOp::verify() {
  if (getSlot() > static_cast<uint64_t>(std::numeric_limits<int32_t>::max()))
    return emitOpError() << "has no slot " << static_cast<int64_t>(getSlot());
  auto type = cast<MemRefType>(getResult().getType());
  if (!type.getLayout().isIdentity() ||
      llvm::any_of(type.getShape().drop_front(), ShapedType::isDynamic))
    return emitOpError() << "needs a memref of identity layout whose "
                            "dimensions after the first are static, found "
                         << type;
  return success();
}
