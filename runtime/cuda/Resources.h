//===- Resources.h - what a CUDA driver gives away --------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Owners of the driver's objects: each creates one, and destroys it in the end.
// All but PrimaryContext belong to the context that is current when they are
// created, which must be current again when they are destroyed. Whatever fails
// throws DriverFailure and has no effect.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CUDA_RESOURCES_H
#define EDBC_RUNTIME_CUDA_RESOURCES_H

#include "runtime/cuda/Driver.h"

#include <utility>

namespace edbc::cuda {

/// A handle and the function that destroys it.
template <typename Handle> class Owned {
public:
  Owned() = default;
  Owned(Handle handle, Result (*destroy)(Handle))
      : handle(handle), destroy(destroy) {}
  Owned(Owned &&other) noexcept { swap(other); }
  Owned &operator=(Owned &&other) noexcept {
    Owned(std::move(other)).swap(*this);
    return *this;
  }
  // Results of destruction tell of earlier failures only.
  ~Owned() {
    if (handle)
      destroy(handle);
  }

  Handle get() const { return handle; }
  explicit operator bool() const { return handle != Handle(); }

private:
  void swap(Owned &other) noexcept {
    std::swap(handle, other.handle);
    std::swap(destroy, other.destroy);
  }

  Handle handle = Handle();
  Result (*destroy)(Handle) = nullptr;
};

using Module = Owned<ModuleHandle>;
using Stream = Owned<StreamHandle>;
using Event = Owned<EventHandle>;
using Graph = Owned<GraphHandle>;
using GraphExec = Owned<GraphExecHandle>;

/// A device's primary context, which the whole process shares: pointers and
/// streams of CUDA's runtime library, and thus of frameworks, are valid in it.
class PrimaryContext {
public:
  PrimaryContext(const Driver &driver, Device device);
  ~PrimaryContext() { driver->cuDevicePrimaryCtxRelease_v2(device); }
  PrimaryContext(const PrimaryContext &) = delete;
  PrimaryContext &operator=(const PrimaryContext &) = delete;

  Context get() const { return context; }

private:
  Driver driver;
  Device device;
  Context context = nullptr;
};

/// Makes a context the thread's current one, as long as this object lives.
class CurrentContext {
public:
  CurrentContext(const Driver &driver, Context context);
  ~CurrentContext() {
    Context popped;
    driver->cuCtxPopCurrent_v2(&popped);
  }
  CurrentContext(const CurrentContext &) = delete;
  CurrentContext &operator=(const CurrentContext &) = delete;

private:
  const Driver &driver;
};

/// Memory on the device, aligned to EDBC_CUDA_ALIGNMENT bytes.
class DeviceMemory {
public:
  DeviceMemory() = default;
  /// @param purpose for the message, as "the rows of state 'Node'".
  DeviceMemory(const Driver &driver, size_t size, const char *purpose);

  DevicePointer get() const { return memory.get(); }
  size_t size() const { return length; }

private:
  Owned<DevicePointer> memory;
  size_t length = 0;
};

/// Memory of the host which the device copies from and to without help.
class PinnedMemory {
public:
  PinnedMemory() = default;
  PinnedMemory(const Driver &driver, size_t size, const char *purpose);

  char *get() const { return static_cast<char *>(memory.get()); }
  size_t size() const { return length; }

private:
  Owned<void *> memory;
  size_t length = 0;
};

Stream createStream(const Driver &driver);
/// An event that takes no time.
Event createEvent(const Driver &driver);

/// Memory instead of some of `present` bytes: half as much again, so that
/// growing step by step stays cheap, but `needed` bytes where that is more, or
/// where more can't be had.
DeviceMemory allocateLarger(const Driver &driver, size_t present, size_t needed,
                            const char *purpose);

} // namespace edbc::cuda

#endif // EDBC_RUNTIME_CUDA_RESOURCES_H
