//===- Parser.h - from text to a syntax tree --------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_FRONTEND_PARSER_H
#define EDBC_COMPILER_FRONTEND_PARSER_H

#include "compiler/Frontend/AST.h"

namespace edbc::frontend {

/// Parses a model file (grammar: LANGUAGE.md) into `model`. After a syntax
/// error it goes on at the next statement or declaration, so that later errors
/// are found as well; what it could read is in `model`, which is then marked
/// incomplete.
void parseModel(const SourceFile &file, ModelFile &model,
                Diagnostics &diagnostics);

} // namespace edbc::frontend

#endif // EDBC_COMPILER_FRONTEND_PARSER_H
