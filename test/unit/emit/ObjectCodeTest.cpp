//===- ObjectCodeTest.cpp - tests of code generation ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/ObjectCode.h"

#include "test/unit/emit/TinyNetwork.h"

#include "llvm/ADT/STLExtras.h"
#include "gmock/gmock.h"

using namespace edbc;
using namespace edbc::test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

namespace {

class ObjectCodeTest : public EmitFixture {
protected:
  /// Compiles the module for x86-64-v3 (`isa` 0) or v4 (1).
  std::string compile(const std::string &text, CodeFormat format,
                      unsigned isa = 0) {
    mlir::OwningOpRef<mlir::ModuleOp> network = parse(text);
    auto modules = llvm::to_vector(network->getOps<mlir::ModuleOp>());
    mlir::FailureOr<std::string> code = compileKernels(modules[isa], format);
    return failed(code) ? "" : *code;
  }
};

TEST_F(ObjectCodeTest, phasesAreHiddenAndTheRestIsInlined) {
  std::string code = compile(tinyNetwork(), CodeFormat::LLVMIR);
  EXPECT_THAT(code, HasSubstr("define hidden void @edbc.tiny.leaf.0.v3("));
  EXPECT_THAT(code, HasSubstr("define hidden void @edbc.tiny.scale.1.v3("));
  EXPECT_THAT(code, HasSubstr("\"target-cpu\"=\"x86-64-v3\""));
  EXPECT_THAT(code, Not(HasSubstr("@slot")));
  EXPECT_THAT(code, Not(HasSubstr("vector-width")));
}

TEST_F(ObjectCodeTest, wholeRegistersAreUsedOnLevel4) {
  std::string code = compile(tinyNetwork(), CodeFormat::LLVMIR, /*isa=*/1);
  EXPECT_THAT(code, HasSubstr("\"min-legal-vector-width\"=\"512\""));
  EXPECT_THAT(code, HasSubstr("\"prefer-vector-width\"=\"512\""));
  EXPECT_THAT(code, HasSubstr("\"target-cpu\"=\"x86-64-v4\""));
}

TEST_F(ObjectCodeTest, assemblyHasNoUnwindTablesAndFusesNothing) {
  std::string code =
      compile(replaceAll(tinyNetwork(), "llvm.store %product, %to",
                         "%fused = llvm.fadd %product, %b : f32\n"
                         "llvm.store %fused, %to"),
              CodeFormat::Assembly);
  EXPECT_THAT(code, HasSubstr("edbc.tiny.scale.1.v3:"));
  EXPECT_THAT(code, HasSubstr("vmulss"));
  EXPECT_THAT(code, Not(HasSubstr("vfmadd")));
  EXPECT_THAT(code, Not(HasSubstr(".cfi_")));
  EXPECT_THAT(code, HasSubstr(".note.GNU-stack"));
}

TEST_F(ObjectCodeTest, explicitFusionIsKept) {
  std::string code = compile(
      replaceAll(tinyNetwork(), "llvm.fmul %k, %b : f32",
                 "llvm.intr.fmuladd(%k, %b, %b) : (f32, f32, f32) -> f32"),
      CodeFormat::Assembly);
  EXPECT_THAT(code, HasSubstr("vfmadd"));
}

TEST_F(ObjectCodeTest, objectsAreReproducible) {
  std::string first = compile(tinyNetwork(), CodeFormat::Object);
  EXPECT_THAT(first, StartsWith("\x7f"
                                "ELF"));
  EXPECT_EQ(first, compile(tinyNetwork(), CodeFormat::Object));
}

TEST_F(ObjectCodeTest, callsOfTheMathLibraryAreAllowed) {
  std::string text = replaceAll(tinyNetwork(), "llvm.fmul %k, %b : f32",
                                "llvm.intr.exp(%b) : (f32) -> f32");
  EXPECT_THAT(compile(text, CodeFormat::Assembly), HasSubstr("expf@PLT"));
}

TEST_F(ObjectCodeTest, callOfAnUnknownFunctionIsAnError) {
  std::string text = replaceAll(tinyNetwork(), "llvm.fmul %k, %b : f32",
                                "llvm.call @memrefCopy(%k) : (f32) -> f32");
  text = replaceAll(text, "llvm.func internal @entry",
                    "llvm.func @memrefCopy(f32) -> f32\n"
                    "llvm.func internal @entry");
  EXPECT_EQ(compile(text, CodeFormat::Object), "");
  EXPECT_THAT(
      takeDiagnostics(),
      ElementsAre(
          "module attributes: function 'memrefCopy' is called, but neither "
          "generated nor in libc or libm"));
}

TEST_F(ObjectCodeTest, missingPhaseIsAnError) {
  std::string text =
      replaceAll(tinyNetwork(), "edbc.tiny.join.0.v3", "edbc.tiny.join.1.v3");
  EXPECT_EQ(compile(text, CodeFormat::Object), "");
  EXPECT_THAT(takeDiagnostics(),
              ElementsAre("module attributes: function 'edbc.tiny.join.0.v3' "
                          "was not generated"));
}

TEST_F(ObjectCodeTest, wrongSignatureIsAnError) {
  std::string text =
      replaceAll(tinyNetwork(), "%panelEnd: i64", "%panelEnd: i32");
  EXPECT_EQ(compile(text, CodeFormat::Object), "");
  EXPECT_THAT(
      takeDiagnostics(),
      ElementsAre(
          "module attributes: function 'edbc.tiny.leaf.0.v3' doesn't have the "
          "signature of a phase"));
}

TEST_F(ObjectCodeTest, operationsOfOtherDialectsAreAnError) {
  std::string text =
      replaceAll(tinyNetwork(), "llvm.fmul %k, %b : f32",
                 "builtin.unrealized_conversion_cast %k, %b : f32, f32 to f32");
  EXPECT_EQ(compile(text, CodeFormat::Object), "");
  EXPECT_THAT(
      takeDiagnostics(),
      testing::Contains("module attributes: can't be translated to LLVM IR"));
}

TEST_F(ObjectCodeTest, moduleOfANetworkIsNoModuleOfFunctions) {
  mlir::OwningOpRef<mlir::ModuleOp> network = parse(tinyNetwork());
  EXPECT_TRUE(failed(compileKernels(*network, CodeFormat::LLVMIR)));
  EXPECT_THAT(
      takeDiagnostics(),
      ElementsAre("module @tiny: is not a module of generated functions in the "
                  "named module of a network"));
}

} // namespace
