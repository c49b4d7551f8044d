//===- Thread.h - threads, warps and blocks of the emulation ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_GPU_EMULATION_THREAD_H
#define EDBC_TEST_GPU_EMULATION_THREAD_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace edbc::emulation {

/// Where threads wait until all have come that have not ended.
struct Meeting {
  unsigned expected = 0;
  unsigned arrived = 0;
  unsigned generation = 0;

  void arrive();
  /// One thread fewer will come.
  void leave();
};

struct Warp {
  static constexpr unsigned size = 32;
  Meeting meeting;
  uint32_t words[size][6]; ///< what lanes show each other
};

struct Block {
  unsigned index = 0;
  Meeting meeting;
  std::vector<Warp> warps;
  std::unique_ptr<float[]> shared;
};

/// An asynchronous copy: `bytes` of `size`, and zeros behind them.
struct Copy {
  char *to;
  const char *from;
  size_t bytes;
  size_t size;
  void perform() const;
};

struct Thread {
  unsigned index = 0; ///< in the block
  Block *block = nullptr;
  bool hasEnded = false;
  /// Goes on when this number is no longer that one; null: at once.
  const unsigned *waitsFor = nullptr;
  unsigned waitsWhile = 0;
  std::vector<std::vector<Copy>> copies; ///< group by group, the last is open
  void *stackPointer = nullptr;
  char *stack = nullptr;

  Warp &warp() { return block->warps[index / Warp::size]; }
  unsigned lane() const { return index % Warp::size; }
};

/// The one that runs, and its launch.
extern Thread *current;
extern unsigned gridBlocks, blockThreads;
extern bool copiesEarly;

/// Lets others run.
void yield();
/// Waits until all threads that meet there have come.
void meet(Meeting &meeting);

} // namespace edbc::emulation

#endif // EDBC_TEST_GPU_EMULATION_THREAD_H
