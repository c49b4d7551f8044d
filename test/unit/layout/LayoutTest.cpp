//===- LayoutTest.cpp - tests of memory planning ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/PlanMemory/LayoutSolver.h"

#include "test/unit/runtime/RandomGraphs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

using namespace edbc;
using edbc::test::Random;

namespace {

/// Writes problems by the names of their variables.
class ProblemBuilder {
public:
  enum Region : uint32_t { Weights, Workspace, NumRegions };
  using Names = std::vector<std::string>;

  ProblemBuilder() { problem.numRegions = NumRegions; }

  void add(const Names &names, uint32_t region, uint64_t size) {
    for (const std::string &name : names) {
      numbers[name] = static_cast<uint32_t>(problem.variables.size());
      problem.variables.push_back({name, size, region});
    }
  }
  void weights(const Names &names, uint64_t size = 64 * 64) {
    add(names, Weights, size);
  }
  void vectors(const Names &names) { add(names, Workspace, 64); }
  void outside(const Names &names, uint64_t size = 64) {
    add(names, LayoutProblem::outside, size);
  }

  /// Results that are no variables yet become vectors.
  void operation(const std::string &name, const std::vector<Names> &operands,
                 const Names &result) {
    LayoutProblem::Operation operation;
    operation.name = name;
    for (const Names &operand : operands)
      operation.operands.push_back(column(operand));
    for (const std::string &variable : result)
      if (!numbers.count(variable))
        vectors({variable});
    operation.result = column(result);
    problem.operations.push_back(operation);
  }

  LayoutProblem problem;

private:
  LayoutProblem::Column column(const Names &names) {
    LayoutProblem::Column column;
    for (const std::string &name : names)
      column.push_back(numbers.at(name));
    return column;
  }

  std::map<std::string, uint32_t> numbers;
};

LayoutPlan planned(const LayoutProblem &problem) {
  EXPECT_EQ(problem.check(), "");
  LayoutPlan plan = planLayout(problem);
  EXPECT_EQ(verify(problem, plan), "");
  return plan;
}

std::vector<uint32_t> inListedOrder(const LayoutProblem &problem) {
  std::vector<uint32_t> order(problem.variables.size());
  std::iota(order.begin(), order.end(), 0);
  return order;
}

LayoutProblem lstm() {
  ProblemBuilder b;
  b.vectors({"x", "h", "c"});
  b.weights({"Wi", "Ui", "Wf", "Uf", "Wu", "Uu", "Wo", "Uo"});
  b.weights({"bu", "bi", "bo", "bf"}, 64);
  b.operation("inputs", {{"Wi", "Wf", "Wu", "Wo"}, {"x", "x", "x", "x"}},
              {"xi", "xf", "xu", "xo"});
  b.operation("hidden", {{"Uo", "Uu", "Uf", "Ui"}, {"h", "h", "h", "h"}},
              {"ho", "hu", "hf", "hi"});
  b.operation("add",
              {{"xi", "xo", "xf", "xu"},
               {"hi", "ho", "hf", "hu"},
               {"bi", "bo", "bf", "bu"}},
              {"zi", "zo", "zf", "zu"});
  b.operation("sigmoid", {{"zi", "zf", "zo"}}, {"i", "f", "o"});
  b.operation("tanh", {{"zu"}}, {"u"});
  b.operation("gate", {{"i", "f"}, {"u", "c"}}, {"iu", "fc"});
  b.operation("sum", {{"iu"}, {"fc"}}, {"c2"});
  b.operation("tanh2", {{"c2"}}, {"t"});
  b.operation("output", {{"o"}, {"t"}}, {"h2"});
  return b.problem;
}

LayoutProblem gru() {
  ProblemBuilder b;
  b.vectors({"x", "h"});
  b.weights({"Wz", "Uz", "Wn", "Un", "Wr", "Ur"});
  b.operation("inputs", {{"Wz", "Wn", "Wr"}, {"x", "x", "x"}},
              {"xz", "xn", "xr"});
  b.operation("hidden", {{"Ur", "Uz"}, {"h", "h"}}, {"hr", "hz"});
  b.operation("add", {{"xz", "xr"}, {"hz", "hr"}}, {"az", "ar"});
  b.operation("sigmoid", {{"az", "ar"}}, {"z", "r"});
  b.operation("reset", {{"r"}, {"h"}}, {"rh"});
  b.operation("candidate", {{"Un"}, {"rh"}}, {"hn"});
  b.operation("add2", {{"xn"}, {"hn"}}, {"an"});
  b.operation("tanh", {{"an"}}, {"n"});
  b.operation("complement", {{"z"}}, {"y"});
  b.operation("mix", {{"y", "z"}, {"n", "h"}}, {"yn", "zh"});
  b.operation("sum", {{"yn"}, {"zh"}}, {"h2"});
  return b.problem;
}

LayoutProblem treeLstmInner() {
  ProblemBuilder b;
  b.vectors({"hl", "cr", "hr", "cl"});
  b.weights({"Lo", "Lfr", "Lu", "Lfl", "Li", "Ri", "Rfl", "Rfr", "Ru", "Ro"});
  b.operation(
      "left",
      {{"Li", "Lfl", "Lfr", "Lo", "Lu"}, {"hl", "hl", "hl", "hl", "hl"}},
      {"li", "lfl", "lfr", "lo", "lu"});
  b.operation(
      "right",
      {{"Ru", "Ro", "Ri", "Rfl", "Rfr"}, {"hr", "hr", "hr", "hr", "hr"}},
      {"ru", "ro", "ri", "rfl", "rfr"});
  b.operation(
      "add",
      {{"li", "lo", "lfl", "lfr", "lu"}, {"ri", "ro", "rfl", "rfr", "ru"}},
      {"zi", "zo", "zfl", "zfr", "zu"});
  b.operation("sigmoid", {{"zi", "zfr", "zfl", "zo"}}, {"i", "fr", "fl", "o"});
  b.operation("tanh", {{"zu"}}, {"u"});
  b.operation("gate", {{"i", "fl", "fr"}, {"u", "cl", "cr"}},
              {"iu", "fcl", "fcr"});
  b.operation("sum", {{"iu"}, {"fcl"}, {"fcr"}}, {"c"});
  b.operation("output", {{"o"}, {"c"}}, {"h"});
  return b.problem;
}

/// `addChildren` adds what the children give: vectors a, b and matrices A, B.
template <typename AddChildren> LayoutProblem mvRnn(AddChildren addChildren) {
  ProblemBuilder b;
  addChildren(b);
  b.weights({"W1", "M2", "W2", "M1"});
  b.add({"P1", "P2"}, ProblemBuilder::Workspace, 64 * 64);
  b.operation("cross", {{"B", "A"}, {"a", "b"}}, {"Ba", "Ab"});
  b.operation("vector", {{"W1", "W2"}, {"Ba", "Ab"}}, {"p1", "p2"});
  b.operation("matrix", {{"M1", "M2"}, {"A", "B"}}, {"P1", "P2"});
  return b.problem;
}

/// The fewest bytes that any layout moves, by trying all.
uint64_t fewestBytes(const LayoutProblem &problem) {
  std::vector<uint32_t> order;
  for (uint32_t variable : inListedOrder(problem))
    if (problem.variables[variable].region != LayoutProblem::outside)
      order.push_back(variable);
  uint64_t fewest = ~uint64_t(0);
  do {
    Layout layout = layOutInOrder(problem, order);
    uint64_t bytes = 0;
    for (uint32_t op = 0; op < problem.operations.size(); ++op) {
      const LayoutProblem::Operation &operation = problem.operations[op];
      uint64_t best = ~uint64_t(0);
      std::vector<uint32_t> &rows = layout.rowOrders[op];
      do {
        uint64_t moved = 0;
        for (uint32_t c = 0; c < operation.numColumns(); ++c)
          if (!layout.isInPlace(problem, op, c))
            moved += problem.columnBytes(operation, c);
        best = std::min(best, moved);
      } while (std::next_permutation(rows.begin(), rows.end()));
      bytes += best;
    }
    fewest = std::min(fewest, bytes);
  } while (std::next_permutation(order.begin(), order.end()));
  return fewest;
}

struct RandomOptions {
  /// Variables that no operation writes.
  uint32_t numInputs;
  uint32_t numOperations;
  uint32_t maxRows;
  /// Results are outside where there would be more in regions.
  uint32_t maxPlanned;
  bool someInputsOutside;
};

/// Operations with random columns: of different variables, or of variables that
/// are repeated, equally often or not.
LayoutProblem randomProblem(Random &random, const RandomOptions &options) {
  LayoutProblem problem;
  problem.numRegions = 1 + random.below(8) / 7;
  uint32_t numPlanned = options.numInputs;
  auto add = [&](bool isOutside) {
    uint32_t number = static_cast<uint32_t>(problem.variables.size());
    problem.variables.push_back({"v" + std::to_string(number),
                                 1 + random.below(40),
                                 isOutside ? LayoutProblem::outside
                                           : random.below(problem.numRegions)});
    return number;
  };
  for (uint32_t i = 0; i < options.numInputs; ++i)
    add(options.someInputsOutside && random.below(10) == 0);
  for (uint32_t op = 0; op < options.numOperations; ++op) {
    std::vector<uint32_t> readable = inListedOrder(problem);
    uint32_t numReadable = static_cast<uint32_t>(readable.size());
    uint32_t numRows = 1 + random.below(std::min(options.maxRows, numReadable));
    LayoutProblem::Operation operation;
    operation.name = "op" + std::to_string(op);
    for (uint32_t c = 1 + random.below(3); c--;) {
      for (uint32_t i = 0; i < numRows; ++i)
        std::swap(readable[i], readable[i + random.below(numReadable - i)]);
      LayoutProblem::Column column(readable.begin(),
                                   readable.begin() + numRows);
      if (random.below(3) == 0)
        for (uint32_t row = 0; row < numRows; ++row)
          column[row] = column[row % (1 + numRows / 2)];
      operation.operands.push_back(column);
    }
    bool fits = numPlanned + numRows <= options.maxPlanned;
    numPlanned += fits ? numRows : 0;
    for (uint32_t row = 0; row < numRows; ++row)
      operation.result.push_back(add(!fits));
    problem.operations.push_back(operation);
  }
  return problem;
}

TEST(Layout, moves_nothing_in_an_lstm_cell) {
  LayoutProblem problem = lstm();
  EXPECT_GT(layOutInOrder(problem, inListedOrder(problem)).bytesMoved(problem),
            0u);
  EXPECT_EQ(planned(problem).bytesMoved, 0u);
}

TEST(Layout, moves_nothing_in_a_gru_cell) {
  LayoutProblem problem = gru();
  EXPECT_GT(layOutInOrder(problem, inListedOrder(problem)).bytesMoved(problem),
            0u);
  EXPECT_EQ(planned(problem).bytesMoved, 0u);
}

TEST(Layout, moves_nothing_in_an_inner_tree_lstm_cell) {
  LayoutProblem problem = treeLstmInner();
  EXPECT_GT(layOutInOrder(problem, inListedOrder(problem)).bytesMoved(problem),
            0u);
  EXPECT_EQ(planned(problem).bytesMoved, 0u);
}

TEST(Layout, moves_nothing_in_an_mv_rnn_cell_whose_children_are_placed) {
  LayoutPlan plan = planned(mvRnn([](ProblemBuilder &b) {
    b.vectors({"a", "b"});
    b.add({"A", "B"}, ProblemBuilder::Workspace, 64 * 64);
  }));
  EXPECT_EQ(plan.bytesMoved, 0u);
}

TEST(Layout, moves_what_lies_outside) {
  LayoutProblem problem = mvRnn([](ProblemBuilder &b) {
    b.outside({"a", "b"});
    b.outside({"A", "B"}, 64 * 64);
  });
  LayoutPlan plan = planned(problem);
  // Twice both matrices, once both vectors.
  EXPECT_EQ(plan.bytesMoved, 4u * (4 * 64 * 64 + 2 * 64));
  EXPECT_EQ(plan.numCopies, 3u);
  EXPECT_EQ(plan.states[0][0], ColumnState::Impossible);
  EXPECT_EQ(plan.states[0][2], ColumnState::InPlace);
}

TEST(Layout, broadcasts_from_anywhere) {
  ProblemBuilder b;
  b.outside({"x"});
  b.weights({"W1", "W2"});
  b.operation("product", {{"W1", "W2"}, {"x", "x"}}, {"y1", "y2"});
  EXPECT_EQ(planned(b.problem).bytesMoved, 0u);
}

TEST(Layout, keeps_rows_together_that_share_an_operand) {
  ProblemBuilder b;
  b.weights({"W1", "W2", "W3", "W4"});
  b.vectors({"p", "q"});
  b.operation("product", {{"W1", "W2", "W3", "W4"}, {"p", "q", "p", "q"}},
              {"y1", "y2", "y3", "y4"});
  LayoutPlan plan = planned(b.problem);
  EXPECT_EQ(plan.bytesMoved, 0u);
  EXPECT_EQ(plan.layout.rowOrders[0], (std::vector<uint32_t>{0, 2, 1, 3}));
}

TEST(Layout, copies_operands_repeated_unequally) {
  ProblemBuilder b;
  b.weights({"W1", "W2", "W3"});
  b.vectors({"p", "q"});
  b.operation("product", {{"W1", "W2", "W3"}, {"p", "p", "q"}},
              {"y1", "y2", "y3"});
  LayoutPlan plan = planned(b.problem);
  EXPECT_EQ(plan.bytesMoved, 4u * 3 * 64);
  EXPECT_EQ(plan.states[0][1], ColumnState::Impossible);
}

TEST(Layout, drops_what_moves_least) {
  // a b c can't have all three pairs adjacent.
  ProblemBuilder b;
  b.add({"a"}, 0, 10);
  b.add({"b"}, 0, 30);
  b.add({"c"}, 0, 20);
  b.operation("ab", {{"a", "b"}}, {"r1", "r2"});
  b.operation("ac", {{"a", "c"}}, {"s1", "s2"});
  b.operation("bc", {{"b", "c"}}, {"t1", "t2"});
  LayoutPlan plan = planned(b.problem);
  EXPECT_EQ(plan.bytesMoved, 4u * 30);
  EXPECT_EQ(plan.states[1][0], ColumnState::Dropped);
}

TEST(Layout, drops_a_contradicting_permutation) {
  // The three can't go around in both ways. They are listed in yet others.
  ProblemBuilder b;
  b.vectors({"c", "a", "b", "q", "p", "r", "u", "s", "t", "x", "w", "v"});
  b.operation("same", {{"a", "b", "c"}, {"p", "q", "r"}}, {"s", "t", "u"});
  b.operation("cycle", {{"a", "b", "c"}, {"q", "r", "p"}}, {"v", "w", "x"});
  LayoutPlan plan = planned(b.problem);
  EXPECT_EQ(plan.bytesMoved, 4u * 3 * 64);
  EXPECT_EQ(plan.numCopies, 1u);
}

TEST(Layout, drops_a_contradicting_direction) {
  ProblemBuilder b;
  b.vectors({"b", "a", "q", "p"});
  b.operation("same", {{"a", "b"}, {"p", "q"}}, {"r", "s"});
  b.operation("reverse", {{"a", "b"}, {"q", "p"}}, {"t", "u"});
  LayoutPlan plan = planned(b.problem);
  EXPECT_EQ(plan.bytesMoved, 4u * 2 * 64);
  EXPECT_EQ(plan.numCopies, 1u);
}

TEST(Layout, aligns_offsets) {
  ProblemBuilder b;
  b.add({"a", "b"}, 0, 17);
  b.add({"c"}, 0, 1);
  b.problem.alignment = 16;
  LayoutPlan plan = planned(b.problem);
  EXPECT_EQ(plan.layout.offsets, (std::vector<uint64_t>{0, 32, 64}));
  EXPECT_EQ(plan.layout.regionSizes, (std::vector<uint64_t>{80, 0}));
  b.problem.alignment = 1;
  EXPECT_EQ(planned(b.problem).layout.offsets,
            (std::vector<uint64_t>{0, 17, 34}));
}

TEST(Layout, plans_nothing) {
  LayoutPlan plan = planned(LayoutProblem());
  EXPECT_EQ(plan.layout.regionSizes, std::vector<uint64_t>{0});
  LayoutProblem one;
  one.variables.push_back({"x", 5, 0});
  EXPECT_EQ(planned(one).layout.regionSizes, std::vector<uint64_t>{16});
}

TEST(Layout, says_what_is_wrong_with_a_problem) {
  auto message = [](auto spoil) {
    LayoutProblem problem = lstm();
    spoil(problem);
    return problem.check();
  };
  using P = LayoutProblem;
  EXPECT_EQ(message([](P &p) { p.alignment = 0; }),
            "the alignment is out of range");
  EXPECT_EQ(message([](P &p) { p.variables[0].size = 0; }),
            "variable 'x': its size is out of range");
  EXPECT_EQ(message([](P &p) { p.variables[0].size = P::maxSize + 1; }),
            "variable 'x': its size is out of range");
  EXPECT_EQ(message([](P &p) { p.variables[0].region = 2; }),
            "variable 'x': there is no such region");
  EXPECT_EQ(message([](P &p) { p.operations[0].result.clear(); }),
            "operation 'inputs': has no rows");
  EXPECT_EQ(message([](P &p) { p.operations[0].operands[1].pop_back(); }),
            "operation 'inputs': its columns have different numbers of rows");
  EXPECT_EQ(message([](P &p) { p.operations[0].operands[1][0] = 99; }),
            "operation 'inputs': there is no variable 99");
  EXPECT_EQ(message([](P &p) { p.operations[2].result[1] = 15; }),
            "operation 'add': variable 'xi' is written a second time");
  EXPECT_EQ(message([](P &p) { std::swap(p.operations[2], p.operations[3]); }),
            "operation 'sigmoid': variable 'zi' isn't written before");
}

TEST(Layout, rejects_spoilt_plans) {
  LayoutProblem problem = lstm();
  LayoutPlan good = planned(problem);
  auto message = [&](auto spoil) {
    LayoutPlan plan = good;
    spoil(plan);
    return verify(problem, plan);
  };
  using P = LayoutPlan;
  EXPECT_NE(message([](P &p) { p.layout.offsets.pop_back(); }), "");
  EXPECT_NE(message([](P &p) { p.layout.regionSizes.pop_back(); }), "");
  EXPECT_NE(message([](P &p) { p.layout.rowOrders.pop_back(); }), "");
  EXPECT_NE(message([](P &p) { p.states.pop_back(); }), "");
  EXPECT_NE(message([](P &p) { p.states[0].pop_back(); }), "");
  EXPECT_EQ(message([](P &p) { ++p.layout.regionSizes[0]; }),
            "the size of a region isn't aligned");
  EXPECT_EQ(message([](P &p) { p.layout.offsets[0] += 8; }),
            "variable 'x': isn't aligned");
  EXPECT_EQ(message([](P &p) { p.layout.offsets[0] = 1 << 20; }),
            "variable 'x': doesn't lie in its region");
  EXPECT_EQ(message([](P &p) { p.layout.offsets[0] = p.layout.offsets[1]; }),
            "variables 'x' and 'h' overlap");
  EXPECT_EQ(message([](P &p) { p.layout.rowOrders[0][0] = 9; }),
            "operation 'inputs': the order of its rows is no permutation");
  EXPECT_EQ(message([](P &p) {
              std::swap(p.layout.rowOrders[0][0], p.layout.rowOrders[0][1]);
            }),
            "operation 'inputs': the state of column 0 isn't what the layout "
            "makes it");
  EXPECT_EQ(message([](P &p) { p.states[1][0] = ColumnState::Dropped; }),
            "operation 'hidden': the state of column 0 isn't what the layout "
            "makes it");
  EXPECT_EQ(message([](P &p) { p.bytesMoved = 4; }),
            "the number of bytes moved is wrong");
  EXPECT_EQ(message([](P &p) { p.numCopies = 1; }),
            "the number of copies is wrong");
  // Any two variables of a column change places.
  for (const LayoutProblem::Operation &operation : problem.operations)
    if (operation.numRows() > 2) {
      EXPECT_NE(message([&](P &p) {
                  std::swap(p.layout.offsets[operation.result[0]],
                            p.layout.offsets[operation.result[1]]);
                }),
                "")
          << operation.name;
    }
}

TEST(Layout, is_never_better_than_the_optimum_and_seldom_worse) {
  Random random(17);
  uint32_t numProblems = 0, numOptimal = 0, numConflicting = 0;
  for (; numProblems < 500; ++numProblems) {
    LayoutProblem problem = randomProblem(
        random, {4 + random.below(2), 1 + random.below(3), 4, 6, false});
    uint64_t unavoidable = 0;
    for (uint32_t op = 0; op < problem.operations.size(); ++op)
      for (uint32_t c = 0; c < problem.operations[op].numColumns(); ++c)
        if (!canBeInPlace(problem, op, c))
          unavoidable += problem.columnBytes(problem.operations[op], c);
    LayoutPlan plan = planned(problem);
    uint64_t fewest = fewestBytes(problem);
    ASSERT_GE(plan.bytesMoved, fewest);
    // The conditions are exact: what can be avoided altogether is.
    if (fewest == unavoidable) {
      ASSERT_EQ(plan.bytesMoved, fewest);
    }
    numConflicting += fewest != unavoidable;
    numOptimal += plan.bytesMoved == fewest;
  }
  RecordProperty("optimal", static_cast<int>(numOptimal));
  RecordProperty("conflicting", static_cast<int>(numConflicting));
  EXPECT_GT(numConflicting, 100u);
  EXPECT_GT(numOptimal, 475u);
}

/// Problems made from a layout that is known to move nothing.
TEST(Layout, finds_a_hidden_layout_that_moves_nothing) {
  Random random(23);
  for (int i = 0; i < 200; ++i) {
    LayoutProblem problem;
    uint32_t numVariables = 6 + random.below(60);
    std::vector<uint32_t> hidden(numVariables);
    for (uint32_t v = 0; v < numVariables; ++v) {
      problem.variables.push_back({"v" + std::to_string(v), 16, 0});
      hidden[v] = v;
      std::swap(hidden[v], hidden[random.below(v + 1)]);
    }
    problem.numRegions = 2;
    for (uint32_t op = 0; op < numVariables; ++op) {
      uint32_t numRows = 2 + random.below(4);
      std::vector<uint32_t> rows(numRows);
      for (uint32_t row = 0; row < numRows; ++row) {
        rows[row] = row;
        std::swap(rows[row], rows[random.below(row + 1)]);
      }
      LayoutProblem::Operation operation;
      for (uint32_t c = 1 + random.below(3); c--;) {
        uint32_t run = numRows == 4 ? 1 + random.below(2) : 1;
        uint32_t first = random.below(numVariables - numRows / run + 1);
        LayoutProblem::Column column;
        for (uint32_t row : rows)
          column.push_back(hidden[first + row / run]);
        operation.operands.push_back(column);
      }
      for (uint32_t row = 0; row < numRows; ++row) {
        operation.result.push_back(
            static_cast<uint32_t>(problem.variables.size()));
        problem.variables.push_back({"r", 16, 1});
      }
      problem.operations.push_back(operation);
    }
    ASSERT_EQ(planned(problem).bytesMoved, 0u);
  }
}

TEST(Layout, makes_true_plans_of_random_problems) {
  Random random(29);
  for (int i = 0; i < 300; ++i) {
    LayoutProblem problem =
        randomProblem(random, {2 + random.below(40), 1 + random.below(30),
                               2 + random.below(9), 200, true});
    planned(problem);
    ASSERT_FALSE(HasFailure());
  }
}

TEST(Layout, is_the_same_every_time) {
  Random random(31);
  LayoutProblem problem = randomProblem(random, {40, 40, 5, 200, true});
  LayoutPlan first = planned(problem), second = planned(problem);
  EXPECT_EQ(first.layout.offsets, second.layout.offsets);
  EXPECT_EQ(first.layout.rowOrders, second.layout.rowOrders);
}

} // namespace
