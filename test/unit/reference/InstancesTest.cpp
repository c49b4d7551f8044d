//===- InstancesTest.cpp - instances in the interpreter ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/reference/ReferenceTest.h"

#include "gmock/gmock.h"

#include <cmath>

using namespace mlir;
using namespace edbc;
using testing::ElementsAre;
using testing::HasSubstr;

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
