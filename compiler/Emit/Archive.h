//===- Archive.h - a static library with the runtime in it ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_EMIT_ARCHIVE_H
#define EDBC_COMPILER_EMIT_ARCHIVE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace edbc {

/// An object file in an archive.
struct ArchiveMember {
  std::string name;
  std::string object;
};

/// Returns a static library (ar, with a symbol table, no dates or owners) of
/// `members`, followed by those of the static library `base`.
llvm::Expected<std::string> buildArchive(llvm::ArrayRef<ArchiveMember> members,
                                         llvm::StringRef base);

} // namespace edbc

#endif // EDBC_COMPILER_EMIT_ARCHIVE_H
