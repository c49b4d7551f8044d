//===- TreeReaderTest.cpp - tests of the tree reader ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "examples/trees/TreeReader.h"

#include "test/examples/ReaderErrors.h"

#include <cstddef>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

using namespace trees;
using reader_errors::BadText;

namespace {

std::vector<Tree> read(const std::string &text) {
  std::istringstream input(text);
  return readTrees(input, "file.txt");
}

std::string errorOf(const std::string &text) {
  return reader_errors::errorOf([&] { read(text); });
}

TEST(TreeReader, ReadsALeaf) {
  std::vector<Tree> trees = read("(3 Well)\n");
  ASSERT_EQ(trees.size(), 1u);
  ASSERT_EQ(trees[0].size(), 1u);
  EXPECT_TRUE(trees[0][0].isLeaf());
  EXPECT_EQ(trees[0][0].label, 3u);
  EXPECT_EQ(trees[0][0].word, 0u);
}

TEST(TreeReader, PutsChildrenBeforeParents) {
  std::vector<Tree> trees = read("(1 (0 (4 a) (3 b)) (2 a))\n");
  ASSERT_EQ(trees.size(), 1u);
  const Tree &tree = trees[0];
  ASSERT_EQ(tree.size(), 5u);
  const unsigned labels[] = {4, 3, 0, 2, 1};
  for (std::size_t i = 0; i < tree.size(); ++i)
    EXPECT_EQ(tree[i].label, labels[i]) << "node " << i;
  EXPECT_FALSE(tree[2].isLeaf());
  EXPECT_EQ(tree[2].left, 0u);
  EXPECT_EQ(tree[2].right, 1u);
  EXPECT_EQ(tree[4].left, 2u);
  EXPECT_EQ(tree[4].right, 3u);
  EXPECT_EQ(tree[0].word, tree[3].word);
  EXPECT_NE(tree[0].word, tree[1].word);
}

TEST(TreeReader, CountsWordsAcrossTreesInOrderOfFirstOccurrence) {
  std::vector<Tree> trees =
      read("(2 (2 x) (2 y))\n(2 (2 y) (2 (2 z) (2 x)))\n");
  ASSERT_EQ(trees.size(), 2u);
  EXPECT_EQ(trees[0][0].word, 0u);
  EXPECT_EQ(trees[0][1].word, 1u);
  EXPECT_EQ(trees[1][0].word, 1u);
  EXPECT_EQ(trees[1][1].word, 2u);
  EXPECT_EQ(trees[1][2].word, 0u);
}

TEST(TreeReader, TakesWordIdsModuloTheTableSize) {
  std::string text;
  for (unsigned i = 0; i < numWordIds + 3; ++i)
    text += "(2 w" + std::to_string(i) + ")\n";
  std::vector<Tree> trees = read(text + "(2 w1)\n");
  EXPECT_EQ(trees[numWordIds - 1][0].word, numWordIds - 1);
  EXPECT_EQ(trees[numWordIds][0].word, 0u);
  EXPECT_EQ(trees[numWordIds + 2][0].word, 2u);
  EXPECT_EQ(trees.back()[0].word, 1u);
}

TEST(TreeReader, TakesEscapesAndForeignLettersAsWords) {
  std::vector<Tree> trees =
      read("(2 (2 -LRB-) (2 (2 comedy\\/thriller) (2 caf\xc3\xa9)))\n");
  ASSERT_EQ(trees.size(), 1u);
  EXPECT_EQ(trees[0].size(), 5u);
}

TEST(TreeReader, DoesNotMindWhiteSpace) {
  std::vector<Tree> trees =
      read("\n \t\n( 2(1 a )\t( 3  b))  \r\n\n(2 a)"); // no last newline
  ASSERT_EQ(trees.size(), 2u);
  EXPECT_EQ(trees[0].size(), 3u);
  EXPECT_EQ(trees[1][0].word, 0u);
}

TEST(TreeReader, ReadsDeepTrees) {
  constexpr std::size_t depth = 200000;
  std::string text;
  for (std::size_t i = 0; i < depth; ++i)
    text += "(2 (1 a) ";
  text += "(0 b)" + std::string(depth, ')');
  std::vector<Tree> trees = read(text);
  ASSERT_EQ(trees.size(), 1u);
  EXPECT_EQ(trees[0].size(), 2 * depth + 1);
  EXPECT_EQ(trees[0].back().left, 0u);
  EXPECT_EQ(trees[0].back().right, 2 * depth - 1);
}

TEST(TreeReader, ReadsTheTreesThatShip) {
  std::ifstream file(EDBC_TREES_FILE);
  EXPECT_GE(readTrees(file, EDBC_TREES_FILE).size(), 24u);
}

class TreeReaderErrors : public testing::TestWithParam<BadText> {};

TEST_P(TreeReaderErrors, AreReportedWithTheirPlace) {
  EXPECT_EQ(errorOf(GetParam().text), GetParam().message);
}

const BadText badTexts[] = {
    {"NoTrees", "", "file.txt: holds no trees"},
    {"BlankLinesOnly", "\n  \n", "file.txt: holds no trees"},
    {"EmptyTree", "(2 a)\n()\n",
     "file.txt:2:2: empty tree: expected a label from 0 to 4, found ')'"},
    {"LabelOnly", "(2)",
     "file.txt:1:3: expected a word or two trees in the bracket of column 1, "
     "found ')'"},
    {"LabelTooLarge", "(2 (5 a) (1 b))",
     "file.txt:1:5: expected a label from 0 to 4, found '5'"},
    {"LabelNegative", "(-1 a)",
     "file.txt:1:2: expected a label from 0 to 4, found '-1'"},
    {"LabelOfTwoDigits", "(22 a)",
     "file.txt:1:2: expected a label from 0 to 4, found '22'"},
    {"LabelMissing", "((2 a) (2 b))",
     "file.txt:1:2: expected a label from 0 to 4, found '('"},
    {"LabelCutOff", "(",
     "file.txt:1:2: expected a label from 0 to 4, found the end of the line"},
    {"WordCutOff", "(2 a",
     "file.txt:1:5: expected ')' to close the bracket of column 1, found the "
     "end of the line"},
    {"BracketNotClosed", "(2 (2 a) (2 b)\n(2 c)\n",
     "file.txt:1:15: expected ')' to close the bracket of column 1, found the "
     "end of the line"},
    {"BracketNotOpened", "(2 a))",
     "file.txt:1:6: expected the end of the line after the tree, found ')'"},
    {"TwoTreesInALine", "(2 a) (2 b)",
     "file.txt:1:7: expected the end of the line after the tree, found '('"},
    {"OneChild", "(2 (2 a))",
     "file.txt:1:9: expected a second tree in the bracket of column 1, found "
     "')'"},
    {"WordAsSecondChild", "(2 (2 a) b)",
     "file.txt:1:10: expected a second tree in the bracket of column 1, found "
     "'b'"},
    {"ThreeChildren", "(2 (2 a) (2 b) (2 c))",
     "file.txt:1:16: expected ')' to close the bracket of column 1, found '('"},
    {"TwoWords", "(0 (2 b) (2 a c))",
     "file.txt:1:15: expected ')' to close the bracket of column 10, found "
     "'c'"},
    {"TreeAfterWord", "(2 a (2 b))",
     "file.txt:1:6: expected ')' to close the bracket of column 1, found '('"},
    {"Junk", "once upon a time",
     "file.txt:1:1: expected '(' and a tree, found 'once'"},
    {"JunkUnprintable", "\x7f\x45\x4c\x46\x01 and so on",
     "file.txt:1:1: expected '(' and a tree, found '?ELF?'"},
    {"JunkWithoutEnd", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
     "file.txt:1:1: expected '(' and a tree, found 'AAAAAAAAAAAAAAAAAAAA...'"},
};

INSTANTIATE_TEST_SUITE_P(All, TreeReaderErrors, testing::ValuesIn(badTexts),
                         reader_errors::nameOf);

TEST(TreeReader, ReportsAStreamThatFails) {
  reader_errors::expectErrorOfBrokenStream(readTrees);
}

/// The inverse of reading, with word ids for words. For shallow trees.
std::string print(const Tree &tree, std::size_t node) {
  std::string text = "(" + std::to_string(tree[node].label) + " ";
  if (tree[node].isLeaf())
    text += "w" + std::to_string(tree[node].word);
  else
    text += print(tree, tree[node].left) + " " + print(tree, tree[node].right);
  return text + ")";
}

TEST(TreeReader, SurvivesRandomDamage) {
  const std::string sound = "(1 (0 (4 w0) (3 w1)) (2 (1 w0) (2 w2)))";
  const std::string bytes = "()0 52w\t\n";
  reader_errors::expectUseOrError(sound, bytes, [](const std::string &text) {
    std::vector<Tree> trees = read(text);
    std::string printed;
    for (const Tree &tree : trees)
      printed += print(tree, tree.size() - 1) + "\n";
    std::string again;
    for (const Tree &tree : read(printed))
      again += print(tree, tree.size() - 1) + "\n";
    EXPECT_EQ(printed, again) << text;
  });
}

} // namespace
