//===- Architecture.cpp - the CUDA devices that are compiled for *- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Cuda/Architecture.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace edbc::cuda;

static Error error(const Twine &message) { return createStringError(message); }

static Expected<Architecture> parseArchitecture(StringRef name) {
  StringRef digits = name;
  Architecture architecture = {};
  bool hasPrefix = digits.consume_front("sm_");
  architecture.isExact = digits.consume_back("a");
  // Up to sm_999: beyond are no architectures, and sm_090 is none either.
  if (!hasPrefix || digits.size() < 2 || digits.size() > 3 ||
      digits.front() == '0' || digits.getAsInteger(10, architecture.number))
    return error("'" + name +
                 "' is no CUDA architecture; one is spelled like sm_90");
  if (architecture.number < oldestArchitecture)
    return error("CUDA architecture '" + name +
                 "' is too old; kernels need sm_" + Twine(oldestArchitecture) +
                 " or a later one");
  return architecture;
}

Expected<SmallVector<Architecture>> edbc::cuda::parseTarget(StringRef target) {
  StringRef names = target;
  if (!names.consume_front("cuda:"))
    return error("unknown target '" + target +
                 "'; --target is cuda:ARCHITECTURE,... (cuda:sm_90,sm_80) or "
                 "cuda:source");
  SmallVector<Architecture> architectures;
  if (names == "source")
    return architectures;
  SmallVector<StringRef> parts;
  names.split(parts, ',');
  for (StringRef part : parts) {
    Expected<Architecture> architecture = parseArchitecture(part);
    if (!architecture)
      return architecture.takeError();
    if (!is_contained(architectures, *architecture))
      architectures.push_back(*architecture);
  }
  return architectures;
}
