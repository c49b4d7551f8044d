//===- HostIsa.cpp - instruction sets of this machine -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/HostIsa.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

#include <cstdlib>

using namespace edbc;

batch::Isa edbc::hostIsa() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  auto hasAll = [&](llvm::ArrayRef<const char *> names) {
    return llvm::all_of(
        names, [&](const char *name) { return features.lookup(name); });
  };
  if (!hasAll({"avx2", "fma", "f16c", "bmi", "bmi2", "lzcnt", "movbe"}))
    return batch::Isa::X86_64;
  if (!hasAll({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}))
    return batch::Isa::X86_64_V3;
  return batch::Isa::X86_64_V4;
}

batch::Isa edbc::executedIsa() {
  const char *forced = std::getenv("EDBC_ISA");
  if (!forced || *forced == '\0')
    return hostIsa();
  const batch::Isa *found = llvm::find_if(batch::allIsas, [&](batch::Isa isa) {
    return batch::isaName(isa) == forced;
  });
  return found == std::end(batch::allIsas) ? batch::Isa::X86_64 : *found;
}
