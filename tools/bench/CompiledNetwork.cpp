//===- CompiledNetwork.cpp - a network, compiled in this process -*- C++-*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/CompiledNetwork.h"

#include "compiler/Frontend/Frontend.h"
#include "compiler/Load/DeviceKernels.h"
#include "compiler/Pipelines.h"
#include "compiler/Target/HostIsa.h"
#include "dialects/Cell/Cell.h"

#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <stdexcept>

using namespace edbc;
using namespace edbc::bench;

/// Instances of a mini-batch to learn from, as the compiler's default.
static constexpr uint32_t learnedBatch = 32;

static void runStage(mlir::ModuleOp module, Stage stage,
                     const PipelineOptions &options) {
  mlir::PassManager manager(module.getContext());
  buildStage(manager, stage, options);
  if (mlir::failed(manager.run(module)))
    throw std::runtime_error("can't compile network '" +
                             module.getSymName()->str() + "'");
}

CompiledNetwork::CompiledNetwork(
    const std::string &path,
    const std::vector<std::pair<std::string, int64_t>> &dims,
    const KernelForm &form)
    : diagnostics(sources, &context, llvm::errs()) {
  context.loadDialect<cell::CellDialect, batch::BatchDialect>();
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    throw std::runtime_error("can't read '" + path +
                             "': " + buffer.getError().message());
  llvm::StringRef text = (*buffer)->getBuffer();
  sources.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  Diagnostics problems;
  ImportOptions options;
  options.dims = dims;
  module = importModel(path, text, options, context, problems);
  llvm::errs() << problems.str();
  if (!module)
    throw std::runtime_error("can't compile '" + path + "'");

  // Passes fold arithmetic away: what counts is what the file says.
  imported = module->clone();
  PipelineOptions stages;
  stages.fuse = form.fuse;
  stages.layout = form.layout;
  stages.hoist = form.hoist;
  for (Stage stage : allStages)
    if (stage < Stage::Policy)
      runStage(*module, stage, stages);
  signature = signatureOf(*module);
  work = countArithmetic(*imported, signature);
  addExecuted(*module, signature, work);
}

void CompiledNetwork::learnPolicy(const std::vector<Instance> &samples,
                                  const BatchCosts &costs) {
  std::vector<core::Graph> graphs =
      mergeInstances(samples, signature, learnedBatch);
  LearnedPolicy learned;
  PipelineOptions options;
  options.training.samples = &graphs;
  options.training.report = &learned;
  for (size_t i = 0; i < costs.size(); ++i)
    options.policy.batchCosts.push_back(signature.cells[i].name + "=" +
                                        std::to_string(costs[i]));
  runStage(*module, Stage::Policy, options);
  policy = learned.best();
  encoding = learned.encoding;
  machine = core::buildTable(encodeTransitions(
      learned.transitions, static_cast<uint32_t>(signature.cells.size())));
}

edbc_policy_desc CompiledNetwork::getPolicy() const {
  edbc_policy_desc desc = {};
  desc.kind = policy;
  desc.encoding = encoding;
  desc.log2_slots = machine.log2Slots;
  desc.slots = machine.slots.data();
  return desc;
}

void CompiledNetwork::load(const std::optional<DeviceTarget> &device) {
  PipelineOptions options;
  options.isas = {executedIsa()};
  for (Stage stage : allStages)
    if (stage > Stage::Policy)
      runStage(*module, stage, options);
  mlir::FailureOr<Network> network = Network::read(*module);
  if (mlir::failed(network))
    throw std::runtime_error("can't compile network '" + signature.network +
                             "'");
  weights = Weights::random(*network, /*seed=*/1);
  edbc_model_options modelOptions = {};
  std::optional<cuda::DeviceKernels> kernels;
  if (device) {
    auto compiled =
        compileForDevice(*module, device->precision, device->ordinal);
    if (!compiled)
      throw std::runtime_error(llvm::toString(compiled.takeError()));
    kernels = std::move(*compiled);
    modelOptions.device = EDBC_DEVICE_CUDA;
    modelOptions.ordinal = device->ordinal;
  }
  mlir::FailureOr<LoadedLibrary> loaded =
      LoadedLibrary::load(*network, weights, kernels ? &*kernels : nullptr);
  if (mlir::failed(loaded))
    throw std::runtime_error("can't load network '" + signature.network + "'");
  library.emplace(std::move(*loaded));
  addTraffic(getLibrary(), work);

  edbc_model *created = nullptr;
  edbc_error problem;
  if (edbc_model_create(&getLibrary(), &modelOptions, &created, &problem) !=
      EDBC_OK)
    throw std::runtime_error(problem.message);
  model.reset(created);
}
