//===- Growth.h - room for what is appended without failing -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_SRC_GROWTH_H
#define EDBC_RUNTIME_SRC_GROWTH_H

#include <algorithm>
#include <cstddef>
#include <vector>

namespace edbc {

/// Makes room for `number` more elements, so that appending these can't fail,
/// and for twice as many as there was room for, so that growing step by step
/// stays cheap. Without effect where it throws.
template <typename T>
void reserveMore(std::vector<T> &elements, size_t number = 1) {
  if (number > elements.capacity() - elements.size())
    elements.reserve(std::max(
        {elements.size() + number, elements.capacity() * 2, size_t(16)}));
}

} // namespace edbc

#endif // EDBC_RUNTIME_SRC_GROWTH_H
