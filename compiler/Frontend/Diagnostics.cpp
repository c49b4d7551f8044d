//===- Diagnostics.cpp - errors with their places ---------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/Diagnostics.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Unicode.h"

using namespace llvm;

namespace edbc {

static bool isContinuationByte(char byte) { return (byte & 0xC0) == 0x80; }

//===----------------------------------------------------------------------===//
// SourceFile
//===----------------------------------------------------------------------===//

SourceFile::SourceFile(StringRef name, StringRef text)
    : name(name), text(text), lineBegins{0} {
  for (size_t i = text.find('\n'); i != StringRef::npos;
       i = text.find('\n', i + 1))
    lineBegins.push_back(i + 1);
}

SourceFile::Place SourceFile::getPlace(uint32_t offset) const {
  auto next = upper_bound(lineBegins, offset);
  StringRef before = text.slice(*std::prev(next), offset);
  return {unsigned(next - lineBegins.begin()),
          unsigned(1 + before.size() - count_if(before, isContinuationByte))};
}

SourceRange SourceFile::getLine(uint32_t offset) const {
  auto next = upper_bound(lineBegins, offset);
  uint32_t begin = *std::prev(next);
  uint32_t end = next == lineBegins.end() ? text.size() : *next;
  return {begin, uint32_t(begin + text.slice(begin, end).rtrim("\r\n").size())};
}

//===----------------------------------------------------------------------===//
// Diagnostics
//===----------------------------------------------------------------------===//

/// The line of the file, cut where it is very long and with tabs expanded, and
/// below it a caret, and `~` under the rest of `place`.
static std::string renderSnippet(const SourceFile &file, SourceRange place) {
  constexpr uint32_t shownBefore = 80, shownAfter = 40, tabWidth = 8;
  StringRef text = file.getText();
  SourceRange line = file.getLine(place.caret);
  uint32_t caret = std::min(place.caret, line.end);
  uint32_t begin = line.begin, end = line.end;
  if (end - begin > shownBefore + shownAfter) {
    begin = std::max(begin, caret < shownBefore ? 0 : caret - shownBefore);
    end = std::min(end, caret + shownAfter);
    while (begin > line.begin && isContinuationByte(text[begin]))
      --begin;
    while (end < line.end && isContinuationByte(text[end]))
      ++end;
  }
  std::string shown, marks;
  for (uint32_t i = begin, next; i < end; i = next) {
    next = i + 1;
    while (next < end && isContinuationByte(text[next]))
      ++next;
    StringRef character = text.slice(i, next);
    int width = sys::unicode::columnWidthUTF8(character);
    if (character == "\t") {
      width = tabWidth - marks.size() % tabWidth;
      shown.append(width, ' ');
    } else if (width < 0) {
      width = 1;
      shown += '?';
    } else {
      shown += character;
    }
    size_t column = marks.size();
    marks.append(width, place.begin <= i && i < place.end ? '~' : ' ');
    if (i == caret && width > 0)
      marks[column] = '^';
  }
  if (caret == end)
    marks += '^';
  return shown + "\n" + StringRef(marks).rtrim().str() + "\n";
}

static Diagnostic makeDiagnostic(Diagnostic::Severity severity,
                                 const SourceFile &file, SourceRange place,
                                 const Twine &message) {
  SourceFile::Place at = file.getPlace(place.caret);
  std::string words = message.str();
  std::string text =
      (file.getName() + ":" + Twine(at.line) + ":" + Twine(at.column) +
       (severity == Diagnostic::Severity::Error ? ": error: " : ": note: ") +
       words + "\n" + renderSnippet(file, place))
          .str();
  return {severity, at, std::move(words), std::move(text)};
}

void Diagnostics::add(Diagnostic error) {
  isLastKept = none_of(diagnostics, [&](const Diagnostic &other) {
    return other.text == error.text;
  });
  if (!isLastKept)
    return;
  isLastKept = ++numErrors <= maxErrors;
  if (isLastKept)
    diagnostics.push_back(std::move(error));
  else if (numErrors == maxErrors + 1)
    diagnostics.push_back({Diagnostic::Severity::Error,
                           {0, 0},
                           "too many errors; the rest is not shown",
                           "error: too many errors; the rest is not shown\n"});
}

void Diagnostics::error(const SourceFile &file, SourceRange place,
                        const Twine &message) {
  if (numErrors <= maxErrors)
    add(makeDiagnostic(Diagnostic::Severity::Error, file, place, message));
  for (const ErrorContext *around = context; around; around = around->outer)
    note(file, around->place, around->message);
}

void Diagnostics::note(const SourceFile &file, SourceRange place,
                       const Twine &message) {
  if (isLastKept)
    diagnostics.push_back(
        makeDiagnostic(Diagnostic::Severity::Note, file, place, message));
}

void Diagnostics::commandLineError(const Twine &message) {
  std::string words = message.str();
  std::string text = "command line: error: " + words + "\n";
  add({Diagnostic::Severity::Error, {0, 0}, std::move(words), std::move(text)});
}

std::string Diagnostics::str() const {
  std::string all;
  for (const Diagnostic &diagnostic : diagnostics)
    all += diagnostic.text;
  return all;
}

//===----------------------------------------------------------------------===//
// Suggestions
//===----------------------------------------------------------------------===//

std::string suggest(StringRef name, ArrayRef<StringRef> candidates) {
  StringRef nearest;
  unsigned bestDistance = (name.size() + 2) / 3 + 1;
  for (StringRef candidate : candidates) {
    unsigned distance =
        name.edit_distance_insensitive(candidate, true, bestDistance);
    // A name of which every letter differs is not near, however short.
    if (distance < bestDistance &&
        distance < std::max(name.size(), candidate.size())) {
      bestDistance = distance;
      nearest = candidate;
    }
  }
  return nearest.empty() ? "" : ("; did you mean '" + nearest + "'?").str();
}

} // namespace edbc
