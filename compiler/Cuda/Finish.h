//===- Finish.h - all that follows the products, as code --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_CUDA_FINISH_H
#define EDBC_COMPILER_CUDA_FINISH_H

#include "compiler/Cuda/Rows.h"

namespace edbc::cuda {

/// Prints the computation of one unit of a phase's row: of everything that the
/// phase computes and stores there.
class Finish {
public:
  Finish(batch::PhaseOp phase, RowStruct &rows, Names &names)
      : phase(phase), rows(rows), names(names) {}

  /// Reports and fails if the phase holds an operation that can't be computed.
  mlir::LogicalResult generate();

  /// @name The members, indented by two
  /// @{
  std::string printFolded() const;
  std::string print() const;
  /// @}

private:
  /// Code and how tightly it binds.
  struct Expression {
    enum Level { Sum, Product, Sign, Atom };
    std::string code;
    Level level = Atom;
  };

  mlir::LogicalResult compute(mlir::Operation &op);
  mlir::FailureOr<Expression> elementwise(mlir::Operation &op);
  std::string reduce(batch::ReduceOp op);
  void store(batch::YieldOp yield);
  /// The code of a value: computed, or read where it is first needed.
  Expression lookUp(mlir::Value value);
  std::string operand(mlir::Value value, Expression::Level least);
  /// Something that is computed once for a row.
  std::string fold(const llvm::Twine &wish, const std::string &code);
  std::string declare(mlir::Value value, const std::string &code);
  void define(mlir::Value value, Expression expression);
  std::string wishFor(mlir::Value value);

  batch::PhaseOp phase;
  RowStruct &rows;
  Names &names;
  std::vector<std::string> statements;
  std::vector<std::pair<std::string, std::string>> folded;
  llvm::DenseMap<mlir::Value, Expression> computed;
  int64_t numProducts = 0;
};

} // namespace edbc::cuda

#endif // EDBC_COMPILER_CUDA_FINISH_H
