//===- EmbeddedRuntime.h - what edbc carries of the runtime -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The files of the runtime that go into every generated library are bytes of
// the compiler's own program, so that it depends on no file at run time.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_EMIT_EMBEDDEDRUNTIME_H
#define EDBC_COMPILER_EMIT_EMBEDDEDRUNTIME_H

#include "llvm/ADT/StringRef.h"

namespace edbc {

/// libedbcRuntime.a
llvm::StringRef runtimeArchive();
/// edbc/abi.h
llvm::StringRef abiHeader();
/// edbc/edbc.h
llvm::StringRef wrapperHeader();

} // namespace edbc

#endif // EDBC_COMPILER_EMIT_EMBEDDEDRUNTIME_H
