//===- ListsTest.cpp - lists of nodes in the interpreter --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/reference/ReferenceTest.h"

#include "gmock/gmock.h"

using namespace mlir;
using namespace edbc;
using testing::ElementsAre;
using testing::HasSubstr;

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
