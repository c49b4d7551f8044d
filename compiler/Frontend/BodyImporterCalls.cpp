//===- BodyImporterCalls.cpp - calls in a body ------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/BodyImporter.h"

#include "compiler/Frontend/Frontend.h"
#include "dialects/Cell/Cell.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;

namespace edbc::frontend {

//===----------------------------------------------------------------------===//
// Calls of functions
//===----------------------------------------------------------------------===//

Value BodyImporter::importCall(const Expr &expr) {
  const Name &name = expr.name;
  if (const Layer *layer = findLayer(name.text)) {
    SmallValues results = importLayerCall(expr, *layer);
    if (!layer->decl)
      return {};
    if (results.size() == 1)
      return results.front();
    return error(expr.range,
                 "'{0}' has {1} results; name them all, as in 'let a, b = "
                 "{0}(...)'",
                 name.text, results.size());
  }
  if (expr.operands.size() == 1 && cell::symbolizeReduction(name.text))
    return importReduction(expr);
  const Function *function = findFunction(name.text);
  if (!function || expr.operands.size() != function->arity) {
    if (function)
      reportArity(expr, function->arity);
    else
      reportUnknownFunction(name);
    for (const Expr *operand : expr.operands)
      importElement(*operand);
    return {};
  }
  switch (function->kind) {
  case Function::Kind::Elementwise:
    return importElementwise(expr, *function);
  case Function::Kind::Vector:
    return importVectorFunction(expr, *function);
  case Function::Kind::CrossEntropy:
    return importCrossEntropy(expr);
  case Function::Kind::Columns:
    return importFiller(expr, Value::Kind::Columns);
  case Function::Kind::Rows:
    return importFiller(expr, Value::Kind::Rows);
  case Function::Kind::Reduction:
    break; // those of one argument are done
  }
  llvm_unreachable("covered switch");
}

void BodyImporter::reportUnknownFunction(const Name &name) {
  // In a cell, the layers of the top level are known.
  for (const UseDecl &use : context.model.uses) {
    const Name *outside = llvm::find_if(
        use.names, [&](const Name &other) { return other.text == name.text; });
    if (outside == use.names.end())
      continue;
    error(name.range,
          "a layer can't call '{0}', which is in use at the top level; give it "
          "one of its own",
          name.text);
    note(outside->range, "it is defined here");
    return;
  }
  auto decl = context.layerDecls.find(name.text);
  if (decl != context.layerDecls.end()) {
    error(name.range,
          "layer '{0}' has no weights yet; give it some with 'use NAME : {0}' "
          "and call NAME",
          name.text);
    note(decl->second->name.range, "the layer is declared here");
    return;
  }
  SmallVector<StringRef> candidates = getFunctionNames();
  llvm::append_range(candidates, getNames(scope.layers));
  if (scope.kind == Scope::Kind::Cell)
    llvm::append_range(candidates, getNames(context.scope.layers));
  context.reportUnknown("function", name, candidates);
}

void BodyImporter::reportArity(const Expr &call, size_t arity) {
  error(call.name.range, "'{0}' takes {1} argument{2}, found {3}",
        call.name.text, arity, arity == 1 ? "" : "s", call.operands.size());
}

Value BodyImporter::importVectorFunction(const Expr &expr,
                                         const Function &function) {
  Value vector = importTensor(
      *expr.operands[0], Twine("the argument of '") + function.name + "'", 1);
  if (vector.is(Value::Kind::Unknown))
    return {};
  mlir::Value value =
      function.build(builder, context.getLoc(expr.range), vector.value);
  if (value.getType() == vector.getType())
    return makeTensor(value, vector.origin);
  return makeTensor(value, {expr.range, "this number"});
}

Value BodyImporter::importCrossEntropy(const Expr &expr) {
  Value vector = importTensor(*expr.operands[0],
                              "the first argument of 'cross_entropy'", 1);
  const Expr &label = *expr.operands[1];
  const Value *token = findToken(
      label, "the label of 'cross_entropy' must be an operand of type "
             "token[N]");
  if (vector.is(Value::Kind::Unknown) || !token)
    return {};
  int64_t length = vector.getType().getDimSize(0);
  int64_t bound = cast<cell::TokenType>(token->value.getType()).getBound();
  if (bound != length) {
    error(label.range,
          "'{0}' is a token below {1}, but labels of a vector of shape {2} are "
          "tokens below {3}",
          label.name.text, bound, formatShape(vector.getType()), length);
    note(token->place, "the token is declared here");
    noteOrigin(vector);
    return {};
  }
  return makeTensor(cell::CrossEntropyOp::create(builder,
                                                 context.getLoc(expr.range),
                                                 vector.value, token->value),
                    {expr.range, "this number"});
}

Value BodyImporter::importFiller(const Expr &expr, Value::Kind kind) {
  Value value = importTensor(
      *expr.operands[0], Twine("the argument of '") + expr.name.text + "'", 1);
  if (!value.is(Value::Kind::Unknown))
    value.kind = kind;
  return value;
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

Value BodyImporter::findReduced(const Expr &expr) {
  const Expr &element = *expr.operands[0];
  bool isShort = expr.kind == Expr::Kind::Call;
  if (isShort) {
    const Value *list = element.kind == Expr::Kind::Field
                            ? findLocal(element.base.text)
                            : nullptr;
    if (list && list->is(Value::Kind::Nodes))
      return *list;
    if (!importExpr(element).is(Value::Kind::Unknown))
      error(expr.range,
            "'{0}' of one argument reduces a list of nodes, as in "
            "'{0}(NODES.FIELD)' or '{0}(k in NODES : k.FIELD)'",
            expr.name.text);
    return {};
  }
  const Name &name = expr.base;
  const Value *list = findOperand(name);
  if (list && (list->is(Value::Kind::Nodes) || list->is(Value::Kind::Unknown)))
    return *list;
  return error(name.range,
               "'{0}' is not a list of nodes, an operand of type STATE* or "
               "STATE+",
               name.text);
}

Value BodyImporter::importReduction(const Expr &expr) {
  std::optional<cell::Reduction> reduction =
      cell::symbolizeReduction(expr.name.text);
  if (!reduction)
    return error(expr.name.range,
                 "'{0}' is not a reduction; 'sum', 'max' and 'mean' are",
                 expr.name.text);
  if (isReducing)
    return error(expr.range, "reductions don't nest; name the inner one with "
                             "'let' in a statement before");
  Value list = findReduced(expr);
  if (list.is(Value::Kind::Unknown))
    return {};
  auto listType = cast<cell::RefsType>(list.value.getType());
  if (*reduction != cell::Reduction::Sum && listType.getLeast() == 0) {
    const Expr &element = *expr.operands[0];
    error(
        expr.name.range,
        "'{0}' needs at least one node, but '{1}' may be empty; declare it as "
        "'{1} : {2}+'",
        expr.name.text,
        expr.kind == Expr::Kind::Call ? element.base.text : expr.base.text,
        listType.getState().getValue());
    note(list.place, "the list is declared here");
    return {};
  }

  Location loc = context.getLoc(expr.range);
  auto block = std::make_unique<Block>();
  Value node;
  node.kind = Value::Kind::Node;
  node.value = block->addArgument(
      cell::RefType::get(builder.getContext(), listType.getState()), loc);
  const Expr &elementExpr = *expr.operands[0];
  Value element;
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(block.get());
    if (expr.kind == Expr::Kind::Call) {
      element = readField(node, elementExpr);
    } else if (define(expr.variable, node)) {
      llvm::SaveAndRestore inside(isReducing, true);
      element = importTensor(elementExpr, "what is reduced", 0);
      locals.pop_back(); // nothing else can be defined in an expression
    }
    if (element.is(Value::Kind::Unknown))
      return {};
    cell::YieldOp::create(builder, loc, element.value);
  }
  auto op = cell::ReduceOp::create(builder, loc, element.getType(), *reduction,
                                   list.value);
  op.getBody().push_back(block.release());
  return makeTensor(op, element.origin);
}

//===----------------------------------------------------------------------===//
// Calls of layers
//===----------------------------------------------------------------------===//

BodyImporter::SmallValues BodyImporter::importSeveral(const Expr &expr,
                                                      size_t count) {
  const Layer *layer =
      expr.kind == Expr::Kind::Call ? findLayer(expr.name.text) : nullptr;
  SmallValues values;
  if (layer) {
    values = importLayerCall(expr, *layer);
    if (values.size() == count)
      return values;
    if (!layer->decl)
      return SmallValues(count);
    error(expr.name.range, "'{0}' has {1} result{2}, found {3} names",
          expr.name.text, values.size(), values.size() == 1 ? "" : "s", count);
    note(layer->decl->name.range, "the layer is declared here");
  } else if (!importExpr(expr).is(Value::Kind::Unknown)) {
    error(expr.range, "only a layer has several results");
  }
  return SmallValues(count);
}

BodyImporter::SmallValues BodyImporter::importLayerCall(const Expr &expr,
                                                        const Layer &layer) {
  SmallValues arguments;
  for (const Expr *operand : expr.operands)
    arguments.push_back(importExpr(*operand));
  if (!layer.decl)
    return {};
  const LayerDecl &decl = *layer.decl;
  SmallValues results(decl.results.size());
  if (arguments.size() != decl.operands.size()) {
    reportArity(expr, decl.operands.size());
    note(decl.name.range, "the layer is declared here");
    return results;
  }
  if (!layer.body)
    return results;
  IRMapping mapping;
  bool fits = true;
  for (auto [i, value] : llvm::enumerate(arguments)) {
    fits &= passArgument(layer, i, value, expr.operands[i]->range);
    mapping.map(layer.body->getArgument(i), value.value);
  }
  bool hadRoom = context.numInlinedOps <= maxInlinedOps;
  context.numInlinedOps += layer.body->getOperations().size();
  if (context.numInlinedOps > maxInlinedOps) {
    if (hadRoom)
      error(expr.range,
            "with this call, layers expand to more than {0} "
            "operations",
            maxInlinedOps);
    return results;
  }
  if (!fits)
    return results;
  Location caller = context.getLoc(expr.range);
  for (Operation &op : *layer.body)
    builder.clone(op, mapping)->setLoc(CallSiteLoc::get(op.getLoc(), caller));
  for (auto [i, value] : llvm::enumerate(layer.results)) {
    const Name &name = decl.results[i].name;
    results[i] = makeTensor(
        mapping.lookup(value),
        {name.range,
         ("result '" + name.text + "' of '" + expr.name.text + "'").str()});
  }
  return results;
}

/// Whether an operand of a layer is nothing but a right operand of products
/// with parameters, or a result.
static bool isOnlyMultiplied(BlockArgument operand) {
  return llvm::all_of(operand.getUsers(), [](Operation *user) {
    return isa<cell::ProductOp>(user);
  });
}

bool BodyImporter::passArgument(const Layer &layer, unsigned index,
                                Value &value, SourceRange place) {
  const Name &operand = layer.decl->operands[index].name;
  BlockArgument inBody = layer.body->getArgument(index);
  auto type = cast<RankedTensorType>(inBody.getType());
  value =
      fill(std::move(value), type,
           {operand.range, ("operand '" + operand.text + "'").str()}, place);
  if (value.is(Value::Kind::Unknown))
    return false;
  if (value.getType() != type) {
    error(place,
          "operand '{0}' of '{1}' has shape {2}, but its argument has shape "
          "{3}",
          operand.text, layer.name.text, formatShape(type),
          formatShape(value.getType()));
    note(operand.range, "the operand is declared here");
    std::string dims;
    for (const auto &[name, extent] : layer.scope.dims)
      dims += llvm::formatv("{0}{1} = {2}", dims.empty() ? " with " : ", ",
                            name, *extent);
    note(layer.name.range, "'{0}' is in use here{1}", layer.name.text, dims);
    noteOrigin(value);
    return false;
  }
  if (!value.is(Value::Kind::Concat) || isOnlyMultiplied(inBody))
    return true;
  error(place,
        "a concatenation can only be the right operand of '@' or the value of "
        "a field, and '{0}' does more with operand '{1}'",
        layer.name.text, operand.text);
  note(operand.range, "the operand is declared here");
  return false;
}

} // namespace edbc::frontend
