//===- ImportText.cpp - model files in tests --------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/frontend/ImportText.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "gtest/gtest.h"

namespace edbc::test {

std::string import(llvm::StringRef text, const ImportOptions &options) {
  static mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  Diagnostics diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      importModel("m.edb", text, options, context, diagnostics);
  EXPECT_EQ(!module, diagnostics.hasErrors());
  std::string all;
  llvm::raw_string_ostream os(all);
  for (const Diagnostic &diagnostic : diagnostics.get())
    if (diagnostic.severity == Diagnostic::Severity::Error)
      os << diagnostic.place.line << ':' << diagnostic.place.column << ": "
         << diagnostic.message << '\n';
  if (module) {
    EXPECT_TRUE(mlir::succeeded(mlir::verify(*module)));
    module->print(os);
  }
  return all;
}

std::string inCell(const std::string &body) {
  return "network n\n"
         "param W : [4, 8]\nparam b : [4]\nparam E : [6, 4]\n"
         "state S { h : [4], c : [4] }\n"
         "cell f(x : S, t : token[6], d : [8]) -> S {\n" +
         body + "\n}\noutput o = S.h\n";
}

} // namespace edbc::test
