//===- ExpandMath.cpp - exp, tanh, log as vector arithmetic -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Every function is one straight line: reduce the argument to a small interval
// about 0, evaluate a polynomial there, put the result together. Reduction
// follows Cody and Waite (Software Manual for the Elementary Functions, 1980),
// with fused multiply-adds in place of split constants; integers are rounded
// and powers of two are built by arithmetic on the bits of f32.
//
// The coefficients come from the Remez exchange algorithm for the least maximal
// relative error of the function itself, and are then rounded to f32. The error
// given beside each table is that of the polynomial with rounded coefficients
// in exact arithmetic; that of the whole function is in the pass's description.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialects/Batch/Batch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/bit.h"

#include <limits>
#include <vector>

namespace edbc {
#define GEN_PASS_DEF_EXPANDMATH
#include "passes/Passes.h.inc"
} // namespace edbc

using namespace mlir;
using namespace edbc;

static constexpr float infinity = std::numeric_limits<float>::infinity();
static constexpr float log2e = 0x1.715476p+0f;
/// ln 2 = ln2 + ln2Low. The first part alone is right to 2e-9.
static constexpr float ln2 = 0x1.62e43p-1f;
static constexpr float ln2Low = -0x1.05c61p-29f;
/// The same in parts of which the first has so few bits that its product with
/// an integer below 2^9 is exact, for machines that round it.
static constexpr float ln2Head = 0x1.62e4p-1f;
static constexpr float ln2Tail = 0x1.7f7d1cp-20f;

/// Adding this rounds a float of magnitude below 2^22 to an integer, which then
/// stands in the low bits of the sum.
static constexpr float rounder = 0x1.8p+23f;

/// 2^n has the exponent n + 127, for n from -126 to 127, above 23 bits.
static constexpr int32_t exponentBias = 127;
static constexpr int32_t mantissaBits = 23;

namespace {
/// Builds arithmetic on values of one type, f32 or a vector of f32, and on
/// integers of as many lanes. Of what is nested at most one argument should
/// build something: C++ leaves the order of arguments, and with it the IR's, to
/// the compiler.
class LaneBuilder {
public:
  /// @param fuses whether there are multiplications and additions in one.
  LaneBuilder(OpBuilder &builder, Location loc, Type type, bool fuses)
      : b(loc, builder), floatType(type), intType(b.getI32Type()),
        fuses(fuses) {
    if (auto vector = dyn_cast<VectorType>(type))
      intType = vector.clone(intType);
  }

  Value constant(float value) {
    return constant(floatType, b.getF32FloatAttr(value));
  }
  Value constant(int32_t value) {
    return constant(intType, b.getI32IntegerAttr(value));
  }

  Value add(Value x, Value y) { return arith::AddFOp::create(b, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, x, y); }
  Value negate(Value x) { return arith::NegFOp::create(b, x); }
  /// x * y + z, rounded once if that can be done.
  Value fma(Value x, Value y, Value z) {
    return fuses ? Value(math::FmaOp::create(b, x, y, z)) : add(mul(x, y), z);
  }
  /// x - n * scale * ln 2, where n is an integer, of few bits if `isSmall`, and
  /// scale a power of two or its negative.
  Value subLn2(Value x, Value n, float scale, bool isSmall) {
    x = fma(n, constant((fuses ? -ln2 : -ln2Head) * scale), x);
    if (fuses && isSmall)
      return x;
    return fma(n, constant((fuses ? -ln2Low : -ln2Tail) * scale), x);
  }
  Value abs(Value x) { return math::AbsFOp::create(b, x); }
  Value copySign(Value x, Value sign) {
    return math::CopySignOp::create(b, x, sign);
  }

  Value less(Value x, Value y) {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, y);
  }
  Value equal(Value x, Value y) {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x, y);
  }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, condition, x, y);
  }
  /// NaN where x is: one minps or maxps each.
  Value atMost(Value x, float limit) {
    Value bound = constant(limit);
    return select(less(bound, x), bound, x);
  }
  Value atLeast(Value x, float limit) {
    Value bound = constant(limit);
    return select(less(x, bound), bound, x);
  }

  Value bits(Value x) { return arith::BitcastOp::create(b, intType, x); }
  Value fromBits(Value x) { return arith::BitcastOp::create(b, floatType, x); }
  Value toFloat(Value x) { return arith::SIToFPOp::create(b, floatType, x); }
  Value subBits(Value x, Value y) { return arith::SubIOp::create(b, x, y); }
  Value andBits(Value x, Value y) { return arith::AndIOp::create(b, x, y); }
  Value shiftLeft(Value x, int32_t count) {
    return arith::ShLIOp::create(b, x, constant(count));
  }
  Value shiftRight(Value x, int32_t count) {
    return arith::ShRUIOp::create(b, x, constant(count));
  }

  /// The polynomial with these coefficients, that of x^0 first, by Estrin's
  /// scheme: half the depth of Horner's for the same number of operations, but
  /// for the squarings. `xx` is x * x.
  Value polynomial(ArrayRef<float> coefficients, Value x, Value xx);

private:
  Value constant(Type type, TypedAttr value) {
    if (auto vector = dyn_cast<VectorType>(type))
      value = DenseElementsAttr::get(vector, Attribute(value));
    return arith::ConstantOp::create(b, value);
  }

  ImplicitLocOpBuilder b;
  Type floatType;
  Type intType;
  bool fuses;
};
} // namespace

Value LaneBuilder::polynomial(ArrayRef<float> coefficients, Value x, Value xx) {
  std::vector<Value> terms;
  for (float coefficient : coefficients)
    terms.push_back(constant(coefficient));
  while (terms.size() > 1) {
    std::vector<Value> pairs;
    for (size_t i = 0; i + 1 < terms.size(); i += 2)
      pairs.push_back(fma(terms[i + 1], x, terms[i]));
    // One without a partner joins the last pair, rather than wait for a power
    // of its own.
    if (terms.size() % 2 == 1)
      pairs.back() = fma(terms.back(), xx, pairs.back());
    terms = std::move(pairs);
    x = xx;
    if (terms.size() > 1)
      xx = mul(x, x);
  }
  return terms.front();
}

/// The two factors of e^x.
static std::pair<Value, Value> expandExp(LaneBuilder &b, Value x) {
  // e^x = 2^n e^r, n = round(x / ln 2), r = x - n ln 2 in [-ln2 / 2, ln2 / 2].
  // e^r = 1 + r + r^2 q(r), to 3.8e-9.
  static constexpr float q[] = {0x1.fffffcp-2f, 0x1.555492p-3f, 0x1.5558f2p-5f,
                                0x1.1239e2p-7f, 0x1.6a243ap-10f};
  // Beyond these bounds it is infinity or 0.
  x = b.atLeast(b.atMost(x, 89.0f), -104.0f);
  // n goes from -150 to 128, so 2^n is the product of 2^floor(n / 2) and the
  // rest. Both need the bias: the integer is n + 254.
  Value bias = b.constant(rounder + 2 * exponentBias);
  Value shifted = b.fma(x, b.constant(log2e), bias);
  Value n = b.sub(shifted, bias);
  Value r = b.subLn2(x, n, 1.0f, /*isSmall=*/false);
  Value rr = b.mul(r, r);
  Value power = b.fma(b.polynomial(q, r, rr), rr, r);
  power = b.add(power, b.constant(1.0f));
  Value integer = b.bits(shifted);
  Value whole = b.shiftLeft(integer, mantissaBits);
  Value half = b.shiftLeft(b.shiftRight(integer, 1), mantissaBits);
  Value rest = b.subBits(whole, half);
  // This product is exact; that of the result overflows and underflows as it
  // should.
  return {b.mul(power, b.fromBits(half)), b.fromBits(rest)};
}

/// tanh a = (e^2a - 1) / (e^2a + 1) for a = |x|, e^2a = 2^n e^2r,
/// n = round(2a / ln 2), r = a - n ln2 / 2 in [-ln2 / 4, ln2 / 4]. With
/// u = (e^2r - 1) / 2, numerator and denominator halved are
/// 2^n u + (2^n - 1) / 2 and 2^n u + (2^n + 1) / 2. Nothing cancels: where n is
/// 0 they are u and u + 1, and otherwise u is the smaller term. So there is one
/// path for all arguments.
static Value expandTanh(LaneBuilder &b, Value x) {
  // u = r + r^2 q(r), to 1.7e-8.
  static constexpr float q[] = {0x1.fffffep-1f, 0x1.5554bp-1f, 0x1.555674p-2f,
                                0x1.122774p-3f, 0x1.6bec1cp-5f};
  // From 9.011 on the result is 1, as it is for this bound.
  Value a = b.atMost(b.abs(x), 9.02f);
  Value bias = b.constant(rounder + exponentBias);
  Value shifted = b.fma(a, b.constant(2 * log2e), bias);
  Value n = b.sub(shifted, bias);
  // n is at most 26, so that the low part of ln 2 doesn't matter.
  Value r = b.subLn2(a, n, 0.5f, /*isSmall=*/true);
  Value rr = b.mul(r, r);
  Value u = b.fma(b.polynomial(q, r, rr), rr, r);
  Value power = b.fromBits(b.shiftLeft(b.bits(shifted), mantissaBits));
  Value half = b.constant(0.5f), minusHalf = b.constant(-0.5f);
  Value numerator = b.fma(power, u, b.fma(power, half, minusHalf));
  Value denominator = b.add(numerator, b.constant(1.0f));
  return b.copySign(b.div(numerator, denominator), x);
}

/// 1 / (1 + e^-x). What e^-x lacks here is not missed: where it is subnormal, 1
/// is the sum, and where 2^n is infinity already, the result is below 2^-127
/// and becomes 0. So n needs no second factor.
static Value expandLogistic(LaneBuilder &b, Value x) {
  // e^-x = 2^-n e^-r, n = round(x / ln 2), r = x - n ln 2. The polynomial is
  // that of e^r (see expandExp), with the argument negated.
  static constexpr float q[] = {0x1.fffffcp-2f, -0x1.555492p-3f, 0x1.5558f2p-5f,
                                -0x1.1239e2p-7f, 0x1.6a243ap-10f};
  x = b.atLeast(b.atMost(x, 88.0f), -89.0f);
  Value bias = b.constant(rounder + exponentBias);
  Value shifted = b.fma(x, b.constant(-log2e), bias);
  Value negated = b.sub(shifted, bias);
  Value r = b.subLn2(x, negated, -1.0f, /*isSmall=*/false);
  Value rr = b.mul(r, r);
  Value one = b.constant(1.0f);
  Value minusR = b.negate(r);
  Value part = b.add(b.fma(b.polynomial(q, r, rr), rr, minusR), one);
  Value power = b.fromBits(b.shiftLeft(b.bits(shifted), mantissaBits));
  return b.div(one, b.fma(part, power, one));
}

/// ln x = n ln 2 + ln m, x = 2^n m, m in [2/3, 4/3).
static Value expandLog(LaneBuilder &b, Value x) {
  // ln(1 + f) = f + f^2 q(f), to 1.0e-8.
  static constexpr float q[] = {
      -0x1p-1f,        0x1.555502p-2f,  -0x1.fffe84p-3f,
      0x1.99d1f4p-3f,  -0x1.55a756p-3f, 0x1.1ebe4ep-3f,
      -0x1.f25d5ap-4f, 0x1.1ed1bep-3f,  -0x1.093334p-3f};
  // Subnormal numbers are scaled into the normal range.
  Value zero = b.constant(0.0f);
  Value tiny = b.less(x, b.constant(std::numeric_limits<float>::min()));
  Value scaled = b.select(tiny, b.mul(x, b.constant(0x1p+23f)), x);
  Value offset = b.select(tiny, b.constant(-23.0f), zero);
  // The difference of exponents between x and 2/3, in place.
  Value integer = b.bits(scaled);
  Value exponent =
      b.subBits(integer, b.constant(llvm::bit_cast<int32_t>(2.0f / 3.0f)));
  exponent = b.andBits(exponent, b.constant(-(int32_t(1) << mantissaBits)));
  Value m = b.fromBits(b.subBits(integer, exponent));
  Value n = b.toFloat(exponent);
  n = b.fma(n, b.constant(0x1p-23f), offset);
  Value f = b.sub(m, b.constant(1.0f));
  Value ff = b.mul(f, f);
  Value result = b.fma(b.polynomial(q, f, ff), ff, f);
  result = b.fma(n, b.constant(ln2), result);
  // Infinity and NaN are their own logarithms.
  Value isBelow = b.less(x, b.constant(infinity));
  result = b.select(isBelow, result, x);
  Value isZero = b.equal(x, zero);
  result = b.select(isZero, b.constant(-infinity), result);
  Value isNegative = b.less(x, zero);
  Value nan = b.constant(std::numeric_limits<float>::quiet_NaN());
  return b.select(isNegative, nan, result);
}

static LogicalResult matchType(Operation *op, PatternRewriter &rewriter) {
  Type type = op->getResult(0).getType();
  if (isa<VectorType, FloatType>(type) && getElementTypeOrSelf(type).isF32())
    return success();
  return rewriter.notifyMatchFailure(op, "neither f32 nor a vector of it");
}

/// The sum beside `exp` that is its only use, if there is one.
static arith::AddFOp sumOf(math::ExpOp exp) {
  if (!exp->hasOneUse())
    return {};
  auto sum = dyn_cast<arith::AddFOp>(*exp->user_begin());
  return sum && sum->getBlock() == exp->getBlock() ? sum : arith::AddFOp();
}

/// `x` where the division is 1 / (1 + e^-x), and no one else uses its parts,
/// which stand beside it: what is computed once isn't moved into a loop.
static Value logisticArgument(arith::DivFOp division) {
  auto sum = division.getRhs().getDefiningOp<arith::AddFOp>();
  if (!sum || !sum->hasOneUse() || sum->getBlock() != division->getBlock() ||
      !matchPattern(division.getLhs(), m_OneFloat()))
    return {};
  for (auto [term, other] : {std::pair(sum.getLhs(), sum.getRhs()),
                             std::pair(sum.getRhs(), sum.getLhs())}) {
    auto exp = term.getDefiningOp<math::ExpOp>();
    if (!exp || sumOf(exp) != sum || !matchPattern(other, m_OneFloat()))
      continue;
    if (auto negation = exp.getOperand().getDefiningOp<arith::NegFOp>())
      return negation.getOperand();
  }
  return {};
}

/// Whether the sum is a part of a logistic function.
static bool isInLogistic(arith::AddFOp sum) {
  if (!sum->hasOneUse())
    return false;
  auto division = dyn_cast<arith::DivFOp>(*sum->user_begin());
  return division && division.getRhs() == sum && logisticArgument(division);
}

namespace {
/// A pattern that knows whether multiplications and additions are fused.
template <typename OpTy> struct ExpandPattern : OpRewritePattern<OpTy> {
  ExpandPattern(MLIRContext *context, bool fuses)
      : OpRewritePattern<OpTy>(context), fuses(fuses) {}

  LaneBuilder builderFor(OpTy op, PatternRewriter &rewriter) const {
    return LaneBuilder(rewriter, op.getLoc(), op.getType(), fuses);
  }

private:
  bool fuses;
};

struct ExpandExp : ExpandPattern<math::ExpOp> {
  using ExpandPattern::ExpandPattern;

  LogicalResult matchAndRewrite(math::ExpOp op,
                                PatternRewriter &rewriter) const override {
    if (failed(matchType(op, rewriter)))
      return failure();
    if (sumOf(op))
      return rewriter.notifyMatchFailure(op, "expanded with its sum");
    LaneBuilder builder = builderFor(op, rewriter);
    auto [left, right] = expandExp(builder, op.getOperand());
    rewriter.replaceOp(op, builder.mul(left, right));
    return success();
  }
};

/// e^x + y: the last product of e^x and the sum are one operation, rounded
/// once.
struct ExpandSumWithExp : ExpandPattern<arith::AddFOp> {
  using ExpandPattern::ExpandPattern;

  LogicalResult matchAndRewrite(arith::AddFOp sum,
                                PatternRewriter &rewriter) const override {
    if (failed(matchType(sum, rewriter)))
      return failure();
    if (isInLogistic(sum))
      return rewriter.notifyMatchFailure(sum, "expanded with its division");
    for (auto [term, other] : {std::pair(sum.getLhs(), sum.getRhs()),
                               std::pair(sum.getRhs(), sum.getLhs())}) {
      auto exp = term.getDefiningOp<math::ExpOp>();
      if (!exp || sumOf(exp) != sum)
        continue;
      LaneBuilder builder = builderFor(sum, rewriter);
      auto [left, right] = expandExp(builder, exp.getOperand());
      rewriter.replaceOp(sum, builder.fma(left, right, other));
      return success();
    }
    return rewriter.notifyMatchFailure(sum, "adds no exp that is its own");
  }
};

struct ExpandLogistic : ExpandPattern<arith::DivFOp> {
  using ExpandPattern::ExpandPattern;

  LogicalResult matchAndRewrite(arith::DivFOp division,
                                PatternRewriter &rewriter) const override {
    if (failed(matchType(division, rewriter)))
      return failure();
    Value argument = logisticArgument(division);
    if (!argument)
      return rewriter.notifyMatchFailure(division, "no logistic function");
    LaneBuilder builder = builderFor(division, rewriter);
    rewriter.replaceOp(division, expandLogistic(builder, argument));
    return success();
  }
};

template <typename OpTy, Value (*expand)(LaneBuilder &, Value)>
struct ExpandFunction : ExpandPattern<OpTy> {
  using ExpandPattern<OpTy>::ExpandPattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    if (failed(matchType(op, rewriter)))
      return failure();
    LaneBuilder builder = this->builderFor(op, rewriter);
    rewriter.replaceOp(op, expand(builder, op.getOperand()));
    return success();
  }
};

struct ExpandMathPass : edbc::impl::ExpandMathBase<ExpandMathPass> {
  void runOnOperation() override {
    auto module = dyn_cast<ModuleOp>(getOperation());
    if (!module)
      module = getOperation()->getParentOfType<ModuleOp>();
    std::optional<batch::Isa> isa;
    if (module)
      isa = batch::isaOf(module);
    bool fuses = !isa || batch::hasFusedMultiplyAdd(*isa);
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandExp, ExpandSumWithExp, ExpandLogistic,
                 ExpandFunction<math::TanhOp, expandTanh>,
                 ExpandFunction<math::LogOp, expandLog>>(&getContext(), fuses);
    GreedyRewriteConfig config;
    config.enableFolding(false).setRegionSimplificationLevel(
        GreedySimplifyRegionLevel::Disabled);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};
} // namespace
