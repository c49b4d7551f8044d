//===- LimitsTest.cpp - what devices are measured with ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Cuda/Nvrtc.h"
#include "tools/bench/DeviceLimits.h"

#include "gtest/gtest.h"

using namespace edbc;

namespace {

TEST(LimitsTest, TheSlowestPartIsTheLimit) {
  bench::DeviceLimits limits;
  limits.gbPerSecond = 1000;
  limits.gflops[EDBC_PRECISION_F32] = 10000;
  limits.gflops[EDBC_PRECISION_BF16] = 100000;
  limits.barrierUs = 2;
  // 2 GB take 2 ms, 10 GFLOP 1 ms, 500 barriers 1 ms.
  EXPECT_DOUBLE_EQ(limits.least(2e9, 10, 500, EDBC_PRECISION_F32), 2);
  EXPECT_DOUBLE_EQ(limits.least(1e8, 30, 500, EDBC_PRECISION_F32), 3);
  EXPECT_DOUBLE_EQ(limits.least(1e8, 30, 500, EDBC_PRECISION_BF16), 1);
}

TEST(LimitsTest, KernelsCompile) {
  llvm::Expected<cuda::Nvrtc> nvrtc = cuda::Nvrtc::open();
  if (!nvrtc) {
    llvm::consumeError(nvrtc.takeError());
    GTEST_SKIP() << "there is no NVRTC";
  }
  for (uint32_t architecture : {80u, 90u, 100u}) {
    llvm::Expected<cuda::Nvrtc::Program> program = nvrtc->compileToCubin(
        bench::limitKernels, "limits.cu", {architecture, false});
    ASSERT_TRUE(bool(program)) << llvm::toString(program.takeError());
    EXPECT_EQ(program->image.substr(0, 4), "\x7f"
                                           "ELF");
    for (const char *kernel :
         {"multiplyF32", "multiplyTf32", "multiplyBf16", "waitTogether"})
      EXPECT_NE(program->image.find(kernel), std::string::npos) << kernel;
  }
}

} // namespace
