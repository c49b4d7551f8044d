//===- BinaryTrees.h - programs over binary trees ---------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// What the programs share whose networks have a cell `leaf` for a word, a cell
// `inner` for a phrase of two parts, and a cell `score` for both.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_EXAMPLES_TREES_BINARYTREES_H
#define EDBC_EXAMPLES_TREES_BINARYTREES_H

#include "program/Program.h"
#include "trees/TreeReader.h"

#include <cstddef>
#include <vector>

namespace trees {

/// @tparam Model, Session, Node, Score of the generated header.
template <typename Model, typename Session, typename Node, typename Score>
class BinaryTrees : public program::LossProgram<Model, Session, Score> {
  // A library that was compiled with other dimensions doesn't fit the trees.
  static_assert(Model::classes == numLabels,
                "compile the network with -D classes=5, its default");
  static_assert(Model::vocabulary >= numWordIds,
                "compile the network with at least -D vocabulary=256");

public:
  explicit BinaryTrees(const program::Options &options)
      : program::LossProgram<Model, Session, Score>(options),
        trees(readTreeFile(options.files[0])) {}

  std::size_t size() const override { return trees.size(); }

  void add(std::size_t instance) override {
    Session &session = this->session;
    session.beginInstance();
    std::vector<Node> nodes;
    nodes.reserve(trees[instance].size());
    for (const TreeNode &node : trees[instance]) {
      nodes.push_back(node.isLeaf()
                          ? session.leaf(node.word)
                          : session.inner(nodes[node.left], nodes[node.right]));
      this->scores.push_back(session.score(nodes.back(), node.label));
    }
  }

private:
  std::vector<Tree> trees;
};

} // namespace trees

#endif // EDBC_EXAMPLES_TREES_BINARYTREES_H
