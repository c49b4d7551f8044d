//===- Random.h - a reproducible source of random numbers ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CORE_RANDOM_H
#define EDBC_RUNTIME_CORE_RANDOM_H

#include <cassert>
#include <cstdint>

namespace edbc {

/// SplitMix64 (Steele, Lea and Flood 2014). Unlike the distributions of the
/// standard library it gives the same numbers everywhere.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}

  uint64_t next() {
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  /// A number in [0, bound); bound is not 0. Numbers differ in probability by
  /// less than 2^-32.
  uint32_t below(uint32_t bound) {
    assert(bound != 0 && "there is no number to choose");
    return static_cast<uint32_t>((next() >> 32) * bound >> 32);
  }

  /// True with the given probability.
  bool chance(double probability) {
    return static_cast<double>(next() >> 11) * 0x1p-53 < probability;
  }

private:
  uint64_t state;
};

} // namespace edbc

#endif // EDBC_RUNTIME_CORE_RANDOM_H
