//===- Epilogue.h - all that follows the products of a row ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_LOWERPHASES_EPILOGUE_H
#define EDBC_PASSES_LOWERPHASES_EPILOGUE_H

#include "passes/LowerPhases/Buffers.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace edbc::batch {

/// @name Indices
/// @{
mlir::Value index(mlir::ImplicitLocOpBuilder &b, int64_t value);
mlir::Value add(mlir::ImplicitLocOpBuilder &b, mlir::Value a, mlir::Value c);
mlir::Value add(mlir::ImplicitLocOpBuilder &b, mlir::Value a, int64_t c);
mlir::Value multiply(mlir::ImplicitLocOpBuilder &b, mlir::Value a, int64_t c);
/// A loop from 0.
mlir::scf::ForOp loopTo(mlir::ImplicitLocOpBuilder &b, int64_t end,
                        int64_t step, mlir::ValueRange initial);
/// Where float `at` of a row lies.
llvm::SmallVector<mlir::Value, 2>
indices(mlir::ImplicitLocOpBuilder &b, const RowPlace &place, mlir::Value at);
/// @}

/// Generates the computation of one register of a phase's row: of the floats
/// [at, at + lanes) of everything that the phase computes and stores.
class Epilogue {
public:
  /// @param sums what the phase's products and multiplications came to.
  Epilogue(mlir::ImplicitLocOpBuilder &b, BufferScope &scope, PhaseOp phase,
           mlir::VectorType vectorType, RowReader &rows, mlir::Value at,
           llvm::DenseMap<mlir::Value, mlir::Value> sums)
      : b(b), scope(scope), phase(phase), vectorType(vectorType), rows(rows),
        at(at), computed(std::move(sums)) {}

  /// Reports and fails if the phase holds an operation that can't be computed.
  mlir::LogicalResult generate();

private:
  mlir::LogicalResult compute(mlir::Operation &op);
  /// The register of a value: computed, or loaded where it is first needed.
  mlir::Value lookUp(mlir::Value value);
  mlir::Value load(const RowPlace &place);
  void store(mlir::Value value, const RowPlace &place);
  void scatter(ScatterOp op);
  mlir::Value reduce(ReduceOp op);
  /// The largest float of a row; NaN doesn't count.
  mlir::Value largest(const RowPlace &place, int64_t width);
  mlir::Value logSumExp(LogSumExpOp op);
  mlir::Value argmax(ArgmaxOp op);
  /// A register filled with one float of a row.
  mlir::Value fill(const RowPlace &place, mlir::Value at);
  mlir::Value splat(mlir::Value scalar);

  using Fold = llvm::function_ref<mlir::Value(
      mlir::Value accumulator, mlir::Value floats, mlir::Value begin)>;
  /// Folds a row of `width` floats into the eight lanes of an accumulator. Of
  /// the last floats, if they are fewer, the lanes that they lack are folded
  /// with `padding` and keep what they were.
  mlir::Value foldRow(const RowPlace &place, int64_t width, mlir::Value initial,
                      mlir::Value padding, Fold fold);

  using Combine = llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)>;
  /// Combines eight lanes to one number.
  mlir::Value foldLanes(mlir::Value lanes, Combine combine);

  mlir::ImplicitLocOpBuilder &b;
  BufferScope &scope;
  PhaseOp phase;
  mlir::VectorType vectorType;
  RowReader &rows;
  mlir::Value at;
  llvm::DenseMap<mlir::Value, mlir::Value> computed;
};

} // namespace edbc::batch

#endif // EDBC_PASSES_LOWERPHASES_EPILOGUE_H
