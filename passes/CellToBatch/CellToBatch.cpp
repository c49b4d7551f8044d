//===- CellToBatch.cpp - cells become kernels over rows ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "dialects/Cell/Cell.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

namespace edbc {
#define GEN_PASS_DEF_CELLTOBATCH
#include "passes/Passes.h.inc"
} // namespace edbc

using namespace mlir;
using namespace edbc;

/// tensor<64xf32> -> tensor<?x64xf32>
static RankedTensorType addRows(Type vector) {
  auto type = cast<RankedTensorType>(vector);
  return RankedTensorType::get({ShapedType::kDynamic, type.getDimSize(0)},
                               type.getElementType());
}

/// All that a cell computes is vectors of f32.
static bool isVector(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getElementType().isF32() && tensor.getRank() == 1 &&
         tensor.hasStaticShape();
}

/// The column that a cell's operand becomes.
static Type columnType(Type operand) {
  MLIRContext *context = operand.getContext();
  if (auto ref = dyn_cast<cell::RefType>(operand))
    return batch::RowsType::get(context, ref.getState());
  if (auto token = dyn_cast<cell::TokenType>(operand))
    return batch::TokensType::get(context, token.getBound());
  return batch::ValuesType::get(context,
                                cast<RankedTensorType>(operand).getDimSize(0));
}

namespace {
/// Rewrites the body of one cell, operation by operation.
class CellRewriter {
public:
  CellRewriter(OpBuilder &builder) : builder(builder) {}

  LogicalResult rewrite(cell::DefOp def, cell::StateOp state);

private:
  LogicalResult rewrite(Operation &op);
  void rewriteSigmoid(cell::SigmoidOp op);
  void rewriteProduct(cell::ProductOp op);
  LogicalResult rewriteElementwise(Operation &op);
  /// The parts of a concatenation, however it is nested; of any other value,
  /// itself.
  void flatten(Value vector, SmallVectorImpl<Value> &parts);

  OpBuilder &builder;
  IRMapping mapping;
};
} // namespace

LogicalResult CellRewriter::rewrite(cell::DefOp def, cell::StateOp state) {
  auto kernel = batch::KernelOp::create(
      builder, def.getLoc(), def.getSymNameAttr(), def.getOperandNamesAttr(),
      def.getStateAttr(), def.getDocAttr(), /*workspace=*/nullptr,
      /*bindings=*/nullptr);
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(&kernel.getBody());
  for (BlockArgument argument : def.getBodyBlock().getArguments()) {
    Value column =
        body->addArgument(columnType(argument.getType()), argument.getLoc());
    mapping.map(argument, column);
    // Dense operands are values at once; other columns are read by operations.
    if (auto values = dyn_cast<batch::ValuesType>(column.getType()))
      mapping.map(argument,
                  batch::InputOp::create(builder, argument.getLoc(),
                                         addRows(argument.getType()), column));
  }
  for (Operation &op : def.getBodyBlock().without_terminator())
    if (failed(rewrite(op)))
      return failure();
  cell::YieldOp yield = def.getYield();
  for (auto [value, field] :
       llvm::zip(yield.getFields(), state.getFieldNames())) {
    Value rows = mapping.lookupOrNull(value);
    if (!rows)
      return yield.emitOpError("can't store a concatenation yet; a "
                               "concatenation may only be multiplied");
    batch::ScatterOp::create(builder, yield.getLoc(), rows,
                             cast<StringAttr>(field));
  }
  batch::EndOp::create(builder, yield.getLoc());
  return success();
}

LogicalResult CellRewriter::rewrite(Operation &op) {
  Location loc = op.getLoc();
  return TypeSwitch<Operation *, LogicalResult>(&op)
      .Case([&](cell::FieldOp field) {
        mapping.map(field.getResult(),
                    batch::GatherOp::create(
                        builder, loc, addRows(field.getType()),
                        mapping.lookup(field.getNode()), field.getFieldAttr()));
        return success();
      })
      .Case([&](cell::LookupOp lookup) {
        mapping.map(lookup.getResult(),
                    batch::LookupOp::create(builder, loc,
                                            addRows(lookup.getType()),
                                            lookup.getTableAttr(),
                                            mapping.lookup(lookup.getToken())));
        return success();
      })
      .Case([&](cell::WeightOp weight) {
        mapping.map(weight.getResult(),
                    batch::BroadcastOp::create(builder, loc,
                                               addRows(weight.getType()),
                                               weight.getParamAttr()));
        return success();
      })
      .Case([&](cell::SigmoidOp sigmoid) {
        rewriteSigmoid(sigmoid);
        return success();
      })
      .Case([&](cell::ProductOp product) {
        rewriteProduct(product);
        return success();
      })
      // Resolved where it is multiplied.
      .Case([&](tensor::ConcatOp) { return success(); })
      .Case([&](arith::ConstantOp constant) -> LogicalResult {
        auto splat = dyn_cast<SplatElementsAttr>(constant.getValue());
        if (!splat || !isVector(constant.getType()))
          return constant.emitOpError("must be a splat of f32 in a vector");
        mapping.map(constant.getResult(),
                    batch::SplatOp::create(builder, loc,
                                           addRows(constant.getType()),
                                           splat.getSplatValue<FloatAttr>()));
        return success();
      })
      .Default([&](Operation *) { return rewriteElementwise(op); });
}

void CellRewriter::rewriteSigmoid(cell::SigmoidOp op) {
  Location loc = op.getLoc();
  RankedTensorType type = addRows(op.getType());
  Value one =
      batch::SplatOp::create(builder, loc, type, builder.getF32FloatAttr(1.0));
  Value negated =
      arith::NegFOp::create(builder, loc, mapping.lookup(op.getOperand()));
  Value exp = math::ExpOp::create(builder, loc, negated);
  Value sum = arith::AddFOp::create(builder, loc, one, exp);
  mapping.map(op.getResult(), arith::DivFOp::create(builder, loc, one, sum));
}

void CellRewriter::flatten(Value vector, SmallVectorImpl<Value> &parts) {
  if (auto concat = vector.getDefiningOp<tensor::ConcatOp>())
    for (Value input : concat.getInputs())
      flatten(input, parts);
  else
    parts.push_back(vector);
}

void CellRewriter::rewriteProduct(cell::ProductOp op) {
  SmallVector<Value> parts, vectors;
  flatten(op.getVector(), parts);
  SmallVector<Attribute> terms;
  int64_t column = 0;
  for (Value part : parts) {
    vectors.push_back(mapping.lookup(part));
    terms.push_back(
        batch::TermAttr::get(builder.getContext(), op.getParamAttr(), column));
    column += cast<RankedTensorType>(part.getType()).getDimSize(0);
  }
  mapping.map(op.getResult(), batch::ProductOp::create(
                                  builder, op.getLoc(), addRows(op.getType()),
                                  vectors, builder.getArrayAttr(terms)));
}

LogicalResult CellRewriter::rewriteElementwise(Operation &op) {
  if (!OpTrait::hasElementwiseMappableTraits(&op) || op.getNumResults() != 1 ||
      op.getNumRegions() != 0)
    return op.emitOpError("can't be batched: it is neither an operation of "
                          "the cell dialect nor elementwise");
  Type type = op.getResult(0).getType();
  if (!isVector(type))
    return op.emitOpError() << "can't be batched: it computes " << type
                            << " and not a vector of f32";
  SmallVector<Value> operands;
  for (Value operand : op.getOperands()) {
    Value rows = mapping.lookupOrNull(operand);
    if (!rows)
      return op.emitOpError("can't take a concatenation yet; a concatenation "
                            "may only be multiplied");
    operands.push_back(rows);
  }
  Operation *rows = clone(builder, &op, addRows(type), operands);
  mapping.map(op.getResult(0), rows->getResult(0));
  return success();
}

namespace {
struct CellToBatchPass : edbc::impl::CellToBatchBase<CellToBatchPass> {
  void runOnOperation() override;
};
} // namespace

void CellToBatchPass::runOnOperation() {
  ModuleOp module = getOperation();
  SymbolTable symbols(module);
  for (Operation &op : llvm::make_early_inc_range(*module.getBody())) {
    OpBuilder builder(&op);
    Location loc = op.getLoc();
    if (auto param = dyn_cast<cell::ParamOp>(op)) {
      batch::ParamOp::create(builder, loc, param.getSymNameAttr(),
                             param.getTypeAttr());
    } else if (auto state = dyn_cast<cell::StateOp>(op)) {
      SmallVector<int64_t> widths;
      for (unsigned i = 0; i < state.getNumFields(); ++i)
        widths.push_back(state.getFieldType(i).getDimSize(0));
      batch::StateOp::create(builder, loc, state.getSymNameAttr(),
                             state.getFieldNamesAttr(),
                             builder.getDenseI64ArrayAttr(widths),
                             /*layout=*/nullptr);
    } else if (auto output = dyn_cast<cell::OutputOp>(op)) {
      batch::OutputOp::create(builder, loc, output.getSymNameAttr(),
                              output.getStateAttr(), output.getFieldAttr());
    } else if (auto def = dyn_cast<cell::DefOp>(op)) {
      auto state = symbols.lookup<cell::StateOp>(def.getState());
      if (failed(CellRewriter(builder).rewrite(def, state)))
        return signalPassFailure();
    }
  }
  // States had to stay until the last cell was rewritten.
  for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
    if (isa<cell::CellDialect>(op.getDialect()))
      op.erase();
}
