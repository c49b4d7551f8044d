//===- MergeProducts.cpp - one accumulator for sums of products -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace edbc {
#define GEN_PASS_DEF_MERGEPRODUCTS
#include "passes/Passes.h.inc"
} // namespace edbc

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

/// Whether a product can be a part of another one.
static bool isMergeable(ProductOp product) {
  return product && product->hasOneUse() && !product.getInitial();
}

/// The addition that alone uses the value, if that is so.
static arith::AddFOp onlyAddition(Value value) {
  return value.hasOneUse() ? dyn_cast<arith::AddFOp>(*value.user_begin())
                           : arith::AddFOp();
}

/// What a tree of additions adds, from left to right, and the additions, each
/// before those that it uses.
static void flatten(arith::AddFOp root, SmallVectorImpl<Value> &addends,
                    SmallVectorImpl<arith::AddFOp> &additions) {
  SmallVector<Value> open = {root.getResult()};
  while (!open.empty()) {
    Value value = open.pop_back_val();
    auto add = value.getDefiningOp<arith::AddFOp>();
    if (!add || (add != root && !value.hasOneUse())) {
      addends.push_back(value);
      continue;
    }
    additions.push_back(add);
    open.push_back(add.getRhs());
    open.push_back(add.getLhs());
  }
}

/// Makes one product of those that a tree of additions adds. The other addends
/// are added to it in their order.
static void mergeProducts(arith::AddFOp root) {
  SmallVector<Value> addends;
  SmallVector<arith::AddFOp> additions;
  flatten(root, addends, additions);
  SmallVector<ProductOp> products;
  for (Value addend : addends)
    if (auto product = addend.getDefiningOp<ProductOp>(); isMergeable(product))
      products.push_back(product);
  if (products.size() < 2)
    return;

  OpBuilder builder(root);
  Factors factors;
  for (ProductOp product : products)
    factors.take(product, [](Value) { return true; });
  Location loc = root.getLoc();
  Value sum = factors.create(builder, loc, root.getType(), /*initial=*/Value());
  for (Value addend : addends)
    if (!isMergeable(addend.getDefiningOp<ProductOp>()))
      sum = arith::AddFOp::create(builder, loc, sum, addend);
  root.getResult().replaceAllUsesWith(sum);
  for (arith::AddFOp add : additions)
    add.erase();
  for (ProductOp product : products)
    product.erase();
}

namespace {
struct MergeProductsPass : edbc::impl::MergeProductsBase<MergeProductsPass> {
  void runOnOperation() override {
    SmallVector<arith::AddFOp> roots;
    getOperation()->walk([&](arith::AddFOp add) {
      if (!onlyAddition(add.getResult()))
        roots.push_back(add);
    });
    llvm::for_each(roots, mergeProducts);
  }
};
} // namespace
