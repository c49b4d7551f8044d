//===- Report.h - shows what was measured -----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_BENCH_REPORT_H
#define EDBC_TOOLS_BENCH_REPORT_H

#include "tools/bench/DeviceLimits.h"
#include "tools/bench/Measure.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edbc::bench {

/// "fsm", "agenda", ...
std::string_view policyName(Policy policy);
/// Nothing if there is no such policy.
std::optional<Policy> findPolicy(std::string_view name);

/// "once", "steps", "graph".
const char *launchName(edbc_launch launch);
std::optional<edbc_launch> findLaunch(std::string_view name);

/// A configuration of a network, and what it took.
struct Result {
  std::string workload;
  std::string data; ///< where its instances come from
  uint32_t hidden;
  KernelForm form;
  Configuration configuration;
  Measurement figures;
  /// Of execution; empty if graphs were only scheduled.
  std::string isa;
  /// Of as many threads, measured just before and after, or of the device.
  double peakGflops = 0;
  /// GB/s of one core that reads as much memory as the weights take, measured
  /// just after.
  double bandwidth = 0;

  /// That executed it instead of edbc; empty if none did.
  std::string peer;

  std::optional<DeviceTarget> device;
  DeviceLimits limits; ///< of the device

  bool isExecuted() const { return !isa.empty(); }
  /// The policy's name or the peer's.
  std::string method() const {
    return peer.empty() ? std::string(policyName(configuration.policy)) : peer;
  }
  double instancesPerSecond() const {
    return configuration.batch / figures.ms * 1e3;
  }
  double gflops() const { return figures.gflop / figures.ms * 1e3; }
  double percentOfPeak() const { return gflops() / peakGflops * 100; }
  /// The least time of execution, in milliseconds: that of each batch by the
  /// arithmetic that is executed or by the traffic, whichever takes longer.
  struct Roofline {
    double arithmeticMs = 0; ///< of the batches that arithmetic bounds
    double trafficMs = 0;    ///< of the others
    double ms() const { return arithmeticMs + trafficMs; }
    /// What of the two bounds most of the time.
    const char *bound() const {
      return arithmeticMs > trafficMs ? "arithmetic" : "traffic";
    }
  };
  Roofline roofline() const;
  /// To build the graph and to schedule it.
  double nanosecondsOfNode() const {
    return (figures.buildMs + figures.scheduleMs) / figures.nodes * 1e6;
  }
  double batchesOverBound() const {
    return figures.batches / figures.lowerBound;
  }
};

/// The head of a table with a row for each result.
std::string tableHead(bool isExecuted);
std::string tableRow(const Result &result);

/// One JSON object, without a newline:
///
///     workload, data        the network, and the file below the folder of data
///                           that its instances come from, or "synthetic"
///     hidden, batch, policy, threads
///     share                 whether equal nodes share results
///     fuse, layout, hoist   how cells became kernels (`edbc compile --fuse`)
///     isa                   instruction set of the kernels
///     instances_per_s
///     ms                    of a mini-batch, mean of their fastest runs
///     build_ms, schedule_ms, execute_ms     parts of it
///     nodes                 of a mini-batch
///     batches, lower_bound  kernels' batches of a mini-batch, and the fewest
///     launches              phases that a mini-batch calls
///     copied_bytes          moved by those that compute nothing
///     gflop                 arithmetic of a mini-batch (see Work.h)
///     gflops                gflop for each second
///     peak_gflops           of as many threads, measured just before and after
///     bytes_moved           estimated traffic of a mini-batch (see Work.h)
///     executed_gflop        arithmetic that kernels execute, without what is
///                           folded away
///     bandwidth_gbs         at which one core reads as many bytes as the
///                           weights take that the mini-batch reads
///     roofline_ms           the least time that arithmetic or traffic takes,
///                           batch by batch
///     bound                 which of the two takes more of it: "arithmetic",
///                           "traffic"
///
/// Of a peer's, `policy` is its name, and what only edbc has is left out.
/// and on a CUDA device, whose peak_gflops are those of its precision:
///
///     system                "edbc", beside others on the same graphs
///     device                its name
///     precision             of products: f32, tf32 or bf16
///     launch                how kernels are started: once, steps or graph
///     device_launches       kernels and graphs that are started
///     barriers              for which blocks wait
///     uploaded_bytes, downloaded_bytes
///     gb_per_s, barrier_us  measured when the program began
///     limit_ms              the least time for the bytes, the arithmetic, or
///                           the barriers: the largest of the three
///
/// Results that weren't executed have no isa, nor what only execution tells.
std::string jsonLine(const Result &result);

/// An SVG chart and what its file is called.
struct ChartFile {
  std::string name;
  std::string svg;
};

/// For each hidden size, policy and number of threads, the networks' percent of
/// peak by batch, of those that were executed; and for each batch, the batches
/// over the bound by network and policy.
std::vector<ChartFile> drawCharts(const std::vector<Result> &results);

} // namespace edbc::bench

#endif // EDBC_TOOLS_BENCH_REPORT_H
