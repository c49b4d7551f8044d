//===- HoistProducts.cpp - products ahead of a recurrence -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/BitVector.h"

namespace edbc {
#define GEN_PASS_DEF_HOISTPRODUCTS
#include "passes/Passes.h.inc"
} // namespace edbc

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

namespace {
/// Which fields of a kernel's state depend on which: the recurrence that chains
/// of its nodes are.
class Recurrence {
public:
  explicit Recurrence(KernelOp kernel);

  /// Whether `operand`, which `product` multiplies, is known in all nodes of a
  /// chain before the product is in any.
  bool isAhead(Value operand, ProductOp product) const;

private:
  using Fields = llvm::BitVector;

  Fields none() const { return Fields(numFields); }
  void addFieldsRead(KernelOp kernel, StateOp state);
  void addFieldsFed(KernelOp kernel, StateOp state);
  /// All fields of earlier nodes on which these depend, and themselves.
  Fields closure(Fields fields) const;

  unsigned numFields;
  /// Of earlier nodes, that a value depends on in its node.
  DenseMap<Value, Fields> read;
  /// Of the node itself, that depend on a value.
  DenseMap<Value, Fields> fed;
  /// By field: those of earlier nodes that it depends on.
  SmallVector<Fields> needed;
};

struct HoistProductsPass : edbc::impl::HoistProductsBase<HoistProductsPass> {
  using HoistProductsBase::HoistProductsBase;
  LogicalResult initialize(MLIRContext *context) override;
  void runOnOperation() override;

private:
  bool pays(KernelOp kernel, const Recurrence &recurrence) const;
};
} // namespace

Recurrence::Recurrence(KernelOp kernel) {
  auto state = SymbolTable::lookupNearestSymbolFrom<StateOp>(
      kernel, kernel.getStateAttr());
  numFields = state.getNumFields();
  needed.assign(numFields, none());
  addFieldsRead(kernel, state);
  addFieldsFed(kernel, state);
}

void Recurrence::addFieldsRead(KernelOp kernel, StateOp state) {
  for (Operation &op : kernel.getBodyBlock().without_terminator()) {
    Fields fields = none();
    for (Value operand : op.getOperands())
      if (auto it = read.find(operand); it != read.end())
        fields |= it->second;
    if (auto gather = dyn_cast<GatherOp>(op);
        gather && gather.getState() == kernel.getStateAttr())
      fields.set(*state.findField(gather.getField()));
    if (auto scatter = dyn_cast<ScatterOp>(op))
      needed[*state.findField(scatter.getField())] |= fields;
    for (Value result : op.getResults())
      read[result] = fields;
  }
}

void Recurrence::addFieldsFed(KernelOp kernel, StateOp state) {
  for (Operation &op :
       llvm::reverse(kernel.getBodyBlock().without_terminator())) {
    Fields fields = none();
    if (auto scatter = dyn_cast<ScatterOp>(op))
      fields.set(*state.findField(scatter.getField()));
    for (Value result : op.getResults())
      if (auto it = fed.find(result); it != fed.end())
        fields |= it->second;
    for (Value operand : op.getOperands())
      fed.try_emplace(operand, none()).first->second |= fields;
  }
}

Recurrence::Fields Recurrence::closure(Fields fields) const {
  Fields all = fields;
  do {
    fields = all;
    for (unsigned field : fields.set_bits())
      all |= needed[field];
  } while (all != fields);
  return all;
}

bool Recurrence::isAhead(Value operand, ProductOp product) const {
  auto result = fed.find(product.getResult());
  return result == fed.end() ||
         !closure(read.lookup(operand)).anyCommon(result->second);
}

/// Bytes of weights that multiply an operand.
static int64_t weightBytes(ProductOp product, Value operand) {
  return widthOf(product.getType()) * widthOf(operand.getType()) *
         static_cast<int64_t>(sizeof(float));
}

LogicalResult HoistProductsPass::initialize(MLIRContext *context) {
  if (hoist == "auto" || hoist == "all" || hoist == "none")
    return success();
  return emitError(UnknownLoc::get(context))
         << "batch-hoist-products: can't hoist '" << hoist
         << "'; none, all or auto";
}

bool HoistProductsPass::pays(KernelOp kernel,
                             const Recurrence &recurrence) const {
  int64_t all = 0, ahead = 0;
  for (auto product : kernel.getBodyBlock().getOps<ProductOp>())
    for (Value operand : product.getVectors()) {
      int64_t bytes = weightBytes(product, operand);
      all += bytes;
      if (recurrence.isAhead(operand, product))
        ahead += bytes;
    }
  return all > cache && ahead * 8 >= all;
}

void HoistProductsPass::runOnOperation() {
  KernelOp kernel = getOperation();
  Recurrence recurrence(kernel);
  bool splits = hoist == "all" || (hoist == "auto" && pays(kernel, recurrence));
  SmallVector<ProductOp> products(kernel.getBodyBlock().getOps<ProductOp>());
  // Users first: what a product's operands are known from stays as it is.
  for (ProductOp product : llvm::reverse(products)) {
    Factors ahead, rest;
    auto isAhead = [&](Value vector) {
      return recurrence.isAhead(vector, product);
    };
    auto isBehind = [&](Value vector) { return !isAhead(vector); };
    ahead.take(product, isAhead);
    rest.take(product, isBehind);
    if (ahead.vectors.empty() || rest.vectors.empty())
      continue;
    OpBuilder builder(product);
    Location loc = product.getLoc();
    Type type = product.getType();
    if (splits) {
      ProductOp first = ahead.create(builder, loc, type, product.getInitial());
      ProductOp second = rest.create(builder, loc, type, first.getResult());
      product.replaceAllUsesWith(second.getResult());
      product.erase();
    } else {
      // In the same order, for the same bits.
      ahead.take(product, isBehind);
      ahead.assignTo(product);
    }
  }
}
