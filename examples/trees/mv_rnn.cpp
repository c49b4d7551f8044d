//===- mv_rnn.cpp - runs a MV-RNN over sentiment trees ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "mv_rnn.h"
#include "trees/BinaryTrees.h"

int main(int argc, char **argv) {
  using namespace mv_rnn;
  program::About about = {
      "mv_rnn",
      "Scores every node of the bracketed sentiment trees in the file TREES.",
      "TREES"};
  return program::run<trees::BinaryTrees<Model, Session, Node, Score>>(
      about, argc, argv);
}
