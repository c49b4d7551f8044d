//===- SentenceReader.h - reads sentences of tagged words -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The format of WikiNER: one sentence a line, words with their tags between
// white space.
//
//   sentence = word '|' tag (space word '|' tag)*
//   word     = bytes other than white space, '|' among them
//   tag      = bytes other than white space and '|'
//
// Lines of white space alone are skipped.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_EXAMPLES_TAGGERS_SENTENCEREADER_H
#define EDBC_EXAMPLES_TAGGERS_SENTENCEREADER_H

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace taggers {

struct Word {
  std::string text;
  std::uint32_t id;
  std::uint32_t tag;
};

/// Never empty.
using Sentence = std::vector<Word>;

struct Corpus {
  std::vector<Sentence> sentences; ///< at least one
  std::size_t numWords;            ///< different ones: ids are below
  std::size_t numTags;             ///< different ones: tags are below
};

/// Reads all sentences of `input`. A word's id is the number of different words
/// before its first occurrence; and so for tags.
/// @param file stands in messages only.
/// @throws text::ReadError if the text is anything else than at least one
///   sentence, or can't be read.
Corpus readSentences(std::istream &input, const std::string &file);

/// Reads all sentences of the file `path`.
/// @throws text::ReadError, and std::system_error if it can't be opened.
Corpus readSentenceFile(const std::string &path);

} // namespace taggers

#endif // EDBC_EXAMPLES_TAGGERS_SENTENCEREADER_H
