//===- Rows.cuh - phases without products with parameters ------*- CUDA -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#pragma once

#include "device/Arithmetic.cuh"

namespace edbc {

/// Computes tiles of rows: a warp, or the whole block, goes along each row.
template <class Phase> struct RowTiles {
  static constexpr u32 tileRows = blockThreads / Phase::rowThreads;
  static constexpr u32 sharedFloats = 0;

  __device__ static u32 count(u32 rows) {
    return (rows + tileRows - 1) / tileRows;
  }

  __device__ static void run(void *const *buffers, u32 rows, u32 tile) {
    const u32 row = tile * tileRows + threadIdx.x / Phase::rowThreads;
    if (row >= rows)
      return;
    const typename Phase::Row place(buffers, row);
    const typename Phase::Folded folded(place, Warp());
    for (u32 unit = threadIdx.x % Phase::rowThreads; unit < Phase::units;
         unit += Phase::rowThreads)
      Phase::finish(place, folded, unit, nullptr);
  }
};

} // namespace edbc
