//===- ImportText.h - model files in tests ----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_UNIT_FRONTEND_IMPORTTEXT_H
#define EDBC_TEST_UNIT_FRONTEND_IMPORTTEXT_H

#include "compiler/Frontend/Frontend.h"

namespace edbc::test {

/// The IR of a model, or its errors in short: `LINE:COLUMN: MESSAGE` a line,
/// without notes. Expects the IR to be valid.
std::string import(llvm::StringRef text, const ImportOptions &options = {});

/// A model with the given body of a cell. The body begins on line 7.
std::string inCell(const std::string &body);

} // namespace edbc::test

#endif // EDBC_TEST_UNIT_FRONTEND_IMPORTTEXT_H
