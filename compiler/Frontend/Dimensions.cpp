//===- Dimensions.cpp - the values of named dimensions ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/Dimensions.h"

#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace llvm;

namespace edbc::frontend {

/// Most dims that may wait for one another's values. It bounds the recursion.
static constexpr unsigned maxChain = 16;

Dimensions::Dimensions(const ModelFile &model,
                       ArrayRef<std::pair<std::string, int64_t>> overrides,
                       int64_t maxExtent, Reporter reporter)
    : model(model), maxExtent(maxExtent), reporter(reporter) {
  for (const DimDecl &decl : reverse(model.dims))
    dims[decl.name.text].decl = &decl;
  applyOverrides(overrides);
  for (const DimDecl &decl : model.dims)
    evaluateDim(dims[decl.name.text], decl.name.range);
}

void Dimensions::applyOverrides(
    ArrayRef<std::pair<std::string, int64_t>> overrides) {
  for (const auto &[name, value] : overrides) {
    auto it = dims.find(name);
    bool isKnown = it != dims.end();
    if (isKnown)
      it->second.progress = Progress::Done;
    if (isKnown && value >= 1 && value <= maxExtent)
      it->second.value = value;
    else if (isKnown)
      reporter.diagnostics.commandLineError(
          formatv("-D {0}={1}: a dim must be between 1 and {2}", name, value,
                  maxExtent));
    else if (!model.isIncomplete)
      reporter.diagnostics.commandLineError(
          formatv("-D {0}={1}: the model has no dim '{0}'{2}", name, value,
                  suggest(name, getNames())));
  }
}

SmallVector<StringRef> Dimensions::getNames() const {
  SmallVector<StringRef> names =
      arguments ? frontend::getNames(*arguments) : SmallVector<StringRef>();
  for (const DimDecl &decl : model.dims)
    names.push_back(decl.name.text);
  return names;
}

std::optional<int64_t> Dimensions::getValue(StringRef name) const {
  auto it = dims.find(name);
  return it == dims.end() ? std::nullopt : it->second.value;
}

std::optional<int64_t>
Dimensions::evaluatePosition(const Expr &expr, const DimArguments *arguments) {
  SaveAndRestore known(this->arguments, arguments);
  return evaluate(expr);
}

std::optional<int64_t>
Dimensions::evaluateExtent(const Expr &expr, const DimArguments *arguments) {
  std::optional<int64_t> value = evaluatePosition(expr, arguments);
  if (value && (*value < 1 || *value > maxExtent))
    return fail(expr.range, "dimension is {0}; it must be between 1 and {1}",
                *value, maxExtent);
  return value;
}

std::optional<int64_t> Dimensions::evaluateDim(Dim &dim, SourceRange use) {
  const Name &name = dim.decl->name;
  if (dim.progress == Progress::Done)
    return dim.value;
  if (dim.progress == Progress::Running)
    return fail(use, "dim '{0}' depends on itself", name.text);
  SaveAndRestore deeper(depth, depth + 1);
  if (depth > maxChain)
    return fail(use, "more than {0} dims depend each on a later one", maxChain);
  dim.progress = Progress::Running;
  if (dim.decl->value)
    dim.value = evaluateExtent(*dim.decl->value);
  else
    fail(name.range, "dim '{0}' has no value; give it one with -D {0}=N",
         name.text);
  dim.progress = Progress::Done;
  return dim.value;
}

std::optional<int64_t> Dimensions::evaluate(const Expr &expr) {
  StringRef text = expr.name.text;
  switch (expr.kind) {
  case Expr::Kind::Number: {
    int64_t value;
    if (text.find_first_of(".eE") != StringRef::npos)
      return fail(expr.range, "a dimension must be an integer");
    if (text.getAsInteger(10, value))
      return fail(expr.range, "integer is too large");
    return value;
  }
  case Expr::Kind::Name: {
    if (arguments && arguments->contains(text))
      return arguments->lookup(text);
    auto it = dims.find(text);
    if (it != dims.end())
      return evaluateDim(it->second, expr.range);
    if (model.isIncomplete)
      return std::nullopt;
    return fail(expr.range, "unknown dim '{0}'{1}", text,
                suggest(text, getNames()));
  }
  case Expr::Kind::Negate:
  case Expr::Kind::Binary:
    if (text != "@")
      return evaluateOperator(expr);
    [[fallthrough]];
  default:
    return fail(expr.range, "a dimension is made of integers, dims, + - * / "
                            "and parentheses");
  }
}

std::optional<int64_t> Dimensions::evaluateOperator(const Expr &expr) {
  // -x is 0 - x.
  bool isNegation = expr.kind == Expr::Kind::Negate;
  std::optional<int64_t> left =
      isNegation ? int64_t(0) : evaluate(*expr.operands.front());
  std::optional<int64_t> right = evaluate(*expr.operands.back());
  if (!left || !right)
    return std::nullopt;
  char sign = expr.name.text[0];
  int64_t result = 0;
  bool overflows = false;
  switch (sign) {
  case '+':
    overflows = AddOverflow(*left, *right, result);
    break;
  case '-':
    overflows = SubOverflow(*left, *right, result);
    break;
  case '*':
    overflows = MulOverflow(*left, *right, result);
    break;
  default:
    if (*right == 0)
      return fail(expr.range, "division by zero: {0} / 0", *left);
    overflows = *left == INT64_MIN && *right == -1;
    if (!overflows && *left % *right != 0)
      return fail(expr.range, "division is not exact: {0} / {1}", *left,
                  *right);
    if (!overflows)
      result = *left / *right;
  }
  if (overflows)
    return fail(expr.range, "dimension is too large: {0} {1} {2}", *left, sign,
                *right);
  return result;
}

} // namespace edbc::frontend
