//===- FormPhases.cpp - kernels are divided into phases ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace edbc {
#define GEN_PASS_DEF_FORMPHASES
#include "passes/Passes.h.inc"
} // namespace edbc

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

/// Operations that need nothing computed: each phase has copies of its own.
static bool isSource(Operation *op) {
  return readsMemory(op) || isa<SplatOp>(op);
}

namespace {
/// product(a) + product(b) -> product(a, b): one accumulator instead of two.
struct MergeSummedProducts : OpRewritePattern<arith::AddFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::AddFOp add,
                                PatternRewriter &rewriter) const override {
    auto left = add.getLhs().getDefiningOp<ProductOp>();
    auto right = add.getRhs().getDefiningOp<ProductOp>();
    if (!left || !right || !left->hasOneUse() || !right->hasOneUse())
      return rewriter.notifyMatchFailure(
          add, "not a sum of two products that are used once");
    SmallVector<Value> vectors(left.getVectors());
    llvm::append_range(vectors, right.getVectors());
    SmallVector<Attribute> terms(left.getTerms().getValue());
    llvm::append_range(terms, right.getTerms());
    rewriter.replaceOpWithNewOp<ProductOp>(add, add.getType(), vectors,
                                           rewriter.getArrayAttr(terms));
    return success();
  }
};

/// A phase is identified by how many phases must precede it, and its width.
using PhaseKey = std::pair<unsigned, int64_t>;

struct FormPhasesPass : edbc::impl::FormPhasesBase<FormPhasesPass> {
  void runOnOperation() override;

private:
  /// Assigns a phase to every operation that isn't a source. Reports and fails
  /// if there is one that no phase can compute.
  LogicalResult assign(KernelOp kernel);
  /// Moves the operations into the phases.
  void build(KernelOp kernel);

  llvm::MapVector<Operation *, PhaseKey> keys;
};
} // namespace

static int64_t widthOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getDimSize(1);
}

/// Whether a phase can compute an operation that isn't a source.
static bool isComputable(Operation *op) {
  if (isa<ProductOp, ScatterOp>(op))
    return true;
  return OpTrait::hasElementwiseMappableTraits(op) &&
         llvm::all_of(op->getResultTypes(), isBatchTensor);
}

LogicalResult FormPhasesPass::assign(KernelOp kernel) {
  keys.clear();
  auto levelOf = [&](Value value) {
    auto it = keys.find(value.getDefiningOp());
    return it == keys.end() ? 0 : it->second.first;
  };
  for (Operation &op : kernel.getBodyBlock().without_terminator()) {
    if (isSource(&op))
      continue;
    if (!isComputable(&op))
      return op.emitOpError(
          "can't be computed in a phase: it isn't elementwise "
          "on rows of f32");
    unsigned level = 0;
    for (Value operand : op.getOperands()) {
      if (!isa<ProductOp>(op))
        level = std::max(level, levelOf(operand));
      else if (!readsMemory(operand.getDefiningOp()))
        level = std::max(level, levelOf(operand) + 1);
    }
    Value sized = op.getNumResults() ? op.getResult(0) : op.getOperand(0);
    keys[&op] = {level, widthOf(sized)};
  }
  // A constant is multiplied like a computed value: an earlier phase writes it
  // into the workspace.
  for (Operation &op : kernel.getBodyBlock().without_terminator())
    if (isa<SplatOp>(op) && llvm::any_of(op.getUsers(), [](Operation *user) {
          return isa<ProductOp>(user);
        }))
      keys[&op] = {0, widthOf(op.getResult(0))};
  return success();
}

void FormPhasesPass::build(KernelOp kernel) {
  // By level; within one, in order of first need.
  SmallVector<PhaseKey> order;
  for (auto &[op, key] : keys)
    if (!llvm::is_contained(order, key))
      order.insert(llvm::upper_bound(order, key,
                                     [](const PhaseKey &a, const PhaseKey &b) {
                                       return a.first < b.first;
                                     }),
                   key);

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
    auto phase = PhaseOp::create(builder, members.front()->getLoc(), keptTypes,
                                 key.second, FlatSymbolRefAttr(), IntegerAttr(),
                                 DenseI64ArrayAttr());
    Block *body = builder.createBlock(&phase.getBody());

    DenseMap<Operation *, Operation *> copies;
    for (Operation *op : members) {
      op->moveBefore(body, body->end());
      for (OpOperand &operand : op->getOpOperands()) {
        Operation *source = operand.get().getDefiningOp();
        if (!source || inside.contains(source) || !isSource(source) ||
            keys.contains(source))
          continue;
        Operation *&copy = copies[source];
        if (!copy) {
          copy = source->clone();
          body->getOperations().insert(op->getIterator(), copy);
        }
        operand.set(copy->getResult(0));
      }
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
  patterns.add<MergeSummedProducts>(&getContext());
  if (failed(applyPatternsGreedily(kernel, std::move(patterns))))
    return signalPassFailure();
  if (failed(assign(kernel)))
    return signalPassFailure();
  build(kernel);
}
