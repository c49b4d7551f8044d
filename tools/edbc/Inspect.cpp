//===- Inspect.cpp - edbc inspect -------------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipelines.h"
#include "dialects/Cell/Cell.h"
#include "passes/SearchSchedule/Search.h"
#include "tools/edbc/CommandLine.h"
#include "tools/edbc/Commands.h"
#include "tools/edbc/GraphFiles.h"
#include "tools/edbc/InspectLayout.h"
#include "tools/edbc/ModelFile.h"
#include "tools/edbc/PolicyArguments.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <numeric>

using namespace edbc;
namespace cl = llvm::cl;

namespace {

struct InspectArguments {
  cl::OptionCategory category{"Options of edbc inspect"};
  ModelArguments model{category};
  PolicyArguments policy{category};
  cl::list<std::string> graphs{
      "graphs", cl::value_desc("file"), cl::cat(category),
      cl::desc("Recorded instance graphs to judge the policy by, instead of "
               "the samples (may be given several times)")};
  cl::list<unsigned> batches{
      "batch", cl::CommaSeparated, cl::value_desc("number"), cl::cat(category),
      cl::desc("Instances of a mini-batch to judge the policy by (default: "
               "1,8,32,128)")};
  cl::opt<unsigned> beam{
      "beam", cl::init(64), cl::cat(category),
      cl::desc("Width of the search that the policy is held against, 0 for "
               "none (default: 64)")};
  cl::opt<unsigned> searchSeconds{
      "search-seconds", cl::init(10), cl::cat(category),
      cl::desc("End the search after this time for each size of mini-batches, "
               "0 for never (default: 10)")};
  cl::opt<bool> layout{
      "layout", cl::cat(category),
      cl::desc("Show what the layout of memory costs instead of the policy; "
               "needs no samples")};
  cl::opt<bool> json{"json", cl::cat(category),
                     cl::desc("Print JSON instead of tables")};
  cl::opt<bool> quiet{"quiet", cl::cat(category),
                      cl::desc("Don't show how learning goes")};
};

/// How policies do on mini-batches of one size.
struct Judgement {
  uint32_t batch;     ///< instances of a mini-batch
  size_t numGraphs;   ///< to be scheduled: one for each run of a mini-batch
  BatchCounts counts; ///< of all of them
  size_t numSearched; ///< the first so many graphs were searched
  uint64_t bySearch;  ///< batches that the search found for these
  uint64_t byShipped; ///< batches that the shipped policy takes for these
};

class Inspection {
public:
  explicit Inspection(const InspectArguments &arguments)
      : arguments(arguments),
        display(arguments.policy.seconds, arguments.quiet) {}

  /// Checks what can be checked before anything is read; prints.
  bool checkArguments();
  bool learn(mlir::ModuleOp module);
  void judge();
  void printTables() const;
  void printJson() const;

private:
  bool readInstances(mlir::ModuleOp module);
  Judgement judge(uint32_t batch, const edbc_policy_desc &machine) const;
  std::string describeOrder() const;
  std::string describe(const Transition &transition) const;
  llvm::StringRef shippedName() const {
    return batch::stringifyPolicyKind(
        static_cast<batch::PolicyKind>(learned.best()));
  }
  llvm::StringRef encodingName() const {
    return batch::stringifyEncoding(
        static_cast<batch::Encoding>(learned.encoding));
  }
  bool error(const llvm::Twine &message) const {
    fail("edbc inspect", message);
    return false;
  }

  const InspectArguments &arguments;
  PipelineOptions options;
  LearningDisplay display;
  std::vector<uint32_t> batches = {1, 8, 32, 128};
  Signature signature;
  std::vector<core::Graph> samples;
  std::vector<Instance> instances; ///< to judge by
  LearnedPolicy learned;
  std::vector<uint64_t> uses; ///< by transition
  std::vector<Judgement> judgements;
};
} // namespace

bool Inspection::checkArguments() {
  if (!arguments.policy.apply("edbc inspect", options.policy))
    return false;
  if (arguments.layout) {
    if (!arguments.policy.samples.empty() || !arguments.graphs.empty() ||
        !arguments.batches.empty())
      return error("--layout needs no graphs; it can't go with --samples, "
                   "--graphs or --batch");
    if (arguments.beam.getNumOccurrences() != 0 ||
        arguments.searchSeconds.getNumOccurrences() != 0)
      return error("--layout shows nothing of the policy; it can't go with "
                   "--beam or --search-seconds");
    return true;
  }
  if (arguments.policy.samples.empty())
    return error("what should the policy be learned from? Give --samples FILE");
  if (!arguments.batches.empty())
    batches.assign(arguments.batches.begin(), arguments.batches.end());
  if (llvm::any_of(batches,
                   [](uint32_t size) { return size == 0 || size > 65536; }))
    return error("--batch takes numbers between 1 and 65536");
  if (arguments.beam > 65536)
    return error("--beam must be between 0 and 65536");
  options.training.samples = &samples;
  options.training.report = &learned;
  options.training.watch = [this](const LearningProgress &progress) {
    return display.update(progress);
  };
  return true;
}

bool Inspection::readInstances(mlir::ModuleOp module) {
  signature = signatureOf(module);
  if (!readGraphFiles("edbc inspect", arguments.policy.samples, signature,
                      instances))
    return false;
  samples = mergeInstances(instances, signature, arguments.policy.batch);
  if (arguments.graphs.empty())
    return true;
  instances.clear();
  return readGraphFiles("edbc inspect", arguments.graphs, signature, instances);
}

bool Inspection::learn(mlir::ModuleOp module) {
  for (Stage stage : allStages) {
    if (stage > Stage::Policy)
      break;
    if (stage == Stage::Policy && !readInstances(module))
      return false;
    mlir::PassManager manager(module.getContext());
    buildStage(manager, stage, options);
    if (mlir::failed(manager.run(module)))
      return false;
  }
  display.finish();
  warnIfStopped("edbc inspect", learned, arguments.policy);
  return true;
}

void Inspection::judge() {
  Machine machine(learned.encoding, learned.transitions,
                  uint32_t(signature.cells.size()));
  uses = countUses(mergeInstances(instances, signature, arguments.policy.batch),
                   learned.encoding, learned.transitions);
  for (uint32_t batch : batches)
    judgements.push_back(judge(batch, machine.description()));
}

Judgement Inspection::judge(uint32_t batch,
                            const edbc_policy_desc &machine) const {
  std::vector<core::Graph> graphs = mergeInstances(instances, signature, batch);
  Judgement result = {batch, graphs.size(), {}, 0, 0, 0};
  std::vector<uint64_t> byShipped;
  for (const core::Graph &graph : graphs) {
    BatchCounts counts = countBatches(graph, machine);
    byShipped.push_back(counts.of(learned.best()));
    result.counts += counts;
  }
  if (arguments.beam == 0)
    return result;

  using Clock = std::chrono::steady_clock;
  Clock::time_point begin = Clock::now();
  std::chrono::seconds limit(arguments.searchSeconds);
  SearchOptions search;
  search.beamWidth = arguments.beam;
  search.goOn = [&] {
    return limit.count() == 0 || Clock::now() - begin < limit;
  };
  for (const core::Graph &graph : graphs) {
    SearchResult found = searchSchedule(graph, search);
    if (found.wasStopped)
      break;
    result.bySearch += found.numBatches;
    result.byShipped += byShipped[result.numSearched++];
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

/// In which order cells are batched, as far as no policy chooses.
std::string Inspection::describeOrder() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::ListSeparator separator(", ");
  const core::TypeOrder order = orderOf(signature);
  for (const core::TypeOrder::Component &component : order.getComponents()) {
    os << separator;
    llvm::ListSeparator between(" or ");
    for (uint32_t type : component.types)
      os << between << signature.cells[type].name;
    if (component.isChosen)
      os << " as the policy chooses";
    else if (component.isRecursive)
      os << " level by level";
  }
  return text;
}

/// The state in words; its parts are those of `core::FrontierEncoder`.
std::string Inspection::describe(const Transition &transition) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto print = [&](llvm::ArrayRef<uint32_t> types) {
    for (uint32_t type : types)
      os << " " << signature.cells[type].name;
  };
  llvm::ArrayRef<uint32_t> frontier = transition.frontier;
  if (learned.encoding != EDBC_ENCODING_CRITICAL) {
    os << "ready";
    print(frontier);
    return text;
  }
  llvm::ArrayRef<uint32_t> rest = frontier.drop_front();
  size_t numReady = 0;
  while (numReady < rest.size() &&
         !llvm::is_contained(rest.take_front(numReady), rest[numReady]))
    ++numReady;
  os << "after " << signature.cells[frontier.front()].name << ": ready";
  print(rest.take_front(numReady));
  os << ", critical";
  print(rest.drop_front(numReady));
  if (numReady == rest.size())
    os << " none";
  return text;
}

static std::string percent(double share) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.1f %%", 100 * share);
  return text;
}

void Inspection::printTables() const {
  constexpr size_t maxStates = 40;
  llvm::raw_ostream &os = llvm::outs();
  os << "network " << signature.network << ", learned from " << samples.size()
     << " mini-batches of " << arguments.policy.batch << "\n";
  os << "policy of the library: " << shippedName() << ", worse than agenda or "
     << "depth for " << learned.numExceptions(learned.best())
     << " of the mini-batches\n";
  os << "order: " << describeOrder() << "\n";
  os << "machine: encoding " << encodingName() << ", "
     << learned.transitions.size() << " states\n\n";

  std::vector<size_t> order(uses.size());
  std::iota(order.begin(), order.end(), size_t(0));
  llvm::sort(order, [&](size_t a, size_t b) {
    return uses[a] != uses[b] ? uses[a] > uses[b] : a < b;
  });
  size_t numShown = std::min(order.size(), maxStates);
  os << "    used  state and action\n";
  for (size_t i : llvm::ArrayRef<size_t>(order).take_front(numShown))
    os << llvm::format("%8llu  ", static_cast<unsigned long long>(uses[i]))
       << describe(learned.transitions[i]) << " -> "
       << signature.cells[learned.transitions[i].action].name << "\n";
  if (numShown != order.size())
    os << "          and " << order.size() - numShown
       << " more, which --json prints\n";

  os << "\n   batch  graphs    bound      fsm   agenda    depth    lemma   "
        "search  regret     hits\n";
  auto column = [&](uint64_t number) {
    os << llvm::format(" %8llu", static_cast<unsigned long long>(number));
  };
  for (const Judgement &entry : judgements) {
    const BatchCounts &counts = entry.counts;
    os << llvm::format("%8u %7zu", entry.batch, entry.numGraphs);
    for (uint64_t number : {counts.lowerBound, counts.fsm, counts.agenda,
                            counts.depth, counts.lemma})
      column(number);
    if (entry.numSearched == entry.numGraphs)
      column(entry.bySearch);
    else
      os << llvm::right_justify("-", 9);
    std::string regret = "-", hits = "-";
    if (entry.bySearch != 0)
      regret = percent(double(entry.byShipped) / double(entry.bySearch) - 1);
    if (counts.choices != 0)
      hits = percent(1 - double(counts.fallbacks) / double(counts.choices));
    os << llvm::right_justify(regret, 8) << llvm::right_justify(hits, 9)
       << "\n";
  }
  if (arguments.beam != 0)
    for (const Judgement &entry : judgements)
      if (entry.numSearched != entry.numGraphs)
        os << "the search for batch " << entry.batch << " ended after "
           << arguments.searchSeconds << " s (--search-seconds): the regret is "
           << "that of the first " << entry.numSearched << " graphs\n";
}

void Inspection::printJson() const {
  llvm::json::OStream json(llvm::outs());
  auto number = [&](llvm::StringRef name, uint64_t value) {
    json.attribute(name, static_cast<int64_t>(value));
  };
  json.object([&] {
    json.attribute("network", signature.network);
    json.attribute("policy", shippedName());
    json.attribute("was_stopped", learned.wasStopped);
    number("exceptions", learned.numExceptions(learned.best()));
    json.attributeArray("order", [&] {
      const core::TypeOrder order = orderOf(signature);
      for (const core::TypeOrder::Component &component : order.getComponents())
        json.object([&] {
          json.attributeArray("cells", [&] {
            for (uint32_t type : component.types)
              json.value(signature.cells[type].name);
          });
          json.attribute("chosen", component.isChosen);
          json.attribute("recursive", component.isRecursive);
        });
    });
    json.attributeObject("machine", [&] {
      json.attribute("encoding", encodingName());
      json.attributeArray("transitions", [&] {
        for (size_t i = 0; i < uses.size(); ++i)
          json.object([&] {
            const Transition &transition = learned.transitions[i];
            json.attributeArray("frontier", [&] {
              for (uint32_t type : transition.frontier)
                json.value(signature.cells[type].name);
            });
            json.attribute("action", signature.cells[transition.action].name);
            number("uses", uses[i]);
          });
      });
    });
    json.attributeArray("judgements", [&] {
      for (const Judgement &entry : judgements)
        json.object([&] {
          number("batch", entry.batch);
          number("graphs", entry.numGraphs);
          number("lower_bound", entry.counts.lowerBound);
          number("fsm", entry.counts.fsm);
          number("choices", entry.counts.choices);
          number("fallbacks", entry.counts.fallbacks);
          number("agenda", entry.counts.agenda);
          number("depth", entry.counts.depth);
          number("lemma", entry.counts.lemma);
          json.attributeObject("search", [&] {
            number("beam", arguments.beam);
            number("graphs", entry.numSearched);
            number("batches", entry.bySearch);
            number("policy_batches", entry.byShipped);
          });
        });
    });
  });
  llvm::outs() << "\n";
}

int edbc::inspectMain(int argc, const char **argv) {
  dropLibraryOptions();
  InspectArguments arguments;
  if (!parseArguments(argc, argv, arguments.category,
                      "Learns the policy of a network from samples and shows "
                      "what it is and how it does; or shows what its layout "
                      "in memory costs.\n"))
    return 2;
  Inspection inspection(arguments);
  if (!inspection.checkArguments())
    return 2;

  mlir::MLIRContext context;
  context.loadDialect<cell::CellDialect, batch::BatchDialect>();
  ModelFile model(context);
  if (!model.import(arguments.model))
    return 1;
  if (arguments.layout)
    return inspectLayouts(model.getModule(), arguments.json) ? 0 : 1;
  if (!inspection.learn(model.getModule()))
    return 1;
  inspection.judge();
  if (arguments.json)
    inspection.printJson();
  else
    inspection.printTables();
  return 0;
}
