//===- Measure.h - times mini-batches ---------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_BENCH_MEASURE_H
#define EDBC_TOOLS_BENCH_MEASURE_H

#include "tools/bench/Application.h"
#include "tools/bench/CompiledNetwork.h"
#include "tools/bench/Work.h"

#include <cmath>

namespace edbc::bench {

/// What chooses batches: as the runtime numbers them, and Search for
/// `searchSchedule`, which sees the whole graph. Fsm is the policy that was
/// learned, of whatever kind.
enum class Policy {
  Fsm = EDBC_POLICY_FSM,
  Agenda = EDBC_POLICY_AGENDA,
  Depth = EDBC_POLICY_DEPTH,
  Lemma = EDBC_POLICY_LEMMA,
  Search
};

/// One way of executing a network.
struct Configuration {
  uint32_t batch; ///< instances of a mini-batch; at least 1
  Policy policy;
  uint32_t threads = 1;
  bool share = false;                    ///< edbc_session_options
  edbc_launch launch = EDBC_LAUNCH_ONCE; ///< on a device
};

/// What a session of a configuration is created with.
edbc_session_options optionsOf(const Configuration &configuration);

/// How long a configuration is measured.
struct Effort {
  uint32_t repeat;           ///< timed runs of each mini-batch; at least 1
  size_t miniBatches;        ///< most of them; at least 1
  double seconds = HUGE_VAL; ///< no mini-batch is begun after so much time
};

/// Means over mini-batches.
struct Measurement {
  size_t miniBatches = 0; ///< how many there were
  double nodes = 0;
  double ms = 0; ///< the whole
  double buildMs = 0;
  double scheduleMs = 0;
  double executeMs = 0;
  double batches = 0;
  double lowerBound = 0;
  double launches = 0;    ///< phases called
  double copiedBytes = 0; ///< by phases that compute nothing
  double deviceLaunches = 0;
  double barriers = 0;
  double uploadedBytes = 0;
  double downloadedBytes = 0;
  double gflop = 0;
  double executedGflop = 0;
  double bytes = 0;
  double weightBytes = 0;      ///< that the mini-batch reads, each once
  std::vector<Work> batchWork; ///< of all batches of all mini-batches
};

/// Mini-batches are consecutive instances; where there are fewer instances than
/// one takes, they are repeated. They are visited in an order in which those of
/// any time are spread evenly.
///
/// Executes mini-batches, with any policy but Search, in one session. Each is
/// run once to warm the session up and then `repeat` times; the fastest of
/// these runs counts. What is timed is what an application does, from resetting
/// the session through adding nodes and running it to reading `output` of every
/// node that has it. Instances of several runs grow step by step, and are
/// dropped when they are finished.
/// @param network loaded.
/// @throws std::runtime_error if the network has no such output or a call to
/// the
///   runtime fails, and MemoryShortage if a mini-batch's states would take more
///   than half of the machine's memory.
Measurement measure(const CompiledNetwork &network,
                    const std::vector<Instance> &instances,
                    const std::string &output,
                    const Configuration &configuration, const Effort &effort);

/// Writes the graphs of the mini-batches that `measure` would execute into
/// files in a folder, a file for each; returns their paths.
std::vector<std::string> saveMiniBatches(const CompiledNetwork &network,
                                         const std::vector<Instance> &instances,
                                         const std::string &output,
                                         const Configuration &configuration,
                                         const Effort &effort,
                                         const std::string &folder);

/// Builds the graphs of mini-batches and schedules them, without executing
/// anything: the whole, times of execution and traffic stay 0.
Measurement measureSchedules(const CompiledNetwork &network,
                             const std::vector<Instance> &instances,
                             const Configuration &configuration,
                             const Effort &effort);

} // namespace edbc::bench

#endif // EDBC_TOOLS_BENCH_MEASURE_H
