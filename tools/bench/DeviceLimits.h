//===- DeviceLimits.h - what a CUDA device can do ---------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_BENCH_DEVICELIMITS_H
#define EDBC_TOOLS_BENCH_DEVICELIMITS_H

#include "edbc/abi.h"

#include <cstdint>
#include <string>

namespace edbc::bench {

/// What bounds the time of a mini-batch from below.
struct DeviceLimits {
  std::string name; ///< of the device
  uint32_t architecture = 0;
  double gbPerSecond = 0; ///< read and written by copying, in 1e9 bytes
  /// Arithmetic in registers by precision, a multiply-add counts as two: fused
  /// multiply-adds for f32, mma.sync for the others.
  double gflops[3] = {};
  double barrierUs = 0; ///< of all blocks that fit

  /// The least milliseconds for so much work.
  double least(double bytes, double gflop, double barriers,
               edbc_precision precision) const;
};

/// Measures a device, which takes some tenths of a second. Throws
/// std::exception if there is no such device or no NVRTC.
DeviceLimits measureDevice(uint32_t ordinal);

/// The kernels that it measures with.
extern const char *const limitKernels;

} // namespace edbc::bench

#endif // EDBC_TOOLS_BENCH_DEVICELIMITS_H
