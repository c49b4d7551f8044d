//===- ImportContext.cpp - what the steps of an import share ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/ImportContext.h"

#include "compiler/Frontend/Frontend.h"
#include "compiler/Frontend/Functions.h"
#include "dialects/Cell/Cell.h"

using namespace mlir;

namespace edbc::frontend {

std::string formatShape(RankedTensorType type) {
  std::string text;
  for (int64_t extent : type.getShape())
    text += (text.empty() ? "[" : ", ") + std::to_string(extent);
  return text + "]";
}

Location ImportContext::getLoc(SourceRange place) const {
  SourceFile::Place at = reporter.file.getPlace(place.caret);
  return FileLineColLoc::get(builder.getContext(), reporter.file.getName(),
                             at.line, at.column);
}

RankedTensorType ImportContext::getType(const Shape &shape, unsigned maxRank,
                                        const Scope &scope) {
  constexpr const char *counts[] = {"one dimension", "one or two dimensions",
                                    "one to three dimensions"};
  if (shape.extents.size() > maxRank) {
    reporter.error(shape.range, "expected {0}, found {1}", counts[maxRank - 1],
                   shape.extents.size());
    return {};
  }
  SmallVector<int64_t, 3> extents;
  for (const Expr *extent : shape.extents)
    if (std::optional<int64_t> value =
            dims.evaluateExtent(*extent, &scope.dims))
      extents.push_back(*value);
  if (extents.size() != shape.extents.size())
    return {};
  return RankedTensorType::get(extents, builder.getF32Type());
}

RankedTensorType ImportContext::getValueType(const Shape &shape,
                                             unsigned maxRank,
                                             const Scope &scope) {
  RankedTensorType type = getType(shape, maxRank, scope);
  return type && checkSize(type, shape.range) ? type : RankedTensorType();
}

bool ImportContext::checkSize(RankedTensorType type, SourceRange place) const {
  if (type.getNumElements() <= maxValueElements)
    return true;
  reporter.error(
      place,
      "a matrix that is no parameter holds at most {0} numbers; this "
      "one has shape {1}",
      maxValueElements, formatShape(type));
  return false;
}

bool ImportContext::countText(uint64_t length, SourceRange place) {
  bool hadRoom = bodyText <= maxBodyText;
  if (hadRoom)
    bodyText += length;
  if (hadRoom && bodyText > maxBodyText)
    reporter.error(place,
                   "the cells and layers up to here are more than {0} bytes of "
                   "text; each counts once for every name that it gets",
                   maxBodyText);
  return bodyText <= maxBodyText;
}

void ImportContext::importParams(const ParamDecl &decl, Scope &scope) {
  RankedTensorType type = getType(decl.shape, 3, scope);
  for (const Name &name : decl.names) {
    if (scope.kind != Scope::Kind::TopLevel && !checkIsFree(scope, name))
      continue;
    std::string symbol = scope.getPath(name.text);
    scope.params.try_emplace(name.text, Param{{name, type}, symbol});
    if (!type || numParamElements > maxParamElements)
      continue;
    numParamElements += type.getNumElements();
    if (numParamElements > maxParamElements)
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

/// The entry of that name, or null.
template <typename T>
static const T *lookup(const NameMap<T> &map, StringRef name) {
  auto it = map.find(name);
  return it == map.end() ? nullptr : &it->second;
}

const Param *ImportContext::findParam(const Scope &inside,
                                      StringRef name) const {
  const Param *own = lookup(inside.params, name);
  return own ? own : lookup(scope.params, name);
}

const Layer *ImportContext::findLayer(const Scope &inside,
                                      StringRef name) const {
  const std::unique_ptr<Layer> *layer = lookup(inside.layers, name);
  if (!layer && inside.kind == Scope::Kind::Cell)
    layer = lookup(scope.layers, name);
  return layer ? layer->get() : nullptr;
}

bool ImportContext::checkIsFree(const Scope &inside, const Name &name) const {
  if (isFunction(name.text)) {
    reporter.error(name.range, "'{0}' is the name of a function", name.text);
    return false;
  }
  const Param *param = inside.kind == Scope::Kind::Layer
                           ? lookup(inside.params, name.text)
                           : findParam(inside, name.text);
  const Layer *layer = findLayer(inside, name.text);
  if (param || layer)
    reportDefined(name, param ? param->name.range : layer->name.range);
  return !param && !layer;
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
