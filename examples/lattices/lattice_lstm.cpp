//===- lattice_lstm.cpp - runs a LatticeLSTM --------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "lattice_lstm.h"
#include "lattices/Lattices.h"

int main(int argc, char **argv) {
  using namespace lattice_lstm;
  program::About about = {
      "lattice_lstm",
      "Scores the tags of every node of the lattices in the file LATTICES.",
      "LATTICES"};
  return program::run<lattices::Lattices<Model, Session, Node, Score>>(
      about, argc, argv);
}
