//===- ImportContext.h - what the steps of an import share ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_FRONTEND_IMPORTCONTEXT_H
#define EDBC_COMPILER_FRONTEND_IMPORTCONTEXT_H

#include "compiler/Frontend/AST.h"
#include "compiler/Frontend/Dimensions.h"
#include "mlir/IR/Block.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/SmallPtrSet.h"
#include <memory>

namespace edbc::frontend {

/// A parameter, a field of a state, or a result of a layer.
struct Tensor {
  Name name;                   ///< where it is declared
  mlir::RankedTensorType type; ///< null after an error
};

/// What the statements of a body assign: the fields of a state, or the results
/// of a layer.
struct Record {
  const char *kind;   ///< "state" or "layer"
  const char *member; ///< "field" or "result"
  Name name;          ///< of the state or the layer
  NameMap<Tensor> members;
};

struct State : Record {
  bool isYielded = false; ///< by some cell
};

struct Param : Tensor {
  std::string symbol; ///< its name in the module and in weights files
};

struct Layer;

/// What is declared at the top level, in a cell or in a layer in use:
/// parameters and layers, by the names that bodies use for them.
struct Scope {
  enum class Kind { TopLevel, Cell, Layer };

  Kind kind = Kind::TopLevel;
  const Layer *layer = nullptr; ///< of Layer
  /// The names of the cell and layers around and its own, with dots.
  std::string path;
  DimArguments dims; ///< of Layer
  NameMap<Param> params;
  NameMap<std::unique_ptr<Layer>> layers;

  /// The path of what is declared here under that name.
  std::string getPath(llvm::StringRef name) const {
    return path.empty() ? name.str() : path + "." + name.str();
  }
};

/// A layer with weights of its own: one name of a `use`.
struct Layer {
  const LayerDecl *decl = nullptr; ///< null after an error in the `use`
  Name name;                       ///< in the `use`
  const Layer *user = nullptr;     ///< in which the `use` stands, if in one
  ErrorContext context;            ///< of errors in what `decl` declares
  Scope scope;                     ///< what `decl` declares
  /// What it computes: arguments are the operands. Null after an error.
  std::unique_ptr<mlir::Block> body;
  llvm::SmallVector<mlir::Value> results; ///< values of the body
};

/// `[extent, ...]`
std::string formatShape(mlir::RankedTensorType type);

/// What the steps of an import share.
struct ImportContext {
  const ModelFile &model;
  mlir::OpBuilder &builder;
  Reporter reporter;
  Dimensions dims;
  NameMap<State> states;
  Scope scope; ///< of the top level
  NameMap<const LayerDecl *> layerDecls;
  llvm::SmallPtrSet<const LayerDecl *, 8> usedLayers;
  uint64_t numParamElements = 0;
  uint64_t bodyText = 0;      ///< of cells and layers in use, bytes
  uint64_t numInlinedOps = 0; ///< by calls of layers

  mlir::Location getLoc(SourceRange place) const;
  /// The type of a tensor; null after an error.
  mlir::RankedTensorType getType(const Shape &shape, unsigned maxRank,
                                 const Scope &scope);
  /// The same of a tensor that each node has one of.
  mlir::RankedTensorType getValueType(const Shape &shape, unsigned maxRank,
                                      const Scope &scope);
  /// Whether a tensor isn't too large for each node to have one. Else an error.
  bool checkSize(mlir::RankedTensorType type, SourceRange place) const;
  /// Counts the text of a cell or layer; false after an error, when it is too
  /// much.
  bool countText(uint64_t length, SourceRange place);
  /// Builds parameters and adds them to a scope. Other than at the top level,
  /// their names must be free.
  void importParams(const ParamDecl &decl, Scope &scope);
  /// The state of that name; null, and reported, where there is none.
  State *findState(const Name &name);
  /// The member of that name; null, and reported, where there is none.
  const Tensor *findMember(const Record &record, const Name &name) const;
  /// What a body in that scope means by a parameter or layer of that name; null
  /// where there is none.
  const Param *findParam(const Scope &inside, llvm::StringRef name) const;
  const Layer *findLayer(const Scope &inside, llvm::StringRef name) const;
  /// Whether a name can be given to something in a scope: no function, and no
  /// parameter or layer that it would hide, has it. Else an error. A layer's
  /// names may hide those of the top level.
  bool checkIsFree(const Scope &inside, const Name &name) const;
  /// Reports that `name` has a meaning, from `place`.
  void reportDefined(const Name &name, SourceRange place) const;
  /// Reports a name that means nothing, unless a syntax error may be why.
  void reportUnknown(const char *what, const Name &name,
                     llvm::ArrayRef<llvm::StringRef> candidates) const;
};

} // namespace edbc::frontend

#endif // EDBC_COMPILER_FRONTEND_IMPORTCONTEXT_H
