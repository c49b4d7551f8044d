//===- CellImporter.h - checks and builds one cell --------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_FRONTEND_CELLIMPORTER_H
#define EDBC_COMPILER_FRONTEND_CELLIMPORTER_H

#include "compiler/Frontend/AST.h"
#include "compiler/Frontend/Dimensions.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVectorExtras.h"

namespace edbc::frontend {

/// A map that keeps the order of insertion, so that suggestions do not depend
/// on hashes.
template <typename T> using NameMap = llvm::MapVector<llvm::StringRef, T>;

/// A parameter or a field.
struct Tensor {
  Name name;                   ///< where it is declared
  mlir::RankedTensorType type; ///< null after an error
};

struct State {
  const StateDecl *decl;
  NameMap<Tensor> fields;
  bool isYielded = false; ///< by some cell
};

/// What the steps of an import share.
struct ImportContext {
  const ModelFile &model;
  mlir::OpBuilder &builder;
  Reporter reporter;
  Dimensions dims;
  NameMap<Tensor> params;
  NameMap<State> states;

  mlir::Location getLoc(SourceRange place) const;
  /// The type of a vector or matrix; null after an error.
  mlir::RankedTensorType getType(const Shape &shape, unsigned maxRank);
  /// The state of that name; null, and reported, where there is none.
  State *findState(const Name &name);
  /// The field of that name; null, and reported, where there is none.
  const Tensor *findField(const State &state, const Name &name) const;
  /// Reports a name that means nothing, unless a syntax error may be why.
  void reportUnknown(const char *what, const Name &name,
                     llvm::ArrayRef<llvm::StringRef> candidates) const;
};

/// The names of a map, for suggestions.
template <typename T>
llvm::SmallVector<llvm::StringRef> getNames(const NameMap<T> &map) {
  return llvm::map_to_vector(map,
                             [](const auto &entry) { return entry.first; });
}

/// Whether expressions can call a function of that name.
bool isFunction(llvm::StringRef name);

/// Checks a cell and builds its `cell.def` at the builder's insertion point.
/// After an error what is built is useless and the module must be dropped.
void importCell(const CellDecl &cell, ImportContext &context);

} // namespace edbc::frontend

#endif // EDBC_COMPILER_FRONTEND_CELLIMPORTER_H
