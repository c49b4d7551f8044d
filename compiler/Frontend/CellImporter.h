//===- CellImporter.h - checks and builds one cell --------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_FRONTEND_CELLIMPORTER_H
#define EDBC_COMPILER_FRONTEND_CELLIMPORTER_H

#include "compiler/Frontend/ImportContext.h"

namespace edbc::frontend {

/// Checks a cell and builds its `cell.def` at the builder's insertion point.
/// After an error what is built is useless and the module must be dropped.
void importCell(const CellDecl &cell, ImportContext &context);

} // namespace edbc::frontend

#endif // EDBC_COMPILER_FRONTEND_CELLIMPORTER_H
