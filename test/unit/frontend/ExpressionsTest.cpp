//===- ExpressionsTest.cpp - lists, matrices and functions ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/frontend/ImportText.h"

#include "gtest/gtest.h"

using namespace edbc;
using namespace edbc::test;

namespace {

/// A model with the given body of a cell, which begins on line 10.
std::string inCellWithMatrices(const std::string &body) {
  return "network n\ndim n = 4\nparam W : [4, 3]\nparam b : [4]\nparam a : "
         "[3]\nparam T : [6, 4, 3]\nparam E : [6, 4]\nstate S { h : [4], M : "
         "[4, 3] }\ncell f(x : S, cs : S*, as : S+, t : token[6], l : "
         "token[4]) -> S {\n" +
         body + "\n}\noutput o = S.h\n";
}

/// What `let y = EXPR` builds, or its errors.
std::string lower(const std::string &expr) {
  std::string ir =
      import(inCellWithMatrices("let y = " + expr + "\n h = x.h\n M = x.M"));
  if (ir.substr(0, 6) != "module")
    return ir;
  size_t begin = ir.find("{\n", ir.find("cell.def")) + 2;
  // The fields of x are read behind it.
  size_t end = ir.rfind("    %", ir.rfind("cell.field"));
  end = ir.rfind("    %", end - 1);
  std::string all;
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(ir).slice(begin, end).split(lines, '\n');
  for (llvm::StringRef line : lines)
    if (line.consume_front("    "))
      all += line.str() + "\n";
  return all;
}

TEST(Expressions, Reductions) {
  EXPECT_EQ(lower("sum(cs.h)"), R"(%0 = cell.reduce sum %cs : <@S> {
^bb0(%arg0: !cell.ref<@S>):
  %3 = cell.field %arg0["h"] : <@S> -> tensor<4xf32>
  cell.yield %3 : tensor<4xf32>
} : tensor<4xf32>
)");
  EXPECT_EQ(lower("sum(k in cs : k.h)"), lower("sum(cs.h)"));
  EXPECT_EQ(lower("max(as.M)"), R"(%0 = cell.reduce max %as : <@S, 1> {
^bb0(%arg0: !cell.ref<@S>):
  %3 = cell.field %arg0["M"] : <@S> -> tensor<4x3xf32>
  cell.yield %3 : tensor<4x3xf32>
} : tensor<4x3xf32>
)");
  EXPECT_EQ(lower("mean(k in as : x.h * max(k.M @ a, 1) + E[t])"),
            R"(%0 = cell.reduce mean %as : <@S, 1> {
^bb0(%arg0: !cell.ref<@S>):
  %3 = cell.field %x["h"] : <@S> -> tensor<4xf32>
  %4 = cell.field %arg0["M"] : <@S> -> tensor<4x3xf32>
  %5 = cell.weight @a : tensor<3xf32>
  %6 = cell.multiply %4, %5 : tensor<4x3xf32>, tensor<3xf32> -> tensor<4xf32>
  %cst = arith.constant dense<1.000000e+00> : tensor<4xf32>
  %7 = arith.maximumf %6, %cst : tensor<4xf32>
  %8 = arith.mulf %3, %7 : tensor<4xf32>
  %9 = cell.lookup @E[%t] : <6> -> tensor<4xf32>
  %10 = arith.addf %8, %9 : tensor<4xf32>
  cell.yield %10 : tensor<4xf32>
} : tensor<4xf32>
)");
}

TEST(Expressions, NamesOfReducedNodesEndWithTheReduction) {
  std::string ir = import(
      inCellWithMatrices("let s = sum(k in cs : k.h) + sum(k in as : k.h)\n "
                         "let k = s\n let z = x.M * 2\n h = k + sum(cs.M) @ a "
                         "+ sum(q in cs : z @ a)\n M = sum(cs.M)"));
  EXPECT_EQ(ir.substr(0, 6), "module") << ir;
}

TEST(Expressions, Matrices) {
  EXPECT_EQ(lower("T[t]"),
            "%0 = cell.lookup @T[%t] : <6> -> tensor<4x3xf32>\n");
  EXPECT_EQ(lower("W"), "%0 = cell.weight @W : tensor<4x3xf32>\n");
  EXPECT_EQ(lower("x.M * 2 - W"),
            R"(%0 = cell.field %x["M"] : <@S> -> tensor<4x3xf32>
%cst = arith.constant dense<2.000000e+00> : tensor<4x3xf32>
%1 = arith.mulf %0, %cst : tensor<4x3xf32>
%2 = cell.weight @W : tensor<4x3xf32>
%3 = arith.subf %1, %2 : tensor<4x3xf32>
)");
  EXPECT_EQ(lower("x.M @ a"),
            R"(%0 = cell.field %x["M"] : <@S> -> tensor<4x3xf32>
%1 = cell.weight @a : tensor<3xf32>
%2 = cell.multiply %0, %1 : tensor<4x3xf32>, tensor<3xf32> -> tensor<4xf32>
)");
  EXPECT_EQ(lower("E @ T[t]"),
            R"(%0 = cell.lookup @T[%t] : <6> -> tensor<4x3xf32>
%1 = cell.product @E, %0 : tensor<4x3xf32> -> tensor<6x3xf32>
)");
  EXPECT_EQ(lower("(-W) @ a"), lower("-W @ a"));
}

TEST(Expressions, VectorsFillMatrices) {
  EXPECT_EQ(lower("x.M + columns(b)"),
            R"(%0 = cell.field %x["M"] : <@S> -> tensor<4x3xf32>
%1 = cell.weight @b : tensor<4xf32>
%2 = cell.broadcast %1 along columns : tensor<4xf32> -> tensor<4x3xf32>
%3 = arith.addf %0, %2 : tensor<4x3xf32>
)");
  EXPECT_EQ(lower("max(rows(a), x.M)"),
            R"(%0 = cell.weight @a : tensor<3xf32>
%1 = cell.field %x["M"] : <@S> -> tensor<4x3xf32>
%2 = cell.broadcast %0 along rows : tensor<3xf32> -> tensor<4x3xf32>
%3 = arith.maximumf %2, %1 : tensor<4x3xf32>
)");
  EXPECT_NE(import(inCellWithMatrices("let r = rows(a)\n h = b\n M = r"))
                .find("%2 = cell.broadcast %0 along rows : tensor<3xf32> -> "
                      "tensor<4x3xf32>"),
            std::string::npos);
}

TEST(Expressions, Concatenations) {
  EXPECT_NE(import(inCellWithMatrices(
                       "let e = [a; b[0 : 1]]\n h = e\n M = [W[0 : 1]; W]"))
                .find("what is sliced must be a vector, found a matrix"),
            std::string::npos);
  std::string ir = import(
      inCellWithMatrices("let e = [a; b[0 : 1]]\n h = e\n M = V @ [x.M; W]") +
      "param V : [4, 8]\n");
  EXPECT_NE(ir.find("tensor.concat dim(0) %0, %extracted_slice : "
                    "(tensor<3xf32>, tensor<1xf32>) -> tensor<4xf32>"),
            std::string::npos)
      << ir;
  EXPECT_NE(ir.find("(tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<8x3xf32>"),
            std::string::npos);
  EXPECT_NE(ir.find("cell.yield %concat, "), std::string::npos);
}

TEST(Expressions, Classification) {
  EXPECT_EQ(lower("softmax(b)"), R"(%0 = cell.weight @b : tensor<4xf32>
%1 = cell.softmax %0 : tensor<4xf32>
)");
  EXPECT_EQ(lower("log_softmax(b)"), R"(%0 = cell.weight @b : tensor<4xf32>
%1 = cell.log_softmax %0 : tensor<4xf32>
)");
  EXPECT_EQ(lower("argmax(b) + 1"), R"(%0 = cell.weight @b : tensor<4xf32>
%1 = cell.argmax %0 : tensor<4xf32>
%cst = arith.constant dense<1.000000e+00> : tensor<1xf32>
%2 = arith.addf %1, %cst : tensor<1xf32>
)");
  EXPECT_EQ(lower("cross_entropy(b, l)"),
            R"(%0 = cell.weight @b : tensor<4xf32>
%1 = cell.cross_entropy %0, %l : tensor<4xf32>, <4>
)");
}

TEST(Expressions, Slices) {
  EXPECT_EQ(lower("b[1 : n - 1]"), R"(%0 = cell.weight @b : tensor<4xf32>
%extracted_slice = tensor.extract_slice %0[1] [2] [1] : tensor<4xf32> to tensor<2xf32>
)");
  EXPECT_EQ(lower("E[t][n / 2 : n]"),
            R"(%0 = cell.lookup @E[%t] : <6> -> tensor<4xf32>
%extracted_slice = tensor.extract_slice %0[2] [2] [1] : tensor<4xf32> to tensor<2xf32>
)");
  EXPECT_EQ(lower("x.h[0 : 1]"),
            R"(%0 = cell.field %x["h"] : <@S> -> tensor<4xf32>
%extracted_slice = tensor.extract_slice %0[0] [1] [1] : tensor<4xf32> to tensor<1xf32>
)");
  EXPECT_EQ(lower("tanh(b[0 : 3] + a)[2 : 3]").substr(0, 6), "%0 = c");
}

TEST(Expressions, Errors) {
  const std::string notAlone =
      ", which has no shape of its own; it can only stand beside a matrix, or "
      "be a value by itself\n";
  const std::pair<std::string, std::string> inputs[] = {
      // Lists.
      {"cs", "10:9: 'cs' is a list of nodes; it can only be reduced, as in "
             "'sum(cs.FIELD)'\n"},
      {"cs.h", "10:9: 'cs' is a list of nodes; reduce the fields of all of "
               "them, as in 'sum(cs.h)' or 'sum(k in cs : k.h)'\n"},
      {"sum(tanh(cs.h))",
       "10:18: 'cs' is a list of nodes; reduce the fields of all of them, as "
       "in 'sum(cs.h)' or 'sum(k in cs : k.h)'\n"},
      {"cs.h[0 : 1]", "10:9: 'cs' is a list of nodes; reduce the fields of all "
                      "of them, as in 'sum(cs.h)' or 'sum(k in cs : k.h)'\n"},
      {"E[cs]",
       "10:11: what is looked up must be an operand of type token[N]\n"},
      {"sum(x.h)", "10:9: 'sum' of one argument reduces a list of nodes, as in "
                   "'sum(NODES.FIELD)' or 'sum(k in NODES : k.FIELD)'\n"},
      {"mean(b)", "10:9: 'mean' of one argument reduces a list of nodes, as in "
                  "'mean(NODES.FIELD)' or 'mean(k in NODES : k.FIELD)'\n"},
      {"sum(cs)", "10:13: 'cs' is a list of nodes; it can only be reduced, as "
                  "in 'sum(cs.FIELD)'\n"},
      {"sum(bs.h)", "10:13: unknown name 'bs'; did you mean 'cs'?\n"},
      {"sum(b, b)", "10:9: 'sum' takes 1 argument, found 2\n"},
      {"sum()", "10:9: 'sum' takes 1 argument, found 0\n"},
      {"sum(cs.q)", "10:16: state 'S' has no field 'q'\n"},
      {"sum(k in cs : k.q)", "10:25: state 'S' has no field 'q'\n"},
      {"sum(k in cs : k)",
       "10:23: 'k' is a node; read one of its fields, as in 'k.FIELD'\n"},
      {"sum(k in cs : 1)",
       "10:23: what is reduced must be a vector or a matrix, found a number\n"},
      {"sum(k in cs : rows(a))",
       "10:23: what is reduced must be a vector or a matrix, found 'rows', "
       "which has no shape of its own\n"},
      {"sum(k in cs : [k.h; k.h])",
       "10:23: a concatenation can only be the right operand of '@' or the "
       "value of a field\n"},
      {"sum(k in cs : sum(as.h))",
       "10:23: reductions don't nest; name the inner one with 'let' in a "
       "statement before\n"},
      {"sum(k in cs : k.h + max(j in as : j.h))",
       "10:29: reductions don't nest; name the inner one with 'let' in a "
       "statement before\n"},
      {"max(cs.h)", "10:9: 'max' needs at least one node, but 'cs' may be "
                    "empty; declare it as 'cs : S+'\n"},
      {"mean(k in cs : k.h)", "10:9: 'mean' needs at least one node, but 'cs' "
                              "may be empty; declare it as 'cs : S+'\n"},
      {"min(k in as : k.h)",
       "10:9: 'min' is not a reduction; 'sum', 'max' and 'mean' are\n"},
      {"foo(k in as : k.h)",
       "10:9: 'foo' is not a reduction; 'sum', 'max' and 'mean' are\n"},
      {"sum(k in x : k.h)", "10:18: 'x' is not a list of nodes, an operand of "
                            "type STATE* or STATE+\n"},
      {"sum(k in W : k.h)", "10:18: 'W' is not a list of nodes, an operand of "
                            "type STATE* or STATE+\n"},
      {"sum(k in bs : k.h)", "10:18: unknown name 'bs'; did you mean 'cs'?\n"},
      {"sum(x in cs : x.h)", "10:13: 'x' is already defined\n"},
      {"sum(h in cs : h.h)", "10:13: 'h' is already defined\n"},
      {"sum(W in cs : W.h)", "10:13: 'W' is already defined\n"},
      {"sum(tanh in cs : tanh.h)", "10:13: 'tanh' is the name of a function\n"},
      {"sum(k in cs : k.h) + k.h", "10:30: unknown name 'k'\n"},
      {"sum(k in cs : h)", "10:23: field 'h' is read before it is assigned\n"},
      {"sum(k in : k.h)",
       "10:18: expected the name of a list of nodes, found ':'\n"},
      {"sum(k in cs, k.h)",
       "10:20: expected ':' and an expression, found ','\n"},
      {"sum(k in cs : k.h, 1)",
       "10:26: expected ')' to end the reduction, found ','\n"},
      {"sum(k in cs : let z = k.h)",
       "10:23: expected an expression, found 'let'\n"},
      {"sum(k cs : k.h)",
       "10:15: expected ',' or ')' after an argument, found 'cs'\n"},
      // Matrices.
      {"T", "10:9: 'T' is a table of matrices; it can only be looked up in, as "
            "in 'T[TOKEN]'\n"},
      {"T @ a", "10:9: 'T' is a table of matrices; it can only be looked up "
                "in, as in 'T[TOKEN]'\n"},
      {"x.M + b",
       "10:13: operands of '+' have different shapes, [4, 3] and [4]; a vector "
       "v fills a matrix as 'columns(v)' or 'rows(v)'\n"},
      {"x.M * E",
       "10:13: operands of '*' have different shapes, [4, 3] and [6, 4]\n"},
      {"x.M @ b", "10:13: a matrix of shape [4, 3] can't multiply a vector of "
                  "shape [4]\n"},
      {"W @ x.M", "10:11: a matrix of shape [4, 3] can't multiply a matrix of "
                  "shape [4, 3]\n"},
      {"b @ b", "10:9: the left operand of '@' must be a matrix, found a "
                "vector of shape [4]\n"},
      {"[W; x.M] @ a", "10:9: a concatenation can only be the right operand of "
                       "'@' or the value of a field\n"},
      {"x.M @ [a; b]",
       "10:15: only a parameter can multiply a concatenation\n"},
      {"columns(b) @ a", "10:9: the left operand of '@' must be a matrix, "
                         "found 'columns', which has no shape of its own\n"},
      {"W @ rows(a)", "10:13: the right operand of '@' must be a vector or a "
                      "matrix, found 'rows', which has no shape of its own\n"},
      {"W @ [W; b]",
       "10:17: parts of shapes [4, 3] and [4] can't be concatenated: they must "
       "be vectors, or matrices with as many columns\n"},
      {"W @ [W; E]",
       "10:17: parts of shapes [4, 3] and [6, 4] can't be concatenated: they "
       "must be vectors, or matrices with as many columns\n"},
      {"W @ [a; rows(a)]",
       "10:17: a part of a concatenation must be a vector or a matrix, found "
       "'rows', which has no shape of its own\n"},
      {"columns(b) + 1", "10:9: found 'columns'" + notAlone},
      {"1 - rows(b)", "10:13: found 'rows'" + notAlone},
      {"tanh(rows(b))", "10:14: found 'rows'" + notAlone},
      {"columns(b) + rows(a)", "10:9: found 'columns'" + notAlone},
      {"b + rows(a)",
       "10:13: 'rows' fills a matrix, but what it stands for has shape [4]\n"},
      {"x.M + columns(a)", "10:15: a vector of shape [3] can't fill the "
                           "columns of a matrix of shape [4, 3]\n"},
      {"x.M + rows(b)", "10:15: a vector of shape [4] can't fill the rows of a "
                        "matrix of shape [4, 3]\n"},
      {"x.M + rows(W)", "10:20: the argument of 'rows' must be a vector, found "
                        "a matrix of shape [4, 3]\n"},
      {"x.M + rows(2)",
       "10:20: the argument of 'rows' must be a vector, found a number\n"},
      {"x.M + rows()", "10:15: 'rows' takes 1 argument, found 0\n"},
      // Classification.
      {"softmax(W)", "10:17: the argument of 'softmax' must be a vector, found "
                     "a matrix of shape [4, 3]\n"},
      {"softmax(1)",
       "10:17: the argument of 'softmax' must be a vector, found a number\n"},
      {"argmax([a; a])", "10:16: a concatenation can only be the right operand "
                         "of '@' or the value of a field\n"},
      {"log_softmax(a, a)", "10:9: 'log_softmax' takes 1 argument, found 2\n"},
      {"cross_entropy(b)",
       "10:9: 'cross_entropy' takes 2 arguments, found 1\n"},
      {"cross_entropy(b, b)", "10:26: the label of 'cross_entropy' must be an "
                              "operand of type token[N]\n"},
      {"cross_entropy(b, 3)", "10:26: the label of 'cross_entropy' must be an "
                              "operand of type token[N]\n"},
      {"cross_entropy(b, q)", "10:26: unknown name 'q'\n"},
      {"cross_entropy(b, t)", "10:26: 't' is a token below 6, but labels of a "
                              "vector of shape [4] are tokens below 4\n"},
      {"cross_entropy(l, b)",
       "10:23: 'l' is a token; it can only look something up, as in "
       "'TABLE[l]', or be the label of 'cross_entropy'\n10:26: the label of "
       "'cross_entropy' must be an operand of type token[N]\n"},
      // Slices.
      {"b[0 : 5]", "10:11: slice [0 : 5] isn't inside a vector of shape [4]\n"},
      {"b[-1 : 2]",
       "10:11: slice [-1 : 2] isn't inside a vector of shape [4]\n"},
      {"b[2 : 2]", "10:11: slice [2 : 2] is empty\n"},
      {"b[3 : 1]", "10:11: slice [3 : 1] is empty\n"},
      {"b[0 : m]", "10:15: unknown dim 'm'\n"},
      {"b[0 : a]", "10:15: unknown dim 'a'\n"},
      {"b[0 : 1.5]", "10:15: a dimension must be an integer\n"},
      {"W[0 : 1]", "10:9: what is sliced must be a vector, found a matrix of "
                   "shape [4, 3]\n"},
      {"2[0 : 1]", "10:9: what is sliced must be a vector, found a number\n"},
      {"x[0 : 1]",
       "10:9: 'x' is a node; read one of its fields, as in 'x.FIELD'\n"},
      {"[a; a][0 : 1]", "10:9: a concatenation can only be the right operand "
                        "of '@' or the value of a field\n"},
      {"b[0 : 3] + b",
       "10:18: operands of '+' have different shapes, [3] and [4]\n"},
      {"b[0 :]", "10:14: expected an expression, found ']'\n"},
      {"b[0 : 1", "10:16: expected ']' to end the slice, found end of line\n"},
      {"x.h[t]", "10:14: expected ':' and the end of the slice, found ']'\n"},
      {"T[t][l]", "10:15: expected ':' and the end of the slice, found ']'\n"},
  };
  for (const auto &[expr, errors] : inputs)
    EXPECT_EQ(lower(expr), errors) << expr;
}

TEST(Expressions, ErrorsInValuesOfFields) {
  const std::pair<std::string, std::string> inputs[] = {
      {"h = x.M\n M = W",
       "10:5: field 'h' has shape [4], but its value has shape [4, 3]\n"},
      {"h = b\n M = b",
       "11:6: field 'M' has shape [4, 3], but its value has shape [4]\n"},
      {"h = rows(b)\n M = W",
       "10:5: 'rows' fills a matrix, but what it stands for has shape [4]\n"},
      {"h = b\n M = columns(a)", "11:6: a vector of shape [3] can't fill the "
                                 "columns of a matrix of shape [4, 3]\n"},
      {"h = [a; b]\n M = W",
       "10:5: field 'h' has shape [4], but its value has shape [7]\n"},
      {"h = [a; b[0 : 1]]\n M = W * columns(h)",
       "11:18: a concatenation can only be the right operand of '@' or the "
       "value of a field\n"},
      {"h = b\n M = T[l][0 : 1]", "11:6: what is sliced must be a vector, "
                                  "found a matrix of shape [4, 3]\n"},
      {"let t2 = b\n h = t2[t]\n M = W",
       "11:6: 't2' is not a parameter; a part of it is written 't2[BEGIN : "
       "END]'\n"},
  };
  for (const auto &[body, errors] : inputs)
    EXPECT_EQ(import(inCellWithMatrices(body)), errors) << body;
}

TEST(Expressions, SizesOfMatrices) {
  auto run = [](const std::string &declarations, const std::string &value) {
    std::string result =
        import("network n\ndim n = 4096\nparam v : [n, 1]\nparam u : [1, "
               "n]\nparam U : [1, n + 1]\nstate S { h : [1] }\ncell f(x : S, t "
               ": token[1]) -> S {\n  let y = " +
               value + "\n  h = x.h\n}\noutput o = S.h\n" + declarations);
    return result.substr(0, result.find('\n'));
  };
  const std::string tooLarge =
      "a matrix that is no parameter holds at most 16777216 numbers; this one "
      "has shape [4096, 4097]";
  EXPECT_EQ(run("", "v @ u").substr(0, 6), "module");
  EXPECT_EQ(run("", "v @ U"), "8:13: " + tooLarge);
  EXPECT_EQ(run("param T : [1, n, n + 1]", "T[t]"), "8:11: " + tooLarge);
  EXPECT_EQ(run("param T : [n, n + 1]", "T"), "8:11: " + tooLarge);
  EXPECT_EQ(run("param T : [n - 1, n + 1]", "U @ [T; U]"), "8:15: " + tooLarge);
  EXPECT_EQ(run("state R { M : [n, n + 1] }", "0"), "12:15: " + tooLarge);
  EXPECT_EQ(
      run("layer L(x : [n, n + 1]) -> (y : [1]) { y = 1 }\nuse l : L", "0"),
      "12:13: " + tooLarge);
  EXPECT_EQ(run("param T : [1048576, 1048576, 1048576]", "0"),
            "12:7: the parameters up to here hold 1152921504606859265 numbers; "
            "the most is 4294967296");
}

} // namespace
