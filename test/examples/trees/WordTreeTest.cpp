//===- WordTreeTest.cpp - tests of trees of words ---------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "examples/trees/WordTree.h"

#include <cstddef>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

using namespace trees;

namespace {

WordTree wordsOf(const std::string &text) {
  std::istringstream input(text);
  return makeWordTree(readTrees(input, "file.txt").front());
}

using Children = std::vector<std::uint32_t>;

TEST(WordTree, MakesAWordOfALeaf) {
  WordTree words = wordsOf("(3 Well)");
  ASSERT_EQ(words.size(), 1u);
  EXPECT_EQ(words[0].label, 3u);
  EXPECT_EQ(words[0].word, 0u);
  EXPECT_EQ(words[0].children, Children());
}

TEST(WordTree, HangsLeftHeadsOnRightOnes) {
  // a b c d: b is the head of (a b), d of all else.
  WordTree words = wordsOf("(0 (1 (2 a) (3 b)) (4 (2 c) (1 d)))");
  ASSERT_EQ(words.size(), 4u);
  EXPECT_EQ(words[0].children, Children());
  EXPECT_EQ(words[1].children, Children({0}));
  EXPECT_EQ(words[2].children, Children());
  EXPECT_EQ(words[3].children, Children({2, 1})); // from the nearest
}

TEST(WordTree, TakesTheLabelOfTheLargestPhrase) {
  WordTree words = wordsOf("(0 (1 (2 a) (3 b)) (4 (2 c) (1 d)))");
  ASSERT_EQ(words.size(), 4u);
  EXPECT_EQ(words[0].label, 2u);
  EXPECT_EQ(words[1].label, 1u);
  EXPECT_EQ(words[2].label, 2u);
  EXPECT_EQ(words[3].label, 0u);
}

TEST(WordTree, KeepsAllWordsOfTheTreesThatShip) {
  std::ifstream file(EDBC_TREES_FILE);
  for (const Tree &tree : readTrees(file, EDBC_TREES_FILE)) {
    WordTree words = makeWordTree(tree);
    EXPECT_EQ(2 * words.size() - 1, tree.size());
    // Every word but the last hangs on exactly one that stands behind it.
    std::vector<unsigned> parents(words.size());
    for (std::size_t i = 0; i != words.size(); ++i)
      for (std::uint32_t child : words[i].children) {
        ASSERT_LT(child, i);
        ++parents[child];
      }
    EXPECT_EQ(parents.back(), 0u);
    parents.pop_back();
    for (unsigned count : parents)
      EXPECT_EQ(count, 1u);
    EXPECT_EQ(words.back().label, tree.back().label);
  }
}

} // namespace
