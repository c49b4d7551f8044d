//===- Lattices.h - programs over lattices ----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// What both programs share: their networks have cells `start` for a node that
// no arc leads to, `char_arc` and `word_arc`, `join` for a node of several
// arcs, and `score`. Where only one arc leads, its result is the node's.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_EXAMPLES_LATTICES_LATTICES_H
#define EDBC_EXAMPLES_LATTICES_LATTICES_H

#include "lattices/LatticeReader.h"
#include "program/Program.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace lattices {

/// @tparam Model, Session, Node, Score of the generated header.
template <typename Model, typename Session, typename Node, typename Score>
class Lattices : public program::LossProgram<Model, Session, Score> {
  static_assert(Model::characters >= numIds && Model::words >= numIds,
                "compile the network with at least -D characters=256 "
                "-D words=256");

public:
  explicit Lattices(const program::Options &options)
      : program::LossProgram<Model, Session, Score>(options),
        lattices(readLatticeFile(options.files[0])) {
    requireTags(options.files[0]);
  }

  std::size_t size() const override { return lattices.size(); }

  void add(std::size_t instance) override {
    const Lattice &lattice = lattices[instance];
    Session &session = this->session;
    session.beginInstance();
    std::vector<Node> nodes;
    for (std::size_t i = 0; i != lattice.size(); ++i) {
      std::vector<Node> arcs;
      for (const Arc &arc : lattice[i].arcs)
        arcs.push_back(arc.from + 1 == i
                           ? session.char_arc(nodes[arc.from], arc.id)
                           : session.word_arc(nodes[arc.from], arc.id));
      if (arcs.empty())
        nodes.push_back(session.start());
      else
        nodes.push_back(arcs.size() == 1 ? arcs[0] : session.join(arcs));
      this->scores.push_back(session.score(nodes.back(), lattice[i].tag));
    }
  }

private:
  /// @throws std::runtime_error if there are more tags than the network knows.
  void requireTags(const std::string &file) const {
    std::uint32_t largest = 0;
    for (const Lattice &lattice : lattices)
      for (const LatticeNode &node : lattice)
        largest = std::max(largest, node.tag);
    if (largest >= Model::tags)
      throw std::runtime_error(file + ": has tag " + std::to_string(largest) +
                               ", but the network was compiled with tags=" +
                               std::to_string(Model::tags) +
                               "; compile it with -D tags=" +
                               std::to_string(std::uint64_t{largest} + 1));
  }

  std::vector<Lattice> lattices;
};

} // namespace lattices

#endif // EDBC_EXAMPLES_LATTICES_LATTICES_H
