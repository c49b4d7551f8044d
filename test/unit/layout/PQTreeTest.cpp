//===- PQTreeTest.cpp - tests of the PQ-tree --------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/PlanMemory/PQTree.h"

#include "test/unit/layout/NaivePQTree.h"
#include "test/unit/runtime/RandomGraphs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

using namespace edbc;
using edbc::test::NaivePQTree;
using edbc::test::Random;
using Leaves = std::vector<PQTree::Leaf>;
using Outcome = PQTree::Outcome;

namespace {

/// Reduces a tree and its naive twin, and holds them against each other.
class CheckedPQTree {
public:
  explicit CheckedPQTree(uint32_t numLeaves)
      : tree(numLeaves), twin(numLeaves) {}

  Outcome reduce(const Leaves &set) {
    std::string before = tree.str();
    std::string canonicalBefore = tree.canonicalStr();
    Outcome outcome = tree.reduce(set);
    bool possible = twin.reduce(set);
    EXPECT_EQ(outcome != Outcome::Impossible, possible);
    EXPECT_EQ(tree.check(), "");
    EXPECT_EQ(tree.canonicalStr(), twin.canonicalStr());
    EXPECT_EQ(outcome != Outcome::Narrowed,
              tree.canonicalStr() == canonicalBefore);
    if (outcome == Outcome::Impossible) {
      EXPECT_EQ(tree.str(), before);
    }
    return outcome;
  }
  PQTree &operator*() { return tree; }

private:
  PQTree tree;
  NaivePQTree twin;
};

bool isConsecutive(const Leaves &order, uint32_t members) {
  size_t first = order.size(), last = 0, count = 0;
  for (size_t i = 0; i < order.size(); ++i)
    if (members >> order[i] & 1) {
      first = std::min(first, i);
      last = i;
      ++count;
    }
  return count == 0 || last - first + 1 == count;
}

Leaves leavesOf(uint32_t members) {
  Leaves leaves;
  for (uint32_t leaf = 0; leaf < 32; ++leaf)
    if (members >> leaf & 1)
      leaves.push_back(leaf);
  return leaves;
}

/// All orders that the tree stands for, by arranging its nodes in every way.
std::vector<Leaves> ordersBelow(const PQTree &tree, PQTree::NodeId node) {
  if (tree.getKind(node) == PQTree::Kind::Leaf)
    return {{node}};
  std::vector<PQTree::NodeId> children = tree.getChildren(node);
  bool isP = tree.getKind(node) == PQTree::Kind::P;
  std::vector<size_t> places(children.size());
  std::iota(places.begin(), places.end(), 0);
  std::vector<std::vector<Leaves>> below;
  for (PQTree::NodeId child : children)
    below.push_back(ordersBelow(tree, child));
  std::vector<Leaves> result;
  bool more = true;
  while (more) {
    std::vector<Leaves> partial{{}};
    for (size_t place : places) {
      std::vector<Leaves> longer;
      for (const Leaves &head : partial)
        for (const Leaves &tail : below[place]) {
          longer.push_back(head);
          longer.back().insert(longer.back().end(), tail.begin(), tail.end());
        }
      partial = std::move(longer);
    }
    result.insert(result.end(), partial.begin(), partial.end());
    if (isP) {
      more = std::next_permutation(places.begin(), places.end());
    } else {
      more = places.front() == 0;
      std::reverse(places.begin(), places.end());
    }
  }
  return result;
}

std::string reduced(const char *tree, const Leaves &set) {
  auto parsed = PQTree::parse(tree);
  if (!parsed)
    return "not a tree";
  Outcome outcome = parsed->reduce(set);
  EXPECT_EQ(parsed->check(), "");
  EXPECT_EQ(outcome == Outcome::Unchanged || outcome == Outcome::Impossible,
            parsed->canonicalStr() == PQTree::parse(tree)->canonicalStr());
  return outcome == Outcome::Impossible ? "impossible" : parsed->canonicalStr();
}

TEST(PQTree, begins_with_all_orders) {
  EXPECT_EQ(PQTree(0).str(), "");
  EXPECT_EQ(PQTree(1).str(), "0");
  EXPECT_EQ(PQTree(2).str(), "(0 1)");
  EXPECT_EQ(PQTree(4).str(), "(0 1 2 3)");
  EXPECT_EQ(PQTree(0).frontier(), Leaves());
  EXPECT_EQ(PQTree(4).frontier(), (Leaves{0, 1, 2, 3}));
  for (uint32_t numLeaves : {0, 1, 2, 3, 7})
    EXPECT_EQ(PQTree(numLeaves).check(), "");
}

TEST(PQTree, applies_each_template) {
  EXPECT_EQ(reduced("(0 1 2)", {}), "(0 1 2)");
  EXPECT_EQ(reduced("(0 1 2)", {1}), "(0 1 2)");
  EXPECT_EQ(reduced("(0 1 2)", {2, 1, 0, 1}), "(0 1 2)");          // P1
  EXPECT_EQ(reduced("(0 1 2 3)", {1, 3}), "(0 (1 3) 2)");          // P2
  EXPECT_EQ(reduced("(0 (1 2) 3)", {2, 3}), "(0 [1 2 3])");        // P3, P4
  EXPECT_EQ(reduced("((0 1) 2 3)", {1, 2, 3}), "[0 1 (2 3)]");     // P3, P4
  EXPECT_EQ(reduced("(((0 1) 2 3) 4)", {1, 2, 4}), "[3 0 1 2 4]"); // P5
  EXPECT_EQ(reduced("((0 1) (2 3) 4 5)", {1, 2, 4}), "([0 1 4 2 3] 5)"); // P6
  EXPECT_EQ(reduced("((0 1) (2 3))", {1, 2}), "[0 1 2 3]");              // P6
  EXPECT_EQ(reduced("([0 1 2] 3)", {0, 1, 2}), "([0 1 2] 3)");           // Q1
  EXPECT_EQ(reduced("([0 1 2] 3)", {2, 3}), "[0 1 2 3]");                // Q2
  EXPECT_EQ(reduced("([2 1 0] 3)", {2, 3}), "[0 1 2 3]");                // Q2
  EXPECT_EQ(reduced("([0 (1 4) 2] 3)", {4, 2, 3}), "[0 1 4 2 3]");       // Q2
  EXPECT_EQ(reduced("[0 1 2 3]", {1, 2}), "[0 1 2 3]");                  // Q3
  EXPECT_EQ(reduced("[0 1 (2 3) 4 (5 6) 7]", {3, 4, 5}),
            "[0 1 2 3 4 5 6 7]");                                   // Q3
  EXPECT_EQ(reduced("[0 (1 2) (3 4) 5]", {2, 3}), "[0 1 2 3 4 5]"); // Q3
}

TEST(PQTree, refuses_what_no_template_fits) {
  EXPECT_EQ(reduced("([0 1 2] 3)", {1, 3}), "impossible");
  EXPECT_EQ(reduced("([0 1 2] 3)", {0, 2, 3}), "impossible");
  EXPECT_EQ(reduced("([0 (1 2) 3] 4)", {1, 4}), "impossible");
  EXPECT_EQ(reduced("[0 1 2 3]", {0, 2}), "impossible");
  EXPECT_EQ(reduced("[0 (1 2) 5 (3 4)]", {2, 3}), "impossible");
  EXPECT_EQ(reduced("((0 1) (2 3) (4 5) 6)", {1, 3, 5}), "impossible");
  EXPECT_EQ(reduced("(((0 1) (2 3) 4) 5)", {1, 3, 5}), "impossible");
}

TEST(PQTree, reads_what_it_prints_and_nothing_else) {
  for (const char *text : {"", "0", "(0 1)", "[2 (3 (0 4)) 1]"}) {
    auto tree = PQTree::parse(text);
    ASSERT_TRUE(tree) << text;
    EXPECT_EQ(tree->str(), text);
    EXPECT_EQ(tree->check(), "");
  }
  for (const char *text : {"1", "0 1", "(0)", "[0 1]", "(0 0)", "(0 1", "0)",
                           "(0 1]", "(0, 1)", "()", "(0 99999999999999999999)"})
    EXPECT_FALSE(PQTree::parse(text)) << text;
}

TEST(PQTree, has_one_canonical_form) {
  EXPECT_EQ(PQTree::parse("(3 [2 (4 1) 0])")->canonicalStr(),
            "([0 (1 4) 2] 3)");
  EXPECT_EQ(PQTree::parse("([0 (1 4) 2] 3)")->canonicalStr(),
            "([0 (1 4) 2] 3)");
}

TEST(PQTree, counts_orders) {
  EXPECT_EQ(PQTree(0).numOrders(), 1u);
  EXPECT_EQ(PQTree::parse("(3 [2 (4 1) 0])")->numOrders(), 8u);
  EXPECT_EQ(PQTree(20).numOrders(), 2432902008176640000u);
  EXPECT_FALSE(PQTree(21).numOrders());
  EXPECT_NEAR(PQTree(20).log2NumOrders(), std::log2(2432902008176640000.0),
              1e-9);
  EXPECT_DOUBLE_EQ(PQTree::parse("[0 1 2]")->log2NumOrders(), 1);
}

TEST(PQTree, stands_for_the_orders_found_by_trying_all) {
  Random random(7);
  size_t numImpossible = 0;
  for (uint32_t numLeaves = 2; numLeaves <= 7; ++numLeaves)
    for (int sequence = 0; sequence < (numLeaves < 7 ? 200 : 60); ++sequence) {
      Leaves order(numLeaves);
      std::iota(order.begin(), order.end(), 0);
      std::set<Leaves> orders;
      do
        orders.insert(order);
      while (std::next_permutation(order.begin(), order.end()));
      PQTree tree(numLeaves);
      for (int i = 0; i < 8; ++i) {
        uint32_t members = random.below(1u << numLeaves);
        std::set<Leaves> kept;
        for (const Leaves &candidate : orders)
          if (isConsecutive(candidate, members))
            kept.insert(candidate);
        Outcome expected = kept.empty()                  ? Outcome::Impossible
                           : kept.size() < orders.size() ? Outcome::Narrowed
                                                         : Outcome::Unchanged;
        ASSERT_EQ(tree.reduce(leavesOf(members)), expected);
        ASSERT_EQ(tree.check(), "");
        if (kept.empty())
          ++numImpossible;
        else
          orders = kept;
        std::vector<Leaves> found = ordersBelow(tree, tree.getRoot());
        ASSERT_EQ(found.size(), orders.size());
        ASSERT_EQ(std::set<Leaves>(found.begin(), found.end()), orders);
        ASSERT_EQ(tree.numOrders(), orders.size());
        ASSERT_TRUE(orders.count(tree.frontier()));
      }
    }
  EXPECT_GT(numImpossible, 500u);
}

TEST(PQTree, takes_every_triple_of_subsets_of_five) {
  for (uint32_t first = 0; first < 32; ++first)
    for (uint32_t second = 0; second < 32; ++second) {
      CheckedPQTree start(5);
      start.reduce(leavesOf(first));
      start.reduce(leavesOf(second));
      for (uint32_t third = 0; third < 32; ++third) {
        CheckedPQTree tree = start;
        tree.reduce(leavesOf(third));
        if (HasFailure())
          FAIL() << first << " " << second << " " << third;
      }
    }
}

TEST(PQTree, agrees_with_its_naive_twin_on_long_sequences) {
  Random random(11);
  size_t outcomes[3] = {};
  for (int sequence = 0; sequence < 150; ++sequence) {
    uint32_t numLeaves = 2 + random.below(60);
    CheckedPQTree tree(numLeaves);
    // Mostly intervals of a hidden order, so that many are possible.
    Leaves hidden(numLeaves);
    std::iota(hidden.begin(), hidden.end(), 0);
    for (uint32_t i = numLeaves; i > 1; --i)
      std::swap(hidden[i - 1], hidden[random.below(i)]);
    for (int i = 0; i < 60; ++i) {
      Leaves set;
      if (random.below(4) == 0) {
        for (uint32_t size = random.below(5); size--;)
          set.push_back(random.below(numLeaves));
      } else {
        uint32_t first = random.below(numLeaves);
        uint32_t last = std::min(numLeaves - 1, first + random.below(12));
        set.assign(hidden.begin() + first, hidden.begin() + last + 1);
      }
      ++outcomes[static_cast<int>(tree.reduce(set))];
      ASSERT_FALSE(HasFailure());
    }
  }
  for (size_t count : outcomes)
    EXPECT_GT(count, 500u);
}

TEST(PQTree, comes_back_to_checkpoints) {
  Random random(3);
  for (int sequence = 0; sequence < 300; ++sequence) {
    uint32_t numLeaves = 2 + random.below(20);
    PQTree tree(numLeaves);
    std::vector<std::pair<PQTree::Checkpoint, std::string>> open;
    for (int i = 0; i < 40; ++i) {
      uint32_t choice = random.below(6);
      if (choice == 0) {
        open.emplace_back(tree.checkpoint(), tree.str());
      } else if (choice == 1 && !open.empty()) {
        open.resize(1 + random.below(static_cast<uint32_t>(open.size())),
                    open.back());
        tree.rollback(open.back().first);
        ASSERT_EQ(tree.str(), open.back().second);
        ASSERT_EQ(tree.check(), "");
        open.pop_back();
      } else if (choice == 2 && random.below(8) == 0) {
        tree.forgetHistory();
        open.clear();
      } else {
        Leaves set;
        for (uint32_t size = 2 + random.below(3); size--;)
          set.push_back(random.below(numLeaves));
        tree.reduce(set);
      }
    }
  }
}

TEST(PQTree, generates_its_restrictions) {
  Random random(5);
  size_t numSets = 0;
  for (int sequence = 0; sequence < 400; ++sequence) {
    uint32_t numLeaves = 3 + random.below(5);
    PQTree tree(numLeaves);
    for (int i = 0; i < 4; ++i)
      tree.reduce(leavesOf(random.below(1u << numLeaves)));
    std::vector<Leaves> orders = ordersBelow(tree, tree.getRoot());
    for (uint32_t members = 1; members < 1u << numLeaves; ++members) {
      Leaves set = leavesOf(members);
      if (PQTree(tree).reduce(set) != Outcome::Unchanged)
        continue;
      // The restriction, with leaves numbered from 0.
      std::set<Leaves> expected;
      for (const Leaves &order : orders) {
        Leaves within;
        for (PQTree::Leaf leaf : order)
          if (members >> leaf & 1)
            within.push_back(static_cast<PQTree::Leaf>(
                std::find(set.begin(), set.end(), leaf) - set.begin()));
        expected.insert(within);
      }
      PQTree rebuilt(static_cast<uint32_t>(set.size()));
      for (Leaves part : tree.generators(set)) {
        EXPECT_GE(part.size(), 2u);
        EXPECT_LT(part.size(), set.size());
        for (PQTree::Leaf &leaf : part)
          leaf = static_cast<PQTree::Leaf>(
              std::find(set.begin(), set.end(), leaf) - set.begin());
        ASSERT_NE(rebuilt.reduce(part), Outcome::Impossible);
        ++numSets;
      }
      ASSERT_EQ(tree.check(), "");
      std::vector<Leaves> found = ordersBelow(rebuilt, rebuilt.getRoot());
      ASSERT_EQ(std::set<Leaves>(found.begin(), found.end()), expected)
          << tree.str() << " on " << members;
    }
  }
  EXPECT_GT(numSets, 1000u);
}

TEST(PQTree, is_deep_without_recursion) {
  // Each set adds one leaf to the one before: a chain of P-nodes.
  constexpr uint32_t numLeaves = 2000;
  PQTree tree(numLeaves);
  Leaves set{0};
  for (uint32_t leaf = 1; leaf < numLeaves; ++leaf) {
    set.push_back(leaf);
    ASSERT_NE(tree.reduce(set), Outcome::Impossible);
  }
  EXPECT_EQ(tree.check(), "");
  EXPECT_DOUBLE_EQ(tree.log2NumOrders(), numLeaves - 1);
  EXPECT_EQ(tree.frontier().size(), numLeaves);
  EXPECT_EQ(PQTree::parse(tree.str())->canonicalStr(), tree.canonicalStr());
}

} // namespace
