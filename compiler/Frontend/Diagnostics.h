//===- Diagnostics.h - errors with their places in a model file -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_FRONTEND_DIAGNOSTICS_H
#define EDBC_COMPILER_FRONTEND_DIAGNOSTICS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FormatVariadic.h"
#include <cstdint>
#include <string>
#include <vector>

namespace edbc {

/// Bytes [begin, end) of a model file, and the one among them to point at.
struct SourceRange {
  SourceRange(uint32_t begin, uint32_t end, uint32_t caret)
      : begin(begin), end(end), caret(caret) {}
  SourceRange(uint32_t begin, uint32_t end) : SourceRange(begin, end, begin) {}
  SourceRange() : SourceRange(0, 0) {}

  uint32_t begin;
  uint32_t end;
  uint32_t caret;
};

/// A model file and where its lines begin. Name and text are not copied.
class SourceFile {
public:
  /// Line and column count from 1; a column is a Unicode code point.
  struct Place {
    unsigned line;
    unsigned column;
  };

  SourceFile(llvm::StringRef name, llvm::StringRef text);

  llvm::StringRef getName() const { return name; }
  llvm::StringRef getText() const { return text; }
  llvm::StringRef getText(SourceRange range) const {
    return text.slice(range.begin, range.end);
  }
  Place getPlace(uint32_t offset) const;
  /// The line that holds `offset`, without its end.
  SourceRange getLine(uint32_t offset) const;

private:
  llvm::StringRef name;
  llvm::StringRef text;
  std::vector<uint32_t> lineBegins;
};

/// One message, as text for the user and as data for a caller.
struct Diagnostic {
  enum class Severity { Error, Note };

  Severity severity;
  SourceFile::Place place; ///< zeros where it is about the command line
  std::string message;
  /// What to show: `FILE:LINE:COLUMN: error: MESSAGE`, the line of the file and
  /// a line with a caret. Ends in a newline.
  std::string text;
};

/// Why a place of a file is looked at: a note for the errors that are there.
struct ErrorContext {
  SourceRange place;
  std::string message;
  const ErrorContext *outer = nullptr; ///< another note for the same errors
};

/// Collects messages in the order in which they are found; prints nothing. An
/// error that is there already, word by word at the same place, is dropped with
/// its notes. After `maxErrors` errors one more says that there are others, and
/// the rest is dropped.
class Diagnostics {
public:
  static constexpr unsigned maxErrors = 20;

  /// Where the errors lie that are reported now; not owned. Null at first.
  const ErrorContext *context = nullptr;

  /// Reports an error at `place.caret`; `place` is underlined as far as it lies
  /// on the same line.
  void error(const SourceFile &file, SourceRange place,
             const llvm::Twine &message);
  /// Adds a note to the error reported last, if it was kept.
  void note(const SourceFile &file, SourceRange place,
            const llvm::Twine &message);
  /// Reports an error in the arguments that the compiler was called with.
  void commandLineError(const llvm::Twine &message);

  bool hasErrors() const { return numErrors != 0; }
  llvm::ArrayRef<Diagnostic> get() const { return diagnostics; }
  /// The texts of all messages, one after another.
  std::string str() const;

private:
  /// Adds an error unless it is there already or one too many.
  void add(Diagnostic error);

  std::vector<Diagnostic> diagnostics;
  unsigned numErrors = 0;
  bool isLastKept = false; ///< the error reported last
};

/// Reports problems of one file. Messages are formats of llvm::formatv.
struct Reporter {
  const SourceFile &file;
  Diagnostics &diagnostics;

  template <typename... Ts>
  void error(SourceRange place, const char *format, Ts &&...values) const {
    diagnostics.error(file, place,
                      llvm::formatv(format, std::forward<Ts>(values)...).str());
  }
  template <typename... Ts>
  void note(SourceRange place, const char *format, Ts &&...values) const {
    diagnostics.note(file, place,
                     llvm::formatv(format, std::forward<Ts>(values)...).str());
  }
};

/// "; did you mean 'X'?" with the candidate that `name` was most likely meant
/// to be (of equally near ones the first), or nothing where none is close.
std::string suggest(llvm::StringRef name,
                    llvm::ArrayRef<llvm::StringRef> candidates);

} // namespace edbc

#endif // EDBC_COMPILER_FRONTEND_DIAGNOSTICS_H
