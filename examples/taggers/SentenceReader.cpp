//===- SentenceReader.cpp - reads sentences of tagged words -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "taggers/SentenceReader.h"

#include "program/Text.h"

using namespace taggers;

Corpus taggers::readSentences(std::istream &input, const std::string &file) {
  Corpus corpus;
  text::Vocabulary words, tags;
  text::Lines lines(input, file);
  while (lines.nextFilled()) {
    Sentence sentence;
    for (const text::Word &item : lines.words()) {
      std::size_t bar = item.text.rfind('|');
      if (bar == std::string::npos || bar == 0 || bar + 1 == item.text.size())
        lines.fail(item.column, "expected a word, '|' and its tag, found " +
                                    text::quoted(item.text));
      std::string word = item.text.substr(0, bar);
      sentence.push_back(
          {word, words.idOf(word), tags.idOf(item.text.substr(bar + 1))});
    }
    corpus.sentences.push_back(std::move(sentence));
  }
  if (corpus.sentences.empty())
    lines.failText("holds no sentences");
  corpus.numWords = words.size();
  corpus.numTags = tags.size();
  return corpus;
}

Corpus taggers::readSentenceFile(const std::string &path) {
  std::ifstream file = text::openFile(path);
  return readSentences(file, path);
}
