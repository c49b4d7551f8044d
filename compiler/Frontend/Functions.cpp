//===- Functions.cpp - the functions that expressions can call --*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/Functions.h"

#include "dialects/Cell/Cell.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;

namespace edbc::frontend {

Value buildSplat(OpBuilder &builder, Location loc, Type type, float value) {
  return arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(cast<ShapedType>(type), value));
}

template <typename OpTy>
static Value build(OpBuilder &builder, Location loc, ValueRange operands) {
  return OpTy::create(builder, loc, operands.getType().front(), operands);
}

static Value buildArgmax(OpBuilder &builder, Location loc,
                         ValueRange operands) {
  return cell::ArgmaxOp::create(builder, loc, operands.front());
}

static Value buildRelu(OpBuilder &builder, Location loc, ValueRange operands) {
  Value zero = buildSplat(builder, loc, operands.getType().front(), 0);
  return arith::MaximumFOp::create(builder, loc, operands.front(), zero);
}

using Kind = Function::Kind;

static const Function operators[] = {
    {"+", Kind::Elementwise, 2, build<arith::AddFOp>,
     [](double x, double y) { return x + y; }},
    {"-", Kind::Elementwise, 2, build<arith::SubFOp>,
     [](double x, double y) { return x - y; }},
    {"*", Kind::Elementwise, 2, build<arith::MulFOp>,
     [](double x, double y) { return x * y; }},
    {"/", Kind::Elementwise, 2, build<arith::DivFOp>,
     [](double x, double y) { return x / y; }},
};

static const Function functions[] = {
    {"sigmoid", Kind::Elementwise, 1, build<cell::SigmoidOp>, nullptr},
    {"tanh", Kind::Elementwise, 1, build<math::TanhOp>, nullptr},
    {"relu", Kind::Elementwise, 1, buildRelu,
     [](double x, double) { return std::fmax(x, 0); }},
    {"exp", Kind::Elementwise, 1, build<math::ExpOp>, nullptr},
    {"log", Kind::Elementwise, 1, build<math::LogOp>, nullptr},
    {"sqrt", Kind::Elementwise, 1, build<math::SqrtOp>,
     [](double x, double) { return std::sqrt(x); }},
    {"abs", Kind::Elementwise, 1, build<math::AbsFOp>,
     [](double x, double) { return std::fabs(x); }},
    {"max", Kind::Elementwise, 2, build<arith::MaximumFOp>,
     [](double x, double y) { return std::fmax(x, y); }},
    {"min", Kind::Elementwise, 2, build<arith::MinimumFOp>,
     [](double x, double y) { return std::fmin(x, y); }},
    {"softmax", Kind::Vector, 1, build<cell::SoftmaxOp>, nullptr},
    {"log_softmax", Kind::Vector, 1, build<cell::LogSoftmaxOp>, nullptr},
    {"argmax", Kind::Vector, 1, buildArgmax, nullptr},
    {"cross_entropy", Kind::CrossEntropy, 2, nullptr, nullptr},
    {"columns", Kind::Columns, 1, nullptr, nullptr},
    {"rows", Kind::Rows, 1, nullptr, nullptr},
    {"sum", Kind::Reduction, 1, nullptr, nullptr},
    {"mean", Kind::Reduction, 1, nullptr, nullptr},
};

static const Function *findIn(ArrayRef<Function> table, StringRef name) {
  const Function *it = llvm::find_if(
      table, [&](const Function &function) { return function.name == name; });
  return it == table.end() ? nullptr : it;
}

const Function *findFunction(StringRef name) { return findIn(functions, name); }
const Function *findOperator(StringRef sign) { return findIn(operators, sign); }

const Function &getNegation() {
  static const Function negation = {"-", Kind::Elementwise, 1,
                                    build<arith::NegFOp>,
                                    [](double x, double) { return -x; }};
  return negation;
}

SmallVector<StringRef> getFunctionNames() {
  SmallVector<StringRef> names;
  for (const Function &function : functions)
    names.push_back(function.name);
  return names;
}

} // namespace edbc::frontend
