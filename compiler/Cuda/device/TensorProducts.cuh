//===- TensorProducts.cuh - sums of rounded products -----------*- CUDA -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#pragma once

#include "device/Products.cuh"

namespace edbc {

/// How factors of tf32 are read from shared memory, whose rows are `stride`
/// floats apart, and multiplied.
struct Tf32 {
  static constexpr u32 depth = 8;
  /// From the first row and k of a tile on.
  template <u32 stride>
  __device__ static void readRows(const float *rows, u32 (&a)[4]) {
    const u32 g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
#pragma unroll
    for (u32 i = 0; i < 4; ++i)
      a[i] = roundToTf32(rows[(g + i % 2 * 8) * stride + t + i / 2 * 4]);
  }
  /// From the first k and unit on.
  template <u32 stride>
  __device__ static void readWeights(const float *weights, u32 (&b)[2]) {
    const u32 g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
#pragma unroll
    for (u32 i = 0; i < 2; ++i)
      b[i] = roundToTf32(weights[(t + i * 4) * stride + g]);
  }
  __device__ static void multiply(float (&c)[4], const u32 (&a)[4],
                                  const u32 (&b)[2]) {
    multiplyTf32(c, a, b);
  }
};

/// The same for bf16.
struct Bf16 {
  static constexpr u32 depth = 16;
  template <u32 stride>
  __device__ static void readRows(const float *rows, u32 (&a)[4]) {
    const u32 g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
#pragma unroll
    for (u32 i = 0; i < 4; ++i) {
      const float2 pair = *reinterpret_cast<const float2 *>(
          rows + (g + i % 2 * 8) * stride + 2 * t + i / 2 * 8);
      a[i] = roundToBf16(pair.x, pair.y);
    }
  }
  template <u32 stride>
  __device__ static void readWeights(const float *weights, u32 (&b)[2]) {
    const u32 g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
#pragma unroll
    for (u32 i = 0; i < 2; ++i) {
      const float *pair = weights + (2 * t + i * 8) * stride + g;
      b[i] = roundToBf16(pair[0], pair[stride]);
    }
  }
  __device__ static void multiply(float (&c)[4], const u32 (&a)[4],
                                  const u32 (&b)[2]) {
    multiplyBf16(c, a, b);
  }
};

/// Sums of products whose factors are rounded, on tensor cores. Each of the
/// block's four warps has 16 of 32 rows, and of a panel's parts of 8 units
/// every second one.
template <class Factors> struct Tensor {
  template <class Phase, u32> struct Sums {
    static constexpr u32 tileRows = 32;
    static constexpr u32 parts = Phase::panel / 16;
    using Shared = Chunks<Phase, tileRows>;

    float sums[parts][Phase::sums][4];

    __device__ static u32 warpRow() { return threadIdx.x / 32 % 2 * 16; }
    __device__ static u32 partUnit(u32 part) {
      return (threadIdx.x / 64 + part * 2) * 8;
    }
    /// The place of each of the four sums.
    __device__ static u32 rowOf(u32 i) {
      return warpRow() + threadIdx.x % 32 / 4 + i / 2 * 8;
    }
    __device__ static u32 unitOf(u32 part, u32 i) {
      return partUnit(part) + threadIdx.x % 4 * 2 + i % 2;
    }

    __device__ void begin(void *const *buffers, u32 rows, u32 firstRow,
                          u32 firstUnit) {
#pragma unroll
      for (u32 i = 0; i < 4; ++i)
#pragma unroll
        for (u32 part = 0; part < parts; ++part) {
          float initial[Phase::sums] = {};
          const u32 row = firstRow + rowOf(i),
                    unit = firstUnit + unitOf(part, i);
          if constexpr (Phase::hasInitial)
            if (row < rows && unit < Phase::units)
              Phase::begin(typename Phase::Row(buffers, row), unit, initial);
#pragma unroll
          for (u32 s = 0; s < Phase::sums; ++s)
            sums[part][s][i] = initial[s];
        }
    }

    template <u32 segment>
    __device__ void add(u32 left, const float *rows, const float *weights) {
      using S = typename Phase::Segments::template At<segment>;
      constexpr u32 stride = Shared::template weightStride<segment>();
      const u32 end = left < Shared::depth ? left : Shared::depth;
#pragma unroll 2
      for (u32 k = 0; k < end; k += Factors::depth) {
        u32 a[4];
        Factors::template readRows<Shared::rowStride>(
            rows + warpRow() * Shared::rowStride + k, a);
#pragma unroll
        for (u32 part = 0; part < parts; ++part)
#pragma unroll
          for (u32 term = 0; term < S::terms; ++term) {
            u32 b[2];
            Factors::template readWeights<stride>(
                weights + k * stride + term * Phase::panel + partUnit(part), b);
            Factors::multiply(sums[part][S::accumulator(term)], a, b);
          }
      }
    }

    __device__ void show() const {
#pragma unroll
      for (u32 part = 0; part < parts; ++part)
#pragma unroll
        for (u32 s = 0; s < Phase::sums; ++s)
#pragma unroll
          for (u32 i = 0; i < 4; ++i)
            Shared::sumOf(s, rowOf(i), unitOf(part, i)) = sums[part][s][i];
    }
  };
};

} // namespace edbc
