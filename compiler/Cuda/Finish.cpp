//===- Finish.cpp - all that follows the products, as code ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Cuda/Finish.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace mlir;
using namespace edbc::cuda;
using namespace edbc::batch;
using llvm::formatv;

/// The shortest decimal that is exactly this number; a negative one in
/// parentheses, since a sign may stand before it.
static std::string literal(const APFloat &value) {
  float number = value.convertToFloat();
  if (!value.isFinite())
    return formatv("__int_as_float({0:x})",
                   value.bitcastToAPInt().getZExtValue());
  std::string text;
  for (int digits = 6; digits <= 9; ++digits) {
    text.clear();
    llvm::raw_string_ostream(text) << llvm::format("%.*g", digits, number);
    if (std::strtof(text.c_str(), nullptr) == number)
      break;
  }
  if (text.find_first_of(".e") == std::string::npos)
    text += ".0";
  text += "f";
  return text.front() == '-' ? "(" + text + ")" : text;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

std::string Finish::wishFor(Value value) {
  for (Operation *user : value.getUsers()) {
    if (auto store = dyn_cast<ScatterOp>(user))
      return store.getField().str();
    if (isa<YieldOp>(user))
      return "kept";
  }
  return "v";
}

std::string Finish::declare(Value value, const std::string &code) {
  std::string name = names.choose(wishFor(value));
  statements.push_back("const float " + name + " = " + code + ";");
  computed[value] = {name, Expression::Atom};
  return name;
}

/// Short code is repeated at its only use; all else gets a name.
void Finish::define(Value value, Expression expression) {
  constexpr size_t longest = 60;
  if (value.hasOneUse() && expression.code.size() <= longest)
    computed[value] = std::move(expression);
  else
    declare(value, expression.code);
}

Finish::Expression Finish::lookUp(Value value) {
  auto found = computed.find(value);
  if (found != computed.end())
    return found->second;
  // What isn't computed here lies in memory.
  define(value, {rows.locate(value) + "[unit]", Expression::Atom});
  return computed[value];
}

std::string Finish::operand(Value value, Expression::Level least) {
  Expression expression = lookUp(value);
  return expression.level < least ? "(" + expression.code + ")"
                                  : expression.code;
}

std::string Finish::fold(const Twine &wish, const std::string &code) {
  folded.emplace_back(names.choose(wish), code);
  return "folded." + folded.back().first;
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

LogicalResult Finish::generate() {
  for (Operation &op : phase.getBodyBlock())
    if (failed(compute(op)))
      return failure();
  return success();
}

FailureOr<Finish::Expression> Finish::elementwise(Operation &op) {
  auto infix = [&](const char *sign, Expression::Level level) -> Expression {
    // As it stands: (a + b) + c needs no parentheses, a + (b + c) does.
    auto next = static_cast<Expression::Level>(level + 1);
    // One after the other: they may become statements.
    std::string left = operand(op.getOperand(0), level);
    std::string right = operand(op.getOperand(1), next);
    return {left + sign + right, level};
  };
  auto call = [&](const char *function) -> Expression {
    std::string code = std::string(function) + "(";
    llvm::interleave(
        op.getOperands(),
        [&](Value value) { code += operand(value, Expression::Sum); },
        [&] { code += ", "; });
    return {code + ")", Expression::Atom};
  };
  return TypeSwitch<Operation *, FailureOr<Expression>>(&op)
      .Case([&](arith::AddFOp) { return infix(" + ", Expression::Sum); })
      .Case([&](arith::SubFOp) { return infix(" - ", Expression::Sum); })
      .Case([&](arith::MulFOp) { return infix(" * ", Expression::Product); })
      .Case([&](arith::DivFOp) { return infix(" / ", Expression::Product); })
      .Case([&](arith::NegFOp neg) {
        return Expression{"-" + operand(neg.getOperand(), Expression::Atom),
                          Expression::Sign};
      })
      .Case([&](arith::MaximumFOp) { return call("maximum"); })
      .Case([&](arith::MinimumFOp) { return call("minimum"); })
      .Case([&](math::ExpOp) { return call("expf"); })
      .Case([&](math::LogOp) { return call("logf"); })
      .Case([&](math::TanhOp) { return call("tanhf"); })
      .Case([&](math::SqrtOp) { return call("sqrtf"); })
      .Case([&](math::AbsFOp) { return call("fabsf"); })
      .Default([&](Operation *) -> FailureOr<Expression> {
        return op.emitOpError("can't be computed in a phase on a CUDA device");
      });
}

LogicalResult Finish::compute(Operation &op) {
  // Read where they are first needed, if at all.
  if (readsMemory(&op) || isView(&op))
    return success();
  auto atom = [&](Value value, const std::string &code) {
    computed[value] = {code, Expression::Atom};
    return success();
  };
  return TypeSwitch<Operation *, LogicalResult>(&op)
      .Case([&](ProductOp product) {
        std::string name = names.choose(
            rows.nameOfParam(product.getTerm(0).getParam().getValue()));
        statements.push_back(
            formatv("const float {0} = sum[{1}];", name, numProducts++));
        return atom(product, name);
      })
      .Case([&](MultiplyOp multiply) {
        std::string matrix = rows.locateMatrix(multiply.getMatrix());
        std::string operand = rows.locate(multiply.getOperand());
        declare(multiply, formatv("multiply<{0}, {1}>({2}, {3}, unit)",
                                  columnsOf(multiply.getMatrix().getType()),
                                  RowStruct::columnStride(multiply.getMatrix()),
                                  matrix, operand));
        return success();
      })
      .Case(
          [&](SplatOp splat) { return atom(splat, literal(splat.getValue())); })
      .Case([&](SpreadOp spread) {
        // A matrix of one column is computed as a vector.
        bool isByColumn =
            spread.getDirection() == Direction::Rows && phase.getColumns() != 1;
        std::string place = isByColumn ? rows.locateColumn(spread.getSource())
                                       : rows.locate(spread.getSource());
        return atom(spread, place + "[0]");
      })
      .Case([&](PickOp pick) {
        return atom(pick, rows.locateToken(pick.getSource(), pick.getTokens()) +
                              "[0]");
      })
      .Case([&](LargestOp largest) {
        return atom(
            largest,
            fold("largest", formatv("largestOf(team, {0}, {1})",
                                    rows.locate(largest.getSource()),
                                    widthOf(largest.getSource().getType()))));
      })
      .Case([&](LogSumExpOp sum) {
        return atom(
            sum, fold("logSum", formatv("logSumExp(team, {0}, {1})",
                                        rows.locate(sum.getSource()),
                                        widthOf(sum.getSource().getType()))));
      })
      .Case([&](ArgmaxOp largest) {
        return atom(
            largest,
            fold("largest", formatv("argmax(team, {0}, {1})",
                                    rows.locate(largest.getSource()),
                                    widthOf(largest.getSource().getType()))));
      })
      .Case([&](ReduceOp reduction) {
        return atom(reduction, reduce(reduction));
      })
      .Case([&](ScatterOp store) {
        std::string value = operand(store.getValue(), Expression::Sum);
        statements.push_back(rows.result(store) + "[unit] = " + value + ";");
        return success();
      })
      .Case([&](YieldOp yield) {
        store(yield);
        return success();
      })
      .Default([&](Operation *op) -> LogicalResult {
        FailureOr<Expression> expression = elementwise(*op);
        if (failed(expression))
          return failure();
        define(op->getResult(0), std::move(*expression));
        return success();
      });
}

/// What is kept may take the place of what else is read: first all is read.
void Finish::store(YieldOp yield) {
  for (Value kept : yield.getKept()) {
    Expression expression = lookUp(kept);
    if (expression.code.find_first_of("[(*+-/ ") != std::string::npos)
      declare(kept, expression.code);
  }
  for (auto [i, kept] : llvm::enumerate(yield.getKept()))
    statements.push_back(rows.kept(kept, (*phase.getSlots())[i]) +
                         "[unit] = " + lookUp(kept).code + ";");
}

/// In the order of the elements.
std::string Finish::reduce(ReduceOp op) {
  int64_t operand = *elementsOf(op.getElements().getType());
  auto [begin, end] = rows.elements(operand);
  std::string name = names.choose(wishFor(op));
  bool isMax = op.getReduction() == Reduction::Max;
  statements.push_back(
      formatv("float {0} = {1};", name, isMax ? "-infinity()" : "0"));
  statements.push_back(
      formatv("for (u32 element = {0}; element < {1}; ++element)", begin, end));
  std::string next =
      "(" + rows.locateElement(op.getElements(), "element") + ")[unit]";
  statements.push_back(
      isMax ? formatv("  {0} = maximum({0}, {1});", name, next).str()
            : formatv("  {0} += {1};", name, next).str());
  if (op.getReduction() == Reduction::Mean)
    statements.push_back(
        formatv("{0} /= static_cast<float>({1} - {2});", name, end, begin));
  return name;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

std::string Finish::printFolded() const {
  if (folded.empty())
    return "  using Folded = NothingFolded;\n";
  std::string text = "  struct Folded {\n";
  for (const auto &[name, code] : folded)
    text += "    float " + name + ";\n";
  text += "    template <class Team>\n"
          "    __device__ Folded(const Row &row, Team team) {\n";
  for (const auto &[name, code] : folded)
    text += "      " + name + " = " + code + ";\n";
  return text + "    }\n  };\n";
}

std::string Finish::print() const {
  bool hasSums = numProducts != 0;
  std::string text = "  __device__ static void finish(const Row &row, const "
                     "Folded &";
  text += folded.empty() ? "" : "folded";
  text += ",\n                                u32 unit, const float *";
  text += hasSums ? "sum) {\n" : ") {\n";
  for (const std::string &statement : statements)
    text += "    " + statement + "\n";
  return text + "  }\n";
}
