//===- FormPhases.cpp - kernels are divided into phases ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "passes/FormPhases/Siblings.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#include <limits>

namespace edbc {
#define GEN_PASS_DEF_FORMPHASES
#include "passes/Passes.h.inc"
} // namespace edbc

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

namespace {
/// A view of a constant is a constant.
struct FoldViewOfSplat : RewritePattern {
  explicit FoldViewOfSplat(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isView(op) && !isa<SpreadOp>(op))
      return rewriter.notifyMatchFailure(op, "no view");
    auto splat = op->getOperand(0).getDefiningOp<SplatOp>();
    if (!splat)
      return rewriter.notifyMatchFailure(op, "no view of a constant");
    rewriter.replaceOpWithNewOp<SplatOp>(op, op->getResult(0).getType(),
                                         splat.getValueAttr());
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Which phase computes what
//===----------------------------------------------------------------------===//

/// What identifies a phase.
struct PhaseKey {
  unsigned level; ///< how many phases must precede it
  int64_t width;
  int64_t columns;
  std::optional<int64_t> over;

  static PhaseKey of(unsigned level, Type type) {
    return {level, widthOf(type), columnsOf(type), elementsOf(type)};
  }
  bool operator==(const PhaseKey &other) const {
    return level == other.level && width == other.width &&
           columns == other.columns && over == other.over;
  }
};

struct FormPhasesPass : edbc::impl::FormPhasesBase<FormPhasesPass> {
  using FormPhasesBase::FormPhasesBase;

  LogicalResult initialize(MLIRContext *context) override;
  void runOnOperation() override;

private:
  bool isFused() const { return fuse == "all"; }
  /// Operations that need nothing computed: each phase has copies of its own.
  bool isSource(Operation *op) const;
  LogicalResult checkComputable(KernelOp kernel) const;
  /// Assigns the first possible phase to every operation that isn't a source.
  void assign(KernelOp kernel);
  /// Assigns a phase to each group of siblings.
  void assignSiblings(KernelOp kernel);
  /// Moves operations to the later phases where their results are used, so that
  /// these needn't be kept.
  void sink(KernelOp kernel);
  unsigned latestLevel(Operation *op);
  /// The first level at which a phase can read `value` at the element that it
  /// computes, or anywhere.
  unsigned levelOf(Value value);
  unsigned levelInMemory(Value value);
  /// Moves the operations into the phases.
  void build(KernelOp kernel);
  void copySources(Operation *user, DenseMap<Operation *, Operation *> &copies);

  llvm::MapVector<Operation *, PhaseKey> keys;
  /// By level, where phases are of siblings.
  SmallVector<unsigned> numSiblings;
};
} // namespace

LogicalResult FormPhasesPass::initialize(MLIRContext *context) {
  if (fuse == "all" || fuse == "none")
    return success();
  return emitError(UnknownLoc::get(context))
         << "batch-form-phases: can't fuse '" << fuse << "'; all or none";
}

bool FormPhasesPass::isSource(Operation *op) const {
  bool reads = isFused() ? readsMemory(op) : isa_and_nonnull<BroadcastOp>(op);
  return reads || isView(op) || isa_and_nonnull<SplatOp>(op);
}

/// A constant that must be in memory is like a computed value: an early phase
/// writes it into a workspace.
static bool isKeptConstant(Operation *op) {
  return isa<SplatOp>(op) && llvm::any_of(op->getUsers(), readsWholeRows);
}

/// Whether a phase can compute an operation that isn't a source.
static bool isComputable(Operation *op) {
  if (readsMemory(op) || readsWholeRows(op) || isa<ScatterOp>(op))
    return true;
  return OpTrait::hasElementwiseMappableTraits(op) &&
         llvm::all_of(op->getResultTypes(), isBatchTensor);
}

unsigned FormPhasesPass::levelOf(Value value) {
  Operation *op = value.getDefiningOp();
  if (isView(op))
    return levelInMemory(value);
  auto it = keys.find(op);
  return it == keys.end() ? 0 : it->second.level;
}

unsigned FormPhasesPass::levelInMemory(Value value) {
  Operation *op = value.getDefiningOp();
  while (isView(op))
    op = op->getOperand(0).getDefiningOp();
  auto it = keys.find(op);
  return it == keys.end() ? 0 : it->second.level + 1;
}

LogicalResult FormPhasesPass::checkComputable(KernelOp kernel) const {
  for (Operation &op : kernel.getBodyBlock().without_terminator())
    if (!isSource(&op) && !isComputable(&op))
      return op.emitOpError(
          "can't be computed in a phase: it isn't elementwise "
          "on rows of f32");
  return success();
}

/// The type of what an operation computes or stores.
static Type typeOf(Operation *op) {
  Value sized = op->getNumResults() ? op->getResult(0) : op->getOperand(0);
  return sized.getType();
}

void FormPhasesPass::assign(KernelOp kernel) {
  for (Operation &op : kernel.getBodyBlock().without_terminator()) {
    if (isKeptConstant(&op))
      keys.insert({&op, PhaseKey::of(0, typeOf(&op))});
    if (isSource(&op))
      continue;
    unsigned level = 0;
    for (Value operand : op.getOperands())
      level = std::max(level, readsWholeRows(&op) ? levelInMemory(operand)
                                                  : levelOf(operand));
    keys.insert({&op, PhaseKey::of(level, typeOf(&op))});
  }
}

void FormPhasesPass::assignSiblings(KernelOp kernel) {
  SiblingGroups groups = groupSiblings(kernel, [this](Operation *op) {
    return isSource(op) && !isKeptConstant(op);
  });
  for (auto [op, group] : groups.groupOf)
    keys.insert({op, PhaseKey::of(group, typeOf(op))});
  numSiblings = std::move(groups.numSiblings);
}

/// The level of the phase in which all uses of an operation's result are, or
/// the last one before; that of the operation if there is no reason to leave
/// it.
unsigned FormPhasesPass::latestLevel(Operation *op) {
  unsigned level = keys.find(op)->second.level;
  constexpr unsigned unlimited = std::numeric_limits<unsigned>::max();
  unsigned inPhase = unlimited, inMemory = unlimited;
  SmallVector<Operation *> uses(op->getUsers());
  for (size_t i = 0; i < uses.size(); ++i) {
    Operation *use = uses[i];
    if (isView(use)) {
      // Whoever reads the view reads it from memory.
      for (Operation *user : use->getUsers())
        if (auto it = keys.find(user); it != keys.end())
          inMemory = std::min(inMemory, it->second.level - 1);
        else
          uses.push_back(user);
    } else if (readsWholeRows(use)) {
      inMemory = std::min(inMemory, keys.find(use)->second.level - 1);
    } else if (!isa<ScatterOp>(use)) {
      inPhase = std::min(inPhase, keys.find(use)->second.level);
    }
  }
  bool meetsUser = inPhase != unlimited && inPhase <= inMemory;
  return meetsUser ? std::max(level, inPhase) : level;
}

void FormPhasesPass::sink(KernelOp kernel) {
  for (Operation &op :
       llvm::reverse(kernel.getBodyBlock().without_terminator()))
    if (keys.contains(&op) && !isa<ScatterOp>(op))
      keys.find(&op)->second.level = latestLevel(&op);
  // A field is stored where it is computed.
  for (Operation &op : kernel.getBodyBlock().without_terminator())
    if (auto scatter = dyn_cast<ScatterOp>(op))
      keys.find(&op)->second.level = levelOf(scatter.getValue());
}

//===----------------------------------------------------------------------===//
// Building the phases
//===----------------------------------------------------------------------===//

/// Lets `user`, which stands in a phase, read copies of the sources outside.
/// @param copies those that the phase has already.
void FormPhasesPass::copySources(Operation *user,
                                 DenseMap<Operation *, Operation *> &copies) {
  for (OpOperand &operand : user->getOpOperands()) {
    Operation *source = operand.get().getDefiningOp();
    if (!isSource(source) || source->getBlock() == user->getBlock() ||
        keys.contains(source))
      continue;
    Operation *copy = copies.lookup(source);
    if (!copy) {
      copy = source->clone();
      user->getBlock()->getOperations().insert(user->getIterator(), copy);
      copySources(copy, copies);
      copies[source] = copy;
    }
    operand.set(copy->getResult(0));
  }
}

void FormPhasesPass::build(KernelOp kernel) {
  // By level; within one, matrices first, since who computes them has time to
  // fetch what the others read as well; then in order of first need.
  auto isBefore = [](const PhaseKey &a, const PhaseKey &b) {
    return std::pair(a.level, -a.columns) < std::pair(b.level, -b.columns);
  };
  SmallVector<PhaseKey> order;
  for (auto &[op, key] : keys)
    if (!llvm::is_contained(order, key))
      order.insert(llvm::upper_bound(order, key, isBefore), key);

  Operation *end = kernel.getBodyBlock().getTerminator();
  for (const PhaseKey &key : order) {
    SmallVector<Operation *> members;
    for (Operation &op : kernel.getBodyBlock().without_terminator())
      if (auto it = keys.find(&op); it != keys.end() && it->second == key)
        members.push_back(&op);
    llvm::SmallPtrSet<Operation *, 16> inside(members.begin(), members.end());

    llvm::SetVector<Value> kept;
    for (Operation *op : members)
      for (Value result : op->getResults())
        for (Operation *user : result.getUsers())
          if (!inside.contains(user))
            kept.insert(result);

    OpBuilder builder(end);
    SmallVector<Type> keptTypes;
    for (Value value : kept)
      keptTypes.push_back(value.getType());
    auto phase = PhaseOp::create(
        builder, members.front()->getLoc(), keptTypes, key.width, key.columns,
        key.over ? builder.getI64IntegerAttr(*key.over) : IntegerAttr(),
        /*siblings=*/IntegerAttr(), FlatSymbolRefAttr(), IntegerAttr(),
        DenseI64ArrayAttr(), ArrayAttr());
    if (!isFused())
      phase.setSiblings(numSiblings[key.level]);
    Block *body = builder.createBlock(&phase.getBody());

    DenseMap<Operation *, Operation *> copies;
    for (Operation *op : members) {
      op->moveBefore(body, body->end());
      copySources(op, copies);
    }
    builder.setInsertionPointToEnd(body);
    YieldOp::create(builder, phase.getLoc(), kept.getArrayRef());
    for (auto [index, result] : llvm::enumerate(phase.getKept())) {
      Value value = kept[index];
      value.replaceUsesWithIf(result, [&](OpOperand &use) {
        return !phase->isAncestor(use.getOwner());
      });
    }
  }
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(kernel.getBodyBlock())))
    if (isSource(&op) && op.use_empty())
      op.erase();
}

void FormPhasesPass::runOnOperation() {
  KernelOp kernel = getOperation();
  if (!kernel.getOps<PhaseOp>().empty())
    return;
  RewritePatternSet patterns(&getContext());
  patterns.add<FoldViewOfSplat>(&getContext());
  if (failed(applyPatternsGreedily(kernel, std::move(patterns))))
    return signalPassFailure();
  if (failed(checkComputable(kernel)))
    return signalPassFailure();
  keys.clear();
  if (isFused()) {
    assign(kernel);
    sink(kernel);
  } else {
    assignSiblings(kernel);
  }
  build(kernel);
}
