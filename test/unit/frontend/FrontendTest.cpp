//===- FrontendTest.cpp - tests of the import of model files ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/frontend/ImportText.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

using namespace edbc;
using namespace edbc::test;

namespace {

/// The text of a model file among the examples.
std::string readExample(const char *path) {
  auto buffer =
      llvm::MemoryBuffer::getFile(llvm::Twine(EDBC_EXAMPLES "/") + path);
  return buffer ? (*buffer)->getBuffer().str() : "";
}

/// Models that have everything in the language between them.
const char *const examples[] = {"trees/child_sum.edb", "trees/mv_rnn.edb",
                                "taggers/bilstm_tagger.edb",
                                "plans/plan_cost.edb"};

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
  std::string text = readExample("trees/tree_lstm.edb");
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

TEST(Frontend, CellsHaveWeightsOfTheirOwn) {
  EXPECT_EQ(
      import(R"(network n
param a : [2]
state S { h : [2] }
layer L[m](x : [m]) -> (y : [2]) {
  param W : [2, m]
  y = W @ x + a
}
use shared : L[2]
/// Of three.
cell f, g,
    k(x : S) -> S {
  use own : L[4]
  h = own([x.h; b]) + shared(x.h)
  param b : [2]
}
cell e() -> S {
  param b : [2]
  h = b
}
output o = S.h
)"),
      R"(module @n attributes {cell.dims = {}} {
  cell.param @a : tensor<2xf32>
  cell.param @shared.W : tensor<2x2xf32>
  cell.param @f.b : tensor<2xf32>
  cell.param @f.own.W : tensor<2x4xf32>
  cell.param @g.b : tensor<2xf32>
  cell.param @g.own.W : tensor<2x4xf32>
  cell.param @k.b : tensor<2xf32>
  cell.param @k.own.W : tensor<2x4xf32>
  cell.param @e.b : tensor<2xf32>
  cell.state @S{h : tensor<2xf32>}
)" +
          [] {
            std::string cells;
            for (std::string name : {"f", "g", "k"})
              cells +=
                  "  cell.def @" + name +
                  R"((%x: !cell.ref<@S>) -> @S attributes {doc = "Of three."} {
    %0 = cell.field %x["h"] : <@S> -> tensor<2xf32>
    %1 = cell.weight @)" +
                  name +
                  R"(.b : tensor<2xf32>
    %concat = tensor.concat dim(0) %0, %1 : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
    %2 = cell.product @)" +
                  name +
                  R"(.own.W, %concat : tensor<4xf32> -> tensor<2xf32>
    %3 = cell.weight @a : tensor<2xf32>
    %4 = arith.addf %2, %3 : tensor<2xf32>
    %5 = cell.field %x["h"] : <@S> -> tensor<2xf32>
    %6 = cell.product @shared.W, %5 : tensor<2xf32> -> tensor<2xf32>
    %7 = cell.weight @a : tensor<2xf32>
    %8 = arith.addf %6, %7 : tensor<2xf32>
    %9 = arith.addf %4, %8 : tensor<2xf32>
    cell.yield %9 : tensor<2xf32>
  }
)";
            return cells;
          }() +
          R"(  cell.def @e() -> @S {
    %0 = cell.weight @e.b : tensor<2xf32>
    cell.yield %0 : tensor<2xf32>
  }
  cell.output @o of @S["h"]
}
)");
}

TEST(Frontend, LayersOfMatrices) {
  std::string ir = import(R"(network n
state S { M : [2, 3], v : [2] }
layer L(A : [2, 3], x : [3]) -> (B : [2, 3], y : [2]) {
  param W : [2, 2]
  B = W @ A
  y = A @ x
}
layer Stack(A : [2, 3]) -> (B : [4, 3]) {
  B = [A; 2 * A]
}
use l : L
use stack : Stack
param V : [2, 4]
cell f(x : S, d : [3]) -> S {
  M, v = l(V @ stack(x.M), d)
}
cell g(d : [2]) -> S {
  M, v = l(columns(d), 1)
}
output o = S.M
)");
  const std::string expected =
      R"(    %0 = cell.field %x["M"] : <@S> -> tensor<2x3xf32>
    %cst = arith.constant dense<2.000000e+00> : tensor<2x3xf32>
    %1 = arith.mulf %cst, %0 : tensor<2x3xf32>
    %concat = tensor.concat dim(0) %0, %1 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
    %2 = cell.product @V, %concat : tensor<4x3xf32> -> tensor<2x3xf32>
    %3 = cell.product @l.W, %2 : tensor<2x3xf32> -> tensor<2x3xf32>
    %4 = cell.multiply %2, %d : tensor<2x3xf32>, tensor<3xf32> -> tensor<2xf32>
    cell.yield %3, %4 : tensor<2x3xf32>, tensor<2xf32>
  }
  cell.def @g(%d: tensor<2xf32>) -> @S {
    %0 = cell.broadcast %d along columns : tensor<2xf32> -> tensor<2x3xf32>
)";
  EXPECT_NE(ir.find(expected), std::string::npos) << ir;
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
// Limits and options
//===----------------------------------------------------------------------===//

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
      "7:7: a concatenation can only be the right operand of '@' or the value "
      "of a field, and 'l' does more";
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
      "11:10: the cells and layers up to here are more than 4194304 bytes of "
      "text; each counts once for every name that it gets\n");
  EXPECT_EQ(chain(12, "a", "a() + a() + a() + a()"),
            "36:7: with this call, layers expand to more than 65536 "
            "operations\n");
}

TEST(Frontend, LimitsOfCellsOfManyNames) {
  /// A model with a cell of so many names, on line 7.
  auto model = [](int count, const std::string &body) {
    std::string names = "c0";
    for (int i = 1; i < count; ++i)
      names += ",\nc" + std::to_string(i);
    return import("network n\nlayer L() -> (y : [1]) {\n  param p : [1]\n"
                  "  y = p\n}\nstate S { h : [1] }\ncell " +
                  names + "() -> S {\n  use l : L\n" + body +
                  "\n}\noutput o = S.h\n");
  };
  auto repeat = [](const std::string &text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i)
      all += text;
    return all;
  };
  EXPECT_EQ(model(1000, "h = l()").substr(0, 6), "module");
  EXPECT_EQ(model(5000, "// " + repeat("filler ", 400) + "\nh = l()"),
            "1464:1: the cells and layers up to here are more than 4194304 "
            "bytes of text; each counts once for every name that it gets\n");
  EXPECT_EQ(model(700, "h = l()" + repeat(" + l()", 99)),
            "708:221: with this call, layers expand to more than 65536 "
            "operations\n");
  // Wrong ones are told once.
  EXPECT_EQ(model(1000, "h = 2 * y"), "1008:9: unknown name 'y'\n");
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
  EXPECT_TRUE(parseDimOverride("words=-1", options, diagnostics));
  ASSERT_EQ(options.dims.size(), 2u);
  EXPECT_EQ(options.dims[0].first, "hidden");
  EXPECT_EQ(options.dims[0].second, 256);
  EXPECT_FALSE(parseDimOverride("words=2", options, diagnostics));
  EXPECT_EQ(diagnostics.str(),
            "command line: error: -D words=2: 'words' is given twice\n");
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
  for (const char *path : examples) {
    std::string text = readExample(path);
    ASSERT_FALSE(text.empty());
    for (size_t size = 0; size < text.size(); ++size)
      import(text.substr(0, size));
  }
}

/// Imports mutants of a model; returns how many of 3000 are still right.
unsigned importMutants(const std::string &text) {
  // Pieces of the language, so that many mutants get past the parser.
  const std::string pieces[] = {
      "h",      "c",       "left",     "word",  "Wi",       "Node",   "E",
      "[",      "]",       "(",        ")",     "{",        "}",      ";",
      ",",      ":",       "@",        " + ",   " - ",      "*",      "/",
      "=",      ".",       "->",       "\n",    "0",        "1e39",   "let ",
      "cell f", "hidden",  "-",        "token", "\xFF",     "max(h",  "///",
      "\t",     "state ",  "dim ",     "2 *",   "[h; c]",   "layer ", "use ",
      "param ", "h, c = ", "Lstm",     "x",     "children", "sum(",   "k in ",
      "rows(",  "[0 : 2]", "softmax(", "label", "*, ",      "+, "};
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
  for (const char *path : examples) {
    std::string text = readExample(path);
    ASSERT_FALSE(text.empty());
    unsigned imported = importMutants(text);
    // Neither did all mutations hit comments, nor did all break the file.
    EXPECT_GT(imported, 30u);
    EXPECT_LT(imported, 2000u);
  }
}

} // namespace
