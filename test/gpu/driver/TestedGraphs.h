//===- TestedGraphs.h - graphs for tests on devices -------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_GPU_DRIVER_TESTEDGRAPHS_H
#define EDBC_TEST_GPU_DRIVER_TESTEDGRAPHS_H

#include "test/unit/runtime/TestNetwork.h"

#include <vector>

namespace edbc::fake {

using test_network::Model;
using test_network::Node;
using test_network::Score;
using test_network::Session;
using test_network::Table;
using test_network::toVector;

/// Instances with every kind of cell, of various sizes, which grow and some of
/// which are dropped. Returns all that can be read, in order of addition.
inline std::vector<std::vector<float>> runEverything(Session &session) {
  std::vector<std::vector<float>> results;
  std::vector<Node> last;
  for (uint32_t round = 0; round < 4; ++round) {
    std::vector<Score> scores;
    std::vector<Table> tables;
    std::vector<Node> nodes;
    for (uint32_t i = 0; i < 12; ++i) {
      Node node;
      if (round == 0) {
        session.beginInstance();
        node = i % 2 ? session.start() : session.origin();
        last.push_back(node);
      } else if (round < 3 && i < 3) {
        continue; // dropped
      } else if (round == 3 && i < 3) {
        session.beginInstance(); // in the rows of what was dropped
        node = session.start();
      } else {
        session.resumeInstance(i);
        node = last[i];
      }
      for (uint32_t word = 0; word < 1 + (i * 7 + round) % 9; ++word) {
        const float x[] = {0.5f, float(i), float(word)};
        uint32_t token = word * 3 + i;
        Node leaf = session.mark(
            word % 2 ? session.leaf(token) : session.word(token), {x, 3});
        const Node some[] = {leaf, node, leaf};
        node = session.inner(
            session.join(leaf, {some, 1 + word % 3}, {some, 1}), node);
        if (word % 3 == 0)
          nodes.push_back(node);
        scores.push_back(session.score(node));
        Table table = session.shift(session.table(word % 4), node);
        const Table two[] = {table, session.table(i % 4)};
        tables.push_back(session.total({two, 1 + word % 2}));
      }
      last[i] = node;
    }
    session.run();
    for (Score score : scores)
      results.push_back(toVector(session.logits(score)));
    for (Table table : tables)
      results.push_back(toVector(session.matrix(table)));
    // Hidden states aren't read in every run.
    if (round % 2 == 1)
      for (Node node : nodes)
        results.push_back(toVector(session.hidden(node)));
    if (round == 0)
      for (uint32_t i = 0; i < 3; ++i)
        session.dropInstance(i);
  }
  return results;
}

/// Adds `count` instances, of which number i is of the words i and i + 1,
/// modulo 200; returns their scores.
inline std::vector<Score> addInstances(Session &session, uint32_t count) {
  std::vector<Score> scores;
  for (uint32_t i = 0; i < count; ++i) {
    session.beginInstance();
    Node left = session.leaf(i % 200);
    scores.push_back(
        session.score(session.inner(left, session.leaf(i % 200 + 1))));
  }
  return scores;
}

} // namespace edbc::fake

#endif // EDBC_TEST_GPU_DRIVER_TESTEDGRAPHS_H
