//===- ReferenceTest.cpp - the reference interpreter ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Reference.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace edbc;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

using Numbers = std::vector<double>;

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();

/// A network from its text, its parameters, and the errors that were reported.
class ReferenceTest : public testing::Test {
protected:
  ReferenceTest()
      : handler(&context, [this](Diagnostic &diagnostic) {
          llvm::raw_string_ostream stream(errors);
          stream << diagnostic.getLocation() << ": " << diagnostic << "\n";
        }) {
    context.loadDialect<cell::CellDialect, arith::ArithDialect,
                        math::MathDialect, tensor::TensorDialect>();
  }

  void parse(StringRef text) {
    module = parseSourceString<ModuleOp>(text, &context, "network");
    ASSERT_TRUE(module) << errors;
  }

  void setParam(const std::string &name, std::vector<float> values) {
    params[name] = std::move(values);
  }

  FailureOr<Reference> create() {
    ParameterValues views;
    for (auto &[name, values] : params)
      views[name] = values;
    return Reference::create(*module, views);
  }

  /// Applies a cell; a node without fields after an error.
  NodeState apply(StringRef cell, std::vector<CellOperand> operands) {
    FailureOr<Reference> reference = create();
    if (failed(reference))
      return {};
    FailureOr<NodeState> node = reference->evaluate(cell, operands);
    return failed(node) ? NodeState() : *node;
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

  MLIRContext context;
  std::string errors;
  ScopedDiagnosticHandler handler;
  OwningOpRef<ModuleOp> module;
  std::map<std::string, std::vector<float>> params;
};
} // namespace

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
// Lists
//===----------------------------------------------------------------------===//

namespace {
/// A cell that reduces the field x of nodes, each multiplied with `scale`.
class ReduceTest : public ReferenceTest {
protected:
  void parseReduction(const std::string &reduction, const std::string &refs) {
    parse(R"(
      cell.state @S {x : tensor<2xf32>}
      cell.def @f(%scale: tensor<2xf32>, %nodes: )" +
          refs + R"() -> @S {
        %two = arith.addf %scale, %scale : tensor<2xf32>
        %y = cell.reduce )" +
          reduction + " %nodes : " + refs + R"( {
        ^bb0(%node: !cell.ref<@S>):
          %x = cell.field %node["x"] : !cell.ref<@S> -> tensor<2xf32>
          %p = arith.mulf %x, %two : tensor<2xf32>
          cell.yield %p : tensor<2xf32>
        } : tensor<2xf32>
        cell.yield %y : tensor<2xf32>
      })");
  }
  /// With `scale` (1/2, -1/2), that is x times (1, -1).
  Numbers reduce(const std::vector<const NodeState *> &nodes) {
    return apply("f", {Numbers{0.5, -0.5}, nodes}).fields["x"];
  }

  NodeState a = {"S", {{"x", {1, 2}}}};
  NodeState b = {"S", {{"x", {10, -20}}}};
};
} // namespace

TEST_F(ReduceTest, Sums) {
  parseReduction("sum", "!cell.refs<@S>");
  EXPECT_THAT(reduce({&a, &b, &a}), ElementsAre(12, 16));
  EXPECT_THAT(reduce({&b}), ElementsAre(10, 20));
  EXPECT_THAT(reduce({}), ElementsAre(0, 0));
}

TEST_F(ReduceTest, TakesTheMaximum) {
  parseReduction("max", "!cell.refs<@S, 1>");
  EXPECT_THAT(reduce({&a, &b, &a}), ElementsAre(10, 20));
  EXPECT_THAT(reduce({&a}), ElementsAre(1, -2));
}

TEST_F(ReduceTest, TakesTheMean) {
  parseReduction("mean", "!cell.refs<@S, 1>");
  EXPECT_THAT(reduce({&a, &b, &b, &a}), ElementsAre(5.5, 9));
}

TEST_F(ReduceTest, RejectsShortLists) {
  parseReduction("mean", "!cell.refs<@S, 2>");
  EXPECT_TRUE(reduce({&a}).empty());
  EXPECT_THAT(errors, HasSubstr("operand 'nodes' must be at least 2 nodes of "
                                "state @S"));
}

TEST_F(ReduceTest, RejectsNodesOfAnotherState) {
  parseReduction("sum", "!cell.refs<@S>");
  NodeState other = {"T", {{"x", {1, 2}}}};
  EXPECT_TRUE(reduce({&a, &other}).empty());
  EXPECT_THAT(errors, HasSubstr("operand 'nodes' must be at least 0 nodes of "
                                "state @S"));
}

TEST_F(ReduceTest, ReadsListsOfAnInstance) {
  parse(R"(
    cell.state @S {x : tensor<1xf32>}
    cell.def @input(%x: tensor<1xf32>) -> @S {
      cell.yield %x : tensor<1xf32>
    }
    cell.def @join(%nodes: !cell.refs<@S>) -> @S {
      %y = cell.reduce sum %nodes : !cell.refs<@S> {
      ^bb0(%node: !cell.ref<@S>):
        %x = cell.field %node["x"] : !cell.ref<@S> -> tensor<1xf32>
        cell.yield %x : tensor<1xf32>
      } : tensor<1xf32>
      cell.yield %y : tensor<1xf32>
    })");
  FailureOr<Reference> reference = create();
  ASSERT_TRUE(succeeded(reference)) << errors;
  Instance instance;
  instance.nodes = {{0, 0}, {0, 1}, {1, 2}, {1, 3}};
  instance.arguments = {0, 1, 0, 3};
  instance.values = {5, 7};
  instance.elements = {2, 1, 0, 3, 2, 0, 2};
  FailureOr<std::vector<NodeState>> states = reference->evaluate(instance);
  ASSERT_TRUE(succeeded(states)) << errors;
  EXPECT_THAT((*states)[2].fields["x"], ElementsAre(12));
  EXPECT_THAT((*states)[3].fields["x"], ElementsAre(29));

  instance.elements = {2, 1, 2, 1, 1};
  EXPECT_TRUE(failed(reference->evaluate(instance)));
  EXPECT_THAT(errors, HasSubstr("node 2 of the instance uses node 2, which "
                                "isn't earlier"));
  for (std::vector<uint32_t> elements :
       {std::vector<uint32_t>(), {2, 1}, {UINT32_MAX, 1}}) {
    errors.clear();
    instance.elements = elements;
    EXPECT_TRUE(failed(reference->evaluate(instance)));
    EXPECT_THAT(errors, HasSubstr("node 2 of the instance has too few "
                                  "elements"));
  }
}

//===----------------------------------------------------------------------===//
// A TreeLSTM against its equations
//===----------------------------------------------------------------------===//

namespace {
constexpr size_t hidden = 3;

constexpr const char *treeLstm = R"(
  cell.param @E : tensor<5x3xf32>
  cell.param @Wi : tensor<3x3xf32>
  cell.param @Wo : tensor<3x3xf32>
  cell.param @Wu : tensor<3x3xf32>
  cell.param @Ui : tensor<3x6xf32>
  cell.param @Uo : tensor<3x6xf32>
  cell.param @Uu : tensor<3x6xf32>
  cell.param @Uf1 : tensor<3x3xf32>
  cell.param @Uf2 : tensor<3x3xf32>
  cell.param @bi : tensor<3xf32>
  cell.param @bo : tensor<3xf32>
  cell.param @bu : tensor<3xf32>
  cell.param @bf : tensor<3xf32>
  cell.state @Node {h : tensor<3xf32>, c : tensor<3xf32>}
  cell.def @leaf(%word: !cell.token<5>) -> @Node {
    %x = cell.lookup @E[%word] : !cell.token<5> -> tensor<3xf32>
    %bi = cell.weight @bi : tensor<3xf32>
    %bo = cell.weight @bo : tensor<3xf32>
    %bu = cell.weight @bu : tensor<3xf32>
    %pi = cell.product @Wi, %x : tensor<3xf32> -> tensor<3xf32>
    %po = cell.product @Wo, %x : tensor<3xf32> -> tensor<3xf32>
    %pu = cell.product @Wu, %x : tensor<3xf32> -> tensor<3xf32>
    %si = arith.addf %pi, %bi : tensor<3xf32>
    %so = arith.addf %po, %bo : tensor<3xf32>
    %su = arith.addf %pu, %bu : tensor<3xf32>
    %i = cell.sigmoid %si : tensor<3xf32>
    %o = cell.sigmoid %so : tensor<3xf32>
    %u = math.tanh %su : tensor<3xf32>
    %c = arith.mulf %i, %u : tensor<3xf32>
    %t = math.tanh %c : tensor<3xf32>
    %h = arith.mulf %o, %t : tensor<3xf32>
    cell.yield %h, %c : tensor<3xf32>, tensor<3xf32>
  }
  cell.def @inner(%left: !cell.ref<@Node>, %right: !cell.ref<@Node>) -> @Node {
    %h1 = cell.field %left["h"] : !cell.ref<@Node> -> tensor<3xf32>
    %c1 = cell.field %left["c"] : !cell.ref<@Node> -> tensor<3xf32>
    %h2 = cell.field %right["h"] : !cell.ref<@Node> -> tensor<3xf32>
    %c2 = cell.field %right["c"] : !cell.ref<@Node> -> tensor<3xf32>
    %e = tensor.concat dim(0) %h1, %h2 : (tensor<3xf32>, tensor<3xf32>) -> tensor<6xf32>
    %bi = cell.weight @bi : tensor<3xf32>
    %bo = cell.weight @bo : tensor<3xf32>
    %bu = cell.weight @bu : tensor<3xf32>
    %bf = cell.weight @bf : tensor<3xf32>
    %pi = cell.product @Ui, %e : tensor<6xf32> -> tensor<3xf32>
    %po = cell.product @Uo, %e : tensor<6xf32> -> tensor<3xf32>
    %pu = cell.product @Uu, %e : tensor<6xf32> -> tensor<3xf32>
    %p1 = cell.product @Uf1, %h1 : tensor<3xf32> -> tensor<3xf32>
    %p2 = cell.product @Uf2, %h2 : tensor<3xf32> -> tensor<3xf32>
    %si = arith.addf %pi, %bi : tensor<3xf32>
    %so = arith.addf %po, %bo : tensor<3xf32>
    %su = arith.addf %pu, %bu : tensor<3xf32>
    %s1 = arith.addf %p1, %bf : tensor<3xf32>
    %s2 = arith.addf %p2, %bf : tensor<3xf32>
    %i = cell.sigmoid %si : tensor<3xf32>
    %o = cell.sigmoid %so : tensor<3xf32>
    %u = math.tanh %su : tensor<3xf32>
    %f1 = cell.sigmoid %s1 : tensor<3xf32>
    %f2 = cell.sigmoid %s2 : tensor<3xf32>
    %iu = arith.mulf %i, %u : tensor<3xf32>
    %fc1 = arith.mulf %f1, %c1 : tensor<3xf32>
    %fc2 = arith.mulf %f2, %c2 : tensor<3xf32>
    %sum = arith.addf %iu, %fc1 : tensor<3xf32>
    %c = arith.addf %sum, %fc2 : tensor<3xf32>
    %t = math.tanh %c : tensor<3xf32>
    %h = arith.mulf %o, %t : tensor<3xf32>
    cell.yield %h, %c : tensor<3xf32>, tensor<3xf32>
  })";

/// The same by hand, one unit at a time.
struct TreeLstmByHand {
  struct Node {
    double h[hidden], c[hidden];
  };
  const std::map<std::string, std::vector<float>> &params;

  double at(const char *name, size_t index) const {
    return params.at(name)[index];
  }
  /// Unit `n` of a matrix times a vector plus a bias.
  double affine(const char *matrix, const Numbers &x, const char *bias,
                size_t n) const {
    double sum = at(bias, n);
    for (size_t k = 0; k < x.size(); ++k)
      sum += at(matrix, n * x.size() + k) * x[k];
    return sum;
  }
  static double logistic(double x) { return 1 / (1 + std::exp(-x)); }

  Node leaf(uint32_t word) const {
    Numbers x;
    for (size_t k = 0; k < hidden; ++k)
      x.push_back(at("E", word * hidden + k));
    Node node;
    for (size_t n = 0; n < hidden; ++n) {
      node.c[n] = logistic(affine("Wi", x, "bi", n)) *
                  std::tanh(affine("Wu", x, "bu", n));
      node.h[n] = logistic(affine("Wo", x, "bo", n)) * std::tanh(node.c[n]);
    }
    return node;
  }

  Node inner(const Node &left, const Node &right) const {
    Numbers h1(left.h, left.h + hidden), h2(right.h, right.h + hidden), e = h1;
    e.insert(e.end(), h2.begin(), h2.end());
    Node node;
    for (size_t n = 0; n < hidden; ++n) {
      node.c[n] = logistic(affine("Ui", e, "bi", n)) *
                      std::tanh(affine("Uu", e, "bu", n)) +
                  logistic(affine("Uf1", h1, "bf", n)) * left.c[n] +
                  logistic(affine("Uf2", h2, "bf", n)) * right.c[n];
      node.h[n] = logistic(affine("Uo", e, "bo", n)) * std::tanh(node.c[n]);
    }
    return node;
  }
};

class ReferenceTreeLstmTest : public ReferenceTest {
protected:
  void SetUp() override {
    parse(treeLstm);
    // All different, of both signs, below 1.
    int next = 0;
    for (auto param : module->getOps<cell::ParamOp>()) {
      std::vector<float> values(param.getTensorType().getNumElements());
      for (float &value : values)
        value = static_cast<float>((next++ * 89 % 197 - 98) / 100.0);
      setParam(param.getSymName().str(), values);
    }
  }
};
} // namespace

TEST_F(ReferenceTreeLstmTest, AgreesWithTheEquationsOnATree) {
  FailureOr<Reference> reference = create();
  ASSERT_TRUE(succeeded(reference)) << errors;
  // leaf 4, leaf 1, inner 0 1
  Instance tree;
  tree.nodes = {{0, 0}, {0, 1}, {1, 2}};
  tree.arguments = {4, 1, 0, 1};
  FailureOr<std::vector<NodeState>> states = reference->evaluate(tree);
  ASSERT_TRUE(succeeded(states)) << errors;
  ASSERT_EQ(states->size(), 3u);

  TreeLstmByHand byHand = {params};
  TreeLstmByHand::Node left = byHand.leaf(4), right = byHand.leaf(1);
  const TreeLstmByHand::Node expected[] = {left, right,
                                           byHand.inner(left, right)};
  for (size_t node = 0; node < 3; ++node) {
    EXPECT_EQ((*states)[node].state, "Node");
    const Numbers &h = (*states)[node].fields["h"];
    const Numbers &c = (*states)[node].fields["c"];
    ASSERT_EQ(h.size(), hidden);
    ASSERT_EQ(c.size(), hidden);
    for (size_t n = 0; n < hidden; ++n) {
      EXPECT_NEAR(h[n], expected[node].h[n], 1e-15);
      EXPECT_NEAR(c[n], expected[node].c[n], 1e-15);
    }
  }
}

TEST_F(ReferenceTest, ReadsDenseInputsOfAnInstance) {
  parse(R"(
    cell.state @S {y : tensor<2xf32>}
    cell.def @input(%x: tensor<2xf32>) -> @S {
      cell.yield %x : tensor<2xf32>
    })");
  FailureOr<Reference> reference = create();
  ASSERT_TRUE(succeeded(reference)) << errors;
  Instance instance;
  instance.nodes = {{0, 0}, {0, 1}};
  instance.arguments = {1, 0};
  instance.values = {1, 2, 3};
  FailureOr<std::vector<NodeState>> states = reference->evaluate(instance);
  ASSERT_TRUE(succeeded(states)) << errors;
  EXPECT_THAT((*states)[0].fields["y"], ElementsAre(2, 3));
  EXPECT_THAT((*states)[1].fields["y"], ElementsAre(1, 2));
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

TEST_F(ReferenceTreeLstmTest, RejectsUnknownCells) {
  apply("outer", {});
  EXPECT_THAT(errors, HasSubstr("network has no cell 'outer'"));
}

TEST_F(ReferenceTreeLstmTest, RejectsTooFewOperands) {
  apply("inner", {});
  EXPECT_THAT(errors, HasSubstr("'cell.def' op takes 2 operands, found 0"));
}

TEST_F(ReferenceTreeLstmTest, RejectsTokensBeyondTheBound) {
  apply("leaf", {5u});
  EXPECT_THAT(errors, HasSubstr("operand 'word' must be a token below 5"));
}

TEST_F(ReferenceTreeLstmTest, RejectsOperandsOfAnotherKind) {
  apply("leaf", {Numbers{1}});
  EXPECT_THAT(errors, HasSubstr("operand 'word' must be a token below 5"));
}

TEST_F(ReferenceTreeLstmTest, RejectsNodesOfAnotherState) {
  NodeState node = apply("leaf", {0u});
  NodeState other = node;
  other.state = "Score";
  apply("inner", {&node, &other});
  EXPECT_THAT(errors,
              HasSubstr("operand 'right' must be a node of state @Node"));
}

TEST_F(ReferenceTreeLstmTest, RejectsNodesWithoutAField) {
  NodeState node = apply("leaf", {0u});
  NodeState other = node;
  other.fields.erase("c");
  apply("inner", {&other, &node});
  EXPECT_THAT(errors,
              HasSubstr("operand 'left' must be a node of state @Node"));
}

TEST_F(ReferenceTest, RejectsInputsOfAnotherWidth) {
  compute("%y = arith.addf %a, %b", {1, 2, 3}, {1, 2});
  EXPECT_THAT(errors, HasSubstr("operand 'b' must be 3 numbers"));
}

namespace {
struct BadInstance {
  std::vector<Instance::Node> nodes;
  std::vector<uint32_t> arguments;
  const char *error;
};
} // namespace

TEST_F(ReferenceTreeLstmTest, RejectsInconsistentInstances) {
  FailureOr<Reference> reference = create();
  ASSERT_TRUE(succeeded(reference)) << errors;
  const BadInstance cases[] = {
      {{{2, 0}}, {0}, "node 0 of the instance is of cell 2"},
      {{{0, 0}, {1, 1}}, {0, 0}, "node 1 of the instance has too few arg"},
      {{{0, 9}}, {0}, "node 0 of the instance has too few arguments"},
      {{{0, 0}, {1, 1}}, {0, 0, 1}, "node 1 of the instance uses node 1"},
  };
  for (const BadInstance &bad : cases) {
    Instance instance;
    instance.nodes = bad.nodes;
    instance.arguments = bad.arguments;
    errors.clear();
    EXPECT_TRUE(failed(reference->evaluate(instance)));
    EXPECT_THAT(errors, HasSubstr(bad.error));
  }
}

TEST_F(ReferenceTest, RejectsInstancesWithTooFewNumbers) {
  parse(R"(
    cell.state @S {y : tensor<2xf32>}
    cell.def @input(%x: tensor<2xf32>) -> @S {
      cell.yield %x : tensor<2xf32>
    })");
  FailureOr<Reference> reference = create();
  ASSERT_TRUE(succeeded(reference)) << errors;
  Instance instance;
  instance.nodes = {{0, 0}};
  instance.arguments = {1};
  instance.values = {1, 2};
  EXPECT_TRUE(failed(reference->evaluate(instance)));
  EXPECT_THAT(errors, HasSubstr("node 0 of the instance has too few numbers"));
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

TEST(RelativeErrorTest, IsRelativeToTheLargestNumber) {
  EXPECT_EQ(relativeError({1, -4, 2}, {1, -4, 2}, 0), 0);
  EXPECT_EQ(relativeError({1, -4, 2}, {1.5, -4, 2}, 0), 0.125);
  EXPECT_EQ(relativeError({1, -4, 2}, {1.5, -3, 2}, 0), 0.25);
  EXPECT_EQ(relativeError({0, 0}, {0, -0.0f}, 0), 0);
  EXPECT_EQ(relativeError({0}, {0.5}, 0), infinity);
}

TEST(RelativeErrorTest, CountsWhatIsUsual) {
  EXPECT_EQ(relativeError({1}, {1.5}, 50), 0.5);
  EXPECT_EQ(relativeError({1}, {1.5}, 1000), 0.05);
  EXPECT_EQ(relativeError({0}, {0.5}, 1000), 0.05);
}

TEST(RelativeErrorTest, ComparesWhatIsNotFinite) {
  constexpr auto inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(relativeError({NAN, infinity, -infinity}, {NAN, inf, -inf}, 1), 0);
  EXPECT_EQ(relativeError({infinity}, {-inf}, 1), infinity);
  EXPECT_EQ(relativeError({NAN}, {1}, 1), infinity);
  EXPECT_EQ(relativeError({1}, {NAN}, 1), infinity);
  EXPECT_EQ(relativeError({1}, {inf}, 1), infinity);
  // The others still count.
  EXPECT_EQ(relativeError({infinity, 1}, {inf, 2}, 0), 1);
}

TEST(RelativeErrorTest, FindsTheLargestMagnitude) {
  std::vector<NodeState> nodes = {
      {"A", {{"x", {1, -3}}, {"y", {9, 9}}}},
      {"B", {{"x", {100}}}},
      {"A", {{"x", {NAN, 2}}, {"y", {0, infinity}}}}};
  EXPECT_EQ(largestMagnitude(nodes, "A", "x"), 3);
  EXPECT_EQ(largestMagnitude(nodes, "A", "y"), 9);
  EXPECT_EQ(largestMagnitude(nodes, "C", "x"), 0);
}
