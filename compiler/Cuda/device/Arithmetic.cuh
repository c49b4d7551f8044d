//===- Arithmetic.cuh - what phases compute --------------------*- CUDA -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// exp, log, tanh and sqrt are those of the CUDA library for float, without fast
// approximations: errors of at most 2 units in the last place, and division and
// square root rounded correctly.
//
//===----------------------------------------------------------------------===//

#pragma once

#include "device/Memory.cuh"

namespace edbc {

/// NaN if one of the two is.
__device__ inline float maximum(float a, float b) {
  return a != a ? a : b != b ? b : fmaxf(a, b);
}
__device__ inline float minimum(float a, float b) {
  return a != a ? a : b != b ? b : fminf(a, b);
}

constexpr u32 noPosition = 0xFFFFFFFF;
__device__ inline float infinity() { return __int_as_float(0x7F800000); }

/// @name Who folds the floats of a row
/// Partial results are joined in one order whatever runs besides.
/// @{

/// One thread.
struct Solo {
  static constexpr u32 size = 1;
  __device__ static u32 lane() { return 0; }
  template <class T, class Join> __device__ static T join(T value, Join) {
    return value;
  }
};

/// The threads of a warp, all of which must come here.
struct Warp {
  static constexpr u32 size = 32;
  __device__ static u32 lane() { return threadIdx.x % 32; }
  template <class T, class Join>
  __device__ static T join(T value, Join function) {
    for (u32 distance = 16; distance; distance /= 2)
      value = function(value, __shfl_xor_sync(0xFFFFFFFF, value, distance));
    return value;
  }
};
/// @}

/// What a phase folds from whole rows, where that is nothing.
struct NothingFolded {
  template <class Row, class Team>
  __device__ NothingFolded(const Row &, Team) {}
};

/// The largest element; NaN if one is.
template <class Team>
__device__ float largestOf(Team team, const float *x, u32 width) {
  float largest = -infinity();
  for (u32 k = team.lane(); k < width; k += team.size)
    largest = maximum(largest, x[k]);
  return team.join(largest, [](float a, float b) { return maximum(a, b); });
}

/// log(sum of exp(x[k] - m)) for the largest element m, or for 0 where that is
/// infinite.
template <class Team>
__device__ float logSumExp(Team team, const float *x, u32 width) {
  float largest = largestOf(team, x, width);
  if (fabsf(largest) == infinity())
    largest = 0;
  float sum = 0;
  for (u32 k = team.lane(); k < width; k += team.size)
    sum += expf(x[k] - largest);
  sum = team.join(sum, [](float a, float b) { return a + b; });
  return logf(sum);
}

/// The position of the largest element: of equal ones the first, and NaN counts
/// as less than anything else.
template <class Team>
__device__ float argmax(Team team, const float *x, u32 width) {
  float largest = -infinity();
  for (u32 k = team.lane(); k < width; k += team.size)
    largest = fmaxf(largest, x[k]);
  largest = team.join(largest, [](float a, float b) { return fmaxf(a, b); });
  u32 first = noPosition;
  for (u32 k = team.lane(); k < width && first == noPosition; k += team.size)
    if (x[k] == largest)
      first = k;
  first = team.join(first, [](u32 a, u32 b) { return a < b ? a : b; });
  return first == noPosition ? 0.0f : static_cast<float>(first);
}

/// Element `unit` of the product of a matrix, whose columns are `stride` floats
/// apart, and a vector.
template <u32 depth, u32 stride>
__device__ float multiply(const float *matrix, const float *vector, u32 unit) {
  float sum = 0;
#pragma unroll 8
  for (u32 k = 0; k < depth; ++k)
    sum = __fmaf_rn(matrix[u64(k) * stride + unit], vector[k], sum);
  return sum;
}

} // namespace edbc
