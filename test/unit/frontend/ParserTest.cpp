//===- ParserTest.cpp - tests of the parser ---------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/Parser.h"

#include "gtest/gtest.h"

using namespace edbc;
using namespace edbc::frontend;

namespace {

/// An expression with all parentheses written out.
std::string print(const Expr &expr) {
  std::string operands;
  for (const Expr *operand : expr.operands)
    operands += (operands.empty() ? "" : " ") + print(*operand);
  std::string name = expr.name.text.str();
  switch (expr.kind) {
  case Expr::Kind::Number:
  case Expr::Kind::Name:
    return name;
  case Expr::Kind::Negate:
  case Expr::Kind::Binary:
  case Expr::Kind::Call:
    return "(" + name + " " + operands + ")";
  case Expr::Kind::Concat:
    return "[" + operands + "]";
  case Expr::Kind::Lookup:
    return name + "[" + operands + "]";
  case Expr::Kind::Slice:
    return print(*expr.operands[0]) + "[" + print(*expr.operands[1]) + " : " +
           print(*expr.operands[2]) + "]";
  case Expr::Kind::Field:
    return expr.base.text.str() + "." + name;
  case Expr::Kind::Reduce:
    return "(" + name + " " + expr.variable.text.str() + " in " +
           expr.base.text.str() + " : " + operands + ")";
  }
  return "";
}

/// The statements of a cell body, each as `name = expression;`, or the errors.
std::string parseBody(const std::string &body) {
  std::string text = "network n\ncell f() -> S {\n" + body + "\n}\n";
  SourceFile file("f.edb", text);
  ModelFile model;
  Diagnostics diagnostics;
  parseModel(file, model, diagnostics);
  if (diagnostics.hasErrors())
    return diagnostics.str();
  std::string all;
  for (const Statement &statement : model.cells.at(0).body.statements) {
    for (const Name &name : statement.names)
      all += (&name == statement.names.begin() ? "" : ", ") + name.text.str();
    all += " = " + print(*statement.value) + ";";
  }
  return all;
}

TEST(Parser, Precedence) {
  EXPECT_EQ(parseBody("x = a + b * c"), "x = (+ a (* b c));");
  EXPECT_EQ(parseBody("x = a - b - c"), "x = (- (- a b) c);");
  EXPECT_EQ(parseBody("x = a / b * c"), "x = (* (/ a b) c);");
  EXPECT_EQ(parseBody("x = a * W @ b + c"), "x = (+ (* a (@ W b)) c);");
  EXPECT_EQ(parseBody("x = -W @ b"), "x = (@ (- W) b);");
  EXPECT_EQ(parseBody("x = W @ -b"), "x = (@ W (- b));");
  EXPECT_EQ(parseBody("x = - - a"), "x = (- (- a));");
  EXPECT_EQ(parseBody("x = (a + b) * c"), "x = (* (+ a b) c);");
}

TEST(Parser, Primaries) {
  EXPECT_EQ(parseBody("x = W @ [a.h; E[w]; f(a, 1.5e3)]"),
            "x = (@ W [a.h E[w] (f a 1.5e3)]);");
  EXPECT_EQ(parseBody("x = f()"), "x = (f );");
  EXPECT_EQ(parseBody("x = sum(k in ks : k.h * 2)"),
            "x = (sum k in ks : (* k.h 2));");
  EXPECT_EQ(parseBody("x = a[0 : n] + a.h[n : 2 * n] + E[w][1 : 2]"),
            "x = (+ (+ a[0 : n] a.h[n : (* 2 n)]) E[w][1 : 2]);");
  EXPECT_EQ(parseBody("x = (a + b)[0 : 2][0 : 1]"),
            "x = (+ a b)[0 : 2][0 : 1];");
}

TEST(Parser, LinesGoOnAfterOperatorsAndInBrackets) {
  EXPECT_EQ(parseBody("x = a +\n  b *\n\n // comment\n c\ny = d"),
            "x = (+ a (* b c));y = d;");
  EXPECT_EQ(parseBody("x = (a\n + b)\ny = f(\na\n,\nb\n)\nz = [a\n;\nb]"),
            "x = (+ a b);y = (f a b);z = [a b];");
  EXPECT_EQ(parseBody("x = a\nlet y = b"), "x = a;y = b;");
}

TEST(Parser, SeveralNames) {
  EXPECT_EQ(parseBody("x, y = f(a)\nlet z, w, v = g(b, c)"),
            "x, y = (f a);z, w, v = (g b c);");
  // A statement begins where a line has names and a sign of equality.
  EXPECT_EQ(parseBody("x = f(a,\nb, c,\nd)"), "x = (f a b c d);");
  EXPECT_NE(parseBody("x = a +\ny, z = f(a)")
                .find("f.edb:3:8: error: expected an expression, found end of "
                      "line"),
            std::string::npos);
}

TEST(Parser, Layers) {
  SourceFile file("f.edb",
                  "network n\nlayer L[m, k](x : [m], y : [k],) -> (z : "
                  "[m]) {\n  param W, V : [m, k]\n  use a, b : K\n  "
                  "z = x\n  let q = z\n  param v : [m]\n}\n"
                  "layer K() -> (z : [1]) { z = 1 }\n"
                  "use l : L[2, 3 + 4]\nuse k, j : K\n");
  ModelFile model;
  Diagnostics diagnostics;
  parseModel(file, model, diagnostics);
  EXPECT_EQ(diagnostics.str(), "");
  ASSERT_EQ(model.layers.size(), 2u);
  const LayerDecl &layer = model.layers[0];
  EXPECT_EQ(layer.name.text, "L");
  ASSERT_EQ(layer.dims.size(), 2u);
  EXPECT_EQ(layer.dims[1].text, "k");
  ASSERT_EQ(layer.operands.size(), 2u);
  EXPECT_EQ(layer.operands[1].name.text, "y");
  ASSERT_EQ(layer.results.size(), 1u);
  EXPECT_EQ(layer.body.params.size(), 2u);
  ASSERT_EQ(layer.body.uses.size(), 1u);
  EXPECT_EQ(layer.body.uses[0].names[1].text, "b");
  EXPECT_EQ(layer.body.statements.size(), 2u);
  EXPECT_TRUE(model.layers[1].dims.empty());
  EXPECT_TRUE(model.layers[1].operands.empty());
  EXPECT_EQ(model.layers[1].length, 25u);
  ASSERT_EQ(model.uses.size(), 2u);
  EXPECT_EQ(model.uses[0].dims.extents.size(), 2u);
  EXPECT_EQ(model.uses[1].names.size(), 2u);
  EXPECT_TRUE(model.params.empty());
}

TEST(Parser, Cells) {
  SourceFile file("f.edb",
                  "network n\ncell a, b,\n    c(x : S, y : T*, z : T+, w : "
                  "token[3], v : [2])\n    -> S {\n  param W : [2]\n  use l : "
                  "L[2]\n  h = W\n}\n");
  ModelFile model;
  Diagnostics diagnostics;
  parseModel(file, model, diagnostics);
  EXPECT_EQ(diagnostics.str(), "");
  ASSERT_EQ(model.cells.size(), 1u);
  const CellDecl &cell = model.cells[0];
  ASSERT_EQ(cell.names.size(), 3u);
  EXPECT_EQ(cell.names[2].text, "c");
  EXPECT_EQ(cell.length, 98u);
  using Kind = OperandDecl::Kind;
  const std::vector<Kind> kinds = {Kind::Node, Kind::Nodes, Kind::Nodes,
                                   Kind::Token, Kind::Dense};
  ASSERT_EQ(cell.operands.size(), kinds.size());
  for (size_t i = 0; i < kinds.size(); ++i)
    EXPECT_EQ(cell.operands[i].kind, kinds[i]) << i;
  EXPECT_EQ(cell.operands[1].least, 0);
  EXPECT_EQ(cell.operands[2].least, 1);
  EXPECT_EQ(cell.operands[2].state.text, "T");
  EXPECT_EQ(cell.body.params.size(), 1u);
  EXPECT_EQ(cell.body.uses.size(), 1u);
  EXPECT_EQ(cell.body.statements.size(), 1u);
  EXPECT_TRUE(model.params.empty());
}

TEST(Parser, AWrongHeaderHidesNoBody) {
  SourceFile file("f.edb", "network n\ncell f(x S,\n    y : S) -> S {\n"
                           "  param W : [2]\n  h = W 3\n}\n"
                           "cell g() -> S { h = 1 }\n");
  ModelFile model;
  Diagnostics diagnostics;
  parseModel(file, model, diagnostics);
  ASSERT_EQ(diagnostics.get().size(), 2u) << diagnostics.str();
  EXPECT_EQ(diagnostics.get()[0].place.line, 2u);
  EXPECT_EQ(diagnostics.get()[1].place.line, 5u);
  EXPECT_TRUE(model.params.empty());
  EXPECT_EQ(model.cells.size(), 1u);
}

TEST(Parser, ABracketOnTheNextLineIsNoLookup) {
  EXPECT_NE(parseBody("x = a\n[b; c]")
                .find("'let' or the name of a field, found '['"),
            std::string::npos);
}

TEST(Parser, DocComments) {
  SourceFile file("f.edb", "network n\n/// One\n//  no\n///  two \n///\n"
                           "cell f() -> S {\n}\ncell g() -> S {\n}\n");
  ModelFile model;
  Diagnostics diagnostics;
  parseModel(file, model, diagnostics);
  EXPECT_EQ(diagnostics.str(), "");
  EXPECT_EQ(model.cells.at(0).doc, "One\n two\n");
  EXPECT_EQ(model.cells.at(1).doc, "");
}

TEST(Parser, KeepsWhatItCouldRead) {
  SourceFile file("f.edb", "network n\ndim a = \ndim b = 2\nparam W [3]\n"
                           "cell f() -> S {\n  x = \n  y = 1\n}\n");
  ModelFile model;
  Diagnostics diagnostics;
  parseModel(file, model, diagnostics);
  EXPECT_EQ(diagnostics.get().size(), 3u);
  EXPECT_TRUE(model.isIncomplete);
  ASSERT_EQ(model.dims.size(), 1u);
  EXPECT_EQ(model.dims[0].name.text, "b");
  EXPECT_TRUE(model.params.empty());
  ASSERT_EQ(model.cells.size(), 1u);
  ASSERT_EQ(model.cells[0].body.statements.size(), 1u);
  EXPECT_EQ(model.cells[0].body.statements[0].names.front().text, "y");
}

TEST(Parser, BoundsTheDepthOfExpressions) {
  auto repeat = [](const std::string &text, unsigned count) {
    std::string all;
    for (unsigned i = 0; i < count; ++i)
      all += text;
    return all;
  };
  const std::string tooDeep = "expression is nested more than 256 deep";
  for (unsigned count : {1000u, 100000u})
    for (std::string body :
         {"x = " + repeat("(", count) + "a" + repeat(")", count),
          "x = " + repeat("(", count), "x = " + repeat("-", count) + "a",
          "x = a" + repeat(" + a", count), "x = a" + repeat(" @ a", count),
          "x = " + repeat("[", count), "x = " + repeat("f(", count) + "a",
          "x = " + repeat("E[", count) + "a",
          "x = " + repeat("sum(k in a : ", count) + "a",
          "x = a" + repeat("[0 : 1]", count)})
      EXPECT_NE(parseBody(body).find(tooDeep), std::string::npos)
          << body.substr(0, 20);
  EXPECT_EQ(parseBody("x = a" + repeat(" + a", 255)).find(tooDeep),
            std::string::npos);
  EXPECT_EQ(parseBody("x = " + repeat("(", 255) + "a" + repeat(")", 255)),
            "x = a;");
}

} // namespace
