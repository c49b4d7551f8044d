//===- LatticeReaderTest.cpp - tests of the lattice reader ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "examples/lattices/LatticeReader.h"

#include "test/examples/ReaderErrors.h"

#include <cstddef>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

using namespace lattices;
using reader_errors::BadText;

namespace {

std::vector<Lattice> read(const std::string &text) {
  std::istringstream input(text);
  return readLattices(input, "file.txt");
}

std::string errorOf(const std::string &text) {
  return reader_errors::errorOf([&] { read(text); });
}

TEST(LatticeReader, ReadsNodesAndArcs) {
  std::vector<Lattice> lattices =
      read("2\n3\n3 4 5\n0\n1 0 21\n2 1 22 0 80\n\n1\n7\n0 \n");
  ASSERT_EQ(lattices.size(), 2u);
  const Lattice &lattice = lattices[0];
  ASSERT_EQ(lattice.size(), 3u);
  EXPECT_EQ(lattice[0].tag, 3u);
  EXPECT_EQ(lattice[2].tag, 5u);
  EXPECT_TRUE(lattice[0].arcs.empty());
  ASSERT_EQ(lattice[1].arcs.size(), 1u);
  EXPECT_EQ(lattice[1].arcs[0].from, 0u);
  EXPECT_EQ(lattice[1].arcs[0].id, 21u);
  ASSERT_EQ(lattice[2].arcs.size(), 2u);
  EXPECT_EQ(lattice[2].arcs[0].from, 1u);
  EXPECT_EQ(lattice[2].arcs[1].from, 0u);
  EXPECT_EQ(lattice[2].arcs[1].id, 80u);
  ASSERT_EQ(lattices[1].size(), 1u);
  EXPECT_EQ(lattices[1][0].tag, 7u);
}

TEST(LatticeReader, TakesIdsModuloTheTableSize) {
  std::vector<Lattice> lattices =
      read("1\n2\n0 0\n0\n3 0 255 0 256 0 4294967295");
  ASSERT_EQ(lattices.size(), 1u);
  ASSERT_EQ(lattices[0][1].arcs.size(), 3u);
  EXPECT_EQ(lattices[0][1].arcs[0].id, 255u);
  EXPECT_EQ(lattices[0][1].arcs[1].id, 0u);
  EXPECT_EQ(lattices[0][1].arcs[2].id, 255u);
}

TEST(LatticeReader, DoesNotMindWhiteSpace) {
  EXPECT_EQ(read("\n 1 \r\n\n\n 2\r\n\t0  0\r\n 0\r\n1\t0 5 \n\n ").size(), 1u);
}

TEST(LatticeReader, ReadsTheFileThatShips) {
  std::ifstream file(EDBC_LATTICES_FILE);
  EXPECT_GE(readLattices(file, EDBC_LATTICES_FILE).size(), 10u);
}

TEST(LatticeReader, ReportsAStreamThatFails) {
  reader_errors::expectErrorOfBrokenStream(readLattices);
}

class LatticeReaderErrors : public testing::TestWithParam<BadText> {};

TEST_P(LatticeReaderErrors, AreReportedWithTheirPlace) {
  EXPECT_EQ(errorOf(GetParam().text), GetParam().message);
}

const BadText badTexts[] = {
    {"Empty", "",
     "file.txt:1: expected the number of lattices, found the end of the text"},
    {"NoCount", "two\n",
     "file.txt:1:1: expected a number from 0 to 4294967295, found 'two'"},
    {"NegativeCount", "-1\n",
     "file.txt:1:1: expected a number from 0 to 4294967295, found '-1'"},
    {"CountTooLarge", "4294967296\n",
     "file.txt:1:1: expected a number from 0 to 4294967295, found "
     "'4294967296'"},
    {"NoLattices", "0\n", "file.txt:1: the number of lattices must not be 0"},
    {"TwoCounts", "1 2\n",
     "file.txt:1: expected the number of lattices alone, found 2 numbers"},
    {"FewerLattices", "4294967295\n1\n0\n0\n",
     "file.txt:5: expected the number of nodes, found the end of the text"},
    {"MoreLattices", "1\n1\n0\n0\n\n1\n0\n0\n",
     "file.txt:6: expected the end of the text after 1 lattices"},
    {"NoNodes", "1\n0\n", "file.txt:2: the number of nodes must not be 0"},
    {"NoTags", "1\n4294967295\n",
     "file.txt:3: expected the nodes' tags, found the end of the text"},
    {"FewerTags", "1\n2\n0\n0\n1 0 0\n",
     "file.txt:3: expected a tag for each of 2 nodes, found 1"},
    {"MoreTags", "1\n1\n0 0\n0\n",
     "file.txt:3: expected a tag for each of 1 nodes, found 2"},
    {"BlankTags", "1\n1\n\n0\n",
     "file.txt:3: expected a tag for each of 1 nodes, found 0"},
    {"NodesCutOff", "1\n2\n0 0\n0\n",
     "file.txt:5: expected the arcs of node 1, found the end of the text"},
    {"BlankNode", "1\n2\n0 0\n0\n\n1 0 0\n",
     "file.txt:5: expected the number of arcs of node 1"},
    {"ArcCutOff", "1\n2\n0 0\n0\n1 0\n",
     "file.txt:5: expected 1 arcs of two numbers each, found 1 numbers"},
    {"ArcTooMany", "1\n2\n0 0\n0\n1 0 0 0 0\n",
     "file.txt:5: expected 1 arcs of two numbers each, found 4 numbers"},
    {"ManyArcs", "1\n1\n0\n4294967295\n",
     "file.txt:4: expected 4294967295 arcs of two numbers each, found 0 "
     "numbers"},
    {"ArcFromItself", "1\n1\n0\n1 0 7\n",
     "file.txt:4: an arc leads from node 0 to node 0, but arcs lead to later "
     "nodes only"},
    {"ArcBackwards", "1\n3\n0 0 0\n0\n1 2 7\n1 1 7\n",
     "file.txt:5: an arc leads from node 2 to node 1, but arcs lead to later "
     "nodes only"},
    {"NoNumber", "1\n2\n0 0\n0\n1 0 x\n",
     "file.txt:5:5: expected a number from 0 to 4294967295, found 'x'"},
};

INSTANTIATE_TEST_SUITE_P(All, LatticeReaderErrors, testing::ValuesIn(badTexts),
                         reader_errors::nameOf);

TEST(LatticeReader, SurvivesRandomDamage) {
  const std::string sound = "2\n3\n3 4 5\n0\n1 0 21\n2 1 22 0 80\n\n1\n7\n0 \n";
  const std::string bytes = "0123 -x\n";
  reader_errors::expectUseOrError(sound, bytes, [](const std::string &text) {
    for (const Lattice &lattice : read(text)) {
      EXPECT_FALSE(lattice.empty()) << text;
      for (std::size_t node = 0; node != lattice.size(); ++node)
        for (const Arc &arc : lattice[node].arcs) {
          EXPECT_LT(arc.from, node) << text;
          EXPECT_LT(arc.id, numIds) << text;
        }
    }
  });
}

} // namespace
