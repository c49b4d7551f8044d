//===- tree_gru.cpp - runs a TreeGRU over sentiment trees -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tree_gru.h"
#include "trees/BinaryTrees.h"

int main(int argc, char **argv) {
  using namespace tree_gru;
  program::About about = {
      "tree_gru",
      "Scores every node of the bracketed sentiment trees in the file TREES.",
      "TREES"};
  return program::run<trees::BinaryTrees<Model, Session, Node, Score>>(
      about, argc, argv);
}
