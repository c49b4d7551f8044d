//===- PairReader.h - reads sentences with their translations ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// One pair of sentences a line, words between white space:
//
//   pair     = sentence '|||' sentence        the source and its translation
//   sentence = '<s>' word* '</s>'
//   word     = bytes other than white space, none of the three marks
//
// Lines of white space alone are skipped.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_EXAMPLES_TRANSLATION_PAIRREADER_H
#define EDBC_EXAMPLES_TRANSLATION_PAIRREADER_H

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace translation {

/// Word ids of each language are 0 .. numWordIds - 1.
inline constexpr unsigned numWordIds = 256;

/// The words' ids, the marks at both ends among them.
struct Pair {
  std::vector<std::uint32_t> source;
  std::vector<std::uint32_t> target;
};

/// Reads all pairs of `input`. A word's id is the number of different words of
/// its language before its first occurrence, modulo numWordIds.
/// @param file stands in messages only.
/// @throws text::ReadError if the text is anything else than at least one pair,
///   or can't be read.
std::vector<Pair> readPairs(std::istream &input, const std::string &file);

/// Reads all pairs of the file `path`.
/// @throws text::ReadError, and std::system_error if it can't be opened.
std::vector<Pair> readPairFile(const std::string &path);

} // namespace translation

#endif // EDBC_EXAMPLES_TRANSLATION_PAIRREADER_H
