//===- DeviceModel.h - a network with its weights on a device ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CUDA_DEVICEMODEL_H
#define EDBC_RUNTIME_CUDA_DEVICEMODEL_H

#include "runtime/cuda/Resources.h"

#include "edbc/abi.h"

#include <memory>
#include <string>
#include <vector>

namespace edbc::cuda {

/// One of the machine's devices.
struct FoundDevice {
  Device device = 0;
  std::string name;
  uint32_t architecture = 0; ///< 10 * major + minor

  int attribute(const Driver &driver, DeviceAttribute attribute) const;
};

/// May throw Failure.
FoundDevice findDevice(const Driver &driver, uint32_t ordinal);

/// A device that was found to suit a library, the library's kernels there, and
/// the constants. Immutable once it is created, and shared by sessions of any
/// number of threads. All functions may throw Failure.
class DeviceModel {
public:
  DeviceModel(const edbc_library &library, uint32_t ordinal);
  ~DeviceModel();
  DeviceModel(const DeviceModel &) = delete;
  DeviceModel &operator=(const DeviceModel &) = delete;

  /// Copies the constants, each of so many floats; null ones are left out.
  void upload(const std::vector<const float *> &constants,
              const std::vector<size_t> &sizes);

  const Driver &driver() const { return theDriver; }
  Context context() const { return primary->get(); }
  /// "sm_90" or "compute_90": what the kernels were compiled for.
  const char *architecture() const { return imageName.c_str(); }
  const edbc_cuda_desc &description() const { return *library.cuda; }
  /// Where each constant begins in the device's memory; null if it was left
  /// out.
  const std::vector<DevicePointer> &constants() const { return addresses; }
  /// `edbc_run`.
  Function kernel() const { return run; }
  /// Blocks that fit on the device at the same time.
  uint32_t mostBlocks() const { return numBlocks; }
  /// Whether blocks of a launch can wait for each other.
  bool isCooperative() const { return cooperative; }

private:
  void loadImage();
  bool tryImage(const edbc_cuda_image &image, bool isLast);
  void findKernel();

  const edbc_library &library;
  Driver theDriver;
  FoundDevice device;
  bool cooperative = false;
  uint32_t numBlocks = 0;
  std::unique_ptr<PrimaryContext> primary;
  std::string imageName;
  Module module;
  Function run = nullptr;
  DeviceMemory arena;
  std::vector<DevicePointer> addresses;
};

} // namespace edbc::cuda

#endif // EDBC_RUNTIME_CUDA_DEVICEMODEL_H
