//===- ComparisonTest.cpp - how far results are from others -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/reference/ReferenceTest.h"

#include <cmath>

using namespace mlir;
using namespace edbc;

TEST(RelativeErrorTest, IsRelativeToTheLargestNumber) {
  EXPECT_EQ(relativeError({1, -4, 2}, {1, -4, 2}, 0), 0);
  EXPECT_EQ(relativeError({1, -4, 2}, {1.5, -4, 2}, 0), 0.125);
  EXPECT_EQ(relativeError({1, -4, 2}, {1.5, -3, 2}, 0), 0.25);
  EXPECT_EQ(relativeError({0, 0}, {0, -0.0f}, 0), 0);
  EXPECT_EQ(relativeError({0}, {0.5}, 0), infinity);
}

TEST(RelativeErrorTest, CountsWhatIsUsual) {
  EXPECT_EQ(relativeError({1}, {1.5}, 50), 0.5);
  EXPECT_EQ(relativeError({1}, {1.5}, 1000), 0.05);
  EXPECT_EQ(relativeError({0}, {0.5}, 1000), 0.05);
}

TEST(RelativeErrorTest, ComparesWhatIsNotFinite) {
  constexpr auto inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(relativeError({NAN, infinity, -infinity}, {NAN, inf, -inf}, 1), 0);
  EXPECT_EQ(relativeError({infinity}, {-inf}, 1), infinity);
  EXPECT_EQ(relativeError({NAN}, {1}, 1), infinity);
  EXPECT_EQ(relativeError({1}, {NAN}, 1), infinity);
  EXPECT_EQ(relativeError({1}, {inf}, 1), infinity);
  // The others still count.
  EXPECT_EQ(relativeError({infinity, 1}, {inf, 2}, 0), 1);
}

TEST(RelativeErrorTest, FindsTheLargestMagnitude) {
  std::vector<NodeState> nodes = {
      {"A", {{"x", {1, -3}}, {"y", {9, 9}}}},
      {"B", {{"x", {100}}}},
      {"A", {{"x", {NAN, 2}}, {"y", {0, infinity}}}}};
  EXPECT_EQ(largestMagnitude(nodes, "A", "x"), 3);
  EXPECT_EQ(largestMagnitude(nodes, "A", "y"), 9);
  EXPECT_EQ(largestMagnitude(nodes, "C", "x"), 0);
}
