//===- Intrinsics.cuh - what C++ has no words for --------------*- CUDA -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Every instruction that is written as PTX, behind a function of its own. Where
// EDBC_EMULATION is defined, the text is compiled for the host, and functions
// of the same names take the place of these (test/gpu/emulation/Intrinsics.h).
//
//===----------------------------------------------------------------------===//

#pragma once

#ifdef EDBC_EMULATION
#include "test/gpu/emulation/Intrinsics.h"
#else

namespace edbc {

using u32 = unsigned int;
using u64 = unsigned long long;

/// The block's dynamic shared memory.
__device__ inline float *sharedMemory() {
  extern __shared__ __align__(16) float edbc_shared[];
  return edbc_shared;
}

/// @name Asynchronous copies from global to shared memory
/// Of 16 or 4 bytes, of which the last are zeros: only `bytes` are read. Both
/// addresses are multiples of the size.
/// @{
__device__ inline void copyAsync16(float *shared, const float *global,
                                   u32 bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(
                   static_cast<u32>(__cvta_generic_to_shared(shared))),
               "l"(__cvta_generic_to_global(global)), "r"(bytes)
               : "memory");
}
__device__ inline void copyAsync4(float *shared, const float *global,
                                  u32 bytes) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(
                   static_cast<u32>(__cvta_generic_to_shared(shared))),
               "l"(__cvta_generic_to_global(global)), "r"(bytes)
               : "memory");
}
/// The thread's copies since the last call become a group.
__device__ inline void commitCopies() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
/// Waits until at most the `pending` last groups of this thread are under way.
template <u32 pending> __device__ inline void waitCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}
/// @}

/// @name Memory that blocks wait on
/// Named after the orders of PTX's memory model.
/// @{
__device__ inline u32 loadRelaxed(const u32 *address) {
  u32 value;
  asm volatile("ld.relaxed.gpu.global.u32 %0, [%1];"
               : "=r"(value)
               : "l"(__cvta_generic_to_global(address))
               : "memory");
  return value;
}
__device__ inline void storeRelaxed(u32 *address, u32 value) {
  asm volatile("st.relaxed.gpu.global.u32 [%0], %1;" ::"l"(
                   __cvta_generic_to_global(address)),
               "r"(value)
               : "memory");
}
__device__ inline void storeRelease(u32 *address, u32 value) {
  asm volatile("st.release.gpu.global.u32 [%0], %1;" ::"l"(
                   __cvta_generic_to_global(address)),
               "r"(value)
               : "memory");
}
/// Releases and acquires; returns what was there before.
__device__ inline u32 addInOrder(u32 *address, u32 value) {
  u32 before;
  asm volatile("atom.acq_rel.gpu.global.add.u32 %0, [%1], %2;"
               : "=r"(before)
               : "l"(__cvta_generic_to_global(address)), "r"(value)
               : "memory");
  return before;
}
/// Behind it is seen what was released before what was loaded.
__device__ inline void fence() {
  asm volatile("fence.acq_rel.gpu;" ::: "memory");
}
/// What a thread does between two looks at such memory.
__device__ inline void pause() { __nanosleep(32); }
/// @}

/// @name Tensor cores
/// d = a * b + c for a tile of 16 rows and 8 columns, in the registers of a
/// warp. With g = lane / 4 and t = lane % 4, a lane holds of c and d the
/// elements (g, 2t), (g, 2t + 1), (g + 8, 2t), (g + 8, 2t + 1).
/// @{

/// To 10 bits behind the point, to the nearest.
__device__ inline u32 roundToTf32(float value) {
  u32 rounded;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(value));
  return rounded;
}
/// Depth 8. Of a: (g, t), (g + 8, t), (g, t + 4), (g + 8, t + 4); of b, where
/// g is the column: (t, g), (t + 4, g).
__device__ inline void multiplyTf32(float (&c)[4], const u32 (&a)[4],
                                    const u32 (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
               "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]),
                 "r"(b[1]));
}

/// Two numbers of 7 bits behind the point, to the nearest; `low` in the low
/// half.
__device__ inline u32 roundToBf16(float low, float high) {
  u32 rounded;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(rounded) : "f"(high), "f"(low));
  return rounded;
}
/// Depth 16. Pairs of a: (g, 2t), (g + 8, 2t), (g, 2t + 8), (g + 8, 2t + 8) and
/// what is right of them; of b: (2t, g), (2t + 8, g) and what is below.
__device__ inline void multiplyBf16(float (&c)[4], const u32 (&a)[4],
                                    const u32 (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
               "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]),
                 "r"(b[1]));
}
/// @}

} // namespace edbc

#endif
