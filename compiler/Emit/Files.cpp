//===- Files.cpp - writes files, all or none --------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Files.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <system_error>
#include <vector>

using namespace llvm;
using namespace edbc;

namespace {

/// A change of several files that happens as a whole, or not at all: what is
/// not committed is undone in the end.
class FileTransaction {
public:
  FileTransaction() = default;
  FileTransaction(const FileTransaction &) = delete;
  FileTransaction &operator=(const FileTransaction &) = delete;

  ~FileTransaction() {
    for (const Change &change : changes) {
      if (!committed && change.replaced && !change.backup.empty())
        sys::fs::rename(change.backup, change.path);
      else if (!committed && change.replaced)
        sys::fs::remove(change.path);
      sys::fs::remove(change.temporary);
      sys::fs::remove(change.backup);
      sys::DontRemoveFileOnSignal(change.temporary);
    }
    if (!committed)
      for (const std::string &directory : llvm::reverse(createdDirectories))
        sys::fs::remove(directory);
  }

  /// Writes the contents that `path` is to have to a temporary file beside it.
  Error stage(StringRef path, function_ref<void(raw_ostream &)> write) {
    if (sys::fs::is_directory(path))
      return failure(path, std::make_error_code(std::errc::is_a_directory));
    // A device or a pipe would be replaced by a file, for everybody.
    if (sys::fs::exists(path) && !sys::fs::is_regular_file(path))
      return createStringError("can't write '" + path +
                               "': it is not a regular file");
    if (Error error = createDirectory(sys::path::parent_path(path)))
      return error;
    int descriptor;
    std::string temporary;
    if (std::error_code code = createTemporary(path, descriptor, temporary))
      return failure(path, code);
    changes.push_back({path.str(), std::move(temporary), "", false});
    raw_fd_ostream os(descriptor, /*shouldClose=*/true);
    write(os);
    os.close();
    std::error_code code = os.error();
    os.clear_error();
    if (code)
      return failure(path, code);
    if (haveSameContents(path, changes.back().temporary)) {
      sys::fs::remove(changes.back().temporary);
      sys::DontRemoveFileOnSignal(changes.back().temporary);
      changes.pop_back();
    }
    return Error::success();
  }

  /// Puts the temporary files in place.
  Error commit() {
    for (Change &change : changes) {
      if (Error error = keepBackup(change))
        return error;
      if (std::error_code code = sys::fs::rename(change.temporary, change.path))
        return failure(change.path, code);
      change.replaced = true;
    }
    committed = true;
    return Error::success();
  }

private:
  struct Change {
    std::string path;
    std::string temporary;
    std::string backup; ///< empty: none, there was no such file
    bool replaced;
  };

  static Error failure(const Twine &path, std::error_code code) {
    return createStringError(code,
                             "can't write '" + path + "': " + code.message());
  }

  /// Creates a new file beside `path`. (sys::fs::createUniqueFile would put
  /// digits for every '%' of the path, too.)
  static std::error_code createTemporary(StringRef path, int &descriptor,
                                         std::string &temporary) {
    std::error_code code;
    for (unsigned attempt = 0; attempt < 1000; ++attempt) {
      temporary = (path + ".tmp" + Twine(attempt)).str();
      code = sys::fs::openFileForWrite(temporary, descriptor,
                                       sys::fs::CD_CreateNew);
      if (code != std::errc::file_exists)
        break;
    }
    if (!code)
      sys::RemoveFileOnSignal(temporary);
    return code;
  }

  static bool haveSameContents(StringRef path, StringRef other) {
    auto map = [](StringRef path) {
      return MemoryBuffer::getFile(path, /*IsText=*/false,
                                   /*RequiresNullTerminator=*/false);
    };
    ErrorOr<std::unique_ptr<MemoryBuffer>> file = map(path);
    ErrorOr<std::unique_ptr<MemoryBuffer>> otherFile = map(other);
    return file && otherFile &&
           (*file)->getBuffer() == (*otherFile)->getBuffer();
  }

  /// Creates a folder and those above it, and remembers which were new.
  Error createDirectory(StringRef path) {
    if (path.empty() || sys::fs::is_directory(path))
      return Error::success();
    if (sys::fs::exists(path))
      return failure(path, std::make_error_code(std::errc::not_a_directory));
    if (Error error = createDirectory(sys::path::parent_path(path)))
      return error;
    if (std::error_code code = sys::fs::create_directory(
            path, /*IgnoreExisting=*/false, sys::fs::all_all))
      return failure(path, code);
    createdDirectories.push_back(path.str());
    return Error::success();
  }

  static Error keepBackup(Change &change) {
    if (!sys::fs::exists(change.path))
      return Error::success();
    change.backup = change.temporary + ".old";
    // A second name suffices where the file system has such.
    if (sys::fs::create_hard_link(change.path, change.backup))
      if (std::error_code code = sys::fs::copy_file(change.path, change.backup))
        return failure(change.path, code);
    return Error::success();
  }

  std::vector<Change> changes;
  std::vector<std::string> createdDirectories;
  bool committed = false;
};

} // namespace

Error edbc::writeFiles(StringRef directory, ArrayRef<OutputFile> files) {
  FileTransaction transaction;
  for (const OutputFile &file : files) {
    SmallString<128> path(directory);
    sys::path::append(path, file.path);
    if (Error error = transaction.stage(
            path, [&](raw_ostream &os) { os << file.contents; }))
      return error;
  }
  return transaction.commit();
}

Error edbc::writeFile(StringRef path, function_ref<void(raw_ostream &)> write) {
  FileTransaction transaction;
  if (Error error = transaction.stage(path, write))
    return error;
  return transaction.commit();
}
