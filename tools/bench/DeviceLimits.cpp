//===- DeviceLimits.cpp - what a CUDA device can do -------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/DeviceLimits.h"

#include "compiler/Cuda/Nvrtc.h"
#include "runtime/cuda/DeviceModel.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>

using namespace edbc;
using namespace edbc::bench;
using namespace edbc::cuda;

// Eight independent sums keep the units of a multiprocessor busy.
const char *const bench::limitKernels = R"(
#include "device/Schedule.cuh"
using edbc::u32;

extern "C" __global__ void multiplyF32(float *out, u32 rounds) {
  float sums[8] = {};
  for (u32 round = 0; round < rounds; ++round)
    for (float &sum : sums)
      sum = fmaf(sum, 0.5f, 1.0f);
  float total = 0;
  for (float sum : sums)
    total += sum;
  out[blockIdx.x * blockDim.x + threadIdx.x] = total;
}

template <class Multiply>
__device__ void multiply(float *out, u32 rounds, Multiply multiply) {
  float sums[8][4] = {};
  const u32 a[4] = {threadIdx.x, 0, 0, 0}, b[2] = {threadIdx.x, 0};
  for (u32 round = 0; round < rounds; ++round)
    for (auto &sum : sums)
      multiply(sum, a, b);
  float total = 0;
  for (auto &sum : sums)
    total += sum[0] + sum[1] + sum[2] + sum[3];
  out[blockIdx.x * blockDim.x + threadIdx.x] = total;
}

struct Tf32 {
  template <class Sum, class A, class B>
  __device__ void operator()(Sum &sum, const A &a, const B &b) const {
    edbc::multiplyTf32(sum, a, b);
  }
};
struct Bf16 {
  template <class Sum, class A, class B>
  __device__ void operator()(Sum &sum, const A &a, const B &b) const {
    edbc::multiplyBf16(sum, a, b);
  }
};

extern "C" __global__ void multiplyTf32(float *out, u32 rounds) {
  multiply(out, rounds, Tf32());
}

extern "C" __global__ void multiplyBf16(float *out, u32 rounds) {
  multiply(out, rounds, Bf16());
}

extern "C" __global__ void waitTogether(edbc::Barrier *barrier, u32 rounds) {
  for (u32 round = 0; round < rounds; ++round)
    edbc::waitForGrid(barrier);
}
)";

double DeviceLimits::least(double bytes, double gflop, double barriers,
                           edbc_precision precision) const {
  return std::max({bytes * 1e-6 / gbPerSecond, gflop / gflops[precision] * 1e3,
                   barriers * barrierUs * 1e-3});
}

namespace {

constexpr unsigned blockThreads = 256;

class Bench {
public:
  Bench(const Driver &driver, const FoundDevice &device,
        const std::string &image)
      : driver(driver), numMultiprocessors(static_cast<unsigned>(
                            device.attribute(driver, MultiprocessorCount))),
        stream(createStream(driver)) {
    ModuleHandle handle = nullptr;
    driver.check(
        driver->cuModuleLoadDataEx(&handle, image.data(), 0, nullptr, nullptr),
        "cuModuleLoadDataEx", "the kernels that measure the device");
    module = {handle, driver->cuModuleUnload};
  }

  /// Gigabytes a second.
  double measureCopies() {
    constexpr size_t size = size_t(256) << 20;
    DeviceMemory from(driver, size, "what is copied");
    DeviceMemory to(driver, size, "its copy");
    constexpr int repeat = 8;
    double seconds = fastest([&] {
      for (int i = 0; i < repeat; ++i)
        driver.check(driver->cuMemcpyDtoDAsync_v2(to.get(), from.get(), size,
                                                  stream.get()),
                     "cuMemcpyDtoDAsync", "to measure bandwidth");
    });
    return 2 * repeat * double(size) / seconds * 1e-9;
  }

  /// Gigaflops a second of a kernel, one round of which is `flop` for a thread.
  double measureArithmetic(const char *kernel, double flop) {
    unsigned numBlocks = numMultiprocessors * 8;
    DeviceMemory out(driver, numBlocks * blockThreads * sizeof(float),
                     "sums that nobody reads");
    DevicePointer memory = out.get();
    uint32_t rounds = 20000;
    void *arguments[] = {&memory, &rounds};
    Function function = find(kernel);
    double seconds = fastest([&] {
      driver.check(driver->cuLaunchKernel(function, numBlocks, 1, 1,
                                          blockThreads, 1, 1, 0, stream.get(),
                                          arguments, nullptr),
                   "cuLaunchKernel", "%s", kernel);
    });
    return flop * rounds * numBlocks * blockThreads / seconds * 1e-9;
  }

  /// Microseconds of a barrier of all blocks, one on each multiprocessor.
  double measureBarrier() {
    DeviceMemory barrier(driver, sizeof(edbc_cuda_barrier), "a barrier");
    driver.check(
        driver->cuMemsetD8Async(barrier.get(), 0, barrier.size(), stream.get()),
        "cuMemsetD8Async", "a barrier");
    DevicePointer memory = barrier.get();
    uint32_t rounds = 2000;
    void *arguments[] = {&memory, &rounds};
    Function function = find("waitTogether");
    double seconds = fastest([&] {
      driver.check(driver->cuLaunchCooperativeKernel(
                       function, numMultiprocessors, 1, 1, blockThreads, 1, 1,
                       0, stream.get(), arguments),
                   "cuLaunchCooperativeKernel", "to measure barriers");
    });
    return seconds / rounds * 1e6;
  }

private:
  Function find(const char *name) {
    Function function = nullptr;
    driver.check(driver->cuModuleGetFunction(&function, module.get(), name),
                 "cuModuleGetFunction", "%s", name);
    return function;
  }

  /// The shortest of some times of what is enqueued.
  template <typename Enqueue> double fastest(Enqueue enqueue) {
    double best = HUGE_VAL;
    for (int i = 0; i < 4; ++i) {
      auto begin = std::chrono::steady_clock::now();
      enqueue();
      driver.check(driver->cuStreamSynchronize(stream.get()),
                   "cuStreamSynchronize", "while the device is measured");
      std::chrono::duration<double> time =
          std::chrono::steady_clock::now() - begin;
      best = std::min(best, time.count());
    }
    return best;
  }

  const Driver &driver;
  unsigned numMultiprocessors;
  Stream stream;
  Module module;
};

} // namespace

DeviceLimits bench::measureDevice(uint32_t ordinal) {
  Driver driver = Driver::open();
  FoundDevice device = findDevice(driver, ordinal);
  DeviceLimits limits;
  limits.name = device.name;
  limits.architecture = device.architecture;
  llvm::Expected<Nvrtc> nvrtc = Nvrtc::open();
  if (!nvrtc)
    throw std::runtime_error(llvm::toString(nvrtc.takeError()));
  llvm::Expected<Nvrtc::Program> program = nvrtc->compileToCubin(
      limitKernels, "limits.cu", {device.architecture, /*isExact=*/false});
  if (!program)
    throw std::runtime_error(llvm::toString(program.takeError()));

  PrimaryContext context(driver, device.device);
  CurrentContext current(driver, context.get());
  Bench bench(driver, device, program->image);
  limits.gbPerSecond = bench.measureCopies();
  // Each round: eight sums; an instruction of a warp has 16 rows, 8 columns.
  limits.gflops[EDBC_PRECISION_F32] =
      bench.measureArithmetic("multiplyF32", 8 * 2);
  limits.gflops[EDBC_PRECISION_TF32] =
      bench.measureArithmetic("multiplyTf32", 8 * 2.0 * 16 * 8 * 8 / 32);
  limits.gflops[EDBC_PRECISION_BF16] =
      bench.measureArithmetic("multiplyBf16", 8 * 2.0 * 16 * 8 * 16 / 32);
  limits.barrierUs = bench.measureBarrier();
  return limits;
}
