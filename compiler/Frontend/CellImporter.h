//===- CellImporter.h - checks and builds one cell --------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_FRONTEND_CELLIMPORTER_H
#define EDBC_COMPILER_FRONTEND_CELLIMPORTER_H

#include "compiler/Frontend/ImportContext.h"

namespace edbc::frontend {

/// One of the cells that a declaration defines: one of its names, with weights
/// of its own.
struct Cell {
  const CellDecl *decl;
  const Name *name; ///< among those of `decl`
  Scope scope;

  /// Whether another cell of the declaration comes before it, and has the same
  /// errors.
  bool isCopy() const { return name != decl->names.begin(); }
};

/// Gives a cell its scope; builds the parameters of the cell and of the layers
/// in it at the builder's insertion point. What the top level declares must be
/// there, but for states.
void importMembers(Cell &cell, ImportContext &context);

/// Checks a cell and builds its `cell.def` at the builder's insertion point.
/// After an error what is built is useless and the module must be dropped.
void importCell(const Cell &cell, ImportContext &context);

} // namespace edbc::frontend

#endif // EDBC_COMPILER_FRONTEND_CELLIMPORTER_H
