//===- lattice_gru.cpp - runs a LatticeGRU ----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "lattice_gru.h"
#include "lattices/Lattices.h"

int main(int argc, char **argv) {
  using namespace lattice_gru;
  program::About about = {
      "lattice_gru",
      "Scores the tags of every node of the lattices in the file LATTICES.",
      "LATTICES"};
  return program::run<lattices::Lattices<Model, Session, Node, Score>>(
      about, argc, argv);
}
