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

/// Parameters and layers, by the names that bodies use for them.
struct Scope {
  NameMap<Param> params;
  NameMap<std::unique_ptr<Layer>> layers;
};

/// A layer with weights of its own: one name of a `use`.
struct Layer {
  const LayerDecl *decl = nullptr; ///< null after an error in the `use`
  Name name;                       ///< in the `use`
  Layer *user = nullptr; ///< in which the `use` stands; null at the top level
  std::string path;      ///< the names of all users and its own, with dots
  ErrorContext context;  ///< of errors in what `decl` declares
  DimArguments dims;
  Scope scope; ///< what `decl` declares
  /// What it computes: arguments are the operands. Null after an error.
  std::unique_ptr<mlir::Block> body;
  llvm::SmallVector<mlir::Value> results; ///< values of the body
};

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
  uint64_t layerText = 0;     ///< of layers in use, bytes
  uint64_t numInlinedOps = 0; ///< by calls of layers

  mlir::Location getLoc(SourceRange place) const;
  /// The type of a vector or matrix; null after an error.
  mlir::RankedTensorType getType(const Shape &shape, unsigned maxRank,
                                 const DimArguments *arguments = nullptr);
  /// Builds parameters and adds them to a scope: that of the layer that
  /// declares them (there their names must be free), or the top level's.
  void importParams(const ParamDecl &decl, Layer *layer);
  /// The state of that name; null, and reported, where there is none.
  State *findState(const Name &name);
  /// The member of that name; null, and reported, where there is none.
  const Tensor *findMember(const Record &record, const Name &name) const;
  /// Where bodies have a parameter or layer of that name from: the given layer
  /// (null in cells) or the top level; null where there is none.
  const Param *findParam(const Layer *inside, llvm::StringRef name) const;
  const Layer *findLayer(const Layer *inside, llvm::StringRef name) const;
  /// Whether a name can be given to something in a layer (null: in a cell): no
  /// function, parameter or layer there has it. Else an error.
  bool checkIsFree(const Layer *inside, const Name &name) const;
  /// Reports that `name` has a meaning, from `place`.
  void reportDefined(const Name &name, SourceRange place) const;
  /// Reports a name that means nothing, unless a syntax error may be why.
  void reportUnknown(const char *what, const Name &name,
                     llvm::ArrayRef<llvm::StringRef> candidates) const;
};

} // namespace edbc::frontend

#endif // EDBC_COMPILER_FRONTEND_IMPORTCONTEXT_H
