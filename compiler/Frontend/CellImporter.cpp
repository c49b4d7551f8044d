//===- CellImporter.cpp - checks and builds one cell ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/CellImporter.h"

#include "compiler/Frontend/BodyImporter.h"
#include "dialects/Cell/Cell.h"
#include "edbc/abi.h"

using namespace mlir;

namespace edbc::frontend {

/// Builds the cell without its body, of which it returns the block.
static Block &importHeader(const CellDecl &cell, ImportContext &context) {
  OpBuilder &builder = context.builder;
  if (cell.name.text == "instance")
    context.reporter.error(cell.name.range,
                           "a cell can't be named 'instance', which separates "
                           "the instances of a graph file");
  if (cell.operands.size() > EDBC_MAX_OPERANDS)
    context.reporter.error(cell.operands[EDBC_MAX_OPERANDS].name.range,
                           "a cell has at most {0} operands",
                           EDBC_MAX_OPERANDS);
  auto operandNames =
      llvm::map_to_vector(cell.operands, [](const OperandDecl &operand) {
        return operand.name.text;
      });
  auto def = cell::DefOp::create(
      builder, context.getLoc(cell.name.range),
      builder.getStringAttr(cell.name.text),
      builder.getStrArrayAttr(operandNames),
      FlatSymbolRefAttr::get(builder.getContext(), cell.result.text),
      cell.doc.empty() ? StringAttr() : builder.getStringAttr(cell.doc));
  return def.getBody().emplaceBlock();
}

static Type importType(const OperandDecl &operand, ImportContext &context) {
  MLIRContext *mlirContext = context.builder.getContext();
  if (operand.kind == OperandDecl::Kind::Node) {
    if (!context.findState(operand.state))
      return {};
    return cell::RefType::get(
        mlirContext, FlatSymbolRefAttr::get(mlirContext, operand.state.text));
  }
  RankedTensorType type = context.getType(operand.shape, 1);
  if (!type || operand.kind == OperandDecl::Kind::Dense)
    return type;
  return cell::TokenType::get(mlirContext, type.getDimSize(0));
}

/// What the name of an operand stands for.
static Value importOperand(const OperandDecl &operand, Block &body,
                           ImportContext &context) {
  Value value;
  if (Type type = importType(operand, context)) {
    value.value = body.addArgument(type, context.getLoc(operand.name.range));
    value.kind = isa<cell::RefType>(type)     ? Value::Kind::Node
                 : isa<cell::TokenType>(type) ? Value::Kind::Token
                                              : Value::Kind::Vector;
    value.origin = {operand.name.range,
                    ("operand '" + operand.name.text + "'").str()};
  }
  return value;
}

void importCell(const CellDecl &cell, ImportContext &context) {
  OpBuilder &builder = context.builder;
  OpBuilder::InsertionGuard guard(builder);
  State *result = context.findState(cell.result);
  if (result)
    result->isYielded = true;
  Block &block = importHeader(cell, context);
  builder.setInsertionPointToEnd(&block);
  BodyImporter body(context, /*inside=*/nullptr, result);
  for (const OperandDecl &operand : cell.operands)
    body.define(operand.name, importOperand(operand, block, context));
  SmallVector<mlir::Value> fields = body.run(cell.body, cell.name);
  if (result && fields.size() == result->members.size())
    cell::YieldOp::create(builder, context.getLoc(cell.name.range), fields);
}

} // namespace edbc::frontend
