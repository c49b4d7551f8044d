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
    memory.reset(static_cast<T *>(::operator new(
        (size + EDBC_LANES) * sizeof(T), std::align_val_t(EDBC_ALIGNMENT))));
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
  struct Free {
    void operator()(T *pointer) const {
      ::operator delete(pointer, std::align_val_t(EDBC_ALIGNMENT));
    }
  };

  size_t length = 0;
  std::unique_ptr<T[], Free> memory;
};

} // namespace edbc

#endif // EDBC_RUNTIME_SRC_ALIGNEDARRAY_H
