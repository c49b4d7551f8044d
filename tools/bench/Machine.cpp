//===- Machine.cpp - what this machine can do -------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Machine.h"

#include "compiler/Target/HostIsa.h"
#include "runtime/src/ThreadPool.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <immintrin.h>
#include <unistd.h>
#include <vector>

using namespace edbc;

using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
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

static float multiplyAdd128() {
  __m128 sums[numSums];
  for (__m128 &sum : sums)
    sum = _mm_setzero_ps();
  const __m128 half = _mm_set1_ps(0.5f);
  const __m128 one = _mm_set1_ps(1.0f);
  for (int64_t round = 0; round < numRounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < numSums; ++i)
      sums[i] = _mm_add_ps(_mm_mul_ps(sums[i], half), one);
  }
  __m128 total = sums[0];
  for (int i = 1; i < numSums; ++i)
    total = _mm_add_ps(total, sums[i]);
  return _mm_cvtss_f32(total);
}

double bench::measurePeak(double seconds, uint32_t numThreads) {
  batch::Isa isa = hostIsa();
  int lanes = isa == batch::Isa::X86_64_V4   ? 16
              : isa == batch::Isa::X86_64_V3 ? 8
                                             : 4;
  double flop = 2.0 * lanes * numSums * numRounds * numThreads;
  auto multiplyAdd = lanes == 16  ? multiplyAdd512
                     : lanes == 8 ? multiplyAdd256
                                  : multiplyAdd128;
  ThreadPool pool(numThreads - 1);
  double shortest = HUGE_VAL;
  Clock::time_point begin = Clock::now();
  do {
    Clock::time_point trial = Clock::now();
    pool.run(
        numThreads,
        [](const void *function, uint32_t) {
          volatile float sink =
              (*static_cast<const decltype(multiplyAdd) *>(function))();
          static_cast<void>(sink);
        },
        &multiplyAdd);
    shortest = std::min(shortest, secondsSince(trial));
  } while (secondsSince(begin) < seconds);
  return flop / shortest * 1e-9;
}

// Enough loads at once to hide their latency.
static constexpr size_t numLoads = 8;

__attribute__((target("avx512f"))) static int64_t read512(const int64_t *data,
                                                          size_t bytes) {
  constexpr size_t lanes = 8;
  __m512i sums[numLoads];
  for (__m512i &sum : sums)
    sum = _mm512_setzero_si512();
  for (size_t i = 0; i < bytes / sizeof(int64_t); i += numLoads * lanes)
#pragma GCC unroll 8
    for (size_t k = 0; k < numLoads; ++k)
      sums[k] =
          _mm512_or_si512(sums[k], _mm512_loadu_si512(data + i + k * lanes));
  for (size_t k = 1; k < numLoads; ++k)
    sums[0] = _mm512_or_si512(sums[0], sums[k]);
  int64_t lanesOfSum[lanes];
  _mm512_storeu_si512(lanesOfSum, sums[0]);
  return lanesOfSum[0];
}

static int64_t read128(const int64_t *data, size_t bytes) {
  constexpr size_t lanes = 2;
  __m128i sums[numLoads];
  for (__m128i &sum : sums)
    sum = _mm_setzero_si128();
  for (size_t i = 0; i < bytes / sizeof(int64_t); i += numLoads * lanes)
#pragma GCC unroll 8
    for (size_t k = 0; k < numLoads; ++k)
      sums[k] = _mm_or_si128(sums[k],
                             _mm_loadu_si128(reinterpret_cast<const __m128i *>(
                                 data + i + k * lanes)));
  for (size_t k = 1; k < numLoads; ++k)
    sums[0] = _mm_or_si128(sums[0], sums[k]);
  return _mm_cvtsi128_si64(sums[0]);
}

__attribute__((target("avx2"))) static int64_t read256(const int64_t *data,
                                                       size_t bytes) {
  constexpr size_t lanes = 4;
  __m256i sums[numLoads];
  for (__m256i &sum : sums)
    sum = _mm256_setzero_si256();
  for (size_t i = 0; i < bytes / sizeof(int64_t); i += numLoads * lanes)
#pragma GCC unroll 8
    for (size_t k = 0; k < numLoads; ++k)
      sums[k] = _mm256_or_si256(
          sums[k], _mm256_loadu_si256(reinterpret_cast<const __m256i *>(
                       data + i + k * lanes)));
  for (size_t k = 1; k < numLoads; ++k)
    sums[0] = _mm256_or_si256(sums[0], sums[k]);
  return _mm256_extract_epi64(sums[0], 0);
}

double bench::measureBandwidth(size_t bytes) {
  constexpr int fewestPasses = 3;
  constexpr double seconds = 0.01;
  constexpr size_t block = 512; // of one round of any of the functions
  bytes = (bytes + block - 1) / block * block;
  std::vector<int64_t> array(bytes / sizeof(int64_t), 1);
  auto read = __builtin_cpu_supports("avx512f") ? read512
              : __builtin_cpu_supports("avx2")  ? read256
                                                : read128;
  volatile int64_t sink = 0;
  // Small arrays several times in a trial, for the clock's sake.
  size_t numPasses = std::max<size_t>((size_t(1) << 20) / bytes, 1);
  double shortest = HUGE_VAL;
  Clock::time_point begin = Clock::now();
  for (int trial = 0; trial < fewestPasses || secondsSince(begin) < seconds;
       ++trial) {
    Clock::time_point trialBegin = Clock::now();
    for (size_t pass = 0; pass < numPasses; ++pass)
      sink = read(array.data(), bytes);
    shortest = std::min(shortest, secondsSince(trialBegin));
  }
  static_cast<void>(sink);
  return double(bytes * numPasses) / shortest * 1e-9;
}

double bench::measureMemoryBandwidth() {
  long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
  return measureBandwidth(
      std::max(size_t(1) << 28, size_t(std::max(cache, 0L)) * 2));
}

uint64_t bench::physicalMemory() {
  return uint64_t(sysconf(_SC_PHYS_PAGES)) * uint64_t(sysconf(_SC_PAGESIZE));
}
