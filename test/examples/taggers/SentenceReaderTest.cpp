//===- SentenceReaderTest.cpp - tests of the sentence reader ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "examples/taggers/SentenceReader.h"

#include "test/examples/ReaderErrors.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

using namespace taggers;
using reader_errors::BadText;

namespace {

Corpus read(const std::string &text) {
  std::istringstream input(text);
  return readSentences(input, "file.txt");
}

std::string errorOf(const std::string &text) {
  return reader_errors::errorOf([&] { read(text); });
}

TEST(SentenceReader, ReadsWordsAndTags) {
  Corpus corpus = read("Ana|PER sees|O Ana|PER\n");
  ASSERT_EQ(corpus.sentences.size(), 1u);
  const Sentence &sentence = corpus.sentences[0];
  ASSERT_EQ(sentence.size(), 3u);
  EXPECT_EQ(sentence[0].text, "Ana");
  EXPECT_EQ(sentence[1].text, "sees");
  EXPECT_EQ(sentence[0].id, 0u);
  EXPECT_EQ(sentence[1].id, 1u);
  EXPECT_EQ(sentence[2].id, 0u);
  EXPECT_EQ(sentence[0].tag, 0u);
  EXPECT_EQ(sentence[1].tag, 1u);
  EXPECT_EQ(sentence[2].tag, 0u);
  EXPECT_EQ(corpus.numWords, 2u);
  EXPECT_EQ(corpus.numTags, 2u);
}

TEST(SentenceReader, NumbersTheWholeVocabulary) {
  std::string text;
  for (unsigned i = 0; i < 1000; ++i)
    text += "w" + std::to_string(i) + "|O\n";
  Corpus corpus = read(text);
  EXPECT_EQ(corpus.numWords, 1000u);
  EXPECT_EQ(corpus.sentences.back()[0].id, 999u);
}

TEST(SentenceReader, TakesTheLastBarAsTheBorder) {
  Corpus corpus = read("a|b|O ||O caf\xc3\xa9|O");
  ASSERT_EQ(corpus.sentences.size(), 1u);
  ASSERT_EQ(corpus.sentences[0].size(), 3u);
  EXPECT_EQ(corpus.sentences[0][0].text, "a|b");
  EXPECT_EQ(corpus.sentences[0][1].text, "|");
  EXPECT_EQ(corpus.sentences[0][2].text, "caf\xc3\xa9");
  EXPECT_EQ(corpus.numTags, 1u);
}

TEST(SentenceReader, DoesNotMindWhiteSpace) {
  Corpus corpus = read("\n \t\n  a|A\t b|B \r\n\nc|A"); // no last newline
  ASSERT_EQ(corpus.sentences.size(), 2u);
  EXPECT_EQ(corpus.sentences[0].size(), 2u);
  EXPECT_EQ(corpus.numTags, 2u);
}

TEST(SentenceReader, ReadsTheFileThatShips) {
  std::ifstream file(EDBC_SENTENCES_FILE);
  EXPECT_GE(readSentences(file, EDBC_SENTENCES_FILE).sentences.size(), 20u);
}

TEST(SentenceReader, ReportsAStreamThatFails) {
  reader_errors::expectErrorOfBrokenStream(readSentences);
}

class SentenceReaderErrors : public testing::TestWithParam<BadText> {};

TEST_P(SentenceReaderErrors, AreReportedWithTheirPlace) {
  EXPECT_EQ(errorOf(GetParam().text), GetParam().message);
}

const BadText badTexts[] = {
    {"Empty", "", "file.txt: holds no sentences"},
    {"BlankLinesOnly", "\n \n", "file.txt: holds no sentences"},
    {"NoTag", "a|A b\n",
     "file.txt:1:5: expected a word, '|' and its tag, found 'b'"},
    {"EmptyTag", "a|A\nb|\n",
     "file.txt:2:1: expected a word, '|' and its tag, found 'b|'"},
    {"EmptyWord", "a|A  |B",
     "file.txt:1:6: expected a word, '|' and its tag, found '|B'"},
    {"BarAlone", "|",
     "file.txt:1:1: expected a word, '|' and its tag, found '|'"},
    {"Unprintable", "\x7f\x45\x4c\x46\x01",
     "file.txt:1:1: expected a word, '|' and its tag, found '?ELF?'"},
    {"Long", "AAAAAAAAAAAAAAAAAAAAAAAAAAA",
     "file.txt:1:1: expected a word, '|' and its tag, found "
     "'AAAAAAAAAAAAAAAAAAAA...'"},
};

INSTANTIATE_TEST_SUITE_P(All, SentenceReaderErrors, testing::ValuesIn(badTexts),
                         reader_errors::nameOf);

TEST(SentenceReader, SurvivesRandomDamage) {
  const std::string sound = "Ana|PER sees|O Ana|PER\nthe|O end|O";
  const std::string bytes = "|| OAa\t\n";
  reader_errors::expectUseOrError(sound, bytes, [](const std::string &text) {
    Corpus corpus = read(text);
    for (const Sentence &sentence : corpus.sentences) {
      EXPECT_FALSE(sentence.empty()) << text;
      for (const Word &word : sentence) {
        EXPECT_FALSE(word.text.empty()) << text;
        EXPECT_LT(word.id, corpus.numWords) << text;
        EXPECT_LT(word.tag, corpus.numTags) << text;
      }
    }
  });
}

} // namespace
