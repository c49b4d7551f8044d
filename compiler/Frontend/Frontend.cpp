//===- Frontend.cpp - from a model file to the cell dialect -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/Frontend.h"

#include "compiler/Frontend/CellImporter.h"
#include "compiler/Frontend/Parser.h"
#include "dialects/Cell/Cell.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using llvm::Twine;

namespace edbc::frontend {

//===----------------------------------------------------------------------===//
// ImportContext
//===----------------------------------------------------------------------===//

Location ImportContext::getLoc(SourceRange place) const {
  SourceFile::Place at = reporter.file.getPlace(place.caret);
  return FileLineColLoc::get(builder.getContext(), reporter.file.getName(),
                             at.line, at.column);
}

RankedTensorType ImportContext::getType(const Shape &shape, unsigned maxRank) {
  if (shape.extents.size() > maxRank) {
    reporter.error(shape.range, "expected {0}, found {1}",
                   maxRank == 1 ? "one dimension" : "one or two dimensions",
                   shape.extents.size());
    return {};
  }
  SmallVector<int64_t, 2> extents;
  for (const Expr *extent : shape.extents)
    if (std::optional<int64_t> value = dims.evaluateExtent(*extent))
      extents.push_back(*value);
  if (extents.size() != shape.extents.size())
    return {};
  return RankedTensorType::get(extents, builder.getF32Type());
}

State *ImportContext::findState(const Name &name) {
  auto it = states.find(name.text);
  if (it != states.end())
    return &it->second;
  reportUnknown("state", name, getNames(states));
  return nullptr;
}

const Tensor *ImportContext::findField(const State &state,
                                       const Name &name) const {
  auto it = state.fields.find(name.text);
  if (it != state.fields.end())
    return &it->second;
  reporter.error(name.range, "state '{0}' has no field '{1}'{2}",
                 state.decl->name.text, name.text,
                 suggest(name.text, getNames(state.fields)));
  reporter.note(state.decl->name.range, "the state is declared here");
  return nullptr;
}

void ImportContext::reportUnknown(const char *what, const Name &name,
                                  ArrayRef<StringRef> candidates) const {
  if (!model.isIncomplete)
    reporter.error(name.range, "unknown {0} '{1}'{2}", what, name.text,
                   suggest(name.text, candidates));
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

namespace {

class ModelImporter {
public:
  explicit ModelImporter(ImportContext &context)
      : context(context), reporter(context.reporter) {}

  void run(ModuleOp module);

private:
  using Names = llvm::DenseMap<StringRef, Name>;

  /// Adds a name to `names`; false after an error.
  bool declare(Names &names, const Name &name);
  void importParams(const ParamDecl &decl);
  void importState(const StateDecl &decl);
  void importOutput(const OutputDecl &decl);
  /// Reports what leaves the network without use.
  void checkCompleteness();

  ImportContext &context;
  Reporter reporter;
  Names topLevel;
  uint64_t numParamElements = 0;
};

} // namespace

bool ModelImporter::declare(Names &names, const Name &name) {
  if (isFunction(name.text)) {
    reporter.error(name.range, "'{0}' is the name of a function", name.text);
    return false;
  }
  auto [first, isFree] = names.try_emplace(name.text, name);
  if (!isFree) {
    reporter.error(name.range, "'{0}' is declared twice", name.text);
    reporter.note(first->second.range, "the first declaration is here");
  }
  return isFree;
}

void ModelImporter::run(ModuleOp module) {
  OpBuilder &builder = context.builder;
  const ModelFile &model = context.model;
  SmallVector<NamedAttribute> dims;
  for (const DimDecl &decl : model.dims) {
    std::optional<int64_t> value = context.dims.getValue(decl.name.text);
    if (declare(topLevel, decl.name) && value)
      dims.push_back(builder.getNamedAttr(decl.name.text,
                                          builder.getI64IntegerAttr(*value)));
  }
  module->setAttr(cell::dimsAttrName, builder.getDictionaryAttr(dims));
  for (const ParamDecl &decl : model.params)
    importParams(decl);
  for (const StateDecl &decl : model.states)
    importState(decl);
  for (const CellDecl &decl : model.cells) {
    declare(topLevel, decl.name);
    importCell(decl, context);
  }
  for (const OutputDecl &decl : model.outputs)
    importOutput(decl);
  if (!reporter.diagnostics.hasErrors())
    checkCompleteness();
}

void ModelImporter::importParams(const ParamDecl &decl) {
  RankedTensorType type = context.getType(decl.shape, 2);
  for (const Name &name : decl.names) {
    declare(topLevel, name);
    context.params.try_emplace(name.text, Tensor{name, type});
    if (!type)
      continue;
    bool fitted = numParamElements <= maxParamElements;
    numParamElements += type.getNumElements();
    if (fitted && numParamElements > maxParamElements)
      reporter.error(name.range,
                     "the parameters up to here hold {0} numbers; the most is "
                     "{1}",
                     numParamElements, maxParamElements);
    cell::ParamOp::create(context.builder, context.getLoc(name.range),
                          name.text, type);
  }
}

void ModelImporter::importState(const StateDecl &decl) {
  State state{&decl, {}};
  SmallVector<Type> types;
  Names names;
  for (const FieldDecl &field : decl.fields) {
    const Name &name = field.name;
    RankedTensorType type = context.getType(field.shape, 1);
    if (!declare(names, name))
      continue;
    types.push_back(type);
    state.fields.try_emplace(name.text, Tensor{name, type});
    // In cells, fields and parameters are named side by side.
    auto param = context.params.find(name.text);
    if (param != context.params.end()) {
      reporter.error(name.range, "'{0}' is also a parameter", name.text);
      reporter.note(param->second.name.range, "it is declared here");
    }
  }
  declare(topLevel, decl.name);
  OpBuilder &builder = context.builder;
  if (!llvm::is_contained(types, Type()))
    cell::StateOp::create(builder, context.getLoc(decl.name.range),
                          decl.name.text,
                          builder.getStrArrayAttr(getNames(state.fields)),
                          builder.getTypeArrayAttr(types));
  context.states.try_emplace(decl.name.text, std::move(state));
}

void ModelImporter::importOutput(const OutputDecl &decl) {
  declare(topLevel, decl.name);
  const State *state = context.findState(decl.state);
  if (state && context.findField(*state, decl.field))
    cell::OutputOp::create(context.builder, context.getLoc(decl.name.range),
                           decl.name.text, decl.state.text, decl.field.text);
}

void ModelImporter::checkCompleteness() {
  const ModelFile &model = context.model;
  for (const auto &[name, state] : context.states)
    if (!state.isYielded)
      reporter.error(state.decl->name.range, "no cell yields state '{0}'",
                     name);
  if (model.cells.empty())
    reporter.error(model.network.range, "the network has no cell");
  if (model.outputs.empty())
    reporter.error(model.network.range,
                   "the network has no output: nothing of it could be read");
}

} // namespace edbc::frontend

//===----------------------------------------------------------------------===//
// Interface
//===----------------------------------------------------------------------===//

namespace edbc {

bool parseDimOverride(StringRef argument, ImportOptions &options,
                      Diagnostics &diagnostics) {
  auto [name, value] = argument.split('=');
  int64_t number;
  if (name.empty() || value.getAsInteger(10, number)) {
    diagnostics.commandLineError("-D " + argument +
                                 ": expected NAME=VALUE with an integer");
    return false;
  }
  options.dims.emplace_back(name, number);
  return true;
}

/// Whether it is a text that can be parsed at all; else an error.
static bool checkText(const SourceFile &file, Diagnostics &diagnostics) {
  StringRef text = file.getText();
  size_t offset = text.find('\0');
  if (offset != StringRef::npos) {
    diagnostics.error(file, {uint32_t(offset), uint32_t(offset)},
                      "the file holds a zero byte: it is not a text");
    return false;
  }
  if (!llvm::json::isUTF8(text, &offset)) {
    diagnostics.error(file, {uint32_t(offset), uint32_t(offset)},
                      "the file is not valid UTF-8");
    return false;
  }
  for (size_t begin = 0; begin < text.size(); begin = offset + 1) {
    offset = std::min(text.find('\n', begin), text.size());
    if (offset - begin <= maxLineLength)
      continue;
    diagnostics.error(file, {uint32_t(begin), uint32_t(begin)},
                      "the line has more than " + Twine(maxLineLength) +
                          " bytes");
    return false;
  }
  return true;
}

OwningOpRef<ModuleOp> importModel(StringRef fileName, StringRef text,
                                  const ImportOptions &options,
                                  MLIRContext &context,
                                  Diagnostics &diagnostics) {
  text.consume_front("\xEF\xBB\xBF"); // a byte order mark
  bool isTooLarge = text.size() > maxModelFileSize;
  SourceFile file(fileName, text.take_front(maxModelFileSize));
  if (isTooLarge) {
    diagnostics.error(file, {0, 0},
                      "the file has more than " + Twine(maxModelFileSize) +
                          " bytes");
    return {};
  }
  if (!checkText(file, diagnostics))
    return {};
  frontend::ModelFile model;
  frontend::parseModel(file, model, diagnostics);

  context.loadDialect<cell::CellDialect, arith::ArithDialect, math::MathDialect,
                      tensor::TensorDialect>();
  OpBuilder builder(&context);
  Reporter reporter{file, diagnostics};
  frontend::ImportContext importContext{
      model, builder, reporter, {model, options.dims, cell::maxDim, reporter},
      {},    {}};
  OwningOpRef<ModuleOp> module(ModuleOp::create(
      importContext.getLoc(model.network.range), model.network.text));
  builder.setInsertionPointToEnd(module->getBody());
  frontend::ModelImporter(importContext).run(*module);
  return diagnostics.hasErrors() ? OwningOpRef<ModuleOp>() : std::move(module);
}

} // namespace edbc
