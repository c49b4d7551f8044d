//===- Text.h - what readers of text formats have in common -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Lines and their places, words and their numbers. A reader takes a stream and
// the name that messages call it by, and throws a ReadError for whatever is no
// text of its format.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_EXAMPLES_PROGRAM_TEXT_H
#define EDBC_EXAMPLES_PROGRAM_TEXT_H

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <istream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

namespace text {

/// What is wrong with a text: what() is one line, "FILE:LINE: what is wrong" or
/// "FILE:LINE:COLUMN: what is wrong", with lines and columns (in bytes) counted
/// from 1; "FILE: what is wrong" where no place is to blame.
class ReadError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Opens a file to be read.
/// @throws std::system_error
std::ifstream openFile(const std::string &path);

/// A run of bytes between white space.
struct Word {
  std::string text;
  std::size_t column; ///< of its first byte, from 1
};

/// The lines of a text, one after the other.
class Lines {
public:
  /// @param input must outlive this.
  /// @param file stands in messages only.
  Lines(std::istream &input, std::string file)
      : input(input), file(std::move(file)) {}

  /// Goes to the next line; false if there is none.
  /// @throws ReadError if the stream fails.
  bool next();
  /// Goes to the next line that isn't white space alone; false if there is
  /// none.
  /// @throws ReadError if the stream fails.
  bool nextFilled();

  /// The present line, without the newline.
  const std::string &line() const { return content; }
  std::vector<Word> words() const;

  /// Reports a problem of the text, of the present line, or of a place in it.
  /// @throws ReadError
  [[noreturn]] void failText(const std::string &problem) const;
  [[noreturn]] void fail(const std::string &problem) const;
  [[noreturn]] void fail(std::size_t column, const std::string &problem) const;

private:
  std::istream &input;
  std::string file;
  std::string content;
  std::size_t number = 0;
};

/// A part of a text in quotes, fit for a message: short, nothing unprintable.
std::string quoted(const std::string &part);

bool isSpace(char c);

/// Reads a decimal number without a sign; false if `digits` is anything else.
bool parseNumber(const std::string &digits, std::uint32_t &number);

/// Numbers words in order of their first occurrence.
class Vocabulary {
public:
  /// @param numIds ids are taken modulo this number.
  explicit Vocabulary(std::uint32_t numIds = UINT32_MAX) : numIds(numIds) {}

  std::uint32_t idOf(const std::string &word) {
    auto count = static_cast<std::uint32_t>(ids.size());
    return ids.try_emplace(word, count % numIds).first->second;
  }

  /// How many different words there were.
  std::size_t size() const { return ids.size(); }

private:
  std::uint32_t numIds;
  std::unordered_map<std::string, std::uint32_t> ids;
};

} // namespace text

#endif // EDBC_EXAMPLES_PROGRAM_TEXT_H
