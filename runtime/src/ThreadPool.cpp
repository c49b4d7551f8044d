//===- ThreadPool.cpp - threads that share the work of a phase -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/ThreadPool.h"

using namespace edbc;

/// Lets the other thread of the core go ahead.
static void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

ThreadPool::ThreadPool(uint32_t numThreads) {
  threads.reserve(numThreads);
  try {
    for (uint32_t i = 0; i < numThreads; ++i)
      threads.emplace_back([this] { work(); });
  } catch (...) {
    stop();
    throw;
  }
}

void ThreadPool::stop() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    isStopping = true;
  }
  wake.notify_all();
  for (std::thread &thread : threads)
    thread.join();
}

/// Takes a part of the job and does it. Returns false where none is left.
bool ThreadPool::runPart() {
  uint64_t seen = job.load(std::memory_order_acquire);
  do {
    if (!hasParts(seen))
      return false;
  } while (!job.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel,
                                      std::memory_order_acquire));
  part(context, static_cast<uint32_t>(seen & 0xFFFF));
  numPending.fetch_sub(1, std::memory_order_release);
  return true;
}

void ThreadPool::run(uint32_t numParts, Part newPart, const void *newContext) {
  part = newPart;
  context = newContext;
  numPending.store(numParts, std::memory_order_relaxed);
  uint32_t number = static_cast<uint32_t>(job.load() >> 16) + 1;
  // Either a thread that falls asleep sees this or it is seen below.
  job.store(uint64_t(numParts) << 48 | uint64_t(number) << 16);
  if (numAsleep.load() != 0) {
    { std::lock_guard<std::mutex> lock(mutex); }
    wake.notify_all();
  }
  while (runPart()) {
  }
  for (uint32_t spins = 0; numPending.load(std::memory_order_acquire) != 0;)
    if (++spins < 10000)
      relax();
    else
      std::this_thread::yield();
}

void ThreadPool::work() {
  while (true) {
    for (uint32_t spins = 0; spins < 2000; ++spins) {
      if (runPart())
        spins = 0;
      if (isStopping.load(std::memory_order_relaxed))
        return;
      relax();
    }
    std::unique_lock<std::mutex> lock(mutex);
    ++numAsleep;
    wake.wait(lock, [&] { return isStopping || hasParts(job); });
    --numAsleep;
  }
}
