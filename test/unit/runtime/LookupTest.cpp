//===- LookupTest.cpp - tests of nodes that are looked up -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/runtime/SessionTest.h"
#include "test/unit/runtime/TestKernels.h"

#include "runtime/src/Model.h"

#include <atomic>
#include <thread>

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
            "cell 'word', operand 'word': token 300 is out of range [0, 300)");
}

/// The test network, in whose own copy of the description the table of words
/// can be changed.
class LookupTest : public testing::Test {
protected:
  LookupTest() {
    numRows = 0;
    library.cells = cells.data();
    cells[wordTable].phases = &phase;
    for (edbc_phase_fn &function : phase.functions)
      function = computeRows;
  }

  static void computeRows(void *const *buffers, int64_t rowBegin,
                          int64_t rowEnd, int64_t panelBegin,
                          int64_t panelEnd) {
    numRows += static_cast<uint32_t>(rowEnd - rowBegin);
    edbc_library_test_network.cells[wordTable].phases[0].functions[0](
        buffers, rowBegin, rowEnd, panelBegin, panelEnd);
  }

  static constexpr size_t leaf = 1, start = 0, origin = 9, word = 10,
                          wordTable = 12;
  /// Rows of the table that were computed.
  static std::atomic<uint32_t> numRows;

  edbc_library library = edbc_library_test_network;
  std::vector<edbc_cell_desc> cells{edbc_library_test_network.cells,
                                    edbc_library_test_network.cells + 13};
  edbc_phase_desc phase = cells[wordTable].phases[0];
};
std::atomic<uint32_t> LookupTest::numRows;

TEST_F(LookupTest, RowsAreComputedWhenTheyAreNeeded) {
  Model model(library);
  Session session(model);
  EXPECT_EQ(numRows, 0u);
  for (uint32_t word : {3, 5, 3})
    session.word(word);
  session.run();
  EXPECT_EQ(numRows, 2u);
  Node again = session.word(5), other = session.word(7);
  session.run();
  EXPECT_EQ(numRows, 3u);
  EXPECT_EQ(toVector(session.hidden(again)), leafValues(5).h);
  EXPECT_EQ(toVector(session.hidden(other)), leafValues(7).h);

  // Once for all sessions and mini-batches.
  session.reset();
  Node first = session.word(8);
  session.run();
  EXPECT_EQ(toVector(session.hidden(first)), leafValues(8).h);
  Session second(model);
  second.word(7);
  second.run();
  EXPECT_EQ(numRows, 4u);
  std::vector<Node> nodes;
  for (uint32_t word = 0; word < Model::words; ++word)
    for (uint32_t k = 0; k < 2; ++k)
      nodes.push_back(second.word(word));
  second.run();
  EXPECT_EQ(numRows, Model::words);
  for (uint32_t i = 0; i < nodes.size(); ++i)
    EXPECT_EQ(toVector(second.hidden(nodes[i])), leafValues(i / 2).h);
}

TEST_F(LookupTest, SessionsOfManyThreadsComputeRowsOnce) {
  constexpr uint32_t numThreads = 4, wordsPerRun = 6;
  for (uint32_t attempt = 0; attempt < 20; ++attempt) {
    numRows = 0;
    Model model(library);
    std::vector<std::vector<float>> results[numThreads];
    std::vector<std::thread> threads;
    // All want the same words at the same time.
    std::atomic<uint32_t> numReady{0};
    for (uint32_t t = 0; t < numThreads; ++t)
      threads.emplace_back([&, t] {
        Session session(model);
        ++numReady;
        while (numReady != numThreads)
          std::this_thread::yield();
        for (uint32_t word = 0; word < Model::words; word += wordsPerRun) {
          Node nodes[wordsPerRun];
          for (uint32_t k = 0; k < wordsPerRun; ++k)
            nodes[k] = session.word(word + k);
          session.run();
          for (const Node &node : nodes)
            results[t].push_back(toVector(session.hidden(node)));
        }
      });
    for (std::thread &thread : threads)
      thread.join();
    EXPECT_EQ(numRows, Model::words);
    for (uint32_t t = 0; t < numThreads; ++t)
      for (uint32_t word = 0; word < Model::words; ++word)
        ASSERT_EQ(results[t][word], leafValues(word).h);
  }
}

TEST_F(LookupTest, WhatOnlyTablesAreComputedFromIsKeptForMissingRows) {
  // Without the cells that are executed from them, E and b serve the table.
  cells[start] = cells[origin];
  cells[leaf] = cells[word];
  // A table without arithmetic is there from the beginning.
  for (bool isCopied : {false, true}) {
    numRows = 0;
    phase.copied = isCopied ? Model::hidden : 0;
    Model model(library);
    EXPECT_EQ(numRows, isCopied ? Model::words : 0u);
    const std::vector<const float *> &constants = model.handle()->constants;
    EXPECT_EQ(constants[0] == nullptr, isCopied);
    EXPECT_EQ(constants[1] == nullptr, isCopied);
    for (size_t i = 2; i < constants.size(); ++i)
      EXPECT_NE(constants[i], nullptr);
    Session session(model);
    Node inner = session.inner(session.start(), session.leaf(9));
    session.run();
    EXPECT_EQ(toVector(session.hidden(inner)),
              innerValues(startValues(), leafValues(9)).h);
    EXPECT_EQ(numRows, isCopied ? Model::words : 1u);
  }
}

} // namespace
