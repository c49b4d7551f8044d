//===- Resources.cpp - what a CUDA driver gives away ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/cuda/Resources.h"

using namespace edbc;
using namespace edbc::cuda;

PrimaryContext::PrimaryContext(const Driver &driver, Device device)
    : driver(driver), device(device) {
  driver.check(driver->cuDevicePrimaryCtxRetain(&context, device),
               "cuDevicePrimaryCtxRetain",
               "the device may be in use by others, or have failed");
}

CurrentContext::CurrentContext(const Driver &driver, Context context)
    : driver(driver) {
  driver.check(driver->cuCtxPushCurrent_v2(context), "cuCtxPushCurrent",
               "the context of the model's device");
}

DeviceMemory::DeviceMemory(const Driver &driver, size_t size,
                           const char *purpose)
    : length(size) {
  DevicePointer pointer = 0;
  Result result = driver->cuMemAlloc_v2(&pointer, size);
  if (result != Success) {
    size_t free = 0, total = 0;
    if (driver->cuMemGetInfo_v2(&free, &total) != Success)
      free = total = 0;
    driver.check(result, "cuMemAlloc",
                 "%.1f MB for %s, with %.1f of the device's %.1f MB free",
                 double(size) * 1e-6, purpose, double(free) * 1e-6,
                 double(total) * 1e-6);
  }
  memory = {pointer, driver->cuMemFree_v2};
}

PinnedMemory::PinnedMemory(const Driver &driver, size_t size,
                           const char *purpose)
    : length(size) {
  void *pointer = nullptr;
  driver.check(driver->cuMemHostAlloc(&pointer, size, 0), "cuMemHostAlloc",
               "%.1f MB of the host's memory for %s", double(size) * 1e-6,
               purpose);
  memory = {pointer, driver->cuMemFreeHost};
}

DeviceMemory cuda::allocateLarger(const Driver &driver, size_t present,
                                  size_t needed, const char *purpose) {
  size_t larger = present + present / 2;
  if (larger > needed) {
    try {
      return DeviceMemory(driver, larger, purpose);
    } catch (const DriverFailure &failure) {
      if (failure.result != OutOfMemory)
        throw;
    }
  }
  return DeviceMemory(driver, needed, purpose);
}

Stream cuda::createStream(const Driver &driver) {
  StreamHandle stream = nullptr;
  driver.check(driver->cuStreamCreate(&stream, NonBlockingStream),
               "cuStreamCreate", "the stream of a session");
  return {stream, driver->cuStreamDestroy_v2};
}

Event cuda::createEvent(const Driver &driver) {
  EventHandle event = nullptr;
  driver.check(driver->cuEventCreate(&event, UntimedEvent), "cuEventCreate",
               "the event behind a session's copies");
  return {event, driver->cuEventDestroy_v2};
}
