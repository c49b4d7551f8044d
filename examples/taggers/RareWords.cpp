//===- RareWords.cpp - which words are read by characters -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "taggers/RareWords.h"

using namespace taggers;

WordCounts::WordCounts(const Corpus &training) {
  for (const Sentence &sentence : training.sentences)
    for (const Word &word : sentence)
      ++counts[word.text];
}

bool WordCounts::isRare(const std::string &word) const {
  auto found = counts.find(word);
  return found == counts.end() || found->second < fewest;
}

std::vector<std::uint32_t> taggers::charactersOf(const std::string &word) {
  std::vector<std::uint32_t> characters = {endOfWord};
  for (char c : word)
    characters.push_back(static_cast<unsigned char>(c));
  characters.push_back(endOfWord);
  return characters;
}
