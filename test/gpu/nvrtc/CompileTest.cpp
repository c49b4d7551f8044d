//===- CompileTest.cpp - networks through the true NVRTC --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The example that the environment names, for the architectures and in the
// precisions that there are. What the kernel takes of a multiprocessor is read
// from the compiler's report and bounded.
//
//===----------------------------------------------------------------------===//

#include "compiler/Cuda/Images.h"
#include "compiler/Cuda/Nvrtc.h"
#include "compiler/Frontend/Frontend.h"
#include "compiler/Pipelines.h"
#include "dialects/Batch/Batch.h"
#include "dialects/Cell/Cell.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

#include <cstdlib>
#include <regex>

using namespace edbc;
using namespace edbc::cuda;

namespace {

/// The largest of all numbers that `pattern` finds in a report; -1: none.
int largest(const std::string &report, const std::string &pattern) {
  std::regex regex(pattern);
  int most = -1;
  for (std::sregex_iterator found(report.begin(), report.end(), regex), end;
       found != end; ++found)
    most = std::max(most, std::stoi((*found)[1]));
  return most;
}

class CompileTest : public testing::Test {
protected:
  void SetUp() override {
    llvm::Expected<Nvrtc> found = Nvrtc::open();
    if (!found) {
      llvm::consumeError(found.takeError());
      GTEST_SKIP() << "there is no NVRTC";
    }
    nvrtc = std::move(*found);
    const char *model = std::getenv("EDBC_TESTED_MODEL");
    ASSERT_TRUE(model) << "EDBC_TESTED_MODEL names none of the examples";
    std::string path = std::string(EXAMPLES) + "/" + model;
    auto text = llvm::MemoryBuffer::getFile(path);
    ASSERT_TRUE(bool(text)) << path;
    context.loadDialect<cell::CellDialect, batch::BatchDialect>();
    Diagnostics problems;
    module = importModel(path, (*text)->getBuffer(), {}, context, problems);
    ASSERT_TRUE(module) << problems.str();
    for (Stage stage : allStages) {
      mlir::PassManager manager(&context);
      buildStage(manager, stage, {});
      ASSERT_TRUE(succeeded(manager.run(*module)));
      if (stage == Stage::Layout)
        break;
    }
  }

  /// The image, within bounds.
  std::string compile(edbc_precision precision, Architecture architecture) {
    SCOPED_TRACE(architecture.name());
    DeviceCode code = *printDeviceCode(*module, precision);
    // Any device of these architectures has as much for a block.
    EXPECT_LE(code.sharedBytes, 99u << 10);
    llvm::Expected<Nvrtc::Program> program =
        nvrtc->compileToCubin(code.text, "network.cu", architecture);
    if (!program) {
      ADD_FAILURE() << llvm::toString(program.takeError());
      return "";
    }
    EXPECT_EQ(program->image.substr(1, 3), "ELF");

    const std::string &report = program->log;
    int registers = largest(report, "Used ([0-9]+) registers");
    EXPECT_GT(registers, 0) << report;
    // Four blocks of 128 threads share 65536 registers.
    EXPECT_LE(registers, 128);
    // A register or two may be spilled, but no array.
    EXPECT_LE(largest(report, "([0-9]+) bytes spill stores"), 16) << report;
    EXPECT_LE(largest(report, "([0-9]+) bytes stack frame"), 16) << report;
    return program->image;
  }

  std::optional<Nvrtc> nvrtc;
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

TEST_F(CompileTest, FitsEveryArchitecture) {
  for (Architecture architecture :
       {Architecture{80, false}, {90, true}, {100, false}})
    compile(EDBC_PRECISION_F32, architecture);
}

TEST_F(CompileTest, FitsInEveryPrecision) {
  compile(EDBC_PRECISION_TF32, {80, false});
  std::string image = compile(EDBC_PRECISION_BF16, {90, false});
  EXPECT_EQ(image, compile(EDBC_PRECISION_BF16, {90, false}));
}

} // namespace
