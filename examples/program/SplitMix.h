//===- SplitMix.h - seeded random numbers -----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
// Generators", 2014). The same numbers on every machine, which the standard
// library's distributions don't promise.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_EXAMPLES_PROGRAM_SPLITMIX_H
#define EDBC_EXAMPLES_PROGRAM_SPLITMIX_H

#include <cstdint>

namespace program {

class SplitMix {
public:
  explicit SplitMix(std::uint64_t seed) : state(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  /// A number below `bound`, which is positive; the bias is at most
  /// bound / 2^64.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

private:
  std::uint64_t state;
};

} // namespace program

#endif // EDBC_EXAMPLES_PROGRAM_SPLITMIX_H
