//===- SiblingColumns.cpp - columns of siblings are contiguous --*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/PlanMemory/SiblingColumns.h"

#include "passes/PlanMemory/LayoutSolver.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

namespace {

/// A phase of siblings as an operation of the problem.
struct SiblingPhase {
  PhaseOp phase;
  /// By column and sibling: where it is read.
  SmallVector<SmallVector<OpOperand *>> reads;
};

class ColumnPlanner {
public:
  ColumnPlanner(KernelOp kernel, Planning planning)
      : kernel(kernel), planning(planning) {}

  SmallVector<ValueRun> plan();

private:
  void collectVariables();
  void collectColumns(PhaseOp phase);
  uint32_t variableOf(ArrayRef<OpOperand *> column, Value read);
  uint32_t addVariable(Value value, uint32_t region);
  LayoutPlan solve() const;
  void orderSiblings(SiblingPhase &siblings, ArrayRef<uint32_t> order);
  void copyColumns(SiblingPhase &siblings, ArrayRef<ColumnState> states);
  PhaseOp createCopy(OpBuilder &builder, ValueRange values);
  void replaceVariable(Value by, Value of);
  SmallVector<ValueRun> collectRuns(const LayoutPlan &plan);

  KernelOp kernel;
  Planning planning;
  LayoutProblem problem;
  SmallVector<SiblingPhase> operations;
  /// By variable: the kept value; null for those outside.
  SmallVector<Value> values;
  DenseMap<Value, uint32_t> variables;
  /// Copies, and results that are copied to their places.
  SmallVector<ValueRun> copied;
};

} // namespace

//===----------------------------------------------------------------------===//
// From phases to a problem
//===----------------------------------------------------------------------===//

static Value behindViews(Value value) {
  while (isView(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

/// Whether a view in a chain of them begins within a row.
static bool isSliced(Value value) {
  for (; isView(value.getDefiningOp());
       value = value.getDefiningOp()->getOperand(0))
    if (isa<SliceOp>(value.getDefiningOp()))
      return true;
  return false;
}

/// What a sibling reads from a workspace, in a fixed order.
/// @param root what it computes.
static void collectReads(PhaseOp phase, Value root,
                         SmallVectorImpl<OpOperand *> &reads) {
  for (OpOperand &operand : root.getDefiningOp()->getOpOperands()) {
    Value source = behindViews(operand.get());
    Operation *op = source.getDefiningOp();
    if (isa_and_nonnull<PhaseOp>(op))
      reads.push_back(&operand);
    else if (op && !isa<BroadcastOp, SplatOp>(op) && op->getParentOp() == phase)
      collectReads(phase, source, reads);
  }
}

uint32_t ColumnPlanner::addVariable(Value value, uint32_t region) {
  uint32_t number = values.size();
  LayoutProblem::Variable variable;
  variable.name = std::to_string(number);
  variable.size =
      paddedWidth(widthOf(value.getType())) * columnsOf(value.getType());
  variable.region = region;
  problem.variables.push_back(variable);
  bool isOutside = region == LayoutProblem::outside;
  values.push_back(isOutside ? Value() : value);
  return number;
}

void ColumnPlanner::collectVariables() {
  // The workspace of nodes, and those of elements by operand.
  problem.numRegions = 1 + kernel.getBodyBlock().getNumArguments();
  problem.alignment = lanes;
  problem.allowsBroadcasts = planning == Planning::Full;
  problem.allowsStrides = planning == Planning::Full;
  for (auto phase : kernel.getOps<PhaseOp>()) {
    std::optional<int64_t> elements = phase.getElements();
    for (Value value : phase.getKept())
      variables[value] = addVariable(value, elements ? *elements + 1 : 0);
  }
}

/// Slices of one value lie apart as the value has it and not as we like; they
/// are variables of their own, outside, unless all siblings read the same one.
uint32_t ColumnPlanner::variableOf(ArrayRef<OpOperand *> column, Value read) {
  bool isSame = llvm::all_of(
      column, [&](OpOperand *operand) { return operand->get() == read; });
  if (isSliced(read) && !isSame)
    return addVariable(read, LayoutProblem::outside);
  return variables.lookup(behindViews(read));
}

void ColumnPlanner::collectColumns(PhaseOp phase) {
  SiblingPhase siblings{phase, {}};
  LayoutProblem::Operation operation;
  for (auto [number, result] : llvm::enumerate(phase.getYield().getKept())) {
    SmallVector<OpOperand *> reads;
    collectReads(phase, result, reads);
    siblings.reads.resize(reads.size());
    for (auto [column, read] : llvm::zip(siblings.reads, reads))
      column.push_back(read);
    operation.result.push_back(variables.lookup(phase.getResult(number)));
  }
  for (ArrayRef<OpOperand *> column : siblings.reads) {
    LayoutProblem::Column numbers;
    for (OpOperand *read : column)
      numbers.push_back(variableOf(column, read->get()));
    operation.operands.push_back(std::move(numbers));
  }
  problem.operations.push_back(std::move(operation));
  operations.push_back(std::move(siblings));
}

LayoutPlan ColumnPlanner::solve() const {
  switch (planning) {
  case Planning::Full:
    return planLayout(problem);
  case Planning::Paper:
    return planLayout(problem, ColumnOrder::AsListed);
  case Planning::Off:
    break;
  }
  std::vector<uint32_t> order;
  for (uint32_t number = 0; number < problem.variables.size(); ++number)
    order.push_back(number);
  return judgeLayout(problem, layOutInOrder(problem, order));
}

//===----------------------------------------------------------------------===//
// From the plan to phases
//===----------------------------------------------------------------------===//

/// The variable that was `of` is `by` from here on.
void ColumnPlanner::replaceVariable(Value by, Value of) {
  auto found = variables.find(of);
  if (found == variables.end())
    return;
  values[found->second] = by;
}

void ColumnPlanner::orderSiblings(SiblingPhase &siblings,
                                  ArrayRef<uint32_t> order) {
  PhaseOp phase = siblings.phase;
  SmallVector<Value> kept(phase.getYield().getKept());
  SmallVector<SmallVector<OpOperand *>> uses;
  for (Value result : phase.getKept()) {
    uses.emplace_back();
    for (OpOperand &use : result.getUses())
      uses.back().push_back(&use);
  }
  SmallVector<uint32_t> numbers;
  for (Value result : phase.getKept())
    numbers.push_back(variables.lookup(result));
  for (auto [place, sibling] : llvm::enumerate(order)) {
    Value result = phase.getResult(place);
    phase.getYield().getKeptMutable()[place].set(kept[sibling]);
    for (OpOperand *use : uses[sibling])
      use->set(result);
    values[numbers[sibling]] = result;
    variables[result] = numbers[sibling];
  }
  for (SmallVector<OpOperand *> &column : siblings.reads) {
    SmallVector<OpOperand *> before = column;
    for (auto [place, sibling] : llvm::enumerate(order))
      column[place] = before[sibling];
  }
}

/// A phase that keeps copies of values, which may be views.
PhaseOp ColumnPlanner::createCopy(OpBuilder &builder, ValueRange toCopy) {
  Type type = toCopy.front().getType();
  std::optional<int64_t> elements = elementsOf(type);
  auto phase = PhaseOp::create(
      builder, kernel.getLoc(), TypeRange(toCopy), widthOf(type),
      columnsOf(type),
      elements ? builder.getI64IntegerAttr(*elements) : IntegerAttr(),
      builder.getI64IntegerAttr(toCopy.size()), FlatSymbolRefAttr(),
      IntegerAttr(), DenseI64ArrayAttr(), ArrayAttr());
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&phase.getBody());
  IRMapping copies;
  for (Value value : toCopy) {
    SmallVector<Operation *> views;
    for (Value v = value; isView(v.getDefiningOp());
         v = v.getDefiningOp()->getOperand(0))
      views.push_back(v.getDefiningOp());
    for (Operation *view : llvm::reverse(views))
      if (!copies.contains(view->getResult(0)))
        builder.clone(*view, copies);
  }
  SmallVector<Value> yielded;
  for (Value value : toCopy)
    yielded.push_back(copies.lookupOrDefault(value));
  YieldOp::create(builder, kernel.getLoc(), yielded);
  copied.emplace_back(phase.getKept());
  return phase;
}

void ColumnPlanner::copyColumns(SiblingPhase &siblings,
                                ArrayRef<ColumnState> states) {
  PhaseOp phase = siblings.phase;
  OpBuilder builder(phase);
  for (auto [column, state] : llvm::zip(siblings.reads, states)) {
    if (state == ColumnState::InPlace)
      continue;
    SmallVector<Value> read;
    for (OpOperand *operand : column)
      read.push_back(operand->get());
    PhaseOp copy = createCopy(builder, read);
    for (auto [operand, value] : llvm::zip(column, copy.getKept()))
      operand->set(value);
  }
  // Views that nobody reads any more.
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(phase.getBodyBlock())))
    if (isView(&op) && op.use_empty())
      op.erase();
  if (states.back() == ColumnState::InPlace)
    return;
  builder.setInsertionPointAfter(phase);
  copied.emplace_back(phase.getKept());
  PhaseOp copy = createCopy(builder, phase.getKept());
  // What was copied is the variable, and has a place already.
  copied.pop_back();
  for (auto [result, value] : llvm::zip(phase.getKept(), copy.getKept())) {
    result.replaceAllUsesExcept(value, copy.getYield());
    replaceVariable(value, result);
  }
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

/// Variables that some contiguous column ties to each other; each run in the
/// order of the layout.
SmallVector<ValueRun> ColumnPlanner::collectRuns(const LayoutPlan &plan) {
  llvm::EquivalenceClasses<uint32_t> tied;
  for (auto [op, operation] : llvm::enumerate(problem.operations))
    for (uint32_t c = 0; c < operation.numColumns(); ++c) {
      const LayoutProblem::Column &column = operation.getColumn(c);
      if (plan.layout.isContiguous(problem, op, c))
        for (uint32_t variable : column)
          tied.unionSets(column.front(), variable);
    }
  llvm::MapVector<uint32_t, SmallVector<uint32_t>> runs;
  for (uint32_t number = 0; number < values.size(); ++number)
    if (values[number]) {
      auto member = tied.findLeader(number);
      runs[member == tied.member_end() ? number : *member].push_back(number);
    }
  SmallVector<ValueRun> result;
  for (auto &[leader, run] : runs) {
    llvm::sort(run, [&](uint32_t a, uint32_t b) {
      return plan.layout.offsets[a] < plan.layout.offsets[b];
    });
    ValueRun &inOrder = result.emplace_back();
    for (uint32_t number : run)
      inOrder.push_back(values[number]);
  }
  llvm::append_range(result, copied);
  return result;
}

SmallVector<ValueRun> ColumnPlanner::plan() {
  collectVariables();
  for (auto phase : kernel.getOps<PhaseOp>())
    if (phase.getSiblings() && *phase.getSiblings() > 1 && !phase.onlyMoves())
      collectColumns(phase);
  LayoutPlan plan = solve();
  OpBuilder builder(kernel.getContext());
  for (auto [op, siblings] : llvm::enumerate(operations)) {
    orderSiblings(siblings, plan.layout.rowOrders[op]);
    SmallVector<Attribute> placed;
    for (ColumnState state : plan.states[op])
      placed.push_back(PlacementAttr::get(kernel.getContext(),
                                          static_cast<Placement>(state)));
    siblings.phase.setPlacedAttr(builder.getArrayAttr(placed));
    copyColumns(siblings, plan.states[op]);
  }
  return collectRuns(plan);
}

SmallVector<ValueRun> edbc::batch::planColumns(KernelOp kernel,
                                               Planning planning) {
  return ColumnPlanner(kernel, planning).plan();
}
