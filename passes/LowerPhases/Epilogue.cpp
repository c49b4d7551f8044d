//===- Epilogue.cpp - all that follows the products of a row ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LowerPhases/Epilogue.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

#include <limits>

using namespace mlir;
using namespace edbc::batch;

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

Value edbc::batch::index(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

scf::ForOp edbc::batch::loopTo(ImplicitLocOpBuilder &b, int64_t end,
                               int64_t step, ValueRange initial) {
  Value first = index(b, 0), last = index(b, end);
  return scf::ForOp::create(b, first, last, index(b, step), initial);
}

Value edbc::batch::add(ImplicitLocOpBuilder &b, Value a, Value c) {
  return arith::AddIOp::create(b, a, c);
}

Value edbc::batch::add(ImplicitLocOpBuilder &b, Value a, int64_t c) {
  return c ? add(b, a, index(b, c)) : a;
}

Value edbc::batch::multiply(ImplicitLocOpBuilder &b, Value a, int64_t c) {
  return arith::MulIOp::create(b, a, index(b, c));
}

SmallVector<Value, 2> edbc::batch::indices(ImplicitLocOpBuilder &b,
                                           const RowPlace &place, Value at) {
  Value column = add(b, at, place.offset);
  if (place.shift)
    column = add(b, column, place.shift);
  return {place.row, column};
}

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

Value Epilogue::load(const RowPlace &place) {
  return vector::LoadOp::create(b, vectorType, place.buffer,
                                indices(b, place, at));
}

void Epilogue::store(Value value, const RowPlace &place) {
  vector::StoreOp::create(b, value, place.buffer, indices(b, place, at));
}

Value Epilogue::splat(Value scalar) {
  return vector::BroadcastOp::create(b, vectorType, scalar);
}

Value Epilogue::fill(const RowPlace &place, Value at) {
  return splat(memref::LoadOp::create(b, place.buffer, indices(b, place, at)));
}

Value Epilogue::lookUp(Value value) {
  auto found = computed.find(value);
  if (found != computed.end())
    return found->second;
  // What isn't computed here lies in memory.
  Value loaded = load(rows.locate(value));
  computed[value] = loaded;
  return loaded;
}

LogicalResult Epilogue::generate() {
  for (Operation &op : phase.getBodyBlock()) {
    b.setLoc(op.getLoc());
    if (failed(compute(op)))
      return failure();
  }
  b.setLoc(phase.getLoc());
  return success();
}

LogicalResult Epilogue::compute(Operation &op) {
  // Loaded where they are first needed, if at all.
  if (readsMemory(&op) || isView(&op))
    return success();
  return TypeSwitch<Operation *, LogicalResult>(&op)
      // Given as sums.
      .Case<ProductOp, MultiplyOp>([](auto) { return success(); })
      .Case([&](SplatOp splat) {
        computed[splat] = arith::ConstantOp::create(
            b, DenseElementsAttr::get(vectorType, splat.getValue()));
        return success();
      })
      .Case([&](SpreadOp spread) {
        RowPlace place = rows.locate(spread.getSource());
        // A matrix of one column is computed as a vector.
        bool isByColumn =
            spread.getDirection() == Direction::Rows && rows.getColumn();
        computed[spread] =
            fill(place, isByColumn ? rows.getColumn() : index(b, 0));
        return success();
      })
      .Case([&](PickOp pick) {
        RowPlace place = rows.locate(pick.getSource());
        computed[pick] = fill(place, rows.token(pick.getTokens()));
        return success();
      })
      .Case([&](ReduceOp reduction) {
        computed[reduction] = reduce(reduction);
        return success();
      })
      .Case([&](LargestOp op) {
        computed[op] = splat(largest(rows.locate(op.getSource()),
                                     widthOf(op.getSource().getType())));
        return success();
      })
      .Case([&](LogSumExpOp sum) {
        computed[sum] = logSumExp(sum);
        return success();
      })
      .Case([&](ArgmaxOp largest) {
        computed[largest] = argmax(largest);
        return success();
      })
      .Case([&](ScatterOp store) {
        scatter(store);
        return success();
      })
      .Case([&](YieldOp yield) {
        for (auto [i, kept] : llvm::enumerate(yield.getKept())) {
          Value value = lookUp(kept);
          store(value, rows.kept(kept, (*phase.getSlots())[i]));
        }
        return success();
      })
      .Default([&](Operation *) -> LogicalResult {
        if (!OpTrait::hasElementwiseMappableTraits(&op))
          return op.emitOpError("can't be computed in a phase: it isn't "
                                "elementwise");
        SmallVector<Value> operands;
        for (Value operand : op.getOperands())
          operands.push_back(lookUp(operand));
        Operation *vector = clone(b, &op, vectorType, operands);
        computed[op.getResult(0)] = vector->getResult(0);
        return success();
      });
}

void Epilogue::scatter(ScatterOp op) {
  Value value = lookUp(op.getValue());
  RowPlace place = rows.result(op.getValue(), op.getField(), op.getOffset());
  int64_t width = widthOf(op.getValue().getType());
  FlatSymbolRefAttr state = scope.getKernel().getStateAttr();
  // Behind a part there is another one, which must stay.
  if (width == scope.fieldWidth(state, op.getField()) || width % lanes == 0)
    return store(value, place);
  Value left = arith::SubIOp::create(b, index(b, width), at);
  Value mask = vector::CreateMaskOp::create(
      b, VectorType::get(vectorType.getShape(), b.getI1Type()), left);
  vector::MaskedStoreOp::create(b, place.buffer, indices(b, place, at), mask,
                                value);
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

Value Epilogue::reduce(ReduceOp op) {
  Value begins = scope.column(BindingKind::ElementBegins,
                              *elementsOf(op.getElements().getType()));
  auto bound = [&](Value position) -> Value {
    return arith::IndexCastUIOp::create(
        b, b.getIndexType(), memref::LoadOp::create(b, begins, position));
  };
  Value begin = bound(rows.getPosition());
  Value end = bound(add(b, rows.getPosition(), 1));
  bool isMax = op.getReduction() == Reduction::Max;
  float initial = isMax ? -std::numeric_limits<float>::infinity() : 0.0f;
  Value zero =
      arith::ConstantOp::create(b, DenseElementsAttr::get(vectorType, initial));
  auto loop = scf::ForOp::create(b, begin, end, index(b, 1), zero);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    RowReader element = rows.forElement(loop.getInductionVar());
    Value next = load(element.locate(op.getElements()));
    Value sum = loop.getRegionIterArg(0);
    if (isMax)
      next = arith::MaximumFOp::create(b, sum, next);
    else
      next = arith::AddFOp::create(b, sum, next);
    scf::YieldOp::create(b, next);
  }
  Value result = loop.getResult(0);
  if (op.getReduction() != Reduction::Mean)
    return result;
  Value count = arith::IndexCastUIOp::create(
      b, b.getI32Type(), arith::SubIOp::create(b, end, begin));
  Value divisor = arith::UIToFPOp::create(b, b.getF32Type(), count);
  return arith::DivFOp::create(b, result, splat(divisor));
}

Value Epilogue::foldRow(const RowPlace &place, int64_t width, Value initial,
                        Value padding, Fold fold) {
  // Eight lanes on every machine: the order of a sum doesn't depend on it.
  auto type = VectorType::get(8, b.getF32Type());
  auto load = [&](Value begin) -> Value {
    return vector::LoadOp::create(b, type, place.buffer,
                                  indices(b, place, begin));
  };
  int64_t whole = width / 8 * 8;
  Value result = initial;
  if (whole) {
    auto loop = loopTo(b, whole, 8, initial);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value begin = loop.getInductionVar();
    scf::YieldOp::create(b, fold(loop.getRegionIterArg(0), load(begin), begin));
    result = loop.getResult(0);
  }
  if (whole == width)
    return result;
  SmallVector<bool> isInside(8);
  for (int64_t lane = 0; lane < 8; ++lane)
    isInside[lane] = whole + lane < width;
  Value mask = arith::ConstantOp::create(
      b, DenseElementsAttr::get(VectorType::get(8, b.getI1Type()), isInside));
  Value begin = index(b, whole);
  Value floats = arith::SelectOp::create(b, mask, load(begin), padding);
  return arith::SelectOp::create(b, mask, fold(result, floats, begin), result);
}

/// Halves against halves: the same order on every machine, and three steps
/// where one lane after the other would be seven.
Value Epilogue::foldLanes(Value lanes, Combine combine) {
  for (int64_t half = 4; half != 0; half /= 2) {
    auto part = [&](int64_t offset) -> Value {
      return vector::ExtractStridedSliceOp::create(b, lanes, offset, half, 1);
    };
    Value lower = part(0), upper = part(half);
    lanes = combine(lower, upper);
  }
  return vector::ExtractOp::create(b, lanes, 0);
}

Value Epilogue::largest(const RowPlace &place, int64_t width) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  Value lowest = arith::ConstantOp::create(
      b, DenseElementsAttr::get(VectorType::get(8, b.getF32Type()), -infinity));
  // An instruction; NaN is never the larger one.
  auto larger = [&](Value x, Value y) -> Value {
    Value isLarger = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, y, x);
    return arith::SelectOp::create(b, isLarger, y, x);
  };
  Value lanes = foldRow(place, width, lowest, lowest,
                        [&](Value accumulator, Value floats, Value) {
                          return larger(accumulator, floats);
                        });
  return foldLanes(lanes, larger);
}

Value Epilogue::logSumExp(LogSumExpOp op) {
  auto type = VectorType::get(8, b.getF32Type());
  constexpr float infinity = std::numeric_limits<float>::infinity();
  auto constant = [&](float value) -> Value {
    return arith::ConstantOp::create(b, DenseElementsAttr::get(type, value));
  };
  RowPlace place = rows.locate(op.getSource());
  int64_t width = widthOf(op.getSource().getType());
  Value shift = vector::BroadcastOp::create(b, type, largest(place, width));
  // Infinity minus itself is NaN.
  Value isInfinite = math::AbsFOp::create(b, shift);
  isInfinite = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, isInfinite,
                                     constant(infinity));
  shift = arith::SelectOp::create(b, isInfinite, constant(0.0f), shift);
  // The exponential of the padding is 1. (Those of large negative numbers are
  // subnormal on the way, which takes processors ten times as long.)
  Value lanes = foldRow(place, width, constant(0.0f), shift,
                        [&](Value accumulator, Value floats, Value) -> Value {
                          Value shifted =
                              arith::SubFOp::create(b, floats, shift);
                          Value exp = math::ExpOp::create(b, shifted);
                          return arith::AddFOp::create(b, accumulator, exp);
                        });
  Value sum = foldLanes(lanes, [&](Value x, Value y) -> Value {
    return arith::AddFOp::create(b, x, y);
  });
  return math::LogOp::create(b, splat(sum));
}

Value Epilogue::argmax(ArgmaxOp op) {
  auto floatType = VectorType::get(8, b.getF32Type());
  auto intType = VectorType::get(8, b.getI32Type());
  constexpr int32_t none = std::numeric_limits<int32_t>::max();
  RowPlace place = rows.locate(op.getSource());
  int64_t width = widthOf(op.getSource().getType());
  Value wanted =
      vector::BroadcastOp::create(b, floatType, largest(place, width));
  Value noneVector =
      arith::ConstantOp::create(b, DenseElementsAttr::get(intType, none));
  Value lanesOfEight = arith::ConstantOp::create(
      b, DenseElementsAttr::get(intType,
                                ArrayRef<int32_t>({0, 1, 2, 3, 4, 5, 6, 7})));
  Value first = vector::ReductionOp::create(
      b, vector::CombiningKind::MINUI,
      foldRow(place, width, noneVector, wanted,
              [&](Value accumulator, Value floats, Value begin) -> Value {
                Value base = vector::BroadcastOp::create(
                    b, intType,
                    arith::IndexCastUIOp::create(b, b.getI32Type(), begin));
                Value positions = arith::AddIOp::create(b, base, lanesOfEight);
                Value isWanted = arith::CmpFOp::create(
                    b, arith::CmpFPredicate::OEQ, floats, wanted);
                Value found =
                    arith::SelectOp::create(b, isWanted, positions, noneVector);
                return arith::MinUIOp::create(b, accumulator, found);
              }));
  Value isNone = arith::CmpIOp::create(
      b, arith::CmpIPredicate::eq, first,
      arith::ConstantIntOp::create(b, b.getI32Type(), none));
  Value zero = arith::ConstantIntOp::create(b, b.getI32Type(), 0);
  Value found = arith::SelectOp::create(b, isNone, zero, first);
  return splat(arith::UIToFPOp::create(b, b.getF32Type(), found));
}
