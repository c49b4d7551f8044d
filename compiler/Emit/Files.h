//===- Files.h - writes files, all or none ----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_EMIT_FILES_H
#define EDBC_COMPILER_EMIT_FILES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <string>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace edbc {

/// A file to be written.
struct OutputFile {
  std::string path; ///< below the folder that all files go to
  std::string contents;
};

/// Writes `files` into the folder `directory` (empty: the current one), which
/// is made if need be, as are the folders in the files' paths. A file that is
/// there already is replaced as a whole, or left alone, date and all, if it has
/// the same contents.
///
/// Where one can't be written, the error is one line with its path and the
/// reason; then all files are as they were before, and nothing new is left.
llvm::Error writeFiles(llvm::StringRef directory,
                       llvm::ArrayRef<OutputFile> files);

/// The same for one file, whose contents `write` puts out: for those that need
/// not be in memory as a whole. `write` may be called although the file can't
/// be written in the end.
llvm::Error writeFile(llvm::StringRef path,
                      llvm::function_ref<void(llvm::raw_ostream &)> write);

} // namespace edbc

#endif // EDBC_COMPILER_EMIT_FILES_H
