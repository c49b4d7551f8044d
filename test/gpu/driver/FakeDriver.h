//===- FakeDriver.h - a CUDA driver without a device ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// A shared library with the functions that the runtime calls of a CUDA driver,
// for tests: EDBC_CUDA_DRIVER names it. It is strict. What a real driver would
// take but shouldn't be given, or what would be a race or a leak, is written
// into a report. What is enqueued on a stream is done no earlier than somebody
// waits for it.
//
// Device memory is memory of the host, filled with NaNs, and kernels are
// functions of the test.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_GPU_DRIVER_FAKEDRIVER_H
#define EDBC_TEST_GPU_DRIVER_FAKEDRIVER_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace edbc::fake {

/// The machine that there seems to be.
struct Machine {
  int version = 13000;
  int numDevices = 1;
  int architecture = 90; ///< of all devices
  bool isCooperative = true;
  int multiprocessors = 3;
  int blocksPerMultiprocessor = 2;
  int sharedBytes = 232448; ///< that a block can have
  size_t memory = size_t(1) << 30;
  /// Whether it is wrong to free memory while there is work on any stream.
  bool reportsEarlyFrees = true;
};

/// `edbc_run`, started. Pointers are into device memory.
struct KernelLaunch {
  const void *steps;
  uint32_t numSteps;
  void *barrier;
  unsigned gridSize, blockSize, sharedBytes;
};
using Kernel = std::function<void(const KernelLaunch &)>;

/// Starts over with another machine: nothing is allocated, nothing is reported,
/// and no call is going to fail.
void begin(const Machine &machine = {});

/// Says that the memory at `data` is an image for an architecture, with
/// `kernel` as its edbc_run. Other images can't be loaded.
void addImage(const void *data, int architecture, Kernel kernel);

/// Lets a function fail: its call number `n` from now, counted from 1, and only
/// that. May be called repeatedly.
void failCall(const std::string &function, unsigned n, int result);
/// Takes back all calls of `failCall`.
void failNoCall();
/// Lets the kernel that is executed as number `n` from now fail. From then on
/// all functions do, until the primary context has been released by all.
void failKernel(unsigned n, int result);

/// Has `hook` called with true when a call begins and with false when it ends.
/// For tests that count what happens between calls.
void onCalls(std::function<void(bool)> hook);

/// How often a function was called since `begin`.
unsigned numCalls(const std::string &function);

/// What was done wrong since `begin`, a line each.
std::string misuse();
/// What is allocated at present, a line each.
std::string leaks();
/// Bytes of device memory that are allocated at present.
size_t usedMemory();

} // namespace edbc::fake

#endif // EDBC_TEST_GPU_DRIVER_FAKEDRIVER_H
