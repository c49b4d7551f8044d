//===- CheckedGraph.h - random graphs whose values are known ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_UNIT_RUNTIME_CHECKEDGRAPH_H
#define EDBC_TEST_UNIT_RUNTIME_CHECKEDGRAPH_H

#include "test/unit/runtime/RandomGraphs.h"
#include "test/unit/runtime/TestKernels.h"
#include "test/unit/runtime/TestNetwork.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace test_network {

/// Adds random nodes to a session and knows what they should hold.
class CheckedGraph {
public:
  CheckedGraph(Session &session, uint64_t seed)
      : session(session), random(seed) {}

  /// Adds a new instance. It gets the next number, from 0.
  void addInstance(uint32_t count) {
    instances.emplace_back();
    instances.back().number = session.beginInstance();
    grow(instances.back(), count);
  }

  /// Adds nodes to an instance.
  void growInstance(size_t index, uint32_t count) {
    session.resumeInstance(instances[index].number);
    grow(instances[index], count);
  }

  void dropInstance(size_t index) {
    session.dropInstance(instances[index].number);
    uint32_t number = instances[index].number;
    instances[index] = Instance();
    instances[index].number = number;
  }

  void expectValues() const {
    for (const Instance &instance : instances) {
      for (size_t i = 0; i < instance.nodes.size(); ++i)
        ASSERT_EQ(toVector(session.hidden(instance.nodes[i])),
                  instance.expected[i].h);
      for (size_t i = 0; i < instance.scores.size(); ++i)
        ASSERT_EQ(toVector(session.logits(instance.scores[i])),
                  instance.expectedScores[i]);
      for (size_t i = 0; i < instance.tables.size(); ++i)
        ASSERT_EQ(toVector(session.matrix(instance.tables[i])),
                  instance.expectedTables[i]);
    }
    ASSERT_FALSE(sawBadCall);
  }

  /// Nodes ever added.
  size_t size() const { return numNodes; }
  size_t numInstances() const { return instances.size(); }

private:
  struct Instance {
    uint32_t number = 0;
    std::vector<Node> nodes;
    std::vector<Values> expected;
    std::vector<Score> scores;
    std::vector<std::vector<float>> expectedScores;
    std::vector<Table> tables;
    std::vector<TableElements> expectedTables;
  };

  void grow(Instance &instance, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      bool isFirst = instance.nodes.empty();
      addRandom(instance, isFirst ? random.below(2) : random.below(10));
      ++numNodes;
    }
  }

  void addRandom(Instance &to, uint32_t choice) {
    auto add = [&](Node node, Values values) {
      to.nodes.push_back(node);
      to.expected.push_back(std::move(values));
    };
    auto addTable = [&](Table table, TableElements elements) {
      to.tables.push_back(table);
      to.expectedTables.push_back(std::move(elements));
    };
    switch (choice) {
    case 0:
      return add(random.below(2) ? session.start() : session.origin(),
                 startValues());
    case 1: {
      uint32_t word = random.below(Model::words);
      return add(random.below(2) ? session.leaf(word) : session.word(word),
                 leafValues(word));
    }
    case 2: {
      size_t at = pick(to.nodes);
      std::vector<float> x(Model::marks);
      for (float &value : x)
        value = static_cast<float>(random.below(9)) / 4 - 1;
      return add(session.mark(to.nodes[at], x), markValues(to.expected[at], x));
    }
    case 3:
    case 4: {
      size_t left = pick(to.nodes), right = pick(to.nodes);
      return add(session.inner(to.nodes[left], to.nodes[right]),
                 innerValues(to.expected[left], to.expected[right]));
    }
    case 5:
    case 6: {
      size_t base = pick(to.nodes);
      std::vector<Node> some, more;
      std::vector<Values> expectedSome, expectedMore;
      pickMany(to.nodes, to.expected, 1, some, expectedSome);
      pickMany(to.nodes, to.expected, 0, more, expectedMore);
      return add(session.join(to.nodes[base], some, more),
                 joinValues(to.expected[base], expectedSome, expectedMore));
    }
    case 7: {
      size_t at = pick(to.nodes);
      to.scores.push_back(session.score(to.nodes[at]));
      to.expectedScores.push_back(scoreValues(to.expected[at]));
      return;
    }
    case 8: {
      if (to.tables.empty()) {
        uint32_t index = random.below(Model::tables);
        return addTable(session.table(index), tableValues(index));
      }
      size_t table = pick(to.tables), node = pick(to.nodes);
      return addTable(session.shift(to.tables[table], to.nodes[node]),
                      shiftValues(to.expectedTables[table], to.expected[node]));
    }
    default: {
      std::vector<Table> tables;
      std::vector<TableElements> expected;
      if (!to.tables.empty())
        pickMany(to.tables, to.expectedTables, 0, tables, expected);
      return addTable(session.total(tables), totalValues(expected));
    }
    }
  }

  /// A node near the end, so that graphs become deep.
  template <typename T> size_t pick(const std::vector<T> &nodes) {
    uint32_t count = static_cast<uint32_t>(nodes.size());
    return nodes.size() - 1 - random.below(std::min(count, 6u));
  }

  /// `fewest` to `fewest` + 4 nodes, some perhaps repeatedly.
  template <typename T, typename U>
  void pickMany(const std::vector<T> &nodes, const std::vector<U> &expected,
                uint32_t fewest, std::vector<T> &picked,
                std::vector<U> &expectedPicked) {
    for (uint32_t i = fewest + random.below(5); i != 0; --i) {
      size_t at = pick(nodes);
      picked.push_back(nodes[at]);
      expectedPicked.push_back(expected[at]);
    }
  }

  Session &session;
  edbc::test::Random random;
  std::vector<Instance> instances;
  size_t numNodes = 0;
};

} // namespace test_network

#endif // EDBC_TEST_UNIT_RUNTIME_CHECKEDGRAPH_H
