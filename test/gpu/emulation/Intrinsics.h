//===- Intrinsics.h - the twins of device/Intrinsics.cuh --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_GPU_EMULATION_INTRINSICS_H
#define EDBC_TEST_GPU_EMULATION_INTRINSICS_H

#include "test/gpu/emulation/Device.h"

namespace edbc {

using u32 = unsigned int;
using u64 = unsigned long long;

inline float *sharedMemory() { return emulation::current->block->shared.get(); }

/// @name Asynchronous copies
/// Each thread makes its own: when it waits for them, or at once.
/// @{
namespace emulation {
void beginCopy(float *shared, const float *global, size_t bytes, size_t size);
void commit();
/// All groups but the last ones.
void finishCopies(size_t pending);
} // namespace emulation

inline void copyAsync16(float *shared, const float *global, u32 bytes) {
  emulation::beginCopy(shared, global, bytes, 16);
}
inline void copyAsync4(float *shared, const float *global, u32 bytes) {
  emulation::beginCopy(shared, global, bytes, 4);
}
inline void commitCopies() { emulation::commit(); }
template <u32 pending> void waitCopies() { emulation::finishCopies(pending); }
/// @}

inline u32 loadRelaxed(const u32 *address) {
  return *static_cast<const volatile u32 *>(address);
}
inline void storeRelaxed(u32 *address, u32 value) {
  *static_cast<volatile u32 *>(address) = value;
}
inline void storeRelease(u32 *address, u32 value) {
  *static_cast<volatile u32 *>(address) = value;
}
inline u32 addInOrder(u32 *address, u32 value) {
  u32 before = *address;
  *address += value;
  return before;
}
inline void fence() {}
inline void pause() { emulation::yield(); }

u32 roundToTf32(float value);
void multiplyTf32(float (&c)[4], const u32 (&a)[4], const u32 (&b)[2]);
u32 roundToBf16(float low, float high);
void multiplyBf16(float (&c)[4], const u32 (&a)[4], const u32 (&b)[2]);

} // namespace edbc

#endif // EDBC_TEST_GPU_EMULATION_INTRINSICS_H
