//===- BodyImporter.h - checks and builds a body ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_FRONTEND_BODYIMPORTER_H
#define EDBC_COMPILER_FRONTEND_BODYIMPORTER_H

#include "compiler/Frontend/ImportContext.h"

namespace edbc::frontend {

struct Function;

/// Whether expressions can call a function of that name.
bool isFunction(llvm::StringRef name);

/// The declaration that a vector has its shape from.
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
    Token,
    Number,
    Vector,
    Concat, ///< a vector that may only be multiplied
  };

  Kind kind = Kind::Unknown;
  SourceRange place; ///< that gives a name its meaning
  mlir::Value value; ///< of Node, Token, Vector and Concat
  double number = 0;
  Origin origin; ///< of Vector and Concat

  bool is(Kind other) const { return kind == other; }
  mlir::RankedTensorType getType() const {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }
};

/// Checks statements and builds what they compute at the builder's insertion
/// point. After an error what is built is useless.
class BodyImporter {
public:
  /// `inside` is null in a cell; `result` is null after an error.
  BodyImporter(ImportContext &context, const Layer *inside,
               const Record *result);

  /// Gives a name its meaning, unless it has one already: an error.
  void define(const Name &name, Value value);
  /// Imports the statements; returns the members of the result in order, or
  /// some of them after an error. `owner` is the name of the cell or layer.
  llvm::SmallVector<mlir::Value> run(llvm::ArrayRef<Statement> body,
                                     const Name &owner);

private:
  using SmallValues = llvm::SmallVector<Value, 2>;

  void importStatement(const Statement &statement);
  void assign(const Name &name, Value value, SourceRange place);

  /// The meaning of a name in this body; null where it has none.
  const Value *findLocal(llvm::StringRef name) const {
    auto it = locals.find(name);
    return it == locals.end() ? nullptr : &it->second;
  }
  const Param *findParam(llvm::StringRef name) const {
    return context.findParam(inside, name);
  }
  const Layer *findLayer(llvm::StringRef name) const {
    return context.findLayer(inside, name);
  }
  /// The parameters that expressions can name.
  llvm::SmallVector<llvm::StringRef> getParamNames() const;
  /// The matrix parameter of that name; null after an error.
  const Param *findMatrix(const Name &name);

  /// A Number, Vector, Concat or Unknown.
  Value importExpr(const Expr &expr);
  /// A Number, Vector or Unknown.
  Value importElement(const Expr &expr);
  Value importNumber(const Expr &expr);
  Value importName(const Expr &expr);
  Value importWeight(const Name &name);
  Value importField(const Expr &expr);
  Value importLookup(const Expr &expr);
  Value importProduct(const Expr &expr);
  Value importConcat(const Expr &expr);
  Value importCall(const Expr &expr);
  void reportUnknownFunction(const Name &name);
  void reportArity(const Expr &call, size_t arity);
  Value importElementwise(const Expr &expr, const Function &function);
  /// As many values as there are names for them.
  SmallValues importSeveral(const Expr &expr, size_t count);
  /// The results of a layer, Vectors or Unknowns; none after an error in its
  /// `use`.
  SmallValues importLayerCall(const Expr &expr, const Layer &layer);
  /// Makes `value` fit an operand of a layer; false after an error.
  bool passArgument(const Layer &layer, unsigned index, Value &value,
                    SourceRange place);
  /// Makes a vector of that type of a number; Unknown after an error. Leaves
  /// other values as they are.
  Value fill(Value value, mlir::RankedTensorType type, SourceRange place);

  template <typename... Ts>
  Value error(SourceRange place, const char *format, Ts &&...values) {
    context.reporter.error(place, format, std::forward<Ts>(values)...);
    return {};
  }
  template <typename... Ts>
  void note(SourceRange place, const char *format, Ts &&...values) {
    context.reporter.note(place, format, std::forward<Ts>(values)...);
  }
  void noteOrigin(const Value &vector) {
    note(vector.origin.place, "[{0}] comes from {1}",
         vector.getType().getDimSize(0), vector.origin.words);
  }

  ImportContext &context;
  mlir::OpBuilder &builder;
  const Layer *inside;
  const Record *result;
  NameMap<Value> locals;
};

} // namespace edbc::frontend

#endif // EDBC_COMPILER_FRONTEND_BODYIMPORTER_H
