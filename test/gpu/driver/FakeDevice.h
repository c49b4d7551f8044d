//===- FakeDevice.h - a fixture with the fake driver ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_GPU_DRIVER_FAKEDEVICE_H
#define EDBC_TEST_GPU_DRIVER_FAKEDEVICE_H

#include "test/gpu/driver/HostKernels.h"
#include "test/unit/runtime/TestNetwork.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace edbc::fake {

/// Tests of the hand-made network on the fake driver, who hold that nothing was
/// done wrong and nothing leaked.
class FakeDevice : public testing::Test {
protected:
  FakeDevice() {
    setenv("EDBC_CUDA_DRIVER", EDBC_FAKE_CUDA, /*overwrite=*/1);
    use({});
  }
  ~FakeDevice() override { unsetenv("EDBC_CUDA_DRIVER"); }

  void TearDown() override {
    EXPECT_EQ(misuse(), "");
    EXPECT_EQ(leaks(), "");
  }

  /// Starts over with another machine.
  void use(const Machine &machine) {
    begin(machine);
    device.addImages();
  }

  /// What the message is if the model can't be created.
  std::string modelMessage(edbc_status &status, uint32_t ordinal = 0) {
    try {
      edbc::Model model(device.get(), edbc::Device::cuda(ordinal));
    } catch (const edbc::Error &error) {
      status = error.status();
      return error.what();
    }
    status = EDBC_OK;
    return "";
  }

  DeviceLibrary device{edbc_library_test_network};
};

} // namespace edbc::fake

#endif // EDBC_TEST_GPU_DRIVER_FAKEDEVICE_H
