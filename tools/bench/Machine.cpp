//===- Machine.cpp - what this machine can do -------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Machine.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <immintrin.h>
#include <unistd.h>
#include <vector>

using namespace edbc;

using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

edbc_isa bench::bestIsa() {
  bool hasV4 =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return hasV4 ? EDBC_ISA_X86_64_V4 : EDBC_ISA_X86_64_V3;
}

edbc_isa bench::executedIsa() {
  const char *forced = std::getenv("EDBC_ISA");
  if (!forced || *forced == '\0')
    return bestIsa();
  return std::strcmp(forced, "x86-64-v4") == 0 ? EDBC_ISA_X86_64_V4
                                               : EDBC_ISA_X86_64_V3;
}

// Enough independent sums to keep two units of four cycles' latency busy, few
// enough for sixteen registers.
static constexpr int numSums = 12;
static constexpr int64_t numRounds = 200000;

__attribute__((target("avx512f"))) static float multiplyAdd512() {
  __m512 sums[numSums];
  for (__m512 &sum : sums)
    sum = _mm512_setzero_ps();
  const __m512 half = _mm512_set1_ps(0.5f);
  const __m512 one = _mm512_set1_ps(1.0f);
  for (int64_t round = 0; round < numRounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < numSums; ++i)
      sums[i] = _mm512_fmadd_ps(sums[i], half, one);
  }
  __m512 total = sums[0];
  for (int i = 1; i < numSums; ++i)
    total = _mm512_add_ps(total, sums[i]);
  return _mm512_cvtss_f32(total);
}

__attribute__((target("avx2,fma"))) static float multiplyAdd256() {
  __m256 sums[numSums];
  for (__m256 &sum : sums)
    sum = _mm256_setzero_ps();
  const __m256 half = _mm256_set1_ps(0.5f);
  const __m256 one = _mm256_set1_ps(1.0f);
  for (int64_t round = 0; round < numRounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < numSums; ++i)
      sums[i] = _mm256_fmadd_ps(sums[i], half, one);
  }
  __m256 total = sums[0];
  for (int i = 1; i < numSums; ++i)
    total = _mm256_add_ps(total, sums[i]);
  return _mm256_cvtss_f32(total);
}

double bench::measurePeak(double seconds) {
  bool isWide = bestIsa() == EDBC_ISA_X86_64_V4;
  double flop = 2.0 * (isWide ? 16 : 8) * numSums * numRounds;
  volatile float sink = 0;
  double shortest = HUGE_VAL;
  Clock::time_point begin = Clock::now();
  do {
    Clock::time_point trial = Clock::now();
    sink = isWide ? multiplyAdd512() : multiplyAdd256();
    shortest = std::min(shortest, secondsSince(trial));
  } while (secondsSince(begin) < seconds);
  static_cast<void>(sink);
  return flop / shortest * 1e-9;
}

double bench::measureBandwidth() {
  constexpr int numTrials = 3;
  long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
  size_t bytes = std::max(size_t(1) << 28, size_t(std::max(cache, 0L)) * 2);
  std::vector<uint64_t> array(bytes / sizeof(uint64_t), 1);
  volatile uint64_t sink = 0;
  double shortest = HUGE_VAL;
  for (int trial = 0; trial < numTrials; ++trial) {
    Clock::time_point begin = Clock::now();
    uint64_t sum = 0;
    for (uint64_t element : array)
      sum += element;
    sink = sum;
    shortest = std::min(shortest, secondsSince(begin));
  }
  static_cast<void>(sink);
  return double(array.size() * sizeof(uint64_t)) / shortest * 1e-9;
}

uint64_t bench::physicalMemory() {
  return uint64_t(sysconf(_SC_PHYS_PAGES)) * uint64_t(sysconf(_SC_PAGESIZE));
}
