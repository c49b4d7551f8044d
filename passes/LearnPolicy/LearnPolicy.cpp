//===- LearnPolicy.cpp - the batching policy is learned ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/LearnPolicy.h"
#include "passes/LearnPolicy/SyntheticGraphs.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"

namespace edbc {
#define GEN_PASS_DEF_LEARNPOLICY
#include "passes/Passes.h.inc"
} // namespace edbc

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

Signature edbc::signatureOf(ModuleOp network) {
  Signature signature;
  signature.network = network.getSymName().value_or("").str();
  for (auto state : network.getOps<StateOp>())
    signature.states.push_back(state.getSymName().str());
  auto numberOf = [&](FlatSymbolRefAttr state) {
    return static_cast<uint32_t>(
        std::distance(signature.states.begin(),
                      llvm::find(signature.states, state.getValue())));
  };
  for (auto kernel : network.getOps<KernelOp>()) {
    // Tables are of no cell; they stand behind all others.
    if (kernel.getTable())
      continue;
    CellSignature cell;
    cell.name = kernel.getSymName().str();
    cell.result = numberOf(kernel.getStateAttr());
    for (BlockArgument argument : kernel.getBodyBlock().getArguments()) {
      OperandSignature operand;
      operand.name = kernel.getOperandName(argument.getArgNumber()).str();
      if (auto rows = dyn_cast<RowsType>(argument.getType())) {
        operand.kind = EDBC_OPERAND_STATE;
        operand.state = numberOf(rows.getState());
      } else if (auto ragged = dyn_cast<RaggedType>(argument.getType())) {
        operand.kind = EDBC_OPERAND_STATES;
        operand.state = numberOf(ragged.getState());
        operand.bound = ragged.getLeast();
      } else if (auto tokens = dyn_cast<TokensType>(argument.getType())) {
        operand.kind = EDBC_OPERAND_TOKEN;
        operand.bound = tokens.getBound();
      } else {
        operand.kind = EDBC_OPERAND_DENSE;
        operand.bound = cast<ValuesType>(argument.getType()).getWidth();
      }
      cell.operands.push_back(std::move(operand));
    }
    signature.cells.push_back(std::move(cell));
  }
  return signature;
}

namespace {
struct LearnPolicyPass : edbc::impl::LearnPolicyBase<LearnPolicyPass> {
  using LearnPolicyBase::LearnPolicyBase;
  LearnPolicyPass(const LearnPolicyOptions &options,
                  const PolicyTraining &training)
      : LearnPolicyBase(options), training(training) {}

  void runOnOperation() override;

private:
  LogicalResult readOptions(ModuleOp network, LearningOptions &options) const;
  LogicalResult readCosts(ModuleOp network, BatchCosts &costs) const;
  void addPolicy(ModuleOp network, const LearnedPolicy &learned);

  PolicyTraining training;
};
} // namespace

void LearnPolicyPass::addPolicy(ModuleOp network,
                                const LearnedPolicy &learned) {
  SmallVector<FlatSymbolRefAttr> kernels;
  for (auto kernel : network.getOps<KernelOp>())
    kernels.push_back(FlatSymbolRefAttr::get(kernel.getSymNameAttr()));
  edbc_policy_kind best = learned.best();
  SmallVector<Attribute> transitions;
  if (best == EDBC_POLICY_FSM) {
    for (const Transition &transition : learned.transitions) {
      SmallVector<FlatSymbolRefAttr> frontier;
      for (uint32_t type : transition.frontier)
        frontier.push_back(kernels[type]);
      transitions.push_back(TransitionAttr::get(&getContext(), frontier,
                                                kernels[transition.action]));
    }
  }
  Encoding encoding = best == EDBC_POLICY_FSM
                          ? static_cast<Encoding>(learned.encoding)
                          : Encoding::Base;
  OpBuilder builder(&getContext());
  // Something of the network may be named so; the table finds a free name.
  SymbolTable(network).insert(PolicyOp::create(
      builder, network.getLoc(), "policy", static_cast<PolicyKind>(best),
      encoding, builder.getArrayAttr(transitions)));
}

LogicalResult LearnPolicyPass::readCosts(ModuleOp network,
                                         BatchCosts &costs) const {
  if (batchCosts.empty())
    return success();
  llvm::StringMap<uint32_t> given;
  for (StringRef entry : batchCosts) {
    auto [name, number] = entry.rsplit('=');
    uint32_t cost = 0;
    if (name.empty() || number.getAsInteger(10, cost) || cost == 0 ||
        cost > 1000000000)
      return network.emitError()
             << "batch cost '" << entry
             << "': must be KERNEL=NUMBER, with a number from 1 to 1000000000";
    auto kernel = network.lookupSymbol<KernelOp>(name);
    if (!kernel || kernel.getTable())
      return network.emitError()
             << "batch cost '" << entry << "': there is no kernel of that name";
    if (!given.try_emplace(name, cost).second)
      return network.emitError()
             << "batch cost '" << entry << "': the kernel has one already";
  }
  for (auto kernel : network.getOps<KernelOp>()) {
    if (kernel.getTable())
      continue;
    // What is looked up costs next to nothing.
    auto cost = given.find(kernel.getSymName());
    if (cost == given.end() && !kernel.isLookedUp())
      return network.emitError() << "kernel '" << kernel.getSymName()
                                 << "' has no batch cost, as others have";
    costs.push_back(cost == given.end() ? 1 : cost->second);
  }
  return success();
}

LogicalResult LearnPolicyPass::readOptions(ModuleOp network,
                                           LearningOptions &options) const {
  options.seed = seed;
  options.maxBytes = uint64_t(memory) << 20;
  options.watch = training.watch;
  QLearningOptions &qLearning = options.qLearning;
  qLearning.maxEpisodes = episodes;
  qLearning.learningRate = learningRate;
  qLearning.discount = discount;
  qLearning.numSteps = returnSteps;
  qLearning.alpha = alpha;
  qLearning.exploration = exploration;
  qLearning.explorationDecay = explorationDecay;
  qLearning.minExploration = minExploration;
  qLearning.evaluationInterval = evaluationInterval;
  qLearning.beginWithLemma = beginWithLemma;
  if (returnSteps == 0 || evaluationInterval == 0 || memory == 0)
    return network.emitError()
           << "return-steps, evaluation-interval and memory "
              "must not be 0";
  if (method == "q-learning")
    options.method = LearningMethod::QLearning;
  else if (method != "refinement")
    return network.emitError() << "unknown method '" << method
                               << "': must be refinement or q-learning";
  if (encoding != "auto") {
    std::optional<Encoding> given = symbolizeEncoding(encoding);
    if (!given)
      return network.emitError()
             << "unknown encoding '" << encoding
             << "': must be auto, base, max, sort or critical";
    options.encoding = static_cast<edbc_encoding>(*given);
  }
  return readCosts(network, options.costs);
}

void LearnPolicyPass::runOnOperation() {
  ModuleOp network = getOperation();
  if (!network.getOps<PolicyOp>().empty())
    return;
  LearningOptions options;
  if (failed(readOptions(network, options)))
    return signalPassFailure();

  SyntheticGraphs drawn;
  const std::vector<core::Graph> *samples = training.samples;
  if (!samples || samples->empty()) {
    SyntheticOptions synthetic;
    synthetic.seed = seed;
    synthetic.batchSize = batchSize;
    drawn = drawGraphs(signatureOf(network), synthetic);
    if (!drawn.error.empty()) {
      network.emitError() << drawn.error;
      return signalPassFailure();
    }
    samples = &drawn.miniBatches;
  }
  LearnedPolicy learned = learnPolicy(*samples, options);
  addPolicy(network, learned);
  if (training.report)
    *training.report = std::move(learned);
}

std::unique_ptr<Pass>
edbc::createLearnPolicyPass(const LearnPolicyOptions &options,
                            const PolicyTraining &training) {
  return std::make_unique<LearnPolicyPass>(options, training);
}
