//===- EmulatedDevice.h - a device whose kernel is emulated -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_GPU_EMULATION_EMULATEDDEVICE_H
#define EDBC_TEST_GPU_EMULATION_EMULATEDDEVICE_H

#include "edbc/abi.h"

namespace edbc::emulation {

/// A library whose only image is for the fake driver (test/gpu/driver), which
/// executes it by emulation: all of a model on a CUDA device but the device.
/// Must outlive its models, and not move.
class EmulatedDevice {
public:
  /// @param original must have device functions.
  explicit EmulatedDevice(const edbc_library &original);
  EmulatedDevice(const EmulatedDevice &) = delete;
  EmulatedDevice &operator=(const EmulatedDevice &) = delete;

  /// Tells the driver, which forgets it in `begin`.
  void addImage();

  const edbc_library &get() const { return library; }

private:
  edbc_library library;
  edbc_cuda_desc cuda;
  char data = 0;
  edbc_cuda_image image;
};

} // namespace edbc::emulation

#endif // EDBC_TEST_GPU_EMULATION_EMULATEDDEVICE_H
