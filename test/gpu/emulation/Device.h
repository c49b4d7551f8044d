//===- Device.h - CUDA C++ as host C++ --------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Included ahead of a .cu file that is compiled for the host, with
// EDBC_EMULATION defined.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_GPU_EMULATION_DEVICE_H
#define EDBC_TEST_GPU_EMULATION_DEVICE_H

#include "test/gpu/emulation/Thread.h"

#include <cmath>
#include <cstring>

#define __device__
#define __host__
#define __global__
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)

struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};

namespace edbc::emulation {
struct Index {
  unsigned x;
};
} // namespace edbc::emulation

#define threadIdx (::edbc::emulation::Index{::edbc::emulation::current->index})
#define blockIdx                                                               \
  (::edbc::emulation::Index{::edbc::emulation::current->block->index})
#define gridDim (::edbc::emulation::Index{::edbc::emulation::gridBlocks})

inline void __syncthreads() {
  edbc::emulation::meet(edbc::emulation::current->block->meeting);
}

template <class T> T __shfl_xor_sync(unsigned, T value, unsigned distance) {
  static_assert(sizeof(T) == 4);
  edbc::emulation::Warp &warp = edbc::emulation::current->warp();
  unsigned lane = edbc::emulation::current->lane();
  std::memcpy(&warp.words[lane][0], &value, 4);
  edbc::emulation::meet(warp.meeting);
  std::memcpy(&value, &warp.words[lane ^ distance][0], 4);
  edbc::emulation::meet(warp.meeting);
  return value;
}

inline float __fmaf_rn(float a, float b, float c) {
  return __builtin_fmaf(a, b, c);
}
inline float __int_as_float(unsigned bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

#endif // EDBC_TEST_GPU_EMULATION_DEVICE_H
