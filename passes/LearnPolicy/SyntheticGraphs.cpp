//===- SyntheticGraphs.cpp - sample graphs from signatures ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/SyntheticGraphs.h"

#include "passes/LearnPolicy/Random.h"

#include <algorithm>

using namespace edbc;

namespace {

/// What a cell is good for when graphs are built.
enum class Role {
  Constant, ///< has no operands at all
  Source,   ///< has operands, but none is a state
  Inner,    ///< takes states, and graphs of any depth can grow from its result
  Head,     ///< takes states, and they can't
};

struct CellShape {
  Role role;
  uint32_t result;
  std::vector<uint32_t> operandStates; ///< of the state operands, in order
};

/// Builds one instance after another into a graph. `heads` are the cells of
/// that role in an order in which none takes what a later one yields.
class InstanceBuilder {
public:
  InstanceBuilder(const std::vector<CellShape> &cells,
                  const std::vector<uint32_t> &heads, uint32_t numStates,
                  uint64_t seed)
      : cells(cells), heads(heads), random(seed), values(numStates),
        open(numStates) {}

  void build(core::Graph &graph, const SyntheticOptions &options);

private:
  /// Probability that an operand is a value that was used before, in instances
  /// where that happens at all.
  static constexpr double reuse = 0.25;

  void apply(core::Graph &graph, uint32_t cell);
  uint32_t takeOperand(uint32_t state);
  void applyHead(core::Graph &graph, uint32_t cell);
  bool isMetByOpenValues(const CellShape &cell) const;
  bool isMetByAnyValues(const CellShape &cell) const;
  template <typename Condition> void findCandidates(Condition condition);

  const std::vector<CellShape> &cells;
  const std::vector<uint32_t> &heads;
  Random random;
  double reuseOfInstance = 0;
  uint32_t numNodes = 0;
  // By state, the instance's values: all of them, and those not yet consumed,
  // both in order of addition.
  std::vector<std::vector<uint32_t>> values;
  std::vector<std::vector<uint32_t>> open;
  std::vector<uint32_t> candidates;
  std::vector<uint32_t> operands;
};

} // namespace

/// Whether each state operand can have an open value of its own.
bool InstanceBuilder::isMetByOpenValues(const CellShape &cell) const {
  for (uint32_t state : cell.operandStates)
    if (std::count(cell.operandStates.begin(), cell.operandStates.end(),
                   state) > std::ptrdiff_t(open[state].size()))
      return false;
  return true;
}

bool InstanceBuilder::isMetByAnyValues(const CellShape &cell) const {
  return std::none_of(cell.operandStates.begin(), cell.operandStates.end(),
                      [&](uint32_t state) { return values[state].empty(); });
}

template <typename Condition>
void InstanceBuilder::findCandidates(Condition condition) {
  candidates.clear();
  for (uint32_t cell = 0; cell < cells.size(); ++cell)
    if (condition(cells[cell]))
      candidates.push_back(cell);
}

/// An operand is open if possible, and half the time the newest one: so trees
/// are neither all deep nor all flat.
uint32_t InstanceBuilder::takeOperand(uint32_t state) {
  if (open[state].empty() || random.chance(reuseOfInstance))
    return values[state][random.below(uint32_t(values[state].size()))];
  size_t index = open[state].size() - 1;
  if (random.chance(0.5))
    index = random.below(uint32_t(open[state].size()));
  uint32_t value = open[state][index];
  open[state].erase(open[state].begin() + std::ptrdiff_t(index));
  return value;
}

void InstanceBuilder::apply(core::Graph &graph, uint32_t cell) {
  operands.clear();
  for (uint32_t state : cells[cell].operandStates)
    operands.push_back(takeOperand(state));
  uint32_t node = graph.add(cell, operands.data(), uint32_t(operands.size()));
  values[cells[cell].result].push_back(node);
  open[cells[cell].result].push_back(node);
  ++numNodes;
}

void InstanceBuilder::applyHead(core::Graph &graph, uint32_t cell) {
  const CellShape &head = cells[cell];
  if (!isMetByAnyValues(head))
    return;
  for (uint32_t first : values[head.operandStates.front()]) {
    operands.assign(1, first);
    for (size_t i = 1; i < head.operandStates.size(); ++i) {
      const std::vector<uint32_t> &others = values[head.operandStates[i]];
      operands.push_back(others[random.below(uint32_t(others.size()))]);
    }
    values[head.result].push_back(
        graph.add(cell, operands.data(), uint32_t(operands.size())));
  }
}

void InstanceBuilder::build(core::Graph &graph,
                            const SyntheticOptions &options) {
  for (size_t state = 0; state < values.size(); ++state) {
    values[state].clear();
    open[state].clear();
  }
  numNodes = 0;
  reuseOfInstance = random.chance(0.5) ? reuse : 0;
  uint32_t size =
      options.minNodes + random.below(options.maxNodes - options.minNodes + 1);

  for (uint32_t cell = 0; cell < cells.size(); ++cell)
    if (cells[cell].role == Role::Constant)
      apply(graph, cell);
  findCandidates([](const CellShape &c) { return c.role == Role::Source; });
  std::vector<uint32_t> sources = candidates;
  // A tree of binary nodes has about as many leaves as other nodes.
  if (!sources.empty())
    for (uint32_t left = 1 + random.below((size + 1) / 2); left > 0; --left)
      apply(graph, sources[random.below(uint32_t(sources.size()))]);

  for (;;) {
    // Past its size every step leaves fewer open values, so this ends.
    bool isGrowing = numNodes < size;
    if (!isGrowing)
      reuseOfInstance = 0;
    findCandidates([&](const CellShape &cell) {
      return cell.role == Role::Inner &&
             (isGrowing || cell.operandStates.size() > 1) &&
             isMetByOpenValues(cell);
    });
    if (candidates.empty() && isGrowing) {
      bool mayReuse = reuseOfInstance != 0 || sources.empty();
      findCandidates([&](const CellShape &cell) {
        return cell.role == Role::Source ||
               (cell.role == Role::Inner && mayReuse && isMetByAnyValues(cell));
      });
    }
    if (candidates.empty())
      break;
    apply(graph, candidates[random.below(uint32_t(candidates.size()))]);
  }

  for (uint32_t head : heads)
    applyHead(graph, head);
}

/// By state: whether graphs of any depth can grow from a value of it, that is,
/// whether it leads to a state that leads back to itself.
static std::vector<bool> findGrowing(const std::vector<CellShape> &cells,
                                     uint32_t numStates) {
  std::vector<std::vector<bool>> leadsTo(numStates,
                                         std::vector<bool>(numStates));
  for (const CellShape &cell : cells)
    for (uint32_t state : cell.operandStates)
      leadsTo[state][cell.result] = true;
  for (uint32_t middle = 0; middle < numStates; ++middle)
    for (uint32_t from = 0; from < numStates; ++from)
      for (uint32_t to = 0; to < numStates; ++to)
        if (leadsTo[from][middle] && leadsTo[middle][to])
          leadsTo[from][to] = true;

  std::vector<bool> isGrowing(numStates);
  for (uint32_t from = 0; from < numStates; ++from)
    for (uint32_t to = 0; to < numStates; ++to)
      if (leadsTo[to][to] && (from == to || leadsTo[from][to]))
        isGrowing[from] = true;
  return isGrowing;
}

static std::vector<CellShape> shapesOf(const Signature &signature) {
  std::vector<CellShape> cells;
  for (const CellSignature &cell : signature.cells) {
    CellShape shape = {Role::Source, cell.result, {}};
    if (cell.operands.empty())
      shape.role = Role::Constant;
    for (const OperandSignature &operand : cell.operands)
      if (operand.kind == EDBC_OPERAND_STATE)
        shape.operandStates.push_back(operand.state);
    cells.push_back(std::move(shape));
  }
  std::vector<bool> isGrowing =
      findGrowing(cells, uint32_t(signature.states.size()));
  for (CellShape &cell : cells)
    if (!cell.operandStates.empty())
      cell.role = isGrowing[cell.result] ? Role::Inner : Role::Head;
  return cells;
}

/// The heads, those whose results others take before those.
static std::vector<uint32_t> orderHeads(const std::vector<CellShape> &cells,
                                        uint32_t numStates) {
  std::vector<uint32_t> missing(numStates); // heads not placed yet, by result
  std::vector<bool> isWaiting;
  for (const CellShape &cell : cells) {
    isWaiting.push_back(cell.role == Role::Head);
    missing[cell.result] += isWaiting.back();
  }
  // No head leads back to itself, so each round places some while any wait.
  std::vector<uint32_t> heads;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = 0; i < cells.size(); ++i) {
      const std::vector<uint32_t> &states = cells[i].operandStates;
      if (!isWaiting[i] ||
          std::any_of(states.begin(), states.end(),
                      [&](uint32_t state) { return missing[state] != 0; }))
        continue;
      heads.push_back(i);
      isWaiting[i] = false;
      --missing[cells[i].result];
      changed = true;
    }
  }
  return heads;
}

/// One line on a cell that can't occur in any graph; empty if all can.
static std::string findImpossibleCell(const Signature &signature,
                                      const std::vector<CellShape> &cells) {
  std::vector<bool> canBe(signature.states.size());
  auto findMissing = [&](const CellShape &cell) {
    return std::find_if(cell.operandStates.begin(), cell.operandStates.end(),
                        [&](uint32_t state) { return !canBe[state]; });
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (const CellShape &cell : cells)
      if (!canBe[cell.result] && findMissing(cell) == cell.operandStates.end())
        changed = canBe[cell.result] = true;
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    auto missing = findMissing(cells[i]);
    if (missing != cells[i].operandStates.end())
      return "no instance graph can contain cell '" + signature.cells[i].name +
             "', because nothing yields state '" + signature.states[*missing] +
             "' to begin with";
  }
  return "";
}

SyntheticGraphs edbc::drawGraphs(const Signature &signature,
                                 const SyntheticOptions &options) {
  SyntheticGraphs result;
  std::vector<CellShape> cells = shapesOf(signature);
  if (cells.empty())
    result.error = "network '" + signature.network + "' has no cells";
  else
    result.error = findImpossibleCell(signature, cells);
  if (!result.error.empty())
    return result;

  uint32_t numStates = uint32_t(signature.states.size());
  std::vector<uint32_t> heads = orderHeads(cells, numStates);
  InstanceBuilder builder(cells, heads, numStates, options.seed);
  for (uint32_t i = 0; i < options.numMiniBatches; ++i) {
    result.miniBatches.emplace_back(uint32_t(cells.size()));
    for (uint32_t j = 0; j < options.batchSize; ++j)
      builder.build(result.miniBatches.back(), options);
  }
  return result;
}
