//===- FakeCalls.cpp - the functions of a driver, faked ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "edbc/abi.h"
#include "test/gpu/driver/FakeState.h"

#include <cstdlib>
#include <cstring>

using namespace edbc;
using namespace edbc::fake;

// Every function of the list, with exactly its type.
extern "C" {
#define EDBC_DECLARE(name, parameters) Result name parameters;
EDBC_CUDA_DRIVER_FUNCTIONS(EDBC_DECLARE)
#undef EDBC_DECLARE
}

/// Begins every function: notes the call, and lets it fail.
#define ENTER(how, function)                                                   \
  State &state = State::get();                                                 \
  Call call(state);                                                            \
  if (Result result = state.how(function))                                     \
  return result

template <typename Handle>
static Handle *add(std::map<Handle *, std::unique_ptr<Handle>> &all) {
  auto object = std::make_unique<Handle>();
  Handle *handle = object.get();
  all[handle] = std::move(object);
  return handle;
}

//===----------------------------------------------------------------------===//
// The driver and its devices
//===----------------------------------------------------------------------===//

Result cuInit(unsigned flags) {
  ENTER(enter, "cuInit");
  if (flags != 0)
    return state.report("cuInit: flags");
  if (state.machine.numDevices == 0)
    return NoDevice;
  state.isInitialized = true;
  return Success;
}

Result cuDriverGetVersion(int *version) {
  ENTER(enter, "cuDriverGetVersion");
  *version = state.machine.version;
  return Success;
}

static const char *nameOf(Result result) {
  switch (result) {
  case OutOfMemory:
    return "CUDA_ERROR_OUT_OF_MEMORY";
  case NoDevice:
    return "CUDA_ERROR_NO_DEVICE";
  case NoBinaryForGpu:
    return "CUDA_ERROR_NO_BINARY_FOR_GPU";
  case InvalidImage:
    return "CUDA_ERROR_INVALID_IMAGE";
  case IllegalAddress:
    return "CUDA_ERROR_ILLEGAL_ADDRESS";
  case LaunchFailed:
    return "CUDA_ERROR_LAUNCH_FAILED";
  default:
    return "CUDA_ERROR_OTHER";
  }
}

Result cuGetErrorName(Result result, const char **name) {
  *name = nameOf(result);
  return Success;
}

Result cuGetErrorString(Result, const char **text) {
  *text = "words of the driver";
  return Success;
}

Result cuDeviceGetCount(int *count) {
  ENTER(enter, "cuDeviceGetCount");
  if (!state.isInitialized)
    return state.report("cuDeviceGetCount: before cuInit");
  *count = state.machine.numDevices;
  return Success;
}

Result cuDeviceGet(Device *device, int ordinal) {
  ENTER(enter, "cuDeviceGet");
  if (ordinal < 0 || ordinal >= state.machine.numDevices)
    return state.report("cuDeviceGet: no such device", InvalidDevice);
  *device = ordinal;
  return Success;
}

Result cuDeviceGetName(char *name, int size, Device) {
  ENTER(enter, "cuDeviceGetName");
  strncpy(name, "Fake", static_cast<size_t>(size));
  return Success;
}

Result cuDeviceGetAttribute(int *value, DeviceAttribute attribute, Device) {
  ENTER(enter, "cuDeviceGetAttribute");
  const Machine &machine = state.machine;
  switch (attribute) {
  case MultiprocessorCount:
    *value = machine.multiprocessors;
    return Success;
  case ComputeCapabilityMajor:
    *value = machine.architecture / 10;
    return Success;
  case ComputeCapabilityMinor:
    *value = machine.architecture % 10;
    return Success;
  case CooperativeLaunch:
    *value = machine.isCooperative;
    return Success;
  case MaxSharedMemoryPerBlock:
    *value = machine.sharedBytes;
    return Success;
  }
  return state.report("cuDeviceGetAttribute: an unknown attribute");
}

//===----------------------------------------------------------------------===//
// Contexts
//===----------------------------------------------------------------------===//

Result cuDevicePrimaryCtxRetain(Context *context, Device) {
  ENTER(enter, "cuDevicePrimaryCtxRetain");
  ++state.context.retained;
  *context = &state.context;
  return state.sticky;
}

Result cuDevicePrimaryCtxRelease_v2(Device) {
  ENTER(enter, "cuDevicePrimaryCtxRelease_v2");
  if (state.context.retained == 0)
    return state.report("cuDevicePrimaryCtxRelease: not retained");
  if (--state.context.retained == 0) {
    state.workAll();
    if (state.sticky != Success)
      state.loseEverything();
  }
  return Success;
}

Result cuCtxPushCurrent_v2(Context context) {
  ENTER(enter, "cuCtxPushCurrent_v2");
  if (context != &state.context || state.context.retained == 0)
    return state.report("cuCtxPushCurrent: no context");
  contextStack().push_back(context);
  return Success;
}

Result cuCtxPopCurrent_v2(Context *context) {
  ENTER(enter, "cuCtxPopCurrent_v2");
  if (contextStack().empty())
    return state.report("cuCtxPopCurrent: none was pushed");
  *context = contextStack().back();
  contextStack().pop_back();
  return Success;
}

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

Result cuModuleLoadDataEx(ModuleHandle *module, const void *data, unsigned,
                          JitOption *, void **) {
  ENTER(enterContext, "cuModuleLoadDataEx");
  auto image = state.images.find(data);
  if (image == state.images.end())
    return InvalidImage;
  if (image->second.architecture > state.machine.architecture)
    return NoBinaryForGpu;
  *module = add(state.modules);
  (*module)->kernel = image->second.kernel;
  return Success;
}

Result cuModuleUnload(ModuleHandle module) {
  ENTER(enterContext, "cuModuleUnload");
  if (state.isPending())
    state.report("cuModuleUnload: work is pending");
  for (auto it = state.functions.begin(); it != state.functions.end();)
    it =
        it->first->module == module ? state.functions.erase(it) : std::next(it);
  if (state.modules.erase(module) == 0)
    return state.report("cuModuleUnload: no module");
  return Success;
}

Result cuModuleGetFunction(Function *function, ModuleHandle module,
                           const char *name) {
  ENTER(enterContext, "cuModuleGetFunction");
  if (!state.modules.count(module))
    return state.report("cuModuleGetFunction: no module");
  if (strcmp(name, "edbc_run") != 0)
    return state.report("cuModuleGetFunction: no such function");
  *function = add(state.functions);
  (*function)->module = module;
  return Success;
}

Result cuFuncSetAttribute(Function function, FunctionAttribute attribute,
                          int value) {
  ENTER(enterContext, "cuFuncSetAttribute");
  if (!state.functions.count(function) || attribute != MaxDynamicSharedBytes ||
      value > state.machine.sharedBytes)
    return state.report("cuFuncSetAttribute: an argument");
  function->sharedBytes = value;
  return Success;
}

Result cuOccupancyMaxActiveBlocksPerMultiprocessor(int *numBlocks,
                                                   Function function,
                                                   int numThreads, size_t) {
  ENTER(enterContext, "cuOccupancyMaxActiveBlocksPerMultiprocessor");
  if (!state.functions.count(function) || numThreads <= 0 || numThreads > 1024)
    return state.report("cuOccupancyMax...: an argument");
  *numBlocks = state.machine.blocksPerMultiprocessor;
  return Success;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Result cuMemGetInfo_v2(size_t *free, size_t *total) {
  ENTER(enterContext, "cuMemGetInfo_v2");
  *total = state.machine.memory;
  *free = state.machine.memory - state.numBytes;
  return Success;
}

static uintptr_t allocate(size_t size) {
  size_t rounded = (size + EDBC_CUDA_ALIGNMENT - 1) / EDBC_CUDA_ALIGNMENT *
                   EDBC_CUDA_ALIGNMENT;
  void *memory = std::aligned_alloc(EDBC_CUDA_ALIGNMENT, rounded);
  memset(memory, 0xFF, rounded); // NaNs
  return reinterpret_cast<uintptr_t>(memory);
}

Result cuMemAlloc_v2(DevicePointer *memory, size_t size) {
  ENTER(enterContext, "cuMemAlloc_v2");
  if (size == 0)
    return state.report("cuMemAlloc: no bytes");
  if (size > state.machine.memory - state.numBytes)
    return OutOfMemory;
  uintptr_t address = allocate(size);
  state.deviceMemory[address] = size;
  state.numBytes += size;
  *memory = address;
  return Success;
}

Result cuMemFree_v2(DevicePointer memory) {
  ENTER(enterContext, "cuMemFree_v2");
  auto found = state.deviceMemory.find(memory);
  if (found == state.deviceMemory.end())
    return state.report("cuMemFree: no allocation");
  if (state.isPending() && state.machine.reportsEarlyFrees)
    state.report("cuMemFree: work is pending");
  state.numBytes -= found->second;
  std::free(reinterpret_cast<void *>(found->first));
  state.deviceMemory.erase(found);
  return Success;
}

Result cuMemHostAlloc(void **memory, size_t size, unsigned flags) {
  ENTER(enterContext, "cuMemHostAlloc");
  if (size == 0 || flags != 0)
    return state.report("cuMemHostAlloc: an argument");
  uintptr_t address = allocate(size);
  state.hostMemory[address] = size;
  *memory = reinterpret_cast<void *>(address);
  return Success;
}

Result cuMemFreeHost(void *memory) {
  ENTER(enterContext, "cuMemFreeHost");
  if (state.isPending() && state.machine.reportsEarlyFrees)
    state.report("cuMemFreeHost: work is pending");
  if (state.hostMemory.erase(reinterpret_cast<uintptr_t>(memory)) == 0)
    return state.report("cuMemFreeHost: no allocation");
  std::free(memory);
  return Success;
}

//===----------------------------------------------------------------------===//
// Streams and what is enqueued
//===----------------------------------------------------------------------===//

Result cuStreamCreate(StreamHandle *stream, unsigned flags) {
  ENTER(enterContext, "cuStreamCreate");
  if (flags != NonBlockingStream)
    return state.report("cuStreamCreate: waits for others");
  *stream = add(state.streams);
  return Success;
}

Result cuStreamDestroy_v2(StreamHandle stream) {
  ENTER(enterContext, "cuStreamDestroy_v2");
  if (!state.streams.count(stream))
    return state.report("cuStreamDestroy: no stream");
  state.work(*stream, UINT64_MAX);
  state.streams.erase(stream);
  return Success;
}

Result cuStreamGetCtx(StreamHandle stream, Context *context) {
  ENTER(enterContext, "cuStreamGetCtx");
  // A stream of another context.
  *context = state.streams.count(stream) ? &state.context : nullptr;
  return Success;
}

Result cuStreamSynchronize(StreamHandle stream) {
  ENTER(enterContext, "cuStreamSynchronize");
  if (!state.streams.count(stream) || stream->captured)
    return state.report("cuStreamSynchronize: no stream, or it captures");
  state.work(*stream, UINT64_MAX);
  return state.sticky;
}

Result cuStreamIsCapturing(StreamHandle stream, CaptureStatus *status) {
  ENTER(enterContext, "cuStreamIsCapturing");
  if (!state.streams.count(stream))
    return state.report("cuStreamIsCapturing: no stream");
  *status = static_cast<CaptureStatus>(stream->captured ? 1 : NotCapturing);
  return Success;
}

/// Enqueues an operation, or records it.
static Result enqueue(State &state, const char *function, StreamHandle stream,
                      bool isRecordable, std::function<void()> operation) {
  if (!state.streams.count(stream))
    return state.report(std::string(function) + ": no stream");
  if (stream->captured) {
    if (!isRecordable)
      return state.report(std::string(function) + ": while capturing");
    stream->captured->nodes.push_back(std::move(operation));
  } else {
    stream->operations.push_back(std::move(operation));
  }
  return Success;
}

static Result enqueueCopy(State &state, const char *function, uintptr_t to,
                          uintptr_t from, size_t size, bool isToHost,
                          bool isFromHost, StreamHandle stream) {
  auto isIn = [&](bool isHost, uintptr_t address) {
    return contains(isHost ? state.hostMemory : state.deviceMemory, address,
                    size);
  };
  if (size == 0 || !isIn(isToHost, to) || !isIn(isFromHost, from))
    return state.report(std::string(function) + ": not in an allocation");
  return enqueue(state, function, stream, false, [=] {
    memcpy(reinterpret_cast<void *>(to), reinterpret_cast<const void *>(from),
           size);
  });
}

Result cuMemcpyHtoDAsync_v2(DevicePointer to, const void *from, size_t size,
                            StreamHandle stream) {
  ENTER(enterContext, "cuMemcpyHtoDAsync_v2");
  return enqueueCopy(state, "cuMemcpyHtoDAsync", to,
                     reinterpret_cast<uintptr_t>(from), size, false, true,
                     stream);
}

Result cuMemcpyDtoHAsync_v2(void *to, DevicePointer from, size_t size,
                            StreamHandle stream) {
  ENTER(enterContext, "cuMemcpyDtoHAsync_v2");
  return enqueueCopy(state, "cuMemcpyDtoHAsync",
                     reinterpret_cast<uintptr_t>(to), from, size, true, false,
                     stream);
}

Result cuMemcpyDtoDAsync_v2(DevicePointer to, DevicePointer from, size_t size,
                            StreamHandle stream) {
  ENTER(enterContext, "cuMemcpyDtoDAsync_v2");
  return enqueueCopy(state, "cuMemcpyDtoDAsync", to, from, size, false, false,
                     stream);
}

Result cuMemsetD8Async(DevicePointer to, unsigned char value, size_t size,
                       StreamHandle stream) {
  ENTER(enterContext, "cuMemsetD8Async");
  if (!contains(state.deviceMemory, to, size))
    return state.report("cuMemsetD8Async: not in an allocation");
  return enqueue(state, "cuMemsetD8Async", stream, false,
                 [=] { memset(reinterpret_cast<void *>(to), value, size); });
}

Result cuEventCreate(EventHandle *event, unsigned flags) {
  ENTER(enterContext, "cuEventCreate");
  if (flags != UntimedEvent)
    return state.report("cuEventCreate: it takes the time");
  *event = add(state.events);
  return Success;
}

Result cuEventDestroy_v2(EventHandle event) {
  ENTER(enterContext, "cuEventDestroy_v2");
  if (state.events.erase(event) == 0)
    return state.report("cuEventDestroy: no event");
  return Success;
}

Result cuEventRecord(EventHandle event, StreamHandle stream) {
  ENTER(enterContext, "cuEventRecord");
  if (!state.events.count(event) || !state.streams.count(stream))
    return state.report("cuEventRecord: no event or stream");
  event->stream = stream;
  event->position = stream->numDone + stream->operations.size();
  return Success;
}

Result cuEventSynchronize(EventHandle event) {
  ENTER(enterContext, "cuEventSynchronize");
  if (!state.events.count(event))
    return state.report("cuEventSynchronize: no event");
  if (event->stream && state.streams.count(event->stream))
    state.work(*event->stream, event->position);
  return state.sticky;
}

//===----------------------------------------------------------------------===//
// Kernels and graphs
//===----------------------------------------------------------------------===//

/// Checks a launch and returns what executes it.
static Result prepare(State &state, Function function, unsigned gridSize,
                      unsigned blockSize, unsigned sharedBytes,
                      void **arguments, bool isCooperative,
                      std::function<void()> &operation) {
  if (!state.functions.count(function))
    return state.report("a launch: no function");
  if (gridSize == 0 || blockSize == 0 || blockSize % 32 != 0 ||
      blockSize > 1024 || int(sharedBytes) > function->sharedBytes)
    return state.report("a launch: size of grid, block or shared memory");
  KernelLaunch launch = {nullptr, 0, nullptr, gridSize, blockSize, sharedBytes};
  memcpy(&launch.steps, arguments[0], sizeof(void *));
  memcpy(&launch.numSteps, arguments[1], sizeof(uint32_t));
  memcpy(&launch.barrier, arguments[2], sizeof(void *));
  // Blocks that don't run at the same time can't wait for each other.
  if (launch.numSteps == 0 || (!isCooperative && launch.numSteps != 1))
    return state.report("a launch: the number of steps");
  if (!contains(state.deviceMemory, reinterpret_cast<uintptr_t>(launch.barrier),
                sizeof(edbc_cuda_barrier)))
    return state.report("a launch: the barrier is in no allocation");
  if (!contains(state.deviceMemory, reinterpret_cast<uintptr_t>(launch.steps),
                launch.numSteps * sizeof(edbc_cuda_step)))
    return state.report("a launch: the steps are in no allocation");
  Kernel kernel = function->module->kernel;
  operation = [&state, kernel, launch] {
    if (state.kernelsToFailure != 0 && --state.kernelsToFailure == 0)
      state.sticky = state.kernelFailure;
    else
      kernel(launch);
  };
  return Success;
}

Result cuLaunchKernel(Function function, unsigned gridX, unsigned gridY,
                      unsigned gridZ, unsigned blockX, unsigned blockY,
                      unsigned blockZ, unsigned sharedBytes,
                      StreamHandle stream, void **arguments, void **extra) {
  ENTER(enterContext, "cuLaunchKernel");
  if (gridY != 1 || gridZ != 1 || blockY != 1 || blockZ != 1 || extra)
    return state.report("cuLaunchKernel: an argument");
  std::function<void()> operation;
  if (Result result = prepare(state, function, gridX, blockX, sharedBytes,
                              arguments, false, operation))
    return result;
  return enqueue(state, "cuLaunchKernel", stream, true, std::move(operation));
}

Result cuLaunchCooperativeKernel(Function function, unsigned gridX,
                                 unsigned gridY, unsigned gridZ,
                                 unsigned blockX, unsigned blockY,
                                 unsigned blockZ, unsigned sharedBytes,
                                 StreamHandle stream, void **arguments) {
  ENTER(enterContext, "cuLaunchCooperativeKernel");
  const Machine &machine = state.machine;
  if (gridY != 1 || gridZ != 1 || blockY != 1 || blockZ != 1 ||
      !machine.isCooperative)
    return state.report("cuLaunchCooperativeKernel: an argument");
  if (int(gridX) > machine.multiprocessors * machine.blocksPerMultiprocessor)
    return state.report("cuLaunchCooperativeKernel: more blocks than fit",
                        CooperativeLaunchTooLarge);
  std::function<void()> operation;
  if (Result result = prepare(state, function, gridX, blockX, sharedBytes,
                              arguments, true, operation))
    return result;
  return enqueue(state, "cuLaunchCooperativeKernel", stream, false,
                 std::move(operation));
}

Result cuStreamBeginCapture_v2(StreamHandle stream, CaptureMode mode) {
  ENTER(enterContext, "cuStreamBeginCapture_v2");
  if (!state.streams.count(stream) || stream->captured ||
      mode != CaptureThreadLocal)
    return state.report("cuStreamBeginCapture: an argument");
  stream->captured = std::make_unique<CUgraph_st>();
  return Success;
}

Result cuStreamEndCapture(StreamHandle stream, GraphHandle *graph) {
  State &state = State::get();
  Call call(state);
  // Where it fails, capturing has ended too.
  if (Result result = state.enterContext("cuStreamEndCapture")) {
    if (state.streams.count(stream))
      stream->captured.reset();
    return result;
  }
  if (!state.streams.count(stream) || !stream->captured)
    return state.report("cuStreamEndCapture: it doesn't capture");
  *graph = stream->captured.get();
  state.graphs[*graph] = std::move(stream->captured);
  return Success;
}

Result cuGraphInstantiateWithFlags(GraphExecHandle *executable,
                                   GraphHandle graph,
                                   unsigned long long flags) {
  ENTER(enterContext, "cuGraphInstantiateWithFlags");
  if (!state.graphs.count(graph) || flags != 0)
    return state.report("cuGraphInstantiate: an argument");
  *executable = add(state.executables);
  (*executable)->nodes = graph->nodes;
  return Success;
}

Result cuGraphExecUpdate_v2(GraphExecHandle executable, GraphHandle graph,
                            GraphUpdateResult *result) {
  ENTER(enterContext, "cuGraphExecUpdate_v2");
  if (!state.executables.count(executable) || !state.graphs.count(graph) ||
      !result)
    return state.report("cuGraphExecUpdate: an argument");
  constexpr auto updateFailure = static_cast<Result>(910);
  if (executable->nodes.size() != graph->nodes.size())
    return updateFailure;
  executable->nodes = graph->nodes;
  return Success;
}

Result cuGraphLaunch(GraphExecHandle executable, StreamHandle stream) {
  ENTER(enterContext, "cuGraphLaunch");
  if (!state.executables.count(executable))
    return state.report("cuGraphLaunch: no graph");
  return enqueue(state, "cuGraphLaunch", stream, false,
                 [nodes = executable->nodes] {
                   for (const std::function<void()> &node : nodes)
                     node();
                 });
}

Result cuGraphExecDestroy(GraphExecHandle executable) {
  ENTER(enterContext, "cuGraphExecDestroy");
  if (state.executables.erase(executable) == 0)
    return state.report("cuGraphExecDestroy: no graph");
  return Success;
}

Result cuGraphDestroy(GraphHandle graph) {
  ENTER(enterContext, "cuGraphDestroy");
  if (state.graphs.erase(graph) == 0)
    return state.report("cuGraphDestroy: no graph");
  return Success;
}
