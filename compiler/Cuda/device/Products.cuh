//===- Products.cuh - phases with products with parameters -----*- CUDA -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// A tile is some rows of a phase by one panel of its units. Operands and
// weights come through shared memory, chunk by chunk, to sums in registers. In
// the end these change hands through shared memory, so that one thread has all
// sums of a row and a unit, and computes what follows them (Phase::finish): in
// a loop whose code is there once, and along rows of memory.
//
//===----------------------------------------------------------------------===//

#pragma once

#include "device/Arithmetic.cuh"
#include "device/Segments.cuh"

namespace edbc {

/// Computes tiles. `Sums` says which sums a thread has, and how chunks are
/// multiplied.
template <class Phase, template <class, u32> class Sums, u32 rowsPerThread>
struct ProductTiles {
  using Registers = Sums<Phase, rowsPerThread>;
  using Segments = typename Phase::Segments;
  static constexpr u32 tileRows = Registers::tileRows;
  static constexpr u32 panels =
      (Phase::units + Phase::panel - 1) / Phase::panel;
  using Shared = Chunks<Phase, tileRows>;
  static constexpr u32 sharedFloats = Shared::sharedFloats;

  __device__ static u32 count(u32 rows) {
    return (rows + tileRows - 1) / tileRows * panels;
  }

  __device__ static void run(void *const *buffers, u32 rows, u32 tile) {
    const u32 firstRow = tile / panels * tileRows;
    const u32 panel = tile % panels;
    Shared::locate(buffers, rows, firstRow);
    const float *weights =
        static_cast<const float *>(buffers[Phase::weights]) +
        u64(panel) * Segments::template begin<Segments::count>() * Phase::panel;
    Registers sums;
    sums.begin(buffers, rows, firstRow, panel * Phase::panel);
    u32 next = 0;
#pragma unroll 1
    for (; next < Shared::places - 1; ++next) {
      Shared::copy(weights, next, next);
      commitCopies();
    }
    addSegments<0>(sums, weights, next);
    __syncthreads();
    sums.show();
    __syncthreads();
    finish(buffers, rows, firstRow, panel * Phase::panel);
    __syncthreads();
  }

private:
  __device__ static void finish(void *const *buffers, u32 rows, u32 firstRow,
                                u32 firstUnit) {
#pragma unroll 1
    for (u32 i = threadIdx.x; i < tileRows * Phase::panel; i += blockThreads) {
      const u32 row = i / Phase::panel, unit = i % Phase::panel;
      if (firstRow + row >= rows || firstUnit + unit >= Phase::units)
        continue;
      float sums[Phase::sums];
#pragma unroll
      for (u32 s = 0; s < Phase::sums; ++s)
        sums[s] = Shared::sumOf(s, row, unit);
      const typename Phase::Row place(buffers, firstRow + row);
      const typename Phase::Folded folded(place, Solo());
      Phase::finish(place, folded, firstUnit + unit, sums);
    }
  }

  /// Segments from number `segment` on; `next` is the chunk to be copied next.
  template <u32 segment>
  __device__ static void addSegments(Registers &sums, const float *weights,
                                     u32 &next) {
    constexpr u32 depth = Segments::template At<segment>::depth;
#pragma unroll 1
    for (u32 k = 0; k < depth; k += Shared::depth) {
      // This chunk is there, and nobody reads the place of the one before.
      waitCopies<Shared::places - 2>();
      __syncthreads();
      Shared::copy(weights, next, next % Shared::places);
      commitCopies();
      const u32 place = (next + 1) % Shared::places;
      sums.template add<segment>(depth - k, Shared::rowsOf(place),
                                 Shared::weightsOf(place));
      ++next;
    }
    if constexpr (segment + 1 < Segments::count)
      addSegments<segment + 1>(sums, weights, next);
  }
};

/// Sums of exact products, on the ordinary units: of each sum the terms in
/// ascending order of k, segment by segment.
template <class Phase, u32 rowsPerThread> struct ExactSums {
  static constexpr u32 across = 16; ///< threads along a panel's units
  static constexpr u32 down = blockThreads / across;
  static constexpr u32 tileRows = down * rowsPerThread;
  static constexpr u32 unitsPerThread = Phase::panel / across;
  using Shared = Chunks<Phase, tileRows>;

  float sums[rowsPerThread][unitsPerThread][Phase::sums];

  __device__ static u32 rowOf(u32 i) { return threadIdx.x / across + i * down; }
  __device__ static u32 unitOf(u32 j) {
    return threadIdx.x % across + j * across;
  }

  __device__ void begin(void *const *buffers, u32 rows, u32 firstRow,
                        u32 firstUnit) {
#pragma unroll
    for (u32 i = 0; i < rowsPerThread; ++i) {
#pragma unroll
      for (u32 j = 0; j < unitsPerThread; ++j)
#pragma unroll
        for (u32 s = 0; s < Phase::sums; ++s)
          sums[i][j][s] = 0;
      if constexpr (Phase::hasInitial)
        if (firstRow + rowOf(i) < rows) {
          const typename Phase::Row place(buffers, firstRow + rowOf(i));
#pragma unroll
          for (u32 j = 0; j < unitsPerThread; ++j)
            if (firstUnit + unitOf(j) < Phase::units)
              Phase::begin(place, firstUnit + unitOf(j), sums[i][j]);
        }
    }
  }

  /// Adds a chunk, of which only `left` floats may be of the segment.
  template <u32 segment>
  __device__ void add(u32 left, const float *rows, const float *weights) {
    using S = typename Phase::Segments::template At<segment>;
    constexpr u32 stride = Shared::template weightStride<segment>();
    // Behind the segment's depth are zeros, which change no sum (but -0 to 0).
    const u32 end = left < Shared::depth ? left : Shared::depth;
#pragma unroll 2
    for (u32 k = 0; k < end; k += 4) {
      float x[rowsPerThread][4];
#pragma unroll
      for (u32 i = 0; i < rowsPerThread; ++i) {
        const float4 quad = *reinterpret_cast<const float4 *>(
            rows + rowOf(i) * Shared::rowStride + k);
        x[i][0] = quad.x, x[i][1] = quad.y, x[i][2] = quad.z, x[i][3] = quad.w;
      }
#pragma unroll
      for (u32 step = 0; step < 4; ++step)
#pragma unroll
        for (u32 term = 0; term < S::terms; ++term)
#pragma unroll
          for (u32 j = 0; j < unitsPerThread; ++j) {
            const float weight =
                weights[(k + step) * stride + term * Phase::panel + unitOf(j)];
#pragma unroll
            for (u32 i = 0; i < rowsPerThread; ++i) {
              float &sum = sums[i][j][S::accumulator(term)];
              sum = __fmaf_rn(x[i][step], weight, sum);
            }
          }
    }
  }

  /// Writes the sums to where Chunks::sumOf says.
  __device__ void show() const {
#pragma unroll
    for (u32 i = 0; i < rowsPerThread; ++i)
#pragma unroll
      for (u32 j = 0; j < unitsPerThread; ++j)
#pragma unroll
        for (u32 s = 0; s < Phase::sums; ++s)
          Shared::sumOf(s, rowOf(i), unitOf(j)) = sums[i][j][s];
  }
};

/// Rows for each thread: many, where there are enough tiles for all blocks
/// then, share the weights that are loaded; results are the same.
template <class Phase> __host__ __device__ constexpr u32 mostRowsPerThread() {
  const u32 perRow = Phase::panel / 16 * Phase::sums;
  return perRow <= 5 ? 8 : perRow <= 10 ? 4 : perRow <= 20 ? 2 : 1;
}

} // namespace edbc
