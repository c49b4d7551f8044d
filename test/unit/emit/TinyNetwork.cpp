//===- TinyNetwork.cpp - a module that is ready to be emitted ---*- C++ -*-===//
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

static const char *const declarations =
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
      %item = llvm.call @entry(%buffers, %0, %row) : (!llvm.ptr, i64, i64) -> i64
BODY
      %next = llvm.add %row, %1 : i64
      llvm.br ^head(%next : i64)
    ^exit:
      llvm.return
    }
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

std::string edbc::test::replaceAll(std::string text, const std::string &from,
                                   const std::string &to) {
  size_t position = text.find(from);
  EXPECT_NE(position, std::string::npos) << "no '" << from << "'";
  for (; position != std::string::npos;
       position = text.find(from, position + to.size()))
    text.replace(position, from.size(), to);
  return text;
}

std::string edbc::test::tinyNetwork() {
  std::string text = declarations;
  for (std::string suffix : {"v3", "v4"}) {
    text += "  module attributes {batch.isa = \"x86-64-" + suffix + "\"} {";
    text += sharedFunctions;
    const std::pair<const char *, const char *> phases[] = {
        {"leaf.0", leafBody},
        {"join.0", joinBody},
        {"scale.0", keepBody},
        {"scale.1", scaleBody}};
    for (auto [phase, body] : phases)
      text += replaceAll(
          replaceAll(loop, "NAME",
                     std::string("edbc.tiny.") + phase + "." + suffix),
          "BODY", body);
    text += "  }\n";
  }
  return text + "}\n";
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
