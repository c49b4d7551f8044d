//===- edbc-bench.cpp - measures networks -----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Files.h"
#include "tools/bench/Machine.h"
#include "tools/bench/Networks.h"
#include "tools/bench/Report.h"
#include "tools/edbc/KernelArguments.h"
#include "tools/edbc/ModelFile.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

#include <exception>
#include <filesystem>
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
  cl::list<std::string> fuse{
      "fuse", cl::CommaSeparated, cl::value_desc("list"), cl::cat(category),
      cl::desc("Whether cells are fused: all, none (default: all)")};
  cl::list<std::string> layout{
      "layout", cl::CommaSeparated, cl::value_desc("list"), cl::cat(category),
      cl::desc("Layouts: full, paper, off (default: full)")};
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
  cl::opt<std::string> json{
      "json", cl::value_desc("file"), cl::cat(category),
      cl::desc("Write results to this file, one JSON object a line")};
  cl::opt<std::string> svg{"svg", cl::value_desc("directory"),
                           cl::cat(category),
                           cl::desc("Write charts into this folder")};
};

/// A command line without mistakes.
class Benchmark {
public:
  /// Prints and returns false if anything is wrong.
  bool check(Arguments &arguments);
  /// @throws std::exception
  void run();

private:
  void measureNetwork(const MeasuredNetwork &network);
  void measureHidden(const MeasuredNetwork &network, const Workload &workload,
                     const std::string &data, uint32_t hidden,
                     const KernelForm &form);
  void measureConfiguration(const CompiledNetwork &compiled,
                            const std::vector<Instance> &instances,
                            const MeasuredNetwork &network, Result result);
  void writeFiles() const;
  bool isWanted(Policy policy) const {
    return llvm::is_contained(policies, policy);
  }

  std::vector<MeasuredNetwork> networks;
  std::vector<unsigned> hidden;
  std::vector<unsigned> batches;
  std::vector<Policy> policies;
  std::vector<unsigned> threads;
  std::vector<KernelForm> forms;
  std::string dataFolder;
  std::string modelFolder;
  bool scheduleOnly;
  Effort effort;
  std::string jsonPath;
  std::string svgFolder;
  std::vector<Result> results;
};

} // namespace

static bool reject(const llvm::Twine &message) {
  fail("edbc-bench", message);
  return false;
}

/// Takes the numbers of an option, or the default.
static bool takeNumbers(const cl::list<unsigned> &given, unsigned most,
                        std::initializer_list<unsigned> fallback,
                        std::vector<unsigned> &numbers) {
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
    networks = measuredNetworks();
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

/// All combinations; at least one.
static bool takeForms(const Arguments &arguments,
                      std::vector<KernelForm> &forms) {
  std::vector<std::string> fuse = {"all"}, layouts = {"full"};
  if (!arguments.fuse.empty())
    fuse.assign(arguments.fuse.begin(), arguments.fuse.end());
  if (!arguments.layout.empty())
    layouts.assign(arguments.layout.begin(), arguments.layout.end());
  for (const std::string &name : fuse)
    for (const std::string &layout : layouts) {
      std::string problem = explainKernelForm(name, layout);
      if (!problem.empty())
        return reject(problem);
      forms.push_back({name == "all", layout});
    }
  return true;
}

bool Benchmark::check(Arguments &arguments) {
  scheduleOnly = arguments.scheduleOnly;
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
      !takeNumbers(arguments.hidden, 8192, {32, 64, 128, 256, 512}, hidden) ||
      !takeNumbers(arguments.batch, 65536, {1, 8, 32, 256}, batches) ||
      !takeNumbers(arguments.threads, EDBC_MAX_THREADS, {1}, threads) ||
      !takeForms(arguments, forms))
    return false;
  if (scheduleOnly) {
    hidden.resize(1);
    threads.resize(1);
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
  jsonPath = arguments.json;
  svgFolder = arguments.svg;
  return true;
}

void Benchmark::measureConfiguration(const CompiledNetwork &compiled,
                                     const std::vector<Instance> &instances,
                                     const MeasuredNetwork &network,
                                     Result result) {
  if (scheduleOnly) {
    result.figures =
        measureSchedules(compiled, instances, result.configuration, effort);
  } else {
    result.isa = edbc_model_isa(&compiled.getModel());
    result.peakGflops = measurePeak(/*seconds=*/0.02);
    try {
      result.figures = measure(compiled, instances, network.output,
                               result.configuration, effort);
    } catch (const MemoryShortage &shortage) {
      llvm::errs() << "edbc-bench: note: " << network.name << " in batches of "
                   << result.configuration.batch
                   << " is left out: " << shortage.what() << "\n";
      return;
    }
  }
  llvm::outs() << tableRow(result);
  llvm::outs().flush();
  results.push_back(std::move(result));
}

void Benchmark::measureHidden(const MeasuredNetwork &network,
                              const Workload &workload, const std::string &data,
                              uint32_t hidden, const KernelForm &form) {
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
    compiled.load();
  llvm::errs() << network.name << ", hidden " << hidden << ": measuring\n";
  for (uint32_t batch : batches)
    for (Policy policy : policies)
      for (uint32_t count : threads)
        measureConfiguration(compiled, instances, network,
                             {network.name,
                              data,
                              hidden,
                              form,
                              {batch, policy, count},
                              {},
                              {},
                              0});
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
      measureHidden(network, workload, hasData ? network.data : "synthetic",
                    size, form);
}

void Benchmark::writeFiles() const {
  auto write = [](llvm::StringRef folder,
                  const std::vector<OutputFile> &files) {
    if (llvm::Error error = edbc::writeFiles(folder, files))
      throw std::runtime_error(llvm::toString(std::move(error)));
  };
  if (!jsonPath.empty()) {
    OutputFile lines = {jsonPath, {}};
    for (const Result &result : results)
      lines.contents += jsonLine(result) + "\n";
    write("", {lines});
  }
  if (!svgFolder.empty()) {
    std::vector<OutputFile> charts;
    for (ChartFile &chart : drawCharts(results))
      charts.push_back({std::move(chart.name), std::move(chart.svg)});
    write(svgFolder, charts);
  }
}

void Benchmark::run() {
  if (!scheduleOnly)
    llvm::outs() << llvm::format(
        "This machine, one core: %.1f GFLOP/s of fused multiply-adds (%s), "
        "%.1f GB/s from memory\n\n",
        measurePeak(/*seconds=*/0.2),
        bestIsa() == EDBC_ISA_X86_64_V4 ? "x86-64-v4" : "x86-64-v3",
        measureBandwidth());
  llvm::outs() << tableHead(!scheduleOnly);
  for (const MeasuredNetwork &network : networks)
    measureNetwork(network);
  writeFiles();
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
    benchmark.run();
  } catch (const std::exception &error) {
    return fail("edbc-bench", error.what());
  }
  return 0;
}
