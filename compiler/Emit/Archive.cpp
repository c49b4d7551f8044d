//===- Archive.cpp - a static library with the runtime in it ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Archive.h"

#include "llvm/Object/Archive.h"
#include "llvm/Object/ArchiveWriter.h"

#include <vector>

using namespace llvm;
using namespace edbc;

Expected<std::string> edbc::buildArchive(ArrayRef<ArchiveMember> members,
                                         StringRef base) {
  std::vector<NewArchiveMember> all;
  for (const ArchiveMember &member : members)
    all.emplace_back(MemoryBufferRef(member.object, member.name));

  Expected<std::unique_ptr<object::Archive>> archive =
      object::Archive::create(MemoryBufferRef(base, "runtime"));
  if (!archive)
    return archive.takeError();
  Error error = Error::success();
  for (const object::Archive::Child &child : (*archive)->children(error)) {
    Expected<NewArchiveMember> member =
        NewArchiveMember::getOldMember(child, /*Deterministic=*/true);
    if (!member)
      return joinErrors(std::move(error), member.takeError());
    all.push_back(std::move(*member));
  }
  if (error)
    return error;

  // What the writer would only warn of is a broken member.
  Error warnings = Error::success();
  Expected<std::unique_ptr<MemoryBuffer>> bytes = writeArchiveToBuffer(
      all, SymtabWritingMode::NormalSymtab, object::Archive::K_GNU,
      /*Deterministic=*/true, /*Thin=*/false, [&](Error warning) {
        warnings = joinErrors(std::move(warnings), std::move(warning));
      });
  if (!bytes)
    return joinErrors(std::move(warnings), bytes.takeError());
  if (warnings)
    return warnings;
  return (*bytes)->getBuffer().str();
}
