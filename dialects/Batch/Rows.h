//===- Rows.h - checks of rows that verifiers share -------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// What the verifiers of the operations have in common: the shapes of values and
// of fields, and the errors where they differ.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_DIALECTS_BATCH_ROWS_H
#define EDBC_DIALECTS_BATCH_ROWS_H

#include "dialects/Batch/Batch.h"

#include <string>
#include <utility>

namespace edbc::batch {

/// The width and the columns of a value or of a field.
using Shape = std::pair<int64_t, int64_t>;

Shape shapeOf(mlir::Type batchTensor);

/// The shape of a field, or nothing after an error.
std::optional<Shape> findFieldShape(mlir::Operation *user,
                                    mlir::SymbolTableCollection &tables,
                                    mlir::FlatSymbolRefAttr state,
                                    llvm::StringRef field);

/// A length, or both sizes of a matrix.
std::string describe(Shape shape);

/// Rows of `type` must have the shape that `source` has.
mlir::LogicalResult verifyShape(mlir::Operation *op, mlir::Type type,
                                Shape expected, const llvm::Twine &source);

/// Rows must be for nodes, or for the elements of the same operand.
mlir::LogicalResult verifySameRows(mlir::Operation *op, mlir::Type a,
                                   mlir::Type b);

/// A column must be an operand of the kernel: it is one buffer.
mlir::LogicalResult verifyColumn(mlir::Operation *op, mlir::Value column);

} // namespace edbc::batch

#endif // EDBC_DIALECTS_BATCH_ROWS_H
