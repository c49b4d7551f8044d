//===- WeightsTest.cpp - tests of random weights ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Weights.h"
#include "compiler/Emit/RandomWeights.h"

#include "compiler/Emit/Files.h"
#include "dialects/Cell/Cell.h"
#include "test/unit/emit/TinyNetwork.h"

#include "llvm/Support/Endian.h"
#include "gmock/gmock.h"

#include <algorithm>
#include <cmath>

using namespace edbc;
using namespace edbc::test;

namespace {

class WeightsTest : public EmitFixture {
protected:
  static std::string randomWeights(mlir::ModuleOp module, uint64_t seed) {
    std::string text;
    llvm::raw_string_ostream os(text);
    writeRandomWeights(module, seed, os);
    return text;
  }

  std::string write(const std::string &contents) {
    EXPECT_EQ(llvm::toString(writeFiles(pathOf(""), {{"weights", contents}})),
              "");
    return pathOf("weights");
  }
};

TEST_F(WeightsTest, randomOnesAreReadBack) {
  mlir::OwningOpRef<mlir::ModuleOp> module = parse(tinyNetwork());
  mlir::FailureOr<Network> network = Network::read(*module);
  ASSERT_TRUE(succeeded(network));
  llvm::Expected<Weights> weights =
      Weights::read(*network, write(randomWeights(*module, 1)));
  ASSERT_TRUE(bool(weights)) << llvm::toString(weights.takeError());
  const size_t sizes[] = {4 * 5, 5 * 10, 5};
  const double columns[] = {5, 10, 5};
  ASSERT_EQ(weights->values.size(), std::size(sizes));
  for (size_t i = 0; i < std::size(sizes); ++i) {
    llvm::ArrayRef<float> values = weights->values[i];
    ASSERT_EQ(values.size(), sizes[i]);
    auto [least, most] =
        std::minmax_element(values.data(), values.data() + values.size());
    double bound = 1 / std::sqrt(columns[i]);
    EXPECT_GE(*least, -bound);
    EXPECT_LT(*most, bound);
    EXPECT_LT(*least, 0);
    EXPECT_GT(*most, 0);
  }
}

TEST_F(WeightsTest, randomOnesAreTheSameInMemoryAndInFiles) {
  for (std::string text :
       {bagNetwork(), replaceAll(tinyNetwork(), "@E : tensor<4x5xf32>",
                                 "@E : tensor<700x5xf32>")}) {
    mlir::OwningOpRef<mlir::ModuleOp> module = parse(text);
    mlir::FailureOr<Network> network = Network::read(*module);
    ASSERT_TRUE(succeeded(network));
    Weights drawn = Weights::random(*network, 1);
    llvm::Expected<Weights> weights =
        Weights::read(*network, write(randomWeights(*module, 1)));
    ASSERT_TRUE(bool(weights)) << llvm::toString(weights.takeError());
    ASSERT_EQ(drawn.values.size(), weights->values.size());
    for (size_t i = 0; i < drawn.values.size(); ++i) {
      llvm::ArrayRef<float> a = drawn.values[i], b = weights->values[i];
      ASSERT_EQ(a.size(), b.size());
      EXPECT_TRUE(std::equal(a.data(), a.data() + a.size(), b.data()));
    }
  }
}

TEST_F(WeightsTest, randomOnesDependOnTheSeedAlone) {
  mlir::OwningOpRef<mlir::ModuleOp> module = parse(tinyNetwork());
  EXPECT_EQ(randomWeights(*module, 7), randomWeights(*module, 7));
  EXPECT_NE(randomWeights(*module, 7), randomWeights(*module, 8));
}

TEST_F(WeightsTest, bothDialectsGiveTheSameFile) {
  context.loadDialect<cell::CellDialect>();
  mlir::OwningOpRef<mlir::ModuleOp> batched = parse(R"(module @n {
    batch.param @E : tensor<4x5xf32>
    batch.param @b : tensor<5xf32>
    batch.param @T : tensor<2x3x5xf32>
  })");
  mlir::OwningOpRef<mlir::ModuleOp> plain = parse(R"(module @n {
    cell.param @E : tensor<4x5xf32>
    cell.param @b : tensor<5xf32>
    cell.param @T : tensor<2x3x5xf32>
  })");
  EXPECT_EQ(randomWeights(*batched, 3), randomWeights(*plain, 3));
}

TEST_F(WeightsTest, dataIsAligned) {
  mlir::OwningOpRef<mlir::ModuleOp> module = parse(tinyNetwork());
  std::string file = randomWeights(*module, 1);
  uint64_t header = llvm::support::endian::read64le(file.data());
  EXPECT_EQ((8 + header) % 64, 0u);
  EXPECT_EQ(file.size(), 8 + header + 4 * (20 + 50 + 5));
  EXPECT_THAT(file.substr(8, header),
              testing::StartsWith(R"({"E":{"dtype":"F32","shape":[4,5],)"
                                  R"("data_offsets":[0,80]},"W":)"));
}

TEST_F(WeightsTest, fileOfAnotherNetworkIsAnError) {
  mlir::OwningOpRef<mlir::ModuleOp> module = parse(tinyNetwork());
  mlir::OwningOpRef<mlir::ModuleOp> other = parse(replaceAll(
      tinyNetwork(), "@E : tensor<4x5xf32>", "@E : tensor<5x5xf32>"));
  mlir::FailureOr<Network> network = Network::read(*module);
  ASSERT_TRUE(succeeded(network));
  std::string path = write(randomWeights(*other, 1));
  llvm::Expected<Weights> weights = Weights::read(*network, path);
  ASSERT_FALSE(bool(weights));
  EXPECT_THAT(
      llvm::toString(weights.takeError()),
      testing::AllOf(testing::StartsWith(path), testing::HasSubstr("'E'")));
}

} // namespace
