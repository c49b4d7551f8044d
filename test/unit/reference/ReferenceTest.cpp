//===- ReferenceTest.cpp - the reference interpreter ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/reference/ReferenceTest.h"

#include "gmock/gmock.h"

#include <cmath>

using namespace mlir;
using namespace edbc;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

//===----------------------------------------------------------------------===//
// Each operation
//===----------------------------------------------------------------------===//

TEST_F(ReferenceTest, AddsElementwise) {
  EXPECT_THAT(compute("%y = arith.addf %a, %b", {1, 2, 3}, {10, 20, -3}),
              ElementsAre(11, 22, 0));
}

TEST_F(ReferenceTest, SubtractsElementwise) {
  EXPECT_THAT(compute("%y = arith.subf %a, %b", {1, 2, 3}, {10, 20, -3}),
              ElementsAre(-9, -18, 6));
}

TEST_F(ReferenceTest, MultipliesElementwise) {
  EXPECT_THAT(compute("%y = arith.mulf %a, %b", {1, 2, 3}, {10, 20, -3}),
              ElementsAre(10, 40, -9));
}

TEST_F(ReferenceTest, DividesElementwise) {
  EXPECT_THAT(compute("%y = arith.divf %a, %b", {1, 2, 3}, {4, 0, -3}),
              ElementsAre(0.25, infinity, -1));
}

TEST_F(ReferenceTest, Negates) {
  EXPECT_THAT(compute("%y = arith.negf %a", {1, -2, 0.5}),
              ElementsAre(-1, 2, -0.5));
}

TEST_F(ReferenceTest, TakesTheMaximum) {
  Numbers y = compute("%y = arith.maximumf %a, %b", {1, -0.0, NAN}, {2, 0, 7});
  ASSERT_EQ(y.size(), 3u);
  EXPECT_EQ(y[0], 2);
  EXPECT_FALSE(std::signbit(y[1]));
  EXPECT_TRUE(std::isnan(y[2]));
}

TEST_F(ReferenceTest, TakesTheMinimum) {
  Numbers y = compute("%y = arith.minimumf %a, %b", {1, 0, 7}, {2, -0.0, NAN});
  ASSERT_EQ(y.size(), 3u);
  EXPECT_EQ(y[0], 1);
  EXPECT_TRUE(std::signbit(y[1]));
  EXPECT_TRUE(std::isnan(y[2]));
}

TEST_F(ReferenceTest, KnowsTanh) {
  Numbers y = compute("%y = math.tanh %a", {0, infinity, 0.5});
  ASSERT_EQ(y.size(), 3u);
  EXPECT_EQ(y[0], 0);
  EXPECT_EQ(y[1], 1);
  EXPECT_NEAR(y[2], 0.46211715726000975, 1e-16);
}

TEST_F(ReferenceTest, KnowsExp) {
  Numbers y = compute("%y = math.exp %a", {0, -infinity, 1});
  ASSERT_EQ(y.size(), 3u);
  EXPECT_EQ(y[0], 1);
  EXPECT_EQ(y[1], 0);
  EXPECT_NEAR(y[2], 2.718281828459045, 1e-15);
}

TEST_F(ReferenceTest, KnowsLog) {
  Numbers y = compute("%y = math.log %a", {1, 0, 10});
  ASSERT_EQ(y.size(), 3u);
  EXPECT_EQ(y[0], 0);
  EXPECT_EQ(y[1], -infinity);
  EXPECT_NEAR(y[2], 2.302585092994046, 1e-15);
}

TEST_F(ReferenceTest, KnowsSqrt) {
  EXPECT_THAT(compute("%y = math.sqrt %a", {4, 0, 2.25}),
              ElementsAre(2, 0, 1.5));
}

TEST_F(ReferenceTest, KnowsTheAbsoluteValue) {
  EXPECT_THAT(compute("%y = math.absf %a", {-4, 0, 2.25}),
              ElementsAre(4, 0, 2.25));
}

TEST_F(ReferenceTest, KnowsSigmoid) {
  Numbers y = compute("%y = cell.sigmoid %a", {0, -infinity, 1});
  ASSERT_EQ(y.size(), 3u);
  EXPECT_EQ(y[0], 0.5);
  EXPECT_EQ(y[1], 0);
  EXPECT_NEAR(y[2], 0.7310585786300049, 1e-16);
}

TEST_F(ReferenceTest, ReadsConstants) {
  EXPECT_THAT(compute("%y = arith.constant dense<0.5>", {0, 0, 0}),
              ElementsAre(0.5, 0.5, 0.5));
  EXPECT_THAT(compute("%y = arith.constant dense<[1.0, 2.0, 3.0]>", {0, 0, 0}),
              ElementsAre(1, 2, 3));
}

TEST_F(ReferenceTest, ComputesInDoublePrecision) {
  EXPECT_THAT(compute("%y = arith.addf %a, %b", {1, 1, 1}, {1e-12, 0, 0}),
              ElementsAre(1 + 1e-12, 1, 1));
}

TEST_F(ReferenceTest, ReadsFieldsByName) {
  parse(R"(
    cell.state @Pair {h : tensor<1xf32>, c : tensor<2xf32>}
    cell.state @S {y : tensor<2xf32>}
    cell.def @f(%n: !cell.ref<@Pair>) -> @S {
      %c = cell.field %n["c"] : !cell.ref<@Pair> -> tensor<2xf32>
      cell.yield %c : tensor<2xf32>
    })");
  NodeState node = {"Pair", {{"c", {2, 3}}, {"h", {1}}}};
  NodeState result = apply("f", {&node});
  EXPECT_EQ(result.state, "S");
  EXPECT_THAT(result.fields["y"], ElementsAre(2, 3));
}

TEST_F(ReferenceTest, YieldsFieldsInOrder) {
  parse(R"(
    cell.state @Pair {h : tensor<1xf32>, c : tensor<2xf32>}
    cell.def @f(%x: tensor<2xf32>, %y: tensor<1xf32>) -> @Pair {
      cell.yield %y, %x : tensor<1xf32>, tensor<2xf32>
    })");
  NodeState result = apply("f", {Numbers{2, 3}, Numbers{1}});
  EXPECT_THAT(result.fields["h"], ElementsAre(1));
  EXPECT_THAT(result.fields["c"], ElementsAre(2, 3));
}

TEST_F(ReferenceTest, LooksUpRows) {
  parse(R"(
    cell.param @E : tensor<3x2xf32>
    cell.state @S {y : tensor<2xf32>}
    cell.def @f(%t: !cell.token<3>) -> @S {
      %x = cell.lookup @E[%t] : !cell.token<3> -> tensor<2xf32>
      cell.yield %x : tensor<2xf32>
    })");
  setParam("E", {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(apply("f", {0u}).fields["y"], ElementsAre(1, 2));
  EXPECT_THAT(apply("f", {2u}).fields["y"], ElementsAre(5, 6));
}

TEST_F(ReferenceTest, MultipliesMatrices) {
  parse(R"(
    cell.param @W : tensor<2x3xf32>
    cell.state @S {y : tensor<2xf32>}
    cell.def @f(%x: tensor<3xf32>) -> @S {
      %y = cell.product @W, %x : tensor<3xf32> -> tensor<2xf32>
      cell.yield %y : tensor<2xf32>
    })");
  setParam("W", {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(apply("f", {Numbers{1, 10, 100}}).fields["y"],
              ElementsAre(321, 654));
}

TEST_F(ReferenceTest, ConcatenatesAndReadsWeights) {
  parse(R"(
    cell.param @b : tensor<2xf32>
    cell.state @S {y : tensor<3xf32>}
    cell.def @f(%x: tensor<1xf32>) -> @S {
      %b = cell.weight @b : tensor<2xf32>
      %y = tensor.concat dim(0) %x, %b : (tensor<1xf32>, tensor<2xf32>) -> tensor<3xf32>
      cell.yield %y : tensor<3xf32>
    })");
  setParam("b", {8, 9});
  EXPECT_THAT(apply("f", {Numbers{7}}).fields["y"], ElementsAre(7, 8, 9));
}

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

TEST_F(ReferenceTest, MultipliesParametersByMatrices) {
  parse(R"(
    cell.param @W : tensor<2x3xf32>
    cell.param @X : tensor<3x2xf32>
    cell.state @S {y : tensor<2x2xf32>}
    cell.def @f() -> @S {
      %x = cell.weight @X : tensor<3x2xf32>
      %y = cell.product @W, %x : tensor<3x2xf32> -> tensor<2x2xf32>
      cell.yield %y : tensor<2x2xf32>
    })");
  setParam("W", {1, 2, 3, 4, 5, 6});
  setParam("X", {1, 0, 10, 2, 100, 3});
  EXPECT_THAT(apply("f", {}).fields["y"], ElementsAre(321, 13, 654, 28));
}

TEST_F(ReferenceTest, MultipliesMatricesOfStates) {
  parse(R"(
    cell.state @M {m : tensor<2x3xf32>, v : tensor<3xf32>, n : tensor<3x1xf32>}
    cell.state @S {y : tensor<2xf32>, z : tensor<2x1xf32>}
    cell.def @f(%n: !cell.ref<@M>) -> @S {
      %m = cell.field %n["m"] : !cell.ref<@M> -> tensor<2x3xf32>
      %v = cell.field %n["v"] : !cell.ref<@M> -> tensor<3xf32>
      %w = cell.field %n["n"] : !cell.ref<@M> -> tensor<3x1xf32>
      %y = cell.multiply %m, %v : tensor<2x3xf32>, tensor<3xf32> -> tensor<2xf32>
      %z = cell.multiply %m, %w : tensor<2x3xf32>, tensor<3x1xf32> -> tensor<2x1xf32>
      cell.yield %y, %z : tensor<2xf32>, tensor<2x1xf32>
    })");
  NodeState node = {
      "M", {{"m", {1, 2, 3, 4, 5, 6}}, {"v", {1, 10, 100}}, {"n", {1, 0, 2}}}};
  NodeState result = apply("f", {&node});
  EXPECT_THAT(result.fields["y"], ElementsAre(321, 654));
  EXPECT_THAT(result.fields["z"], ElementsAre(7, 16));
}

TEST_F(ReferenceTest, BroadcastsVectorsAlongColumnsAndRows) {
  parse(R"(
    cell.state @S {c : tensor<2x3xf32>, r : tensor<3x2xf32>}
    cell.def @f(%x: tensor<2xf32>) -> @S {
      %c = cell.broadcast %x along columns : tensor<2xf32> -> tensor<2x3xf32>
      %r = cell.broadcast %x along rows : tensor<2xf32> -> tensor<3x2xf32>
      cell.yield %c, %r : tensor<2x3xf32>, tensor<3x2xf32>
    })");
  NodeState result = apply("f", {Numbers{7, 8}});
  EXPECT_THAT(result.fields["c"], ElementsAre(7, 7, 7, 8, 8, 8));
  EXPECT_THAT(result.fields["r"], ElementsAre(7, 8, 7, 8, 7, 8));
}

TEST_F(ReferenceTest, LooksUpMatricesAndStacksThem) {
  parse(R"(
    cell.param @T : tensor<2x2x3xf32>
    cell.state @S {y : tensor<3x3xf32>}
    cell.def @f(%t: !cell.token<2>) -> @S {
      %m = cell.lookup @T[%t] : !cell.token<2> -> tensor<2x3xf32>
      %k = arith.constant dense<0.5> : tensor<2x3xf32>
      %a = arith.addf %m, %k : tensor<2x3xf32>
      %o = arith.constant dense<[[7.0, 8.0, 9.0]]> : tensor<1x3xf32>
      %y = tensor.concat dim(0) %a, %o : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<3x3xf32>
      cell.yield %y : tensor<3x3xf32>
    })");
  setParam("T", {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15});
  EXPECT_THAT(apply("f", {1u}).fields["y"],
              ElementsAre(10.5, 11.5, 12.5, 13.5, 14.5, 15.5, 7, 8, 9));
}

TEST_F(ReferenceTest, TakesPartsOfVectors) {
  parse(R"(
    cell.state @S {y : tensor<2xf32>}
    cell.def @f(%x: tensor<4xf32>) -> @S {
      %y = tensor.extract_slice %x[1] [2] [1] : tensor<4xf32> to tensor<2xf32>
      cell.yield %y : tensor<2xf32>
    })");
  EXPECT_THAT(apply("f", {Numbers{1, 2, 3, 4}}).fields["y"], ElementsAre(2, 3));
}

//===----------------------------------------------------------------------===//
// Classification
//===----------------------------------------------------------------------===//

TEST_F(ReferenceTest, KnowsSoftmax) {
  Numbers y = compute("%y = cell.softmax %a", {0, 1, 2});
  ASSERT_EQ(y.size(), 3u);
  double sum = 1 + std::exp(1) + std::exp(2);
  EXPECT_NEAR(y[0], 1 / sum, 1e-15);
  EXPECT_NEAR(y[1], std::exp(1) / sum, 1e-15);
  EXPECT_NEAR(y[2], std::exp(2) / sum, 1e-15);
}

TEST_F(ReferenceTest, SoftmaxOfLargeNumbersDoesNotOverflow) {
  EXPECT_THAT(compute("%y = cell.softmax %a", {1000, 0, 1000}),
              ElementsAre(DoubleNear(0.5, 1e-12), 0, DoubleNear(0.5, 1e-12)));
  EXPECT_THAT(compute("%y = cell.softmax %a", {-1000, -1000, -infinity}),
              ElementsAre(DoubleNear(0.5, 1e-12), DoubleNear(0.5, 1e-12), 0));
  EXPECT_EQ(compute("%y = cell.softmax %a", {infinity, 0, 1})[1], 0);
}

TEST_F(ReferenceTest, KnowsLogSoftmax) {
  Numbers y = compute("%y = cell.log_softmax %a", {5, 5, -2000});
  ASSERT_EQ(y.size(), 3u);
  EXPECT_NEAR(y[0], -std::log(2), 1e-15);
  EXPECT_NEAR(y[1], -std::log(2), 1e-15);
  EXPECT_NEAR(y[2], -2005 - std::log(2), 1e-12);
}

TEST_F(ReferenceTest, KnowsCrossEntropy) {
  parse(R"(
    cell.state @S {y : tensor<1xf32>}
    cell.def @f(%x: tensor<2xf32>, %label: !cell.token<2>) -> @S {
      %y = cell.cross_entropy %x, %label : tensor<2xf32>, !cell.token<2>
      cell.yield %y : tensor<1xf32>
    })");
  Numbers y = apply("f", {Numbers{3, 1}, 1u}).fields["y"];
  ASSERT_EQ(y.size(), 1u);
  EXPECT_NEAR(y[0], std::log(std::exp(3) + std::exp(1)) - 1, 1e-15);
}

TEST_F(ReferenceTest, KnowsArgmax) {
  parse(R"(
    cell.state @S {y : tensor<1xf32>}
    cell.def @f(%x: tensor<4xf32>) -> @S {
      %y = cell.argmax %x : tensor<4xf32>
      cell.yield %y : tensor<1xf32>
    })");
  auto argmax = [&](Numbers x) { return apply("f", {x}).fields["y"]; };
  EXPECT_THAT(argmax({1, 7, 7, -3}), ElementsAre(1));
  EXPECT_THAT(argmax({NAN, -infinity, NAN, -infinity}), ElementsAre(1));
  EXPECT_THAT(argmax({NAN, NAN, NAN, NAN}), ElementsAre(0));
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

TEST_F(ReferenceTest, RejectsUnknownOperations) {
  compute("%y = math.sin %a", {0, 0, 0});
  EXPECT_THAT(errors, HasSubstr("network\":4"));
  EXPECT_THAT(errors, HasSubstr("'math.sin' op is unknown to the reference "
                                "interpreter"));
}

TEST_F(ReferenceTest, RejectsScalarConstants) {
  compute("%k = arith.constant 1.0 : f32\n%y = arith.negf %a", {0, 0, 0});
  EXPECT_THAT(errors,
              HasSubstr("'arith.constant' op must be a vector or matrix of "
                        "numbers"));
}

TEST_F(ReferenceTest, RejectsConcatenationBesideEachOther) {
  parse(R"(
    cell.param @W : tensor<2x2xf32>
    cell.state @S {y : tensor<2x4xf32>}
    cell.def @f() -> @S {
      %w = cell.weight @W : tensor<2x2xf32>
      %y = tensor.concat dim(1) %w, %w : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x4xf32>
      cell.yield %y : tensor<2x4xf32>
    })");
  setParam("W", {1, 2, 3, 4});
  apply("f", {});
  EXPECT_THAT(errors, HasSubstr("must concatenate along dimension 0"));
}

TEST_F(ReferenceTest, RejectsPartsWithGapsAndOfMatrices) {
  for (const char *slice :
       {"%x[0] [2] [2] : tensor<4xf32> to tensor<2xf32>",
        "%m[0, 0] [1, 2] [1, 1] : tensor<2x2xf32> to tensor<2xf32>"}) {
    parse(std::string(R"(
      cell.param @W : tensor<2x2xf32>
      cell.state @S {y : tensor<2xf32>}
      cell.def @f(%x: tensor<4xf32>) -> @S {
        %m = cell.weight @W : tensor<2x2xf32>
        %y = tensor.extract_slice )") +
          slice + R"(
        cell.yield %y : tensor<2xf32>
      })");
    setParam("W", {1, 2, 3, 4});
    errors.clear();
    apply("f", {Numbers{1, 2, 3, 4}});
    EXPECT_THAT(errors, HasSubstr("must be a part of a vector without gaps"));
  }
}

TEST_F(ReferenceTest, RejectsMissingAndMisshapenParameters) {
  parse("cell.param @W : tensor<2x3xf32>");
  EXPECT_TRUE(failed(create()));
  EXPECT_THAT(errors, HasSubstr("'cell.param' op has no value"));
  setParam("W", {1, 2, 3});
  EXPECT_TRUE(failed(create()));
  EXPECT_THAT(errors, HasSubstr("needs 6 values, found 3"));
}

TEST_F(ReferenceTest, RejectsInputsOfAnotherWidth) {
  compute("%y = arith.addf %a, %b", {1, 2, 3}, {1, 2});
  EXPECT_THAT(errors, HasSubstr("operand 'b' must be 3 numbers"));
}
