//===- DiagnosticsTest.cpp - tests of rendered errors -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/Diagnostics.h"

#include "gtest/gtest.h"

using namespace edbc;

namespace {

std::string render(llvm::StringRef text, SourceRange place) {
  Diagnostics diagnostics;
  diagnostics.error(SourceFile("f.edb", text), place, "wrong");
  return diagnostics.str();
}

TEST(Diagnostics, ShowsLineAndCaret) {
  EXPECT_EQ(render("one\ntwo three\nfour", {8, 13}),
            "f.edb:2:5: error: wrong\ntwo three\n    ^~~~~\n");
  EXPECT_EQ(render("a + bc", {0, 6, 2}),
            "f.edb:1:3: error: wrong\na + bc\n~~^~~~\n");
}

TEST(Diagnostics, PointsBehindTheLastCharacter) {
  EXPECT_EQ(render("", {0, 0}), "f.edb:1:1: error: wrong\n\n^\n");
  EXPECT_EQ(render("ab\ncd", {2, 2}), "f.edb:1:3: error: wrong\nab\n  ^\n");
  EXPECT_EQ(render("ab\r\ncd", {2, 2}), "f.edb:1:3: error: wrong\nab\n  ^\n");
}

TEST(Diagnostics, UnderlinesNoMoreThanTheLine) {
  EXPECT_EQ(render("ab\ncd", {1, 5}), "f.edb:1:2: error: wrong\nab\n ^\n");
}

TEST(Diagnostics, ExpandsTabs) {
  EXPECT_EQ(render("\ta\tb", {3, 4}),
            "f.edb:1:4: error: wrong\n        a       b\n                ^\n");
}

TEST(Diagnostics, CountsCharactersNotBytes) {
  // The first is one column wide, the second two.
  EXPECT_EQ(render("\xC3\xA9 x", {3, 4}),
            "f.edb:1:3: error: wrong\n\xC3\xA9 x\n  ^\n");
  EXPECT_EQ(render("\xE6\xA0\x91 x", {4, 5}),
            "f.edb:1:3: error: wrong\n\xE6\xA0\x91 x\n   ^\n");
  EXPECT_EQ(render("\xFF\x01 x", {3, 4}),
            "f.edb:1:4: error: wrong\n?? x\n   ^\n");
}

TEST(Diagnostics, CutsLongLines) {
  std::string text(100000, 'x');
  std::string rendered = render(text, {50000, 50001});
  EXPECT_EQ(rendered, "f.edb:1:50001: error: wrong\n" + std::string(120, 'x') +
                          "\n" + std::string(80, ' ') + "^\n");
}

TEST(Diagnostics, StopsAfterTwentyErrors) {
  Diagnostics diagnostics;
  SourceFile file("f.edb", "x");
  for (int i = 0; i < 30; ++i) {
    diagnostics.error(file, {0, 1}, "wrong " + llvm::Twine(i));
    diagnostics.note(file, {0, 1}, "because");
  }
  ASSERT_EQ(diagnostics.get().size(), 2 * Diagnostics::maxErrors + 1);
  EXPECT_EQ(diagnostics.get().back().message,
            "too many errors; the rest is not shown");
}

TEST(Diagnostics, DropsWhatIsThereAlready) {
  Diagnostics diagnostics;
  SourceFile file("f.edb", "x y");
  diagnostics.error(file, {0, 1}, "wrong");
  diagnostics.note(file, {2, 3}, "because");
  diagnostics.error(file, {0, 1}, "wrong");
  diagnostics.note(file, {2, 3}, "because");
  diagnostics.error(file, {2, 3}, "wrong");
  diagnostics.error(file, {0, 1}, "worse");
  EXPECT_EQ(diagnostics.str(), "f.edb:1:1: error: wrong\nx y\n^\n"
                               "f.edb:1:3: note: because\nx y\n  ^\n"
                               "f.edb:1:3: error: wrong\nx y\n  ^\n"
                               "f.edb:1:1: error: worse\nx y\n^\n");
}

TEST(Diagnostics, ErrorsSayWhatTheyAreIn) {
  Diagnostics diagnostics;
  SourceFile file("f.edb", "x y z");
  ErrorContext outer = {{2, 3}, "in y"}, inner = {{4, 5}, "in z", &outer};
  diagnostics.context = &inner;
  diagnostics.error(file, {0, 1}, "wrong");
  diagnostics.note(file, {0, 1}, "because");
  diagnostics.context = nullptr;
  diagnostics.error(file, {2, 3}, "wrong");
  EXPECT_EQ(diagnostics.str(), "f.edb:1:1: error: wrong\nx y z\n^\n"
                               "f.edb:1:5: note: in z\nx y z\n    ^\n"
                               "f.edb:1:3: note: in y\nx y z\n  ^\n"
                               "f.edb:1:1: note: because\nx y z\n^\n"
                               "f.edb:1:3: error: wrong\nx y z\n  ^\n");
}

TEST(Diagnostics, CommandLineErrorsHaveNoPlace) {
  Diagnostics diagnostics;
  EXPECT_FALSE(diagnostics.hasErrors());
  diagnostics.commandLineError("-D x: wrong");
  EXPECT_TRUE(diagnostics.hasErrors());
  EXPECT_EQ(diagnostics.str(), "command line: error: -D x: wrong\n");
  EXPECT_EQ(diagnostics.get()[0].place.line, 0u);
}

TEST(Diagnostics, SuggestsTheNearestName) {
  EXPECT_EQ(suggest("hiden", {"vocabulary", "hidden", "hider"}),
            "; did you mean 'hidden'?");
  EXPECT_EQ(suggest("node", {"Node"}), "; did you mean 'Node'?");
  EXPECT_EQ(suggest("b", {"x", "y"}), "");
  EXPECT_EQ(suggest("anything", {}), "");
}

} // namespace
