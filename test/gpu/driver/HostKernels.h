//===- HostKernels.h - the kernels of the CPU as a device's ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The memory of the fake driver's device is the host's, so the kernels of the
// CPU can stand in for those of a device. What is tested with them is all that
// the runtime does for a device; and since they compute the same bits, results
// can be compared exactly.
//
// They execute a schedule as a device might at its worst: the tiles of all
// steps between two barriers in random order.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_GPU_DRIVER_HOSTKERNELS_H
#define EDBC_TEST_GPU_DRIVER_HOSTKERNELS_H

#include "edbc/abi.h"
#include "test/gpu/driver/FakeDriver.h"

#include <random>
#include <vector>

namespace edbc::fake {

/// A library as if it had been compiled for CUDA too. Must outlive its models,
/// and not move.
class DeviceLibrary {
public:
  /// @param architectures of its cubins.
  explicit DeviceLibrary(const edbc_library &host,
                         std::vector<uint32_t> architectures = {90});
  DeviceLibrary(const DeviceLibrary &) = delete;
  DeviceLibrary &operator=(const DeviceLibrary &) = delete;

  const edbc_library &get() const { return library; }
  /// To be changed by tests.
  edbc_library library;
  edbc_cuda_desc cuda = {};
  std::vector<edbc_cuda_image> images;

  /// Tells the driver, which forgets it in `begin`, about the images.
  void addImages();

  uint64_t numSteps = 0;    ///< that were executed
  uint64_t numBarriers = 0; ///< that stood before them
  unsigned mostBlocks = 0;  ///< of a launch

private:
  void execute(const KernelLaunch &launch);
  void executeTogether(const edbc_cuda_step *begin, const edbc_cuda_step *end);

  std::vector<edbc_cell_desc> cells;
  std::vector<std::vector<edbc_phase_desc>> phases; ///< by cell
  std::vector<edbc_cuda_function> functions;
  struct Kernel {
    edbc_phase_fn function;
    uint32_t numPanels;
    uint32_t numBuffers;
    uint32_t panelsPerTile;
  };
  std::vector<Kernel> kernels; ///< by device function
  std::vector<char> imageData;
  std::mt19937 random{1};
};

} // namespace edbc::fake

#endif // EDBC_TEST_GPU_DRIVER_HOSTKERNELS_H
