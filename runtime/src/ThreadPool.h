//===- ThreadPool.h - threads that share the work of a phase ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_SRC_THREADPOOL_H
#define EDBC_RUNTIME_SRC_THREADPOOL_H

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace edbc {

/// Forks and joins: the caller of `run` and the pool's threads take the parts
/// of a job one by one until none is left. Between jobs threads spin for some
/// tens of microseconds, so that the next one finds them awake, and then sleep.
///
/// A pool has one caller at a time. Once created it allocates nothing.
class ThreadPool {
public:
  /// What a part is done by; must not throw.
  using Part = void (*)(const void *context, uint32_t index);

  static constexpr uint32_t maxParts = UINT16_MAX;

  /// Starts `numThreads` threads. May throw std::system_error, std::bad_alloc.
  explicit ThreadPool(uint32_t numThreads);
  ~ThreadPool() { stop(); }
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  /// Calls `part(context, index)` for each index below `numParts`, in any order
  /// and at the same time. Returns when all calls have.
  void run(uint32_t numParts, Part part, const void *context);

private:
  static bool hasParts(uint64_t job) { return (job & 0xFFFF) < job >> 48; }
  bool runPart();
  void work();
  void stop();

  // The job. A thread that took one of its parts reads `part` and `context`,
  // which stay as they are until all parts are done.
  Part part = nullptr;
  const void *context = nullptr;
  std::atomic<uint32_t> numPending{0}; ///< parts that are not yet done
  /// From the lowest bit: the next part (16 bits), the number of the job (32),
  /// its parts (16). In one word, so that a thread that comes late can't take
  /// a part of another job than it saw.
  std::atomic<uint64_t> job{0};

  std::mutex mutex;
  std::condition_variable wake;
  std::atomic<uint32_t> numAsleep{0};
  std::atomic<bool> isStopping{false};
  std::vector<std::thread> threads;
};

} // namespace edbc

#endif // EDBC_RUNTIME_SRC_THREADPOOL_H
