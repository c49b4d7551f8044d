//===- RareWords.h - which words are read by characters ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_EXAMPLES_TAGGERS_RAREWORDS_H
#define EDBC_EXAMPLES_TAGGERS_RAREWORDS_H

#include "taggers/SentenceReader.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace taggers {

/// Characters are bytes and a mark for both ends of a word.
inline constexpr std::uint32_t endOfWord = 256;
inline constexpr std::uint32_t numCharacters = 257;

/// How often words stand in a training corpus.
class WordCounts {
public:
  /// A word is rare if it stands in the corpus fewer times than this.
  static constexpr std::size_t fewest = 5;

  explicit WordCounts(const Corpus &training);

  bool isRare(const std::string &word) const;

private:
  std::unordered_map<std::string, std::size_t> counts;
};

/// The bytes of a word, with an endOfWord at either end.
std::vector<std::uint32_t> charactersOf(const std::string &word);

} // namespace taggers

#endif // EDBC_EXAMPLES_TAGGERS_RAREWORDS_H
