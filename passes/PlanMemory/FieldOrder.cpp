//===- FieldOrder.cpp - fields that are read together ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/PlanMemory/FieldOrder.h"

#include "passes/PlanMemory/PQTree.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#include <numeric>

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

using FieldSet = std::vector<PQTree::Leaf>;

/// What phases read of one operand each, as sorted sets, each once.
static SmallVector<FieldSet> collectFieldSets(StateOp state) {
  SmallVector<FieldSet> sets;
  auto network = cast<ModuleOp>(state->getParentOp());
  network.walk([&](PhaseOp phase) {
    llvm::MapVector<Value, FieldSet> byOperand;
    for (auto gather : phase.getBodyBlock().getOps<GatherOp>())
      if (gather.getState().getValue() == state.getSymName())
        byOperand[gather.getRows()].push_back(
            *state.findField(gather.getField()));
    for (auto &[operand, fields] : byOperand) {
      llvm::sort(fields);
      fields.erase(llvm::unique(fields), fields.end());
      if (fields.size() > 1 && !llvm::is_contained(sets, fields))
        sets.push_back(fields);
    }
  });
  return sets;
}

SmallVector<unsigned> edbc::batch::orderFields(StateOp state) {
  SmallVector<unsigned> order(state.getNumFields());
  std::iota(order.begin(), order.end(), 0);
  SmallVector<FieldSet> sets = collectFieldSets(state);
  auto isAdjacent = [](const FieldSet &set) {
    return set.back() - set.front() + 1 == set.size();
  };
  if (llvm::all_of(sets, isAdjacent))
    return order;
  auto size = [&](const FieldSet &set) {
    int64_t floats = 0;
    for (PQTree::Leaf field : set)
      floats += state.getFieldSize(field);
    return floats;
  };
  llvm::sort(sets, [&](const FieldSet &a, const FieldSet &b) {
    return size(a) != size(b) ? size(a) > size(b) : a < b;
  });
  PQTree tree(state.getNumFields());
  for (const FieldSet &set : sets)
    tree.reduce(set);
  std::vector<PQTree::Leaf> frontier = tree.frontier();
  order.assign(frontier.begin(), frontier.end());
  return order;
}
