//===- Compile.cpp - edbc compile -------------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Cuda/Images.h"
#include "compiler/Emit/Emit.h"
#include "compiler/Load/DeviceKernels.h"
#include "compiler/Pipelines.h"
#include "compiler/Target/ObjectCode.h"
#include "dialects/Cell/Cell.h"
#include "tools/edbc/CommandLine.h"
#include "tools/edbc/Commands.h"
#include "tools/edbc/GraphFiles.h"
#include "tools/edbc/KernelArguments.h"
#include "tools/edbc/ModelFile.h"
#include "tools/edbc/PolicyArguments.h"

#include "mlir/IR/AsmState.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/Support/raw_ostream.h"

using namespace edbc;
namespace cl = llvm::cl;

namespace {

/// What --emit can ask for beside the IR of a stage.
enum class CodeText { LlvmIr, Assembly };

struct CompileArguments {
  cl::OptionCategory category{"Options of edbc compile"};
  ModelArguments model{category};
  cl::opt<std::string> output{
      "o", cl::value_desc("directory"), cl::cat(category),
      cl::desc("Where the library goes; needed unless --stop-after is given")};
  PolicyArguments policy{category};
  cl::opt<std::string> weights{
      "weights", cl::value_desc("file"), cl::cat(category),
      cl::desc("Embed the weights of this .safetensors file")};
  cl::opt<std::string> stopAfter{
      "stop-after", cl::value_desc("stage"), cl::cat(category),
      cl::desc("Print the IR after a stage and stop: import, cell, batch, "
               "layout, policy, kernels, llvm")};
  cl::list<std::string> emit{
      "emit", cl::CommaSeparated, cl::value_desc("kind"), cl::cat(category),
      cl::desc("Write text beside the library: a stage (its IR), llvm-ir, "
               "assembly, or cuda (the kernels for CUDA devices and what they "
               "include)")};
  cl::list<std::string> isas{
      "isa", cl::CommaSeparated, cl::value_desc("name"), cl::cat(category),
      cl::desc("Instruction sets to generate kernels for: x86-64, x86-64-v3, "
               "x86-64-v4 (default: all)")};
  cl::opt<std::string> target{
      "target", cl::value_desc("cuda:names"), cl::cat(category),
      cl::desc("Add kernels for CUDA devices, compiled by NVRTC (CUDA 12 or "
               "later) for these architectures and those after the oldest of "
               "them: cuda:sm_90,sm_80; cuda:source compiles none (see "
               "--emit=cuda)")};
  cl::opt<std::string> precision{
      "precision", cl::init("f32"), cl::value_desc("type"), cl::cat(category),
      cl::desc("With what accuracy CUDA devices multiply: f32 (default), tf32 "
               "or bf16; sums are f32")};
  KernelArguments kernels{category};
  cl::opt<bool> quiet{"quiet", cl::cat(category),
                      cl::desc("Say nothing where all is well")};
};

/// A compilation: arguments that were checked, and the files to be written.
class Compilation {
public:
  explicit Compilation(const CompileArguments &arguments)
      : arguments(arguments),
        display(arguments.policy.seconds, arguments.quiet) {}

  /// Checks what can be checked before anything is read; prints.
  bool checkArguments();
  bool readSamples(mlir::ModuleOp module);
  bool runStages(mlir::ModuleOp module);
  bool writeFiles(mlir::ModuleOp module);
  bool stopsEarly() const { return printsLast; }

private:
  bool runStage(mlir::ModuleOp module, Stage stage, mlir::TimingScope &timing);
  bool emitCode(mlir::ModuleOp module, CodeText kind);
  bool compileDeviceCode(mlir::ModuleOp module);
  void reportPolicy();
  bool error(const llvm::Twine &message) const {
    fail("edbc compile", message);
    return false;
  }

  const CompileArguments &arguments;
  Stage last = Stage::Llvm;
  bool printsLast = false;
  llvm::SmallVector<Stage> emittedStages;
  llvm::SmallVector<CodeText> emittedCode;
  bool emitsDeviceCode = false;
  llvm::SmallVector<cuda::Architecture> architectures;
  edbc_precision precision = EDBC_PRECISION_F32;
  PipelineOptions options;
  std::vector<core::Graph> samples;
  bool hasChoices = true; ///< Whether a policy is needed.
  LearnedPolicy learned;
  LearningDisplay display;
  std::vector<OutputFile> texts;
  std::optional<cuda::DeviceKernels> device;
};
} // namespace

static const Stage *findStage(llvm::StringRef name) {
  const Stage *stage = llvm::find_if(
      allStages, [&](Stage known) { return stageName(known) == name; });
  return stage == std::end(allStages) ? nullptr : stage;
}

bool Compilation::checkArguments() {
  const char *stages = "import, cell, batch, layout, policy, kernels, llvm";
  if (!arguments.stopAfter.empty()) {
    const Stage *stage = findStage(arguments.stopAfter);
    if (!stage)
      return error("unknown stage '" + arguments.stopAfter +
                   "'; the stages are " + stages);
    last = *stage;
    printsLast = true;
    if (!arguments.emit.empty() || !arguments.weights.empty())
      return error("--stop-after writes no library; it can't go with --emit "
                   "or --weights");
    if (!arguments.output.empty())
      return error("--stop-after prints the IR; it can't go with -o");
  } else if (arguments.output.empty()) {
    return error("where should the library go? Give -o DIR, or --stop-after");
  }
  for (const std::string &kind : arguments.emit) {
    if (const Stage *stage = findStage(kind))
      emittedStages.push_back(*stage);
    else if (kind == "llvm-ir")
      emittedCode.push_back(CodeText::LlvmIr);
    else if (kind == "assembly")
      emittedCode.push_back(CodeText::Assembly);
    else if (kind == "cuda")
      emitsDeviceCode = true;
    else
      return error("can't emit '" + kind + "'; what can be emitted is " +
                   stages + ", llvm-ir, assembly, cuda");
  }
  for (const std::string &name : arguments.isas) {
    const batch::Isa *isa =
        llvm::find_if(batch::allIsas, [&](batch::Isa known) {
          return batch::isaName(known) == name;
        });
    if (isa == std::end(batch::allIsas))
      return error("unknown instruction set '" + name +
                   "'; known are x86-64, x86-64-v3 and x86-64-v4");
    if (!llvm::is_contained(options.isas, *isa))
      options.isas.push_back(*isa);
  }
  llvm::Expected<edbc_precision> known = parsePrecision(arguments.precision);
  if (!known)
    return error(llvm::toString(known.takeError()));
  precision = *known;
  if (arguments.precision.getNumOccurrences() != 0 &&
      arguments.target.empty() && !emitsDeviceCode)
    return error("--precision goes only with --target or --emit=cuda");
  if (!arguments.target.empty()) {
    auto target = cuda::parseTarget(arguments.target);
    if (!target)
      return error(llvm::toString(target.takeError()));
    architectures = std::move(*target);
  }
  if (!arguments.policy.apply("edbc compile", options.policy) ||
      !arguments.kernels.apply("edbc compile", options))
    return false;
  options.training.watch = [this](const LearningProgress &progress) {
    return display.update(progress);
  };
  options.training.report = &learned;
  options.training.samples = &samples;
  return true;
}

bool Compilation::readSamples(mlir::ModuleOp module) {
  Signature signature = signatureOf(module);
  std::vector<Instance> instances;
  if (!readGraphFiles("edbc compile", arguments.policy.samples, signature,
                      instances))
    return false;
  samples = mergeInstances(instances, signature, arguments.policy.batch);
  hasChoices = orderOf(signature).hasChoices();
  return true;
}

bool Compilation::runStage(mlir::ModuleOp module, Stage stage,
                           mlir::TimingScope &timing) {
  mlir::PassManager manager(module.getContext());
  if (mlir::failed(mlir::applyPassManagerCLOptions(manager)))
    return false;
  mlir::TimingScope scope = timing.nest(stageName(stage));
  manager.enableTiming(scope);
  buildStage(manager, stage, options);
  return mlir::succeeded(manager.run(module));
}

bool Compilation::runStages(mlir::ModuleOp module) {
  mlir::DefaultTimingManager timer;
  mlir::applyDefaultTimingManagerCLOptions(timer);
  mlir::TimingScope timing = timer.getRootScope();
  for (Stage stage : allStages) {
    if (stage == Stage::Policy && !readSamples(module))
      return false;
    if (!runStage(module, stage, timing))
      return false;
    if (stage == Stage::Policy)
      reportPolicy();
    if (llvm::is_contained(emittedStages, stage)) {
      OutputFile &text = texts.emplace_back();
      text.path =
          (*module.getSymName() + "." + stageName(stage) + ".mlir").str();
      llvm::raw_string_ostream(text.contents) << module << "\n";
    }
    if (stage == last)
      break;
  }
  if (printsLast)
    llvm::outs() << module << "\n";
  return true;
}

/// Tells what the policy achieves on what it was learned from.
void Compilation::reportPolicy() {
  display.finish();
  warnIfStopped("edbc compile", learned, arguments.policy);
  if (arguments.quiet || printsLast)
    return;
  const BatchCounts &total = learned.total;
  edbc_policy_kind best = learned.best();
  llvm::outs() << (hasChoices ? "policy learned from " : "policy tried on ")
               << (samples.empty() ? "synthetic graphs" : "the sample graphs")
               << " (" << learned.miniBatches.size() << " mini-batches): ";
  if (!hasChoices)
    llvm::outs() << "no two cells depend on one another's results, so there is "
                    "nothing to choose\n";
  else if (best == EDBC_POLICY_FSM && learned.transitions.empty())
    llvm::outs() << "what a machine learned does not carry over, so the "
                    "library will batch what is most due\n";
  else if (best == EDBC_POLICY_FSM)
    llvm::outs() << learned.transitions.size() << " states\n";
  else
    llvm::outs() << "no machine does better than '"
                 << batch::stringifyPolicyKind(
                        static_cast<batch::PolicyKind>(best))
                 << "', which the library will use\n";
  llvm::outs() << (options.policy.batchCosts.empty() ? "  batches: "
                                                     : "  cost of batches: ")
               << total.of(best) << " (lower bound " << total.lowerBound
               << ", agenda " << total.agenda << ", depth " << total.depth
               << ", lemma " << total.lemma << ")\n";
  if (size_t exceptions = learned.numExceptions(best))
    llvm::outs()
        << "  for " << exceptions
        << " of the mini-batches agenda or depth takes fewer: no policy "
           "was found that is as good as both for each of them\n";
  else if (size_t avoided = learned.numExceptions(EDBC_POLICY_FSM))
    llvm::outs() << "  (the machine is worse than agenda or depth for "
                 << avoided << " of the mini-batches)\n";
  if (samples.empty() && hasChoices)
    llvm::outs() << "  give --samples with graphs that an application recorded "
                    "to learn from what it will meet\n";
}

bool Compilation::emitCode(mlir::ModuleOp module, CodeText kind) {
  bool ir = kind == CodeText::LlvmIr;
  for (auto kernels : module.getOps<mlir::ModuleOp>()) {
    std::optional<batch::Isa> isa = batch::isaOf(kernels);
    if (!isa)
      continue;
    mlir::FailureOr<std::string> code =
        compileKernels(kernels, ir ? CodeFormat::LLVMIR : CodeFormat::Assembly);
    if (mlir::failed(code))
      return false;
    texts.push_back({(*module.getSymName() + "." + batch::isaName(*isa) +
                      (ir ? ".ll" : ".s"))
                         .str(),
                     std::move(*code)});
  }
  return true;
}

/// Prints the kernels for devices, compiles them, and writes their text with
/// the files that it includes, as far as each was asked for.
bool Compilation::compileDeviceCode(mlir::ModuleOp module) {
  if (!emitsDeviceCode && arguments.target.empty())
    return true;
  mlir::FailureOr<cuda::DeviceCode> code =
      cuda::printDeviceCode(module, precision);
  if (mlir::failed(code))
    return false;
  std::string path = (*module.getSymName() + ".cu").str();
  if (emitsDeviceCode) {
    texts.push_back({path, code->text});
    for (const cuda::DeviceFile &file : cuda::deviceLibrary())
      texts.push_back({file.name.str(), file.text.str()});
  }
  if (arguments.target.empty())
    return true;
  auto images = cuda::compileImages(*code, path, architectures);
  if (!images)
    return error(llvm::toString(images.takeError()));
  device = {std::move(*code), std::move(*images)};
  return true;
}

bool Compilation::writeFiles(mlir::ModuleOp module) {
  for (CodeText kind : emittedCode)
    if (!emitCode(module, kind))
      return false;
  if (!compileDeviceCode(module))
    return false;
  EmitOptions emit;
  emit.directory = arguments.output;
  emit.weightsPath = arguments.weights;
  emit.device = device ? &*device : nullptr;
  emit.texts = std::move(texts);
  return mlir::succeeded(emitLibrary(
      module, emit, [&](llvm::StringRef message) { error(message); }));
}

int edbc::compileMain(int argc, const char **argv) {
  dropLibraryOptions();
  CompileArguments arguments;
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  if (!parseArguments(argc, argv, arguments.category,
                      "Compiles a model file into a static library.\n"))
    return 2;
  Compilation compilation(arguments);
  if (!compilation.checkArguments())
    return 2;

  // The passes load what else they need.
  mlir::MLIRContext context;
  context.loadDialect<cell::CellDialect, batch::BatchDialect>();
  ModelFile model(context);
  if (!model.import(arguments.model) ||
      !compilation.runStages(model.getModule()))
    return 1;
  if (compilation.stopsEarly())
    return 0;
  return compilation.writeFiles(model.getModule()) ? 0 : 1;
}
