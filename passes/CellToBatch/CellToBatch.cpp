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

/// tensor<64xf32> -> tensor<?x64xf32>, for nodes or the elements of an operand.
static RankedTensorType addRows(Type tensor,
                                std::optional<int64_t> elements = {}) {
  auto type = cast<RankedTensorType>(tensor);
  SmallVector<int64_t> shape = {ShapedType::kDynamic};
  llvm::append_range(shape, type.getShape());
  return batch::withElements(
      RankedTensorType::get(shape, type.getElementType()), elements);
}

/// All that a cell computes is vectors and matrices of f32.
static bool isVectorOrMatrix(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getElementType().isF32() && tensor.getRank() >= 1 &&
         tensor.getRank() <= 2 && tensor.hasStaticShape();
}

/// The column that a cell's operand becomes.
static Type columnType(Type operand) {
  MLIRContext *context = operand.getContext();
  if (auto ref = dyn_cast<cell::RefType>(operand))
    return batch::RowsType::get(context, ref.getState());
  if (auto refs = dyn_cast<cell::RefsType>(operand))
    return batch::RaggedType::get(context, refs.getState(), refs.getLeast());
  if (auto token = dyn_cast<cell::TokenType>(operand))
    return batch::TokensType::get(context, token.getBound());
  return batch::ValuesType::get(context,
                                cast<RankedTensorType>(operand).getDimSize(0));
}

namespace {
/// Rewrites the body of one cell, operation by operation. What is computed in a
/// `cell.reduce` from its node has rows of elements; all else, also in there,
/// has rows of nodes.
class CellRewriter {
public:
  CellRewriter(OpBuilder &builder) : builder(builder) {}

  LogicalResult rewrite(cell::DefOp def, cell::StateOp state);

private:
  /// The operands' rows, all for nodes or all for the elements of one operand.
  struct Rows {
    SmallVector<Value> values;
    std::optional<int64_t> elements;
  };

  LogicalResult rewrite(Operation &op);
  LogicalResult rewriteReduce(cell::ReduceOp op);
  LogicalResult rewriteSigmoid(cell::SigmoidOp op);
  LogicalResult rewriteProduct(cell::ProductOp op);
  LogicalResult rewriteSlice(tensor::ExtractSliceOp op);
  LogicalResult rewriteConstant(arith::ConstantOp op);
  /// log_softmax, or softmax, its exponential.
  LogicalResult rewriteSoftmax(Operation &op, bool isLog);
  LogicalResult rewriteCrossEntropy(cell::CrossEntropyOp op);
  LogicalResult rewriteElementwise(Operation &op);
  void store(cell::YieldOp yield, cell::StateOp state);

  /// Reports and fails if a value is a concatenation, which isn't rows.
  FailureOr<Rows> rowsOf(Operation &op, ValueRange values);
  Value forElements(Value rows, std::optional<int64_t> elements);
  /// Computes one number from each row.
  template <typename OpTy> Value numberOf(Location loc, Value rows);
  /// The parts of a concatenation, however it is nested; of any other value,
  /// itself.
  void flatten(Value tensor, SmallVectorImpl<Value> &parts);
  void map(Operation &op, Value rows) { mapping.map(op.getResult(0), rows); }

  OpBuilder &builder;
  IRMapping mapping;
};
} // namespace

LogicalResult CellRewriter::rewrite(cell::DefOp def, cell::StateOp state) {
  auto kernel = batch::KernelOp::create(
      builder, def.getLoc(), def.getSymNameAttr(), def.getOperandNamesAttr(),
      def.getStateAttr(), def.getDocAttr(), /*table=*/nullptr,
      /*first_row=*/nullptr, /*workspace=*/nullptr,
      /*element_workspaces=*/nullptr,
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
  store(def.getYield(), state);
  batch::EndOp::create(builder, def.getYield().getLoc());
  return success();
}

void CellRewriter::store(cell::YieldOp yield, cell::StateOp state) {
  for (auto [value, field] :
       llvm::zip(yield.getFields(), state.getFieldNames())) {
    SmallVector<Value> parts;
    flatten(value, parts);
    int64_t offset = 0;
    for (Value part : parts) {
      Value rows = mapping.lookup(part);
      batch::ScatterOp::create(builder, yield.getLoc(), rows,
                               cast<StringAttr>(field), offset);
      offset += batch::widthOf(rows.getType());
    }
  }
}

LogicalResult CellRewriter::rewrite(Operation &op) {
  Location loc = op.getLoc();
  return TypeSwitch<Operation *, LogicalResult>(&op)
      .Case([&](cell::FieldOp field) {
        Value column = mapping.lookup(field.getNode());
        std::optional<int64_t> elements;
        if (isa<batch::RaggedType>(column.getType()))
          elements = cast<BlockArgument>(column).getArgNumber();
        map(op, batch::GatherOp::create(builder, loc,
                                        addRows(field.getType(), elements),
                                        column, field.getFieldAttr()));
        return success();
      })
      .Case([&](cell::LookupOp lookup) {
        map(op, batch::LookupOp::create(builder, loc, addRows(lookup.getType()),
                                        lookup.getTableAttr(),
                                        mapping.lookup(lookup.getToken())));
        return success();
      })
      .Case([&](cell::WeightOp weight) {
        map(op,
            batch::BroadcastOp::create(builder, loc, addRows(weight.getType()),
                                       weight.getParamAttr()));
        return success();
      })
      .Case([&](cell::ReduceOp reduce) { return rewriteReduce(reduce); })
      .Case([&](cell::SigmoidOp sigmoid) { return rewriteSigmoid(sigmoid); })
      .Case([&](cell::ProductOp product) { return rewriteProduct(product); })
      .Case([&](cell::MultiplyOp multiply) -> LogicalResult {
        FailureOr<Rows> rows = rowsOf(op, multiply->getOperands());
        if (failed(rows))
          return failure();
        map(op, batch::MultiplyOp::create(
                    builder, loc, addRows(multiply.getType(), rows->elements),
                    rows->values[0], rows->values[1]));
        return success();
      })
      .Case([&](cell::BroadcastOp broadcast) -> LogicalResult {
        FailureOr<Rows> rows = rowsOf(op, broadcast.getVector());
        if (failed(rows))
          return failure();
        map(op, batch::SpreadOp::create(
                    builder, loc, addRows(broadcast.getType(), rows->elements),
                    rows->values[0],
                    broadcast.getDirection() == cell::Direction::Columns
                        ? batch::Direction::Columns
                        : batch::Direction::Rows));
        return success();
      })
      .Case([&](cell::SoftmaxOp) { return rewriteSoftmax(op, false); })
      .Case([&](cell::LogSoftmaxOp) { return rewriteSoftmax(op, true); })
      .Case([&](cell::CrossEntropyOp cross) {
        return rewriteCrossEntropy(cross);
      })
      .Case([&](cell::ArgmaxOp argmax) -> LogicalResult {
        FailureOr<Rows> rows = rowsOf(op, argmax.getOperand());
        if (failed(rows))
          return failure();
        map(op, batch::ArgmaxOp::create(
                    builder, loc, addRows(argmax.getType(), rows->elements),
                    rows->values[0]));
        return success();
      })
      // Resolved where it is multiplied or stored.
      .Case([&](tensor::ConcatOp) { return success(); })
      .Case([&](tensor::ExtractSliceOp slice) { return rewriteSlice(slice); })
      .Case(
          [&](arith::ConstantOp constant) { return rewriteConstant(constant); })
      .Default([&](Operation *) { return rewriteElementwise(op); });
}

//===----------------------------------------------------------------------===//
// Rows of nodes and of elements
//===----------------------------------------------------------------------===//

Value CellRewriter::forElements(Value rows, std::optional<int64_t> elements) {
  if (batch::elementsOf(rows.getType()) == elements)
    return rows;
  Type type = batch::withElements(rows.getType(), elements);
  if (auto splat = rows.getDefiningOp<batch::SplatOp>())
    return batch::SplatOp::create(builder, splat.getLoc(), type,
                                  splat.getValueAttr());
  return batch::RepeatOp::create(builder, rows.getLoc(), type, rows);
}

FailureOr<CellRewriter::Rows> CellRewriter::rowsOf(Operation &op,
                                                   ValueRange values) {
  Rows result;
  for (Value value : values) {
    Value rows = mapping.lookupOrNull(value);
    if (!rows)
      return op.emitOpError("can't take a concatenation; a concatenation may "
                            "only be multiplied or stored");
    result.values.push_back(rows);
    if (std::optional<int64_t> elements = batch::elementsOf(rows.getType()))
      result.elements = elements;
  }
  for (Value &rows : result.values)
    rows = forElements(rows, result.elements);
  return result;
}

LogicalResult CellRewriter::rewriteReduce(cell::ReduceOp op) {
  auto column = cast<BlockArgument>(mapping.lookup(op.getNodes()));
  mapping.map(op.getNode(), column);
  for (Operation &inner : op.getBodyBlock().without_terminator()) {
    if (isa<cell::ReduceOp>(inner))
      return inner.emitOpError("can't stand in another reduction");
    if (failed(rewrite(inner)))
      return failure();
  }
  Operation *yield = op.getBodyBlock().getTerminator();
  FailureOr<Rows> rows = rowsOf(*yield, op.getReduced());
  if (failed(rows))
    return failure();
  auto reduction =
      *batch::symbolizeReduction(stringifyReduction(op.getReduction()));
  mapping.map(op.getResult(),
              batch::ReduceOp::create(
                  builder, op.getLoc(), addRows(op.getType()), reduction,
                  forElements(rows->values[0], column.getArgNumber())));
  return success();
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

LogicalResult CellRewriter::rewriteSigmoid(cell::SigmoidOp op) {
  FailureOr<Rows> rows = rowsOf(*op, op.getOperand());
  if (failed(rows))
    return failure();
  Location loc = op.getLoc();
  RankedTensorType type = addRows(op.getType(), rows->elements);
  Value one =
      batch::SplatOp::create(builder, loc, type, builder.getF32FloatAttr(1.0));
  Value negated = arith::NegFOp::create(builder, loc, rows->values[0]);
  Value exp = math::ExpOp::create(builder, loc, negated);
  Value sum = arith::AddFOp::create(builder, loc, one, exp);
  map(*op, arith::DivFOp::create(builder, loc, one, sum));
  return success();
}

void CellRewriter::flatten(Value tensor, SmallVectorImpl<Value> &parts) {
  if (auto concat = tensor.getDefiningOp<tensor::ConcatOp>())
    for (Value input : concat.getInputs())
      flatten(input, parts);
  else
    parts.push_back(tensor);
}

LogicalResult CellRewriter::rewriteProduct(cell::ProductOp op) {
  SmallVector<Value> parts;
  flatten(op.getOperand(), parts);
  FailureOr<Rows> rows = rowsOf(*op, parts);
  if (failed(rows))
    return failure();
  SmallVector<Attribute> terms;
  int64_t column = 0;
  for (Value part : rows->values) {
    terms.push_back(
        batch::TermAttr::get(builder.getContext(), op.getParamAttr(), column));
    column += batch::widthOf(part.getType());
  }
  map(*op, batch::ProductOp::create(
               builder, op.getLoc(), addRows(op.getType(), rows->elements),
               rows->values, /*initial=*/Value(), builder.getArrayAttr(terms)));
  return success();
}

LogicalResult CellRewriter::rewriteSlice(tensor::ExtractSliceOp op) {
  if (op.getSourceType().getRank() != 1 || !op.getType().hasStaticShape() ||
      ShapedType::isDynamic(op.getStaticOffsets()[0]) ||
      op.getStaticStrides()[0] != 1)
    return op.emitOpError("must be a static part of a vector");
  FailureOr<Rows> rows = rowsOf(*op, op.getSource());
  if (failed(rows))
    return failure();
  map(*op, batch::SliceOp::create(builder, op.getLoc(),
                                  addRows(op.getType(), rows->elements),
                                  rows->values[0], op.getStaticOffsets()[0]));
  return success();
}

LogicalResult CellRewriter::rewriteConstant(arith::ConstantOp op) {
  auto splat = dyn_cast<SplatElementsAttr>(op.getValue());
  if (!splat || !isVectorOrMatrix(op.getType()))
    return op.emitOpError("must be a splat of f32 in a vector or a matrix");
  map(*op, batch::SplatOp::create(builder, op.getLoc(), addRows(op.getType()),
                                  splat.getSplatValue<FloatAttr>()));
  return success();
}

template <typename OpTy>
Value CellRewriter::numberOf(Location loc, Value rows) {
  auto number =
      RankedTensorType::get({ShapedType::kDynamic, 1}, builder.getF32Type());
  return OpTy::create(
      builder, loc,
      batch::withElements(number, batch::elementsOf(rows.getType())), rows);
}

LogicalResult CellRewriter::rewriteSoftmax(Operation &op, bool isLog) {
  FailureOr<Rows> rows = rowsOf(op, op.getOperands());
  if (failed(rows))
    return failure();
  Location loc = op.getLoc();
  Value x = rows->values[0];
  auto spread = [&](Value number) -> Value {
    return batch::SpreadOp::create(builder, loc, x.getType(), number,
                                   batch::Direction::Elements);
  };
  // One after the other: the sum of the two is less precise than they are.
  Value result = arith::SubFOp::create(
      builder, loc, x, spread(numberOf<batch::LargestOp>(loc, x)));
  result = arith::SubFOp::create(builder, loc, result,
                                 spread(numberOf<batch::LogSumExpOp>(loc, x)));
  if (!isLog)
    result = math::ExpOp::create(builder, loc, result);
  map(op, result);
  return success();
}

LogicalResult CellRewriter::rewriteCrossEntropy(cell::CrossEntropyOp op) {
  FailureOr<Rows> rows = rowsOf(*op, op.getOperand());
  if (failed(rows))
    return failure();
  Location loc = op.getLoc();
  Value x = rows->values[0];
  Value largest = numberOf<batch::LargestOp>(loc, x);
  Value sum = numberOf<batch::LogSumExpOp>(loc, x);
  Value picked = batch::PickOp::create(builder, loc, sum.getType(), x,
                                       mapping.lookup(op.getLabel()));
  Value below = arith::SubFOp::create(builder, loc, largest, picked);
  map(*op, arith::AddFOp::create(builder, loc, below, sum));
  return success();
}

LogicalResult CellRewriter::rewriteElementwise(Operation &op) {
  if (!OpTrait::hasElementwiseMappableTraits(&op) || op.getNumResults() != 1 ||
      op.getNumRegions() != 0)
    return op.emitOpError("can't be batched: it is neither an operation of "
                          "the cell dialect nor elementwise");
  Type type = op.getResult(0).getType();
  if (!isVectorOrMatrix(type))
    return op.emitOpError() << "can't be batched: it computes " << type
                            << " and not a vector or a matrix of f32";
  FailureOr<Rows> rows = rowsOf(op, op.getOperands());
  if (failed(rows))
    return failure();
  Operation *batched =
      clone(builder, &op, addRows(type, rows->elements), rows->values);
  map(op, batched->getResult(0));
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
      SmallVector<int64_t> widths, columns;
      for (unsigned i = 0; i < state.getNumFields(); ++i) {
        RankedTensorType field = addRows(state.getFieldType(i));
        widths.push_back(batch::widthOf(field));
        columns.push_back(batch::columnsOf(field));
      }
      batch::StateOp::create(builder, loc, state.getSymNameAttr(),
                             state.getFieldNamesAttr(),
                             builder.getDenseI64ArrayAttr(widths),
                             builder.getDenseI64ArrayAttr(columns),
                             /*layout=*/nullptr, /*table_rows=*/nullptr);
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
