//===- TypeOrderTest.cpp - tests of the order of types ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/runtime/RandomGraphs.h"

#include <gtest/gtest.h>

using namespace edbc::core;
using namespace edbc::test;

TEST(TypeOrderTest, NothingIsChosenInTrees) {
  TypeOperands operands(NumTreeTypes);
  operands[Inner] = {Leaf, Inner, Leaf, Inner};
  operands[Score] = {Inner, Leaf};
  TypeOrder order(operands);
  ASSERT_EQ(order.getComponents().size(), 3u);
  for (uint32_t type : {Leaf, Inner, Score}) {
    EXPECT_EQ(order.componentOf(type), type);
    EXPECT_FALSE(order.isChosen(type));
    const TypeOrder::Component &component = order.getComponents()[type];
    EXPECT_EQ(component.types, std::vector<uint32_t>({type}));
    EXPECT_FALSE(component.isChosen);
    EXPECT_EQ(component.isRecursive, type == Inner);
  }
  EXPECT_FALSE(order.hasChoices());
}

TEST(TypeOrderTest, TypesThatDependOnEachOtherAreChosen) {
  // 4 -> {3, 1} -> 0 and 2.
  TypeOrder order({{}, {3, 0}, {}, {1, 2}, {1}});
  EXPECT_TRUE(order.hasChoices());
  EXPECT_EQ(order.componentOf(1), order.componentOf(3));
  EXPECT_EQ(order.getComponents()[order.componentOf(1)].types,
            std::vector<uint32_t>({1, 3}));
  for (uint32_t type = 0; type < 5; ++type)
    EXPECT_EQ(order.isChosen(type), type == 1 || type == 3);
  EXPECT_LT(order.componentOf(0), order.componentOf(1));
  EXPECT_LT(order.componentOf(2), order.componentOf(1));
  EXPECT_LT(order.componentOf(1), order.componentOf(4));
}

TEST(TypeOrderTest, WithoutKnowledgeAllTypesAreChosen) {
  for (uint32_t numTypes : {0u, 1u, 3u}) {
    TypeOrder order(numTypes);
    EXPECT_EQ(order.numTypes(), numTypes);
    ASSERT_EQ(order.getComponents().size(), 1u);
    EXPECT_EQ(order.getComponents()[0].types.size(), numTypes);
    for (uint32_t type = 0; type < numTypes; ++type)
      EXPECT_TRUE(order.isChosen(type));
  }
  EXPECT_TRUE(TypeOrder(TypeOperands()).getComponents().empty());
}

/// Components are the types that reach each other, each behind those that it
/// reaches.
TEST(TypeOrderTest, FollowsTheDefinition) {
  Random random(1);
  for (uint32_t round = 0; round < 300; ++round) {
    const uint32_t numTypes = 1 + random.below(12);
    TypeOperands operands = drawTypeOperands(random, numTypes, 2);
    std::vector<std::vector<bool>> reaches(numTypes,
                                           std::vector<bool>(numTypes));
    for (uint32_t type = 0; type < numTypes; ++type)
      for (uint32_t operand : operands[type])
        reaches[type][operand] = true;
    for (uint32_t via = 0; via < numTypes; ++via)
      for (uint32_t from = 0; from < numTypes; ++from)
        for (uint32_t to = 0; to < numTypes; ++to)
          if (reaches[from][via] && reaches[via][to])
            reaches[from][to] = true;

    TypeOrder order(operands);
    ASSERT_EQ(order.numTypes(), numTypes);
    size_t numListed = 0;
    for (const TypeOrder::Component &component : order.getComponents())
      numListed += component.types.size();
    EXPECT_EQ(numListed, numTypes);
    for (uint32_t type = 0; type < numTypes; ++type) {
      const TypeOrder::Component &component =
          order.getComponents()[order.componentOf(type)];
      EXPECT_TRUE(
          std::is_sorted(component.types.begin(), component.types.end()));
      EXPECT_EQ(component.isRecursive, reaches[type][type]);
      EXPECT_EQ(component.isChosen, component.types.size() > 1);
      EXPECT_EQ(order.isChosen(type), component.isChosen);
      for (uint32_t other = 0; other < numTypes; ++other) {
        EXPECT_EQ(order.componentOf(type) == order.componentOf(other),
                  type == other ||
                      (reaches[type][other] && reaches[other][type]));
        if (reaches[type][other]) {
          EXPECT_LE(order.componentOf(other), order.componentOf(type));
        }
      }
    }
  }
}

/// The search for components isn't recursive.
TEST(TypeOrderTest, ChainsOfTypesMayBeLong) {
  constexpr uint32_t numTypes = 300000;
  TypeOperands operands(numTypes);
  for (uint32_t type = 0; type + 1 < numTypes; ++type)
    operands[type] = {type + 1};
  TypeOrder chain(operands);
  EXPECT_EQ(chain.getComponents().size(), numTypes);
  EXPECT_EQ(chain.componentOf(0), numTypes - 1);
  operands.back() = {0};
  EXPECT_EQ(TypeOrder(operands).getComponents().size(), 1u);
}
