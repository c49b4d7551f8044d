//===- AlignedArray.h - memory for kernels ---------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_SRC_ALIGNEDARRAY_H
#define EDBC_RUNTIME_SRC_ALIGNEDARRAY_H

#include "edbc/abi.h"

#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace edbc {

/// `columns` floats or numbers, padded as the ABI wants rows to be.
inline size_t paddedWidth(size_t columns) {
  return (columns + EDBC_LANES - 1) / EDBC_LANES * EDBC_LANES;
}

/// An array on the heap that starts on a multiple of EDBC_ALIGNMENT bytes and
/// behind which EDBC_LANES more elements can be read, as the ABI wants it.
template <typename T> class AlignedArray {
  static_assert(std::is_trivial<T>::value, "elements are copied as bytes");

public:
  AlignedArray() = default;

  /// `size` elements of no particular value. May throw std::bad_alloc.
  explicit AlignedArray(size_t size) : length(size) {
    if (size > SIZE_MAX / 2 / sizeof(T))
      throw std::bad_alloc();
    size_t bytes = (size + EDBC_LANES) * sizeof(T);
    bool isLarge = bytes >= 2 * hugePage;
    Free free = {std::align_val_t(isLarge ? hugePage : EDBC_ALIGNMENT)};
    memory = {static_cast<T *>(::operator new(bytes, free.alignment)), free};
#if defined(MADV_HUGEPAGE)
    // First touching it takes a quarter of the time then. Where that is
    // refused, nothing else changes.
    if (isLarge)
      madvise(memory.get(), bytes, MADV_HUGEPAGE);
#endif
  }

  T *data() { return memory.get(); }
  const T *data() const { return memory.get(); }
  size_t size() const { return length; }

  /// Makes room for `needed` elements, and for half as many again as there were
  /// so that growing step by step stays cheap. The first `used` ones are kept;
  /// new ones are zero. Without effect where it throws std::bad_alloc.
  void grow(size_t used, size_t needed) {
    if (needed <= length)
      return;
    size_t larger = length + length / 2;
    AlignedArray other(needed > larger ? needed : larger);
    if (used != 0)
      memcpy(other.data(), data(), used * sizeof(T));
    memset(other.data() + used, 0, (other.size() - used) * sizeof(T));
    *this = std::move(other);
  }

private:
  static constexpr size_t hugePage = 2 << 20;

  struct Free {
    std::align_val_t alignment{EDBC_ALIGNMENT};
    void operator()(T *pointer) const { ::operator delete(pointer, alignment); }
  };

  size_t length = 0;
  std::unique_ptr<T[], Free> memory;
};

} // namespace edbc

#endif // EDBC_RUNTIME_SRC_ALIGNEDARRAY_H
