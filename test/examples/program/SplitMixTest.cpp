//===- SplitMixTest.cpp - tests of seeded random numbers --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "examples/program/SplitMix.h"

#include "gtest/gtest.h"

using program::SplitMix;

namespace {

TEST(SplitMix, GivesThePublishedNumbers) {
  SplitMix random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317u);
  EXPECT_EQ(random.next(), 3203168211198807973u);
  EXPECT_EQ(random.next(), 9817491932198370423u);
}

TEST(SplitMix, TossesAFairCoin) {
  unsigned heads = 0;
  for (unsigned seed = 0; seed != 10000; ++seed)
    heads += SplitMix(seed).below(2) == 0;
  EXPECT_NEAR(heads, 5000, 200); // four standard deviations
}

TEST(SplitMix, StaysBelowTheBound) {
  SplitMix random(1);
  bool seen[7] = {};
  for (unsigned i = 0; i != 1000; ++i) {
    auto number = random.below(7);
    ASSERT_LT(number, 7u);
    seen[number] = true;
  }
  for (bool wasSeen : seen)
    EXPECT_TRUE(wasSeen);
}

} // namespace
