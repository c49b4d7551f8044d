//===- RareWordsTest.cpp - tests of the rule for rare words -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "examples/taggers/RareWords.h"

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

using namespace taggers;

namespace {

using Characters = std::vector<std::uint32_t>;

TEST(RareWords, StandFewerThanFiveTimesInTraining) {
  std::istringstream text("a|X a|X b|X a|X b|X\na|Y b|X b|X a|X c|X\n");
  WordCounts counts(readSentences(text, "file.txt"));
  EXPECT_FALSE(counts.isRare("a")); // five times, whatever the tag
  EXPECT_TRUE(counts.isRare("b"));  // four times
  EXPECT_TRUE(counts.isRare("c"));
  EXPECT_TRUE(counts.isRare("never seen"));
}

TEST(RareWords, AreReadByBytesBetweenMarks) {
  EXPECT_EQ(charactersOf("ab"), Characters({endOfWord, 'a', 'b', endOfWord}));
  EXPECT_EQ(charactersOf("\xc3\xa9"),
            Characters({endOfWord, 0xc3, 0xa9, endOfWord}));
}

TEST(RareWords, HaveCharactersBelowTheirNumber) {
  for (std::uint32_t character : charactersOf("\xff\x7f\x80\x01"))
    EXPECT_LT(character, numCharacters);
}

} // namespace
