//===- Cell.h - the cell dialect: what a network computes -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_DIALECTS_CELL_CELL_H
#define EDBC_DIALECTS_CELL_CELL_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Cell/CellDialect.h.inc"

#include "dialects/Cell/CellEnums.h.inc"

namespace edbc::cell {
/// Attribute of the module: the value of every named dimension of the model
/// file, a dictionary of i64.
inline constexpr llvm::StringLiteral dimsAttrName = "cell.dims";

/// The longest vector, and the most rows or columns of a parameter: larger ones
/// are mistakes rather than networks.
inline constexpr int64_t maxDim = int64_t(1) << 20;
} // namespace edbc::cell

#define GET_TYPEDEF_CLASSES
#include "dialects/Cell/CellTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/Cell/CellOps.h.inc"

#endif // EDBC_DIALECTS_CELL_CELL_H
