//===- ExpandMathTest.cpp - accuracy of the expanded functions --*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Expands functions over vectors of several lengths, compiles them in process
// and compares what they compute with the C library in double precision.
//
//===----------------------------------------------------------------------===//

#include "dialects/Batch/Batch.h"
#include "passes/Passes.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/MemRefUtils.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/TargetSelect.h"

#include "gtest/gtest.h"

#include <cfloat>
#include <cmath>
#include <limits>
#include <vector>

using namespace mlir;

namespace {
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float notANumber = std::numeric_limits<float>::quiet_NaN();
/// Arguments are computed in blocks of this many, a multiple of every length.
constexpr size_t blockSize = size_t(1) << 16;

/// A function compiled for vectors of one length (1: scalars).
class Compiled {
public:
  /// `body` computes %y from %x, where TYPE stands for the type of both.
  /// @param fuses whether the machine multiplies and adds with one rounding.
  Compiled(StringRef body, unsigned length, bool fuses = true);

  /// The function's values at `x`.
  std::vector<float> operator()(std::vector<float> x) const;

private:
  MLIRContext context;
  unsigned length;
  std::unique_ptr<ExecutionEngine> engine;
};

/// A function, its values and the largest errors that are allowed.
struct Function {
  const char *name;
  const char *body;
  double (*reference)(double);
  double relativeBound;
  /// Of results that are subnormal.
  double absoluteBound;
  bool fuses = true;
};

constexpr const char *sigmoidBody = R"(
  %one = arith.constant CONSTANT(1.0)
  %n = arith.negf %x : TYPE
  %e = math.exp %n : TYPE
  %d = arith.addf %one, %e : TYPE
  %y = arith.divf %one, %d : TYPE)";

/// The bounds of the pass's description.
const Function functions[] = {
    {"exp", "%y = math.exp %x : TYPE", [](double x) { return std::exp(x); },
     8.6e-8, FLT_TRUE_MIN},
    {"tanh", "%y = math.tanh %x : TYPE", [](double x) { return std::tanh(x); },
     1.84e-7, 0},
    {"log", "%y = math.log %x : TYPE", [](double x) { return std::log(x); },
     1.04e-7, 0},
    {"sigmoid", sigmoidBody, [](double x) { return 1 / (1 + std::exp(-x)); },
     1.48e-7, FLT_MIN},
    {"unfused_exp", "%y = math.exp %x : TYPE",
     [](double x) { return std::exp(x); }, 8.6e-8, FLT_TRUE_MIN, false},
    {"unfused_tanh", "%y = math.tanh %x : TYPE",
     [](double x) { return std::tanh(x); }, 1.84e-7, 0, false},
    {"unfused_log", "%y = math.log %x : TYPE",
     [](double x) { return std::log(x); }, 1.17e-7, 0, false},
    {"unfused_sigmoid", sigmoidBody,
     [](double x) { return 1 / (1 + std::exp(-x)); }, 1.48e-7, FLT_MIN, false},
};
} // namespace

static std::string replaceAll(std::string text, StringRef from, StringRef to) {
  for (size_t at = 0; (at = text.find(from.str(), at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to.str());
  return text;
}

Compiled::Compiled(StringRef body, unsigned length, bool fuses)
    : length(length) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  context
      .loadDialect<edbc::batch::BatchDialect, arith::ArithDialect,
                   func::FuncDialect, math::MathDialect, memref::MemRefDialect,
                   scf::SCFDialect, vector::VectorDialect>();
  DialectRegistry registry;
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  context.appendDialectRegistry(registry);

  bool scalar = length == 1;
  std::string text = llvm::formatv(
      R"(
func.func @apply(%in: memref<?xf32>, %out: memref<?xf32>)
    attributes {{llvm.emit_c_interface} {{
  %zero = arith.constant 0 : index
  %step = arith.constant {0} : index
  %size = memref.dim %in, %zero : memref<?xf32>
  scf.for %i = %zero to %size step %step {{
    %x = {1}.load %in[%i] : memref<?xf32>{2}
    {3}
    {1}.store %y, %out[%i] : memref<?xf32>{2}
  }
  return
})",
      length, scalar ? "memref" : "vector", scalar ? "" : ", TYPE", body);
  std::string type =
      scalar ? "f32" : llvm::formatv("vector<{0}xf32>", length).str();
  text = replaceAll(text, "CONSTANT(1.0)",
                    scalar ? "1.0 : f32" : "dense<1.0> : TYPE");
  text = replaceAll(text, "TYPE", type);

  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    return;
  edbc::batch::Isa isa =
      fuses ? edbc::batch::Isa::X86_64_V3 : edbc::batch::Isa::X86_64;
  (*module)->setAttr(edbc::batch::isaAttrName,
                     StringAttr::get(&context, edbc::batch::isaName(isa)));
  PassManager manager(&context);
  manager.addPass(edbc::createExpandMath());
  manager.addPass(createSCFToControlFlowPass());
  manager.addPass(createConvertVectorToLLVMPass());
  manager.addPass(createConvertMathToLLVMPass());
  manager.addPass(createFinalizeMemRefToLLVMConversionPass());
  manager.addPass(createConvertFuncToLLVMPass());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
  if (failed(manager.run(*module)))
    return;
  ExecutionEngineOptions options;
  options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Aggressive;
  llvm::Expected<std::unique_ptr<ExecutionEngine>> created =
      ExecutionEngine::create(*module, options);
  if (created)
    engine = std::move(*created);
  else
    ADD_FAILURE() << llvm::toString(created.takeError());
}

std::vector<float> Compiled::operator()(std::vector<float> x) const {
  size_t size = x.size();
  if (!engine) {
    ADD_FAILURE() << "the function wasn't compiled";
    return std::vector<float>(size, notANumber);
  }
  x.resize((size + length - 1) / length * length, 0.0f);
  std::vector<float> y(x.size());
  auto describe = [](std::vector<float> &values) {
    return StridedMemRefType<float, 1>{values.data(),
                                       values.data(),
                                       0,
                                       {static_cast<int64_t>(values.size())},
                                       {1}};
  };
  StridedMemRefType<float, 1> in = describe(x), out = describe(y);
  void *inPointer = &in, *outPointer = &out;
  void *arguments[] = {&inPointer, &outPointer};
  if (llvm::Error error = engine->invokePacked("_mlir_ciface_apply", arguments))
    ADD_FAILURE() << llvm::toString(std::move(error));
  y.resize(size);
  return y;
}

/// Calls `visit` with blocks of arguments that together run evenly through all
/// bit patterns of f32, from the first in steps of `stride`.
template <typename Visit> static void sweep(uint32_t stride, Visit visit) {
  std::vector<float> block;
  for (uint64_t bits = 0; bits <= UINT32_MAX; bits += stride) {
    block.push_back(llvm::bit_cast<float>(static_cast<uint32_t>(bits)));
    if (block.size() == blockSize) {
      visit(block);
      block.clear();
    }
  }
  visit(block);
}

static uint32_t bitsOf(float x) { return llvm::bit_cast<uint32_t>(x); }

//===----------------------------------------------------------------------===//
// Accuracy over all of f32
//===----------------------------------------------------------------------===//

class ExpandMathAccuracy : public testing::TestWithParam<Function> {};

TEST_P(ExpandMathAccuracy, IsWithinTheStatedBound) {
  const Function &function = GetParam();
  Compiled compiled(function.body, 8, function.fuses);
  double worst = 0, worstSubnormal = 0;
  float worstAt = 0, worstSubnormalAt = 0;
  sweep(257, [&](const std::vector<float> &x) {
    std::vector<float> y = compiled(x);
    for (size_t i = 0; i < x.size(); ++i) {
      double exact = function.reference(x[i]);
      auto rounded = static_cast<float>(exact);
      if (std::isnan(rounded) || std::isinf(rounded) || rounded == 0) {
        // -0 is not told from 0 here.
        bool same = std::isnan(rounded) ? std::isnan(y[i]) : y[i] == rounded;
        ASSERT_TRUE(same) << function.name << "(" << x[i] << ") is " << y[i]
                          << " instead of " << rounded;
      } else if (std::fabs(exact) < FLT_MIN) {
        double error = std::fabs(y[i] - exact);
        if (!(error <= worstSubnormal)) {
          worstSubnormal = error;
          worstSubnormalAt = x[i];
        }
      } else {
        double error = std::fabs((y[i] - exact) / exact);
        if (!(error <= worst)) {
          worst = error;
          worstAt = x[i];
        }
      }
    }
  });
  RecordProperty("worst", std::to_string(worst * 1e7) + "e-7");
  EXPECT_LE(worst, function.relativeBound) << "at " << worstAt;
  EXPECT_LE(worstSubnormal, function.absoluteBound)
      << "at " << worstSubnormalAt;
}

INSTANTIATE_TEST_SUITE_P(All, ExpandMathAccuracy, testing::ValuesIn(functions),
                         [](const testing::TestParamInfo<Function> &info) {
                           return std::string(info.param.name);
                         });

//===----------------------------------------------------------------------===//
// The same bits, whatever the length
//===----------------------------------------------------------------------===//

class ExpandMathLength : public testing::TestWithParam<Function> {};

TEST_P(ExpandMathLength, DoesNotChangeABit) {
  const Function &function = GetParam();
  Compiled reference(function.body, 8, function.fuses);
  for (unsigned length : {1, 2, 4, 16, 32}) {
    Compiled compiled(function.body, length, function.fuses);
    sweep(25013, [&](const std::vector<float> &x) {
      std::vector<float> expected = reference(x), found = compiled(x);
      for (size_t i = 0; i < x.size(); ++i) {
        // Which NaN it is depends on the order of operands in an instruction.
        bool same = std::isnan(expected[i])
                        ? std::isnan(found[i])
                        : bitsOf(found[i]) == bitsOf(expected[i]);
        ASSERT_TRUE(same) << function.name << "(" << x[i] << ") by vectors of "
                          << length;
      }
    });
  }
}

INSTANTIATE_TEST_SUITE_P(All, ExpandMathLength, testing::ValuesIn(functions),
                         [](const testing::TestParamInfo<Function> &info) {
                           return std::string(info.param.name);
                         });

//===----------------------------------------------------------------------===//
// Special values
//===----------------------------------------------------------------------===//

namespace {
struct SpecialValue {
  const char *body;
  float argument;
  /// Compared bit by bit, but for NaN.
  float value;
};
} // namespace

TEST(ExpandMathSpecialValues, AreExact) {
  const char *exp = functions[0].body, *tanh = functions[1].body,
             *log = functions[2].body;
  const SpecialValue cases[] = {
      {exp, 0.0f, 1.0f},
      {exp, -0.0f, 1.0f},
      {exp, FLT_TRUE_MIN, 1.0f},
      {exp, infinity, infinity},
      {exp, -infinity, 0.0f},
      {exp, FLT_MAX, infinity},
      {exp, -FLT_MAX, 0.0f},
      {exp, notANumber, notANumber},
      // The first to overflow, the last that doesn't, and so downwards.
      {exp, 0x1.62e43p+6f, infinity},
      {exp, 0x1.62e42ep+6f, static_cast<float>(std::exp(0x1.62e42ep+6))},
      {exp, -0x1.9d1da0p+6f, FLT_TRUE_MIN},
      {exp, -0x1.9fe36ap+6f, 0.0f},
      {tanh, 0.0f, 0.0f},
      {tanh, -0.0f, -0.0f},
      {tanh, FLT_TRUE_MIN, FLT_TRUE_MIN},
      {tanh, -FLT_MIN, -FLT_MIN},
      {tanh, 1e-20f, 1e-20f},
      {tanh, 9.02f, 1.0f},
      {tanh, infinity, 1.0f},
      {tanh, -infinity, -1.0f},
      {tanh, notANumber, notANumber},
      {log, 1.0f, 0.0f},
      {log, 0.0f, -infinity},
      {log, -0.0f, -infinity},
      {log, infinity, infinity},
      {log, -infinity, notANumber},
      {log, -FLT_TRUE_MIN, notANumber},
      {log, -1.0f, notANumber},
      {log, notANumber, notANumber},
      {sigmoidBody, 0.0f, 0.5f},
      {sigmoidBody, infinity, 1.0f},
      {sigmoidBody, -infinity, 0.0f},
      {sigmoidBody, FLT_MAX, 1.0f},
      {sigmoidBody, -FLT_MAX, 0.0f},
      {sigmoidBody, notANumber, notANumber},
  };
  for (const Function &function : functions) {
    Compiled compiled(function.body, 8, function.fuses);
    for (const SpecialValue &special : cases) {
      if (special.body != function.body)
        continue;
      float found = compiled({special.argument})[0];
      bool same = std::isnan(special.value)
                      ? std::isnan(found)
                      : bitsOf(found) == bitsOf(special.value);
      EXPECT_TRUE(same) << function.name << "(" << special.argument << ") is "
                        << found << " instead of " << special.value;
    }
  }
}

TEST(ExpandMathTanh, IsOddBitByBit) {
  Compiled tanh(functions[1].body, 8);
  sweep(25013, [&](const std::vector<float> &x) {
    std::vector<float> negated;
    for (float value : x)
      negated.push_back(-value);
    std::vector<float> y = tanh(x), mirrored = tanh(negated);
    for (size_t i = 0; i < x.size(); ++i) {
      bool odd = std::isnan(x[i]) || bitsOf(-y[i]) == bitsOf(mirrored[i]);
      ASSERT_TRUE(odd) << "at " << x[i];
    }
  });
}
