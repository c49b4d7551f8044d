//===- PairReader.cpp - reads sentences with their translations -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "translation/PairReader.h"

#include "program/Text.h"

using namespace translation;

namespace {

/// Takes the words of one line, from the first to the last.
class PairParser {
public:
  explicit PairParser(const text::Lines &lines)
      : lines(lines), words(lines.words()) {}

  /// Takes a sentence, up to and with its '</s>'.
  std::vector<std::uint32_t> takeSentence(text::Vocabulary &vocabulary) {
    std::vector<std::uint32_t> ids;
    expect("<s>");
    ids.push_back(vocabulary.idOf("<s>"));
    while (!atEnd() && !isMark(words[next].text))
      ids.push_back(vocabulary.idOf(words[next++].text));
    expect("</s>");
    ids.push_back(vocabulary.idOf("</s>"));
    return ids;
  }

  void expect(const char *mark) {
    if (atEnd() || words[next].text != mark)
      fail(std::string("expected '") + mark + "'");
    ++next;
  }

  void expectEnd() {
    if (!atEnd())
      fail("expected the end of the line after the second sentence");
  }

private:
  static bool isMark(const std::string &word) {
    return word == "<s>" || word == "</s>" || word == "|||";
  }

  bool atEnd() const { return next == words.size(); }

  [[noreturn]] void fail(const std::string &problem) const {
    if (atEnd())
      lines.fail(lines.line().size() + 1,
                 problem + ", found the end of the line");
    lines.fail(words[next].column,
               problem + ", found " + text::quoted(words[next].text));
  }

  const text::Lines &lines;
  std::vector<text::Word> words;
  std::size_t next = 0;
};

} // namespace

std::vector<Pair> translation::readPairs(std::istream &input,
                                         const std::string &file) {
  std::vector<Pair> pairs;
  text::Vocabulary sourceWords(numWordIds), targetWords(numWordIds);
  text::Lines lines(input, file);
  while (lines.nextFilled()) {
    PairParser parser(lines);
    Pair pair;
    pair.source = parser.takeSentence(sourceWords);
    parser.expect("|||");
    pair.target = parser.takeSentence(targetWords);
    parser.expectEnd();
    pairs.push_back(std::move(pair));
  }
  if (pairs.empty())
    lines.failText("holds no pairs of sentences");
  return pairs;
}

std::vector<Pair> translation::readPairFile(const std::string &path) {
  std::ifstream file = text::openFile(path);
  return readPairs(file, path);
}
