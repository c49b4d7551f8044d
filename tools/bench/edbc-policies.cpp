//===- edbc-policies.cpp - what batching policies achieve -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "dialects/Batch/Batch.h"
#include "passes/LearnPolicy/Learning.h"
#include "passes/SearchSchedule/Search.h"
#include "tools/bench/CellCosts.h"
#include "tools/bench/Measure.h"
#include "tools/bench/Networks.h"
#include "tools/edbc/CommandLine.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

using namespace edbc;
using namespace edbc::bench;
namespace cl = llvm::cl;

static constexpr const char *overview =
    R"(Prints tables, in Markdown, of what batching policies achieve on the networks of
the examples.

Policies are learned from the training part of the data (or synthetic instances
where a file is missing) and judged by the part that is held out, which is the
last quarter of the instances where there is no such file. The numbers are
batches over the lower bound: `fsm` is what edbc ships, q-base, q-max and q-sort
are machines that Q-learning finds with the paper's encodings, search is the best
schedule of a beam, and regret what fsm takes more on the same graphs.

With --time, policies are executed instead: one that was learned to take few
batches, and one that was learned to take little time, with costs of batches that
are measured first. The two are executed by turns; times and their ratio are
medians of nine rounds.
)";

namespace {

struct Arguments {
  cl::OptionCategory category{"Options of edbc-policies"};
  cl::list<std::string> networks{"networks", cl::CommaSeparated,
                                 cl::value_desc("list"), cl::cat(category),
                                 cl::desc("Networks (default: all)")};
  cl::list<unsigned> batch{
      "batch", cl::CommaSeparated, cl::value_desc("list"), cl::cat(category),
      cl::desc("Instances of a mini-batch (default: 1,8,32,128; with --time: "
               "32)")};
  cl::opt<unsigned> miniBatches{
      "mini-batches", cl::init(8), cl::cat(category),
      cl::desc("Mini-batches to judge by, for each size (default: 8)")};
  cl::opt<unsigned> searched{
      "searched", cl::init(2), cl::cat(category),
      cl::desc("How many of them are searched (default: 2)")};
  cl::opt<unsigned> beam{"beam", cl::init(64), cl::cat(category),
                         cl::desc("Width of the search's beam (default: 64)")};
  cl::opt<bool> time{"time", cl::cat(category),
                     cl::desc("Execute policies learned for few batches and "
                              "for little time")};
  cl::opt<unsigned> hidden{"hidden", cl::init(128), cl::cat(category),
                           cl::desc("With --time: hidden size (default: 128)")};
  cl::opt<std::string> data{
      "data", cl::init(EDBC_BENCH_DATA), cl::value_desc("directory"),
      cl::cat(category),
      cl::desc("The data (default: ../shared/data beside the project)")};
  cl::opt<std::string> models{
      "models", cl::init(EDBC_BENCH_MODELS), cl::value_desc("directory"),
      cl::cat(category),
      cl::desc("The folder of the examples' models (default: examples)")};
};

/// A policy that was learned, and how.
struct Candidate {
  const char *name;
  LearnedPolicy learned;
  double seconds;
};

/// One network, its instances, and what is learned from them.
class Subject {
public:
  Subject(const MeasuredNetwork &network, const Arguments &arguments);

  void learn();
  void printLearned() const;
  /// A row of the table.
  void judge(uint32_t batch) const;
  void compareTimes(uint32_t batch) const;

private:
  std::string pathOf(const char *file) const;
  std::vector<Instance> build(const Workload &workload) const;
  std::unique_ptr<CompiledNetwork> compile() const;
  std::vector<core::Graph> miniBatch(uint32_t batch, size_t number) const;
  double costOfBatches(uint32_t batch, const CompiledNetwork &learned,
                       const BatchCosts &costs) const;

  const MeasuredNetwork &network;
  const Arguments &arguments;
  Workload workload;
  std::unique_ptr<CompiledNetwork> compiled;
  std::vector<Instance> training, judged;
  std::vector<Candidate> candidates;
};

} // namespace

std::string Subject::pathOf(const char *file) const {
  std::string path = file ? arguments.data + "/" + file : std::string();
  return std::filesystem::exists(path) ? path : std::string();
}

std::unique_ptr<CompiledNetwork> Subject::compile() const {
  auto dims = workload.dims;
  dims.emplace_back("hidden", arguments.hidden);
  return std::make_unique<CompiledNetwork>(
      arguments.models + "/" + network.model, dims, KernelForm());
}

std::vector<Instance> Subject::build(const Workload &data) const {
  std::vector<Instance> instances;
  InstanceBuilder builder(compiled->getSignature());
  for (size_t i = 0; i < data.size; ++i) {
    data.build(i, builder);
    instances.push_back(builder.take());
  }
  return instances;
}

Subject::Subject(const MeasuredNetwork &network, const Arguments &arguments)
    : network(network), arguments(arguments) {
  llvm::errs() << network.name << "\n";
  std::string path = pathOf(network.data), heldOut = pathOf(network.heldOut);
  workload = network.load(path.empty() ? nullptr : &path);
  compiled = compile();
  training = build(workload);
  if (!path.empty() && !heldOut.empty()) {
    judged = build(network.load(&heldOut));
    return;
  }
  size_t quarter = (training.size() + 3) / 4;
  judged.assign(training.end() - std::ptrdiff_t(quarter), training.end());
  if (quarter < training.size())
    training.resize(training.size() - quarter);
}

//===----------------------------------------------------------------------===//
// Batches
//===----------------------------------------------------------------------===//

void Subject::learn() {
  constexpr uint32_t learnedBatch = 32; // The compiler's default.
  std::vector<core::Graph> samples =
      mergeInstances(training, compiled->getSignature(), learnedBatch);
  auto add = [&](const char *name, const LearningOptions &options) {
    auto begin = std::chrono::steady_clock::now();
    LearnedPolicy learned = learnPolicy(samples, options);
    std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - begin;
    candidates.push_back({name, std::move(learned), time.count()});
  };
  add("fsm", LearningOptions());
  LearningOptions options;
  options.method = LearningMethod::QLearning;
  for (auto [name, encoding] : {std::pair("q-base", EDBC_ENCODING_BASE),
                                std::pair("q-max", EDBC_ENCODING_MAX),
                                std::pair("q-sort", EDBC_ENCODING_SORT)}) {
    options.encoding = encoding;
    add(name, options);
  }
}

static llvm::StringRef nameOf(edbc_policy_kind kind) {
  return batch::stringifyPolicyKind(static_cast<batch::PolicyKind>(kind));
}

void Subject::printLearned() const {
  for (const Candidate &candidate : candidates) {
    const LearnedPolicy &learned = candidate.learned;
    // Of those of Q-learning the machine counts, even if it wouldn't be
    // shipped.
    edbc_policy_kind kind =
        &candidate == &candidates[0] ? learned.best() : EDBC_POLICY_FSM;
    llvm::outs() << "| " << network.name << " | " << candidate.name << " | "
                 << nameOf(kind) << " | "
                 << batch::stringifyEncoding(
                        static_cast<batch::Encoding>(learned.encoding))
                 << " | " << learned.transitions.size()
                 << llvm::format(" | %.2f | ", candidate.seconds)
                 << learned.numExceptions(kind) << " of "
                 << learned.miniBatches.size() << " |\n";
  }
}

/// The graphs of one mini-batch, of those that are spread evenly.
std::vector<core::Graph> Subject::miniBatch(uint32_t batch,
                                            size_t number) const {
  size_t count = std::max<size_t>(judged.size() / batch, 1);
  size_t first = number * count / arguments.miniBatches * batch;
  std::vector<Instance> instances;
  for (size_t k = 0; k < batch; ++k)
    instances.push_back(judged[(first + k) % judged.size()]);
  return mergeInstances(instances, compiled->getSignature(), batch);
}

void Subject::judge(uint32_t batch) const {
  std::vector<std::unique_ptr<Machine>> machines;
  for (const Candidate &candidate : candidates)
    machines.push_back(std::make_unique<Machine>(
        candidate.learned.encoding, candidate.learned.transitions,
        uint32_t(compiled->getSignature().cells.size())));
  std::vector<uint64_t> batches(candidates.size());
  BatchCounts total;
  uint64_t bySearch = 0, boundOfSearched = 0, shippedOfSearched = 0;
  for (size_t i = 0; i < arguments.miniBatches; ++i)
    for (const core::Graph &graph : miniBatch(batch, i)) {
      BatchCounts counts = countBatches(graph);
      uint64_t shipped = 0;
      for (size_t c = 0; c < candidates.size(); ++c) {
        countMachine(graph, machines[c]->description(), counts);
        uint64_t number = c == 0 ? shipped =
                                       counts.of(candidates[0].learned.best())
                                 : counts.fsm;
        batches[c] += number;
      }
      total += counts;
      if (i >= arguments.searched)
        continue;
      SearchOptions search;
      search.beamWidth = arguments.beam;
      bySearch += searchSchedule(graph, search).numBatches;
      boundOfSearched += counts.lowerBound;
      shippedOfSearched += shipped;
    }
  auto bound = double(total.lowerBound);
  llvm::outs() << "| " << network.name << " | " << batch
               << llvm::format(" | %.1f |", bound / arguments.miniBatches);
  for (uint64_t number : batches)
    llvm::outs() << llvm::format(" %.3f |", double(number) / bound);
  for (uint64_t number : {total.agenda, total.depth, total.lemma})
    llvm::outs() << llvm::format(" %.3f |", double(number) / bound);
  if (bySearch == 0)
    llvm::outs() << " - | - |\n";
  else
    llvm::outs() << llvm::format(
        " %.3f | %.1f %% |\n", double(bySearch) / double(boundOfSearched),
        100 * (double(shippedOfSearched) / double(bySearch) - 1));
  llvm::outs().flush();
}

//===----------------------------------------------------------------------===//
// Time
//===----------------------------------------------------------------------===//

/// Learns from the training part, and executes the part that is held out.
void Subject::compareTimes(uint32_t batch) const {
  constexpr size_t numRounds = 9;
  std::unique_ptr<CompiledNetwork> probe = compile();
  probe->load();
  std::vector<CellCost> costs = measureCellCosts(*probe, training);
  BatchCosts batchCosts = batchCostsOf(costs);
  std::unique_ptr<CompiledNetwork> networks[] = {compile(), compile()};
  networks[0]->learnPolicy(training);
  networks[1]->learnPolicy(training, batchCosts);
  for (auto &one : networks)
    one->load();

  // The two by turns, the first one of a round being the second one of the
  // next: what slows the machine down for a while slows down both.
  Effort effort = {/*repeat=*/5, arguments.miniBatches};
  std::vector<double> ms[2], ratios;
  double batches[2];
  for (size_t round = 0; round < numRounds; ++round) {
    for (size_t turn : {round % 2, 1 - round % 2}) {
      Measurement one = measure(*networks[turn], judged, network.output,
                                {batch, Policy::Fsm}, effort);
      ms[turn].push_back(one.ms);
      batches[turn] = one.batches;
    }
    ratios.push_back(ms[1].back() / ms[0].back());
  }
  std::sort(ratios.begin(), ratios.end());

  llvm::outs() << "| " << network.name << " | " << batch;
  for (size_t i : {0, 1}) {
    std::sort(ms[i].begin(), ms[i].end());
    llvm::outs() << " | " << nameOf(networks[i]->getPolicy().kind);
    llvm::outs() << llvm::format(
        " | %.1f | %.1f | %.3f", batches[i],
        costOfBatches(batch, *networks[i], batchCosts) / 1e3,
        ms[i][numRounds / 2]);
  }
  llvm::outs() << llvm::format(" | %.3f (%.3f to %.3f) |",
                               ratios[numRounds / 2], ratios.front(),
                               ratios.back());
  const Signature &signature = compiled->getSignature();
  const char *separator = " ";
  for (size_t i = 0; i < costs.size(); ++i) {
    if (costs[i].batch == 0 && costs[i].row == 0)
      continue; // A cell that no instance has.
    llvm::outs() << separator << signature.cells[i].name
                 << llvm::format(" %.0f + %.0f n", costs[i].batch,
                                 costs[i].row);
    separator = ", ";
  }
  llvm::outs() << " |\n";
  llvm::outs().flush();
}

/// What the batches of a mini-batch cost, their rows apart, in nanoseconds:
/// the mean of those that are judged.
double Subject::costOfBatches(uint32_t batch, const CompiledNetwork &learned,
                              const BatchCosts &costs) const {
  uint64_t cost = 0;
  for (size_t i = 0; i < arguments.miniBatches; ++i)
    for (const core::Graph &graph : miniBatch(batch, i))
      cost += countBatches(graph, learned.getPolicy(), costs)
                  .of(learned.getPolicy().kind);
  return double(cost) / arguments.miniBatches;
}

//===----------------------------------------------------------------------===//
// The command line
//===----------------------------------------------------------------------===//

static bool reject(const llvm::Twine &message) {
  fail("edbc-policies", message);
  return false;
}

static bool takeNetworks(const Arguments &arguments,
                         std::vector<const MeasuredNetwork *> &networks) {
  for (const MeasuredNetwork &network : measuredNetworks())
    if (arguments.networks.empty() ||
        llvm::is_contained(arguments.networks, network.name))
      networks.push_back(&network);
  for (const std::string &name : arguments.networks)
    if (llvm::none_of(networks, [&](const MeasuredNetwork *network) {
          return network->name == name;
        }))
      return reject("unknown network '" + name + "'; the networks are " +
                    measuredNames());
  return true;
}

static bool check(const Arguments &arguments) {
  if (llvm::any_of(arguments.batch,
                   [](unsigned size) { return size == 0 || size > 65536; }))
    return reject("--batch takes numbers between 1 and 65536");
  if (arguments.miniBatches == 0 || arguments.beam == 0 ||
      arguments.hidden == 0)
    return reject("--mini-batches, --beam and --hidden must not be 0");
  if (arguments.data.getNumOccurrences() != 0 &&
      !std::filesystem::is_directory(arguments.data.getValue()))
    return reject("--data: there is no folder '" + arguments.data + "'");
  return true;
}

static void run(const Arguments &arguments,
                const std::vector<const MeasuredNetwork *> &networks) {
  std::vector<unsigned> batches(arguments.batch.begin(), arguments.batch.end());
  if (arguments.time) {
    if (batches.empty())
      batches = {32};
    llvm::outs()
        << "| network | batch | policy | batches | their cost, us | ms | for "
           "time | batches | their cost, us | ms | time ratio (range) | cost "
           "of "
           "a batch of n, ns |\n"
           "|---|--:|---|--:|--:|--:|---|--:|--:|--:|--:|---|\n";
    for (const MeasuredNetwork *network : networks)
      for (unsigned batch : batches)
        Subject(*network, arguments).compareTimes(batch);
    return;
  }
  if (batches.empty())
    batches = {1, 8, 32, 128};
  llvm::outs() << "| network | batch | bound | fsm | q-base | q-max | q-sort | "
                  "agenda | depth | lemma | search | regret |\n"
                  "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
  std::vector<std::unique_ptr<Subject>> subjects;
  for (const MeasuredNetwork *network : networks) {
    subjects.push_back(std::make_unique<Subject>(*network, arguments));
    subjects.back()->learn();
    for (unsigned batch : batches)
      subjects.back()->judge(batch);
  }
  llvm::outs()
      << "\n| network | learned | kind | encoding | states | seconds | "
         "worse than agenda or depth for |\n"
         "|---|---|---|---|--:|--:|--:|\n";
  for (const auto &subject : subjects)
    subject->printLearned();
}

static int policiesMain(int argc, const char **argv) {
  dropLibraryOptions();
  Arguments arguments;
  if (!parseArguments(argc, argv, arguments.category, overview))
    return 2;
  std::vector<const MeasuredNetwork *> networks;
  if (!check(arguments) || !takeNetworks(arguments, networks))
    return 2;
  try {
    run(arguments, networks);
  } catch (const std::bad_alloc &) {
    throw;
  } catch (const std::exception &error) {
    return fail("edbc-policies", error.what());
  }
  return 0;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  return runProgram("edbc-policies", [&] {
    return policiesMain(argc, const_cast<const char **>(argv));
  });
}
