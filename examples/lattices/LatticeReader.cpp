//===- LatticeReader.cpp - reads lattices -----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "lattices/LatticeReader.h"

#include "program/Text.h"

#include <cstddef>

using namespace lattices;

namespace {

/// The numbers of the present line.
std::vector<std::uint32_t> numbersOf(const text::Lines &lines) {
  std::vector<std::uint32_t> numbers;
  for (const text::Word &word : lines.words()) {
    std::uint32_t number = 0;
    if (!text::parseNumber(word.text, number))
      lines.fail(word.column, "expected a number from 0 to 4294967295, found " +
                                  text::quoted(word.text));
    numbers.push_back(number);
  }
  return numbers;
}

/// The number that stands alone in the next line that isn't blank.
/// @param what it is the number of.
std::uint32_t readCount(text::Lines &lines, const std::string &what) {
  if (!lines.nextFilled())
    lines.fail("expected the number of " + what +
               ", found the end of the text");
  std::vector<std::uint32_t> numbers = numbersOf(lines);
  if (numbers.size() != 1)
    lines.fail("expected the number of " + what + " alone, found " +
               std::to_string(numbers.size()) + " numbers");
  if (numbers[0] == 0)
    lines.fail("the number of " + what + " must not be 0");
  return numbers[0];
}

/// Reads the line of a node: the arcs that lead to it.
std::vector<Arc> readArcs(text::Lines &lines, std::size_t node) {
  std::string owner = "node " + std::to_string(node);
  if (!lines.next())
    lines.fail("expected the arcs of " + owner + ", found the end of the text");
  std::vector<std::uint32_t> numbers = numbersOf(lines);
  if (numbers.empty())
    lines.fail("expected the number of arcs of " + owner);
  if (numbers.size() != 1 + 2 * static_cast<std::size_t>(numbers[0]))
    lines.fail("expected " + std::to_string(numbers[0]) +
               " arcs of two numbers each, found " +
               std::to_string(numbers.size() - 1) + " numbers");
  std::vector<Arc> arcs;
  for (std::size_t i = 1; i != numbers.size(); i += 2) {
    if (numbers[i] >= node)
      lines.fail("an arc leads from node " + std::to_string(numbers[i]) +
                 " to " + owner + ", but arcs lead to later nodes only");
    arcs.push_back({numbers[i], numbers[i + 1] % numIds});
  }
  return arcs;
}

Lattice readLattice(text::Lines &lines) {
  std::uint32_t count = readCount(lines, "nodes");
  if (!lines.next())
    lines.fail("expected the nodes' tags, found the end of the text");
  std::vector<std::uint32_t> tags = numbersOf(lines);
  if (tags.size() != count)
    lines.fail("expected a tag for each of " + std::to_string(count) +
               " nodes, found " + std::to_string(tags.size()));
  Lattice lattice;
  for (std::size_t node = 0; node != count; ++node)
    lattice.push_back({tags[node], readArcs(lines, node)});
  return lattice;
}

} // namespace

std::vector<Lattice> lattices::readLattices(std::istream &input,
                                            const std::string &file) {
  std::vector<Lattice> result;
  text::Lines lines(input, file);
  std::uint32_t count = readCount(lines, "lattices");
  while (result.size() != count)
    result.push_back(readLattice(lines));
  if (lines.nextFilled())
    lines.fail("expected the end of the text after " + std::to_string(count) +
               " lattices");
  return result;
}

std::vector<Lattice> lattices::readLatticeFile(const std::string &path) {
  std::ifstream file = text::openFile(path);
  return readLattices(file, path);
}
