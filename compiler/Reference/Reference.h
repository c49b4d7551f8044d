//===- Reference.h - interprets the cell dialect ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Says what a network's values are: the oracle of tests. It follows the
// definitions of the operations word by word, in double precision, one node of
// one instance at a time, and shares nothing with what it judges: no batches,
// no passes, no runtime.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_REFERENCE_REFERENCE_H
#define EDBC_COMPILER_REFERENCE_REFERENCE_H

#include "compiler/Graphs/GraphFile.h"
#include "dialects/Cell/Cell.h"
#include "edbc/abi.h"

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace edbc {

/// What a node computed: the fields of a `cell.state`, by name. Matrices stand
/// row after row.
struct NodeState {
  std::string state;
  std::map<std::string, std::vector<double>, std::less<>> fields;
};

/// What a cell is applied to: an earlier node, a list of them, a token, or the
/// numbers of a dense input. Nodes are only looked at during the call that they
/// are given to.
using CellOperand =
    std::variant<const NodeState *, uint32_t, std::vector<double>,
                 std::vector<const NodeState *>>;

/// Values of parameters by name, row-major.
using ParameterValues =
    std::map<std::string, llvm::ArrayRef<float>, std::less<>>;

/// An interpreter of one network. Errors are diagnostics at the operation
/// concerned; functions then return failure. Several threads may evaluate at
/// once, if the module isn't changed meanwhile.
class Reference {
public:
  /// Interprets a verified module of the cell dialect, which must outlive the
  /// result. Every parameter must have as many values as its shape says; they
  /// are copied. Values of other names are ignored.
  static mlir::FailureOr<Reference> create(mlir::ModuleOp module,
                                           const ParameterValues &values);

  /// Applies a cell to operands. They must be as many and of such kinds as the
  /// cell's definition says: a node of the right state, enough of them for a
  /// list, a token less than the bound, as many numbers as the input is wide.
  mlir::FailureOr<NodeState>
  evaluate(llvm::StringRef cell, llvm::ArrayRef<CellOperand> operands) const;

  /// Evaluates the nodes of an instance in their order and returns the states
  /// of all. Cells are numbered in the order of their definitions.
  mlir::FailureOr<std::vector<NodeState>>
  evaluate(const Instance &instance) const;

private:
  using Tensors = std::map<std::string, std::vector<double>, std::less<>>;

  Reference(mlir::ModuleOp module, Tensors params);

  mlir::ModuleOp module;
  Tensors params;
  std::vector<cell::DefOp> cells;
};

/// The largest magnitude of finite numbers that field `field` has among the
/// nodes of state `state`; 0 if there are none.
double largestMagnitude(llvm::ArrayRef<NodeState> nodes, llvm::StringRef state,
                        llvm::StringRef field);

/// How far `found` is from `expected`, which has as many numbers: the largest
/// difference, relative to the largest finite magnitude of `expected`, or to a
/// hundredth of `usual` if that is more. What cancels to nearly 0 can't be
/// better than the terms that it came from; `usual` says how large the same
/// field is elsewhere. Infinite where one side has NaN or an infinity that the
/// other doesn't have.
double relativeError(llvm::ArrayRef<double> expected,
                     llvm::ArrayRef<float> found, double usual);

/// The relativeError() that kernels which multiply with a precision may have.
double toleranceOf(edbc_precision precision);

} // namespace edbc

#endif // EDBC_COMPILER_REFERENCE_REFERENCE_H
