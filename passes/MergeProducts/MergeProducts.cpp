//===- MergeProducts.cpp - one accumulator for sums of products -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace edbc {
#define GEN_PASS_DEF_MERGEPRODUCTS
#include "passes/Passes.h.inc"
} // namespace edbc

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

/// One product instead of the sum of two, or null if one of them is needed
/// elsewhere.
static Value mergeProducts(Value a, Value b, Location loc,
                           PatternRewriter &rewriter) {
  auto left = a.getDefiningOp<ProductOp>();
  auto right = b.getDefiningOp<ProductOp>();
  if (!left || !right || !left->hasOneUse() || !right->hasOneUse() ||
      left.getInitial() || right.getInitial())
    return {};
  SmallVector<Value> vectors(left.getVectors());
  llvm::append_range(vectors, right.getVectors());
  SmallVector<Attribute> terms(left.getTerms().getValue());
  llvm::append_range(terms, right.getTerms());
  return ProductOp::create(rewriter, loc, a.getType(), vectors,
                           /*initial=*/Value(), rewriter.getArrayAttr(terms));
}

namespace {
/// product(a) + product(b) -> product(a, b): one accumulator instead of two.
struct MergeSummedProducts : OpRewritePattern<arith::AddFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::AddFOp add,
                                PatternRewriter &rewriter) const override {
    Value merged =
        mergeProducts(add.getLhs(), add.getRhs(), add.getLoc(), rewriter);
    if (!merged)
      return rewriter.notifyMatchFailure(
          add, "not a sum of two products that are used once");
    rewriter.replaceOp(add, merged);
    return success();
  }
};

/// (product(a) + x) + product(b) -> product(a, b) + x
struct MergeProductsAroundAddend : OpRewritePattern<arith::AddFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::AddFOp add,
                                PatternRewriter &rewriter) const override {
    auto inner = add.getLhs().getDefiningOp<arith::AddFOp>();
    if (!inner || !inner->hasOneUse())
      return rewriter.notifyMatchFailure(add, "not a sum of three");
    for (bool isLeft : {true, false}) {
      Value product = isLeft ? inner.getLhs() : inner.getRhs();
      Value addend = isLeft ? inner.getRhs() : inner.getLhs();
      if (Value merged =
              mergeProducts(product, add.getRhs(), add.getLoc(), rewriter)) {
        rewriter.replaceOpWithNewOp<arith::AddFOp>(add, merged, addend);
        return success();
      }
    }
    return rewriter.notifyMatchFailure(add, "not two products and an addend");
  }
};

struct MergeProductsPass : edbc::impl::MergeProductsBase<MergeProductsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<MergeSummedProducts, MergeProductsAroundAddend>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
