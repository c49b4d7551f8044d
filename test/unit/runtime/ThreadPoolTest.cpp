//===- ThreadPoolTest.cpp - tests of forking and joining -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/ThreadPool.h"

#include <chrono>
#include <gtest/gtest.h>

using edbc::ThreadPool;

/// Runs a job that counts the calls for each of its parts.
static std::vector<uint32_t> countCalls(ThreadPool &pool, uint32_t numParts) {
  std::vector<uint32_t> calls(numParts);
  uint32_t *numbers = calls.data();
  pool.run(
      numParts,
      [](const void *context, uint32_t index) {
        ++(*static_cast<uint32_t *const *>(context))[index];
      },
      &numbers);
  return calls;
}

TEST(ThreadPoolTest, EveryPartRunsOnce) {
  for (uint32_t numThreads : {0u, 1u, 3u}) {
    ThreadPool pool(numThreads);
    for (uint32_t job = 0; job < 2000; ++job) {
      uint32_t numParts = 1 + job % 7;
      ASSERT_EQ(countCalls(pool, numParts), std::vector<uint32_t>(numParts, 1));
    }
    EXPECT_EQ(countCalls(pool, ThreadPool::maxParts),
              std::vector<uint32_t>(ThreadPool::maxParts, 1));
  }
}

TEST(ThreadPoolTest, SleepingThreadsWakeUp) {
  ThreadPool pool(2);
  for (uint32_t job = 0; job < 20; ++job) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    ASSERT_EQ(countCalls(pool, 64), std::vector<uint32_t>(64, 1));
  }
}

TEST(ThreadPoolTest, PartsRunAtTheSameTime) {
  // Each part waits until all three have begun.
  ThreadPool pool(2);
  std::atomic<uint32_t> numBegun{0};
  std::atomic<uint32_t> *shared = &numBegun;
  pool.run(
      3,
      [](const void *context, uint32_t) {
        auto &begun = **static_cast<std::atomic<uint32_t> *const *>(context);
        ++begun;
        while (begun != 3)
          std::this_thread::yield();
      },
      &shared);
  EXPECT_EQ(numBegun, 3u);
}
