//===- FrontendErrorsTest.cpp - what wrong model files are told -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/frontend/ImportText.h"

#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace edbc;
using namespace edbc::test;

namespace {

struct BadInput {
  std::string text;
  std::string errors;
};

TEST(Frontend, ErrorsInDeclarations) {
  const std::string rest =
      "\nstate S { h : [1] }\ncell f() -> S { h = 1 }\noutput o = S.h\n";
  const BadInput inputs[] = {
      {"", "1:1: expected 'network NAME' in the file\n"},
      {"   \n// nothing\n", "1:1: expected 'network NAME' in the file\n"},
      {"network", "1:8: expected the name of the network, found end of file\n"},
      {"dim x = 1" + rest, "1:1: expected 'network NAME' in the file\n"},
      {"network n\nfoo\n" + rest,
       "2:1: expected a declaration (network, dim, param, layer, use, state, "
       "cell or output), found 'foo'\n"},
      {"network n\nparams W : [2]" + rest,
       "2:1: expected a declaration (network, dim, param, layer, use, state, "
       "cell or output), found 'params'; did you mean 'param'?\n"},
      {"network n }" + rest,
       "1:11: expected a declaration (network, dim, param, layer, use, state, "
       "cell or output), found '}'\n"},
      {"network 3" + rest,
       "1:9: expected the name of the network, found '3'\n"},
      {"network network" + rest,
       "1:9: expected the name of the network, found 'network'\n"},
      {"network n\ndim a" + rest,
       "2:5: dim 'a' has no value; give it one with -D a=N\n"},
      {"network n\ndim a = 0" + rest,
       "2:9: dimension is 0; it must be between 1 and 1048576\n"},
      {"network n\ndim a = 1 - 2" + rest,
       "2:11: dimension is -1; it must be between 1 and 1048576\n"},
      {"network n\ndim a = 1048577" + rest,
       "2:9: dimension is 1048577; it must be between 1 and 1048576\n"},
      {"network n\ndim a = 99999999999999999999" + rest,
       "2:9: integer is too large\n"},
      {"network n\ndim a = 1.5" + rest,
       "2:9: a dimension must be an integer\n"},
      {"network n\ndim a = 7 / 2" + rest,
       "2:11: division is not exact: 7 / 2\n"},
      {"network n\ndim a = 1 / (2 - 2)" + rest,
       "2:11: division by zero: 1 / 0\n"},
      {"network n\ndim a = b\ndim b = a" + rest,
       "3:9: dim 'a' depends on itself\n"},
      {"network n\ndim a = a" + rest, "2:9: dim 'a' depends on itself\n"},
      {"network n\ndim a = hiden\ndim hidden = 2" + rest,
       "2:9: unknown dim 'hiden'; did you mean 'hidden'?\n"},
      {"network n\ndim a = 9223372036854775807 * 2" + rest,
       "2:29: dimension is too large: 9223372036854775807 * 2\n"},
      {"network n\ndim a = -9223372036854775807 - 2" + rest,
       "2:30: dimension is too large: -9223372036854775807 - 2\n"},
      {"network n\ndim a = (-9223372036854775807 - 1) / -1" + rest,
       "2:36: dimension is too large: -9223372036854775808 / -1\n"},
      {"network n\ndim a = -(-9223372036854775807 - 1)" + rest,
       "2:9: dimension is too large: 0 - -9223372036854775808\n"},
      {"network n\ndim a = tanh(3)" + rest,
       "2:9: a dimension is made of integers, dims, + - * / and parentheses\n"},
      {"network n\ndim a = 2 @ 3" + rest,
       "2:11: a dimension is made of integers, dims, + - * / and "
       "parentheses\n"},
      {"network n\ndim a = S.h" + rest,
       "2:9: a dimension is made of integers, dims, + - * / and parentheses\n"},
      {"network n\ndim a = 2 +" + rest,
       "2:12: expected an expression, found end of line\n"},
      {"network n\ndim a = 1\ndim a = 2" + rest,
       "3:5: 'a' is declared twice\n"},
      {"network n\ndim tanh = 1" + rest,
       "2:5: 'tanh' is the name of a function\n"},
      {"network n\nparam W : []" + rest,
       "2:12: expected an expression, found ']'\n"},
      {"network n\nparam W : [2, 3, 4, 5]" + rest,
       "2:11: expected one to three dimensions, found 4\n"},
      {"network n\nparam W, : [2]" + rest,
       "2:10: expected the name of a parameter, found ':'\n"},
      {"network n\nparam W : 2" + rest,
       "2:11: expected the shape of a parameter, found '2'\n"},
      {"network n\nparam W [2]" + rest,
       "2:9: expected ',' or ':' after the name of a parameter, found '['\n"},
      {"network n\nparam W : [2" + rest,
       "2:13: expected ',' or ']' after a dimension, found end of line\n"},
      {"network n\nparam W, W : [2]" + rest, "2:10: 'W' is declared twice\n"},
      {"network n\nparam V, W : [m]" + rest, "2:15: unknown dim 'm'\n"},
      {"network n\nparam W : [1048576, 1048576]" + rest,
       "2:7: the parameters up to here hold 1099511627776 numbers; the most is "
       "4294967296\n"},
      {"network n\nparam V : [65536, 65535]\nparam W : [65536]\nparam X : [1]" +
           rest,
       "4:7: the parameters up to here hold 4294967297 numbers; the most is "
       "4294967296\n"},
      {"network n\nparam h : [2]" + rest, "3:11: 'h' is also a parameter\n"},
      {"network n\nparam S : [2]" + rest, "3:7: 'S' is declared twice\n"},
      {"network n\nparam token : [2]" + rest,
       "2:7: expected the name of a parameter, found 'token'\n"},
      {"network n\nparam W : [2] = 3" + rest,
       "2:15: expected end of line, found '='\n"},
      {"network n\nstate T { }" + rest,
       "2:11: expected the name of a field, found '}'\n"},
      {"network n\nstate T { a : [2] b : [2] }" + rest,
       "2:19: expected ',' or '}' after a field, found 'b'\n"},
      {"network n\nstate T { a : [2], a : [3] }" + rest,
       "2:20: 'a' is declared twice\n"},
      {"network n\nstate T { a : [2, 3, 4] }" + rest,
       "2:15: expected one or two dimensions, found 3\n"},
      {"network n\nstate T { a : [2], }" + rest,
       "2:7: no cell yields state 'T'\n"},
      {"network n\nstate T a : [2]" + rest,
       "2:9: expected '{' and the fields of the state, found 'a'\n"},
      {"network n\ncell g(x) -> S { h = 1 }" + rest,
       "2:9: expected ':' and the type of the operand, found ')'\n"},
      {"network n\ncell g(x : 3) -> S { h = 1 }" + rest,
       "2:12: expected a type: STATE, STATE*, STATE+, token[N] or [N], found "
       "'3'\n"},
      {"network n\ncell g(x : T) -> S { h = 1 }" + rest,
       "2:12: unknown state 'T'\n"},
      {"network n\ncell g(x : S, x : S) -> S { h = 1 }" + rest,
       "2:15: 'x' is already defined\n"},
      {"network n\ncell g(x : token) -> S { h = 1 }" + rest,
       "2:17: expected '[' and the number of tokens, found ')'\n"},
      {"network n\ncell g(x : token[0]) -> S { h = 1 }" + rest,
       "2:18: dimension is 0; it must be between 1 and 1048576\n"},
      {"network n\ncell g(x : token[2, 3]) -> S { h = 1 }" + rest,
       "2:17: expected one dimension, found 2\n"},
      {"network n\ncell g(x : [0]) -> S { h = 1 }" + rest,
       "2:13: dimension is 0; it must be between 1 and 1048576\n"},
      {"network n\ncell g(h : [2]) -> S { h = 1 }" + rest,
       "2:8: 'h' is already defined\n"},
      {"network n\ncell g(abs : [2]) -> S { h = 1 }" + rest,
       "2:8: 'abs' is the name of a function\n"},
      {"network n\ncell g(x : S) { h = 1 }" + rest,
       "2:15: expected '->' and the state that the cell yields, found '{'\n"},
      {"network n\ncell g(x : S) -> s { h = 1 }" + rest,
       "2:18: unknown state 's'; did you mean 'S'?\n"},
      {"network n\ncell g(x : S) -> S { h = 1" + rest,
       "2:27: expected '}' to end the cell, found end of line\n"},
      {"network n\ncell g(x : S) -> S\n" + rest,
       "2:19: expected '{' and the body of the cell, found end of line\n"},
      {"network n\ncell g -> S { h = 1 }" + rest,
       "2:8: expected '(' and the operands of the cell, found '->'\n"},
      {"network n\ncell f() -> S { h = 2 }" + rest,
       "4:6: 'f' is declared twice\n"},
      {"network n\noutput o = S" + rest,
       "2:13: expected '.' and the name of a field, found end of line\n"},
      {"network n\noutput p = T.h" + rest, "2:12: unknown state 'T'\n"},
      {"network n\noutput p = S.hh" + rest,
       "2:14: state 'S' has no field 'hh'; did you mean 'h'?\n"},
      {"network n\noutput f = S.h" + rest, "4:6: 'f' is declared twice\n"},
      {"network n\noutput p = S.h S" + rest,
       "2:16: expected end of line, found 'S'\n"},
      {"network n\nstate S { h : [1] }\noutput o = S.h\n",
       "2:7: no cell yields state 'S'\n1:9: the network has no cell\n"},
      {"network n\nstate S { h : [1] }\ncell f() -> S { h = 1 }\n",
       "1:9: the network has no output: nothing of it could be read\n"},
      {"network n\ndim a = @" + rest,
       "2:9: expected an expression, found '@'\n"},
      {"network n\ndim a = 3x" + rest,
       "2:9: malformed number or name that begins with a digit '3x'\n"},
      {"network n\ndim σ = 3" + rest, "2:5: unexpected character 'σ'\n"},
      {"network n\ndim _a = 3" + rest, "2:5: unexpected character '_'\n"},
      {"network n\nnetwork m" + rest,
       "2:1: the file declares a second network\n"},
  };
  for (const BadInput &input : inputs)
    EXPECT_EQ(import(input.text), input.errors) << input.text;
}

TEST(Frontend, ErrorsInCells) {
  const BadInput inputs[] = {
      {"h = x",
       "7:5: 'x' is a node; read one of its fields, as in 'x.FIELD'\n6:6: cell "
       "'f' does not assign field 'c' of its result\n"},
      {"h = t", "7:5: 't' is a token; it can only look something up, as in "
                "'TABLE[t]', or be the label of 'cross_entropy'\n6:6: cell 'f' "
                "does not assign field 'c' of its result\n"},
      {"h = W", "7:5: field 'h' has shape [4], but its value has shape [4, "
                "8]\n6:6: cell 'f' does not assign field 'c' of its result\n"},
      {"h = y", "7:5: unknown name 'y'\n6:6: cell 'f' does not assign field "
                "'c' of its result\n"},
      {"h = x.q\n c = b", "7:7: state 'S' has no field 'q'\n"},
      {"h = y.h\n c = b", "7:5: unknown name 'y'\n"},
      {"h = d.h\n c = b", "7:5: 'd' is not a node; only nodes have fields\n"},
      {"h = b.h\n c = b", "7:5: 'b' is not a node; only nodes have fields\n"},
      {"h = x.h", "6:6: cell 'f' does not assign field 'c' of its result\n"},
      {"c = b\n c = b\n h = b", "8:2: field 'c' is assigned twice\n"},
      {"q = b\n h = b\n c = b", "7:1: state 'S' has no field 'q'\n"},
      {"y = b\n h = b\n c = b", "7:1: state 'S' has no field 'y'\n"},
      {"x = b\n h = b\n c = b", "7:1: state 'S' has no field 'x'\n"},
      {"h = c\n c = b", "7:5: field 'c' is read before it is assigned\n"},
      {"c = c\n h = b", "7:5: field 'c' is read before it is assigned\n"},
      {"let b = 1\n h = b\n c = b", "7:5: 'b' is already defined\n"},
      {"let x = 1\n h = b\n c = b", "7:5: 'x' is already defined\n"},
      {"let h = 1\n h = b\n c = b", "7:5: 'h' is already defined\n"},
      {"let y = 1\n let y = 2\n h = b\n c = b",
       "8:6: 'y' is already defined\n"},
      {"let tanh = b\n h = b\n c = b",
       "7:5: 'tanh' is the name of a function\n"},
      {"h = b + d\n c = b",
       "7:7: operands of '+' have different shapes, [4] and [8]\n"},
      {"h = d\n c = b",
       "7:5: field 'h' has shape [4], but its value has shape [8]\n"},
      {"h = W @ b\n c = b",
       "7:7: a matrix of shape [4, 8] can't multiply a vector of shape [4]\n"},
      {"h = W @ 3\n c = b", "7:9: the right operand of '@' must be a vector or "
                            "a matrix, found a number\n"},
      {"h = W @ d\n c = W @ (d + 1) + d",
       "8:18: operands of '+' have different shapes, [4] and [8]\n"},
      {"h = b @ d\n c = b", "7:5: the left operand of '@' must be a matrix, "
                            "found a vector of shape [4]\n"},
      {"h = d @ W\n c = b", "7:5: the left operand of '@' must be a matrix, "
                            "found a vector of shape [8]\n"},
      {"h = x.h @ b\n c = b", "7:5: the left operand of '@' must be a matrix, "
                              "found a vector of shape [4]\n"},
      {"h = (W @ d) @ d\n c = b", "7:8: the left operand of '@' must be a "
                                  "matrix, found a vector of shape [4]\n"},
      {"h = 3 @ d\n c = b",
       "7:5: the left operand of '@' must be a matrix, found a number\n"},
      {"h = V @ d\n c = b", "7:5: unknown name 'V'\n"},
      {"h = W @ (W @ b)\n c = b",
       "7:12: a matrix of shape [4, 8] can't multiply a vector of shape [4]\n"},
      {"h = [b; b]\n c = b",
       "7:5: field 'h' has shape [4], but its value has shape [8]\n"},
      {"let e = [b; b]\n h = e + e\n c = b",
       "8:6: a concatenation can only be the right operand of '@' or the value "
       "of a field\n8:10: a concatenation can only be the right operand of '@' "
       "or the value of a field\n"},
      {"h = tanh([b; b])\n c = b",
       "7:10: a concatenation can only be the right operand of '@' or the "
       "value of a field\n"},
      {"h = W @ [[b; b]; b]\n c = b",
       "7:10: a concatenation can only be the right operand of '@' or the "
       "value of a field\n"},
      {"h = W @ [b; 3]\n c = b", "7:13: a part of a concatenation must be a "
                                 "vector or a matrix, found a number\n"},
      {"h = W @ [b; b; b]\n c = b",
       "7:7: a matrix of shape [4, 8] can't multiply a vector of shape [12]\n"},
      {"h = W @ [b]\n c = b",
       "7:11: expected ';' and another part of the concatenation, found ']'\n"},
      {"h = W @ [b, b]\n c = b",
       "7:11: expected ';' and another part of the concatenation, found ','\n"},
      {"h = W @ []\n c = b", "7:10: expected an expression, found ']'\n"},
      {"h = E[x]\n c = b",
       "7:7: what is looked up must be an operand of type token[N]\n"},
      {"h = E[3]\n c = b",
       "7:7: what is looked up must be an operand of type token[N]\n"},
      {"h = E[y]\n c = b", "7:7: unknown name 'y'\n"},
      {"h = b[t]\n c = b",
       "7:5: 'b' is a vector; only matrices can be looked up in\n"},
      {"h = x[t]\n c = b", "7:5: 'x' is not a parameter\n"},
      {"h = F[t]\n c = b", "7:5: unknown parameter 'F'\n"},
      {"h = W[t]\n c = b",
       "7:7: 't' is a token below 6, but 'W' has only 4 rows\n"},
      {"h = E[t\n c = b",
       "7:8: expected ']' to end the lookup, found end of line\n"},
      {"h = E[t + 1]\n c = b",
       "7:9: what is looked up must be an operand of type token[N]\n"},
      {"h = tahn(b)\n c = b",
       "7:5: unknown function 'tahn'; did you mean 'tanh'?\n"},
      {"h = sotfmax(b)\n c = b",
       "7:5: unknown function 'sotfmax'; did you mean 'softmax'?\n"},
      {"h = tanh(b, b)\n c = b", "7:5: 'tanh' takes 1 argument, found 2\n"},
      {"h = max(b)\n c = b",
       "7:5: 'max' of one argument reduces a list of nodes, as in "
       "'max(NODES.FIELD)' or 'max(k in NODES : k.FIELD)'\n"},
      {"h = max()\n c = b", "7:5: 'max' takes 2 arguments, found 0\n"},
      {"h = tanh(1)\n c = b",
       "7:10: 'tanh' takes a vector or a matrix, found a number\n"},
      {"h = exp(y)\n c = b", "7:9: unknown name 'y'\n"},
      {"h = foo(y)\n c = b",
       "7:5: unknown function 'foo'\n7:9: unknown name 'y'\n"},
      {"h = max(b, d)\n c = b",
       "7:5: operands of 'max' have different shapes, [4] and [8]\n"},
      {"h = 1 / 0\n c = b", "7:7: division by zero\n"},
      {"h = sqrt(-1)\n c = b", "7:5: the result is not a finite number\n"},
      {"h = b / 0\n c = b", "7:7: division by zero\n"},
      {"h = 1e39\n c = b", "7:5: number is too large for f32\n"},
      {"h = 1e999\n c = b", "7:5: number is too large\n"},
      {"h = b * 1e-50\n c = b",
       "7:9: number is too small for f32 and would become 0\n"},
      {"h = 1e-50\n c = b",
       "7:5: number is too small for f32 and would become 0\n"},
      {"h = 1e-400\n c = b", "7:5: number is too small and would become 0\n"},
      {"h = 1e300 * 1e300\n c = b",
       "7:11: the result is not a finite number\n"},
      {"h = b +\n c = b", "7:8: expected an expression, found end of line\n"},
      {"h = (b\n c = b",
       "7:7: expected ')' to end the parenthesis, found end of line\n"},
      {"h = b)\n c = b", "7:6: expected end of line, found ')'\n"},
      {"h = b c = b", "7:7: expected end of line, found 'c'\n"},
      {"h =\n c = b", "7:4: expected an expression, found end of line\n"},
      {"h b\n c = b", "7:3: expected '=' and an expression, found 'b'\n"},
      {"let = b\n h = b\n c = b",
       "7:5: expected the name of a value, found '='\n"},
      {"let y b\n h = b\n c = b",
       "7:7: expected '=' and an expression, found 'b'\n"},
      {"let y = y\n h = b\n c = b", "7:9: unknown name 'y'\n"},
      {"h = b\n + b\n c = b",
       "8:2: expected 'param', 'use', 'let' or the name of a field, found '+'; "
       "to go on with an expression on another line, end the first with the "
       "operator\n"},
      {"h = b ? b\n c = b", "7:7: unexpected character '?'\n"},
      {"h = x.\n c = b", "8:4: expected end of line, found '='\n"},
      {"h = x.3\n c = b", "7:7: expected the name of a field, found '3'\n"},
      {"3 = b\n h = b\n c = b", "7:1: expected 'param', 'use', 'let' or the "
                                "name of a field, found '3'\n"},
      {"h = let\n c = b", "7:5: expected an expression, found 'let'\n"},
      {"h = 1.\n c = b", "7:6: expected end of line, found '.'\n"},
      {"h == b\n c = b", "7:4: expected an expression, found '='\n"},
      {"h = b + y + d\n c = z",
       "7:9: unknown name 'y'\n8:6: unknown name 'z'\n"},
  };
  for (const BadInput &input : inputs)
    EXPECT_EQ(import(inCell(input.text)), input.errors) << input.text;
}

TEST(Frontend, MistypedDeclarationsCauseNoFurtherErrors) {
  EXPECT_EQ(
      import("network n\nparam W [4, 4]\nstate S { h : [4] }\ncell f(x : S) -> "
             "S { h = W @ x.h + b }\noutput o = S.h\n"),
      "2:9: expected ',' or ':' after the name of a parameter, found '['\n");
  EXPECT_EQ(import(inCell("let y = d +* d\n h = y + 1\n c = W @ y")),
            "7:12: expected an expression, found '*'\n");
}

TEST(Frontend, NotesSayWhereShapesComeFrom) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  Diagnostics diagnostics;
  EXPECT_FALSE(importModel("m.edb", inCell("h = W @ d + d\n c = b"), {},
                           context, diagnostics));
  EXPECT_EQ(
      diagnostics.str(),
      R"(m.edb:7:11: error: operands of '+' have different shapes, [4] and [8]
h = W @ d + d
    ~~~~~~^~~
m.edb:2:7: note: [4] comes from the number of rows of parameter 'W'
param W : [4, 8]
      ^
m.edb:6:29: note: [8] comes from operand 'd'
cell f(x : S, t : token[6], d : [8]) -> S {
                            ^
)");
}

TEST(Frontend, ErrorsOfLayers) {
  // The layers begin on line 3.
  auto model = [](const std::string &layers) {
    return "network n\nparam b : [2]\n" + layers +
           "\nstate S { h : [2] }\ncell f() -> S { h = b }\noutput o = S.h\n";
  };
  const BadInput inputs[] = {
      {"layer L() -> (y : [2]) { y = b }",
       "3:7: layer 'L' is never used, so it can't be checked\n"},
      {"layer L() -> (y : [2]) { use l : L\n y = b }\nuse l : L",
       "3:34: layer 'L' uses itself: L -> L\n"},
      {"layer L[m, m]() -> (y : [2]) { y = b }\nuse l : L[2, 2]",
       "3:12: 'm' is already defined\n"},
      {"layer L(x : [2], x : [2]) -> (y : [2]) { y = b }\nuse l : L",
       "3:18: 'x' is already defined\n"},
      {"layer L(y : [2]) -> (y : [2]) { y = b }\nuse l : L",
       "3:9: 'y' is already defined\n"},
      {"layer L() -> (y : [2], y : [2]) { y = b }\nuse l, k : L",
       "3:24: 'y' is already defined\n"},
      {"layer L() -> (y : [2]) { param W, W : [2]\n y = b }\nuse l : L",
       "3:35: 'W' is already defined\n"},
      {"layer L() -> (y : [2]) { param y : [2]\n y = b }\nuse l : L",
       "3:15: 'y' is already defined\n4:2: layer 'L' has no result 'y'\n"},
      {"layer L() -> (y : [2]) { param W : [2]\n let W = b\n y = b }\nuse l : "
       "L",
       "4:6: 'W' is already defined\n"},
      {"layer L() -> (y : [2]) { param W : [2]\n use W : K\n y = b }\nlayer "
       "K() -> (y : [2]) { y = b }\nuse l : L",
       "4:6: 'W' is already defined\n"},
      {"layer L() -> (y : [2]) { param exp : [2]\n y = b }\nuse l : L",
       "3:32: 'exp' is the name of a function\n"},
      {"layer L() -> (y : [2]) { y = 1 }\nlayer L() -> (y : [2]) { y = 1 "
       "}\nuse l : L",
       "4:7: 'L' is declared twice\n"},
      {"layer L() -> (y : [2]) { y = 1 }\nuse l, l : L",
       "4:8: 'l' is declared twice\n"},
      {"layer L() -> (y : [2]) { y = 1 }\nuse b : L",
       "4:5: 'b' is declared twice\n6:21: 'b' is a layer; call it, as in "
       "'b(...)'\n"},
      {"layer L() -> (y : [2]) { y = 1 }\nuse h : L",
       "5:11: 'h' is also a layer in use\n"},
      {"layer L() -> (y : [2]) { y = 1 }\nuse max : L",
       "4:5: 'max' is the name of a function\n"},
      {"use l : L", "3:9: unknown layer 'L'\n"},
      {"layer L[m]() -> (y : [m]) { y = 1 }\nuse l : L",
       "4:9: layer 'L' takes 1 dimension, found 0\n"},
      {"layer L() -> (y : [2]) { y = 1 }\nuse l : L[3]",
       "4:9: layer 'L' takes 0 dimensions, found 1\n"},
      {"layer L[m]() -> (y : [m]) { y = 1 }\nuse l : L[k]",
       "4:11: unknown dim 'k'\n"},
      {"layer L[m]() -> (y : [m]) { y = 1 }\nuse l : L[0]",
       "4:11: dimension is 0; it must be between 1 and 1048576\n"},
      {"layer L[mm]() -> (y : [2]) { param W : [m / 2]\n y = 1 }\nuse l : L[3]",
       "3:41: unknown dim 'm'; did you mean 'mm'?\n"},
      {"layer L[m]() -> (y : [2]) { param W : [m / 2]\n y = 1 }\nuse l, l2 : "
       "L[3]\nuse k : L[5]\nuse j : L[4]",
       "3:42: division is not exact: 3 / 2\n3:42: division is not exact: 5 / "
       "2\n"},
      {"layer L() -> (y : [2]) { param W : [65536, 65536]\n y = 1 }\nuse l : L",
       "3:32: the parameters up to here hold 4294967298 numbers; the most is "
       "4294967296\n"},
      {"layer L(x : [2, 2, 2]) -> (y : [2]) { y = 1 }\nuse l : L",
       "3:13: expected one or two dimensions, found 3\n"},
      {"layer L() -> (y : [2]) { y = 1\n y = 2 }\nuse l : L",
       "4:2: result 'y' is assigned twice\n"},
      {"layer L() -> (y : [2], z : [2]) { y = z\n z = b }\nuse l : L",
       "3:39: result 'z' is read before it is assigned\n"},
      {"layer L() -> (y : [3]) { y = b }\nuse l : L",
       "3:30: result 'y' has shape [3], but its value has shape [2]\n"},
      {"layer L() -> (y : [2]) { y = l() }\nuse l : L",
       "3:30: a layer can't call 'l', which is in use at the top level; give "
       "it one of its own\n"},
      // Syntax.
      {"layer L -> (y : [2]) { y = 1 }",
       "3:9: expected '(' and the operands of the layer, found '->'\n"},
      {"layer L[]() -> (y : [2]) { y = 1 }",
       "3:9: expected the name of a dimension, found ']'\n"},
      {"layer L[3]() -> (y : [2]) { y = 1 }",
       "3:9: expected the name of a dimension, found '3'\n"},
      {"layer L[m() -> (y : [2]) { y = 1 }",
       "3:10: expected ',' or ']' after a dimension, found '('\n"},
      {"layer L() -> () { }",
       "3:15: expected the name of a result, found ')'\n"},
      {"layer L() -> S { y = 1 }",
       "3:14: expected '(' and the results of the layer, found 'S'\n"},
      {"layer L() { y = 1 }",
       "3:11: expected '->' and the results of the layer, found '{'\n"},
      {"layer L(x) -> (y : [2]) { y = 1 }",
       "3:10: expected ':' and the shape of an operand, found ')'\n"},
      {"layer L(x : token[3]) -> (y : [2]) { y = 1 }",
       "3:13: expected the shape of an operand, found 'token'\n"},
      {"layer L() -> (y : [2]) { y = 1",
       "3:31: expected '}' to end the layer, found end of line\n"},
      {"layer L() -> (y : [2])\n",
       "3:23: expected '{' and the body of the layer, found end of line\n"},
      {"layer L() -> (y : [2]) { 3 }", "3:26: expected 'param', 'use', 'let' "
                                       "or the name of a result, found '3'\n"},
      {"use l L", "3:7: expected ',' or ':' after the name of a layer in use, "
                  "found 'L'\n"},
      {"use l : [3]", "3:9: expected the name of a layer, found '['\n"},
      {"use l : L[", "3:11: expected an expression, found end of line\n"},
      {"use : L", "3:5: expected the name of a layer in use, found ':'\n"},
  };
  for (const BadInput &input : inputs)
    EXPECT_EQ(import(model(input.text)), input.errors) << input.text;
}

TEST(Frontend, ErrorsInMembersOfCells) {
  // The cells begin on line 6.
  auto model = [](const std::string &cells) {
    return "network n\nparam a : [2]\nstate S { h : [2] }\n"
           "layer L[m](x : [m]) -> (y : [2]) { y = 1 }\nuse l : L[3]\n" +
           cells + "\ncell ok() -> S { h = 1 }\noutput o = S.h\n";
  };
  const BadInput inputs[] = {
      {"cell f, f() -> S { h = 1 }", "6:9: 'f' is declared twice\n"},
      {"cell f, ok() -> S { h = 1 }", "7:6: 'ok' is declared twice\n"},
      {"cell f, a() -> S { h = 1 }", "6:9: 'a' is declared twice\n"},
      {"cell f, run() -> S { h = 1 }",
       "6:9: a cell can't be named 'run', a word of graph files\n"},
      {"cell instance() -> S { h = 1 }",
       "6:6: a cell can't be named 'instance', a word of graph files\n"},
      {"cell f, g() -> S { }",
       "6:6: cell 'f' does not assign field 'h' of its result\n"},
      {"cell f() -> S {\n param a : [2]\n h = a }",
       "7:8: 'a' is already defined\n"},
      {"cell f() -> S {\n param l : [2]\n h = l }",
       "7:8: 'l' is already defined\n"
       "8:6: 'l' is a layer; call it, as in 'l(...)'\n"},
      {"cell f() -> S {\n param b, b : [2]\n h = b }",
       "7:11: 'b' is already defined\n"},
      {"cell f() -> S {\n param b : [2]\n use b : L[2]\n h = b }",
       "8:6: 'b' is already defined\n"},
      {"cell f() -> S {\n param h : [2]\n h = 1 }",
       "7:8: 'h' is already defined\n"},
      {"cell f() -> S {\n use h : L[2]\n h = 1 }",
       "7:6: 'h' is already defined\n"},
      {"cell f() -> S {\n param tanh : [2]\n h = 1 }",
       "7:8: 'tanh' is the name of a function\n"},
      {"cell f(b : [2]) -> S {\n param b : [2]\n h = 1 }",
       "6:8: 'b' is already defined\n"},
      {"cell f() -> S {\n param b : [2]\n let b = 1\n h = 1 }",
       "8:6: 'b' is already defined\n"},
      {"cell f() -> S {\n param b : [k]\n h = b }", "7:13: unknown dim 'k'\n"},
      {"cell f() -> S {\n use q : K\n h = q(1) }", "7:10: unknown layer 'K'\n"},
      {"cell f() -> S {\n use q : L\n h = q(1) }",
       "7:10: layer 'L' takes 1 dimension, found 0\n"},
      {"cell f() -> S {\n use q : L[2]\n h = l(1) }\n"
       "cell g() -> S { h = q(1) }",
       "9:21: unknown function 'q'\n"},
      {"cell f() -> S { param b : [2]\n h = b }\ncell g() -> S { h = b }",
       "8:21: unknown name 'b'\n"},
      {"cell f, () -> S { h = 1 }",
       "6:9: expected the name of a cell, found '('\n"},
      {"cell f g() -> S { h = 1 }",
       "6:8: expected '(' and the operands of the cell, found 'g'\n"},
      {"cell f(x : S**) -> S { h = 1 }",
       "6:14: expected ',' or ')' after an operand, found '*'\n"},
      {"cell f(x : T*) -> S { h = 1 }", "6:12: unknown state 'T'\n"},
      {"cell f(x : [2]*) -> S { h = 1 }",
       "6:15: expected ',' or ')' after an operand, found '*'\n"},
      {"cell f(x : [2, 2]) -> S { h = 1 }",
       "6:12: expected one dimension, found 2\n"},
      {"cell f() -> S { param b : [2]",
       "6:30: expected '}' to end the cell, found end of line\n"},
  };
  for (const BadInput &input : inputs)
    EXPECT_EQ(import(model(input.text)), input.errors) << input.text;
}

TEST(Frontend, ErrorsInCallsOfLayers) {
  const std::string rest =
      "\nlayer Linear[m](x : [m], v : [4]) -> (y : [4]) {\n  param W : [4, "
      "m]\n  y = W @ x * v\n}\nlayer Pair(x : [4]) -> (p : [4], q : [4]) {\n  "
      "p = x\n  q = 1\n}\nuse linear : Linear[8]\nuse pair : Pair\n";
  const BadInput inputs[] = {
      {"h = linear(d, [b; b])\n c = b",
       "7:15: operand 'v' of 'linear' has shape [4], but its argument has "
       "shape [8]\n"},
      {"h = linear(d, b, b)\n c = b",
       "7:5: 'linear' takes 2 arguments, found 3\n"},
      {"h = linear(d, 1e39)\n c = b", "7:15: number is too large for f32\n"},
      {"h = linear(d, y)\n c = b", "7:15: unknown name 'y'\n"},
      {"h = linear(d, x)\n c = b",
       "7:15: 'x' is a node; read one of its fields, as in 'x.FIELD'\n"},
      {"h = pair(b)\n c = b", "7:5: 'pair' has 2 results; name them all, as in "
                              "'let a, b = pair(...)'\n"},
      {"let p, q, r = pair(b)\n h, c = pair(r)",
       "7:15: 'pair' has 2 results, found 3 names\n"},
      {"h, h = pair(b)\n c = b", "7:4: field 'h' is assigned twice\n"},
      {"h, y = pair(b)\n c = b", "7:4: state 'S' has no field 'y'\n"},
      {"h, c = pair(h)", "7:13: field 'h' is read before it is assigned\n"},
      {"let p, p = pair(b)\n h, c = pair(p)", "7:8: 'p' is already defined\n"},
      {"h, c = b", "7:8: only a layer has several results\n"},
      {"h, c = foo(b)", "7:8: unknown function 'foo'\n"},
      {"h, c = Pair(b)", "7:8: layer 'Pair' has no weights yet; give it some "
                         "with 'use NAME : Pair' and call NAME\n"},
      {"h = pair.p\n c = b",
       "7:5: 'pair' is not a node; only nodes have fields\n"},
      {"h = pair[t]\n c = b", "7:5: 'pair' is not a parameter\n"},
      {"h = E[pair]\n c = b",
       "7:7: what is looked up must be an operand of type token[N]\n"},
      {"let pair = b\n h = b\n c = b", "7:5: 'pair' is already defined\n"},
      {"h, 3 = pair(b)\n c = b",
       "7:4: expected the name of a value, found '3'\n"},
      {"h, c pair(b)", "7:6: expected '=' and an expression, found 'pair'\n"},
      {"h, c = pair(E[t])\n let e = [h; c]\n let f1, f2 = pair(linear(e, e))",
       "9:30: operand 'v' of 'linear' has shape [4], but its argument has "
       "shape [8]\n"},
  };
  for (const BadInput &input : inputs)
    EXPECT_EQ(import(inCell(input.text) + rest), input.errors) << input.text;
}

} // namespace
