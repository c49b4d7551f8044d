//===- Batch.h - the batch dialect: how a network is executed ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_DIALECTS_BATCH_BATCH_H
#define EDBC_DIALECTS_BATCH_BATCH_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/LLVMIR/LLVMTypes.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <optional>
#include <vector>

#include "dialects/Batch/BatchDialect.h.inc"

#include "dialects/Batch/BatchEnums.h.inc"

namespace edbc::batch {
/// True for rows of f32 vectors or matrices of static shape, tensor<?x64xf32>
/// or tensor<?x64x8xf32>, one for each node or (`#batch.each`) element.
bool isBatchTensor(mlir::Type type);

/// @name Of the type of rows of vectors or matrices
/// @{
/// Length of the vectors, or of the matrices' columns.
int64_t widthOf(mlir::Type batchTensor);
/// Number of the matrices' columns; 1 for vectors.
int64_t columnsOf(mlir::Type batchTensor);
/// The operand for whose elements there are rows; nothing if they are for
/// nodes.
std::optional<int64_t> elementsOf(mlir::Type batchTensor);
/// The same shape for the elements of an operand, or for nodes.
mlir::RankedTensorType withElements(mlir::Type batchTensor,
                                    std::optional<int64_t> operand);
/// How a parameter stands in memory of which rows of such values are read:
/// matrices column by column, vectors in padded rows.
BindingKind constantKind(mlir::Type batchTensor);
/// @}

/// Whether an operation (or none: null) reads its result from memory.
bool readsMemory(mlir::Operation *op);

/// Whether an operation (or none: null) is but another way of looking at its
/// operand, which stays where it is: a slice, the row of each element's node, a
/// vector as all columns of a matrix.
bool isView(mlir::Operation *op);

/// Whether an operation (or none: null) reads its operands elsewhere than at
/// the element that it computes, so that they must be in memory: products,
/// reductions.
bool readsWholeRows(mlir::Operation *op);

/// Whether a value lies in memory: an operation reads it, a phase kept it, or
/// it is a view of such a value. That is what a phase may multiply and reduce.
bool isInMemory(mlir::Value value);

/// Floats to which rows and panels are padded; EDBC_LANES of edbc/abi.h.
inline constexpr int64_t lanes = 16;

/// The instruction sets for which kernels are generated; `edbc_isa` of
/// edbc/abi.h has the same numbers.
enum class Isa { X86_64 = 0, X86_64_V3 = 1, X86_64_V4 = 2 };
inline constexpr Isa allIsas[] = {Isa::X86_64, Isa::X86_64_V3, Isa::X86_64_V4};

/// As the levels of the x86-64 psABI are spelled: "x86-64-v3".
llvm::StringRef isaName(Isa isa);

/// Whether it multiplies and adds with one rounding. Without, results have
/// other bits.
inline bool hasFusedMultiplyAdd(Isa isa) { return isa != Isa::X86_64; }

/// Attribute of a module of generated functions: the name of the instruction
/// set that they are for. Such modules stand in the network's module.
inline constexpr llvm::StringLiteral isaAttrName = "batch.isa";

/// The instruction set of a module of generated functions, or nothing if
/// `module` isn't one.
std::optional<Isa> isaOf(mlir::ModuleOp module);

/// The symbol of the function that computes phase number `phase` of a kernel.
/// Its parts are joined by dots, which no name holds: no two networks that are
/// linked together have one in common.
std::string phaseFunctionName(llvm::StringRef network, llvm::StringRef kernel,
                              unsigned phase, Isa isa);

/// Attribute of the network's module: the value of every named dimension of the
/// model file, a dictionary of i64. The same as on a module of `cell`.
inline constexpr llvm::StringLiteral dimsAttrName = "cell.dims";

/// `width` padded to whole lanes.
inline int64_t paddedWidth(int64_t width) {
  return (width + lanes - 1) / lanes * lanes;
}
} // namespace edbc::batch

#define GET_TYPEDEF_CLASSES
#include "dialects/Batch/BatchTypes.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Batch/BatchAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/Batch/BatchOps.h.inc"

namespace edbc::batch {
/// The vectors of products and the terms that multiply them, in the order in
/// which they are summed.
struct Factors {
  llvm::SmallVector<mlir::Value> vectors;
  llvm::SmallVector<mlir::Attribute> terms;

  /// Appends those of a product whose vector is wanted.
  void take(ProductOp product, llvm::function_ref<bool(mlir::Value)> isWanted);
  /// Adds the product of these, of which there must be some, to `initial`,
  /// which may be null.
  ProductOp create(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Type type, mlir::Value initial) const;
  /// Lets a product have these instead of its own.
  void assignTo(ProductOp product) const;
};

/// What a phase multiplies by one operand, in one go.
struct PhaseSegment {
  mlir::Value operand;
  /// With what, and to the sum of which of the phase's products that goes.
  llvm::SmallVector<TermAttr> terms;
  llvm::SmallVector<int64_t> accumulators;
};

/// The segments of a phase's products. Every product sums in the order of its
/// own operands, so that results are the same to the bit whatever is computed
/// beside it: an operand has one segment, unless the orders of two products
/// contradict each other.
std::vector<PhaseSegment> segmentsOf(PhaseOp phase);
} // namespace edbc::batch

#endif // EDBC_DIALECTS_BATCH_BATCH_H
