//===- ImportContext.cpp - what the steps of an import share ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/ImportContext.h"

#include "compiler/Frontend/BodyImporter.h"
#include "compiler/Frontend/Frontend.h"
#include "dialects/Cell/Cell.h"

using namespace mlir;

namespace edbc::frontend {

Location ImportContext::getLoc(SourceRange place) const {
  SourceFile::Place at = reporter.file.getPlace(place.caret);
  return FileLineColLoc::get(builder.getContext(), reporter.file.getName(),
                             at.line, at.column);
}

RankedTensorType ImportContext::getType(const Shape &shape, unsigned maxRank,
                                        const DimArguments *arguments) {
  if (shape.extents.size() > maxRank) {
    reporter.error(shape.range, "expected {0}, found {1}",
                   maxRank == 1 ? "one dimension" : "one or two dimensions",
                   shape.extents.size());
    return {};
  }
  SmallVector<int64_t, 2> extents;
  for (const Expr *extent : shape.extents)
    if (std::optional<int64_t> value = dims.evaluateExtent(*extent, arguments))
      extents.push_back(*value);
  if (extents.size() != shape.extents.size())
    return {};
  return RankedTensorType::get(extents, builder.getF32Type());
}

void ImportContext::importParams(const ParamDecl &decl, Layer *layer) {
  RankedTensorType type =
      getType(decl.shape, 2, layer ? &layer->dims : nullptr);
  for (const Name &name : decl.names) {
    if (layer && !checkIsFree(layer, name))
      continue;
    std::string symbol =
        ((layer ? layer->path + "." : std::string()) + name.text).str();
    (layer ? layer->scope : scope)
        .params.try_emplace(name.text, Param{{name, type}, symbol});
    if (!type)
      continue;
    bool fitted = numParamElements <= maxParamElements;
    numParamElements += type.getNumElements();
    if (fitted && numParamElements > maxParamElements)
      reporter.error(name.range,
                     "the parameters up to here hold {0} numbers; the most is "
                     "{1}",
                     numParamElements, maxParamElements);
    cell::ParamOp::create(builder, getLoc(name.range), symbol, type);
  }
}

State *ImportContext::findState(const Name &name) {
  auto it = states.find(name.text);
  if (it != states.end())
    return &it->second;
  reportUnknown("state", name, getNames(states));
  return nullptr;
}

const Tensor *ImportContext::findMember(const Record &record,
                                        const Name &name) const {
  auto it = record.members.find(name.text);
  if (it != record.members.end())
    return &it->second;
  reporter.error(name.range, "{0} '{1}' has no {2} '{3}'{4}", record.kind,
                 record.name.text, record.member, name.text,
                 suggest(name.text, getNames(record.members)));
  reporter.note(record.name.range, "the {0} is declared here", record.kind);
  return nullptr;
}

const Param *ImportContext::findParam(const Layer *inside,
                                      StringRef name) const {
  auto it = scope.params.find(name);
  if (inside) {
    auto own = inside->scope.params.find(name);
    if (own != inside->scope.params.end())
      return &own->second;
  }
  return it == scope.params.end() ? nullptr : &it->second;
}

const Layer *ImportContext::findLayer(const Layer *inside,
                                      StringRef name) const {
  const Scope &callable = inside ? inside->scope : scope;
  auto it = callable.layers.find(name);
  return it == callable.layers.end() ? nullptr : it->second.get();
}

bool ImportContext::checkIsFree(const Layer *inside, const Name &name) const {
  if (isFunction(name.text)) {
    reporter.error(name.range, "'{0}' is the name of a function", name.text);
    return false;
  }
  const Scope &taken = inside ? inside->scope : scope;
  auto param = taken.params.find(name.text);
  auto layer = taken.layers.find(name.text);
  if (param != taken.params.end())
    reportDefined(name, param->second.name.range);
  else if (layer != taken.layers.end())
    reportDefined(name, layer->second->name.range);
  else
    return true;
  return false;
}

void ImportContext::reportDefined(const Name &name, SourceRange place) const {
  reporter.error(name.range, "'{0}' is already defined", name.text);
  reporter.note(place, "it is defined here");
}

void ImportContext::reportUnknown(const char *what, const Name &name,
                                  ArrayRef<StringRef> candidates) const {
  if (!model.isIncomplete)
    reporter.error(name.range, "unknown {0} '{1}'{2}", what, name.text,
                   suggest(name.text, candidates));
}

} // namespace edbc::frontend
