//===- ArchitectureTest.cpp - the value of --target -------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Cuda/Architecture.h"

#include "gtest/gtest.h"

using namespace edbc::cuda;

namespace {

std::string parsed(llvm::StringRef target) {
  auto architectures = parseTarget(target);
  if (!architectures)
    return llvm::toString(architectures.takeError());
  std::string names;
  for (Architecture architecture : *architectures)
    names += architecture.name() + ";";
  return names;
}

TEST(ArchitectureTest, AreListedEachOnce) {
  EXPECT_EQ(parsed("cuda:sm_90"), "sm_90;");
  EXPECT_EQ(parsed("cuda:sm_90a,sm_80,sm_100,sm_90a"), "sm_90a;sm_80;sm_100;");
  EXPECT_EQ(parsed("cuda:source"), "");
}

TEST(ArchitectureTest, WrongOnesAreNamed) {
  const char *spelled = "' is no CUDA architecture; one is spelled like sm_90";
  for (std::string name : {"sm90", "sm_", "sm_9", "sm_090", "sm_9x", "90",
                           "sm_1000", "sm_90b", ""})
    EXPECT_EQ(parsed("cuda:" + name), "'" + name + spelled);
  EXPECT_EQ(parsed("cuda:sm_90,"), std::string("'") + spelled);
  EXPECT_EQ(parsed("cuda:sm_75"), "CUDA architecture 'sm_75' is too old; "
                                  "kernels need sm_80 or a later one");
  EXPECT_EQ(parsed("rocm"),
            "unknown target 'rocm'; --target is cuda:ARCHITECTURE,... "
            "(cuda:sm_90,sm_80) or cuda:source");
}

} // namespace
