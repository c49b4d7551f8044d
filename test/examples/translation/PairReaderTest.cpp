//===- PairReaderTest.cpp - tests of the reader of pairs --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "examples/translation/PairReader.h"

#include "test/examples/ReaderErrors.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

using namespace translation;
using reader_errors::BadText;

namespace {

std::vector<Pair> read(const std::string &text) {
  std::istringstream input(text);
  return readPairs(input, "file.txt");
}

std::string errorOf(const std::string &text) {
  return reader_errors::errorOf([&] { read(text); });
}

using Ids = std::vector<std::uint32_t>;

TEST(PairReader, ReadsBothSentencesWithTheirMarks) {
  std::vector<Pair> pairs = read("<s> a b a </s> ||| <s> b c </s>\n");
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_EQ(pairs[0].source, Ids({0, 1, 2, 1, 3}));
  EXPECT_EQ(pairs[0].target, Ids({0, 1, 2, 3}));
}

TEST(PairReader, NumbersTheWordsOfEachLanguageAcrossPairs) {
  std::vector<Pair> pairs =
      read("<s> a </s> ||| <s> x y </s>\n<s> b a </s> ||| <s> y b </s>\n");
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[1].source, Ids({0, 3, 1, 2}));
  EXPECT_EQ(pairs[1].target, Ids({0, 2, 4, 3}));
}

TEST(PairReader, TakesWordIdsModuloTheTableSize) {
  std::string text = "<s>";
  for (unsigned i = 0; i < numWordIds; ++i)
    text += " w" + std::to_string(i);
  std::vector<Pair> pairs = read(text + " </s> ||| <s> </s>");
  EXPECT_EQ(pairs[0].source[numWordIds - 1], numWordIds - 1);
  EXPECT_EQ(pairs[0].source[numWordIds], 0u);
  EXPECT_EQ(pairs[0].source[numWordIds + 1], 1u);
}

TEST(PairReader, TakesEmptySentencesAndWhiteSpace) {
  std::vector<Pair> pairs =
      read("\n  <s>\t</s> |||  <s> </s> \r\n \n<s> ||  </s> ||| <s> | </s>");
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[0].source, Ids({0, 1}));
  EXPECT_EQ(pairs[0].target, Ids({0, 1}));
  EXPECT_EQ(pairs[1].source, Ids({0, 2, 1}));
}

TEST(PairReader, ReadsTheFileThatShips) {
  std::ifstream file(EDBC_PAIRS_FILE);
  EXPECT_GE(readPairs(file, EDBC_PAIRS_FILE).size(), 10u);
}

TEST(PairReader, ReportsAStreamThatFails) {
  reader_errors::expectErrorOfBrokenStream(readPairs);
}

class PairReaderErrors : public testing::TestWithParam<BadText> {};

TEST_P(PairReaderErrors, AreReportedWithTheirPlace) {
  EXPECT_EQ(errorOf(GetParam().text), GetParam().message);
}

const BadText badTexts[] = {
    {"Empty", "", "file.txt: holds no pairs of sentences"},
    {"BlankLinesOnly", "\n \n", "file.txt: holds no pairs of sentences"},
    {"NoMark", "a b", "file.txt:1:1: expected '<s>', found 'a'"},
    {"Truncated", "<s> a </s> ||| <s> b </s>\n<s> a",
     "file.txt:2:6: expected '</s>', found the end of the line"},
    {"NoTarget", "<s> a </s>",
     "file.txt:1:11: expected '|||', found the end of the line"},
    {"NoTargetBehindBars", "<s> a </s> |||",
     "file.txt:1:15: expected '<s>', found the end of the line"},
    {"TargetTruncated", "<s> a </s> ||| <s> b",
     "file.txt:1:21: expected '</s>', found the end of the line"},
    {"NoBars", "<s> a </s> <s> b </s>",
     "file.txt:1:12: expected '|||', found '<s>'"},
    {"BarsInSentence", "<s> a ||| b </s>",
     "file.txt:1:7: expected '</s>', found '|||'"},
    {"MarkInSentence", "<s> a <s> b </s>",
     "file.txt:1:7: expected '</s>', found '<s>'"},
    {"ThreeSentences", "<s> a </s> ||| <s> b </s> ||| <s> c </s>",
     "file.txt:1:27: expected the end of the line after the second sentence, "
     "found '|||'"},
    {"Unprintable", "\x7f\x45\x4c\x46\x01 x",
     "file.txt:1:1: expected '<s>', found '?ELF?'"},
};

INSTANTIATE_TEST_SUITE_P(All, PairReaderErrors, testing::ValuesIn(badTexts),
                         reader_errors::nameOf);

TEST(PairReader, SurvivesRandomDamage) {
  const std::string sound =
      "<s> a b </s> ||| <s> c </s>\n<s> d </s> ||| <s> e a </s>";
  const std::string bytes = "<s>/| ab\n";
  reader_errors::expectUseOrError(sound, bytes, [](const std::string &text) {
    for (const Pair &pair : read(text)) {
      EXPECT_GE(pair.source.size(), 2u) << text;
      EXPECT_GE(pair.target.size(), 2u) << text;
    }
  });
}

} // namespace
