//===- Intrinsics.cpp - the twins of device/Intrinsics.cuh ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/gpu/emulation/Intrinsics.h"

#include <stdexcept>

using namespace edbc;
using namespace edbc::emulation;

//===----------------------------------------------------------------------===//
// Asynchronous copies
//===----------------------------------------------------------------------===//

void emulation::beginCopy(float *shared, const float *global, size_t bytes,
                          size_t size) {
  if (reinterpret_cast<uintptr_t>(shared) % size ||
      reinterpret_cast<uintptr_t>(global) % size || bytes > size)
    throw std::runtime_error("an asynchronous copy isn't aligned");
  Copy copy = {reinterpret_cast<char *>(shared),
               reinterpret_cast<const char *>(global), bytes, size};
  if (copiesEarly)
    copy.perform();
  else
    current->copies.back().push_back(copy);
}

void emulation::commit() { current->copies.emplace_back(); }

void emulation::finishCopies(size_t pending) {
  std::vector<std::vector<Copy>> &groups = current->copies;
  size_t numDone =
      groups.size() - 1 > pending ? groups.size() - 1 - pending : 0;
  for (size_t i = 0; i < numDone; ++i)
    for (const Copy &copy : groups[i])
      copy.perform();
  groups.erase(groups.begin(), groups.begin() + numDone);
}

//===----------------------------------------------------------------------===//
// Tensor cores
//===----------------------------------------------------------------------===//

static u32 bitsOf(float value) {
  u32 bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

u32 edbc::roundToTf32(float value) {
  u32 bits = bitsOf(value);
  if (std::isnan(value))
    return 0x7FFFE000;
  if (std::isfinite(value))
    bits += 0x1000; // to the nearest, halves away from zero
  return bits & ~0x1FFFu;
}

static u32 roundToBf16(float value) {
  u32 bits = bitsOf(value);
  if (std::isnan(value))
    return 0x7FFF;
  return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16; // halves to even
}

u32 edbc::roundToBf16(float low, float high) {
  return ::roundToBf16(low) | ::roundToBf16(high) << 16;
}

/// Shows the warp what this lane holds, and adds the products of what all hold
/// to `c`. `elementOf(words, k, isB, index)`: element k of a row of a, or of a
/// column of b.
template <u32 depth, class ElementOf>
static void multiplyAdd(float (&c)[4], const u32 (&a)[4], const u32 (&b)[2],
                        ElementOf elementOf) {
  Warp &warp = current->warp();
  u32 lane = current->lane();
  std::memcpy(warp.words[lane], a, sizeof(a));
  std::memcpy(warp.words[lane] + 4, b, sizeof(b));
  meet(warp.meeting);
  for (u32 i = 0; i < 4; ++i) {
    u32 row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
    for (u32 k = 0; k < depth; ++k)
      c[i] += elementOf(warp, row % 8, k, row / 8, 0) *
              elementOf(warp, column, k, 0, 4);
  }
  meet(warp.meeting);
}

void edbc::multiplyTf32(float (&c)[4], const u32 (&a)[4], const u32 (&b)[2]) {
  // Of a, registers alternate between halves of the rows; of b there is one
  // half.
  multiplyAdd<8>(c, a, b, [](Warp &warp, u32 g, u32 k, u32 half, u32 first) {
    u32 word = k / 4 * (first ? 1 : 2) + half;
    return __int_as_float(warp.words[g * 4 + k % 4][first + word]);
  });
}

void edbc::multiplyBf16(float (&c)[4], const u32 (&a)[4], const u32 (&b)[2]) {
  multiplyAdd<16>(c, a, b, [](Warp &warp, u32 g, u32 k, u32 half, u32 first) {
    u32 word = k / 8 * (first ? 1 : 2) + half;
    u32 pair = warp.words[g * 4 + k % 8 / 2][first + word];
    return __int_as_float(k % 2 ? pair & 0xFFFF0000 : pair << 16);
  });
}
