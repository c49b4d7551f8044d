//===- LearnPolicy.cpp - the batching policy is learned ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/LearnPolicy.h"
#include "passes/LearnPolicy/SyntheticGraphs.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSwitch.h"

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

void LearnPolicyPass::runOnOperation() {
  ModuleOp network = getOperation();
  if (!network.getOps<PolicyOp>().empty())
    return;
  LearningOptions options;
  options.seed = seed;
  options.qLearning.maxEpisodes = episodes;
  options.watch = training.watch;
  if (method == "q-learning") {
    options.method = LearningMethod::QLearning;
  } else if (method != "refinement") {
    network.emitError() << "unknown method '" << method
                        << "': must be refinement or q-learning";
    return signalPassFailure();
  }
  if (encoding != "auto") {
    std::optional<Encoding> given = symbolizeEncoding(encoding);
    if (!given) {
      network.emitError() << "unknown encoding '" << encoding
                          << "': must be auto, base, max, sort or critical";
      return signalPassFailure();
    }
    options.encoding = static_cast<edbc_encoding>(*given);
  }

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
