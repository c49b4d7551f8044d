//===- SyntheticGraphs.cpp - sample graphs from signatures ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/SyntheticGraphs.h"

#include "runtime/core/Random.h"

#include <algorithm>

using namespace edbc;

namespace {

/// A node, or a list of nodes, that a cell takes.
struct StateOperand {
  uint32_t state;
  uint32_t least; ///< 1 for a node
  bool isList;
};

struct CellShape {
  uint32_t result;
  std::vector<StateOperand> operands; ///< only those, in order
  // What the cell is good for when graphs are built.
  bool isConstant; ///< has no operands at all
  bool isSource;   ///< has operands, but needs no nodes
  bool isInner;    ///< takes nodes, and graphs of any depth can grow from it
  bool isHead;     ///< takes nodes, and they can't
};

/// Builds one instance after another into a graph. `heads` are the cells that
/// are heads in an order in which none takes what a later one yields.
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

  /// Lists are seldom longer.
  static constexpr uint32_t usualLength = 4;

  bool setLengths(const CellShape &cell, uint32_t least);
  void lengthenLists(const CellShape &cell);
  uint32_t countNeeded(const CellShape &cell, uint32_t state) const;
  void apply(core::Graph &graph, uint32_t cell);
  uint32_t takeOperand(uint32_t state);
  void applyHead(core::Graph &graph, uint32_t cell);
  bool isMetByOpenValues(const CellShape &cell, uint32_t least);
  bool isMetByAnyValues(const CellShape &cell);
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
  std::vector<uint32_t> lengths; ///< of the operands of one cell
  std::vector<uint32_t> operands;
};

} // namespace

/// Sets `lengths` to as few nodes as the operands can be that are `least`
/// together, or more if they must. Whether that is possible.
bool InstanceBuilder::setLengths(const CellShape &cell, uint32_t least) {
  lengths.clear();
  uint32_t total = 0;
  for (const StateOperand &operand : cell.operands) {
    lengths.push_back(operand.least);
    total += operand.least;
  }
  for (size_t i = 0; i < lengths.size() && total < least; ++i)
    if (cell.operands[i].isList) {
      lengths[i] += least - total;
      total = least;
    }
  return total >= least;
}

/// Nodes of a state among operands of the lengths that are set.
uint32_t InstanceBuilder::countNeeded(const CellShape &cell,
                                      uint32_t state) const {
  uint32_t needed = 0;
  for (size_t i = 0; i < lengths.size(); ++i)
    if (cell.operands[i].state == state)
      needed += lengths[i];
  return needed;
}

/// Draws the lengths of lists, of which those that are set are the least. In
/// instances that use no value twice, as far as there are open ones.
void InstanceBuilder::lengthenLists(const CellShape &cell) {
  for (size_t i = 0; i < lengths.size(); ++i) {
    const StateOperand &operand = cell.operands[i];
    if (!operand.isList || lengths[i] >= usualLength ||
        values[operand.state].empty())
      continue;
    uint32_t more = random.below(usualLength - lengths[i] + 1);
    if (reuseOfInstance == 0) {
      uint32_t needed = countNeeded(cell, operand.state);
      uint32_t numOpen = uint32_t(open[operand.state].size());
      more = std::min(more, numOpen - std::min(numOpen, needed));
    }
    lengths[i] += more;
  }
}

/// Whether the cell can take an open value of its own as each of its nodes,
/// `least` nodes in all; sets their lengths.
bool InstanceBuilder::isMetByOpenValues(const CellShape &cell, uint32_t least) {
  if (!setLengths(cell, least))
    return false;
  for (const StateOperand &operand : cell.operands)
    if (countNeeded(cell, operand.state) > open[operand.state].size())
      return false;
  return true;
}

/// Whether there are values that the cell can take; sets lengths.
bool InstanceBuilder::isMetByAnyValues(const CellShape &cell) {
  setLengths(cell, 1);
  for (size_t i = 0; i < lengths.size(); ++i)
    if (lengths[i] > 0 && values[cell.operands[i].state].empty())
      return false;
  return true;
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

/// Adds a node whose operands have the lengths that are set.
void InstanceBuilder::apply(core::Graph &graph, uint32_t cell) {
  operands.clear();
  for (size_t i = 0; i < lengths.size(); ++i)
    for (uint32_t left = lengths[i]; left > 0; --left)
      operands.push_back(takeOperand(cells[cell].operands[i].state));
  uint32_t node = graph.add(cell, operands.data(), uint32_t(operands.size()));
  values[cells[cell].result].push_back(node);
  open[cells[cell].result].push_back(node);
  ++numNodes;
}

void InstanceBuilder::applyHead(core::Graph &graph, uint32_t cell) {
  const CellShape &head = cells[cell];
  if (!isMetByAnyValues(head))
    return;
  for (uint32_t first : values[head.operands.front().state]) {
    setLengths(head, 1);
    lengths.front() = std::max(lengths.front(), 1u);
    lengthenLists(head);
    operands.assign(1, first);
    for (size_t i = 0; i < lengths.size(); ++i) {
      const std::vector<uint32_t> &others = values[head.operands[i].state];
      for (uint32_t j = i == 0; j < lengths[i]; ++j)
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
    if (cells[cell].isConstant) {
      setLengths(cells[cell], 0);
      apply(graph, cell);
    }
  findCandidates([](const CellShape &cell) { return cell.isSource; });
  std::vector<uint32_t> sources = candidates;
  // A tree of binary nodes has about as many leaves as other nodes.
  if (!sources.empty())
    for (uint32_t left = 1 + random.below((size + 1) / 2); left > 0; --left) {
      uint32_t cell = sources[random.below(uint32_t(sources.size()))];
      setLengths(cells[cell], 0);
      apply(graph, cell);
    }

  for (;;) {
    // Past its size every step leaves fewer open values, so this ends.
    bool isGrowing = numNodes < size;
    if (!isGrowing)
      reuseOfInstance = 0;
    uint32_t least = isGrowing ? 1 : 2;
    findCandidates([&](const CellShape &cell) {
      return cell.isInner && isMetByOpenValues(cell, least);
    });
    if (candidates.empty() && isGrowing) {
      bool mayReuse = reuseOfInstance != 0 || sources.empty();
      least = sources.empty() ? 1 : 0;
      findCandidates([&](const CellShape &cell) {
        return cell.isSource ||
               (cell.isInner && mayReuse && isMetByAnyValues(cell));
      });
    }
    if (candidates.empty())
      break;
    uint32_t cell = candidates[random.below(uint32_t(candidates.size()))];
    setLengths(cells[cell], least);
    lengthenLists(cells[cell]);
    apply(graph, cell);
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
    for (const StateOperand &operand : cell.operands)
      leadsTo[operand.state][cell.result] = true;
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
    CellShape shape = {};
    shape.result = cell.result;
    shape.isConstant = cell.operands.empty();
    for (const OperandSignature &operand : cell.operands)
      if (operand.kind == EDBC_OPERAND_STATE)
        shape.operands.push_back({operand.state, 1, false});
      else if (operand.kind == EDBC_OPERAND_STATES)
        shape.operands.push_back({operand.state, operand.bound, true});
    cells.push_back(std::move(shape));
  }
  std::vector<bool> isGrowing =
      findGrowing(cells, uint32_t(signature.states.size()));
  for (CellShape &cell : cells) {
    bool takesNodes = !cell.operands.empty();
    cell.isInner = takesNodes && isGrowing[cell.result];
    cell.isHead = takesNodes && !isGrowing[cell.result];
    cell.isSource = !cell.isConstant && !cell.isHead &&
                    std::all_of(cell.operands.begin(), cell.operands.end(),
                                [](const StateOperand &operand) {
                                  return operand.least == 0;
                                });
  }
  return cells;
}

/// The heads, those whose results others take before those.
static std::vector<uint32_t> orderHeads(const std::vector<CellShape> &cells,
                                        uint32_t numStates) {
  std::vector<uint32_t> missing(numStates); // heads not placed yet, by result
  std::vector<bool> isWaiting;
  for (const CellShape &cell : cells) {
    isWaiting.push_back(cell.isHead);
    missing[cell.result] += isWaiting.back();
  }
  // No head leads back to itself, so each round places some while any wait.
  std::vector<uint32_t> heads;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = 0; i < cells.size(); ++i) {
      const std::vector<StateOperand> &operands = cells[i].operands;
      if (!isWaiting[i] || std::any_of(operands.begin(), operands.end(),
                                       [&](const StateOperand &operand) {
                                         return missing[operand.state] != 0;
                                       }))
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
    return std::find_if(cell.operands.begin(), cell.operands.end(),
                        [&](const StateOperand &operand) {
                          return operand.least > 0 && !canBe[operand.state];
                        });
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (const CellShape &cell : cells)
      if (!canBe[cell.result] && findMissing(cell) == cell.operands.end())
        changed = canBe[cell.result] = true;
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    auto missing = findMissing(cells[i]);
    if (missing != cells[i].operands.end())
      return "no instance graph can contain cell '" + signature.cells[i].name +
             "', because nothing yields state '" +
             signature.states[missing->state] + "' to begin with";
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
  const core::TypeOrder order = orderOf(signature);
  for (uint32_t i = 0; i < options.numMiniBatches; ++i) {
    result.miniBatches.emplace_back(order);
    for (uint32_t j = 0; j < options.batchSize; ++j)
      builder.build(result.miniBatches.back(), options);
  }
  return result;
}
