//===- LookupTest.cpp - tests of nodes that are looked up -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/runtime/SessionTest.h"
#include "test/unit/runtime/TestKernels.h"

#include "runtime/src/Model.h"

using namespace test_network;

namespace {

TEST_F(SessionTest, LookedUpNodesAreNotExecuted) {
  Node origin = session.origin(), word = session.word(3);
  session.run();
  EXPECT_EQ(toVector(session.hidden(origin)), startValues().h);
  EXPECT_EQ(toVector(session.hidden(word)), leafValues(3).h);
  edbc_statistics statistics = session.statistics();
  EXPECT_EQ(statistics.nodes, 2u);
  EXPECT_EQ(statistics.batches, 2u);
  EXPECT_EQ(statistics.launches, 0u);

  Node inner = session.inner(origin, word);
  session.run();
  EXPECT_EQ(toVector(session.hidden(inner)),
            innerValues(startValues(), leafValues(3)).h);
  EXPECT_EQ(session.statistics().launches, 2u);
}

TEST_F(SessionTest, LookedUpNodesShareOneRow) {
  Node first = session.word(3), second = session.word(3);
  Node leaf = session.leaf(3);
  session.run();
  EXPECT_EQ(session.hidden(first).data(), session.hidden(second).data());
  EXPECT_NE(session.hidden(first).data(), session.hidden(leaf).data());
  EXPECT_EQ(toVector(session.hidden(first)), toVector(session.hidden(leaf)));
}

TEST_F(SessionTest, LookedUpRowsAreNotGivenToOthers) {
  uint32_t dropped = session.beginInstance();
  for (uint32_t word = 0; word < 4; ++word)
    session.word(word);
  session.run();
  session.dropInstance(dropped);

  session.beginInstance();
  std::vector<Node> nodes;
  for (uint32_t word = 4; word < 12; ++word)
    nodes.push_back(session.leaf(word));
  session.run();
  Node again = session.word(2);
  session.run();
  EXPECT_EQ(toVector(session.hidden(again)), leafValues(2).h);
  for (uint32_t i = 0; i < nodes.size(); ++i)
    EXPECT_EQ(toVector(session.hidden(nodes[i])), leafValues(4 + i).h);
}

TEST_F(SessionTest, LookedUpTokensAreChecked) {
  EXPECT_EQ(messageOf([&] { session.word(Model::words); }),
            "cell 'word', operand 'word': token 256 is out of range [0, 256)");
}

TEST(LookupTest, WhatOnlyTablesAreComputedFromIsNotKept) {
  // Without the cells that are executed from them, E and b serve the table.
  std::vector<edbc_cell_desc> cells(edbc_library_test_network.cells,
                                    edbc_library_test_network.cells + 13);
  cells[0] = cells[9];
  cells[1] = cells[10];
  edbc_library library = edbc_library_test_network;
  library.cells = cells.data();
  for (bool isKept : {false, true}) {
    Model model(isKept ? edbc_library_test_network : library);
    const std::vector<const float *> &constants = model.handle()->constants;
    EXPECT_EQ(constants[0] != nullptr, isKept);
    EXPECT_EQ(constants[1] != nullptr, isKept);
    for (size_t i = 2; i < constants.size(); ++i)
      EXPECT_NE(constants[i], nullptr);
    Session session(model);
    Node inner = session.inner(session.start(), session.leaf(9));
    session.run();
    EXPECT_EQ(toVector(session.hidden(inner)),
              innerValues(startValues(), leafValues(9)).h);
  }
}

} // namespace
