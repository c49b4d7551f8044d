//===- CellImporter.cpp - checks and builds one cell ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/CellImporter.h"

#include "compiler/Frontend/BodyImporter.h"
#include "compiler/Frontend/LayerImporter.h"
#include "dialects/Cell/Cell.h"
#include "edbc/abi.h"

using namespace mlir;

namespace edbc::frontend {

void importMembers(Cell &cell, ImportContext &context) {
  const CellDecl &decl = *cell.decl;
  cell.scope.kind = Scope::Kind::Cell;
  cell.scope.path = cell.name->text.str();
  if (!context.countText(decl.length, cell.name->range))
    return;
  for (const ParamDecl &params : decl.body.params)
    context.importParams(params, cell.scope);
  for (const UseDecl &use : decl.body.uses)
    importUse(use, cell.scope, context);
}

/// Builds the cell without its body, of which it returns the block.
static Block &importHeader(const Cell &cell, ImportContext &context) {
  OpBuilder &builder = context.builder;
  const CellDecl &decl = *cell.decl;
  if (decl.operands.size() > EDBC_MAX_OPERANDS)
    context.reporter.error(decl.operands[EDBC_MAX_OPERANDS].name.range,
                           "a cell has at most {0} operands",
                           EDBC_MAX_OPERANDS);
  auto operandNames =
      llvm::map_to_vector(decl.operands, [](const OperandDecl &operand) {
        return operand.name.text;
      });
  auto def = cell::DefOp::create(
      builder, context.getLoc(cell.name->range),
      builder.getStringAttr(cell.name->text),
      builder.getStrArrayAttr(operandNames),
      FlatSymbolRefAttr::get(builder.getContext(), decl.result.text),
      decl.doc.empty() ? StringAttr() : builder.getStringAttr(decl.doc));
  return def.getBody().emplaceBlock();
}

/// What the name of an operand stands for.
static Value importOperand(const OperandDecl &operand, Block &body,
                           ImportContext &context) {
  MLIRContext *mlirContext = context.builder.getContext();
  bool isTensor = operand.kind == OperandDecl::Kind::Token ||
                  operand.kind == OperandDecl::Kind::Dense;
  RankedTensorType tensor =
      isTensor ? context.getType(operand.shape, 1, context.scope)
               : RankedTensorType();
  if (isTensor ? !tensor : !context.findState(operand.state))
    return {};
  auto state = FlatSymbolRefAttr::get(mlirContext, operand.state.text);
  Value value;
  Type type;
  switch (operand.kind) {
  case OperandDecl::Kind::Node:
    value.kind = Value::Kind::Node;
    type = cell::RefType::get(mlirContext, state);
    break;
  case OperandDecl::Kind::Nodes:
    value.kind = Value::Kind::Nodes;
    type = cell::RefsType::get(mlirContext, state, operand.least);
    break;
  case OperandDecl::Kind::Token:
    value.kind = Value::Kind::Token;
    type = cell::TokenType::get(mlirContext, tensor.getDimSize(0));
    break;
  case OperandDecl::Kind::Dense:
    value.kind = Value::Kind::Tensor;
    type = tensor;
    break;
  }
  value.value = body.addArgument(type, context.getLoc(operand.name.range));
  value.origin = {operand.name.range,
                  ("operand '" + operand.name.text + "'").str()};
  return value;
}

/// In a cell, the fields of its result are named beside what it declares.
static void checkFieldsAreFree(const Scope &scope, const State &result,
                               const ImportContext &context) {
  for (const auto &[name, field] : result.members) {
    auto param = scope.params.find(name);
    auto layer = scope.layers.find(name);
    if (param != scope.params.end())
      context.reportDefined(param->second.name, field.name.range);
    if (layer != scope.layers.end())
      context.reportDefined(layer->second->name, field.name.range);
  }
}

void importCell(const Cell &cell, ImportContext &context) {
  OpBuilder &builder = context.builder;
  OpBuilder::InsertionGuard guard(builder);
  const CellDecl &decl = *cell.decl;
  State *result = context.findState(decl.result);
  if (result) {
    result->isYielded = true;
    checkFieldsAreFree(cell.scope, *result, context);
  }
  Block &block = importHeader(cell, context);
  builder.setInsertionPointToEnd(&block);
  BodyImporter body(context, cell.scope, result);
  for (const OperandDecl &operand : decl.operands)
    body.define(operand.name, importOperand(operand, block, context));
  SmallVector<mlir::Value> fields = body.run(decl.body.statements, *cell.name);
  if (result && fields.size() == result->members.size())
    cell::YieldOp::create(builder, context.getLoc(cell.name->range), fields);
}

} // namespace edbc::frontend
