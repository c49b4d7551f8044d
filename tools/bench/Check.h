//===- Check.h - executed networks against the interpreter ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_BENCH_CHECK_H
#define EDBC_TOOLS_BENCH_CHECK_H

#include "tools/bench/CompiledNetwork.h"

namespace edbc::bench {

struct CheckResult {
  size_t numValues = 0;
  double largestError = 0; ///< relativeError of an output
  /// Whether each instance alone gives the bits that all together give.
  bool isSameAlone = true;
  /// Whether a device that was to be started once for each run was started more
  /// often, since its driver refused that.
  bool isRefused = false;
};

/// Executes the instances in one mini-batch, alone, and by the interpreter, and
/// compares all outputs of all nodes.
/// @param network loaded.
/// @throws std::runtime_error if anything fails.
CheckResult checkNetwork(const CompiledNetwork &network,
                         const std::vector<Instance> &instances,
                         const edbc_session_options &options);

} // namespace edbc::bench

#endif // EDBC_TOOLS_BENCH_CHECK_H
