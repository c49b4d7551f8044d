//===- Network.h - the parts of a network, as they are numbered -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// What all files of a generated library are written from: the operations of a
// network's module, collected by kind and checked to be complete. An
// operation's position in its list is its number in the library's description.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_EMIT_NETWORK_H
#define EDBC_COMPILER_EMIT_NETWORK_H

#include "dialects/Batch/Batch.h"

#include <optional>

namespace edbc {

/// A view of a network's module, which must outlive it and stay unchanged.
struct Network {
  mlir::ModuleOp module;
  llvm::StringRef name;
  llvm::SmallVector<batch::ParamOp> params;
  llvm::SmallVector<batch::StateOp> states;
  llvm::SmallVector<batch::KernelOp> kernels;
  /// The kernels of tables, and the states of those that don't yield a cell's;
  /// in the library they follow those of cells.
  llvm::SmallVector<batch::KernelOp> tables;
  llvm::SmallVector<batch::StateOp> tableStates;
  llvm::SmallVector<batch::OutputOp> outputs;
  /// Null: every choice falls back on the sufficient condition.
  batch::PolicyOp policy;
  /// Modules of generated functions, at most one for each instruction set and
  /// at least one, weakest set first.
  llvm::SmallVector<mlir::ModuleOp> targets;

  /// The library's constants: first the parameters that kernels read in padded
  /// rows, then those that they read column by column, then the packed weights,
  /// then the tables with a state of their own, then those of cells' states,
  /// each in the order of the module. A parameter may be read in both ways.
  llvm::SmallVector<batch::ParamOp> paddedParams;
  llvm::SmallVector<batch::ParamOp> columnParams;
  llvm::SmallVector<batch::PackOp> packs;
  llvm::SmallVector<batch::StateOp> statesWithTables;

  /// Collects the operations of `module`, which must have passed its verifier
  /// and all stages before this one: memory is planned, phases are formed, and
  /// functions are generated. Where something is missing, refers to nothing or
  /// has no room in the description, reports it at its operation and fails.
  static mlir::FailureOr<Network> read(mlir::ModuleOp module);

  /// Starts an error at the module.
  mlir::InFlightDiagnostic emitError() const;

  /// The number of the named operation, or nothing where there is none.
  std::optional<unsigned> findState(llvm::StringRef symbol) const;
  std::optional<unsigned> findKernel(llvm::StringRef symbol) const;
  std::optional<unsigned> findParam(llvm::StringRef symbol) const;
  /// The number of the constant that a binding (`constant`, `columns`, `table`)
  /// asks for.
  std::optional<unsigned> findConstant(batch::BindingAttr binding) const;
  /// The number of the constant that holds a table, by the state of its rows.
  std::optional<unsigned> findTable(llvm::StringRef state) const;
  /// The position in `tables` of the table that an operand of a kernel looks
  /// something up in, or nothing where there is none.
  std::optional<unsigned> findTableOf(mlir::BlockArgument operand) const;

  /// Number of panels in which `phase` is computed: its whole width where it
  /// has no panel.
  int64_t numPanels(batch::PhaseOp phase) const;
};

/// The phases of a kernel in order; functions are numbered so.
llvm::SmallVector<batch::PhaseOp> phasesOf(batch::KernelOp kernel);

} // namespace edbc

#endif // EDBC_COMPILER_EMIT_NETWORK_H
