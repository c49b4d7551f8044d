//===- Frontend.cpp - from a model file to the cell dialect -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/Frontend.h"

#include "compiler/Frontend/CellImporter.h"
#include "compiler/Frontend/Functions.h"
#include "compiler/Frontend/LayerImporter.h"
#include "compiler/Frontend/Parser.h"
#include "dialects/Cell/Cell.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/JSON.h"
#include <deque>

using namespace mlir;
using llvm::Twine;

namespace edbc::frontend {

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
  /// The cells of all declarations, but for copies of wrong ones, and builds
  /// their parameters.
  std::deque<Cell> importCellMembers();
  void importState(const StateDecl &decl);
  void importOutput(const OutputDecl &decl);
  /// Reports what leaves the network without use.
  void checkCompleteness();

  ImportContext &context;
  Reporter reporter;
  Names topLevel;
};

} // namespace

bool ModelImporter::declare(Names &names, const Name &name) {
  if (isFunction(name.text)) {
    reporter.error(name.range, "'{0}' is the name of a function", name.text);
    return false;
  }
  auto [known, isFree] = names.try_emplace(name.text, name);
  if (!isFree) {
    // Kind by kind they come, and not as the file has them.
    auto [first, second] =
        std::minmax(known->second.range, name.range,
                    [](const SourceRange &a, const SourceRange &b) {
                      return a.begin < b.begin;
                    });
    reporter.error(second, "'{0}' is declared twice", name.text);
    reporter.note(first, "the first declaration is here");
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
  for (const ParamDecl &decl : model.params) {
    for (const Name &name : decl.names)
      declare(topLevel, name);
    context.importParams(decl, context.scope);
  }
  for (const LayerDecl &decl : model.layers) {
    declare(topLevel, decl.name);
    context.layerDecls.try_emplace(decl.name.text, &decl);
  }
  for (const UseDecl &decl : model.uses) {
    for (const Name &name : decl.names)
      declare(topLevel, name);
    importUse(decl, context.scope, context);
  }
  std::deque<Cell> cells = importCellMembers();
  for (const StateDecl &decl : model.states)
    importState(decl);
  for (const Cell &cell : cells)
    if (!cell.isCopy() || !reporter.diagnostics.hasErrors())
      importCell(cell, context);
  for (const OutputDecl &decl : model.outputs)
    importOutput(decl);
  if (!reporter.diagnostics.hasErrors())
    checkCompleteness();
}

std::deque<Cell> ModelImporter::importCellMembers() {
  std::deque<Cell> cells;
  for (const CellDecl &decl : context.model.cells)
    for (const Name &name : decl.names) {
      declare(topLevel, name);
      if (name.text == "instance" || name.text == "run")
        reporter.error(name.range,
                       "a cell can't be named '{0}', a word of graph files",
                       name.text);
      Cell cell{&decl, &name, {}};
      if (cell.isCopy() && reporter.diagnostics.hasErrors())
        continue;
      importMembers(cell, context);
      cells.push_back(std::move(cell));
    }
  return cells;
}

void ModelImporter::importState(const StateDecl &decl) {
  State state = {{"state", "field", decl.name, {}}};
  SmallVector<Type> types;
  Names names;
  for (const FieldDecl &field : decl.fields) {
    const Name &name = field.name;
    RankedTensorType type = context.getValueType(field.shape, 2, context.scope);
    if (!declare(names, name))
      continue;
    types.push_back(type);
    state.members.try_emplace(name.text, Tensor{name, type});
    // In cells, fields, parameters and layers are named side by side.
    const Param *param = context.findParam(context.scope, name.text);
    const Layer *layer = context.findLayer(context.scope, name.text);
    if (!param && !layer)
      continue;
    reporter.error(name.range, "'{0}' is also a {1}", name.text,
                   param ? "parameter" : "layer in use");
    reporter.note(param ? param->name.range : layer->name.range,
                  "it is declared here");
  }
  declare(topLevel, decl.name);
  OpBuilder &builder = context.builder;
  if (!llvm::is_contained(types, Type()))
    cell::StateOp::create(builder, context.getLoc(decl.name.range),
                          decl.name.text,
                          builder.getStrArrayAttr(getNames(state.members)),
                          builder.getTypeArrayAttr(types));
  context.states.try_emplace(decl.name.text, std::move(state));
}

void ModelImporter::importOutput(const OutputDecl &decl) {
  declare(topLevel, decl.name);
  const State *state = context.findState(decl.state);
  if (state && context.findMember(*state, decl.field))
    cell::OutputOp::create(context.builder, context.getLoc(decl.name.range),
                           decl.name.text, decl.state.text, decl.field.text);
}

void ModelImporter::checkCompleteness() {
  const ModelFile &model = context.model;
  for (const auto &[name, state] : context.states)
    if (!state.isYielded)
      reporter.error(state.name.range, "no cell yields state '{0}'", name);
  for (const LayerDecl &decl : model.layers)
    if (!context.usedLayers.contains(&decl))
      reporter.error(decl.name.range,
                     "layer '{0}' is never used, so it can't be checked",
                     decl.name.text);
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
  std::pair<StringRef, StringRef> sides = argument.split('=');
  StringRef name = sides.first, value = sides.second;
  int64_t number;
  if (name.empty() || value.getAsInteger(10, number)) {
    diagnostics.commandLineError("-D " + argument +
                                 ": expected NAME=VALUE with an integer");
    return false;
  }
  if (llvm::any_of(options.dims,
                   [&](const auto &dim) { return dim.first == name; })) {
    diagnostics.commandLineError("-D " + argument + ": '" + name +
                                 "' is given twice");
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
      {},    {},      {},       {}};
  OwningOpRef<ModuleOp> module(ModuleOp::create(
      importContext.getLoc(model.network.range), model.network.text));
  builder.setInsertionPointToEnd(module->getBody());
  frontend::ModelImporter(importContext).run(*module);
  return diagnostics.hasErrors() ? OwningOpRef<ModuleOp>() : std::move(module);
}

} // namespace edbc
