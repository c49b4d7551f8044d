//===- LatticeReader.h - reads lattices of characters and words -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// A text of numbers:
//
//   text     = number of lattices, then the lattices
//   lattice  = a line with the number of its nodes, a line with their tags,
//              a line for each node with the arcs that lead to it
//   arcs     = their number, then `from id` for each
//
// Nodes are numbered from 0, and arcs lead from earlier to later ones. An arc
// from the node just before is a character's, any other a word's; `id` tells
// which character or word. Between lattices, lines of white space alone are
// skipped.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_EXAMPLES_LATTICES_LATTICEREADER_H
#define EDBC_EXAMPLES_LATTICES_LATTICEREADER_H

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace lattices {

/// Ids of characters and words are 0 .. numIds - 1.
inline constexpr unsigned numIds = 256;

struct Arc {
  std::uint32_t from; ///< the index of a node before the one that it leads to
  std::uint32_t id;   ///< that of the text, modulo numIds
};

struct LatticeNode {
  std::uint32_t tag;
  std::vector<Arc> arcs; ///< those that lead here
};

/// Never empty.
using Lattice = std::vector<LatticeNode>;

/// Reads all lattices of `input`.
/// @param file stands in messages only.
/// @throws text::ReadError if the text is anything else than at least one
///   lattice, or can't be read.
std::vector<Lattice> readLattices(std::istream &input, const std::string &file);

/// Reads all lattices of the file `path`.
/// @throws text::ReadError, and std::system_error if it can't be opened.
std::vector<Lattice> readLatticeFile(const std::string &path);

} // namespace lattices

#endif // EDBC_EXAMPLES_LATTICES_LATTICEREADER_H
