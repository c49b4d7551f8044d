//===- TextTest.cpp - tests of lines and words ------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "examples/program/Text.h"

#include <cstdint>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "gtest/gtest.h"

using namespace text;

namespace {

TEST(Lines, GoFromOneToTheNext) {
  std::istringstream input("one\n\n \t\r\ntwo");
  Lines lines(input, "file.txt");
  ASSERT_TRUE(lines.next());
  EXPECT_EQ(lines.line(), "one");
  ASSERT_TRUE(lines.nextFilled());
  EXPECT_EQ(lines.line(), "two");
  EXPECT_FALSE(lines.next());
  EXPECT_EQ(lines.line(), "");
}

TEST(Lines, KnowTheirPlace) {
  std::istringstream input("\n\nthree");
  Lines lines(input, "file.txt");
  ASSERT_TRUE(lines.nextFilled());
  auto messageOf = [](const auto &failing) {
    try {
      failing();
    } catch (const ReadError &error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(messageOf([&] { lines.failText("bad"); }), "file.txt: bad");
  EXPECT_EQ(messageOf([&] { lines.fail("bad"); }), "file.txt:3: bad");
  EXPECT_EQ(messageOf([&] { lines.fail(5, "bad"); }), "file.txt:3:5: bad");
}

TEST(Lines, AreMadeOfWords) {
  std::istringstream input(" a\tbc  d\r\n");
  Lines lines(input, "file.txt");
  EXPECT_TRUE(lines.words().empty());
  ASSERT_TRUE(lines.next());
  std::vector<Word> words = lines.words();
  ASSERT_EQ(words.size(), 3u);
  EXPECT_EQ(words[0].text, "a");
  EXPECT_EQ(words[0].column, 2u);
  EXPECT_EQ(words[1].text, "bc");
  EXPECT_EQ(words[1].column, 4u);
  EXPECT_EQ(words[2].text, "d");
  EXPECT_EQ(words[2].column, 8u);
}

TEST(Text, QuotesWhatIsShortAndPrintable) {
  EXPECT_EQ(quoted("abc"), "'abc'");
  EXPECT_EQ(quoted("a\nb\xff"), "'a?b?'");
  EXPECT_EQ(quoted(std::string(20, 'x')), "'" + std::string(20, 'x') + "'");
  EXPECT_EQ(quoted(std::string(21, 'x')), "'" + std::string(20, 'x') + "...'");
}

TEST(Text, ReadsNumbers) {
  std::uint32_t number = 0;
  EXPECT_TRUE(parseNumber("0", number));
  EXPECT_EQ(number, 0u);
  EXPECT_TRUE(parseNumber("4294967295", number));
  EXPECT_EQ(number, 4294967295u);
  for (const char *bad : {"", "4294967296", "-1", "+1", "1.0", "1x", " 1", "x"})
    EXPECT_FALSE(parseNumber(bad, number)) << bad;
}

TEST(Text, NumbersWordsInOrderOfFirstOccurrence) {
  Vocabulary all, three(3);
  const char *words[] = {"a", "b", "a", "c", "d", "b"};
  const std::uint32_t ids[] = {0, 1, 0, 2, 3, 1};
  for (unsigned i = 0; i != 6; ++i) {
    EXPECT_EQ(all.idOf(words[i]), ids[i]);
    EXPECT_EQ(three.idOf(words[i]), ids[i] % 3);
  }
  EXPECT_EQ(all.size(), 4u);
  EXPECT_EQ(three.size(), 4u);
}

TEST(Text, SaysWhichFileCannotBeOpened) {
  try {
    openFile("no/such/file");
    ADD_FAILURE() << "no error";
  } catch (const std::system_error &error) {
    EXPECT_EQ(
        std::string(error.what()).rfind("no/such/file: can't be opened", 0), 0u)
        << error.what();
  }
}

} // namespace
