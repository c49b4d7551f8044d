//===- Emulation.h - runs CUDA kernels on the host --------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The execution model of CUDA as far as the device library needs it: every
// thread of every block is a fiber. A fiber runs until it waits for others, so
// blocks that wait for each other make progress; all blocks are resident, as in
// a cooperative launch. There is one host thread: no races can be seen, but
// what isn't waited for is seen as missing: asynchronous copies happen as late,
// or in every second launch as early, as they may, and shared memory begins as
// NaN.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_GPU_EMULATION_EMULATION_H
#define EDBC_TEST_GPU_EMULATION_EMULATION_H

#include <cstddef>
#include <functional>

namespace edbc::emulation {

/// Calls `thread` once for every thread of a grid of `blocks` blocks. Throws
/// std::runtime_error where threads wait for something that never happens, and
/// std::bad_alloc.
void run(unsigned blocks, unsigned threads, size_t sharedBytes,
         const std::function<void()> &thread);

/// Launches a kernel, a function of a .cu file that was compiled with Device.h,
/// and waits until it ends.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), unsigned blocks, unsigned threads,
            size_t sharedBytes, Arguments... arguments) {
  run(blocks, threads, sharedBytes, [&] { kernel(arguments...); });
}

} // namespace edbc::emulation

#endif // EDBC_TEST_GPU_EMULATION_EMULATION_H
