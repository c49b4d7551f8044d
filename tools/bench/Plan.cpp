//===- Plan.cpp - what edbc-bench is asked for ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Plan.h"

#include "compiler/Load/DeviceKernels.h"
#include "tools/bench/Report.h"
#include "tools/edbc/CommandLine.h"
#include "tools/edbc/KernelArguments.h"

#include <filesystem>

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
    if (found == measuredNetworks().end())
      return reject("unknown network '" + name + "'; the networks are " +
                    measuredNames());
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

static bool takeDevices(const Arguments &arguments, Plan &plan) {
  if (!arguments.gpu) {
    if (!arguments.precision.empty() || !arguments.launch.empty() ||
        arguments.ordinal.getNumOccurrences() != 0)
      return reject("--precision, --launch and --ordinal go only with --gpu");
    plan.devices = {std::nullopt};
    plan.launches = {EDBC_LAUNCH_ONCE};
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
    plan.devices.push_back(DeviceTarget{arguments.ordinal, *precision});
  }
  for (const std::string &name : arguments.launch) {
    std::optional<edbc_launch> launch = findLaunch(name);
    if (!launch)
      return reject("unknown launch '" + name +
                    "'; --launch is once, steps or graph");
    plan.launches.push_back(*launch);
  }
  if (plan.launches.empty())
    plan.launches = {EDBC_LAUNCH_ONCE};
  return true;
}

static bool check(const Arguments &arguments, Plan &plan) {
  plan.scheduleOnly = arguments.scheduleOnly;
  if (!takeDevices(arguments, plan))
    return false;
  for (const std::string &name : arguments.policy) {
    std::optional<Policy> policy = findPolicy(name);
    if (!policy)
      return reject("unknown policy '" + name +
                    "'; the policies are fsm, agenda, depth, lemma and search");
    if (policy == Policy::Search && !plan.scheduleOnly)
      return reject("policy 'search' goes only with --schedule-only");
    plan.policies.push_back(*policy);
  }
  if (plan.policies.empty())
    plan.policies = plan.scheduleOnly
                        ? std::vector<Policy>{Policy::Fsm, Policy::Agenda,
                                              Policy::Depth, Policy::Lemma}
                        : std::vector<Policy>{Policy::Fsm};
  if (!takeNetworks(arguments.networks, plan.networks) ||
      !takeNumbers(arguments.hidden, 8192,
                   arguments.gpu ? Numbers{128, 256, 512, 1024}
                                 : Numbers{32, 64, 128, 256, 512},
                   plan.hidden) ||
      !takeNumbers(arguments.batch, 65536,
                   arguments.gpu ? Numbers{1, 32, 256, 1024}
                                 : Numbers{1, 8, 32, 256},
                   plan.batches) ||
      !takeNumbers(arguments.threads, EDBC_MAX_THREADS, {1}, plan.threads) ||
      !takeSharing(arguments.share, plan.sharing) ||
      !takePeers(arguments.peers, plan.peers) ||
      !takeForms(arguments, plan.forms))
    return false;
  if (plan.scheduleOnly) {
    plan.hidden.resize(1);
    plan.threads.resize(1);
    plan.sharing = {false};
    plan.peers.clear();
    plan.forms.resize(1);
  }
  if (arguments.repeat == 0)
    return reject("--repeat must be at least 1");
  plan.effort.repeat = arguments.repeat;
  plan.effort.miniBatches = plan.scheduleOnly ? 16 : SIZE_MAX;
  if (arguments.miniBatches != 0)
    plan.effort.miniBatches = arguments.miniBatches;
  else if (!plan.scheduleOnly)
    plan.effort.seconds = 1;
  plan.dataFolder = arguments.data;
  if (arguments.data.getNumOccurrences() != 0 &&
      !std::filesystem::is_directory(plan.dataFolder))
    return reject("--data: there is no folder '" + plan.dataFolder + "'");
  plan.modelFolder = arguments.models;
  plan.onlyCompares = arguments.check;
  if (plan.onlyCompares && plan.scheduleOnly)
    return reject("--check doesn't go with --schedule-only");
  plan.recordFolder = arguments.record;
  plan.jsonPath = arguments.json;
  plan.svgFolder = arguments.svg;
  return true;
}

std::optional<Plan> bench::readCommandLine(int argc, const char **argv) {
  Arguments arguments;
  Plan plan = {};
  if (!parseArguments(argc, argv, arguments.category, overview) ||
      !check(arguments, plan))
    return std::nullopt;
  return plan;
}
