//===- Run.cpp - edbc run ---------------------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Load/DeviceKernels.h"
#include "compiler/Load/InstanceSession.h"
#include "compiler/Load/LoadedLibrary.h"
#include "compiler/Pipelines.h"
#include "compiler/Reference/Reference.h"
#include "compiler/Target/HostIsa.h"
#include "tools/edbc/CommandLine.h"
#include "tools/edbc/Commands.h"
#include "tools/edbc/GraphFiles.h"
#include "tools/edbc/KernelArguments.h"
#include "tools/edbc/ModelFile.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

using namespace edbc;
namespace cl = llvm::cl;

static std::optional<edbc_policy_kind> findPolicy(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<edbc_policy_kind>>(name)
      .Case("fsm", EDBC_POLICY_FSM)
      .Case("agenda", EDBC_POLICY_AGENDA)
      .Case("depth", EDBC_POLICY_DEPTH)
      .Case("lemma", EDBC_POLICY_LEMMA)
      .Default(std::nullopt);
}

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
  cl::opt<std::string> policy{
      "policy", cl::init("lemma"), cl::cat(category),
      cl::desc("How batches are chosen: fsm (a machine learned from these "
               "graphs), agenda, depth, lemma (default)")};
  KernelArguments kernels{category};
  cl::opt<std::string> device{
      "device", cl::init("cpu"), cl::value_desc("cpu|cuda:number"),
      cl::cat(category),
      cl::desc("What executes: cpu (default), or a CUDA device, for which the "
               "network is compiled by NVRTC")};
  cl::opt<std::string> precision{
      "precision", cl::init("f32"), cl::value_desc("type"), cl::cat(category),
      cl::desc("With what accuracy a CUDA device multiplies: f32 (default), "
               "tf32 or bf16")};
  cl::opt<bool> reference{
      "reference", cl::cat(category),
      cl::desc("Use the interpreter, which computes in double precision")};
  cl::opt<bool> check{
      "check", cl::cat(category),
      cl::desc("Compare with the interpreter; print the largest error only")};
  cl::opt<double> tolerance{
      "tolerance", cl::value_desc("error"), cl::cat(category),
      cl::desc("Largest error that --check accepts, relative to the largest "
               "number of an output (default: 1e-5; 5e-3 with tf32, 5e-2 with "
               "bf16)")};
};

/// The largest relativeError() of an output.
struct LargestError {
  double error = 0;
  size_t instance = 0;
  size_t node = 0;
  std::string output;
};

class Runner {
public:
  /// The arguments' policy is one of those that there are.
  Runner(const RunArguments &arguments, std::optional<uint32_t> cudaDevice,
         edbc_precision precision)
      : arguments(arguments), policy(*findPolicy(arguments.policy)),
        cudaDevice(cudaDevice), precision(precision) {}

  /// Reads everything and compiles the network; prints what is wrong.
  bool prepare(mlir::ModuleOp module);
  bool run();
  const LargestError &getLargestError() const { return largest; }

private:
  bool runStages(mlir::ModuleOp module);
  bool findOutputs();
  bool createReference();
  bool createSession();
  bool runMiniBatch(size_t first, size_t end);
  bool report(size_t instance, size_t first);
  void print(size_t instance, size_t first, uint32_t node,
             const NodeState *state) const;
  void compare(size_t instance, size_t first,
               llvm::ArrayRef<NodeState> expected);
  batch::KernelOp cellOf(size_t instance, uint32_t node) const {
    return network->kernels[instances[instance].nodes[node].cell];
  }
  bool error(const llvm::Twine &message) const {
    fail("edbc run", message);
    return false;
  }

  const RunArguments &arguments;
  edbc_policy_kind policy;
  std::optional<uint32_t> cudaDevice; ///< nothing for the CPU
  edbc_precision precision;
  mlir::OwningOpRef<mlir::ModuleOp> cells; ///< for the interpreter
  std::vector<Instance> instances;
  std::optional<Network> network;
  Weights weights;
  std::vector<uint32_t> outputs; ///< the requested ones
  /// Of all outputs, as the model file says: kernels see a matrix of one column
  /// as a vector.
  llvm::SmallVector<mlir::RankedTensorType> types;

  std::optional<Reference> reference;
  std::optional<LoadedLibrary> library;
  ModelHandle model;
  std::unique_ptr<InstanceSession> session;
  LargestError largest;
};
} // namespace

bool Runner::runStages(mlir::ModuleOp module) {
  PipelineOptions options;
  if (!arguments.kernels.apply("edbc run", options))
    return false;
  options.isas = {executedIsa()};
  std::vector<core::Graph> samples;
  for (Stage stage : allStages) {
    if (stage == Stage::Policy) {
      Signature signature = signatureOf(module);
      if (!readGraphFiles("edbc run", arguments.graphs, signature, instances))
        return false;
      // The other policies need nothing that is learned.
      if (policy != EDBC_POLICY_FSM)
        continue;
      samples = mergeInstances(instances, signature, arguments.batch);
      options.training.samples = &samples;
    }
    mlir::PassManager manager(module.getContext());
    buildStage(manager, stage, options);
    if (mlir::failed(manager.run(module)))
      return false;
  }
  return true;
}

bool Runner::prepare(mlir::ModuleOp module) {
  cells = module.clone();
  if (!runStages(module))
    return false;
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
  for (batch::OutputOp output : network->outputs) {
    auto state = mlir::cast<cell::StateOp>(
        mlir::SymbolTable::lookupSymbolIn(*cells, output.getState()));
    types.push_back(state.getFieldType(*state.findField(output.getField())));
  }
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
    uint32_t number = std::distance(network->outputs.begin(), output);
    if (llvm::is_contained(outputs, number))
      return error("output '" + name + "' is given twice");
    outputs.push_back(number);
  }
  if (arguments.outputs.empty())
    for (uint32_t i = 0; i < network->outputs.size(); ++i)
      outputs.push_back(i);
  return true;
}

bool Runner::createReference() {
  ParameterValues values;
  for (auto [param, floats] : llvm::zip(network->params, weights.values))
    values[param.getSymName().str()] = floats;
  mlir::FailureOr<Reference> created = Reference::create(*cells, values);
  if (mlir::failed(created))
    return false;
  reference.emplace(std::move(*created));
  return true;
}

bool Runner::createSession() {
  edbc_model_options modelOptions = {};
  std::optional<cuda::DeviceKernels> kernels;
  if (cudaDevice) {
    llvm::Expected<cuda::DeviceKernels> compiled =
        compileForDevice(network->module, precision, *cudaDevice);
    if (!compiled)
      return error(llvm::toString(compiled.takeError()));
    kernels = std::move(*compiled);
    modelOptions.device = EDBC_DEVICE_CUDA;
    modelOptions.ordinal = *cudaDevice;
  }
  mlir::FailureOr<LoadedLibrary> loaded =
      LoadedLibrary::load(*network, weights, kernels ? &*kernels : nullptr);
  if (mlir::failed(loaded))
    return false;
  library.emplace(std::move(*loaded));
  edbc_model *created = nullptr;
  edbc_error problem;
  if (edbc_model_create(&library->description(), &modelOptions, &created,
                        &problem) != EDBC_OK)
    return error(problem.message);
  model.reset(created);
  edbc_session_options options = {};
  options.policy = policy;
  std::string message;
  session =
      InstanceSession::create(library->description(), *model, options, message);
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

/// A vector as an array, a matrix as an array of its rows.
template <typename Numbers>
static void printTensor(llvm::json::OStream &json, llvm::StringRef name,
                        const Numbers &numbers, mlir::RankedTensorType type) {
  size_t columns = type.getShape().back();
  bool isMatrix = type.getRank() == 2;
  json.attributeArray(name, [&] {
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (isMatrix && i % columns == 0)
        json.arrayBegin();
      json.rawValue(
          [&](llvm::raw_ostream &os) { printNumber(os, numbers[i]); });
      if (isMatrix && i % columns == columns - 1)
        json.arrayEnd();
    }
  });
}

/// Prints the requested outputs of a node, if there are any: those of its
/// `state`, or, if that is null, those that were executed.
void Runner::print(size_t instance, size_t first, uint32_t node,
                   const NodeState *state) const {
  batch::KernelOp cell = cellOf(instance, node);
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
    if (state)
      printTensor(json, op.getSymName(),
                  state->fields.find(op.getField())->second, types[output]);
    else
      printTensor(json, op.getSymName(),
                  session->read(instance - first, node, output), types[output]);
  }
  json.objectEnd();
  if (any)
    llvm::outs() << line << "\n";
}

/// Compares the requested outputs of an instance.
void Runner::compare(size_t instance, size_t first,
                     llvm::ArrayRef<NodeState> expected) {
  for (uint32_t output : outputs) {
    batch::OutputOp op = network->outputs[output];
    double usual = largestMagnitude(expected, op.getState(), op.getField());
    for (uint32_t node = 0; node < expected.size(); ++node) {
      if (op.getState() != cellOf(instance, node).getState())
        continue;
      double error =
          relativeError(expected[node].fields.find(op.getField())->second,
                        session->read(instance - first, node, output), usual);
      if (error > largest.error)
        largest = {error, instance, node, op.getSymName().str()};
    }
  }
}

/// Prints or compares one instance of the mini-batch that begins with `first`.
bool Runner::report(size_t instance, size_t first) {
  std::vector<NodeState> states;
  if (reference) {
    mlir::FailureOr<std::vector<NodeState>> evaluated =
        reference->evaluate(instances[instance]);
    if (mlir::failed(evaluated))
      return false;
    states = std::move(*evaluated);
  }
  if (arguments.check)
    compare(instance, first, states);
  else
    for (uint32_t node = 0; node < instances[instance].nodes.size(); ++node)
      print(instance, first, node, reference ? &states[node] : nullptr);
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

/// Reads --device: nothing for the CPU. Returns false if there is no such one.
static bool parseDevice(llvm::StringRef text,
                        std::optional<uint32_t> &cudaDevice) {
  if (text == "cpu")
    return true;
  uint32_t number = 0;
  if (!text.consume_front("cuda") ||
      (!text.empty() &&
       (!text.consume_front(":") || text.getAsInteger(10, number))))
    return false;
  cudaDevice = number;
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
  if (!findPolicy(arguments.policy)) {
    fail("edbc run", "unknown policy '" + arguments.policy +
                         "'; the policies are fsm, agenda, depth and lemma");
    return 2;
  }
  bool hasTolerance = arguments.tolerance.getNumOccurrences() != 0;
  if (hasTolerance && !arguments.check) {
    fail("edbc run", "--tolerance is of no use without --check");
    return 2;
  }
  if (hasTolerance &&
      (!std::isfinite(arguments.tolerance) || arguments.tolerance <= 0)) {
    fail("edbc run", "--tolerance must be a finite number above 0");
    return 2;
  }
  std::optional<uint32_t> cudaDevice;
  if (!parseDevice(arguments.device, cudaDevice)) {
    fail("edbc run", "unknown device '" + arguments.device +
                         "'; a device is cpu, or cuda:0 or another number");
    return 2;
  }
  llvm::Expected<edbc_precision> precision =
      parsePrecision(arguments.precision);
  if (!precision) {
    fail("edbc run", llvm::toString(precision.takeError()));
    return 2;
  }
  if (arguments.precision.getNumOccurrences() != 0 && !cudaDevice) {
    fail("edbc run", "--precision goes only with --device=cuda");
    return 2;
  }
  if (arguments.seed.getNumOccurrences() != 0 && !arguments.weights.empty()) {
    fail("edbc run", "--seed is that of random weights; it can't go with "
                     "--weights");
    return 2;
  }
  if (arguments.weights.empty())
    llvm::errs() << "edbc run: note: no --weights; they are random, of seed "
                 << arguments.seed << "\n";

  mlir::MLIRContext context;
  context.loadDialect<cell::CellDialect, batch::BatchDialect>();
  ModelFile model(context);
  Runner runner(arguments, cudaDevice, *precision);
  if (!model.import(arguments.model) || !runner.prepare(model.getModule()) ||
      !runner.run())
    return 1;
  if (!arguments.check)
    return 0;

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
  double tolerance =
      hasTolerance ? double(arguments.tolerance) : toleranceOf(*precision);
  if (largest.error <= tolerance)
    return 0;
  return fail("edbc run",
              llvm::formatv("output '{0}' of node {1} of instance {2} differs "
                            "from the interpreter's by {3:e2}, more than the "
                            "tolerance of {4:e2}",
                            largest.output, largest.node, largest.instance,
                            largest.error, tolerance));
}
