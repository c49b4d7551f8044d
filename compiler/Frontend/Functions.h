//===- Functions.h - the functions that expressions can call ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_FRONTEND_FUNCTIONS_H
#define EDBC_COMPILER_FRONTEND_FUNCTIONS_H

#include "mlir/IR/Builders.h"

namespace edbc::frontend {

/// A function or operator of expressions.
struct Function {
  enum class Kind {
    Elementwise,  ///< of tensors of one shape, and of numbers
    Vector,       ///< of one vector
    CrossEntropy, ///< of a vector and a token
    Columns,      ///< fills the columns of a matrix with a vector
    Rows,         ///< fills the rows of a matrix with a vector
    Reduction,    ///< of the tensors of a list's nodes
  };

  llvm::StringLiteral name;
  Kind kind;
  unsigned arity;
  /// Builds the operation of an Elementwise or Vector function; else null.
  mlir::Value (*build)(mlir::OpBuilder &, mlir::Location, mlir::ValueRange);
  /// What an Elementwise function makes of numbers (the second one is 0 where
  /// there is only one). Null where the result would depend on the C library.
  double (*fold)(double, double);
};

/// The function of that name, or null. `max` is the elementwise one.
const Function *findFunction(llvm::StringRef name);
/// The binary operator with that sign, or null; all are Elementwise.
const Function *findOperator(llvm::StringRef sign);
/// The unary operator `-`, which is Elementwise.
const Function &getNegation();
llvm::SmallVector<llvm::StringRef> getFunctionNames();
inline bool isFunction(llvm::StringRef name) { return findFunction(name); }

/// A tensor of that type all of whose elements are `value`.
mlir::Value buildSplat(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Type type, float value);

} // namespace edbc::frontend

#endif // EDBC_COMPILER_FRONTEND_FUNCTIONS_H
