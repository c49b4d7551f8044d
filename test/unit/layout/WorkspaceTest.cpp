//===- WorkspaceTest.cpp - tests of sharing memory --------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/PlanMemory/Workspace.h"

#include "test/unit/runtime/RandomGraphs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

using namespace edbc;
using edbc::test::Random;

namespace {

using Blocks = std::vector<WorkspaceBlock>;

/// Whether blocks that are in use in the same step are apart, and all are
/// within the workspace.
bool isRight(const Blocks &blocks, const WorkspacePlan &plan) {
  auto end = [&](size_t i) { return plan.offsets[i] + blocks[i].size; };
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (end(i) > plan.size)
      return false;
    for (size_t j = 0; j < i; ++j) {
      bool meet = blocks[i].firstStep <= blocks[j].lastStep &&
                  blocks[j].firstStep <= blocks[i].lastStep;
      bool apart = end(i) <= plan.offsets[j] || end(j) <= plan.offsets[i];
      if (meet && !apart)
        return false;
    }
  }
  return true;
}

/// The smallest workspace that some order of placing blocks at the lowest
/// offset gives: among all orders there is one that is optimal, that by
/// ascending offset in the best plan.
uint64_t smallest(const Blocks &blocks) {
  std::vector<uint32_t> order(blocks.size());
  std::iota(order.begin(), order.end(), 0);
  uint64_t best = UINT64_MAX;
  do {
    std::vector<uint64_t> offsets(blocks.size());
    uint64_t size = 0;
    for (size_t place = 0; place < order.size(); ++place) {
      const WorkspaceBlock &block = blocks[order[place]];
      // Above all earlier ones that it meets, as in the best plan.
      uint64_t offset = 0;
      for (size_t before = 0; before < place; ++before) {
        const WorkspaceBlock &other = blocks[order[before]];
        if (block.firstStep <= other.lastStep &&
            other.firstStep <= block.lastStep)
          offset = std::max(offset, offsets[order[before]] + other.size);
      }
      offsets[order[place]] = offset;
      size = std::max(size, offset + block.size);
    }
    best = std::min(best, size);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

Blocks randomBlocks(Random &random, uint32_t count, bool areEqual) {
  Blocks blocks;
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t first = random.below(8);
    blocks.push_back({areEqual ? 16 : 16 * uint64_t(1 + random.below(6)), first,
                      first + random.below(4)});
  }
  return blocks;
}

TEST(Workspace, uses_a_place_again) {
  Blocks chain = {{16, 0, 1}, {16, 1, 2}, {16, 2, 3}};
  WorkspacePlan plan = placeBlocks(chain);
  EXPECT_EQ(plan.offsets, (std::vector<uint64_t>{0, 16, 0}));
  EXPECT_EQ(plan.size, 32u);
  plan = placeInOrder(chain);
  EXPECT_EQ(plan.offsets, (std::vector<uint64_t>{0, 16, 32}));
  EXPECT_EQ(plan.size, 48u);
}

TEST(Workspace, places_nothing) {
  EXPECT_EQ(placeBlocks({}).size, 0u);
  EXPECT_EQ(placeInOrder({}).size, 0u);
  EXPECT_EQ(mostInUse({}), 0u);
}

/// By time, the small one would go below and leave a hole that is too small.
TEST(Workspace, tries_the_largest_first) {
  Blocks blocks = {{16, 0, 1}, {16, 0, 3}, {32, 2, 3}};
  EXPECT_EQ(placeBlocks(blocks).size, 48u);
}

TEST(Workspace, needs_no_more_than_what_is_in_use_where_sizes_are_equal) {
  Random random(3);
  for (int round = 0; round < 2000; ++round) {
    Blocks blocks = randomBlocks(random, 1 + random.below(12), true);
    WorkspacePlan plan = placeBlocks(blocks);
    ASSERT_TRUE(isRight(blocks, plan));
    ASSERT_EQ(plan.size, mostInUse(blocks));
  }
}

TEST(Workspace, is_right_and_seldom_larger_than_the_smallest) {
  Random random(4);
  constexpr int numRounds = 400;
  int numSmallest = 0;
  for (int round = 0; round < numRounds; ++round) {
    Blocks blocks = randomBlocks(random, 1 + random.below(7), false);
    WorkspacePlan plan = placeBlocks(blocks);
    ASSERT_TRUE(isRight(blocks, plan));
    ASSERT_TRUE(isRight(blocks, placeInOrder(blocks)));
    uint64_t least = smallest(blocks);
    ASSERT_LE(mostInUse(blocks), least);
    ASSERT_GE(plan.size, least);
    ASSERT_LE(plan.size, placeInOrder(blocks).size);
    numSmallest += plan.size == least;
  }
  EXPECT_GE(numSmallest, numRounds * 95 / 100);
}

} // namespace
