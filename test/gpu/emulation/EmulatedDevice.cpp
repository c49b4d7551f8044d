//===- EmulatedDevice.cpp - a device whose kernel is emulated ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/gpu/emulation/EmulatedDevice.h"

#include "test/gpu/driver/FakeDriver.h"
#include "test/gpu/emulation/EmulatedLibrary.h"
#include "test/gpu/emulation/Emulation.h"

using namespace edbc::emulation;

EmulatedDevice::EmulatedDevice(const edbc_library &original)
    : library(original),
      cuda(*original.cuda), image{&data, 1, 90, EDBC_CUDA_CUBIN} {
  cuda.images = &image;
  cuda.num_images = 1;
  library.cuda = &cuda;
}

void EmulatedDevice::addImage() {
  fake::addImage(&data, 90, [](const fake::KernelLaunch &started) {
    const auto *steps = static_cast<const edbc_cuda_step *>(started.steps);
    auto *barrier = static_cast<edbc_cuda_barrier *>(started.barrier);
    // By name: the kernel calls the types of its parameters otherwise.
    run(started.gridSize, started.blockSize, started.sharedBytes,
        [&] { edbc_run(steps, started.numSteps, barrier); });
  });
}
