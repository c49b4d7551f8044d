//===- PrintTest.cpp - phases as CUDA C++ -----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// What the text looks like, test/compiler/cuda shows; what it computes is
// tested in test/gpu.
//
//===----------------------------------------------------------------------===//

#include "compiler/Cuda/DeviceCode.h"
#include "compiler/Cuda/Names.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace edbc;
using namespace edbc::cuda;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

class PrintTest : public testing::Test {
protected:
  PrintTest()
      : handler(&context, [this](mlir::Diagnostic &diagnostic) {
          diagnostics += diagnostic.str() + "\n";
        }) {
    context.loadDialect<batch::BatchDialect, mlir::arith::ArithDialect,
                        mlir::math::MathDialect, mlir::tensor::TensorDialect>();
  }

  /// The text, or the diagnostics.
  std::string print(const std::string &source,
                    edbc_precision precision = EDBC_PRECISION_F32) {
    module = mlir::parseSourceString<mlir::ModuleOp>(source, &context);
    if (!module)
      return "not parsed: " + diagnostics;
    mlir::FailureOr<DeviceCode> printed = printDeviceCode(*module, precision);
    if (mlir::failed(printed))
      return diagnostics;
    code = std::move(*printed);
    return code.text;
  }

  mlir::MLIRContext context;
  std::string diagnostics;
  mlir::ScopedDiagnosticHandler handler;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  DeviceCode code;
};

/// A cell `name` that computes from its input %x of 4 floats what `body` says.
std::string cell(const std::string &name, const std::string &body,
                 const std::string &input = "in") {
  return R"(
  batch.kernel @)" +
         name + "(%" + input + R"(: !batch.values<4>) -> @Out attributes {
      bindings = [#batch.binding<items>, #batch.binding<operand_values : 0>,
                  #batch.binding<result_rows>, #batch.binding<state of @Out>]} {
    batch.phase width 4 {
      %x = batch.input %)" +
         input + R"( : !batch.values<4> -> tensor<?x4xf32>
      )" +
         body +
         R"(
      batch.scatter %y to "h" : tensor<?x4xf32>
      batch.yield
    }
  })";
}

std::string network(const std::string &cells) {
  return "module @net {\n  batch.state @Out {h : 4} layout "
         "<offsets = [0], stride = 16>" +
         cells + "\n}";
}

const char *const negate = "%y = arith.negf %x : tensor<?x4xf32>";

TEST_F(PrintTest, PhasesOfEqualCodeShareAFunction) {
  std::string text =
      print(network(cell("first", negate) + cell("second", negate, "other") +
                    cell("third", "%y = math.exp %x : "
                                  "tensor<?x4xf32>")));
  EXPECT_THAT(text, HasSubstr("struct first_0 {"));
  EXPECT_THAT(text, Not(HasSubstr("struct second_0")));
  ASSERT_EQ(code.functions.size(), 2u);
  std::vector<unsigned> numbers;
  module->walk([&](batch::PhaseOp phase) {
    numbers.push_back(code.functionOf.at(phase));
  });
  EXPECT_EQ(numbers, (std::vector<unsigned>{0, 0, 1}));
}

TEST_F(PrintTest, ParenthesesKeepTheOrder) {
  std::string text = print(network(cell("one", R"(
      %a = arith.addf %x, %x : tensor<?x4xf32>
      %b = arith.subf %x, %a : tensor<?x4xf32>
      %c = arith.mulf %b, %x : tensor<?x4xf32>
      %d = arith.negf %c : tensor<?x4xf32>
      %y = arith.divf %x, %d : tensor<?x4xf32>)")));
  EXPECT_THAT(text, HasSubstr("const float v = row.in[unit];"));
  EXPECT_THAT(text, HasSubstr("v / -((v - (v + v)) * v);"));
}

TEST_F(PrintTest, NumbersAreExact) {
  std::string text = print(network(cell("one", R"(
      %a = batch.splat 0x3DCCCCCD : tensor<?x4xf32>
      %b = batch.splat 3.000000e+00 : tensor<?x4xf32>
      %c = batch.splat 0xFF800000 : tensor<?x4xf32>
      %d = batch.splat 0x7F7FFFFF : tensor<?x4xf32>
      %e = arith.addf %a, %b : tensor<?x4xf32>
      %f = arith.maximumf %c, %d : tensor<?x4xf32>
      %y = arith.addf %e, %f : tensor<?x4xf32>)")));
  EXPECT_THAT(text, HasSubstr("0.1f + 3.0f + "
                              "maximum(__int_as_float(0xff800000), "
                              "3.4028235e+38f)"));
}

TEST_F(PrintTest, NamesAreThoseOfTheLanguageUnlessTheyCant) {
  Names names;
  EXPECT_EQ(names.choose("left.h"), "left_h");
  EXPECT_EQ(names.choose("left_h"), "left_h_2");
  EXPECT_EQ(names.choose("float"), "float_2");
  EXPECT_EQ(names.choose("row"), "row_2");
  Names numbered(/*numbered=*/true);
  EXPECT_EQ(numbered.choose("left"), "x");
  EXPECT_EQ(numbered.choose("right"), "x_2");
}

TEST_F(PrintTest, UnplannedMemoryIsAnError) {
  EXPECT_THAT(print("module @net { batch.state @Out {h : 4} }"),
              HasSubstr("has no layout: memory isn't planned"));
  EXPECT_THAT(print(network(R"(
  batch.kernel @one(%in: !batch.values<4>) -> @Out {
    batch.phase width 4 {
      %x = batch.input %in : !batch.values<4> -> tensor<?x4xf32>
      batch.scatter %x to "h" : tensor<?x4xf32>
      batch.yield
    }
  })")),
              HasSubstr("can't be printed before memory is planned"));
}

TEST_F(PrintTest, UnboundBuffersAreAnError) {
  EXPECT_THAT(print(network(R"(
  batch.kernel @one(%in: !batch.values<4>) -> @Out attributes {
      bindings = [#batch.binding<items>]} {
    batch.phase width 4 {
      %x = batch.input %in : !batch.values<4> -> tensor<?x4xf32>
      batch.scatter %x to "h" : tensor<?x4xf32>
      batch.yield
    }
  })")),
              HasSubstr("doesn't bind #batch.binding<operand_values : 0>, "
                        "which one of its phases reads"));
}

TEST_F(PrintTest, TooManyProductsAreAnError) {
  auto products = [](unsigned count) {
    std::string terms, accumulators, body;
    for (unsigned i = 0; i < count; ++i) {
      std::string number = std::to_string(i);
      terms += (i ? ", " : "") + std::string("#batch.term<@W[0]>");
      accumulators += (i ? ", " : "") + number;
      body += "      %p" + number +
              " = batch.product %x with [#batch.term<@W[0]>] : "
              "tensor<?x4xf32> -> tensor<?x4xf32>\n";
    }
    return "module @net {\n"
           "  batch.param @W : tensor<4x4xf32>\n"
           "  batch.pack @one.0 rows 4 panel 16 [#batch.segment<4, [" +
           terms + "] into [" + accumulators +
           R"(]>]
  batch.state @Out {h : 4} layout <offsets = [0], stride = 16>
  batch.kernel @one(%in: !batch.values<4>) -> @Out attributes {
      bindings = [#batch.binding<items>, #batch.binding<operand_values : 0>,
                  #batch.binding<result_rows>, #batch.binding<state of @Out>,
                  #batch.binding<constant of @one.0>]} {
    batch.phase width 4 weights @one.0 panel 16 {
      %x = batch.input %in : !batch.values<4> -> tensor<?x4xf32>
)" + body + R"(
      batch.scatter %p0 to "h" : tensor<?x4xf32>
      batch.yield
    }
  }
})";
  };
  EXPECT_THAT(print(products(20)), HasSubstr("struct one_0 {"));
  EXPECT_THAT(print(products(60)),
              HasSubstr("multiplies too many matrices for a CUDA device: it "
                        "needs 250432 bytes of shared memory, and there are "
                        "101376"));
}

TEST_F(PrintTest, OtherOperationsAreAnError) {
  EXPECT_THAT(print(network(cell("one", "%y = tensor.cast %x : "
                                        "tensor<?x4xf32> to tensor<?x4xf32>"))),
              HasSubstr("can't be computed in a phase on a CUDA device"));
}

} // namespace
