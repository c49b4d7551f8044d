//===- tree_lstm_2type.cpp - a TreeLSTM with two types of nodes -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tree_lstm_2type.h"
#include "program/Program.h"
#include "program/SplitMix.h"
#include "trees/TreeReader.h"

#include <cstddef>
#include <vector>

namespace {

using namespace tree_lstm_2type;

static_assert(Model::classes == trees::numLabels,
              "compile the network with -D classes=5, its default");
static_assert(Model::vocabulary >= trees::numWordIds,
              "compile the network with at least -D vocabulary=256");

class Trees : public program::LossProgram<Model, Session, Score> {
public:
  explicit Trees(const program::Options &options)
      : LossProgram(options), trees(trees::readTreeFile(options.files[0])) {}

  std::size_t size() const override { return trees.size(); }

  void add(std::size_t instance) override {
    session.beginInstance();
    // Seeded with the instance, a node has its type whatever was added before.
    program::SplitMix coin(instance);
    std::vector<Node> nodes;
    for (const trees::TreeNode &node : trees[instance]) {
      if (node.isLeaf())
        nodes.push_back(session.leaf(node.word));
      else if (coin.below(2) == 0)
        nodes.push_back(session.inner1(nodes[node.left], nodes[node.right]));
      else
        nodes.push_back(session.inner2(nodes[node.left], nodes[node.right]));
      scores.push_back(session.score(nodes.back(), node.label));
    }
  }

private:
  std::vector<trees::Tree> trees;
};

} // namespace

int main(int argc, char **argv) {
  program::About about = {"tree_lstm_2type",
                          "Scores every node of the bracketed sentiment trees "
                          "in the file TREES. The type of an\ninner node is a "
                          "coin that falls the same way in every run.",
                          "TREES"};
  return program::run<Trees>(about, argc, argv);
}
