//===- Network.cpp - the parts of a network, numbered -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Network.h"

#include "edbc/abi.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

#include <limits>

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

template <typename OpTy>
static std::optional<unsigned> find(ArrayRef<OpTy> ops, StringRef symbol) {
  for (auto [index, op] : llvm::enumerate(ops))
    if (OpTy(op).getSymName() == symbol)
      return index;
  return std::nullopt;
}

InFlightDiagnostic Network::emitError() const {
  return ModuleOp(module).emitError();
}

std::optional<unsigned> Network::findState(StringRef symbol) const {
  if (std::optional<unsigned> index = find<StateOp>(states, symbol))
    return index;
  if (std::optional<unsigned> index = find<StateOp>(tableStates, symbol))
    return states.size() + *index;
  return std::nullopt;
}

std::optional<unsigned> Network::findKernel(StringRef symbol) const {
  return find<KernelOp>(kernels, symbol);
}

std::optional<unsigned> Network::findParam(StringRef symbol) const {
  return find<ParamOp>(params, symbol);
}

std::optional<unsigned> Network::findConstant(BindingAttr binding) const {
  StringRef symbol = binding.getSymbol().getValue();
  size_t first = 0;
  std::optional<unsigned> index;
  if (binding.getKind() == BindingKind::Columns) {
    first = paddedParams.size();
    index = find<ParamOp>(columnParams, symbol);
  } else if (binding.getKind() == BindingKind::Table) {
    return findTable(symbol);
  } else if (!(index = find<ParamOp>(paddedParams, symbol))) {
    first = paddedParams.size() + columnParams.size();
    index = find<PackOp>(packs, symbol);
  }
  if (!index)
    return std::nullopt;
  return first + *index;
}

std::optional<unsigned> Network::findTable(StringRef state) const {
  size_t first = paddedParams.size() + columnParams.size() + packs.size();
  std::optional<unsigned> index = find<StateOp>(tableStates, state);
  if (!index) {
    first += tableStates.size();
    index = find<StateOp>(statesWithTables, state);
  }
  if (!index)
    return std::nullopt;
  return first + *index;
}

/// Whether a table gives the rows that the nodes of a cell have.
static bool isFilledBy(KernelOp lookedUp, KernelOp table) {
  return lookedUp.isLookedUp() && table.getState() == lookedUp.getState() &&
         table.getFirstRow() == lookedUp.getFirstRow() &&
         table.getBodyBlock().getArgumentTypes() ==
             lookedUp.getBodyBlock().getArgumentTypes();
}

std::optional<unsigned> Network::findTableOf(BlockArgument operand) const {
  auto kernel = cast<KernelOp>(operand.getOwner()->getParentOp());
  auto isRecalled = [&](KernelOp table) {
    return llvm::any_of(operand.getUsers(), [&](Operation *user) {
      auto recall = dyn_cast<RecallOp>(user);
      return recall && recall.getTable() == table.getState();
    });
  };
  for (auto [index, table] : llvm::enumerate(tables))
    if (!kernel.getTable() && (isFilledBy(kernel, table) || isRecalled(table)))
      return index;
  return std::nullopt;
}

int64_t Network::numPanels(PhaseOp phase) const {
  if (!phase.getPanel())
    return 1;
  return (phase.getWidth() + *phase.getPanel() - 1) / *phase.getPanel();
}

SmallVector<PhaseOp> edbc::phasesOf(KernelOp kernel) {
  return llvm::to_vector(kernel.getBodyBlock().getOps<PhaseOp>());
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

/// Sizes and numbers in the description have 32 bits.
static LogicalResult verifySize(Operation *op, StringRef what, int64_t size) {
  if (size >= 0 && size <= std::numeric_limits<uint32_t>::max())
    return success();
  return op->emitOpError() << "has no room in a library: " << what << " is "
                           << size;
}

static LogicalResult verifyParam(ParamOp param) {
  return success(
      succeeded(verifySize(param, "number of matrices", param.getMatrices())) &&
      succeeded(verifySize(param, "number of rows", param.getRows())) &&
      succeeded(verifySize(param, "number of columns", param.getColumns())));
}

static LogicalResult verifyState(StateOp state) {
  if (!state.getLayout())
    return state.emitOpError("has no layout; its memory was not planned");
  return verifySize(state, "stride", state.getLayout()->getStride());
}

static LogicalResult verifyPack(PackOp pack) {
  return verifySize(pack, "panel", pack.getPanel());
}

/// What the description says of an operand.
static LogicalResult verifyOperand(KernelOp kernel, BlockArgument operand) {
  Type type = operand.getType();
  if (auto tokens = dyn_cast<TokensType>(type))
    return verifySize(kernel, "bound of a token", tokens.getBound());
  if (auto values = dyn_cast<ValuesType>(type))
    return verifySize(kernel, "width of an operand", values.getWidth());
  auto ragged = dyn_cast<RaggedType>(type);
  if (!ragged)
    return success();
  if (failed(verifySize(kernel, "least number of an operand's elements",
                        ragged.getLeast())))
    return failure();
  RowLayoutAttr workspace = kernel.getWorkspaceOf(operand.getArgNumber());
  return workspace ? verifySize(kernel, "stride of an operand's workspace",
                                workspace.getStride())
                   : success();
}

static LogicalResult verifyPhase(PhaseOp phase) {
  return success(
      succeeded(verifySize(phase, "width", phase.getWidth())) &&
      succeeded(verifySize(phase, "number of columns", phase.getColumns())));
}

static LogicalResult verifyKernel(KernelOp kernel) {
  Block &body = kernel.getBodyBlock();
  if (body.getNumArguments() > EDBC_MAX_OPERANDS)
    return kernel.emitOpError()
           << "has " << body.getNumArguments()
           << " operands; a library has room for " << EDBC_MAX_OPERANDS;
  for (BlockArgument operand : body.getArguments())
    if (failed(verifyOperand(kernel, operand)))
      return failure();
  SmallVector<PhaseOp> phases = phasesOf(kernel);
  if (phases.empty() && !kernel.isLookedUp())
    return kernel.emitOpError("has no phases; they were not formed");
  for (PhaseOp phase : phases)
    if (failed(verifyPhase(phase)))
      return failure();
  if (!kernel.getBindings())
    return kernel.emitOpError("has no bindings; its memory was not planned");
  if (!kernel.getWorkspace())
    return success();
  return verifySize(kernel, "stride of the workspace",
                    kernel.getWorkspace()->getStride());
}

/// What nodes look up belongs to one table for each token, which is there.
static LogicalResult verifyLookups(KernelOp kernel, const Network &network) {
  if (kernel.isLookedUp() && llvm::none_of(network.tables, [&](KernelOp table) {
        return isFilledBy(kernel, table);
      }))
    return kernel.emitOpError("is looked up, but no kernel gives its rows");
  for (BlockArgument operand : kernel.getBodyBlock().getArguments()) {
    llvm::SmallSetVector<StringAttr, 2> tables;
    kernel.walk([&](RecallOp recall) {
      if (recall.getTokens() == operand)
        tables.insert(recall.getTableAttr().getAttr());
    });
    if (tables.size() > 1)
      return kernel.emitOpError()
             << "looks up two tables with operand '"
             << kernel.getOperandName(operand.getArgNumber()) << "', '"
             << tables[0].getValue() << "' and '" << tables[1].getValue()
             << "'";
  }
  return success();
}

/// Sorts modules of generated functions into `targets`.
static LogicalResult collectTargets(ModuleOp module,
                                    SmallVectorImpl<ModuleOp> &targets) {
  ModuleOp byIsa[std::size(allIsas)];
  for (auto nested : module.getOps<ModuleOp>()) {
    std::optional<Isa> isa = isaOf(nested);
    if (!isa)
      return nested.emitOpError()
             << "in a network must have an attribute '" << isaAttrName
             << "' that names an instruction set";
    ModuleOp &target = byIsa[static_cast<unsigned>(*isa)];
    if (target)
      return nested.emitOpError() << "is the second one for " << isaName(*isa);
    target = nested;
  }
  for (ModuleOp target : byIsa)
    if (target)
      targets.push_back(target);
  if (targets.empty())
    return module.emitOpError("has no generated functions");
  return success();
}

FailureOr<Network> Network::read(ModuleOp module) {
  if (!module.getSymName())
    return module.emitOpError("of a network must have a name");
  Network network;
  network.module = module;
  network.name = *module.getSymName();
  network.params = llvm::to_vector(module.getOps<ParamOp>());
  llvm::StringSet<> ofTables;
  for (auto kernel : module.getOps<KernelOp>()) {
    (kernel.getTable() ? network.tables : network.kernels).push_back(kernel);
    if (kernel.getTable() && !kernel.getFirstRow() &&
        !ofTables.insert(kernel.getState()).second)
      return kernel.emitOpError("is a second table with the same state");
  }
  for (auto state : module.getOps<StateOp>()) {
    (ofTables.contains(state.getSymName()) ? network.tableStates
                                           : network.states)
        .push_back(state);
    if (state.getTableRows())
      network.statesWithTables.push_back(state);
  }
  for (KernelOp kernel : network.kernels)
    if (failed(verifyLookups(kernel, network)))
      return failure();
  network.outputs = llvm::to_vector(module.getOps<OutputOp>());
  network.packs = llvm::to_vector(module.getOps<PackOp>());
  for (auto policy : module.getOps<PolicyOp>()) {
    if (network.policy)
      return policy.emitOpError("is the second policy of the network");
    network.policy = policy;
  }

  llvm::StringSet<> padded, inColumns;
  for (ParamOp param : network.params)
    if (failed(verifyParam(param)))
      return failure();
  for (StateOp state :
       llvm::concat<StateOp>(network.states, network.tableStates))
    if (failed(verifyState(state)))
      return failure();
  for (PackOp pack : network.packs)
    if (failed(verifyPack(pack)))
      return failure();
  for (KernelOp kernel :
       llvm::concat<KernelOp>(network.kernels, network.tables)) {
    if (failed(verifyKernel(kernel)))
      return failure();
    if (kernel.getTable() &&
        failed(
            verifySize(kernel, "number of a table's rows", *kernel.getTable())))
      return failure();
    for (Attribute attr : kernel.getBindingsAttr()) {
      auto binding = cast<BindingAttr>(attr);
      if (binding.getKind() == BindingKind::Constant)
        padded.insert(binding.getSymbol().getValue());
      else if (binding.getKind() == BindingKind::Columns)
        inColumns.insert(binding.getSymbol().getValue());
    }
  }
  for (ParamOp param : network.params) {
    if (padded.contains(param.getSymName()))
      network.paddedParams.push_back(param);
    if (inColumns.contains(param.getSymName()))
      network.columnParams.push_back(param);
  }
  if (failed(collectTargets(module, network.targets)))
    return failure();
  return network;
}
