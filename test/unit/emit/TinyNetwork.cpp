//===- TinyNetwork.cpp - modules that are ready to be emitted ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/emit/TinyNetwork.h"

#include "dialects/Batch/Batch.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <utility>

using namespace edbc::test;

static const char *const tinyDeclarations =
    R"(module @tiny attributes {cell.dims = {hidden = 5 : i64, words = 4 : i64}} {
  batch.param @E : tensor<4x5xf32>
  batch.param @W : tensor<5x10xf32>
  batch.param @b : tensor<5xf32>
  batch.state @Node {h : 5} layout <offsets = [0], stride = 16>
  batch.state @Score {x : 5, y : 5} layout <offsets = [16, 0], stride = 32>
  batch.pack @join_0 rows 5 panel 16 [
    #batch.segment<5, [#batch.term<@W[0]>] into [0]>,
    #batch.segment<5, [#batch.term<@W[5]>] into [0]>]
  batch.kernel @leaf(%word: !batch.tokens<4>) -> @Node attributes {
      doc = "Looks a word up.\nA line that ends in \\",
      bindings = [#batch.binding<items>, #batch.binding<operand_tokens : 0>,
                  #batch.binding<result_rows>, #batch.binding<state of @Node>,
                  #batch.binding<constant of @E>]} {
    batch.phase width 5 {
      %x = batch.lookup @E[%word] : !batch.tokens<4> -> tensor<?x5xf32>
      batch.scatter %x to "h" : tensor<?x5xf32>
      batch.yield
    }
  }
  batch.kernel @join(%left: !batch.rows<@Node>, %right: !batch.rows<@Node>) -> @Node attributes {
      bindings = [#batch.binding<items>, #batch.binding<operand_rows : 0>,
                  #batch.binding<operand_rows : 1>,
                  #batch.binding<result_rows>, #batch.binding<state of @Node>,
                  #batch.binding<constant of @join_0>, #batch.binding<constant of @b>]} {
    batch.phase width 5 weights @join_0 panel 16 {
      %l = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x5xf32>
      %r = batch.gather %right["h"] : !batch.rows<@Node> -> tensor<?x5xf32>
      %p = batch.product %l, %r with [#batch.term<@W[0]>, #batch.term<@W[5]>]
          : tensor<?x5xf32>, tensor<?x5xf32> -> tensor<?x5xf32>
      batch.scatter %p to "h" : tensor<?x5xf32>
      batch.yield
    }
  }
  batch.kernel @scale(%node: !batch.rows<@Node>, %by: !batch.values<5>) -> @Score attributes {
      workspace = #batch.row_layout<offsets = [0], stride = 16>,
      bindings = [#batch.binding<items>, #batch.binding<operand_rows : 0>,
                  #batch.binding<operand_values : 1>,
                  #batch.binding<result_rows>, #batch.binding<state of @Node>,
                  #batch.binding<state of @Score>, #batch.binding<workspace>]} {
    %kept = batch.phase width 5 slots [0] {
      %h = batch.gather %node["h"] : !batch.rows<@Node> -> tensor<?x5xf32>
      batch.yield %h : tensor<?x5xf32>
    } : tensor<?x5xf32>
    batch.phase width 5 {
      %v = batch.input %by : !batch.values<5> -> tensor<?x5xf32>
      batch.scatter %v to "x" : tensor<?x5xf32>
      batch.scatter %kept to "y" : tensor<?x5xf32>
      batch.yield
    }
  }
  batch.output @hidden of @Node["h"]
  batch.output @scaled of @Score["y"]
  batch.policy @policy encoding <sort> [
    #batch.transition<[@leaf] -> @leaf>,
    #batch.transition<[@scale, @join] -> @join>]
)";

static const char *const bagDeclarations = R"(module @bags {
  batch.param @T : tensor<4x3x2xf32>
  batch.param @W : tensor<3x2xf32>
  batch.state @Node {M : 3 by 2} layout <offsets = [0], stride = 32>
  batch.kernel @word(%word: !batch.tokens<4>) -> @Node attributes {
      bindings = [#batch.binding<items>, #batch.binding<operand_tokens : 0>,
                  #batch.binding<result_rows>, #batch.binding<state of @Node>,
                  #batch.binding<columns of @T>, #batch.binding<columns of @W>,
                  #batch.binding<constant of @W>]} {
    batch.phase width 3 columns 2 {
      %t = batch.lookup @T[%word] : !batch.tokens<4> -> tensor<?x3x2xf32>
      %w = batch.broadcast @W : tensor<?x3x2xf32>
      %m = arith.addf %t, %w : tensor<?x3x2xf32>
      batch.scatter %m to "M" : tensor<?x3x2xf32>
      batch.yield
    }
  }
  batch.kernel @bag(%parts: !batch.ragged<@Node, 1>, %others: !batch.ragged<@Node>) -> @Node attributes {
      element_workspaces = [#batch.row_layout<offsets = [0], stride = 32>,
                            #batch.row_layout<offsets = [0], stride = 0>],
      bindings = [#batch.binding<items>, #batch.binding<element_rows : 0>,
                  #batch.binding<result_rows>, #batch.binding<element_begins : 0>,
                  #batch.binding<state of @Node>,
                  #batch.binding<element_workspace : 0>,
                  #batch.binding<element_owners : 1>]} {
    %kept = batch.phase width 3 columns 2 over 0 slots [0] {
      %m = batch.gather %parts["M"]
          : !batch.ragged<@Node, 1> -> tensor<?x3x2xf32, #batch.each<0>>
      batch.yield %m : tensor<?x3x2xf32, #batch.each<0>>
    } : tensor<?x3x2xf32, #batch.each<0>>
    batch.phase width 3 columns 2 {
      %sum = batch.reduce sum %kept
          : tensor<?x3x2xf32, #batch.each<0>> -> tensor<?x3x2xf32>
      batch.scatter %sum to "M" : tensor<?x3x2xf32>
      batch.yield
    }
  }
  batch.output @matrix of @Node["M"]
)";

/// The functions that all phases use. `@slot` isn't internal, to show that it
/// becomes so.
static const char *const sharedFunctions = R"(
    llvm.func @slot(%buffers: !llvm.ptr, %index: i64) -> !llvm.ptr {
      %p = llvm.getelementptr %buffers[%index] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
      %slot = llvm.load %p : !llvm.ptr -> !llvm.ptr
      llvm.return %slot : !llvm.ptr
    }
    llvm.func internal @entry(%buffers: !llvm.ptr, %slot: i64, %index: i64) -> i64 {
      %array = llvm.call @slot(%buffers, %slot) : (!llvm.ptr, i64) -> !llvm.ptr
      %p = llvm.getelementptr %array[%index] : (!llvm.ptr, i64) -> !llvm.ptr, i32
      %value = llvm.load %p : !llvm.ptr -> i32
      %entry = llvm.zext %value : i32 to i64
      llvm.return %entry : i64
    }
    llvm.func internal @row(%buffers: !llvm.ptr, %slot: i64, %index: i64, %stride: i64) -> !llvm.ptr {
      %array = llvm.call @slot(%buffers, %slot) : (!llvm.ptr, i64) -> !llvm.ptr
      %offset = llvm.mul %index, %stride : i64
      %row = llvm.getelementptr %array[%offset] : (!llvm.ptr, i64) -> !llvm.ptr, f32
      llvm.return %row : !llvm.ptr
    }
)";

/// A phase's function: its BODY, row by row.
static const char *const loop = R"(
    llvm.func @NAME(%buffers: !llvm.ptr, %begin: i64, %end: i64, %panelBegin: i64, %panelEnd: i64) {
      %0 = llvm.mlir.constant(0 : i64) : i64
      %1 = llvm.mlir.constant(1 : i64) : i64
      %2 = llvm.mlir.constant(2 : i64) : i64
      %3 = llvm.mlir.constant(3 : i64) : i64
      %4 = llvm.mlir.constant(4 : i64) : i64
      %5 = llvm.mlir.constant(5 : i64) : i64
      %6 = llvm.mlir.constant(6 : i64) : i64
      %16 = llvm.mlir.constant(16 : i64) : i64
      %32 = llvm.mlir.constant(32 : i64) : i64
      llvm.br ^head(%begin : i64)
    ^head(%row: i64):
      %more = llvm.icmp "slt" %row, %end : i64
      llvm.cond_br %more, ^body, ^exit
    ^body:
BODY
      %next = llvm.add %row, %1 : i64
      llvm.br ^head(%next : i64)
    ^exit:
      llvm.return
    }
)";

/// Where a row is a node.
static const std::string itemOfRow = R"(
      %item = llvm.call @entry(%buffers, %0, %row) : (!llvm.ptr, i64, i64) -> i64
)";

static const char *const leafBody = R"(
      %token = llvm.call @entry(%buffers, %1, %item) : (!llvm.ptr, i64, i64) -> i64
      %result = llvm.call @entry(%buffers, %2, %item) : (!llvm.ptr, i64, i64) -> i64
      %from = llvm.call @row(%buffers, %4, %token, %16) : (!llvm.ptr, i64, i64, i64) -> !llvm.ptr
      %to = llvm.call @row(%buffers, %3, %result, %16) : (!llvm.ptr, i64, i64, i64) -> !llvm.ptr
      %value = llvm.load %from : !llvm.ptr -> f32
      llvm.store %value, %to : f32, !llvm.ptr
)";

static const char *const joinBody = R"(
      %left = llvm.call @entry(%buffers, %1, %item) : (!llvm.ptr, i64, i64) -> i64
      %right = llvm.call @entry(%buffers, %2, %item) : (!llvm.ptr, i64, i64) -> i64
      %result = llvm.call @entry(%buffers, %3, %item) : (!llvm.ptr, i64, i64) -> i64
      %l = llvm.call @row(%buffers, %4, %left, %16) : (!llvm.ptr, i64, i64, i64) -> !llvm.ptr
      %r = llvm.call @row(%buffers, %4, %right, %16) : (!llvm.ptr, i64, i64, i64) -> !llvm.ptr
      %to = llvm.call @row(%buffers, %4, %result, %16) : (!llvm.ptr, i64, i64, i64) -> !llvm.ptr
      %lv = llvm.load %l : !llvm.ptr -> f32
      %rv = llvm.load %r : !llvm.ptr -> f32
      %sum = llvm.fadd %lv, %rv : f32
      llvm.store %sum, %to : f32, !llvm.ptr
)";

static const char *const keepBody = R"(
      %node = llvm.call @entry(%buffers, %1, %item) : (!llvm.ptr, i64, i64) -> i64
      %from = llvm.call @row(%buffers, %4, %node, %16) : (!llvm.ptr, i64, i64, i64) -> !llvm.ptr
      %to = llvm.call @row(%buffers, %6, %row, %16) : (!llvm.ptr, i64, i64, i64) -> !llvm.ptr
      %value = llvm.load %from : !llvm.ptr -> f32
      llvm.store %value, %to : f32, !llvm.ptr
)";

static const char *const scaleBody = R"(
      %result = llvm.call @entry(%buffers, %3, %item) : (!llvm.ptr, i64, i64) -> i64
      %kept = llvm.call @row(%buffers, %6, %row, %16) : (!llvm.ptr, i64, i64, i64) -> !llvm.ptr
      %by = llvm.call @row(%buffers, %2, %item, %16) : (!llvm.ptr, i64, i64, i64) -> !llvm.ptr
      %to = llvm.call @row(%buffers, %5, %result, %32) : (!llvm.ptr, i64, i64, i64) -> !llvm.ptr
      %k = llvm.load %kept : !llvm.ptr -> f32
      %b = llvm.load %by : !llvm.ptr -> f32
      %product = llvm.fmul %k, %b : f32
      llvm.store %product, %to : f32, !llvm.ptr
)";

/// Where a row is one of two columns: that of a node.
static const std::string positionOfRow = R"(
      %position = llvm.udiv %row, %2 : i64
      %column = llvm.urem %row, %2 : i64
)";
/// Column %column of the matrix in row FROM of the array in slot SLOT.
static const std::string columnAt = R"(
      %NAMEBase = llvm.mul FROM, %2 : i64
      %NAMEIndex = llvm.add %NAMEBase, %column : i64
      %NAME = llvm.call @row(%buffers, SLOT, %NAMEIndex, %16) : (!llvm.ptr, i64, i64, i64) -> !llvm.ptr
)";

static std::string columnIn(const std::string &name, const std::string &slot,
                            const std::string &row) {
  return replaceAll(
      replaceAll(replaceAll(columnAt, "NAME", name), "SLOT", slot), "FROM",
      row);
}

static std::string wordBody() {
  return positionOfRow + R"(
      %item = llvm.call @entry(%buffers, %0, %position) : (!llvm.ptr, i64, i64) -> i64
      %token = llvm.call @entry(%buffers, %1, %item) : (!llvm.ptr, i64, i64) -> i64
      %result = llvm.call @entry(%buffers, %2, %item) : (!llvm.ptr, i64, i64) -> i64
)" + columnIn("t", "%4", "%token") +
         columnIn("w", "%5", "%0") + columnIn("to", "%3", "%result") + R"(
      %tv = llvm.load %t : !llvm.ptr -> f32
      %wv = llvm.load %w : !llvm.ptr -> f32
      %sum = llvm.fadd %tv, %wv : f32
      llvm.store %sum, %to : f32, !llvm.ptr
)";
}

static std::string keepElementBody() {
  return positionOfRow + R"(
      %element = llvm.call @entry(%buffers, %1, %position) : (!llvm.ptr, i64, i64) -> i64
)" + columnIn("from", "%4", "%element") +
         columnIn("to", "%5", "%position") + R"(
      %value = llvm.load %from : !llvm.ptr -> f32
      llvm.store %value, %to : f32, !llvm.ptr
)";
}

static std::string sumBody() {
  return positionOfRow + R"(
      %item = llvm.call @entry(%buffers, %0, %position) : (!llvm.ptr, i64, i64) -> i64
      %result = llvm.call @entry(%buffers, %2, %item) : (!llvm.ptr, i64, i64) -> i64
      %after = llvm.add %position, %1 : i64
      %first = llvm.call @entry(%buffers, %3, %position) : (!llvm.ptr, i64, i64) -> i64
      %last = llvm.call @entry(%buffers, %3, %after) : (!llvm.ptr, i64, i64) -> i64
      %zero = llvm.mlir.constant(0.0 : f32) : f32
      llvm.br ^elements(%first, %zero : i64, f32)
    ^elements(%element: i64, %sum: f32):
      %some = llvm.icmp "slt" %element, %last : i64
      llvm.cond_br %some, ^add, ^store
    ^add:
)" + columnIn("kept", "%5", "%element") +
         R"(
      %value = llvm.load %kept : !llvm.ptr -> f32
      %larger = llvm.fadd %sum, %value : f32
      %following = llvm.add %element, %1 : i64
      llvm.br ^elements(%following, %larger : i64, f32)
    ^store:
)" + columnIn("to", "%4", "%result") +
         R"(
      llvm.store %sum, %to : f32, !llvm.ptr
)";
}

std::string edbc::test::replaceAll(std::string text, const std::string &from,
                                   const std::string &to) {
  size_t position = text.find(from);
  EXPECT_NE(position, std::string::npos) << "no '" << from << "'";
  for (; position != std::string::npos;
       position = text.find(from, position + to.size()))
    text.replace(position, from.size(), to);
  return text;
}

/// Declarations, and functions for both instruction sets.
static std::string
makeNetwork(const std::string &name, std::string text,
            const std::vector<std::pair<std::string, std::string>> &phases) {
  for (std::string suffix : {"v3", "v4"}) {
    text += "  module attributes {batch.isa = \"x86-64-" + suffix + "\"} {";
    text += sharedFunctions;
    for (const auto &[phase, body] : phases)
      text += replaceAll(
          replaceAll(loop, "NAME", "edbc." + name + "." + phase + "." + suffix),
          "BODY", body);
    text += "  }\n";
  }
  return text + "}\n";
}

std::string edbc::test::tinyNetwork() {
  return makeNetwork("tiny", tinyDeclarations,
                     {{"leaf.0", itemOfRow + leafBody},
                      {"join.0", itemOfRow + joinBody},
                      {"scale.0", itemOfRow + keepBody},
                      {"scale.1", itemOfRow + scaleBody}});
}

std::string edbc::test::bagNetwork() {
  return makeNetwork("bags", bagDeclarations,
                     {{"word.0", wordBody()},
                      {"bag.0", keepElementBody()},
                      {"bag.1", sumBody()}});
}

/// The first two words of line number `line`, without what follows a name.
static std::string beginningOfLine(llvm::StringRef text, unsigned line) {
  llvm::SmallVector<llvm::StringRef> lines, words;
  text.split(lines, '\n');
  lines[line - 1].trim().split(words, ' ', /*MaxSplit=*/2);
  return (words[0] + " " + words[1].split('(').first).str();
}

EmitFixture::EmitFixture() {
  context.loadDialect<batch::BatchDialect, mlir::LLVM::LLVMDialect>();
  context.getDiagEngine().registerHandler([this](mlir::Diagnostic &diagnostic) {
    auto place = mlir::cast<mlir::FileLineColLoc>(diagnostic.getLocation());
    diagnostics.push_back(beginningOfLine(source, place.getLine()) + ": " +
                          diagnostic.str());
  });
  llvm::SmallString<128> path;
  if (llvm::sys::fs::createUniqueDirectory("edbc-emit", path))
    ADD_FAILURE() << "no folder for temporary files";
  folder = path.str().str();
}

EmitFixture::~EmitFixture() { llvm::sys::fs::remove_directories(folder); }

mlir::OwningOpRef<mlir::ModuleOp> EmitFixture::parse(const std::string &text) {
  source = text;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  EXPECT_TRUE(module) << ::testing::PrintToString(diagnostics);
  return module;
}

std::vector<std::string> EmitFixture::takeDiagnostics() {
  return std::exchange(diagnostics, {});
}

std::string EmitFixture::pathOf(const std::string &name) const {
  return folder + "/" + name;
}

std::string edbc::test::readFile(const std::string &path) {
  auto file = llvm::MemoryBuffer::getFile(path);
  EXPECT_TRUE(file) << path;
  return file ? (*file)->getBuffer().str() : "";
}
