//===- WordTree.cpp - trees of words out of trees of phrases ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "trees/WordTree.h"

using namespace trees;

WordTree trees::makeWordTree(const Tree &tree) {
  WordTree words;
  std::vector<std::uint32_t> heads; // of the nodes of `tree`, in `words`
  heads.reserve(tree.size());
  for (const TreeNode &node : tree) {
    if (node.isLeaf()) {
      heads.push_back(static_cast<std::uint32_t>(words.size()));
      words.push_back({node.word, node.label, {}});
      continue;
    }
    WordNode &head = words[heads[node.right]];
    head.children.push_back(heads[node.left]);
    head.label = node.label;
    heads.push_back(heads[node.right]);
  }
  return words;
}
