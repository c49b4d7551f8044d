//===- SpanTest.cpp - tests of views of elements ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "edbc/edbc.h"

#include <gtest/gtest.h>

namespace {

struct Node : edbc::Value {};

size_t countNodes(edbc::Span<const Node> nodes) { return nodes.size(); }

float sum(edbc::Span<const float> values) {
  float result = 0;
  for (float value : values)
    result += value;
  return result;
}

TEST(SpanTest, ViewsWhatHoldsElements) {
  Node a, b, array[3];
  EXPECT_EQ(countNodes(array), 3u);
  EXPECT_EQ(countNodes(std::array<Node, 2>()), 2u);
  EXPECT_EQ(countNodes(std::vector<Node>(4)), 4u);
  EXPECT_EQ(countNodes({a, b}), 2u);
  EXPECT_EQ(countNodes({}), 0u);
  EXPECT_EQ(countNodes({array, 2}), 2u);
}

TEST(SpanTest, TakesNumbersInBracesAsElements) {
  EXPECT_EQ(sum({0, 16}), 16.0f);
  const float values[] = {1, 2, 4};
  EXPECT_EQ(sum(values), 7.0f);
  EXPECT_EQ(sum({values + 1, 2}), 6.0f);
}

} // namespace
