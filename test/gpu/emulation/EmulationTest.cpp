//===- EmulationTest.cpp - what kernels rely on -----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The emulation, and pieces of the device library on it that networks reach
// only together.
//
//===----------------------------------------------------------------------===//

#include "test/gpu/emulation/Emulation.h"
#include "test/gpu/emulation/Device.h"

#include "device/Schedule.cuh"

#include "gtest/gtest.h"

#include <limits>
#include <stdexcept>
#include <vector>

using namespace edbc;
using emulation::launch;

namespace {

// The kernels get pointers to what they write.

void passAround(u32 *turns, Barrier *barrier, u32 rounds) {
  for (u32 round = 0; round < rounds; ++round) {
    // Each block adds what its neighbour had before the last barrier.
    const u32 *before = turns + round * gridDim.x;
    u32 *after = turns + (round + 1) * gridDim.x;
    if (threadIdx.x == blockThreads - 1)
      after[blockIdx.x] = before[(blockIdx.x + 1) % gridDim.x] + 1;
    waitForGrid(barrier);
  }
}

TEST(EmulationTest, BlocksWaitForEachOther) {
  constexpr u32 rounds = 5;
  Barrier barrier = {};
  for (u32 blocks : {1u, 2u, 7u}) {
    std::vector<u32> turns(blocks * (rounds + 1));
    launch(passAround, blocks, blockThreads, 0, turns.data(), &barrier, rounds);
    EXPECT_EQ(turns, [&] {
      std::vector<u32> expected;
      for (u32 round = 0; round <= rounds; ++round)
        expected.insert(expected.end(), blocks, round);
      return expected;
    }());
    EXPECT_EQ(barrier.arrived, 0u);
  }
  EXPECT_EQ(barrier.generation, 3 * rounds);
}

void oneLaneIsMissing() {
  if (threadIdx.x != 3)
    __shfl_xor_sync(0xFFFFFFFF, 1.0f, 1);
  else
    while (true)
      edbc::pause();
}

TEST(EmulationTest, WaitingForEverIsAnError) {
  EXPECT_THROW(launch(oneLaneIsMissing, 1, 32, 0), std::runtime_error);
  Barrier barrier = {};
  auto partOfTheGrid = +[](Barrier *barrier) {
    if (blockIdx.x == 0)
      waitForGrid(barrier);
  };
  EXPECT_THROW(launch(partOfTheGrid, 2, 32, 0, &barrier), std::runtime_error);
}

void copyAndLook(const float *from, float *seenBefore, float *seenAfter) {
  const u32 at = threadIdx.x * 4;
  copyAsync16(sharedMemory() + at, from + at, 12);
  commitCopies();
  copyAsync4(sharedMemory() + 512 + threadIdx.x, from + threadIdx.x, 4);
  commitCopies();
  waitCopies<1>();
  __syncthreads();
  for (u32 k = 0; k < 4; ++k)
    seenAfter[at + k] = sharedMemory()[at + k];
  seenBefore[threadIdx.x] = sharedMemory()[512 + threadIdx.x];
  waitCopies<0>();
  __syncthreads();
}

TEST(EmulationTest, CopiesAreThereWhenTheyAreWaitedFor) {
  std::vector<float> from(512), before(128), after(512);
  for (u32 i = 0; i < 512; ++i)
    from[i] = i;
  bool wasLate = false, wasEarly = false;
  for (int i = 0; i < 2; ++i) {
    launch(copyAndLook, 1, 128, 640 * sizeof(float), from.data(), before.data(),
           after.data());
    for (u32 k = 0; k < 512; ++k)
      EXPECT_EQ(after[k], k % 4 == 3 ? 0 : k);
    (std::isnan(before[5]) ? wasLate : wasEarly) = true;
  }
  EXPECT_TRUE(wasLate && wasEarly);
  auto unaligned =
      +[](const float *from) { copyAsync16(sharedMemory(), from + 1, 16); };
  EXPECT_THROW(launch(unaligned, 1, 32, 64, from.data()), std::runtime_error);
}

/// A product of matrices of small integers, exact in every precision: a and b
/// are 16 x 16 and 16 x 8, row-major.
template <class Factors>
void multiplyTile(const float *a, const float *b, float *out) {
  float c[4] = {1, 1, 1, 1};
  for (u32 k = 0; k < 16; k += Factors::depth) {
    u32 aWords[4], bWords[2];
    Factors::template readRows<16>(a + k, aWords);
    Factors::template readWeights<8>(b + k * 8, bWords);
    Factors::multiply(c, aWords, bWords);
  }
  const u32 g = threadIdx.x / 4, t = threadIdx.x % 4;
  for (u32 i = 0; i < 4; ++i)
    out[(g + i / 2 * 8) * 8 + 2 * t + i % 2] = c[i];
}

template <class Factors> void checkTile() {
  alignas(8) float a[16 * 16], b[16 * 8], out[16 * 8];
  for (int i = 0; i < 16 * 16; ++i)
    a[i] = i * 7 % 11 - 5;
  for (int i = 0; i < 16 * 8; ++i)
    b[i] = i * 5 % 13 - 6;
  launch(multiplyTile<Factors>, 1, 32, 0, a, b, out);
  for (int row = 0; row < 16; ++row)
    for (int column = 0; column < 8; ++column) {
      float expected = 1;
      for (int k = 0; k < 16; ++k)
        expected += a[row * 16 + k] * b[k * 8 + column];
      EXPECT_EQ(out[row * 8 + column], expected) << row << ", " << column;
    }
}

TEST(EmulationTest, TensorCoresMultiply) {
  checkTile<Tf32>();
  checkTile<Bf16>();
}

float asFloat(u32 bits) { return __int_as_float(bits); }

TEST(EmulationTest, FactorsAreRoundedToTheNearest) {
  EXPECT_EQ(asFloat(roundToTf32(1.0f + 0x1p-10f)), 1.0f + 0x1p-10f);
  EXPECT_EQ(asFloat(roundToTf32(1.0f + 0x1p-11f)), 1.0f + 0x1p-10f);
  EXPECT_EQ(asFloat(roundToTf32(-1.0f - 0x1.8p-12f)), -1.0f);
  EXPECT_EQ(asFloat(roundToTf32(-INFINITY)), -INFINITY);
  EXPECT_EQ(roundToBf16(1.0f, -2.0f), 0xC0003F80);
  EXPECT_EQ(roundToBf16(1.0f + 0x1p-8f, 1.0f + 0x1.8p-7f), 0x3F823F80);
  EXPECT_EQ(roundToBf16(NAN, INFINITY), 0x7F807FFF);
}

void foldRow(const float *x, u32 width, float *results) {
  const float sum = logSumExp(Warp(), x, width);
  const float largest = largestOf(Warp(), x, width);
  const float best = argmax(Warp(), x, width);
  if (threadIdx.x == 0) {
    results[0] = sum;
    results[1] = best;
    results[2] = logSumExp(Solo(), x, width);
    results[3] = argmax(Solo(), x, width);
    results[4] = largest;
    results[5] = largestOf(Solo(), x, width);
  }
}

TEST(EmulationTest, WarpsFoldRows) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  struct Case {
    std::vector<float> row;
    float best;
  };
  std::vector<float> wide(100);
  for (int i = 0; i < 100; ++i)
    wide[i] = i * 37 % 100 * 0.5f;
  for (const Case &one :
       {Case{{-1}, 0}, Case{{1, 5, 5, -2}, 1}, Case{{-200, -300}, 0},
        Case{wide, 27}, Case{{-inf, 3}, 1}}) {
    float results[6];
    launch(foldRow, 1, 32, 0, one.row.data(), u32(one.row.size()), results);
    double expected = 0;
    for (float x : one.row)
      expected += std::exp(double(x) - one.row[one.best]);
    expected = std::log(expected);
    EXPECT_EQ(results[4], one.row[one.best]);
    EXPECT_EQ(results[5], one.row[one.best]);
    EXPECT_NEAR(results[0], expected, std::fabs(expected) * 1e-6 + 1e-7);
    EXPECT_NEAR(results[2], expected, std::fabs(expected) * 1e-6 + 1e-7);
    EXPECT_EQ(results[1], one.best);
    EXPECT_EQ(results[3], one.best);
  }
  // NaN is never the largest; where nothing is, the first is.
  float results[6], row[] = {NAN, 2, NAN}, none[] = {NAN, NAN};
  launch(foldRow, 1, 32, 0, row, 3u, results);
  EXPECT_TRUE(std::isnan(results[0]));
  EXPECT_TRUE(std::isnan(results[4]));
  EXPECT_EQ(results[1], 1);
  launch(foldRow, 1, 32, 0, none, 2u, results);
  EXPECT_EQ(results[1], 0);
  // Infinity isn't subtracted from itself.
  float high[] = {inf, 2}, low[] = {-inf, -inf};
  launch(foldRow, 1, 32, 0, high, 2u, results);
  EXPECT_EQ(results[0], inf);
  EXPECT_EQ(results[4], inf);
  launch(foldRow, 1, 32, 0, low, 2u, results);
  EXPECT_EQ(results[2], -inf);
  EXPECT_EQ(results[5], -inf);
}

/// Tiles that only note who computes them.
struct Noted {
  __device__ static u32 count(u32 rows) { return rows; }
  __device__ static void run(void *const *buffers, u32, u32 tile) {
    if (threadIdx.x == 0)
      static_cast<u32 *>(buffers[0])[tile] += 1 + 100 * (blockIdx.x + 1);
  }
};

void runTwoSteps(const Step *steps) {
  u32 taken = 0;
  runTiles<Noted>(steps[0], taken);
  runTiles<Noted>(steps[1], taken);
}

TEST(ScheduleTest, BlocksShareTheTilesOfIndependentSteps) {
  u32 first[3] = {}, second[4] = {};
  void *buffers[] = {first, second};
  Step steps[2] = {};
  steps[0].buffers = &buffers[0];
  steps[0].rows = 3;
  steps[1].buffers = &buffers[1];
  steps[1].rows = 4;
  launch(runTwoSteps, 5, 32, 0, steps);
  // Each tile once, and round and round the blocks.
  EXPECT_EQ(std::vector<u32>(first, first + 3),
            (std::vector<u32>{101, 201, 301}));
  EXPECT_EQ(std::vector<u32>(second, second + 4),
            (std::vector<u32>{401, 501, 101, 201}));
}

} // namespace
