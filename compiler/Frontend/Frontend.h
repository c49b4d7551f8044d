//===- Frontend.h - from a model file to the cell dialect -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_FRONTEND_FRONTEND_H
#define EDBC_COMPILER_FRONTEND_FRONTEND_H

#include "compiler/Frontend/Diagnostics.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace edbc {

struct ImportOptions {
  /// Values of named dimensions that replace those of the model file. Of two
  /// for the same dimension the later one counts.
  std::vector<std::pair<std::string, int64_t>> dims;
};

/// Largest model file, bytes.
inline constexpr size_t maxModelFileSize = size_t(1) << 20;
/// Longest line of a model file, bytes: finding a column takes time in
/// proportion.
inline constexpr size_t maxLineLength = 4096;
/// Most numbers that all parameters together may hold (16 GiB as f32).
inline constexpr uint64_t maxParamElements = uint64_t(1) << 32;
/// Most numbers of a matrix that each node has one of (64 MiB as f32).
inline constexpr int64_t maxValueElements = int64_t(1) << 24;
/// Most text of cells and of layers in use, bytes; each counts once for every
/// name that it gets.
inline constexpr uint64_t maxBodyText = uint64_t(1) << 22;
/// Most uses, one in another.
inline constexpr unsigned maxLayerDepth = 16;
/// Most operations that all calls of layers together may stand for.
inline constexpr uint64_t maxInlinedOps = uint64_t(1) << 16;

/// Adds the override that `NAME=VALUE`, the argument of the option -D, stands
/// for; false after an error.
bool parseDimOverride(llvm::StringRef argument, ImportOptions &options,
                      Diagnostics &diagnostics);

/// Turns the text of a model file (the language: LANGUAGE.md) into a module of
/// the cell dialect, loading into `context` the dialects that it takes.
///
/// The module bears the network's name. Parameters, those of layers, those of
/// cells, states, cells and outputs stand in it in this order, each kind in the
/// order of the file; a cell stands there once for each of its names. Calls of
/// layers are inlined. Operations have the places in the file
/// (`fileName` is used for that and for messages only). The attribute
/// `cell.dims` holds the values of all dimensions.
///
/// Returns null if there are errors, and they are then in `diagnostics`. Any
/// text may be given. Keeps no reference to its arguments.
mlir::OwningOpRef<mlir::ModuleOp> importModel(llvm::StringRef fileName,
                                              llvm::StringRef text,
                                              const ImportOptions &options,
                                              mlir::MLIRContext &context,
                                              Diagnostics &diagnostics);

} // namespace edbc

#endif // EDBC_COMPILER_FRONTEND_FRONTEND_H
