//===- LayerImporter.h - checks and builds layers ---------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_FRONTEND_LAYERIMPORTER_H
#define EDBC_COMPILER_FRONTEND_LAYERIMPORTER_H

#include "compiler/Frontend/ImportContext.h"

namespace edbc::frontend {

/// Gives each name of a `use` a layer in `scope`, the one that the `use` stands
/// in: builds its parameters, and those of the layers in it, at the builder's
/// insertion point, and its body apart. The parameters of the top level must be
/// there.
void importUse(const UseDecl &use, Scope &scope, ImportContext &context);

} // namespace edbc::frontend

#endif // EDBC_COMPILER_FRONTEND_LAYERIMPORTER_H
