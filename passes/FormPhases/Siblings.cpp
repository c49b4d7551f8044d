//===- Siblings.cpp - batches operations within a cell ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/FormPhases/Siblings.h"

#include "passes/SearchSchedule/Search.h"
#include "runtime/core/Scheduler.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

namespace {

/// What one sibling does: operations in their order, of which the last one's
/// result, or effect, is seen by others.
using Chain = SmallVector<Operation *, 4>;

class Grouping {
public:
  Grouping(KernelOp kernel, function_ref<bool(Operation *)> isFree)
      : isFree(isFree) {
    for (Operation &op : kernel.getBodyBlock().without_terminator())
      if (!isFree(&op))
        addOperation(&op);
  }

  SiblingGroups group();

private:
  void addOperation(Operation *op);
  bool joins(Operation *op, Value operand);
  bool isFunctionOfOne(Operation *op);
  std::string signatureOf(const Chain &chain);
  core::Graph graphOf(const std::vector<uint32_t> &types, uint32_t numTypes);

  function_ref<bool(Operation *)> isFree;
  /// Those that were joined to another one are empty.
  SmallVector<Chain> chains;
  DenseMap<Operation *, unsigned> chainOf;
};

} // namespace

//===----------------------------------------------------------------------===//
// What one sibling does
//===----------------------------------------------------------------------===//

static Value behindViews(Value value) {
  while (isView(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

/// Whether a value is a constant or a parameter.
static bool isFixed(Value value) {
  return isa_and_nonnull<SplatOp, BroadcastOp>(
      behindViews(value).getDefiningOp());
}

/// Whether an operation is elementwise and reads one value, constants and
/// parameters aside.
bool Grouping::isFunctionOfOne(Operation *op) {
  if (!OpTrait::hasElementwiseMappableTraits(op))
    return false;
  Value read;
  for (Value operand : op->getOperands()) {
    if (isFixed(operand))
      continue;
    if (read && read != operand)
      return false;
    read = operand;
  }
  return true;
}

/// Whether libraries compute an operation and the one before it, whose result
/// nobody else reads, in one kernel.
bool Grouping::joins(Operation *op, Value operand) {
  Operation *before = operand.getDefiningOp();
  if (!before || !chainOf.contains(before) || !operand.hasOneUse() ||
      !OpTrait::hasElementwiseMappableTraits(op))
    return false;
  // Computed as one, with one rounding less: so it is in fused phases.
  if (isa<arith::AddFOp>(op) && isa<math::ExpOp>(before))
    return true;
  if (isa<ProductOp, MultiplyOp>(before)) {
    bool isBias = llvm::all_of(op->getOperands(), [&](Value other) {
      return other == operand || isFixed(other);
    });
    return isa<arith::AddFOp>(op) && isBias;
  }
  Operation *first = chains[chainOf.lookup(before)].front();
  return isFunctionOfOne(op) && isFunctionOfOne(before) &&
         isFunctionOfOne(first);
}

void Grouping::addOperation(Operation *op) {
  unsigned number = chains.size();
  Chain chain;
  for (Value operand : op->getOperands())
    if (joins(op, operand)) {
      Chain &before = chains[chainOf.lookup(operand.getDefiningOp())];
      llvm::append_range(chain, before);
      before.clear();
    }
  chain.push_back(op);
  for (Operation *member : chain)
    chainOf[member] = number;
  chains.push_back(std::move(chain));
}

//===----------------------------------------------------------------------===//
// What siblings have in common
//===----------------------------------------------------------------------===//

/// Describes a chain up to the values that it reads and its parameters.
std::string Grouping::signatureOf(const Chain &chain) {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto describeRead = [&](Value value) {
    os << value.getType() << " of ";
    while (isView(value.getDefiningOp())) {
      os << value.getDefiningOp()->getName() << " ";
      value = value.getDefiningOp()->getOperand(0);
    }
    if (auto splat = value.getDefiningOp<SplatOp>())
      os << splat.getValueAttr();
    else if (value.getDefiningOp<BroadcastOp>())
      os << "parameter";
    else
      os << "value";
    os << " " << value.getType();
  };
  for (Operation *op : chain) {
    os << op->getName() << "(";
    for (Value operand : op->getOperands()) {
      const auto *member = llvm::find(chain, operand.getDefiningOp());
      if (member != chain.end())
        os << "#" << member - chain.begin();
      else
        describeRead(operand);
      os << ",";
    }
    os << ")";
    // Parameters of equal shapes may differ, and so may fields: they are but
    // offsets. What is read through different columns of buffers may not.
    if (auto gather = dyn_cast<GatherOp>(op))
      os << gather.getState();
    else if (auto recall = dyn_cast<RecallOp>(op))
      os << recall.getTableAttr();
    else if (auto product = dyn_cast<ProductOp>(op))
      os << product.getVectors().size();
    else if (!isa<ScatterOp>(op))
      os << op->getAttrDictionary();
    for (Type type : op->getResultTypes())
      os << " -> " << type;
  }
  return text;
}

core::Graph Grouping::graphOf(const std::vector<uint32_t> &types,
                              uint32_t numTypes) {
  core::Graph graph(numTypes);
  DenseMap<unsigned, uint32_t> nodeOf;
  for (auto [number, chain] : llvm::enumerate(chains)) {
    if (chain.empty())
      continue;
    SmallVector<uint32_t> operands;
    for (Operation *op : chain)
      for (Value operand : op->getOperands()) {
        auto producer = chainOf.find(behindViews(operand).getDefiningOp());
        if (producer != chainOf.end() && producer->second != number)
          operands.push_back(nodeOf.lookup(producer->second));
      }
    nodeOf[number] = graph.add(types[number], operands.data(), operands.size());
  }
  return graph;
}

//===----------------------------------------------------------------------===//
// The order of groups
//===----------------------------------------------------------------------===//

SiblingGroups Grouping::group() {
  llvm::StringMap<uint32_t> numbers;
  std::vector<uint32_t> types(chains.size());
  SmallVector<unsigned> chainOfNode;
  for (auto [number, chain] : llvm::enumerate(chains))
    if (!chain.empty()) {
      types[number] =
          numbers.insert({signatureOf(chain), numbers.size()}).first->second;
      chainOfNode.push_back(number);
    }
  core::Graph graph = graphOf(types, numbers.size());

  // A proof costs at most some milliseconds, and the beam of large cells is
  // narrower, so that thousands of operations take no longer than a second.
  bool isSmall = graph.numNodes() <= 100;
  SearchOptions options;
  options.beamWidth = isSmall ? 64 : 4;
  options.maxProofStates = isSmall ? 2000 : 0;
  core::Frontier frontier;
  frontier.reset(graph);
  SiblingGroups groups;
  for (uint32_t type : searchSchedule(graph, options).steps) {
    core::Batch batch = frontier.step(type);
    // In the order of the program, for the sake of readers.
    core::NodeSpan span = frontier.schedule().nodesOf(batch);
    SmallVector<uint32_t> nodes(span.begin(), span.end());
    llvm::sort(nodes);
    for (uint32_t node : nodes)
      for (Operation *op : chains[chainOfNode[node]])
        groups.groupOf[op] = groups.numSiblings.size();
    groups.numSiblings.push_back(batch.count);
  }
  return groups;
}

SiblingGroups
edbc::batch::groupSiblings(KernelOp kernel,
                           function_ref<bool(Operation *)> isFree) {
  return Grouping(kernel, isFree).group();
}
