//===- BodyImporter.cpp - statements and names of a body --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/BodyImporter.h"

#include "dialects/Cell/Cell.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace edbc::frontend {

Value makeTensor(mlir::Value value, Origin origin) {
  bool isConcat = value.getDefiningOp<tensor::ConcatOp>();
  return {isConcat ? Value::Kind::Concat : Value::Kind::Tensor,
          {},
          value,
          0,
          std::move(origin)};
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

BodyImporter::BodyImporter(ImportContext &context, const Scope &scope,
                           const Record *result)
    : context(context), builder(context.builder), scope(scope), result(result) {
  if (!result)
    return;
  for (const auto &[name, member] : result->members)
    locals[name] = {Value::Kind::Unassigned, member.name.range, {}, 0, {}};
}

SmallVector<mlir::Value> BodyImporter::run(ArrayRef<Statement> statements,
                                           const Name &owner) {
  for (const Statement &statement : statements)
    importStatement(statement);
  SmallVector<mlir::Value> members;
  if (!result)
    return members;
  for (const auto &[name, member] : result->members) {
    const Value &value = locals[name];
    if (value.isTensor())
      members.push_back(value.value);
    if (!value.is(Value::Kind::Unassigned) || context.model.isIncomplete)
      continue;
    if (scope.kind == Scope::Kind::Layer)
      error(owner.range, "layer '{0}' does not assign its result '{1}'",
            owner.text, name);
    else
      error(owner.range, "cell '{0}' does not assign field '{1}' of its result",
            owner.text, name);
    note(member.name.range, "the {0} is declared here", result->member);
  }
  return members;
}

void BodyImporter::importStatement(const Statement &statement) {
  const Expr &expr = *statement.value;
  SmallValues values;
  if (statement.names.size() > 1)
    values = importSeveral(expr, statement.names.size());
  else
    values.push_back(importExpr(expr));
  for (auto [name, value] : llvm::zip(statement.names, values))
    if (statement.isLet)
      define(name, std::move(value));
    else
      assign(name, std::move(value), expr.range);
}

void BodyImporter::assign(const Name &name, Value value, SourceRange place) {
  if (!result)
    return;
  const Tensor *member = context.findMember(*result, name);
  if (!member) {
    note(name.range, "other values are named with 'let {0} = ...'", name.text);
    return;
  }
  Value &local = locals[name.text];
  if (!local.is(Value::Kind::Unassigned)) {
    error(name.range, "{0} '{1}' is assigned twice", result->member, name.text);
    note(local.place, "the first time here");
    return;
  }
  local = {Value::Kind::Unknown, name.range, {}, 0, {}};
  if (!member->type)
    return;
  Origin origin = {member->name.range,
                   (result->member + Twine(" '") + name.text + "'").str()};
  value = fill(std::move(value), member->type, origin, place);
  if (!value.isTensor())
    return;
  if (value.getType() != member->type) {
    error(place, "{0} '{1}' has shape {2}, but its value has shape {3}",
          result->member, name.text, formatShape(member->type),
          formatShape(value.getType()));
    note(member->name.range, "the {0} is declared here", result->member);
    noteOrigin(value);
    return;
  }
  local.kind = value.kind;
  local.value = value.value;
  local.origin = std::move(origin);
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

bool BodyImporter::define(const Name &name, Value value) {
  if (!context.checkIsFree(scope, name))
    return false;
  value.place = name.range;
  auto [local, isFree] = locals.try_emplace(name.text, std::move(value));
  if (!isFree)
    context.reportDefined(name, local->second.place);
  return isFree;
}

SmallVector<StringRef> BodyImporter::getParamNames() const {
  SmallVector<StringRef> names = getNames(scope.params);
  llvm::append_range(names, getNames(context.scope.params));
  return names;
}

const Value *BodyImporter::findOperand(const Name &name) {
  static const Value unknown;
  const Value *local = findLocal(name.text);
  if (local || findParam(name.text) || findLayer(name.text))
    return local;
  context.reportUnknown("name", name, getNames(locals));
  return &unknown;
}

const Param *BodyImporter::findTable(const Name &name) {
  const Value *local = findLocal(name.text);
  const Layer *layer = findLayer(name.text);
  const Param *param = findParam(name.text);
  if (local && local->is(Value::Kind::Unknown))
    return nullptr;
  if (local || layer) {
    error(name.range, "'{0}' is not a parameter{1}", name.text,
          local && local->isTensor() ? "; a part of it is written '" +
                                           name.text.str() + "[BEGIN : END]'"
                                     : "");
    note(local ? local->place : layer->name.range, "it is defined here");
  } else if (!param) {
    context.reportUnknown("parameter", name, getParamNames());
  } else if (param->type && param->type.getRank() < 2) {
    error(name.range, "'{0}' is a vector; only matrices can be looked up in",
          name.text);
    note(param->name.range, "it is declared here");
  } else {
    return param->type ? param : nullptr;
  }
  return nullptr;
}

const Value *BodyImporter::findToken(const Expr &expr, const char *expected) {
  const Value *token =
      expr.kind == Expr::Kind::Name ? findOperand(expr.name) : nullptr;
  if (token && token->is(Value::Kind::Token))
    return token;
  if (!token || !token->is(Value::Kind::Unknown))
    error(expr.range, expected);
  return nullptr;
}

Value BodyImporter::importName(const Expr &expr) {
  StringRef name = expr.name.text;
  const Value *local = findLocal(name);
  if (!local)
    return importWeight(expr.name);
  switch (local->kind) {
  case Value::Kind::Unassigned:
    if (context.model.isIncomplete)
      return {};
    return error(expr.range, "{0} '{1}' is read before it is assigned",
                 result->member, name);
  case Value::Kind::Node:
    return error(expr.range,
                 "'{0}' is a node; read one of its fields, as in '{0}.FIELD'",
                 name);
  case Value::Kind::Nodes:
    return error(expr.range,
                 "'{0}' is a list of nodes; it can only be reduced, as in "
                 "'sum({0}.FIELD)'",
                 name);
  case Value::Kind::Token:
    return error(expr.range,
                 "'{0}' is a token; it can only look something up, as in "
                 "'TABLE[{0}]', or be the label of 'cross_entropy'",
                 name);
  default:
    return *local;
  }
}

Value BodyImporter::importWeight(const Name &name) {
  if (findLayer(name.text))
    return error(name.range, "'{0}' is a layer; call it, as in '{0}(...)'",
                 name.text);
  const Param *param = findParam(name.text);
  if (!param) {
    SmallVector<StringRef> candidates = getNames(locals);
    llvm::append_range(candidates, getParamNames());
    context.reportUnknown("name", name, candidates);
    return {};
  }
  if (!param->type)
    return {};
  if (param->type.getRank() == 3)
    return error(name.range,
                 "'{0}' is a table of matrices; it can only be looked up in, "
                 "as in '{0}[TOKEN]'",
                 name.text);
  if (!context.checkSize(param->type, name.range))
    return {};
  return makeTensor(
      cell::WeightOp::create(builder, context.getLoc(name.range), param->type,
                             param->symbol),
      {param->name.range, ("parameter '" + name.text + "'").str()});
}

Value BodyImporter::importField(const Expr &expr) {
  const Name &base = expr.base;
  const Value *node = findOperand(base);
  if (node && node->is(Value::Kind::Unknown))
    return {};
  if (node && node->is(Value::Kind::Nodes))
    return error(expr.range,
                 "'{0}' is a list of nodes; reduce the fields of all of them, "
                 "as in 'sum({0}.{1})' or 'sum(k in {0} : k.{1})'",
                 base.text, expr.name.text);
  if (!node || !node->is(Value::Kind::Node))
    return error(base.range, "'{0}' is not a node; only nodes have fields",
                 base.text);
  return readField(*node, expr);
}

Value BodyImporter::readField(const Value &node, const Expr &expr) {
  StringRef stateName =
      cast<cell::RefType>(node.value.getType()).getState().getValue();
  const Tensor *field =
      context.findMember(context.states.find(stateName)->second, expr.name);
  if (!field || !field->type)
    return {};
  return makeTensor(
      cell::FieldOp::create(builder, context.getLoc(expr.range), field->type,
                            node.value, expr.name.text),
      {field->name.range, ("field '" + expr.name.text + "'").str()});
}

} // namespace edbc::frontend
