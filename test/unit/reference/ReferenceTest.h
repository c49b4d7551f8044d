//===- ReferenceTest.h - networks for the interpreter -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_UNIT_REFERENCE_REFERENCETEST_H
#define EDBC_TEST_UNIT_REFERENCE_REFERENCETEST_H

#include "compiler/Reference/Reference.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

#include <limits>

namespace edbc {

using Numbers = std::vector<double>;

inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// A network from its text, its parameters, and the errors that were reported.
class ReferenceTest : public testing::Test {
protected:
  ReferenceTest()
      : handler(&context, [this](mlir::Diagnostic &diagnostic) {
          llvm::raw_string_ostream stream(errors);
          stream << diagnostic.getLocation() << ": " << diagnostic << "\n";
        }) {
    context.loadDialect<cell::CellDialect, mlir::arith::ArithDialect,
                        mlir::math::MathDialect, mlir::tensor::TensorDialect>();
  }

  void parse(llvm::StringRef text) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context, "network");
    ASSERT_TRUE(module) << errors;
  }

  void setParam(const std::string &name, std::vector<float> values) {
    params[name] = std::move(values);
  }

  mlir::FailureOr<Reference> create() {
    ParameterValues views;
    for (auto &[name, values] : params)
      views[name] = values;
    return Reference::create(*module, views);
  }

  /// Applies a cell; a node without fields after an error.
  NodeState apply(llvm::StringRef cell, std::vector<CellOperand> operands) {
    mlir::FailureOr<Reference> reference = create();
    if (mlir::failed(reference))
      return {};
    mlir::FailureOr<NodeState> node = reference->evaluate(cell, operands);
    return mlir::failed(node) ? NodeState() : *node;
  }

  /// The result of `body`, which computes %y from %a and %b, on three numbers.
  Numbers compute(const std::string &body, Numbers a, Numbers b = {0, 0, 0}) {
    parse(R"(
      cell.state @S {y : tensor<3xf32>}
      cell.def @f(%a: tensor<3xf32>, %b: tensor<3xf32>) -> @S {
        )" +
          body +
          R"( : tensor<3xf32>
        cell.yield %y : tensor<3xf32>
      })");
    return module ? apply("f", {std::move(a), std::move(b)}).fields["y"]
                  : Numbers();
  }

  mlir::MLIRContext context;
  std::string errors;
  mlir::ScopedDiagnosticHandler handler;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::map<std::string, std::vector<float>> params;
};

} // namespace edbc

#endif // EDBC_TEST_UNIT_REFERENCE_REFERENCETEST_H
