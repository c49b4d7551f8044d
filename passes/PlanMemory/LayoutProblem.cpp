//===- LayoutProblem.cpp - what operations want of memory -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/PlanMemory/LayoutProblem.h"

#include <algorithm>
#include <map>

using namespace edbc;

static uint64_t roundUp(uint64_t size, uint64_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

std::string LayoutProblem::check() const {
  auto inRange = [](uint64_t n) { return n >= 1 && n <= maxSize; };
  if (!inRange(alignment))
    return "the alignment is out of range";
  for (const Variable &variable : variables) {
    if (!inRange(variable.size))
      return "variable '" + variable.name + "': its size is out of range";
    if (variable.region != outside && variable.region >= numRegions)
      return "variable '" + variable.name + "': there is no such region";
  }
  // The operation after which a variable may be read.
  constexpr size_t notWritten = ~size_t(0);
  std::vector<size_t> writtenBy(variables.size(), notWritten);
  for (size_t op = 0; op < operations.size(); ++op) {
    const Operation &operation = operations[op];
    std::string at = "operation '" + operation.name + "': ";
    if (operation.result.empty())
      return at + "has no rows";
    for (uint32_t column = 0; column < operation.numColumns(); ++column) {
      const Column &rows = operation.getColumn(column);
      if (rows.size() != operation.result.size())
        return at + "its columns have different numbers of rows";
      for (uint32_t variable : rows)
        if (variable >= variables.size())
          return at + "there is no variable " + std::to_string(variable);
    }
    for (uint32_t variable : operation.result) {
      if (writtenBy[variable] != notWritten)
        return at + "variable '" + variables[variable].name +
               "' is written a second time";
      writtenBy[variable] = op;
    }
  }
  for (size_t op = 0; op < operations.size(); ++op)
    for (const Column &operand : operations[op].operands)
      for (uint32_t variable : operand)
        if (writtenBy[variable] != notWritten && writtenBy[variable] >= op)
          return "operation '" + operations[op].name + "': variable '" +
                 variables[variable].name + "' isn't written before";
  return "";
}

uint64_t LayoutProblem::columnBytes(const Operation &operation,
                                    uint32_t column) const {
  uint64_t floats = 0;
  for (uint32_t variable : operation.getColumn(column))
    floats += variables[variable].size;
  return floats * sizeof(float);
}

/// Whether the rows have two variables that are a stride apart, half of them
/// the one and half of them the other.
static bool isPair(const LayoutProblem &problem, const Layout &layout,
                   uint32_t operation, uint32_t column) {
  const LayoutProblem::Column &rows =
      problem.operations[operation].getColumn(column);
  const std::vector<uint32_t> &order = layout.rowOrders[operation];
  if (rows.size() % 2)
    return false;
  for (size_t row = 0; row < rows.size(); ++row)
    if (rows[order[row]] !=
        rows[order[row < rows.size() / 2 ? 0 : rows.size() - 1]])
      return false;
  const auto &first = problem.variables[rows[order.front()]];
  const auto &last = problem.variables[rows[order.back()]];
  return first.region != LayoutProblem::outside &&
         first.region == last.region && first.size == last.size &&
         (rows.size() == 2 || problem.allowsBroadcasts);
}

bool Layout::isInPlace(const LayoutProblem &problem, uint32_t operation,
                       uint32_t column) const {
  return isContiguous(problem, operation, column) ||
         (problem.allowsStrides && isPair(problem, *this, operation, column));
}

bool Layout::isContiguous(const LayoutProblem &problem, uint32_t operation,
                          uint32_t column) const {
  const LayoutProblem::Column &rows =
      problem.operations[operation].getColumn(column);
  const std::vector<uint32_t> &order = rowOrders[operation];
  size_t run = 1;
  while (run < rows.size() && rows[order[run]] == rows[order[0]])
    ++run;
  if (rows.size() % run || (run != 1 && !problem.allowsBroadcasts))
    return false;
  for (size_t row = run; row < rows.size(); ++row) {
    uint32_t variable = rows[order[row]], before = rows[order[row - 1]];
    if (row % run) {
      if (variable != before)
        return false;
      continue;
    }
    const auto &last = problem.variables[before];
    if (last.region == LayoutProblem::outside ||
        last.region != problem.variables[variable].region ||
        offsets[variable] !=
            roundUp(offsets[before] + last.size, problem.alignment))
      return false;
  }
  return true;
}

uint64_t Layout::bytesMoved(const LayoutProblem &problem) const {
  uint64_t bytes = 0;
  for (uint32_t op = 0; op < problem.operations.size(); ++op)
    for (uint32_t c = 0; c < problem.operations[op].numColumns(); ++c)
      if (!isInPlace(problem, op, c))
        bytes += problem.columnBytes(problem.operations[op], c);
  return bytes;
}

Layout edbc::layOutInOrder(const LayoutProblem &problem,
                           const std::vector<uint32_t> &order) {
  Layout layout;
  layout.offsets.assign(problem.variables.size(), Layout::noOffset);
  layout.regionSizes.assign(problem.numRegions, 0);
  for (uint32_t number : order) {
    const LayoutProblem::Variable &variable = problem.variables[number];
    if (variable.region == LayoutProblem::outside)
      continue;
    uint64_t &end = layout.regionSizes[variable.region];
    layout.offsets[number] = end;
    end = roundUp(end + variable.size, problem.alignment);
  }
  for (const LayoutProblem::Operation &operation : problem.operations) {
    layout.rowOrders.emplace_back();
    for (uint32_t row = 0; row < operation.numRows(); ++row)
      layout.rowOrders.back().push_back(row);
  }
  return layout;
}

bool edbc::canBeInPlace(const LayoutProblem &problem, uint32_t operation,
                        uint32_t column) {
  std::map<uint32_t, uint32_t> counts;
  for (uint32_t variable : problem.operations[operation].getColumn(column))
    ++counts[variable];
  auto [first, count] = *counts.begin();
  if (count != 1 && !problem.allowsBroadcasts)
    return false;
  if (counts.size() == 1)
    return true;
  uint32_t region = problem.variables[first].region;
  if (region == LayoutProblem::outside)
    return false;
  for (auto [variable, times] : counts)
    if (times != count || problem.variables[variable].region != region)
      return false;
  return true;
}

static ColumnState stateOf(const LayoutProblem &problem, const Layout &layout,
                           uint32_t operation, uint32_t column) {
  if (layout.isInPlace(problem, operation, column))
    return ColumnState::InPlace;
  return canBeInPlace(problem, operation, column) ? ColumnState::Dropped
                                                  : ColumnState::Impossible;
}

LayoutPlan edbc::judgeLayout(const LayoutProblem &problem, Layout layout) {
  LayoutPlan plan;
  for (uint32_t op = 0; op < problem.operations.size(); ++op) {
    const LayoutProblem::Operation &operation = problem.operations[op];
    plan.states.emplace_back();
    for (uint32_t column = 0; column < operation.numColumns(); ++column) {
      plan.states[op].push_back(stateOf(problem, layout, op, column));
      if (plan.states[op].back() == ColumnState::InPlace)
        continue;
      plan.bytesMoved += problem.columnBytes(operation, column);
      ++plan.numCopies;
    }
  }
  plan.layout = std::move(layout);
  return plan;
}

std::string edbc::verify(const LayoutProblem &problem, const LayoutPlan &plan) {
  const Layout &layout = plan.layout;
  size_t numVariables = problem.variables.size();
  size_t numOperations = problem.operations.size();
  if (layout.offsets.size() != numVariables)
    return "there isn't one offset for each variable";
  if (layout.regionSizes.size() != problem.numRegions)
    return "there isn't one size for each region";
  if (layout.rowOrders.size() != numOperations)
    return "there isn't one order of rows for each operation";
  if (plan.states.size() != numOperations)
    return "the columns of some operation have no states";

  for (uint64_t size : layout.regionSizes)
    if (size % problem.alignment)
      return "the size of a region isn't aligned";
  std::vector<uint32_t> byPlace;
  for (uint32_t number = 0; number < numVariables; ++number) {
    const LayoutProblem::Variable &variable = problem.variables[number];
    uint64_t offset = layout.offsets[number];
    std::string at = "variable '" + variable.name + "': ";
    if (variable.region == LayoutProblem::outside) {
      if (offset != Layout::noOffset)
        return at + "is outside and has an offset";
      continue;
    }
    uint64_t regionSize = layout.regionSizes[variable.region];
    if (offset % problem.alignment)
      return at + "isn't aligned";
    if (offset > regionSize || variable.size > regionSize - offset)
      return at + "doesn't lie in its region";
    byPlace.push_back(number);
  }
  auto place = [&](uint32_t variable) {
    return std::make_pair(problem.variables[variable].region,
                          layout.offsets[variable]);
  };
  std::sort(byPlace.begin(), byPlace.end(),
            [&](uint32_t a, uint32_t b) { return place(a) < place(b); });
  for (size_t i = 1; i < byPlace.size(); ++i) {
    const auto &before = problem.variables[byPlace[i - 1]];
    const auto &variable = problem.variables[byPlace[i]];
    if (before.region == variable.region &&
        layout.offsets[byPlace[i - 1]] + before.size >
            layout.offsets[byPlace[i]])
      return "variables '" + before.name + "' and '" + variable.name +
             "' overlap";
  }

  uint64_t bytesMoved = 0;
  uint32_t numCopies = 0;
  for (uint32_t op = 0; op < numOperations; ++op) {
    const LayoutProblem::Operation &operation = problem.operations[op];
    std::string at = "operation '" + operation.name + "': ";
    std::vector<uint32_t> rows = layout.rowOrders[op];
    std::sort(rows.begin(), rows.end());
    bool isPermutation = rows.size() == operation.numRows();
    for (uint32_t row = 0; isPermutation && row < rows.size(); ++row)
      isPermutation = rows[row] == row;
    if (!isPermutation)
      return at + "the order of its rows is no permutation";
    if (plan.states[op].size() != operation.numColumns())
      return at + "there isn't one state for each column";
    for (uint32_t column = 0; column < operation.numColumns(); ++column) {
      ColumnState expected = stateOf(problem, layout, op, column);
      if (plan.states[op][column] != expected)
        return at + "the state of column " + std::to_string(column) +
               " isn't what the layout makes it";
      if (expected == ColumnState::InPlace)
        continue;
      bytesMoved += problem.columnBytes(operation, column);
      ++numCopies;
    }
  }
  if (plan.bytesMoved != bytesMoved)
    return "the number of bytes moved is wrong";
  if (plan.numCopies != numCopies)
    return "the number of copies is wrong";
  return "";
}
