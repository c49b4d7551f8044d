//===- NvrtcTest.cpp - how NVRTC is found and asked -------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// With libraries in its place: the true one is asked by test/gpu/nvrtc.
//
//===----------------------------------------------------------------------===//

#include "compiler/Cuda/Nvrtc.h"

#include "compiler/Cuda/Images.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cstdlib>

using namespace edbc::cuda;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

namespace {

constexpr Architecture sm80 = {80, false}, sm90 = {90, false},
                       sm90a = {90, true}, sm100 = {100, false};

/// What is wrong; nothing if all is well.
template <class T> std::string errorOf(llvm::Expected<T> result) {
  return result ? "" : llvm::toString(result.takeError());
}

std::string openingError(const std::string &path) {
  return errorOf(Nvrtc::openFirst({path}));
}

class NvrtcTest : public testing::Test {
protected:
  NvrtcTest() { setenv("EDBC_NVRTC", fake_nvrtc_path, /*overwrite=*/1); }
  ~NvrtcTest() override { unsetenv("EDBC_NVRTC"); }
};

TEST_F(NvrtcTest, SaysWhereItWasSought) {
  EXPECT_EQ(errorOf(Nvrtc::openFirst({"/none/a.so", "libnone.so"})),
            "can't find NVRTC, which compiles for CUDA devices; sought were "
            "/none/a.so, libnone.so; EDBC_NVRTC may name another file");
  setenv("EDBC_NVRTC", "/none/b.so", /*overwrite=*/1);
  EXPECT_THAT(errorOf(Nvrtc::open()),
              AllOf(StartsWith("can't open NVRTC, as EDBC_NVRTC says: "),
                    HasSubstr("/none/b.so")));
}

TEST_F(NvrtcTest, TakesTheFirstThatIsThere) {
  llvm::Expected<Nvrtc> nvrtc =
      Nvrtc::openFirst({"/none/a.so", fake_nvrtc_path, fake_nvrtc_old_path});
  ASSERT_TRUE(bool(nvrtc)) << llvm::toString(nvrtc.takeError());
  EXPECT_EQ(nvrtc->version(), "13.8");
}

TEST_F(NvrtcTest, RefusesOthers) {
  EXPECT_THAT(openingError(fake_nvrtc_old_path),
              EndsWith("is NVRTC 11.8, which is too old; version 12.0 or later "
                       "is needed"));
  EXPECT_THAT(openingError(fake_nvrtc_other_path),
              EndsWith("isn't NVRTC: it has no nvrtcVersion"));
  EXPECT_THAT(openingError(fake_nvrtc_poor_path),
              EndsWith("lacks functions of NVRTC"));
  setenv("EDBC_NVRTC", fake_nvrtc_old_path, /*overwrite=*/1);
  EXPECT_THAT(errorOf(Nvrtc::open()), HasSubstr("which is too old"));
}

TEST_F(NvrtcTest, NamesTheArchitecturesThatThereAre) {
  Nvrtc nvrtc = llvm::cantFail(Nvrtc::open());
  EXPECT_EQ(errorOf(nvrtc.compileToCubin("text", "n.cu", sm100)),
            "NVRTC 13.8 doesn't compile for sm_100; it does for sm_80, sm_90");
}

TEST_F(NvrtcTest, GivesTheFirstErrorOfTheLog) {
  Nvrtc nvrtc = llvm::cantFail(Nvrtc::open());
  EXPECT_EQ(errorOf(nvrtc.compileToCubin("FAIL", "n.cu", sm90)),
            "NVRTC 13.8 can't compile for sm_90: n.cu(3): error: identifier "
            "\"FAIL\" is undefined");
  EXPECT_EQ(errorOf(nvrtc.compileToPtx("REFUSE", "n.cu", sm90)),
            "n.cu: NVRTC 13.8 can't take the text: NVRTC_ERROR_OTHER");
}

TEST_F(NvrtcTest, RoundsAsTheTextSays) {
  Nvrtc nvrtc = llvm::cantFail(Nvrtc::open());
  Nvrtc::Program program =
      llvm::cantFail(nvrtc.compileToCubin("text", "n.cu", sm90a));
  EXPECT_THAT(program.image, StartsWith("CUBIN --gpu-architecture=sm_90a\n"));
  EXPECT_THAT(program.image, HasSubstr("--fmad=false"));
  EXPECT_THAT(program.log, HasSubstr("40 registers"));
}

TEST_F(NvrtcTest, CompilesForEachArchitectureAndThoseAfter) {
  DeviceCode code;
  code.text = "text";
  std::vector<DeviceImage> images =
      llvm::cantFail(compileImages(code, "n.cu", {sm90, sm90a, sm80}));
  ASSERT_EQ(images.size(), 4u);
  EXPECT_EQ(images[0].kind, EDBC_CUDA_CUBIN);
  EXPECT_EQ(images[1].kind, EDBC_CUDA_EXACT_CUBIN);
  EXPECT_EQ(images[2].architecture.number, 80u);
  EXPECT_EQ(images[3].kind, EDBC_CUDA_PTX);
  EXPECT_EQ(images[3].architecture.number, 80u);
  EXPECT_THAT(images[3].data,
              StartsWith("PTX --gpu-architecture=compute_80\n"));
  EXPECT_EQ(images[3].data.back(), '\0');

  // PTX for what comes later isn't bound to what no other architecture has.
  images = llvm::cantFail(compileImages(code, "n.cu", {sm90a}));
  EXPECT_EQ(images[1].architecture.name(), "sm_90");
}

TEST_F(NvrtcTest, IsNotAskedWhereNothingIsCompiled) {
  setenv("EDBC_NVRTC", "/none/b.so", /*overwrite=*/1);
  EXPECT_TRUE(llvm::cantFail(compileImages(DeviceCode(), "n.cu", {})).empty());
  EXPECT_NE(errorOf(compileImages(DeviceCode(), "n.cu", {sm90})), "");
}

} // namespace
