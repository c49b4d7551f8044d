//===- AST.h - a parsed model file ------------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
// Syntax only: names are not resolved and shapes are not computed. All texts
// point into the source file, which must outlive the tree.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_FRONTEND_AST_H
#define EDBC_COMPILER_FRONTEND_AST_H

#include "compiler/Frontend/Diagnostics.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/Allocator.h"

namespace edbc::frontend {

/// Deepest nesting of expressions. It bounds every recursion over them.
inline constexpr unsigned maxExprDepth = 256;

/// A name where it stands in the file.
struct Name {
  llvm::StringRef text;
  SourceRange range;
};

/// A map that keeps the order of insertion, so that suggestions do not depend
/// on hashes.
template <typename T> using NameMap = llvm::MapVector<llvm::StringRef, T>;

/// The names of a map, for suggestions.
template <typename T>
llvm::SmallVector<llvm::StringRef> getNames(const NameMap<T> &map) {
  return llvm::map_to_vector(map,
                             [](const auto &entry) { return entry.first; });
}

/// An expression of a cell, or of a dimension.
struct Expr {
  enum class Kind {
    Number, ///< name.text is the literal
    Name,   ///< name
    Negate, ///< -operands[0]
    Binary, ///< operands[0] name.text operands[1]; the text is one of + - * / @
    Call,   ///< name(operands...)
    Concat, ///< [operands[0]; operands[1]; ...]
    Lookup, ///< name[operands[0]]
    Slice,  ///< operands[0][operands[1] : operands[2]], the latter dimensions
    Field,  ///< base.name
    Reduce, ///< name(variable in base : operands[0])
  };

  Kind kind;
  unsigned depth;    ///< 1 for a leaf
  SourceRange range; ///< pointing at the sign of an operator
  Name name;
  Name base;
  Name variable;
  llvm::ArrayRef<const Expr *> operands;
};

/// `[extent, ...]`
struct Shape {
  SourceRange range;
  llvm::SmallVector<const Expr *, 2> extents;
};

/// `dim name = value`
struct DimDecl {
  Name name;
  const Expr *value; ///< null where only the command line gives it
};

/// `param name, ... : shape`
struct ParamDecl {
  llvm::SmallVector<Name, 1> names;
  Shape shape;
};

/// `use name, ... : layer[extent, ...]`
struct UseDecl {
  llvm::SmallVector<Name, 1> names;
  Name layer;
  Shape dims; ///< without extents where there are no brackets
};

/// `name : shape`
struct FieldDecl {
  Name name;
  Shape shape;
};

/// `state name { field : shape, ... }`
struct StateDecl {
  Name name;
  std::vector<FieldDecl> fields;
};

/// `name : state`, `name : state*`, `name : state+`, `name : token[extent]` or
/// `name : [extent]`
struct OperandDecl {
  enum class Kind { Node, Nodes, Token, Dense };

  Name name;
  Kind kind;
  Name state;        ///< of Node and Nodes
  int64_t least = 0; ///< of Nodes: how many there are at least
  Shape shape;       ///< of Token and Dense
};

/// `let name, ... = value` or `field, ... = value`
struct Statement {
  bool isLet;
  llvm::SmallVector<Name, 1> names;
  const Expr *value;
};

/// `{ params, uses, statements }`
struct Body {
  std::vector<ParamDecl> params;
  std::vector<UseDecl> uses;
  std::vector<Statement> statements;
};

/// `layer name[dim, ...](operands) -> (results) body`
struct LayerDecl {
  Name name;
  uint32_t length = 0; ///< of the text behind the name, bytes
  llvm::SmallVector<Name, 1> dims;
  std::vector<FieldDecl> operands;
  std::vector<FieldDecl> results;
  Body body;
};

/// `cell name, ...(operands) -> result body`
struct CellDecl {
  std::string doc; ///< lines of the doc comment, without slashes
  llvm::SmallVector<Name, 1> names;
  uint32_t length = 0; ///< of the text behind the names, bytes
  std::vector<OperandDecl> operands;
  Name result;
  Body body;
};

/// `output name = state.field`
struct OutputDecl {
  Name name;
  Name state;
  Name field;
};

struct ModelFile {
  Name network;
  std::vector<DimDecl> dims;
  std::vector<ParamDecl> params;
  std::vector<LayerDecl> layers;
  std::vector<UseDecl> uses;
  std::vector<StateDecl> states;
  std::vector<CellDecl> cells;
  std::vector<OutputDecl> outputs;
  /// Something couldn't be parsed and is missing: what refers to it must not be
  /// called an error.
  bool isIncomplete = false;
  /// Owns the expressions.
  llvm::BumpPtrAllocator exprs;
};

} // namespace edbc::frontend

#endif // EDBC_COMPILER_FRONTEND_AST_H
