//===- HeaderTest.cpp - the declared driver against cuda.h ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/cuda/DriverApi.h"

#include <cuda.h>

#include <gtest/gtest.h>

#include <type_traits>

using namespace edbc;

namespace {

/// What a type is to a caller: enumerations are numbers, and pointers to the
/// same are the same.
template <typename T, bool isEnum = std::is_enum<T>::value> struct Seen {
  using Type = T;
};
template <typename T> struct Seen<T, true> { using Type = int; };
template <typename T> struct Seen<T *, false> {
  using Type = typename Seen<T>::Type *;
};
template <typename T> struct Seen<const T, false> {
  using Type = const typename Seen<T>::Type;
};
template <> struct Seen<CUgraphExecUpdateResultInfo, false> {
  using Type = cuda::GraphUpdateResult;
};
template <typename R, typename... P> struct Seen<R (*)(P...), false> {
  using Type = typename Seen<R>::Type (*)(typename Seen<P>::Type...);
};

template <typename Ours, typename Theirs> constexpr bool areAlike() {
  return std::is_same<typename Seen<Ours>::Type,
                      typename Seen<Theirs>::Type>::value;
}

#define EDBC_CHECK(name, parameters)                                           \
  static_assert(                                                               \
      areAlike<decltype(cuda::DriverApi::name), decltype(&::name)>(), #name);
EDBC_CUDA_DRIVER_FUNCTIONS(EDBC_CHECK)
#undef EDBC_CHECK

static_assert(sizeof(cuda::GraphUpdateResult) ==
                  sizeof(CUgraphExecUpdateResultInfo),
              "");

TEST(HeaderTest, NumbersAreThoseOfTheHeader) {
  EXPECT_EQ(cuda::Success, int(CUDA_SUCCESS));
  EXPECT_EQ(cuda::InvalidValue, int(CUDA_ERROR_INVALID_VALUE));
  EXPECT_EQ(cuda::OutOfMemory, int(CUDA_ERROR_OUT_OF_MEMORY));
  EXPECT_EQ(cuda::Deinitialized, int(CUDA_ERROR_DEINITIALIZED));
  EXPECT_EQ(cuda::NoDevice, int(CUDA_ERROR_NO_DEVICE));
  EXPECT_EQ(cuda::InvalidDevice, int(CUDA_ERROR_INVALID_DEVICE));
  EXPECT_EQ(cuda::InvalidImage, int(CUDA_ERROR_INVALID_IMAGE));
  EXPECT_EQ(cuda::InvalidContext, int(CUDA_ERROR_INVALID_CONTEXT));
  EXPECT_EQ(cuda::NoBinaryForGpu, int(CUDA_ERROR_NO_BINARY_FOR_GPU));
  EXPECT_EQ(cuda::EccUncorrectable, int(CUDA_ERROR_ECC_UNCORRECTABLE));
  EXPECT_EQ(cuda::InvalidPtx, int(CUDA_ERROR_INVALID_PTX));
  EXPECT_EQ(cuda::NvlinkUncorrectable, int(CUDA_ERROR_NVLINK_UNCORRECTABLE));
  EXPECT_EQ(cuda::JitCompilerNotFound, int(CUDA_ERROR_JIT_COMPILER_NOT_FOUND));
  EXPECT_EQ(cuda::UnsupportedPtxVersion,
            int(CUDA_ERROR_UNSUPPORTED_PTX_VERSION));
  EXPECT_EQ(cuda::JitCompilationDisabled,
            int(CUDA_ERROR_JIT_COMPILATION_DISABLED));
  EXPECT_EQ(cuda::Contained, int(CUDA_ERROR_CONTAINED));
  EXPECT_EQ(cuda::IllegalAddress, int(CUDA_ERROR_ILLEGAL_ADDRESS));
  EXPECT_EQ(cuda::LaunchOutOfResources,
            int(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES));
  EXPECT_EQ(cuda::LaunchTimeout, int(CUDA_ERROR_LAUNCH_TIMEOUT));
  EXPECT_EQ(cuda::ContextIsDestroyed, int(CUDA_ERROR_CONTEXT_IS_DESTROYED));
  EXPECT_EQ(cuda::Assertion, int(CUDA_ERROR_ASSERT));
  EXPECT_EQ(cuda::HardwareStackError, int(CUDA_ERROR_HARDWARE_STACK_ERROR));
  EXPECT_EQ(cuda::IllegalInstruction, int(CUDA_ERROR_ILLEGAL_INSTRUCTION));
  EXPECT_EQ(cuda::MisalignedAddress, int(CUDA_ERROR_MISALIGNED_ADDRESS));
  EXPECT_EQ(cuda::InvalidAddressSpace, int(CUDA_ERROR_INVALID_ADDRESS_SPACE));
  EXPECT_EQ(cuda::InvalidPc, int(CUDA_ERROR_INVALID_PC));
  EXPECT_EQ(cuda::LaunchFailed, int(CUDA_ERROR_LAUNCH_FAILED));
  EXPECT_EQ(cuda::CooperativeLaunchTooLarge,
            int(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE));
  EXPECT_EQ(cuda::NotSupported, int(CUDA_ERROR_NOT_SUPPORTED));
  EXPECT_EQ(cuda::MpsClientTerminated, int(CUDA_ERROR_MPS_CLIENT_TERMINATED));
  EXPECT_EQ(cuda::NotCapturing, int(CU_STREAM_CAPTURE_STATUS_NONE));
  EXPECT_EQ(cuda::ExternalDevice, int(CUDA_ERROR_EXTERNAL_DEVICE));
  EXPECT_EQ(cuda::Unknown, int(CUDA_ERROR_UNKNOWN));
  EXPECT_EQ(cuda::MultiprocessorCount,
            int(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT));
  EXPECT_EQ(cuda::ComputeCapabilityMajor,
            int(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR));
  EXPECT_EQ(cuda::ComputeCapabilityMinor,
            int(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR));
  EXPECT_EQ(cuda::CooperativeLaunch,
            int(CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH));
  EXPECT_EQ(cuda::MaxSharedMemoryPerBlock,
            int(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN));
  EXPECT_EQ(cuda::MaxDynamicSharedBytes,
            int(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES));
  EXPECT_EQ(cuda::ErrorLogBuffer, int(CU_JIT_ERROR_LOG_BUFFER));
  EXPECT_EQ(cuda::ErrorLogBufferSize, int(CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES));
  EXPECT_EQ(cuda::NonBlockingStream, unsigned(CU_STREAM_NON_BLOCKING));
  EXPECT_EQ(cuda::UntimedEvent, unsigned(CU_EVENT_DISABLE_TIMING));
  EXPECT_EQ(cuda::CaptureThreadLocal, int(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
}

} // namespace
