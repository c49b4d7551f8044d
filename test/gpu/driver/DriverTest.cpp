//===- DriverTest.cpp - tests of finding a driver and a device --*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/gpu/driver/FakeDevice.h"

#include <gmock/gmock.h>

using namespace edbc::fake;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

class DriverTest : public FakeDevice {
protected:
  /// Creating a model fails like this.
  void expectFailure(edbc_status status, const std::string &message,
                     uint32_t ordinal = 0) {
    edbc_status actual;
    EXPECT_EQ(modelMessage(actual, ordinal), message);
    EXPECT_EQ(actual, status);
  }
};

TEST_F(DriverTest, ModelsAreCreatedOnTheDevice) {
  edbc::Model model(device.get(), edbc::Device::cuda());
  EXPECT_STREQ(model.isa(), "sm_90");
  edbc::Model other(device.get());
  EXPECT_THAT(other.isa(), StartsWith("x86-64-"));
}

TEST_F(DriverTest, TellsTheArchitectureOfADevice) {
  Machine machine;
  machine.architecture = 86;
  use(machine);
  uint32_t architecture = 0;
  EXPECT_EQ(edbc_cuda_architecture(0, &architecture, nullptr), EDBC_OK);
  EXPECT_EQ(architecture, 86u);
  edbc_error error;
  EXPECT_EQ(edbc_cuda_architecture(1, &architecture, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message,
               "there is no CUDA device 1; this process may use 1");
  EXPECT_EQ(edbc_cuda_architecture(0, nullptr, &error), EDBC_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "a null argument");
}

TEST_F(DriverTest, TellsThatThereIsNoDriver) {
  setenv("EDBC_CUDA_DRIVER", "/no/such/libcuda.so", 1);
  edbc_status status;
  std::string message = modelMessage(status);
  EXPECT_THAT(message,
              StartsWith("there is no CUDA driver: /no/such/libcuda.so:"));
  EXPECT_THAT(message, HasSubstr("install NVIDIA's, or create the model on "
                                 "the CPU"));
  EXPECT_EQ(status, EDBC_UNSUPPORTED);
}

TEST_F(DriverTest, TellsThatTheDriverIsTooOld) {
  Machine machine;
  machine.version = 11080;
  use(machine);
  expectFailure(EDBC_UNSUPPORTED,
                "the CUDA driver is too old: it supports CUDA 11.8, and 12.0 "
                "is needed; install a newer one");
}

TEST_F(DriverTest, TellsThatTheDriverLacksAFunction) {
  setenv("EDBC_CUDA_DRIVER", EDBC_POOR_CUDA, 1);
  expectFailure(EDBC_UNSUPPORTED, "the CUDA driver " EDBC_POOR_CUDA
                                  " has no function cuGetErrorName; install a "
                                  "newer one");
}

TEST_F(DriverTest, TellsThatThereIsNoDevice) {
  Machine machine;
  machine.numDevices = 0;
  use(machine);
  expectFailure(EDBC_UNSUPPORTED,
                "cuInit failed: words of the driver (CUDA_ERROR_NO_DEVICE, "
                "100): the CUDA driver can't be used on this machine");
}

TEST_F(DriverTest, TellsThatThereAreFewerDevices) {
  Machine machine;
  machine.numDevices = 2;
  use(machine);
  edbc::Model model(device.get(), edbc::Device::cuda(1));
  expectFailure(EDBC_INVALID_ARGUMENT,
                "there is no CUDA device 2; this process may use 2", 2);
}

TEST_F(DriverTest, TellsThatAnOptionIsNoDevice) {
  edbc_model_options options = {};
  options.device = static_cast<edbc_device_kind>(2);
  edbc_model *model = nullptr;
  edbc_error error;
  EXPECT_EQ(edbc_model_create(&device.get(), &options, &model, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "there is no kind of device 2");
}

TEST_F(DriverTest, TellsThatTheNetworkWasNotCompiledForDevices) {
  device.library.cuda = nullptr;
  expectFailure(EDBC_UNSUPPORTED,
                "network 'test_network' was not compiled for CUDA devices; "
                "compile it with --target=cuda:sm_90 or what the device has");
  device.library.cuda = &device.cuda;
  device.cuda.num_functions = 3;
  expectFailure(EDBC_UNSUPPORTED,
                "network 'test_network' has no CUDA kernel for cell 'inner'");
}

TEST_F(DriverTest, TellsThatThereIsNoImageForTheArchitecture) {
  Machine machine;
  machine.architecture = 80;
  use(machine);
  expectFailure(EDBC_UNSUPPORTED,
                "network 'test_network' has no kernels for device 'Fake' "
                "(sm_80), but for sm_90; compile it with --target=cuda:sm_80");
}

TEST_F(DriverTest, TellsThatTheDriverCantUseTheImage) {
  failCall("cuModuleLoadDataEx", 1, 209);
  expectFailure(EDBC_UNSUPPORTED,
                "cuModuleLoadDataEx failed: words of the driver "
                "(CUDA_ERROR_NO_BINARY_FOR_GPU, 209): the kernels of network "
                "'test_network' for sm_90 on device 'Fake'; a newer driver may "
                "know them");
}

TEST_F(DriverTest, TellsThatSharedMemoryIsTooSmall) {
  Machine machine;
  machine.sharedBytes = 65536;
  use(machine);
  expectFailure(EDBC_UNSUPPORTED,
                "the kernels of network 'test_network' need 100000 bytes of "
                "shared memory a block; device 'Fake' has 65536");
}

TEST_F(DriverTest, TellsThatNoBlockFits) {
  Machine machine;
  machine.blocksPerMultiprocessor = 0;
  use(machine);
  expectFailure(EDBC_UNSUPPORTED,
                "no block of the kernels of network 'test_network' fits on a "
                "multiprocessor of device 'Fake'");
}

TEST_F(DriverTest, TellsThatWeightsDontFit) {
  Machine machine;
  machine.memory = 1000;
  use(machine);
  edbc_status status;
  std::string message = modelMessage(status);
  EXPECT_THAT(message, StartsWith("cuMemAlloc failed: words of the driver "
                                  "(CUDA_ERROR_OUT_OF_MEMORY, 2): 0.1 MB for "
                                  "the network's weights, with 0.0 of the "
                                  "device's 0.0 MB free"));
  EXPECT_EQ(status, EDBC_OUT_OF_MEMORY);
}

/// An image that suits by its number may still be of no use, as one that was
/// compiled for features of exactly its architecture.
TEST(ImageTest, TheBestImageThatLoadsIsTaken) {
  setenv("EDBC_CUDA_DRIVER", EDBC_FAKE_CUDA, 1);
  DeviceLibrary device(edbc_library_test_network, {80, 86, 89, 90, 75, 70, 90});
  device.images[4].kind = device.images[5].kind = EDBC_CUDA_PTX;
  device.images[6].kind = EDBC_CUDA_EXACT_CUBIN;
  auto chosen = [&](int architecture, unsigned numRefused) {
    Machine machine;
    machine.architecture = architecture;
    begin(machine);
    device.addImages();
    for (unsigned i = 0; i < numRefused; ++i)
      failCall("cuModuleLoadDataEx", i + 1, 209);
    edbc::Model model(device.get(), edbc::Device::cuda());
    EXPECT_EQ(numCalls("cuModuleLoadDataEx"), numRefused + 1);
    return std::string(model.isa());
  };
  EXPECT_EQ(chosen(80, 0), "sm_80");
  EXPECT_EQ(chosen(87, 0), "sm_86");
  EXPECT_EQ(chosen(89, 0), "sm_89");
  EXPECT_EQ(chosen(89, 1), "sm_86");
  EXPECT_EQ(chosen(89, 3), "compute_75");
  EXPECT_EQ(chosen(90, 0), "sm_90a");
  EXPECT_EQ(chosen(90, 1), "sm_90");
  EXPECT_EQ(chosen(99, 0), "sm_90");
  EXPECT_EQ(chosen(100, 0), "compute_75");
  EXPECT_EQ(chosen(72, 0), "compute_70");
  EXPECT_EQ(misuse(), "");
  EXPECT_EQ(leaks(), "");
  unsetenv("EDBC_CUDA_DRIVER");
}

} // namespace
