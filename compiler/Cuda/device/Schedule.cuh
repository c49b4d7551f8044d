//===- Schedule.cuh - blocks walk a schedule -------------------*- CUDA -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#pragma once

#include "device/Products.cuh"
#include "device/Rows.cuh"
#include "device/TensorProducts.cuh"

namespace edbc {

/// Waits until all blocks of the grid have come here; what they wrote before is
/// seen by all behind it. They must run at the same time.
__device__ inline void waitForGrid(Barrier *barrier) {
  __syncthreads();
  if (threadIdx.x == 0) {
    const u32 generation = loadRelaxed(&barrier->generation);
    if (addInOrder(&barrier->arrived, 1) == gridDim.x - 1) {
      // Nobody arrives again before the generation has changed.
      storeRelaxed(&barrier->arrived, 0);
      storeRelease(&barrier->generation, generation + 1);
    } else {
      // To acquire each time would empty the multiprocessor's cache, in which
      // others still have work.
      while (loadRelaxed(&barrier->generation) == generation)
        pause();
    }
    fence();
  }
  __syncthreads();
}

/// The block's share of a phase's tiles. `taken` counts the tiles of steps that
/// run at the same time, so that the blocks share them all.
template <class Tiles> __device__ void runTiles(const Step &step, u32 &taken) {
  const u32 count = Tiles::count(step.rows);
  const u32 ahead = taken % gridDim.x;
  u32 tile =
      blockIdx.x >= ahead ? blockIdx.x - ahead : blockIdx.x + gridDim.x - ahead;
  for (; tile < count; tile += gridDim.x)
    Tiles::run(step.buffers, step.rows, tile);
  taken += count;
}

/// The tiles that a phase may be cut into. Many rows go well with large tiles,
/// a few with more blocks at work; results are the same.
template <class Phase, u32 precision> struct TilesOf;
template <class Phase> struct TilesOf<Phase, 0> {
  using Small = ProductTiles<Phase, ExactSums, 1>;
  using Large = ProductTiles<Phase, ExactSums, mostRowsPerThread<Phase>()>;
};
template <class Phase> struct TilesOf<Phase, 1> {
  using Small = ProductTiles<Phase, Tensor<Tf32>::Sums, 1>;
  using Large = Small;
};
template <class Phase> struct TilesOf<Phase, 2> {
  using Small = ProductTiles<Phase, Tensor<Bf16>::Sums, 1>;
  using Large = Small;
};

/// Whether the library's description tells the truth.
template <class Phase>
__host__ __device__ constexpr bool isCutInto(u32 tileRows, u32 tilesPerRowTile,
                                             u32 sharedBytes) {
  if constexpr (Phase::sums == 0) {
    return RowTiles<Phase>::tileRows == tileRows && tilesPerRowTile == 1;
  } else {
    using Tiles = TilesOf<Phase, Phase::precision>;
    return Tiles::Small::tileRows == tileRows &&
           Tiles::Small::panels == tilesPerRowTile &&
           Tiles::Small::sharedFloats * 4 <= sharedBytes &&
           Tiles::Large::sharedFloats * 4 <= sharedBytes;
  }
}

template <class Phase> __device__ void runPhase(const Step &step, u32 &taken) {
  if constexpr (Phase::sums == 0) {
    runTiles<RowTiles<Phase>>(step, taken);
  } else {
    using Small = typename TilesOf<Phase, Phase::precision>::Small;
    using Large = typename TilesOf<Phase, Phase::precision>::Large;
    // A large tile takes about as long as the small ones that share a
    // multiprocessor, which has a handful of blocks.
    if constexpr (Small::tileRows == Large::tileRows)
      runTiles<Small>(step, taken);
    else if (Large::count(step.rows) * 16 >= gridDim.x)
      runTiles<Large>(step, taken);
    else
      runTiles<Small>(step, taken);
  }
}

} // namespace edbc
