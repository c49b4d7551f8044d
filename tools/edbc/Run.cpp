//===- Run.cpp - edbc run ---------------------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Load/InstanceSession.h"
#include "compiler/Load/LoadedLibrary.h"
#include "compiler/Pipelines.h"
#include "compiler/Reference/Reference.h"
#include "tools/edbc/Commands.h"
#include "tools/edbc/GraphFiles.h"
#include "tools/edbc/ModelFile.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <charconv>
#include <cmath>

using namespace edbc;
namespace cl = llvm::cl;

namespace {

struct RunArguments {
  cl::OptionCategory category{"Options of edbc run"};
  ModelArguments model{category};
  cl::list<std::string> graphs{
      "graphs", cl::OneOrMore, cl::value_desc("file"), cl::cat(category),
      cl::desc("Instance graphs (may be given several times)")};
  cl::opt<std::string> weights{
      "weights", cl::value_desc("file"), cl::cat(category),
      cl::desc("Weights, a .safetensors file (default: random ones)")};
  cl::opt<uint64_t> seed{"seed", cl::init(1), cl::cat(category),
                         cl::desc("Seed of random weights (default: 1)")};
  cl::list<std::string> outputs{
      "output", cl::value_desc("name"), cl::cat(category),
      cl::desc("Print this output only (may be given several times)")};
  cl::opt<unsigned> batch{"batch", cl::init(32), cl::cat(category),
                          cl::desc("Instances of a mini-batch (default: 32)")};
  cl::opt<bool> reference{
      "reference", cl::cat(category),
      cl::desc("Use the interpreter, which computes in double precision")};
  cl::opt<bool> check{
      "check", cl::cat(category),
      cl::desc("Compare with the interpreter; print the largest error only")};
};

/// The largest error of a value, relative to the largest of its tensor: what
/// cancels to nearly 0 can't be better than the terms that it came from.
struct LargestError {
  double error = 0;
  size_t instance = 0;
  size_t node = 0;
  std::string output;
};

class Runner {
public:
  explicit Runner(const RunArguments &arguments) : arguments(arguments) {}

  /// Compiles the network and reads everything; prints what is wrong.
  bool prepare(mlir::ModuleOp module);
  bool run();
  const LargestError &getLargestError() const { return largest; }

private:
  bool findOutputs();
  bool createReference();
  bool createSession();
  bool runMiniBatch(size_t first, size_t end);
  bool report(size_t instance, size_t first);
  void compare(const std::vector<double> &expected, const float *found,
               size_t instance, size_t node, llvm::StringRef output);
  bool error(const llvm::Twine &message) const {
    fail("edbc run", message);
    return false;
  }

  const RunArguments &arguments;
  mlir::OwningOpRef<mlir::ModuleOp> cells; ///< for the interpreter
  std::vector<Instance> instances;
  std::optional<Network> network;
  Weights weights;
  std::vector<uint32_t> outputs; ///< the requested ones

  std::optional<Reference> reference;
  std::optional<LoadedLibrary> library;
  ModelHandle model;
  std::unique_ptr<InstanceSession> session;
  LargestError largest;
};
} // namespace

bool Runner::prepare(mlir::ModuleOp module) {
  cells = module.clone();
  for (Stage stage : allStages) {
    // Results don't depend on the policy; what falls back on the sufficient
    // condition needs none.
    if (stage == Stage::Policy) {
      if (!readGraphFiles("edbc run", arguments.graphs, signatureOf(module),
                          instances))
        return false;
      continue;
    }
    mlir::PassManager manager(module.getContext());
    buildStage(manager, stage, {});
    if (mlir::failed(manager.run(module)))
      return false;
  }
  mlir::FailureOr<Network> read = Network::read(module);
  if (mlir::failed(read))
    return false;
  network = std::move(*read);
  if (arguments.weights.empty()) {
    weights = Weights::random(*network, arguments.seed);
  } else {
    llvm::Expected<Weights> file = Weights::read(*network, arguments.weights);
    if (!file)
      return error(llvm::toString(file.takeError()));
    weights = std::move(*file);
  }
  if (!findOutputs())
    return false;
  bool interprets = arguments.reference || arguments.check;
  bool executes = !arguments.reference || arguments.check;
  return (!interprets || createReference()) && (!executes || createSession());
}

bool Runner::findOutputs() {
  for (const std::string &name : arguments.outputs) {
    auto output = llvm::find_if(network->outputs, [&](batch::OutputOp op) {
      return op.getSymName() == name;
    });
    if (output == network->outputs.end()) {
      std::string known;
      for (batch::OutputOp op : network->outputs)
        known += (known.empty() ? "" : ", ") + op.getSymName().str();
      return error("unknown output '" + name + "'; the network has " + known);
    }
    outputs.push_back(std::distance(network->outputs.begin(), output));
  }
  if (arguments.outputs.empty())
    for (uint32_t i = 0; i < network->outputs.size(); ++i)
      outputs.push_back(i);
  return true;
}

bool Runner::createReference() {
  ParameterValues values;
  for (auto [param, array] : llvm::zip(network->params, weights.values))
    values[param.getSymName().str()] =
        llvm::ArrayRef(array.data(), array.size());
  mlir::FailureOr<Reference> created = Reference::create(*cells, values);
  if (mlir::failed(created))
    return false;
  reference.emplace(std::move(*created));
  return true;
}

bool Runner::createSession() {
  mlir::FailureOr<LoadedLibrary> loaded =
      LoadedLibrary::load(*network, weights);
  if (mlir::failed(loaded))
    return false;
  library.emplace(std::move(*loaded));
  edbc_model *created = nullptr;
  edbc_error problem;
  if (edbc_model_create(&library->description(), nullptr, &created, &problem) !=
      EDBC_OK)
    return error(problem.message);
  model.reset(created);
  std::string message;
  session = InstanceSession::create(library->description(), *model, message);
  return session || error(message);
}

/// The shortest text that reads back as the same number; what JSON has no
/// number for is a string.
template <typename Number>
static void printNumber(llvm::raw_ostream &os, Number number) {
  if (std::isnan(number)) {
    os << "\"NaN\"";
  } else if (std::isinf(number)) {
    os << (number < 0 ? "\"-Infinity\"" : "\"Infinity\"");
  } else {
    char text[32];
    std::to_chars_result end = std::to_chars(text, text + sizeof(text), number);
    os << llvm::StringRef(text, end.ptr - text);
  }
}

template <typename Numbers>
static void printNumbers(llvm::json::OStream &json, llvm::StringRef name,
                         const Numbers &numbers) {
  json.attributeArray(name, [&] {
    for (auto number : numbers)
      json.rawValue([&](llvm::raw_ostream &os) { printNumber(os, number); });
  });
}

void Runner::compare(const std::vector<double> &expected, const float *found,
                     size_t instance, size_t node, llvm::StringRef output) {
  double scale = 0, difference = 0;
  for (double value : expected)
    scale = std::max(scale, std::abs(value));
  for (size_t i = 0; i < expected.size(); ++i) {
    bool same = expected[i] == found[i] ||
                (std::isnan(expected[i]) && std::isnan(found[i]));
    double distance = same ? 0 : std::abs(expected[i] - found[i]);
    // Not a number on one side only is as wrong as can be.
    difference =
        std::isnan(distance) ? HUGE_VAL : std::max(difference, distance);
  }
  double relative = difference == 0 ? 0 : difference / scale;
  if (relative > largest.error || std::isnan(relative))
    largest = {std::isnan(relative) ? HUGE_VAL : relative, instance, node,
               output.str()};
}

/// Prints or compares the outputs of one instance of the mini-batch that begins
/// with `first`.
bool Runner::report(size_t instance, size_t first) {
  std::vector<NodeState> states;
  if (reference) {
    mlir::FailureOr<std::vector<NodeState>> evaluated =
        reference->evaluate(instances[instance]);
    if (mlir::failed(evaluated))
      return false;
    states = std::move(*evaluated);
  }
  for (size_t node = 0; node < instances[instance].nodes.size(); ++node) {
    batch::KernelOp cell =
        network->kernels[instances[instance].nodes[node].cell];
    std::string line;
    llvm::raw_string_ostream os(line);
    llvm::json::OStream json(os);
    bool any = false;
    json.objectBegin();
    json.attribute("instance", static_cast<int64_t>(instance));
    json.attribute("node", static_cast<int64_t>(node));
    json.attribute("cell", cell.getSymName());
    for (uint32_t output : outputs) {
      batch::OutputOp op = network->outputs[output];
      if (op.getState() != cell.getState())
        continue;
      any = true;
      const std::vector<double> *expected =
          reference ? &states[node].fields.find(op.getField())->second
                    : nullptr;
      if (!session) {
        printNumbers(json, op.getSymName(), *expected);
        continue;
      }
      auto [data, width] = session->read(instance - first, node, output);
      if (expected)
        compare(*expected, data, instance, node, op.getSymName());
      else
        printNumbers(json, op.getSymName(), llvm::ArrayRef(data, width));
    }
    json.objectEnd();
    if (any && !arguments.check)
      llvm::outs() << line << "\n";
  }
  return true;
}

bool Runner::runMiniBatch(size_t first, size_t end) {
  std::string message;
  if (session && !session->run(instances, first, end, message))
    return error(message);
  for (size_t instance = first; instance < end; ++instance)
    if (!report(instance, first))
      return false;
  return true;
}

bool Runner::run() {
  for (size_t first = 0; first < instances.size(); first += arguments.batch)
    if (!runMiniBatch(
            first, std::min<size_t>(first + arguments.batch, instances.size())))
      return false;
  return true;
}

int edbc::runMain(int argc, const char **argv) {
  dropLibraryOptions();
  RunArguments arguments;
  if (!parseArguments(argc, argv, arguments.category,
                      "Runs instance graphs, and prints the outputs of their "
                      "nodes.\n"))
    return 2;
  if (arguments.batch == 0) {
    fail("edbc run", "--batch must be at least 1");
    return 2;
  }
  if (arguments.weights.empty())
    llvm::errs() << "edbc run: note: no --weights; they are random, of seed "
                 << arguments.seed << "\n";

  mlir::MLIRContext context;
  context.loadDialect<cell::CellDialect, batch::BatchDialect>();
  ModelFile model(context);
  Runner runner(arguments);
  if (!model.import(arguments.model) || !runner.prepare(model.getModule()) ||
      !runner.run())
    return 1;
  if (!arguments.check)
    return 0;

  constexpr double tolerance = 1e-5;
  const LargestError &largest = runner.getLargestError();
  llvm::json::OStream json(llvm::outs());
  json.object([&] {
    json.attributeBegin("largest_error");
    json.rawValue(
        [&](llvm::raw_ostream &os) { printNumber(os, largest.error); });
    json.attributeEnd();
    if (largest.error > 0) {
      json.attribute("instance", static_cast<int64_t>(largest.instance));
      json.attribute("node", static_cast<int64_t>(largest.node));
      json.attribute("output", largest.output);
    }
  });
  llvm::outs() << "\n";
  return largest.error <= tolerance ? 0 : 1;
}
