//===- Dimensions.h - the values of named dimensions ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_FRONTEND_DIMENSIONS_H
#define EDBC_COMPILER_FRONTEND_DIMENSIONS_H

#include "compiler/Frontend/AST.h"
#include "llvm/ADT/StringMap.h"
#include <optional>

namespace edbc::frontend {

/// The values of a layer's dimensions; nothing after an error.
using DimArguments = NameMap<std::optional<int64_t>>;

/// Evaluates the expressions of dimensions exactly, in 64-bit integers. Every
/// problem is reported once; what depends on it is then silently unknown.
class Dimensions {
public:
  /// Gives every `dim` of the model its value: that of `overrides` (the last
  /// one of each name), else its own. Values lie between 1 and `maxExtent`.
  Dimensions(const ModelFile &model,
             llvm::ArrayRef<std::pair<std::string, int64_t>> overrides,
             int64_t maxExtent, Reporter reporter);

  /// The value of a `dim`, or nothing where it has none.
  std::optional<int64_t> getValue(llvm::StringRef name) const;
  /// The value of an expression that stands in a shape; `arguments` hide
  /// dims of the same names.
  std::optional<int64_t>
  evaluateExtent(const Expr &expr, const DimArguments *arguments = nullptr);
  /// The same of an expression that stands in a slice: any integer.
  std::optional<int64_t> evaluatePosition(const Expr &expr,
                                          const DimArguments *arguments);

private:
  enum class Progress { Waiting, Running, Done };
  struct Dim {
    const DimDecl *decl = nullptr;
    Progress progress = Progress::Waiting;
    std::optional<int64_t> value;
  };

  void
  applyOverrides(llvm::ArrayRef<std::pair<std::string, int64_t>> overrides);
  std::optional<int64_t> evaluateDim(Dim &dim, SourceRange use);
  std::optional<int64_t> evaluate(const Expr &expr);
  std::optional<int64_t> evaluateOperator(const Expr &expr);
  template <typename... Ts>
  std::nullopt_t fail(SourceRange place, const char *format, Ts &&...values) {
    reporter.error(place, format, std::forward<Ts>(values)...);
    return std::nullopt;
  }
  llvm::SmallVector<llvm::StringRef> getNames() const;

  const ModelFile &model;
  int64_t maxExtent;
  Reporter reporter;
  llvm::StringMap<Dim> dims;
  const DimArguments *arguments = nullptr; ///< of the current evaluation
  unsigned depth = 0;                      ///< of dims that are being evaluated
};

} // namespace edbc::frontend

#endif // EDBC_COMPILER_FRONTEND_DIMENSIONS_H
