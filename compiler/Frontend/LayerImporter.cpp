//===- LayerImporter.cpp - checks and builds layers -------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/LayerImporter.h"

#include "compiler/Frontend/BodyImporter.h"
#include "compiler/Frontend/Frontend.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;

namespace edbc::frontend {

namespace {

class LayerImporter {
public:
  explicit LayerImporter(ImportContext &context)
      : context(context), reporter(context.reporter) {}

  void importUse(const UseDecl &use, Scope &user);

private:
  /// The layer that is used; null, and reported, where it can't be.
  const LayerDecl *findDecl(const UseDecl &use, const Scope &user);
  DimArguments importDims(const UseDecl &use, const LayerDecl &decl,
                          const Scope &user);
  void importMembers(Layer &layer);
  void importBody(Layer &layer);
  Record importResults(const Layer &layer);

  ImportContext &context;
  Reporter reporter;
};

} // namespace

void LayerImporter::importUse(const UseDecl &use, Scope &user) {
  const LayerDecl *decl = findDecl(use, user);
  DimArguments dims;
  if (decl)
    dims = importDims(use, *decl, user);
  for (const Name &name : use.names) {
    if (user.kind != Scope::Kind::TopLevel && !context.checkIsFree(user, name))
      continue;
    auto layer = std::make_unique<Layer>();
    layer->name = name;
    layer->user = user.layer;
    layer->scope.kind = Scope::Kind::Layer;
    layer->scope.layer = layer.get();
    layer->scope.path = user.getPath(name.text);
    layer->context = {name.range, "in '" + layer->scope.path + "', used here",
                      user.layer ? &user.layer->context : nullptr};
    if (decl && context.countText(decl->length, name.range)) {
      llvm::SaveAndRestore<const ErrorContext *> inside(
          reporter.diagnostics.context, &layer->context);
      layer->decl = decl;
      layer->scope.dims = dims;
      importMembers(*layer);
      importBody(*layer);
    }
    user.layers.try_emplace(name.text, std::move(layer));
  }
}

const LayerDecl *LayerImporter::findDecl(const UseDecl &use,
                                         const Scope &user) {
  auto it = context.layerDecls.find(use.layer.text);
  if (it == context.layerDecls.end()) {
    context.reportUnknown("layer", use.layer, getNames(context.layerDecls));
    return nullptr;
  }
  const LayerDecl *decl = it->second;
  context.usedLayers.insert(decl);
  unsigned depth = 0;
  std::string cycle = decl->name.text.str();
  for (const Layer *outer = user.layer; outer; outer = outer->user) {
    cycle = (outer->decl->name.text + " -> " + cycle).str();
    if (outer->decl == decl) {
      reporter.error(use.layer.range, "layer '{0}' uses itself: {1}",
                     decl->name.text, cycle);
      return nullptr;
    }
    if (++depth == maxLayerDepth) {
      reporter.error(use.layer.range,
                     "layers are used in one another more than {0} deep",
                     maxLayerDepth);
      return nullptr;
    }
  }
  return decl;
}

DimArguments LayerImporter::importDims(const UseDecl &use,
                                       const LayerDecl &decl,
                                       const Scope &user) {
  ArrayRef<const Expr *> extents = use.dims.extents;
  if (extents.size() != decl.dims.size()) {
    reporter.error(use.layer.range,
                   "layer '{0}' takes {1} dimension{2}, found {3}",
                   decl.name.text, decl.dims.size(),
                   decl.dims.size() == 1 ? "" : "s", extents.size());
    reporter.note(decl.name.range, "the layer is declared here");
  }
  DimArguments dims;
  NameMap<SourceRange> places;
  for (auto [i, name] : llvm::enumerate(decl.dims)) {
    std::optional<int64_t> value;
    if (extents.size() == decl.dims.size())
      value = context.dims.evaluateExtent(*extents[i], &user.dims);
    dims.try_emplace(name.text, value);
    auto [first, isFree] = places.try_emplace(name.text, name.range);
    if (!isFree)
      context.reportDefined(name, first->second);
  }
  return dims;
}

void LayerImporter::importMembers(Layer &layer) {
  const Body &body = layer.decl->body;
  for (const ParamDecl &params : body.params)
    context.importParams(params, layer.scope);
  for (const UseDecl &use : body.uses)
    importUse(use, layer.scope);
}

Record LayerImporter::importResults(const Layer &layer) {
  Record result = {"layer", "result", layer.decl->name, {}};
  for (const FieldDecl &field : layer.decl->results) {
    RankedTensorType type = context.getValueType(field.shape, 2, layer.scope);
    if (!context.checkIsFree(layer.scope, field.name))
      continue;
    auto [first, isFree] =
        result.members.try_emplace(field.name.text, Tensor{field.name, type});
    if (!isFree)
      context.reportDefined(field.name, first->second.name.range);
  }
  return result;
}

void LayerImporter::importBody(Layer &layer) {
  const LayerDecl &decl = *layer.decl;
  auto block = std::make_unique<Block>();
  OpBuilder::InsertionGuard guard(context.builder);
  context.builder.setInsertionPointToEnd(block.get());
  Record result = importResults(layer);
  BodyImporter body(context, layer.scope, &result);
  for (const FieldDecl &operand : decl.operands) {
    const Name &name = operand.name;
    Value value;
    if (Type type = context.getValueType(operand.shape, 2, layer.scope)) {
      value.kind = Value::Kind::Tensor;
      value.value = block->addArgument(type, context.getLoc(name.range));
      value.origin = {name.range, ("operand '" + name.text + "'").str()};
    }
    body.define(name, std::move(value));
  }
  SmallVector<mlir::Value> results = body.run(decl.body.statements, decl.name);
  bool hasDims = llvm::all_of(layer.scope.dims, [](const auto &entry) {
    return entry.second.has_value();
  });
  if (!hasDims || results.size() != decl.results.size() ||
      block->getNumArguments() != decl.operands.size())
    return;
  layer.body = std::move(block);
  layer.results = std::move(results);
}

void importUse(const UseDecl &use, Scope &scope, ImportContext &context) {
  LayerImporter(context).importUse(use, scope);
}

} // namespace edbc::frontend
