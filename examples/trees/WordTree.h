//===- WordTree.h - trees of words out of trees of phrases ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// A tree whose nodes are words with any number of children, made from a tree of
// phrases: the head of a word is the word, and the head of a phrase is that of
// its right part; the head of its left part hangs on it. (A rule simple enough
// for an example; parsers of dependencies know better ones.)
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_EXAMPLES_TREES_WORDTREE_H
#define EDBC_EXAMPLES_TREES_WORDTREE_H

#include "trees/TreeReader.h"

#include <cstdint>
#include <vector>

namespace trees {

struct WordNode {
  std::uint32_t word;
  /// Of the largest phrase whose head this is.
  std::uint32_t label;
  /// Indices of the words that hang on this one, from the nearest to the first.
  std::vector<std::uint32_t> children;
};

/// The words in the order of the text, in which children stand before their
/// parents: the root is the last one.
using WordTree = std::vector<WordNode>;

WordTree makeWordTree(const Tree &tree);

} // namespace trees

#endif // EDBC_EXAMPLES_TREES_WORDTREE_H
