//===- TreeReader.h - reads bracketed sentiment trees -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The format of the Stanford Sentiment Treebank: one binary tree a line.
//
//   tree  = '(' label word ')'        a leaf
//         | '(' label tree tree ')'   an inner node
//   label = '0' | '1' | '2' | '3' | '4'
//   word  = bytes other than white space and brackets, taken as they stand
//           (`\/` and `-LRB-` are words like any other)
//
// White space between the parts doesn't matter; lines of white space alone are
// skipped.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_EXAMPLES_TREES_TREEREADER_H
#define EDBC_EXAMPLES_TREES_TREEREADER_H

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace trees {

/// Labels are 0 .. numLabels - 1.
inline constexpr unsigned numLabels = 5;

/// Word ids are 0 .. numWordIds - 1.
inline constexpr unsigned numWordIds = 256;

struct TreeNode {
  /// The left child of a leaf.
  static constexpr std::uint32_t none = UINT32_MAX;

  std::uint32_t label;
  std::uint32_t left = none;  ///< inner: the index of the left child
  std::uint32_t right = none; ///< inner: the index of the right child
  std::uint32_t word = 0;     ///< leaf: its word's id

  bool isLeaf() const { return left == none; }
};

/// A tree's nodes, children before their parents: the root is the last one.
/// Never empty.
using Tree = std::vector<TreeNode>;

/// Reads all trees of `input`. A word's id is the number of different words
/// before its first occurrence, modulo numWordIds. Trees may be nested as
/// deeply as memory allows.
/// @param file stands in messages only.
/// @throws text::ReadError if the text is anything else than at least one tree,
///   or can't be read.
std::vector<Tree> readTrees(std::istream &input, const std::string &file);

/// Reads all trees of the file `path`.
/// @throws text::ReadError, and std::system_error if it can't be opened.
std::vector<Tree> readTreeFile(const std::string &path);

} // namespace trees

#endif // EDBC_EXAMPLES_TREES_TREEREADER_H
