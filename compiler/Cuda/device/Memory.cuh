//===- Memory.cuh - steps, buffers, and rows in them -----------*- CUDA -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#pragma once

#include "device/Intrinsics.cuh"

namespace edbc {

/// Threads of a block.
constexpr u32 blockThreads = 128;
/// So many blocks must find registers on a multiprocessor: no more than 128 for
/// a thread.
constexpr u32 leastBlocks = 4;

/// edbc_cuda_step of edbc/abi.h.
struct Step {
  void *const *buffers;
  u32 function;
  u32 rows;
  u32 tiles;
  u32 barrier;
};
static_assert(sizeof(Step) == 24, "as in edbc/abi.h");

/// edbc_cuda_barrier of edbc/abi.h.
struct Barrier {
  u32 arrived;
  u32 generation;
};

/// @name What stands in a slot
/// @{
/// An entry of a column of numbers.
__device__ inline u32 entry(void *const *buffers, u32 slot, u32 index) {
  return static_cast<const u32 *>(buffers[slot])[index];
}
/// The first float.
__device__ inline float *floats(void *const *buffers, u32 slot) {
  return static_cast<float *>(buffers[slot]);
}
/// A row of floats, from an offset on.
__device__ inline float *floats(void *const *buffers, u32 slot, u32 row,
                                u32 stride, u32 offset) {
  return static_cast<float *>(buffers[slot]) + u64(row) * stride + offset;
}
/// The same of a node's result, whose row may be one of its state's table
/// (EDBC_TABLE_ROW of edbc/abi.h).
__device__ inline float *floats(void *const *buffers, u32 slot, u32 tableSlot,
                                u32 row, u32 stride, u32 offset) {
  constexpr u32 tableRow = 0x80000000u;
  return floats(buffers, row < tableRow ? slot : tableSlot, row & ~tableRow,
                stride, offset);
}
/// @}

} // namespace edbc
