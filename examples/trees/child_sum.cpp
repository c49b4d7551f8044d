//===- child_sum.cpp - runs a TreeLSTM over trees of words ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "child_sum.h"
#include "program/Program.h"
#include "trees/TreeReader.h"
#include "trees/WordTree.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using namespace child_sum;

static_assert(Model::classes == trees::numLabels,
              "compile the network with -D classes=5, its default");
static_assert(Model::vocabulary >= trees::numWordIds,
              "compile the network with at least -D vocabulary=256");

class WordTrees : public program::LossProgram<Model, Session, Score> {
public:
  explicit WordTrees(const program::Options &options) : LossProgram(options) {
    for (const trees::Tree &tree : trees::readTreeFile(options.files[0]))
      trees.push_back(trees::makeWordTree(tree));
  }

  std::size_t size() const override { return trees.size(); }

  void add(std::size_t instance) override {
    session.beginInstance();
    std::vector<Node> nodes;
    for (const trees::WordNode &word : trees[instance]) {
      std::vector<Node> children;
      for (std::uint32_t child : word.children)
        children.push_back(nodes[child]);
      nodes.push_back(session.node(word.word, children));
      scores.push_back(session.score(nodes.back(), word.label));
    }
  }

private:
  std::vector<trees::WordTree> trees;
};

} // namespace

int main(int argc, char **argv) {
  program::About about = {"child_sum",
                          "Turns the bracketed sentiment trees in the file "
                          "TREES into trees of words "
                          "and scores\nevery word.",
                          "TREES"};
  return program::run<WordTrees>(about, argc, argv);
}
