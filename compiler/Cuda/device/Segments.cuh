//===- Segments.cuh - what a phase's products multiply ---------*- CUDA -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#pragma once

#include "device/Memory.cuh"

namespace edbc {

/// An operand of `depth` floats that a phase multiplies with the weights of
/// each of its terms; term i adds into sum number accumulators[i]. `aligned`:
/// whether operands begin on multiples of 16 bytes.
template <u32 depth_, bool aligned_, u32... accumulators> struct Segment {
  static constexpr u32 depth = depth_;
  static constexpr bool aligned = aligned_;
  static constexpr u32 terms = sizeof...(accumulators);
  __host__ __device__ static constexpr u32 accumulator(u32 term) {
    const u32 all[] = {accumulators...};
    return all[term];
  }
};

namespace list {
template <u32 index, class First, class... Others> struct At {
  using type = typename At<index - 1, Others...>::type;
};
template <class First, class... Others> struct At<0, First, Others...> {
  using type = First;
};
} // namespace list

/// A phase's operands, in the order of its packed weights: in each panel,
/// segment by segment, for each k, for each term, the weights of its units.
template <class... All> struct Segments {
  static constexpr u32 count = sizeof...(All);
  template <u32 index> using At = typename list::At<index, All...>::type;

  /// Floats that segments before `index` have in a panel of one unit.
  template <u32 index> __host__ __device__ static constexpr u32 begin() {
    if constexpr (index == 0)
      return 0;
    else
      return begin<index - 1>() + At<index - 1>::depth * At<index - 1>::terms;
  }

  __host__ __device__ static constexpr u32 mostTerms() {
    u32 most = 0;
    ((most = All::terms > most ? All::terms : most), ...);
    return most;
  }
};

/// How much of an operand's depth is in shared memory at a time: less where
/// there are many weights to each element.
__host__ __device__ constexpr u32 chunkDepth(u32 weights) {
  return weights <= 64 ? 32 : 16;
}

/// Chunks in shared memory at a time: more where each is multiplied in less
/// time than it takes to come.
__host__ __device__ constexpr u32 chunksAtATime(u32 tileRows) {
  return tileRows <= 8 ? 4 : tileRows <= 32 ? 3 : 2;
}

/// The operands of a tile's rows and the weights of a panel, on their way
/// through shared memory chunk by chunk: while one is multiplied the next ones
/// come.
template <class Phase, u32 tileRows> struct Chunks {
  using Segments = typename Phase::Segments;
  static constexpr u32 panel = Phase::panel;
  static constexpr u32 mostWeights = Segments::mostTerms() * panel;
  static constexpr u32 depth = chunkDepth(mostWeights);
  /// Distances of rows, so chosen that the lanes of a warp find what they need
  /// in different banks. For bf16 they need two floats of a row at a time, and
  /// weights of every second row.
  static constexpr bool inPairs = Phase::precision == 2;
  static constexpr u32 rowStride = depth + (inPairs ? 8 : 4);
  static constexpr u32 weightPadding = inPairs ? 4 : 8;
  template <u32 segment>
  __host__ __device__ static constexpr u32 weightStride() {
    return (Segments::template At<segment>::terms * panel + 31) / 32 * 32 +
           weightPadding;
  }
  static constexpr u32 mostWeightStride =
      (mostWeights + 31) / 32 * 32 + weightPadding;

  static constexpr u32 chunkFloats =
      tileRows * rowStride + depth * mostWeightStride;
  static constexpr u32 places = chunksAtATime(tileRows);
  /// The chunks, whose place the sums take in the end.
  static constexpr u32 sumFloats = Phase::sums * tileRows * panel;
  static constexpr u32 mostFloats =
      places * chunkFloats > sumFloats ? places *chunkFloats : sumFloats;
  /// And where the operands of each row lie.
  static constexpr u32 sharedFloats =
      mostFloats + Segments::count * tileRows * 2;

  /// Finds the operands of a tile's rows; those behind the last row are the
  /// last one's. The block waits before anybody reads them.
  __device__ static void locate(void *const *buffers, u32 rows, u32 firstRow) {
    for (u32 i = threadIdx.x; i < tileRows; i += blockThreads) {
      const u32 row = firstRow + i < rows ? firstRow + i : rows - 1;
      const float *operands[Segments::count];
      Phase::locate(typename Phase::Row(buffers, row), operands);
      for (u32 segment = 0; segment < Segments::count; ++segment)
        operandsOf(segment)[i] = operands[segment];
    }
    __syncthreads();
  }

  /// Begins to copy a chunk, of those of all segments from `segment` on, if
  /// there is one.
  /// @param weights of the panel.
  template <u32 segment = 0>
  __device__ static void copy(const float *weights, u32 number, u32 place) {
    if constexpr (segment < Segments::count) {
      constexpr u32 count =
          (Segments::template At<segment>::depth + depth - 1) / depth;
      if (number < count)
        copyOf<segment>(weights + Segments::template begin<segment>() * panel,
                        number * depth, place);
      else
        copy<segment + 1>(weights, number - count, place);
    }
  }

  __device__ static float *rowsOf(u32 place) {
    return sharedMemory() + place * chunkFloats;
  }
  __device__ static float *weightsOf(u32 place) {
    return rowsOf(place) + tileRows * rowStride;
  }
  /// Where a sum of a row and a unit of the tile goes.
  __device__ static float &sumOf(u32 number, u32 row, u32 unit) {
    return sharedMemory()[(number * tileRows + row) * panel + unit];
  }

private:
  /// From `k` on; behind the segment's depth come zeros.
  template <u32 segment>
  __device__ static void copyOf(const float *weights, u32 k, u32 place) {
    using S = typename Segments::template At<segment>;
    const float *const *operands = operandsOf(segment);
    if constexpr (S::aligned) {
      constexpr u32 quads = depth / 4;
#pragma unroll 1
      for (u32 i = threadIdx.x; i < tileRows * quads; i += blockThreads) {
        const u32 row = i / quads, at = i % quads * 4;
        copyAsync16(rowsOf(place) + row * rowStride + at,
                    operands[row] + least(k + at, S::depth - 1) / 4 * 4,
                    left(k + at, S::depth, 4) * 4);
      }
    } else {
#pragma unroll 1
      for (u32 i = threadIdx.x; i < tileRows * depth; i += blockThreads) {
        const u32 row = i / depth, at = i % depth;
        copyAsync4(rowsOf(place) + row * rowStride + at,
                   operands[row] + least(k + at, S::depth - 1),
                   left(k + at, S::depth, 1) * 4);
      }
    }
    constexpr u32 perStep = S::terms * panel;
    constexpr u32 quads = perStep / 4;
#pragma unroll 1
    for (u32 i = threadIdx.x; i < depth * quads; i += blockThreads) {
      const u32 at = i / quads, unit = i % quads * 4;
      copyAsync16(weightsOf(place) + at * weightStride<segment>() + unit,
                  weights + least(k + at, S::depth - 1) * perStep + unit,
                  left(k + at, S::depth, 1) * 16);
    }
  }

  __device__ static const float **operandsOf(u32 segment) {
    return reinterpret_cast<const float **>(sharedMemory() + mostFloats) +
           segment * tileRows;
  }
  __device__ static u32 least(u32 a, u32 b) { return a < b ? a : b; }
  /// How many of `most` floats from `at` on there are before `end`.
  __device__ static u32 left(u32 at, u32 end, u32 most) {
    return at >= end ? 0 : least(end - at, most);
  }
};

} // namespace edbc
