//===- edbc-bench.cpp - measures networks -----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Files.h"
#include "compiler/Load/DeviceKernels.h"
#include "tools/bench/Check.h"
#include "tools/bench/Machine.h"
#include "tools/bench/Networks.h"
#include "tools/bench/Peers.h"
#include "tools/bench/Report.h"
#include "tools/edbc/KernelArguments.h"
#include "tools/edbc/ModelFile.h"

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
namespace cl = llvm::cl;

static constexpr const char *overview =
    R"(Measures the networks of the examples: how long mini-batches of instances take,
and how near to the limit of the machine that is.

Prints a row for each network, hidden size, batch (instances of a mini-batch),
policy and number of threads: milliseconds of a mini-batch and of their parts
(building, scheduling, executing), arithmetic done, and batches over the lower
bound. Instances are those of the training part of the data, from which the
policy is learned as well, or synthetic ones where a data file is missing.
)";

namespace {

struct Arguments {
  cl::OptionCategory category{"Options of edbc-bench"};
  cl::list<std::string> networks{
      "networks", cl::CommaSeparated, cl::value_desc("list"), cl::cat(category),
      cl::desc("Networks to measure (default: all)")};
  cl::list<unsigned> hidden{
      "hidden", cl::CommaSeparated, cl::value_desc("list"), cl::cat(category),
      cl::desc("Hidden sizes (default: 32,64,128,256,512)")};
  cl::list<unsigned> batch{
      "batch", cl::CommaSeparated, cl::value_desc("list"), cl::cat(category),
      cl::desc("Instances of a mini-batch (default: 1,8,32,256)")};
  cl::list<std::string> policy{
      "policy", cl::CommaSeparated, cl::value_desc("list"), cl::cat(category),
      cl::desc("Policies: fsm, agenda, depth, lemma and, with "
               "--schedule-only, search (default: fsm; with --schedule-only: "
               "fsm,agenda,depth,lemma)")};
  cl::list<unsigned> threads{"threads", cl::CommaSeparated,
                             cl::value_desc("list"), cl::cat(category),
                             cl::desc("Numbers of threads (default: 1)")};
  cl::list<std::string> share{
      "share", cl::CommaSeparated, cl::value_desc("list"), cl::cat(category),
      cl::desc("Whether equal nodes share results: on, off (default: off)")};
  cl::list<std::string> peers{
      "peers", cl::CommaSeparated, cl::value_desc("list"), cl::cat(category),
      cl::desc("Measure the same batched by hand, too: pytorch, jax, blas "
               "(default: none)")};
  cl::list<std::string> fuse{
      "fuse", cl::CommaSeparated, cl::value_desc("list"), cl::cat(category),
      cl::desc("Whether cells are fused: all, none (default: all)")};
  cl::list<std::string> layout{
      "layout", cl::CommaSeparated, cl::value_desc("list"), cl::cat(category),
      cl::desc("Layouts: full, paper, off (default: full)")};
  cl::list<std::string> hoist{
      "hoist", cl::CommaSeparated, cl::value_desc("list"), cl::cat(category),
      cl::desc("What is computed ahead: none, all, auto (default: auto)")};
  cl::opt<std::string> data{
      "data", cl::init(EDBC_BENCH_DATA), cl::value_desc("directory"),
      cl::cat(category),
      cl::desc("The data (default: ../shared/data beside the project)")};
  cl::opt<std::string> models{
      "models", cl::init(EDBC_BENCH_MODELS), cl::value_desc("directory"),
      cl::cat(category),
      cl::desc("The folder of the examples' models (default: examples)")};
  cl::opt<bool> scheduleOnly{
      "schedule-only", cl::cat(category),
      cl::desc("Count batches without executing; hidden sizes, of which the "
               "first one is taken, threads and kernels don't matter")};
  cl::opt<unsigned> repeat{
      "repeat", cl::init(5), cl::cat(category),
      cl::desc("Timed runs of each mini-batch, of which the fastest counts "
               "(default: 5)")};
  cl::opt<unsigned> miniBatches{
      "mini-batches", cl::init(0), cl::cat(category),
      cl::desc("Most mini-batches of a configuration (default: as many as fit "
               "in about a second; with --schedule-only: 16)")};
  cl::opt<bool> check{
      "check", cl::cat(category),
      cl::desc("Measure nothing: compare a mini-batch of each configuration "
               "with the interpreter, and its instances with themselves "
               "alone; what differs is an error")};
  cl::opt<bool> gpu{
      "gpu", cl::cat(category),
      cl::desc("Measure on a CUDA device, for which networks are compiled by "
               "NVRTC (defaults then: --hidden 128,256,512,1024, --batch "
               "1,32,256,1024)")};
  cl::opt<unsigned> ordinal{"ordinal", cl::init(0), cl::cat(category),
                            cl::desc("With --gpu: which device (default: 0)")};
  cl::list<std::string> precision{
      "precision", cl::CommaSeparated, cl::value_desc("list"),
      cl::cat(category),
      cl::desc("With --gpu: f32, tf32, bf16 (default: f32)")};
  cl::list<std::string> launch{
      "launch", cl::CommaSeparated, cl::value_desc("list"), cl::cat(category),
      cl::desc("With --gpu: once, steps, graph (default: once)")};
  cl::opt<std::string> record{
      "record", cl::value_desc("directory"), cl::cat(category),
      cl::desc("Save the graphs of measured mini-batches, at most four of a "
               "kind, in this folder, as NETWORK-bBATCH/NUMBER.graphs")};
  cl::opt<std::string> json{
      "json", cl::value_desc("file"), cl::cat(category),
      cl::desc("Write results to this file as they come, one JSON object a "
               "line")};
  cl::opt<std::string> svg{"svg", cl::value_desc("directory"),
                           cl::cat(category),
                           cl::desc("Write charts into this folder")};
};

/// A command line without mistakes.
class Benchmark {
public:
  /// Prints and returns false if anything is wrong.
  bool check(Arguments &arguments);
  /// Returns false if a comparison failed.
  /// @throws std::exception
  bool run();

private:
  void measureNetwork(const MeasuredNetwork &network);
  bool checkDevice(Arguments &arguments);
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
  DeviceLimits limits; ///< of the device
  std::string recordFolder;
  bool onlyCompares;
  uint32_t numWrong = 0; ///< configurations whose results differ
  std::string dataFolder;
  std::string modelFolder;
  bool scheduleOnly;
  Effort effort;
  std::string jsonPath;
  std::unique_ptr<llvm::raw_fd_ostream> json; ///< once there is a result
  std::string svgFolder;
  std::vector<Result> results;
};

} // namespace

static bool reject(const llvm::Twine &message) {
  fail("edbc-bench", message);
  return false;
}

using Numbers = std::vector<unsigned>;

/// Takes the numbers of an option, or the default.
static bool takeNumbers(const cl::list<unsigned> &given, unsigned most,
                        const Numbers &fallback, Numbers &numbers) {
  for (unsigned number : given)
    if (number == 0 || number > most)
      return reject("--" + given.ArgStr + ": " + llvm::Twine(number) +
                    " is not between 1 and " + llvm::Twine(most));
  numbers.assign(given.begin(), given.end());
  if (numbers.empty())
    numbers = fallback;
  return true;
}

static bool takeNetworks(const cl::list<std::string> &given,
                         std::vector<MeasuredNetwork> &networks) {
  if (given.empty())
    for (const MeasuredNetwork &network : measuredNetworks())
      if (!network.isForSchedules)
        networks.push_back(network);
  for (const std::string &name : given) {
    auto found =
        llvm::find_if(measuredNetworks(), [&](const MeasuredNetwork &network) {
          return network.name == name;
        });
    if (found == measuredNetworks().end()) {
      std::string known;
      for (const MeasuredNetwork &network : measuredNetworks())
        known += (known.empty() ? "" : ", ") + std::string(network.name);
      return reject("unknown network '" + name + "'; the networks are " +
                    known);
    }
    networks.push_back(*found);
  }
  return true;
}

static bool takeSharing(const cl::list<std::string> &given,
                        std::vector<bool> &sharing) {
  for (const std::string &word : given) {
    if (word != "on" && word != "off")
      return reject("--share: '" + word + "' is neither on nor off");
    sharing.push_back(word == "on");
  }
  if (sharing.empty())
    sharing = {false};
  return true;
}

static bool takePeers(const cl::list<std::string> &given,
                      std::vector<const Peer *> &peers) {
  for (const std::string &name : given) {
    const Peer *peer = findPeer(name);
    if (!peer)
      return reject("unknown peer '" + name +
                    "'; the peers are pytorch, jax and blas");
    if (peer->command.empty())
      return reject("peer '" + name + "' needs " + peer->needs +
                    ", which wasn't there when edbc was configured");
    peers.push_back(peer);
  }
  return true;
}

/// All combinations; at least one.
static bool takeForms(const Arguments &arguments,
                      std::vector<KernelForm> &forms) {
  auto listOf = [](const cl::list<std::string> &given, const char *fallback) {
    std::vector<std::string> words(given.begin(), given.end());
    return words.empty() ? std::vector<std::string>{fallback} : words;
  };
  for (const std::string &fuse : listOf(arguments.fuse, "all"))
    for (const std::string &layout : listOf(arguments.layout, "full"))
      for (const std::string &hoist : listOf(arguments.hoist, "auto")) {
        std::string problem = explainKernelForm(fuse, layout, hoist);
        if (!problem.empty())
          return reject(problem);
        forms.push_back({fuse == "all", layout, hoist});
      }
  return true;
}

bool Benchmark::checkDevice(Arguments &arguments) {
  if (!arguments.gpu) {
    if (!arguments.precision.empty() || !arguments.launch.empty())
      return reject("--precision and --launch go only with --gpu");
    devices = {std::nullopt};
    launches = {EDBC_LAUNCH_ONCE};
    return true;
  }
  if (arguments.scheduleOnly || !arguments.peers.empty())
    return reject("--gpu doesn't go with --schedule-only and --peers");
  std::vector<std::string> names(arguments.precision.begin(),
                                 arguments.precision.end());
  if (names.empty())
    names = {"f32"};
  for (const std::string &name : names) {
    llvm::Expected<edbc_precision> precision = parsePrecision(name);
    if (!precision)
      return reject(llvm::toString(precision.takeError()));
    devices.push_back(DeviceTarget{arguments.ordinal, *precision});
  }
  for (const std::string &name : arguments.launch) {
    std::optional<edbc_launch> launch = findLaunch(name);
    if (!launch)
      return reject("unknown launch '" + name +
                    "'; --launch is once, steps or graph");
    launches.push_back(*launch);
  }
  if (launches.empty())
    launches = {EDBC_LAUNCH_ONCE};
  return true;
}

bool Benchmark::check(Arguments &arguments) {
  scheduleOnly = arguments.scheduleOnly;
  if (!checkDevice(arguments))
    return false;
  for (const std::string &name : arguments.policy) {
    std::optional<Policy> policy = findPolicy(name);
    if (!policy)
      return reject("unknown policy '" + name +
                    "'; the policies are fsm, agenda, depth, lemma and search");
    if (policy == Policy::Search && !scheduleOnly)
      return reject("policy 'search' goes only with --schedule-only");
    policies.push_back(*policy);
  }
  if (policies.empty())
    policies = scheduleOnly ? std::vector<Policy>{Policy::Fsm, Policy::Agenda,
                                                  Policy::Depth, Policy::Lemma}
                            : std::vector<Policy>{Policy::Fsm};
  if (!takeNetworks(arguments.networks, networks) ||
      !takeNumbers(arguments.hidden, 8192,
                   arguments.gpu ? Numbers{128, 256, 512, 1024}
                                 : Numbers{32, 64, 128, 256, 512},
                   hidden) ||
      !takeNumbers(arguments.batch, 65536,
                   arguments.gpu ? Numbers{1, 32, 256, 1024}
                                 : Numbers{1, 8, 32, 256},
                   batches) ||
      !takeNumbers(arguments.threads, EDBC_MAX_THREADS, {1}, threads) ||
      !takeSharing(arguments.share, sharing) ||
      !takePeers(arguments.peers, peers) || !takeForms(arguments, forms))
    return false;
  if (scheduleOnly) {
    hidden.resize(1);
    threads.resize(1);
    sharing = {false};
    peers.clear();
    forms.resize(1);
  }
  if (arguments.repeat == 0)
    return reject("--repeat must be at least 1");
  effort.repeat = arguments.repeat;
  effort.miniBatches = scheduleOnly ? 16 : SIZE_MAX;
  if (arguments.miniBatches != 0)
    effort.miniBatches = arguments.miniBatches;
  else if (!scheduleOnly)
    effort.seconds = 1;
  dataFolder = arguments.data;
  if (arguments.data.getNumOccurrences() != 0 &&
      !std::filesystem::is_directory(dataFolder))
    return reject("--data: there is no folder '" + dataFolder + "'");
  modelFolder = arguments.models;
  onlyCompares = arguments.check;
  if (onlyCompares && scheduleOnly)
    return reject("--check doesn't go with --schedule-only");
  recordFolder = arguments.record;
  jsonPath = arguments.json;
  svgFolder = arguments.svg;
  return true;
}

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
  bool isGood = found.isSameAlone &&
                found.largestError <= CheckResult::tolerance(precision);
  numWrong += !isGood;
  llvm::outs() << llvm::format(
      "%-18s hidden %4u, batch %5u, %-6s %-9s %-4s: %zu values, largest error "
      "%.2e, %s alone%s\n",
      result.workload.c_str(), result.hidden, result.configuration.batch,
      policyName(result.configuration.policy).data(),
      edbc_model_isa(&compiled.getModel()),
      cuda::precisionName(precision).str().c_str(), found.numValues,
      found.largestError, found.isSameAlone ? "the same bits" : "other bits",
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
    result.peakGflops = result.device ? limits.gflops[result.device->precision]
                                      : measurePeak(/*seconds=*/0.02);
    try {
      result.figures = measure(compiled, instances, network.output,
                               result.configuration, effort);
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
    result.peakGflops = measurePeak(/*seconds=*/0.02);
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
        measurePeak(/*seconds=*/0.2), isaName(bestIsa()),
        measureMemoryBandwidth());
  if (!onlyCompares)
    llvm::outs() << tableHead(!scheduleOnly);
  for (const MeasuredNetwork &network : networks)
    measureNetwork(network);
  writeCharts();
  return numWrong == 0;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  dropLibraryOptions();
  Arguments arguments;
  if (!parseArguments(argc, const_cast<const char **>(argv), arguments.category,
                      overview))
    return 2;
  Benchmark benchmark;
  if (!benchmark.check(arguments))
    return 2;
  try {
    return benchmark.run() ? 0 : 1;
  } catch (const std::exception &error) {
    return fail("edbc-bench", error.what());
  }
}
