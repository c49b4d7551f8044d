//===- Plan.h - what edbc-bench is asked for ------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_BENCH_PLAN_H
#define EDBC_TOOLS_BENCH_PLAN_H

#include "tools/bench/Measure.h"
#include "tools/bench/Networks.h"
#include "tools/bench/Peers.h"

#include <optional>
#include <string>
#include <vector>

namespace edbc::bench {

/// A command line without mistakes.
struct Plan {
  std::vector<MeasuredNetwork> networks;
  std::vector<unsigned> hidden;
  std::vector<unsigned> batches;
  std::vector<Policy> policies;
  std::vector<unsigned> threads;
  std::vector<bool> sharing;
  std::vector<const Peer *> peers;
  std::vector<KernelForm> forms;
  /// The CPU alone, or one device with some precisions.
  std::vector<std::optional<DeviceTarget>> devices;
  std::vector<edbc_launch> launches;
  bool onlyCompares;
  bool scheduleOnly;
  Effort effort;
  std::string dataFolder;
  std::string modelFolder;
  std::string recordFolder;
  std::string jsonPath;
  std::string svgFolder;
};

/// Prints what is wrong and returns nothing if anything is.
std::optional<Plan> readCommandLine(int argc, const char **argv);

} // namespace edbc::bench

#endif // EDBC_TOOLS_BENCH_PLAN_H
