//===- DriverApi.h - the CUDA driver's functions ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// As much of the CUDA driver's interface as the runtime calls, declared here so
// that nothing of CUDA is needed to build it. test/gpu/driver compares it with
// cuda.h where that is installed.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CUDA_DRIVERAPI_H
#define EDBC_RUNTIME_CUDA_DRIVERAPI_H

#include <cstddef>
#include <cstdint>

// What handles point to, by the names that cuda.h has for it.
// NOLINTBEGIN(readability-identifier-naming)
struct CUctx_st;
struct CUmod_st;
struct CUfunc_st;
struct CUstream_st;
struct CUevent_st;
struct CUgraph_st;
struct CUgraphExec_st;
// NOLINTEND(readability-identifier-naming)

namespace edbc::cuda {

using Device = int;
using DevicePointer = unsigned long long;
using Context = CUctx_st *;
using ModuleHandle = CUmod_st *;
using Function = CUfunc_st *;
using StreamHandle = CUstream_st *;
using EventHandle = CUevent_st *;
using GraphHandle = CUgraph_st *;
using GraphExecHandle = CUgraphExec_st *;

/// CUresult: those that the runtime tells apart.
enum Result : int {
  Success = 0,
  InvalidValue = 1,
  OutOfMemory = 2,
  Deinitialized = 4,
  NoDevice = 100,
  InvalidDevice = 101,
  InvalidImage = 200,
  InvalidContext = 201,
  NoBinaryForGpu = 209,
  EccUncorrectable = 214,
  InvalidPtx = 218,
  NvlinkUncorrectable = 220,
  JitCompilerNotFound = 221,
  UnsupportedPtxVersion = 222,
  JitCompilationDisabled = 223,
  Contained = 226,
  IllegalAddress = 700,
  LaunchOutOfResources = 701,
  LaunchTimeout = 702,
  ContextIsDestroyed = 709,
  Assertion = 710,
  HardwareStackError = 714,
  IllegalInstruction = 715,
  MisalignedAddress = 716,
  InvalidAddressSpace = 717,
  InvalidPc = 718,
  LaunchFailed = 719,
  CooperativeLaunchTooLarge = 720,
  NotSupported = 801,
  MpsClientTerminated = 810,
  ExternalDevice = 911,
  Unknown = 999,
};

/// CUdevice_attribute.
enum DeviceAttribute : int {
  MultiprocessorCount = 16,
  ComputeCapabilityMajor = 75,
  ComputeCapabilityMinor = 76,
  CooperativeLaunch = 95,
  MaxSharedMemoryPerBlock = 97, ///< that a kernel may ask for
};

/// CUfunction_attribute.
enum FunctionAttribute : int { MaxDynamicSharedBytes = 8 };

/// CUjit_option.
enum JitOption : int { ErrorLogBuffer = 5, ErrorLogBufferSize = 6 };

enum StreamFlags : unsigned { NonBlockingStream = 1 };
enum EventFlags : unsigned { UntimedEvent = 2 };
/// CUstreamCaptureMode.
enum CaptureMode : int { CaptureThreadLocal = 1 };

/// CUstreamCaptureStatus.
enum CaptureStatus : int { NotCapturing = 0 };

/// CUgraphExecUpdateResultInfo.
struct GraphUpdateResult {
  int result;
  void *errorNode;
  void *errorFromNode;
};

/// Calls F(name, (parameters)) for each function.
#define EDBC_CUDA_DRIVER_FUNCTIONS(F)                                          \
  F(cuInit, (unsigned flags))                                                  \
  F(cuDriverGetVersion, (int *version))                                        \
  F(cuGetErrorName, (Result result, const char **name))                        \
  F(cuGetErrorString, (Result result, const char **text))                      \
  F(cuDeviceGetCount, (int *count))                                            \
  F(cuDeviceGet, (Device * device, int ordinal))                               \
  F(cuDeviceGetName, (char *name, int size, Device device))                    \
  F(cuDeviceGetAttribute,                                                      \
    (int *value, DeviceAttribute attribute, Device device))                    \
  F(cuDevicePrimaryCtxRetain, (Context * context, Device device))              \
  F(cuDevicePrimaryCtxRelease_v2, (Device device))                             \
  F(cuCtxPushCurrent_v2, (Context context))                                    \
  F(cuCtxPopCurrent_v2, (Context * context))                                   \
  F(cuModuleLoadDataEx,                                                        \
    (ModuleHandle * module, const void *image, unsigned numOptions,            \
     JitOption *options, void **values))                                       \
  F(cuModuleUnload, (ModuleHandle module))                                     \
  F(cuModuleGetFunction,                                                       \
    (Function * function, ModuleHandle module, const char *name))              \
  F(cuFuncSetAttribute,                                                        \
    (Function function, FunctionAttribute attribute, int value))               \
  F(cuOccupancyMaxActiveBlocksPerMultiprocessor,                               \
    (int *numBlocks, Function function, int numThreads, size_t sharedBytes))   \
  F(cuMemGetInfo_v2, (size_t * free, size_t * total))                          \
  F(cuMemAlloc_v2, (DevicePointer * memory, size_t size))                      \
  F(cuMemFree_v2, (DevicePointer memory))                                      \
  F(cuMemHostAlloc, (void **memory, size_t size, unsigned flags))              \
  F(cuMemFreeHost, (void *memory))                                             \
  F(cuMemcpyHtoDAsync_v2,                                                      \
    (DevicePointer to, const void *from, size_t size, StreamHandle stream))    \
  F(cuMemcpyDtoHAsync_v2,                                                      \
    (void *to, DevicePointer from, size_t size, StreamHandle stream))          \
  F(cuMemcpyDtoDAsync_v2,                                                      \
    (DevicePointer to, DevicePointer from, size_t size, StreamHandle stream))  \
  F(cuMemsetD8Async,                                                           \
    (DevicePointer to, unsigned char value, size_t size, StreamHandle stream)) \
  F(cuStreamCreate, (StreamHandle * stream, unsigned flags))                   \
  F(cuStreamDestroy_v2, (StreamHandle stream))                                 \
  F(cuStreamGetCtx, (StreamHandle stream, Context * context))                  \
  F(cuStreamSynchronize, (StreamHandle stream))                                \
  F(cuStreamIsCapturing, (StreamHandle stream, CaptureStatus * status))        \
  F(cuStreamBeginCapture_v2, (StreamHandle stream, CaptureMode mode))          \
  F(cuStreamEndCapture, (StreamHandle stream, GraphHandle * graph))            \
  F(cuEventCreate, (EventHandle * event, unsigned flags))                      \
  F(cuEventDestroy_v2, (EventHandle event))                                    \
  F(cuEventRecord, (EventHandle event, StreamHandle stream))                   \
  F(cuEventSynchronize, (EventHandle event))                                   \
  F(cuLaunchKernel,                                                            \
    (Function function, unsigned gridX, unsigned gridY, unsigned gridZ,        \
     unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,  \
     StreamHandle stream, void **arguments, void **extra))                     \
  F(cuLaunchCooperativeKernel,                                                 \
    (Function function, unsigned gridX, unsigned gridY, unsigned gridZ,        \
     unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,  \
     StreamHandle stream, void **arguments))                                   \
  F(cuGraphInstantiateWithFlags,                                               \
    (GraphExecHandle * executable, GraphHandle graph,                          \
     unsigned long long flags))                                                \
  F(cuGraphExecUpdate_v2, (GraphExecHandle executable, GraphHandle graph,      \
                           GraphUpdateResult * result))                        \
  F(cuGraphLaunch, (GraphExecHandle executable, StreamHandle stream))          \
  F(cuGraphExecDestroy, (GraphExecHandle executable))                          \
  F(cuGraphDestroy, (GraphHandle graph))

/// The functions by name.
struct DriverApi {
#define EDBC_MEMBER(name, parameters) Result(*name) parameters = nullptr;
  EDBC_CUDA_DRIVER_FUNCTIONS(EDBC_MEMBER)
#undef EDBC_MEMBER
};

} // namespace edbc::cuda

#endif // EDBC_RUNTIME_CUDA_DRIVERAPI_H
