//===- Buffers.h - where the rows of values lie -----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Code that finds, in the buffers that a phase's function is called with, the
// rows of the values that the phase reads and writes.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_LOWERPHASES_BUFFERS_H
#define EDBC_PASSES_LOWERPHASES_BUFFERS_H

#include "dialects/Batch/Batch.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace edbc::batch {

/// A function under construction: the slots of its buffers, opened at its
/// beginning when first asked for.
class BufferScope {
public:
  BufferScope(mlir::ImplicitLocOpBuilder &b, KernelOp kernel,
              const mlir::SymbolTable &symbols, mlir::Value buffers)
      : b(b), kernel(kernel), symbols(symbols), buffers(buffers) {}

  mlir::Value items();
  mlir::Value resultRows();
  /// A column of numbers that belongs to an operand of the kernel.
  mlir::Value column(BindingKind kind, int64_t operand);
  mlir::Value operandValues(int64_t operand);
  mlir::Value state(mlir::FlatSymbolRefAttr name);
  /// Whether nodes with that result may have rows of a table.
  bool hasTable(mlir::FlatSymbolRefAttr state);
  /// A parameter, as values of a type are read from it.
  mlir::Value param(mlir::FlatSymbolRefAttr name, mlir::Type batchTensor);
  mlir::Value weights(mlir::FlatSymbolRefAttr name);
  /// The rows that kernels of tables computed.
  mlir::Value table(mlir::FlatSymbolRefAttr state);
  /// For nodes, or for the elements of an operand.
  mlir::Value workspace(std::optional<int64_t> operand);

  /// Float at which a field begins in a row of its state.
  int64_t fieldOffset(mlir::FlatSymbolRefAttr state, llvm::StringRef field);
  /// Its width in floats.
  int64_t fieldWidth(mlir::FlatSymbolRefAttr state, llvm::StringRef field);

  KernelOp getKernel() { return kernel; }
  mlir::Value getBuffers() { return buffers; }
  /// Fails if a buffer was asked for that the kernel doesn't bind.
  mlir::LogicalResult getResult() { return result; }

private:
  mlir::MemRefType columnType();
  mlir::MemRefType rowsType(int64_t stride);
  StateOp stateOp(mlir::FlatSymbolRefAttr name);
  mlir::Value open(BindingKind kind, int64_t index,
                   mlir::FlatSymbolRefAttr symbol, mlir::MemRefType type);

  mlir::ImplicitLocOpBuilder &b;
  KernelOp kernel;
  const mlir::SymbolTable &symbols;
  mlir::Value buffers;
  mlir::DenseMap<mlir::Attribute, mlir::Value> opened;
  mlir::LogicalResult result = mlir::success();
};

/// Where a row of a value begins: `buffer[row, offset + shift]`.
struct RowPlace {
  mlir::Value buffer;
  mlir::Value row;
  int64_t offset;
  mlir::Value shift; ///< null: 0
};

/// Finds the rows of values that belong to one row of a phase: that of a node
/// or of an element, and of a column where the phase computes matrices.
class RowReader {
public:
  /// @param row of `phase`.
  RowReader(mlir::ImplicitLocOpBuilder &b, BufferScope &scope, PhaseOp phase,
            mlir::Value row);

  /// The same for an element of the row's node. Code for it may stand in a loop
  /// over the elements.
  RowReader forElement(mlir::Value element);

  /// The place of a value in memory; of a matrix, the row's column of it.
  RowPlace locate(mlir::Value value);
  /// The place of a matrix in memory, from its first column on, and how many
  /// floats its columns are apart: 0 where all of them are one vector.
  std::pair<RowPlace, int64_t> locateMatrix(mlir::Value value);
  /// The place of a value that is kept in a slot of its workspace.
  RowPlace kept(mlir::Value value, int64_t slot);
  /// The place of a value that is stored into a field, from an offset on.
  RowPlace result(mlir::Value value, llvm::StringRef field, int64_t offset);

  /// Position of the node in the batch.
  mlir::Value getPosition();
  /// Which column of matrices; null where the phase computes vectors.
  mlir::Value getColumn() { return column; }
  /// What an operand's column of tokens holds for the node.
  mlir::Value token(mlir::Value tokens);

private:
  RowPlace locateWhole(mlir::Value value);
  RowPlace keptWhole(mlir::Value value, int64_t slot);
  /// Where the row's column begins in a matrix whose columns have `width`
  /// floats.
  mlir::Value columnShift(int64_t width);
  RowPlace atColumn(RowPlace place, mlir::Type type);
  mlir::Value item();
  /// The entry of a column at an index, loaded once.
  mlir::Value load(mlir::Value column, mlir::Value index);
  /// The row of a node with the result `state`, which a column holds at an
  /// index, and the array that it is a row of.
  std::pair<mlir::Value, mlir::Value> stateRow(mlir::FlatSymbolRefAttr state,
                                               mlir::Value column,
                                               mlir::Value index);

  mlir::ImplicitLocOpBuilder &b;
  BufferScope &scope;
  std::optional<int64_t> over; ///< the operand that `element` is of
  mlir::Value element;
  mlir::Value position; ///< null until needed
  mlir::Value column;
  mlir::Value itemIndex;
  mlir::DenseMap<mlir::Value, mlir::Value> loaded;  ///< by column
  mlir::DenseMap<mlir::Value, mlir::Value> choices; ///< arrays, by column
};

} // namespace edbc::batch

#endif // EDBC_PASSES_LOWERPHASES_BUFFERS_H
