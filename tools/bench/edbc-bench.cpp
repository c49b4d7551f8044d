//===- edbc-bench.cpp - measures networks -----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Cuda/DeviceCode.h"
#include "compiler/Emit/Files.h"
#include "compiler/Reference/Reference.h"
#include "compiler/Target/HostIsa.h"
#include "tools/bench/Check.h"
#include "tools/bench/Machine.h"
#include "tools/bench/Plan.h"
#include "tools/bench/Report.h"
#include "tools/edbc/CommandLine.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <exception>
#include <filesystem>
#include <memory>
#include <stdexcept>

using namespace edbc;
using namespace edbc::bench;

namespace {

/// Does what the command line says.
class Benchmark : Plan {
public:
  explicit Benchmark(Plan plan) : Plan(std::move(plan)) {}

  /// Returns false if a comparison failed.
  /// @throws std::exception
  bool run();

private:
  void measureNetwork(const MeasuredNetwork &network);
  void record(const CompiledNetwork &compiled,
              const std::vector<Instance> &instances,
              const MeasuredNetwork &network,
              const Configuration &configuration) const;
  void compare(const CompiledNetwork &compiled,
               const std::vector<Instance> &instances,
               const Result &configuration);
  void measureHidden(const MeasuredNetwork &network, const Workload &workload,
                     const std::string &data, uint32_t hidden,
                     const KernelForm &form,
                     const std::optional<DeviceTarget> &device);
  void measureConfiguration(const CompiledNetwork &compiled,
                            const std::vector<Instance> &instances,
                            const MeasuredNetwork &network, Result result);
  void measurePeers(const CompiledNetwork &compiled,
                    const std::vector<Instance> &instances,
                    const MeasuredNetwork &network, Result result);
  void addResult(Result result);
  void writeLine(const Result &result);
  void writeCharts() const;
  bool isWanted(Policy policy) const {
    return llvm::is_contained(policies, policy);
  }

  DeviceLimits limits;   ///< of the device
  uint32_t numWrong = 0; ///< configurations whose results differ
  std::unique_ptr<llvm::raw_fd_ostream> json; ///< once there is a result
  std::vector<Result> results;
};

} // namespace

/// Measured where weights are read from, not for every size of them.
static double bandwidthOf(double weightBytes) {
  constexpr double smallest = 1 << 14;
  double bytes =
      std::exp2(std::ceil(std::log2(std::max(weightBytes, smallest))));
  return measureBandwidth(size_t(bytes));
}

void Benchmark::compare(const CompiledNetwork &compiled,
                        const std::vector<Instance> &instances,
                        const Result &result) {
  std::vector<Instance> miniBatch;
  for (size_t i = 0; i < result.configuration.batch; ++i)
    miniBatch.push_back(instances[i % instances.size()]);
  CheckResult found =
      checkNetwork(compiled, miniBatch, optionsOf(result.configuration));
  edbc_precision precision =
      result.device ? result.device->precision : EDBC_PRECISION_F32;
  bool isGood = found.isSameAlone && !found.isRefused &&
                found.largestError <= toleranceOf(precision);
  numWrong += !isGood;
  llvm::outs() << llvm::format(
      "%-18s hidden %4u, batch %5u, %-6s %-9s %-4s: %zu values, largest error "
      "%.2e, %s alone%s%s\n",
      result.workload.c_str(), result.hidden, result.configuration.batch,
      policyName(result.configuration.policy).data(),
      edbc_model_isa(&compiled.getModel()),
      cuda::precisionName(precision).str().c_str(), found.numValues,
      found.largestError, found.isSameAlone ? "the same bits" : "other bits",
      found.isRefused ? ", a launch for each step instead of one" : "",
      isGood ? "" : ": WRONG");
  llvm::outs().flush();
}

/// Graphs don't depend on sizes, so those of later ones are the same.
void Benchmark::record(const CompiledNetwork &compiled,
                       const std::vector<Instance> &instances,
                       const MeasuredNetwork &network,
                       const Configuration &configuration) const {
  if (recordFolder.empty())
    return;
  std::string folder = recordFolder + "/" + network.name + "-b" +
                       std::to_string(configuration.batch);
  std::filesystem::create_directories(folder);
  Effort all = effort;
  all.seconds = HUGE_VAL;
  all.miniBatches = std::min<size_t>(effort.miniBatches, 4);
  saveMiniBatches(compiled, instances, network.output, configuration, all,
                  folder);
}

void Benchmark::measureConfiguration(const CompiledNetwork &compiled,
                                     const std::vector<Instance> &instances,
                                     const MeasuredNetwork &network,
                                     Result result) {
  if (onlyCompares)
    return compare(compiled, instances, result);
  if (scheduleOnly) {
    result.figures =
        measureSchedules(compiled, instances, result.configuration, effort);
  } else {
    result.isa = edbc_model_isa(&compiled.getModel());
    result.limits = limits;
    auto peakOf = [&](uint32_t numThreads) {
      return result.device ? limits.gflops[result.device->precision]
                           : measurePeak(/*seconds=*/0.02, numThreads);
    };
    result.peakGflops = peakOf(result.configuration.threads);
    try {
      result.figures = measure(compiled, instances, network.output,
                               result.configuration, effort);
      result.peakGflops =
          std::max(result.peakGflops, peakOf(result.configuration.threads));
    } catch (const MemoryShortage &shortage) {
      llvm::errs() << "edbc-bench: note: " << network.name << " in batches of "
                   << result.configuration.batch
                   << " is left out: " << shortage.what() << "\n";
      return;
    }
    result.bandwidth = result.device ? limits.gbPerSecond
                                     : bandwidthOf(result.figures.weightBytes);
  }
  addResult(std::move(result));
}

void Benchmark::addResult(Result result) {
  llvm::outs() << tableRow(result);
  llvm::outs().flush();
  writeLine(result);
  results.push_back(std::move(result));
}

/// Lets those peers that know the network execute a few of its mini-batches.
void Benchmark::measurePeers(const CompiledNetwork &compiled,
                             const std::vector<Instance> &instances,
                             const MeasuredNetwork &network, Result result) {
  Effort few = effort;
  few.miniBatches = std::min<size_t>(effort.miniBatches, 4);
  few.seconds = HUGE_VAL;
  llvm::SmallString<64> folder;
  if (std::error_code problem =
          llvm::sys::fs::createUniqueDirectory("edbc-bench", folder))
    throw std::runtime_error("can't make a temporary folder: " +
                             problem.message());
  llvm::scope_exit removeFolder(
      [&] { llvm::sys::fs::remove_directories(folder); });
  std::vector<std::string> files =
      saveMiniBatches(compiled, instances, network.output, result.configuration,
                      few, folder.str().str());
  Effort once = few;
  once.repeat = 1;
  result.isa = edbc_model_isa(&compiled.getModel());
  result.figures =
      measure(compiled, instances, network.output, result.configuration, once);
  for (const Peer *peer : peers) {
    result.peer = peer->name;
    result.peakGflops =
        measurePeak(/*seconds=*/0.02, result.configuration.threads);
    std::optional<double> ms =
        runPeer(*peer, network.name, result.hidden,
                result.configuration.threads, few.repeat, files);
    if (!ms)
      continue;
    result.figures.ms = *ms;
    addResult(result);
  }
}

void Benchmark::measureHidden(const MeasuredNetwork &network,
                              const Workload &workload, const std::string &data,
                              uint32_t hidden, const KernelForm &form,
                              const std::optional<DeviceTarget> &device) {
  llvm::errs() << network.name << ", hidden " << hidden << ": compiling\n";
  auto dims = workload.dims;
  dims.emplace_back("hidden", hidden);
  CompiledNetwork compiled(modelFolder + "/" + network.model, dims, form);
  std::vector<Instance> instances;
  InstanceBuilder builder(compiled.getSignature());
  for (size_t i = 0; i < workload.size; ++i) {
    workload.build(i, builder);
    instances.push_back(builder.take());
  }
  if (isWanted(Policy::Fsm))
    compiled.learnPolicy(instances);
  if (!scheduleOnly)
    compiled.load(device);
  llvm::errs() << network.name << ", hidden " << hidden << ": measuring\n";
  Result result = {};
  result.workload = network.name;
  result.data = data;
  result.hidden = hidden;
  result.form = form;
  result.device = device;
  for (uint32_t batch : batches) {
    result.configuration = {batch, policies[0]};
    record(compiled, instances, network, result.configuration);
    for (Policy policy : policies)
      for (uint32_t count : threads)
        for (bool shares : sharing)
          for (edbc_launch launch : launches) {
            result.configuration = {batch, policy, count, shares, launch};
            measureConfiguration(compiled, instances, network, result);
          }
    if (peers.empty())
      continue;
    for (uint32_t count : threads) {
      result.configuration = {batch, policies[0], count};
      measurePeers(compiled, instances, network, result);
    }
  }
}

void Benchmark::measureNetwork(const MeasuredNetwork &network) {
  std::string path = dataFolder + "/" + (network.data ? network.data : "");
  bool hasData = network.data && std::filesystem::exists(path);
  if (network.data && !hasData)
    llvm::errs() << "edbc-bench: note: there is no " << path
                 << "; the instances of " << network.name << " are synthetic\n";
  Workload workload = network.load(hasData ? &path : nullptr);
  for (uint32_t size : hidden)
    for (const KernelForm &form : forms)
      for (const std::optional<DeviceTarget> &device : devices)
        measureHidden(network, workload, hasData ? network.data : "synthetic",
                      size, form, device);
}

/// A long run may be interrupted: what was measured is in the file at once.
void Benchmark::writeLine(const Result &result) {
  if (jsonPath.empty())
    return;
  auto check = [&](std::error_code problem) {
    if (!problem)
      return;
    json->clear_error(); // It would end the program.
    throw std::runtime_error("can't write '" + jsonPath +
                             "': " + problem.message());
  };
  if (!json) {
    std::error_code problem;
    json = std::make_unique<llvm::raw_fd_ostream>(jsonPath, problem);
    check(problem);
  }
  *json << jsonLine(result) << "\n";
  json->flush();
  check(json->error());
}

void Benchmark::writeCharts() const {
  if (svgFolder.empty())
    return;
  std::vector<OutputFile> charts;
  for (ChartFile &chart : drawCharts(results))
    charts.push_back({std::move(chart.name), std::move(chart.svg)});
  if (llvm::Error error = edbc::writeFiles(svgFolder, charts))
    throw std::runtime_error(llvm::toString(std::move(error)));
}

bool Benchmark::run() {
  if (devices[0] && !onlyCompares) {
    limits = measureDevice(devices[0]->ordinal);
    llvm::outs() << llvm::format(
        "%s (sm_%u): %.0f GB/s of copies, %.0f GFLOP/s f32, %.0f tf32, %.0f "
        "bf16, %.2f us a barrier\n\n",
        limits.name.c_str(), limits.architecture, limits.gbPerSecond,
        limits.gflops[EDBC_PRECISION_F32], limits.gflops[EDBC_PRECISION_TF32],
        limits.gflops[EDBC_PRECISION_BF16], limits.barrierUs);
  } else if (!scheduleOnly && !onlyCompares)
    llvm::outs() << llvm::format(
        "This machine, one core: %.1f GFLOP/s of fused multiply-adds (%s), "
        "%.1f GB/s from memory\n\n",
        measurePeak(/*seconds=*/0.2, /*numThreads=*/1),
        batch::isaName(hostIsa()).data(), measureMemoryBandwidth());
  if (!onlyCompares)
    llvm::outs() << tableHead(!scheduleOnly);
  for (const MeasuredNetwork &network : networks)
    measureNetwork(network);
  writeCharts();
  return numWrong == 0;
}

static int benchMain(int argc, const char **argv) {
  dropLibraryOptions();
  std::optional<Plan> plan = readCommandLine(argc, argv);
  if (!plan)
    return 2;
  try {
    return Benchmark(std::move(*plan)).run() ? 0 : 1;
  } catch (const std::bad_alloc &) {
    throw;
  } catch (const std::exception &error) {
    return fail("edbc-bench", error.what());
  }
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  return runProgram("edbc-bench", [&] {
    return benchMain(argc, const_cast<const char **>(argv));
  });
}
