//===- BodyImporter.h - checks and builds a body ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_FRONTEND_BODYIMPORTER_H
#define EDBC_COMPILER_FRONTEND_BODYIMPORTER_H

#include "compiler/Frontend/Functions.h"
#include "compiler/Frontend/ImportContext.h"

namespace edbc::frontend {

/// The declaration that a tensor has its shape from.
struct Origin {
  SourceRange place;
  std::string words;
};

/// What a name or an expression stands for.
struct Value {
  enum class Kind {
    Unknown,    ///< an error was reported
    Unassigned, ///< a member of the result before its assignment
    Node,
    Nodes, ///< a list of nodes
    Token,
    Number,  ///< fills a tensor whose shape comes from where it stands
    Columns, ///< a vector that fills the columns of such a matrix
    Rows,    ///< a vector that fills the rows of such a matrix
    Tensor,
    Concat, ///< a tensor that can't be computed with, but for multiplying it
  };

  Kind kind = Kind::Unknown;
  SourceRange place; ///< that gives a name its meaning
  mlir::Value value; ///< of Node, Nodes, Token, Columns, Rows, Tensor, Concat
  double number = 0;
  Origin origin; ///< of Columns, Rows, Tensor and Concat

  bool is(Kind other) const { return kind == other; }
  bool isTensor() const { return is(Kind::Tensor) || is(Kind::Concat); }
  bool isFiller() const {
    return is(Kind::Number) || is(Kind::Columns) || is(Kind::Rows);
  }
  /// Of those that have a vector or matrix as value.
  mlir::RankedTensorType getType() const {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }
};

/// Checks statements and builds what they compute at the builder's insertion
/// point. After an error what is built is useless.
///
/// Statements and names are in BodyImporter.cpp, operators and what stands in
/// brackets in BodyImporterExpressions.cpp, all that looks like a call in
/// BodyImporterCalls.cpp.
class BodyImporter {
public:
  /// `scope` is that of the cell or layer; `result` is null after an error.
  BodyImporter(ImportContext &context, const Scope &scope,
               const Record *result);

  /// Gives a name its meaning; false after an error, where it has one already.
  bool define(const Name &name, Value value);
  /// Imports the statements; returns the members of the result in order, or
  /// some of them after an error. `owner` is the name of the cell or layer.
  llvm::SmallVector<mlir::Value> run(llvm::ArrayRef<Statement> statements,
                                     const Name &owner);

private:
  using SmallValues = llvm::SmallVector<Value, 2>;

  void importStatement(const Statement &statement);
  void assign(const Name &name, Value value, SourceRange place);

  //===--------------------------------------------------------------------===//
  // Names
  //===--------------------------------------------------------------------===//

  /// The meaning of a name in this body; null where it has none.
  const Value *findLocal(llvm::StringRef name) const {
    auto it = locals.find(name);
    return it == locals.end() ? nullptr : &it->second;
  }
  const Param *findParam(llvm::StringRef name) const {
    return context.findParam(scope, name);
  }
  const Layer *findLayer(llvm::StringRef name) const {
    return context.findLayer(scope, name);
  }
  /// The parameters that expressions can name.
  llvm::SmallVector<llvm::StringRef> getParamNames() const;
  /// The meaning of a name in this body, for where only such names can stand:
  /// Unknown after an error, where the name means nothing; null where it means
  /// something else.
  const Value *findOperand(const Name &name);
  /// The parameter of that name to look up in; null after an error.
  const Param *findTable(const Name &name);
  /// The token that an expression names. Else the error `expected`, unless
  /// there is one already, and null.
  const Value *findToken(const Expr &expr, const char *expected);

  Value importName(const Expr &expr);
  Value importWeight(const Name &name);
  Value importField(const Expr &expr);
  Value readField(const Value &node, const Expr &expr);

  //===--------------------------------------------------------------------===//
  // Expressions
  //===--------------------------------------------------------------------===//

  /// A Tensor, a Concat, a filler or Unknown.
  Value importExpr(const Expr &expr);
  /// A Tensor, a filler or Unknown.
  Value importElement(const Expr &expr);
  /// A Tensor of that rank (0 for any) or Unknown. `what` the expression is,
  /// for messages.
  Value importTensor(const Expr &expr, const llvm::Twine &what, unsigned rank);
  /// Whether a value is a Tensor or Concat of that rank (0 for any). Else an
  /// error, unless there is one already.
  bool checkIsTensor(const Value &value, const llvm::Twine &what, unsigned rank,
                     SourceRange place);
  Value importNumber(const Expr &expr);
  Value importLookup(const Expr &expr);
  Value importSlice(const Expr &expr);
  Value importProduct(const Expr &expr);
  Value importConcat(const Expr &expr);
  Value importElementwise(const Expr &expr, const Function &function);
  /// Makes of a filler a Tensor of that type, which comes from `origin`;
  /// Unknown after an error. Leaves other values as they are.
  Value fill(Value value, mlir::RankedTensorType type, const Origin &origin,
             SourceRange place);

  //===--------------------------------------------------------------------===//
  // Calls
  //===--------------------------------------------------------------------===//

  Value importCall(const Expr &expr);
  void reportUnknownFunction(const Name &name);
  void reportArity(const Expr &call, size_t arity);
  Value importVectorFunction(const Expr &expr, const Function &function);
  Value importCrossEntropy(const Expr &expr);
  Value importFiller(const Expr &expr, Value::Kind kind);
  /// Imports `sum(k in nodes : ...)`, or the short form `sum(nodes.field)`.
  Value importReduction(const Expr &expr);
  /// The list that a reduction is over; Unknown after an error.
  Value findReduced(const Expr &expr);
  /// As many values as there are names for them.
  SmallValues importSeveral(const Expr &expr, size_t count);
  /// The results of a layer, Tensors, Concats or Unknowns; none after an error
  /// in its `use`.
  SmallValues importLayerCall(const Expr &expr, const Layer &layer);
  /// Makes `value` fit an operand of a layer; false after an error.
  bool passArgument(const Layer &layer, unsigned index, Value &value,
                    SourceRange place);

  //===--------------------------------------------------------------------===//
  // Messages
  //===--------------------------------------------------------------------===//

  template <typename... Ts>
  Value error(SourceRange place, const char *format, Ts &&...values) {
    context.reporter.error(place, format, std::forward<Ts>(values)...);
    return {};
  }
  template <typename... Ts>
  void note(SourceRange place, const char *format, Ts &&...values) {
    context.reporter.note(place, format, std::forward<Ts>(values)...);
  }
  void noteOrigin(mlir::RankedTensorType type, const Origin &origin) {
    note(origin.place, "{0} comes from {1}", formatShape(type), origin.words);
  }
  void noteOrigin(const Value &value) {
    noteOrigin(value.getType(), value.origin);
  }

  ImportContext &context;
  mlir::OpBuilder &builder;
  const Scope &scope;
  const Record *result;
  NameMap<Value> locals;
  bool isReducing = false; ///< in the expression of a reduction
};

/// A Tensor, or a Concat if that is what computes it.
Value makeTensor(mlir::Value value, Origin origin);

} // namespace edbc::frontend

#endif // EDBC_COMPILER_FRONTEND_BODYIMPORTER_H
