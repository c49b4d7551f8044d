//===- FrontendTest.cpp - tests of the import of model files ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/Frontend.h"

#include "dialects/Cell/Cell.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

using namespace edbc;

namespace {

std::string readFile(const char *path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : "";
}

std::string readTreeLSTM() { return readFile(EDBC_TREE_LSTM); }
/// A model with layers.
std::string readTagger() { return readFile(EDBC_BILSTM_TAGGER); }

/// The IR of a model, or its errors in short: `LINE:COLUMN: MESSAGE` a line,
/// without notes.
std::string import(llvm::StringRef text, const ImportOptions &options = {}) {
  static mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  Diagnostics diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      importModel("m.edb", text, options, context, diagnostics);
  EXPECT_EQ(!module, diagnostics.hasErrors());
  std::string all;
  llvm::raw_string_ostream os(all);
  for (const Diagnostic &diagnostic : diagnostics.get())
    if (diagnostic.severity == Diagnostic::Severity::Error)
      os << diagnostic.place.line << ':' << diagnostic.place.column << ": "
         << diagnostic.message << '\n';
  if (module) {
    EXPECT_TRUE(mlir::succeeded(mlir::verify(*module)));
    module->print(os);
  }
  return all;
}

/// A model with the given body of a cell. The body begins on line 7.
std::string inCell(const std::string &body) {
  return "network n\n"
         "param W : [4, 8]\nparam b : [4]\nparam E : [6, 4]\n"
         "state S { h : [4], c : [4] }\n"
         "cell f(x : S, t : token[6], d : [8]) -> S {\n" +
         body + "\n}\noutput o = S.h\n";
}

//===----------------------------------------------------------------------===//
// What is built
//===----------------------------------------------------------------------===//

TEST(Frontend, ImportsAWholeModel) {
  EXPECT_EQ(import(R"(network pair
output out = S.h
cell join(left : S, right : S) -> S {
  h = tanh(U @ [left.h; right.h] + b)
}
/// A "word".
cell word(w : token[n], d : [3]) -> S { h = E[w] * 0.5 - V @ d }
state S { h : [n / 2] }
param U : [n / 2, n]
param b : [n / 2]
param E : [n, n / 2]
param V : [n / 2, 3]
dim n = 3
)",
                   {{{"n", 8}, {"n", 4}}}),
            R"(module @pair attributes {cell.dims = {n = 4 : i64}} {
  cell.param @U : tensor<2x4xf32>
  cell.param @b : tensor<2xf32>
  cell.param @E : tensor<4x2xf32>
  cell.param @V : tensor<2x3xf32>
  cell.state @S{h : tensor<2xf32>}
  cell.def @join(%left: !cell.ref<@S>, %right: !cell.ref<@S>) -> @S {
    %0 = cell.field %left["h"] : <@S> -> tensor<2xf32>
    %1 = cell.field %right["h"] : <@S> -> tensor<2xf32>
    %concat = tensor.concat dim(0) %0, %1 : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
    %2 = cell.product @U, %concat : tensor<4xf32> -> tensor<2xf32>
    %3 = cell.weight @b : tensor<2xf32>
    %4 = arith.addf %2, %3 : tensor<2xf32>
    %5 = math.tanh %4 : tensor<2xf32>
    cell.yield %5 : tensor<2xf32>
  }
  cell.def @word(%w: !cell.token<4>, %d: tensor<3xf32>) -> @S attributes {doc = "A \22word\22."} {
    %0 = cell.lookup @E[%w] : <4> -> tensor<2xf32>
    %cst = arith.constant dense<5.000000e-01> : tensor<2xf32>
    %1 = arith.mulf %0, %cst : tensor<2xf32>
    %2 = cell.product @V, %d : tensor<3xf32> -> tensor<2xf32>
    %3 = arith.subf %1, %2 : tensor<2xf32>
    cell.yield %3 : tensor<2xf32>
  }
  cell.output @out of @S["h"]
}
)");
}

TEST(Frontend, ImportsTreeLSTM) {
  std::string text = readTreeLSTM();
  std::string ir = import(text, {{{"hidden", 64}}});
  EXPECT_NE(ir.find("cell.dims = {classes = 5 : i64, hidden = 64 : i64, "
                    "vocabulary = 256 : i64}"),
            std::string::npos);
  EXPECT_NE(ir.find("cell.output @logits of @Score[\"logits\"]"),
            std::string::npos);
  EXPECT_EQ(ir, import(text, {{{"hidden", 64}}}));
}

TEST(Frontend, OperationsKnowTheirPlaces) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  Diagnostics diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      importModel("dir/m.edb", inCell("let y = W @ d +\n b\n c = y\n h = b"),
                  {}, context, diagnostics);
  ASSERT_TRUE(module) << diagnostics.str();
  std::vector<std::string> places;
  module->walk([&](mlir::Operation *op) {
    std::string place;
    llvm::raw_string_ostream(place) << op->getName() << ' ' << op->getLoc();
    places.push_back(place);
  });
  std::vector<std::string> expected = {
      R"(cell.param loc("dir/m.edb":2:7))",
      R"(cell.param loc("dir/m.edb":3:7))",
      R"(cell.param loc("dir/m.edb":4:7))",
      R"(cell.state loc("dir/m.edb":5:7))",
      R"(cell.product loc("dir/m.edb":7:11))",
      R"(cell.weight loc("dir/m.edb":8:2))",
      R"(arith.addf loc("dir/m.edb":7:15))",
      R"(cell.weight loc("dir/m.edb":10:6))",
      R"(cell.yield loc("dir/m.edb":6:6))",
      R"(cell.def loc("dir/m.edb":6:6))",
      R"(cell.output loc("dir/m.edb":12:8))",
      R"(builtin.module loc("dir/m.edb":1:9))"};
  EXPECT_EQ(places, expected);
}

TEST(Frontend, LayersAreInlined) {
  EXPECT_EQ(import(R"(network n
state S { h : [2], c : [2] }
cell f(x : S, t : token[3]) -> S {
  h, c = l([x.h; x.c], 0.5)
}
layer Gate[m](x : [m]) -> (y : [2]) {
  use inner : Linear[m, 2]
  y = sigmoid(inner(x))
}
layer Linear[m, n](x : [m]) -> (y : [n]) {
  y = W @ x + b
  param W : [n, m]
}
layer Both(x : [4], k : [2]) -> (p : [2], q : [2]) {
  use g : Gate[4]
  q = g(x)
  p = k
}
use l : Both
param b : [2]
output o = S.h
)"),
            R"(module @n attributes {cell.dims = {}} {
  cell.param @b : tensor<2xf32>
  cell.param @l.g.inner.W : tensor<2x4xf32>
  cell.state @S{h : tensor<2xf32>, c : tensor<2xf32>}
  cell.def @f(%x: !cell.ref<@S>, %t: !cell.token<3>) -> @S {
    %0 = cell.field %x["h"] : <@S> -> tensor<2xf32>
    %1 = cell.field %x["c"] : <@S> -> tensor<2xf32>
    %concat = tensor.concat dim(0) %0, %1 : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
    %cst = arith.constant dense<5.000000e-01> : tensor<2xf32>
    %2 = cell.product @l.g.inner.W, %concat : tensor<4xf32> -> tensor<2xf32>
    %3 = cell.weight @b : tensor<2xf32>
    %4 = arith.addf %2, %3 : tensor<2xf32>
    %5 = cell.sigmoid %4 : tensor<2xf32>
    cell.yield %cst, %5 : tensor<2xf32>, tensor<2xf32>
  }
  cell.output @o of @S["h"]
}
)");
}

TEST(Frontend, OperationsOfLayersKnowBothPlaces) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  Diagnostics diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      importModel("m.edb",
                  "network n\nstate S { h : [2] }\n"
                  "layer L(x : [2]) -> (y : [2]) {\n  y = tanh(x)\n}\n"
                  "use l : L\ncell f(x : [2]) -> S {\n  h = 1 - l(x)\n}\n"
                  "output o = S.h\n",
                  {}, context, diagnostics);
  ASSERT_TRUE(module) << diagnostics.str();
  std::string places;
  module->walk([&](mlir::Operation *op) {
    if (op->getName().getStringRef() == "math.tanh")
      llvm::raw_string_ostream(places) << op->getLoc();
  });
  EXPECT_EQ(places, R"(loc(callsite("m.edb":4:7 at "m.edb":8:11)))");
}

TEST(Frontend, NamesInLayersHideThoseOutside) {
  const std::string outside = "param W, b : [3, 3]\ndim m = 5\nuse x : K\n"
                              "layer K() -> (y : [1]) { y = 1 }\n";
  const std::string model =
      "layer L[m](x : [m]) -> (b : [2]) {\n  param W : [2, m]\n  b = W @ x\n}\n"
      "use l : L[2]\nstate S { h : [2] }\ncell f(y : S) -> S { h = l(y.h) }\n"
      "output o = S.h\n";
  auto cell = [](const std::string &ir) {
    return ir.substr(ir.find("cell.def"));
  };
  std::string alone = import("network n\n" + model);
  ASSERT_EQ(alone.substr(0, 6), "module") << alone;
  EXPECT_EQ(cell(import("network n\n" + outside + model)), cell(alone));
}

/// The operations of a cell's body, as printed, without their types.
std::string importBody(const std::string &body) {
  std::string ir = import(inCell(body)), all;
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(ir).split(lines, '\n');
  for (llvm::StringRef line : lines)
    if (line.consume_front("    "))
      all += line.split(" :").first.str() + "\n";
  return all;
}

TEST(Frontend, FunctionsAndOperators) {
  auto lower = [](const std::string &expr) {
    std::string ir = importBody("let y = " + expr + "\n h = x.h\n c = x.c");
    // The last three operations are those after the `let`.
    llvm::StringRef lines = llvm::StringRef(ir).rtrim('\n');
    for (int i = 0; i < 3; ++i)
      lines = lines.rsplit('\n').first;
    return lines.str();
  };
  const std::string d = "%cst = arith.constant dense<";
  EXPECT_EQ(lower("sigmoid(d)"), "%0 = cell.sigmoid %d");
  EXPECT_EQ(lower("tanh(d)"), "%0 = math.tanh %d");
  EXPECT_EQ(lower("exp(d)"), "%0 = math.exp %d");
  EXPECT_EQ(lower("log(d)"), "%0 = math.log %d");
  EXPECT_EQ(lower("sqrt(d)"), "%0 = math.sqrt %d");
  EXPECT_EQ(lower("abs(d)"), "%0 = math.absf %d");
  EXPECT_EQ(lower("-d"), "%0 = arith.negf %d");
  EXPECT_EQ(lower("relu(d)"),
            d + "0.000000e+00>\n%0 = arith.maximumf %d, %cst");
  EXPECT_EQ(lower("max(d, 1)"),
            d + "1.000000e+00>\n%0 = arith.maximumf %d, %cst");
  EXPECT_EQ(lower("min(1, d)"),
            d + "1.000000e+00>\n%0 = arith.minimumf %cst, %d");
  EXPECT_EQ(lower("d + d"), "%0 = arith.addf %d, %d");
  EXPECT_EQ(lower("1 - d"), d + "1.000000e+00>\n%0 = arith.subf %cst, %d");
  EXPECT_EQ(lower("d * 2"), d + "2.000000e+00>\n%0 = arith.mulf %d, %cst");
  EXPECT_EQ(lower("d / 2"), d + "2.000000e+00>\n%0 = arith.divf %d, %cst");
}

TEST(Frontend, NumbersAreFolded) {
  auto number = [](const std::string &expr) {
    std::string ir = importBody("h = " + expr + "\n c = b");
    return ir.substr(0, ir.find('\n'));
  };
  EXPECT_EQ(number("1"), "%cst = arith.constant dense<1.000000e+00>");
  EXPECT_EQ(number("-(1 + 2 * 3) / 2 - 0.5"),
            "%cst = arith.constant dense<-4.000000e+00>");
  EXPECT_EQ(number("max(relu(-3), sqrt(abs(-16)))"),
            "%cst = arith.constant dense<4.000000e+00>");
  EXPECT_EQ(number("min(2, 3) - 0.1"),
            "%cst = arith.constant dense<1.900000e+00>");
}

TEST(Frontend, LineEndsAndByteOrderMark) {
  std::string unixText = inCell("h = x.h\n c = x.c"), windowsText;
  for (char c : unixText)
    windowsText += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(import(windowsText), import(unixText));
  EXPECT_EQ(import("\xEF\xBB\xBF" + unixText), import(unixText));
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

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
      {"network n }" + rest, "1:11: expected a declaration (network, dim, "
                             "param, layer, use, state, cell or output), found "
                             "'}'\n"},
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
      {"network n\nparam W : [2, 3, 4]" + rest,
       "2:11: expected one or two dimensions, found 3\n"},
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
      {"network n\nstate T { a : [2, 3] }" + rest,
       "2:15: expected one dimension, found 2\n"},
      {"network n\nstate T { a : [2], }" + rest,
       "2:7: no cell yields state 'T'\n"},
      {"network n\nstate T a : [2]" + rest,
       "2:9: expected '{' and the fields of the state, found 'a'\n"},
      {"network n\ncell g(x) -> S { h = 1 }" + rest,
       "2:9: expected ':' and the type of the operand, found ')'\n"},
      {"network n\ncell g(x : 3) -> S { h = 1 }" + rest,
       "2:12: expected a type: the name of a state, token[N] or [N], found "
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
      {"network n\noutput f = S.h" + rest, "2:8: 'f' is declared twice\n"},
      {"network n\noutput p = S.h S" + rest,
       "2:16: expected end of line, found 'S'\n"},
      {"network n\nstate S { h : [1] }\noutput o = S.h\n",
       "2:7: no cell yields state 'S'\n"
       "1:9: the network has no cell\n"},
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
      {"h = x", "7:5: 'x' is a node; read one of its fields, as in 'x.FIELD'\n"
                "6:6: cell 'f' does not assign field 'c' of its result\n"},
      {"h = t",
       "7:5: 't' is a token; it can only look up a row, as in 'TABLE[t]'\n"
       "6:6: cell 'f' does not assign field 'c' of its result\n"},
      {"h = W", "7:5: 'W' is a matrix; it can only stand left of '@' or be "
                "looked up by a token\n"
                "6:6: cell 'f' does not assign field 'c' of its result\n"},
      {"h = y", "7:5: unknown name 'y'\n"
                "6:6: cell 'f' does not assign field 'c' of its result\n"},
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
      {"h = W @ 3\n c = b",
       "7:9: the right operand of '@' must be a vector, found a number\n"},
      {"h = W @ d\n c = W @ (d + 1) + d",
       "8:18: operands of '+' have different shapes, [4] and [8]\n"},
      {"h = b @ d\n c = b", "7:5: 'b' is a vector; a matrix is needed here\n"},
      {"h = d @ W\n c = b", "7:5: 'd' is not a parameter\n"
                            "7:9: 'W' is a matrix; it can only stand left of "
                            "'@' or be looked up by a token\n"},
      {"h = x.h @ b\n c = b",
       "7:5: the left operand of '@' must be the name of a matrix parameter\n"},
      {"h = -W @ d\n c = b",
       "7:5: the left operand of '@' must be the name of a matrix parameter; a "
       "negated product is written -(W @ x)\n"},
      {"h = (W @ d) @ d\n c = b",
       "7:8: the left operand of '@' must be the name of a matrix parameter\n"},
      {"h = 3 @ d\n c = b",
       "7:5: the left operand of '@' must be the name of a matrix parameter\n"},
      {"h = V @ d\n c = b", "7:5: unknown parameter 'V'\n"},
      {"h = W @ (W @ b)\n c = b",
       "7:12: a matrix of shape [4, 8] can't multiply a vector of shape [4]\n"},
      {"h = [b; b]\n c = b", "7:5: a concatenation can only be the right "
                             "operand of '@' in this version\n"},
      {"let e = [b; b]\n h = e + e\n c = b",
       "8:6: a concatenation can only be the right operand of '@' in this "
       "version\n"
       "8:10: a concatenation can only be the right operand of '@' in this "
       "version\n"},
      {"h = tanh([b; b])\n c = b", "7:10: a concatenation can only be the "
                                   "right operand of '@' in this version\n"},
      {"h = W @ [[b; b]; b]\n c = b", "7:10: a concatenation can only be the "
                                      "right operand of '@' in this version\n"},
      {"h = W @ [b; 3]\n c = b",
       "7:13: parts of a concatenation must be vectors\n"},
      {"h = W @ [b; b; b]\n c = b",
       "7:7: a matrix of shape [4, 8] can't multiply a vector of shape [12]\n"},
      {"h = W @ [b]\n c = b",
       "7:11: expected ';' and another part of the concatenation, found ']'\n"},
      {"h = W @ [b, b]\n c = b",
       "7:11: expected ';' and another part of the concatenation, found ','\n"},
      {"h = W @ []\n c = b", "7:10: expected an expression, found ']'\n"},
      {"h = E[x]\n c = b",
       "7:7: a row is looked up by an operand of type token[N]\n"},
      {"h = E[3]\n c = b",
       "7:7: a row is looked up by an operand of type token[N]\n"},
      {"h = E[y]\n c = b", "7:7: unknown name 'y'\n"},
      {"h = b[t]\n c = b", "7:5: 'b' is a vector; a matrix is needed here\n"},
      {"h = x[t]\n c = b", "7:5: 'x' is not a parameter\n"},
      {"h = F[t]\n c = b", "7:5: unknown parameter 'F'\n"},
      {"h = W[t]\n c = b",
       "7:7: 't' is a token below 6, but 'W' has only 4 rows\n"},
      {"h = E[t\n c = b",
       "7:8: expected ']' to end the lookup, found end of line\n"},
      {"h = E[t + 1]\n c = b",
       "7:9: a row is looked up by an operand of type token[N]\n"},
      {"h = tahn(b)\n c = b",
       "7:5: unknown function 'tahn'; did you mean 'tanh'?\n"},
      {"h = softmax(b)\n c = b", "7:5: unknown function 'softmax'\n"},
      {"h = tanh(b, b)\n c = b", "7:5: 'tanh' takes 1 argument, found 2\n"},
      {"h = max(b)\n c = b", "7:5: 'max' takes 2 arguments, found 1\n"},
      {"h = max()\n c = b", "7:5: 'max' takes 2 arguments, found 0\n"},
      {"h = tanh(1)\n c = b", "7:10: 'tanh' takes a vector, found a number\n"},
      {"h = exp(y)\n c = b", "7:9: unknown name 'y'\n"},
      {"h = foo(y)\n c = b", "7:5: unknown function 'foo'\n"
                             "7:9: unknown name 'y'\n"},
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
       "8:2: expected 'let' or the name of a field, found '+'; to go on with "
       "an expression on another line, end the first with the operator\n"},
      {"h = b ? b\n c = b", "7:7: unexpected character '?'\n"},
      {"h = x.\n c = b", "8:4: expected end of line, found '='\n"},
      {"h = x.3\n c = b", "7:7: expected the name of a field, found '3'\n"},
      {"3 = b\n h = b\n c = b",
       "7:1: expected 'let' or the name of a field, found '3'\n"},
      {"h = let\n c = b", "7:5: expected an expression, found 'let'\n"},
      {"h = 1.\n c = b", "7:6: expected end of line, found '.'\n"},
      {"h == b\n c = b", "7:4: expected an expression, found '='\n"},
      {"h = b + y + d\n c = z", "7:9: unknown name 'y'\n"
                                "8:6: unknown name 'z'\n"},
  };
  for (const BadInput &input : inputs)
    EXPECT_EQ(import(inCell(input.text)), input.errors) << input.text;
}

TEST(Frontend, MistypedDeclarationsCauseNoFurtherErrors) {
  EXPECT_EQ(import("network n\nparam W [4, 4]\nstate S { h : [4] }\n"
                   "cell f(x : S) -> S { h = W @ x.h + b }\n"
                   "output o = S.h\n"),
            "2:9: expected ',' or ':' after the name of a parameter, found "
            "'['\n");
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
m.edb:2:7: note: [4] comes from the number of rows of 'W'
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
       "3:15: 'y' is already defined\n"
       "4:2: layer 'L' has no result 'y'\n"},
      {"layer L() -> (y : [2]) { param W : [2]\n let W = b\n y = b }\n"
       "use l : L",
       "4:6: 'W' is already defined\n"},
      {"layer L() -> (y : [2]) { param W : [2]\n use W : K\n y = b }\n"
       "layer K() -> (y : [2]) { y = b }\nuse l : L",
       "4:6: 'W' is already defined\n"},
      {"layer L() -> (y : [2]) { param exp : [2]\n y = b }\nuse l : L",
       "3:32: 'exp' is the name of a function\n"},
      {"layer L() -> (y : [2]) { y = 1 }\nlayer L() -> (y : [2]) { y = 1 }\n"
       "use l : L",
       "4:7: 'L' is declared twice\n"},
      {"layer L() -> (y : [2]) { y = 1 }\nuse l, l : L",
       "4:8: 'l' is declared twice\n"},
      {"layer L() -> (y : [2]) { y = 1 }\nuse b : L",
       "4:5: 'b' is declared twice\n"
       "6:21: 'b' is a layer; call it, as in 'b(...)'\n"},
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
      {"layer L[mm]() -> (y : [2]) { param W : [m / 2]\n y = 1 }\nuse l : "
       "L[3]",
       "3:41: unknown dim 'm'; did you mean 'mm'?\n"},
      {"layer L[m]() -> (y : [2]) { param W : [m / 2]\n y = 1 }\n"
       "use l, l2 : L[3]\nuse k : L[5]\nuse j : L[4]",
       "3:42: division is not exact: 3 / 2\n"
       "3:42: division is not exact: 5 / 2\n"},
      {"layer L() -> (y : [2]) { param W : [65536, 65536]\n y = 1 }\n"
       "use l : L",
       "3:32: the parameters up to here hold 4294967298 numbers; the most is "
       "4294967296\n"},
      {"layer L(x : [2, 2]) -> (y : [2]) { y = 1 }\nuse l : L",
       "3:13: expected one dimension, found 2\n"},
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
      {"layer L() -> (y : [2]) { 3 }",
       "3:26: expected 'param', 'use', 'let' or the name of a result, found "
       "'3'\n"},
      {"use l L", "3:7: expected ',' or ':' after the name of a layer in use, "
                  "found 'L'\n"},
      {"use l : [3]", "3:9: expected the name of a layer, found '['\n"},
      {"use l : L[", "3:11: expected an expression, found end of line\n"},
      {"use : L", "3:5: expected the name of a layer in use, found ':'\n"},
  };
  for (const BadInput &input : inputs)
    EXPECT_EQ(import(model(input.text)), input.errors) << input.text;
}

TEST(Frontend, ErrorsInCallsOfLayers) {
  const std::string rest =
      "\nlayer Linear[m](x : [m], v : [4]) -> (y : [4]) {\n"
      "  param W : [4, m]\n  y = W @ x * v\n}\n"
      "layer Pair(x : [4]) -> (p : [4], q : [4]) {\n  p = x\n  q = 1\n}\n"
      "use linear : Linear[8]\nuse pair : Pair\n";
  const BadInput inputs[] = {
      {"h = linear(d, [b; b])\n c = b", "7:15: operand 'v' of 'linear' has "
                                        "shape [4], but its argument has shape "
                                        "[8]\n"},
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
      {"h = pair.p\n c = b", "7:5: 'pair' is not a node; only nodes have "
                             "fields\n"},
      {"h = pair[t]\n c = b", "7:5: 'pair' is not a parameter\n"},
      {"h = E[pair]\n c = b",
       "7:7: a row is looked up by an operand of type token[N]\n"},
      {"let pair = b\n h = b\n c = b", "7:5: 'pair' is already defined\n"},
      {"h, 3 = pair(b)\n c = b",
       "7:4: expected the name of a value, found '3'\n"},
      {"h, c pair(b)", "7:6: expected '=' and an expression, found 'pair'\n"},
      {"h, c = pair(E[t])\n let e = [h; c]\n let f1, f2 = pair(linear(e, e))",
       "9:30: operand 'v' of 'linear' has shape [4], but its argument has "
       "shape "
       "[8]\n"},
  };
  for (const BadInput &input : inputs)
    EXPECT_EQ(import(inCell(input.text) + rest), input.errors) << input.text;
}

TEST(Frontend, LayersMayOnlyMultiplyConcatenations) {
  auto run = [](const std::string &body) {
    return import(inCell("h = l([b; b])\n c = b") +
                  "layer L(x : [8]) -> (y : [4]) {\n" + body +
                  "}\nuse l : L\n"
                  "layer Same(x : [8]) -> (y : [8]) { y = x }\n"
                  "layer Half(x : [8]) -> (y : [4]) { y = W @ x }\n"
                  "use same : Same\nuse half : Half\n")
        .substr(0, 100);
  };
  const std::string error =
      "7:7: a concatenation can only be the right operand of '@' in this "
      "version, and 'l' does more with op";
  EXPECT_EQ(run(" y = W @ x * (W @ x)\n").substr(0, 6), "module");
  EXPECT_EQ(run(" use half : Half\n y = half(x)\n").substr(0, 6), "module");
  EXPECT_EQ(run(" y = W @ x + W @ tanh(x)\n"), error);
  EXPECT_EQ(run(" use same : Same\n y = W @ tanh(same(x))\n"), error);
}

TEST(Frontend, LimitsOfLayers) {
  /// A model of layers of which each uses the one before it, on four lines.
  auto chain = [](int length, const std::string &names,
                  const std::string &value) {
    std::string text = "network n\nlayer L0() -> (y : [1]) {\n"
                       "  param p : [1]\n  y = p\n}\n";
    for (int i = 1; i < length; ++i)
      text += "layer L" + std::to_string(i) + "() -> (y : [1]) {\n  use " +
              names + " : L" + std::to_string(i - 1) + "\n  y = " + value +
              "\n}\n";
    return import(text + "use l : L" + std::to_string(length - 1) +
                  "\nstate S { h : [1] }\ncell f() -> S { h = l() }\n"
                  "output o = S.h\n");
  };
  EXPECT_EQ(chain(16, "a", "a()").substr(0, 6), "module");
  EXPECT_EQ(chain(9, "a, b", "a() + b()").substr(0, 6), "module");
  EXPECT_EQ(chain(10000, "a", "a()"),
            "39939:11: layers are used in one another more than 16 deep\n");
  EXPECT_EQ(
      chain(16, "a, b", "1" + std::string(50, ' ') + "// comment"),
      "11:10: the layers in use up to here are more than 4194304 bytes of "
      "text; each counts as often as it is used\n");
  EXPECT_EQ(chain(12, "a", "a() + a() + a() + a()"),
            "36:7: with this call, layers expand to more than 65536 "
            "operations\n");
}

TEST(Frontend, LimitsOfCells) {
  std::string operands = "a0 : [1]";
  for (int i = 1; i < 64; ++i)
    operands += ", a" + std::to_string(i) + " : [1]";
  auto model = [](const std::string &operands) {
    return "network n\nstate S { h : [1] }\ncell f(" + operands +
           ") -> S { h = a63 }\noutput o = S.h\n";
  };
  EXPECT_EQ(import(model(operands)).substr(0, 6), "module");
  EXPECT_EQ(import(model(operands + ",\nb : [1]")),
            "4:1: a cell has at most 64 operands\n");
  EXPECT_EQ(import("network n\nstate S { h : [1] }\nparam W : [1, 1048576]\n"
                   "cell f(x : [1048575], y : [2]) -> S { h = W @ [x; y] }\n"
                   "output o = S.h\n"),
            "4:47: the concatenation has length 1048577; the most is "
            "1048576\n");
}

TEST(Frontend, Overrides) {
  const std::string model = "network n\ndim a = 4\ndim b\n"
                            "state S { h : [a * b] }\n"
                            "cell f() -> S { h = 1 }\noutput o = S.h\n";
  auto run = [&](std::vector<std::pair<std::string, int64_t>> dims) {
    std::string result = import(model, {std::move(dims)});
    return result.substr(0, result.find('\n'));
  };
  EXPECT_EQ(run({}), "3:5: dim 'b' has no value; give it one with -D b=N");
  EXPECT_EQ(run({{"b", 2}}),
            "module @n attributes {cell.dims = {a = 4 : i64, b = 2 : i64}} {");
  EXPECT_EQ(run({{"b", 2}, {"a", 7}, {"a", 5}}),
            "module @n attributes {cell.dims = {a = 5 : i64, b = 2 : i64}} {");
  EXPECT_EQ(run({{"b", 2}, {"aa", 3}}),
            "0:0: -D aa=3: the model has no dim 'aa'; did you mean 'a'?");
  EXPECT_EQ(run({{"b", 0}}),
            "0:0: -D b=0: a dim must be between 1 and 1048576");
  EXPECT_EQ(run({{"b", -3}}),
            "0:0: -D b=-3: a dim must be between 1 and 1048576");
  EXPECT_EQ(run({{"b", 1048577}}),
            "0:0: -D b=1048577: a dim must be between 1 and 1048576");
  EXPECT_EQ(run({{"b", 1048576}}),
            "4:18: dimension is 4194304; it must be between 1 and 1048576");
}

TEST(Frontend, ParsesOverrides) {
  ImportOptions options;
  Diagnostics diagnostics;
  EXPECT_TRUE(parseDimOverride("hidden=256", options, diagnostics));
  EXPECT_TRUE(parseDimOverride("hidden=-1", options, diagnostics));
  ASSERT_EQ(options.dims.size(), 2u);
  EXPECT_EQ(options.dims[0].first, "hidden");
  EXPECT_EQ(options.dims[0].second, 256);
  for (const char *bad : {"", "hidden", "hidden=", "=3", "hidden=x", "a=1.5",
                          "a=99999999999999999999"}) {
    Diagnostics errors;
    EXPECT_FALSE(parseDimOverride(bad, options, errors)) << bad;
    EXPECT_EQ(errors.str(), "command line: error: -D " + std::string(bad) +
                                ": expected NAME=VALUE with an integer\n");
  }
  EXPECT_EQ(options.dims.size(), 2u);
}

TEST(Frontend, LongChainsOfDims) {
  std::string forward = "network n\ndim a0 = 1\n", backward = "network n\n";
  for (int i = 1; i < 2000; ++i) {
    forward +=
        "dim a" + std::to_string(i) + " = a" + std::to_string(i - 1) + "\n";
    backward +=
        "dim a" + std::to_string(i) + " = a" + std::to_string(i + 1) + "\n";
  }
  std::string rest = "state S { h : [1] }\ncell f() -> S { h = 1 }\n"
                     "output o = S.h\n";
  EXPECT_EQ(import(forward + rest).substr(0, 6), "module");
  std::string errors = import(backward + "dim a2000 = 1\n" + rest);
  EXPECT_EQ(errors.substr(0, errors.find('\n')),
            "17:11: more than 16 dims depend each on a later one");
}

TEST(Frontend, DeepestExpressions) {
  // 254 signs around a name and an operator are as deep as it goes.
  const std::string signs(254, '-');
  EXPECT_NE(importBody("let y = " + signs + "d\n h = b\n c = b")
                .find("%253 = arith.negf %252\n"),
            std::string::npos);
  std::string dims = "dim a16 = 1\n";
  for (int i = 15; i > 0; --i)
    dims = "dim a" + std::to_string(i) + " = " + signs + "a" +
           std::to_string(i + 1) + "\n" + dims;
  EXPECT_EQ(import("network n\n" + dims +
                   "state S { h : [a1] }\ncell f() -> S { h = 1 }\n"
                   "output o = S.h\n")
                .substr(0, 6),
            "module");
}

//===----------------------------------------------------------------------===//
// Texts that are no model files
//===----------------------------------------------------------------------===//

TEST(Frontend, TextsThatAreNone) {
  using namespace std::string_literals;
  EXPECT_EQ(import("network n\n\0"s), "2:1: the file holds a zero byte: it is "
                                      "not a text\n");
  EXPECT_EQ(import("network n // \xC3\xA9\xC3\n"),
            "1:15: the file is not valid UTF-8\n");
  EXPECT_EQ(import(std::string(maxModelFileSize + 1, ' ')),
            "1:1: the file has more than 1048576 bytes\n");
  EXPECT_EQ(import("network n\n//" + std::string(maxLineLength - 1, ' ')),
            "2:1: the line has more than 4096 bytes\n");
  EXPECT_EQ(import("network n }\n//" + std::string(maxLineLength - 2, ' ')),
            "1:11: expected a declaration (network, dim, param, layer, use, "
            "state, cell or output), found '}'\n");
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers everywhere.
class Random {
public:
  /// A number below `bound`.
  size_t below(size_t bound) {
    uint64_t z = state += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return (z ^ (z >> 31)) % bound;
  }

private:
  uint64_t state = 1;
};

TEST(Frontend, SurvivesEveryTruncation) {
  for (const std::string &text : {readTreeLSTM(), readTagger()}) {
    ASSERT_FALSE(text.empty());
    for (size_t size = 0; size < text.size(); ++size)
      import(text.substr(0, size));
  }
}

/// Imports mutants of a model; returns how many of 3000 are still right.
unsigned importMutants(const std::string &text) {
  // Pieces of the language, so that many mutants get past the parser.
  const std::string pieces[] = {
      "h",      "c",       "left",      "word",  "Wi",     "Node",   "E",
      "[",      "]",       "(",         ")",     "{",      "}",      ";",
      ",",      ":",       "@",         " + ",   " - ",    "*",      "/",
      "=",      ".",       "->",        "\n",    "0",      "1e39",   "let ",
      "cell f", "hidden",  "-",         "token", "\xFF",   "max(h",  "///",
      "\t",     "state ",  "dim ",      "2 *",   "[h; c]", "layer ", "use ",
      "param ", "h, c = ", "forward1(", "Lstm",  "x"};
  Random random;
  unsigned imported = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string mutant = text;
    for (size_t edits = 1 + random.below(4); edits > 0; --edits) {
      size_t begin = random.below(mutant.size());
      size_t length = random.below(2) ? 0 : random.below(12);
      mutant.replace(begin, length,
                     random.below(3) ? pieces[random.below(std::size(pieces))]
                                     : "");
    }
    imported += import(mutant).substr(0, 6) == "module";
  }
  return imported;
}

TEST(Frontend, SurvivesMutations) {
  for (const std::string &text : {readTreeLSTM(), readTagger()}) {
    ASSERT_FALSE(text.empty());
    unsigned imported = importMutants(text);
    // Neither did all mutations hit comments, nor did all break the file.
    EXPECT_GT(imported, 30u);
    EXPECT_LT(imported, 2000u);
  }
}

} // namespace
