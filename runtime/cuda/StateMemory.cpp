//===- StateMemory.cpp - the rows of a state on a device --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/cuda/StateMemory.h"

#include <cstring>

using namespace edbc;
using namespace edbc::cuda;

void StateMemory::grow(const Driver &driver, StreamHandle stream, size_t used,
                       size_t count) {
  DeviceMemory larger =
      allocateLarger(driver, device.size(), bytesOf(count), name.c_str());
  if (used != 0) {
    driver.check(driver->cuMemcpyDtoDAsync_v2(larger.get(), device.get(),
                                              used * stride * sizeof(float),
                                              stream),
                 "cuMemcpyDtoDAsync", "%s", name.c_str());
    driver.check(driver->cuStreamSynchronize(stream), "cuStreamSynchronize",
                 "%s", name.c_str());
  }
  device = std::move(larger);
}

size_t StateMemory::copyToHost(const Driver &driver, StreamHandle stream) {
  if (mustGrowHost()) {
    PinnedMemory larger(driver, device.size(), name.c_str());
    if (host.size() != 0)
      memcpy(larger.get(), host.get(), host.size());
    host = std::move(larger);
  }
  size_t offset = staleBegin * stride * sizeof(float);
  size_t bytes = (staleEnd - staleBegin) * stride * sizeof(float);
  driver.check(driver->cuMemcpyDtoHAsync_v2(
                   host.get() + offset, device.get() + offset, bytes, stream),
               "cuMemcpyDtoHAsync", "%s", name.c_str());
  staleBegin = staleEnd = 0;
  return bytes;
}
