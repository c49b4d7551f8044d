//===- TinyNetwork.h - modules that are ready to be emitted -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_UNIT_EMIT_TINYNETWORK_H
#define EDBC_TEST_UNIT_EMIT_TINYNETWORK_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "gtest/gtest.h"

#include <string>
#include <vector>

namespace edbc::test {

/// A network `tiny` with cells of every kind of operand and functions written
/// by hand for both instruction sets:
///   leaf(word).h = E[word]            join(left, right).h = left.h + right.h
///   scale(node, by): y = by[0] * node.h, in two phases, through a workspace
/// of which the functions compute element 0 only.
std::string tinyNetwork();

/// The same for a network `bags` with matrices of 3 rows and 2 columns, and
/// with lists of nodes:
///   word(word).M = T[word] + W
///   bag(parts, others).M = sum of parts.M, in a phase for the elements and one
/// for the nodes, of which the functions compute row 0 of all columns. `W` is
/// bound in both of its forms. `others`, which may be empty, are not read.
std::string bagNetwork();

/// `text` with `from`, which must occur, replaced by `to` wherever it occurs.
std::string replaceAll(std::string text, const std::string &from,
                       const std::string &to);

/// A fixture with a context, a folder of its own, and the diagnostics that
/// were reported.
class EmitFixture : public ::testing::Test {
protected:
  EmitFixture();
  ~EmitFixture() override;

  /// Parses and verifies a module; it must be valid.
  mlir::OwningOpRef<mlir::ModuleOp> parse(const std::string &text);

  /// Of each diagnostic since the last call the beginning of the line that it
  /// is located at (its first two words) and the message: "PLACE: MESSAGE".
  std::vector<std::string> takeDiagnostics();

  /// An absolute path in the test's folder, which is removed in the end.
  std::string pathOf(const std::string &name) const;

  mlir::MLIRContext context;

private:
  std::string folder;
  std::string source; ///< of the last module parsed
  std::vector<std::string> diagnostics;
};

/// The contents of a file that must be there.
std::string readFile(const std::string &path);

} // namespace edbc::test

#endif // EDBC_TEST_UNIT_EMIT_TINYNETWORK_H
