//===- Machine.h - what this machine can do ---------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_BENCH_MACHINE_H
#define EDBC_TOOLS_BENCH_MACHINE_H

#include <cstddef>
#include <cstdint>

namespace edbc::bench {

/// The most arithmetic that so many threads do together, in GFLOP/s: fused
/// multiply-adds of 32-bit floats (where there are none, products and sums) in
/// the registers of the best instruction set, each of which counts as two. The
/// best of several short trials, which take `seconds` in all, so that other
/// work on the machine does little harm. Where threads share a core, they do
/// together what the core does. May throw std::system_error.
double measurePeak(double seconds, uint32_t numThreads);

/// The most that one core reads, in GB/s (1e9 bytes), again and again from an
/// array of so many bytes, which lies in whatever cache has room for it. Takes
/// a hundredth of a second, or three passes over a large array.
double measureBandwidth(size_t bytes);

/// The same for an array larger than all caches.
double measureMemoryBandwidth();

/// Bytes of memory that the machine has.
uint64_t physicalMemory();

} // namespace edbc::bench

#endif // EDBC_TOOLS_BENCH_MACHINE_H
