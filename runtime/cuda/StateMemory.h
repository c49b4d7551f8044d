//===- StateMemory.h - the rows of a state on a device ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CUDA_STATEMEMORY_H
#define EDBC_RUNTIME_CUDA_STATEMEMORY_H

#include "runtime/cuda/Resources.h"

#include "edbc/abi.h"

#include <algorithm>
#include <string>

namespace edbc::cuda {

/// A state's array on the device, and as much of it on the host as was read.
///
/// Rows that kernels wrote since they were last copied to the host are stale
/// there. They are one range, so that one copy brings all.
class StateMemory {
public:
  explicit StateMemory(const edbc_state_desc &state)
      : stride(state.stride),
        name("the rows of state '" + std::string(state.name) + "'") {}

  /// Makes room for `count` rows and keeps the first `used`. Work on the stream
  /// must be complete if the memory has to grow; returns whether it has.
  bool mustGrow(size_t count) const { return bytesOf(count) > device.size(); }
  void grow(const Driver &driver, StreamHandle stream, size_t used,
            size_t count);
  /// A run writes the rows from `begin` to before `end`.
  void setStale(size_t begin, size_t end) {
    staleBegin = isStale() ? std::min(staleBegin, begin) : begin;
    staleEnd = std::max(staleEnd, end);
  }
  bool isStale() const { return staleBegin < staleEnd; }
  /// Whether the host's memory is too small for a copy. Work on the stream must
  /// be complete if it has to grow.
  bool mustGrowHost() const { return host.size() < device.size(); }
  /// Enqueues a copy of the stale rows to the host; returns its bytes.
  size_t copyToHost(const Driver &driver, StreamHandle stream);

  DevicePointer onDevice() const { return device.get(); }
  const float *hostRow(size_t row) const {
    return reinterpret_cast<const float *>(host.get()) + row * stride;
  }
  DevicePointer deviceRow(size_t row) const {
    return device.get() + row * stride * sizeof(float);
  }

  /// Forgets all rows. What was read since the last call is copied by runs from
  /// here on.
  void reset() {
    staleBegin = staleEnd = 0;
    isExpected = wasRead;
    wasRead = false;
  }
  /// The application reads the state.
  void setRead() { wasRead = true; }
  /// Whether runs should copy it to the host.
  bool isWanted() const { return wasRead || isExpected; }

private:
  size_t bytesOf(size_t count) const {
    return (count * stride + EDBC_LANES) * sizeof(float);
  }

  size_t stride;
  std::string name;
  DeviceMemory device;
  PinnedMemory host;
  size_t staleBegin = 0, staleEnd = 0;
  bool wasRead = false, isExpected = false;
};

} // namespace edbc::cuda

#endif // EDBC_RUNTIME_CUDA_STATEMEMORY_H
