//===- EmbeddedRuntime.cpp - what edbc carries of the runtime ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/EmbeddedRuntime.h"

// Defined in EmbeddedFiles.S.
extern "C" {
extern const char edbc_runtime_archive_begin[];
extern const char edbc_runtime_archive_end[];
extern const char edbc_abi_header_begin[];
extern const char edbc_abi_header_end[];
extern const char edbc_wrapper_header_begin[];
extern const char edbc_wrapper_header_end[];
}

static llvm::StringRef between(const char *begin, const char *end) {
  return {begin, static_cast<size_t>(end - begin)};
}

llvm::StringRef edbc::runtimeArchive() {
  return between(edbc_runtime_archive_begin, edbc_runtime_archive_end);
}

llvm::StringRef edbc::abiHeader() {
  return between(edbc_abi_header_begin, edbc_abi_header_end);
}

llvm::StringRef edbc::wrapperHeader() {
  return between(edbc_wrapper_header_begin, edbc_wrapper_header_end);
}
