//===- Rows.h - where the rows of values lie, as code -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// What Buffers.h of passes/LowerPhases is for the CPU: code that finds, in the
// buffers that a phase is called with, the rows of the values that it reads and
// writes.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_CUDA_ROWS_H
#define EDBC_COMPILER_CUDA_ROWS_H

#include "compiler/Cuda/Names.h"
#include "dialects/Batch/Batch.h"

#include <map>
#include <optional>
#include <vector>

namespace edbc::cuda {

/// The struct `Row` of a phase, whose members are added when they are first
/// asked for.
class RowStruct {
public:
  RowStruct(batch::PhaseOp phase, const mlir::SymbolTable &symbols,
            Names &names);

  /// @name Members, as `row.NAME`: pointers to floats
  /// @{
  /// A value in memory; of a matrix, the row's column of it.
  std::string locate(mlir::Value value);
  /// A matrix in memory, from its first column on.
  std::string locateMatrix(mlir::Value value);
  /// The float of a value in memory whose number is that of the row's column.
  std::string locateColumn(mlir::Value value);
  /// The one whose number a token is.
  std::string locateToken(mlir::Value value, mlir::Value tokens);
  /// Where a value goes that is kept in a slot of its workspace.
  std::string kept(mlir::Value value, int64_t slot);
  /// Where a value goes that is stored into a field.
  std::string result(batch::ScatterOp store);
  /// @}

  /// How many floats a matrix's columns are apart: 0 where all of them are one
  /// vector.
  static int64_t columnStride(mlir::Value matrix);
  /// Whether a value's rows begin on multiples of 16 bytes.
  static bool isAligned(mlir::Value value);

  /// The bounds of the row's elements: members.
  std::pair<std::string, std::string> elements(int64_t operand);
  /// A pointer to a value's row of an element, whose number is `element`.
  std::string locateElement(mlir::Value value, llvm::StringRef element);

  /// A parameter's name, without that of the cell if it is declared there.
  llvm::StringRef nameOfParam(llvm::StringRef param);
  /// The slot of a pack.
  unsigned weights(mlir::FlatSymbolRefAttr pack);

  /// The struct, indented by two.
  std::string print() const;
  /// Fails if a buffer was asked for that the kernel doesn't bind.
  mlir::LogicalResult getResult() { return outcome; }

private:
  /// Where a row of a value begins: all floats before it in its buffer.
  struct Place {
    unsigned slot;
    std::string row;
    int64_t stride;
    int64_t offset;
    /// The slot of the table that the row may be of instead.
    std::optional<unsigned> table = {};
  };

  unsigned slot(batch::BindingKind kind, int64_t index = -1,
                mlir::FlatSymbolRefAttr symbol = {});
  batch::StateOp stateOp(mlir::FlatSymbolRefAttr name);
  Place fieldPlace(batch::BindingKind kind, mlir::FlatSymbolRefAttr state,
                   llvm::StringRef field, std::string row);
  /// @param element null: that of the phase's row. Otherwise of a loop, where
  ///   numbers and buffers are members of `row`.
  Place locateWhole(mlir::Value value, const std::string *element);
  Place keptWhole(mlir::Value value, int64_t slot, const std::string *element);
  std::string pointer(const Place &place, llvm::StringRef buffers,
                      llvm::StringRef shift);
  std::string shiftToColumn(mlir::Type type, llvm::StringRef prefix = "");

  /// @name Numbers that the constructor finds, as names of variables
  /// @{
  std::string number(llvm::StringRef key, const llvm::Twine &wish,
                     const std::string &code);
  /// Of the node or element whose row it is.
  std::string owner();
  std::string column();
  std::string position();
  std::string item();
  std::string operandEntry(batch::BindingKind kind, int64_t operand);
  /// @}
  std::string memberNumber(const std::string &variable);
  std::string member(const std::string &key, const llvm::Twine &wish,
                     const std::string &code, bool written = false);
  std::string nameOf(mlir::Value value);

  batch::PhaseOp phase;
  batch::KernelOp kernel;
  const mlir::SymbolTable &symbols;
  Names &names;
  std::vector<std::string> statements; ///< of the constructor
  std::vector<std::string> members;
  std::map<std::string, std::string> byKey; ///< names of numbers and members
  bool keepsBuffers = false;
  mlir::LogicalResult outcome = mlir::success();
};

} // namespace edbc::cuda

#endif // EDBC_COMPILER_CUDA_ROWS_H
