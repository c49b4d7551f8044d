//===- LayoutSolver.cpp - plans memory with a PQ-tree -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/PlanMemory/LayoutSolver.h"

#include "passes/PlanMemory/PQTree.h"

#include <algorithm>
#include <utility>

using namespace edbc;

namespace {

using Leaf = PQTree::Leaf;
using NodeId = PQTree::NodeId;
using Leaves = std::vector<Leaf>;

/// A column that may be in place, seen from the tree.
struct Candidate {
  uint32_t operation;
  uint32_t column;
  uint64_t bytes;
  /// Its different variables, and for each the rows that have it, as leaves.
  Leaves variables;
  std::vector<Leaves> rows;
};

/// The orders of the tree's nodes, as far as columns tie them to one another.
class NodeClasses {
public:
  explicit NodeClasses(const PQTree &tree) : tree(tree) {
    resize(tree.getNodeBound());
  }

  /// Forgets what it knows, in no time, and follows the tree's growth.
  void begin() {
    ++round;
    nodes.clear();
    numPlaces = 0;
    resize(tree.getNodeBound());
  }
  bool knows(NodeId node) const { return knownIn[node] == round; }
  /// Enters a subtree. Returns its leaves.
  Leaves enter(NodeId top);
  /// Ties the column's nodes to those of the rows; false if their directions
  /// contradict what was tied before.
  bool tie(const Candidate &column);
  /// Whether no P-node has to be the same in two orders.
  bool canPermute();
  /// The leaves below `top` in an order that all ties agree to.
  Leaves order(NodeId top);

private:
  struct Meeting {
    NodeId node, left, right;
  };

  void resize(size_t size);
  bool isDirected(NodeId node) const {
    return tree.getKind(node) == PQTree::Kind::Q || children[node].size() == 2;
  }
  Meeting meet(Leaf left, Leaf right) const;
  NodeId findSlot(NodeId node);
  std::pair<NodeId, bool> findDirection(NodeId node);

  const PQTree &tree;
  uint32_t round = 0;
  uint32_t numPlaces = 0;
  /// All nodes that were entered, each before those below it.
  std::vector<NodeId> nodes;
  std::vector<uint32_t> knownIn;
  std::vector<std::vector<NodeId>> children;
  std::vector<NodeId> parent;
  std::vector<uint32_t> depth;
  /// Among the children of its parent.
  std::vector<uint32_t> position;
  /// Of a leaf among all.
  std::vector<uint32_t> place;
  /// Union-find: children that take the same place among their siblings.
  std::vector<NodeId> slot;
  /// Union-find: nodes of which one's direction gives the other's.
  std::vector<NodeId> direction;
  std::vector<bool> isReversed;
};

class Solver {
public:
  Solver(const LayoutProblem &problem, ColumnOrder order);
  LayoutPlan solve();

private:
  void collectCandidates(ColumnOrder order);
  bool require(const Leaves &set);
  bool propagate(uint32_t operation);
  bool tryAccept(uint32_t candidate);
  void accept(size_t first, size_t last);
  bool canOrder(const std::vector<uint32_t> &added);
  bool enterConnected(const std::vector<uint32_t> &operations);
  void chooseRowOrder(Layout &layout, uint32_t operation) const;

  const LayoutProblem &problem;
  /// Of the operations' rows; a last one ends them.
  std::vector<Leaf> firstRow;
  PQTree tree;
  NodeClasses classes;
  /// In the order in which they are tried.
  std::vector<Candidate> candidates;
  /// By operation: those accepted.
  std::vector<std::vector<uint32_t>> accepted;
  /// By leaf: operations that have it in a candidate column, or as row.
  std::vector<std::vector<uint32_t>> operationsOf;
  /// Operations whose columns may have come to differ.
  std::vector<uint32_t> pending;
  std::vector<bool> isPending;
};

} // namespace

//===----------------------------------------------------------------------===//
// Classes of nodes
//===----------------------------------------------------------------------===//

void NodeClasses::resize(size_t size) {
  if (size <= knownIn.size())
    return;
  knownIn.resize(size, 0);
  children.resize(size);
  parent.resize(size);
  depth.resize(size);
  position.resize(size);
  place.resize(size);
  slot.resize(size);
  direction.resize(size);
  isReversed.resize(size);
}

Leaves NodeClasses::enter(NodeId top) {
  Leaves leaves;
  parent[top] = PQTree::none;
  depth[top] = position[top] = 0;
  std::vector<NodeId> open{top};
  while (!open.empty()) {
    NodeId node = open.back();
    open.pop_back();
    nodes.push_back(node);
    knownIn[node] = round;
    slot[node] = direction[node] = node;
    isReversed[node] = false;
    children[node] = tree.getChildren(node);
    if (tree.getKind(node) == PQTree::Kind::Leaf) {
      place[node] = numPlaces++;
      leaves.push_back(node);
    }
    for (size_t i = children[node].size(); i--;) {
      NodeId child = children[node][i];
      parent[child] = node;
      depth[child] = depth[node] + 1;
      position[child] = static_cast<uint32_t>(i);
      open.push_back(child);
    }
  }
  return leaves;
}

/// The last common ancestor of two leaves, and the children that have them.
NodeClasses::Meeting NodeClasses::meet(Leaf left, Leaf right) const {
  while (depth[left] > depth[right])
    left = parent[left];
  while (depth[right] > depth[left])
    right = parent[right];
  while (parent[left] != parent[right]) {
    left = parent[left];
    right = parent[right];
  }
  return {parent[left], left, right};
}

NodeId NodeClasses::findSlot(NodeId node) {
  while (slot[node] != node)
    node = slot[node] = slot[slot[node]];
  return node;
}

/// The class, and whether the node is the reverse of it.
std::pair<NodeId, bool> NodeClasses::findDirection(NodeId node) {
  NodeId top = node;
  bool reversed = false;
  while (direction[top] != top) {
    reversed = reversed != isReversed[top];
    top = direction[top];
  }
  bool rest = reversed;
  while (direction[node] != node) {
    NodeId next = direction[node];
    bool own = isReversed[node];
    direction[node] = top;
    isReversed[node] = rest;
    rest = rest != own;
    node = next;
  }
  return {top, reversed};
}

bool NodeClasses::tie(const Candidate &column) {
  // Each node of the column's subtree is where some neighbours meet.
  std::vector<size_t> inOrder(column.variables.size());
  for (size_t i = 0; i < inOrder.size(); ++i)
    inOrder[i] = i;
  std::sort(inOrder.begin(), inOrder.end(), [&](size_t a, size_t b) {
    return place[column.variables[a]] < place[column.variables[b]];
  });
  for (size_t i = 1; i < inOrder.size(); ++i) {
    size_t left = inOrder[i - 1], right = inOrder[i];
    Meeting one = meet(column.variables[left], column.variables[right]);
    Meeting other = meet(column.rows[left][0], column.rows[right][0]);
    if (isDirected(one.node) != isDirected(other.node))
      return false;
    if (!isDirected(one.node)) {
      slot[findSlot(one.left)] = findSlot(other.left);
      slot[findSlot(one.right)] = findSlot(other.right);
      continue;
    }
    bool reversed = position[other.left] > position[other.right];
    auto [first, firstReversed] = findDirection(one.node);
    auto [second, secondReversed] = findDirection(other.node);
    bool between = (firstReversed != secondReversed) != reversed;
    if (first != second) {
      direction[first] = second;
      isReversed[first] = between;
    } else if (between) {
      return false;
    }
  }
  return true;
}

bool NodeClasses::canPermute() {
  std::vector<NodeId> slots;
  for (NodeId node : nodes) {
    if (isDirected(node))
      continue;
    slots.clear();
    for (NodeId child : children[node])
      slots.push_back(findSlot(child));
    std::sort(slots.begin(), slots.end());
    if (std::adjacent_find(slots.begin(), slots.end()) != slots.end())
      return false;
  }
  return true;
}

Leaves NodeClasses::order(NodeId top) {
  // By the least leaf, so that what nobody cares about stays as it was listed.
  std::vector<Leaf> least(knownIn.size(), PQTree::none);
  for (size_t i = nodes.size(); i--;) {
    NodeId node = nodes[i];
    if (children[node].empty())
      least[node] = node;
    for (NodeId child : children[node])
      least[node] = std::min(least[node], least[child]);
  }
  std::vector<Leaf> leastOfSlot(knownIn.size(), PQTree::none);
  for (NodeId node : nodes) {
    Leaf &known = leastOfSlot[findSlot(node)];
    known = std::min(known, least[node]);
  }
  auto bySlot = [&](NodeId a, NodeId b) {
    NodeId slotA = findSlot(a), slotB = findSlot(b);
    return std::make_pair(leastOfSlot[slotA], slotA) <
           std::make_pair(leastOfSlot[slotB], slotB);
  };

  Leaves result;
  std::vector<NodeId> open{top};
  while (!open.empty()) {
    NodeId node = open.back();
    open.pop_back();
    std::vector<NodeId> below = children[node];
    if (below.empty()) {
      result.push_back(node);
      continue;
    }
    if (isDirected(node)) {
      auto [representative, reversed] = findDirection(node);
      const std::vector<NodeId> &model = children[representative];
      if (reversed != (least[model.back()] < least[model.front()]))
        std::reverse(below.begin(), below.end());
    } else {
      std::sort(below.begin(), below.end(), bySlot);
    }
    open.insert(open.end(), below.rbegin(), below.rend());
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Solver
//===----------------------------------------------------------------------===//

/// The rows of the operations as leaves after the variables.
static std::vector<Leaf> numberRows(const LayoutProblem &problem) {
  std::vector<Leaf> firstRow{static_cast<Leaf>(problem.variables.size())};
  for (const LayoutProblem::Operation &operation : problem.operations)
    firstRow.push_back(firstRow.back() + operation.numRows());
  return firstRow;
}

Solver::Solver(const LayoutProblem &problem, ColumnOrder order)
    : problem(problem), firstRow(numberRows(problem)), tree(firstRow.back()),
      classes(tree), accepted(problem.operations.size()),
      operationsOf(firstRow.back()), isPending(problem.operations.size()) {
  collectCandidates(order);
}

void Solver::collectCandidates(ColumnOrder order) {
  for (uint32_t op = 0; op < problem.operations.size(); ++op) {
    const LayoutProblem::Operation &operation = problem.operations[op];
    for (uint32_t row = 0; row < operation.numRows(); ++row)
      operationsOf[firstRow[op] + row].push_back(op);
    for (uint32_t c = 0; c < operation.numColumns(); ++c) {
      if (!canBeInPlace(problem, op, c))
        continue;
      const LayoutProblem::Column &column = operation.getColumn(c);
      Candidate candidate{op, c, problem.columnBytes(operation, c), column, {}};
      Leaves &variables = candidate.variables;
      std::sort(variables.begin(), variables.end());
      variables.erase(std::unique(variables.begin(), variables.end()),
                      variables.end());
      if (variables.size() == 1)
        continue;
      candidate.rows.resize(variables.size());
      for (uint32_t row = 0; row < column.size(); ++row) {
        auto found =
            std::lower_bound(variables.begin(), variables.end(), column[row]);
        candidate.rows[found - variables.begin()].push_back(firstRow[op] + row);
      }
      for (Leaf variable : variables)
        if (operationsOf[variable].empty() ||
            operationsOf[variable].back() != op)
          operationsOf[variable].push_back(op);
      candidates.push_back(std::move(candidate));
    }
  }
  if (order == ColumnOrder::AsListed)
    return;
  std::sort(candidates.begin(), candidates.end(),
            [&](const Candidate &a, const Candidate &b) {
              // Pairs can do without.
              bool lastA = problem.allowsStrides && a.variables.size() == 2;
              bool lastB = problem.allowsStrides && b.variables.size() == 2;
              if (lastA != lastB)
                return lastB;
              if (a.bytes != b.bytes)
                return a.bytes > b.bytes;
              return std::make_pair(a.operation, a.column) <
                     std::make_pair(b.operation, b.column);
            });
}

/// Makes leaves adjacent, and notes whom that concerns. False if it is
/// impossible.
bool Solver::require(const Leaves &set) {
  PQTree::Outcome outcome = tree.reduce(set);
  if (outcome == PQTree::Outcome::Narrowed)
    for (Leaf leaf : set)
      for (uint32_t op : operationsOf[leaf])
        if (!isPending[op] && !accepted[op].empty()) {
          isPending[op] = true;
          pending.push_back(op);
        }
  return outcome != PQTree::Outcome::Impossible;
}

/// Carries what the tree says of one of the operation's columns over to the
/// rows, and from there to all columns.
bool Solver::propagate(uint32_t operation) {
  Leaves rows;
  for (Leaf row = firstRow[operation]; row < firstRow[operation + 1]; ++row)
    rows.push_back(row);
  for (uint32_t index : accepted[operation]) {
    const Candidate &column = candidates[index];
    for (const Leaves &part : tree.generators(column.variables)) {
      Leaves having;
      for (Leaf variable : part) {
        size_t i = std::lower_bound(column.variables.begin(),
                                    column.variables.end(), variable) -
                   column.variables.begin();
        having.insert(having.end(), column.rows[i].begin(),
                      column.rows[i].end());
      }
      if (!require(having))
        return false;
    }
  }
  for (const Leaves &part : tree.generators(rows))
    for (uint32_t index : accepted[operation]) {
      const Candidate &column = candidates[index];
      const LayoutProblem::Column &variables =
          problem.operations[operation].getColumn(column.column);
      Leaves had;
      for (Leaf row : part)
        had.push_back(variables[row - firstRow[operation]]);
      if (!require(had))
        return false;
    }
  return true;
}

/// Narrows the tree for a column and whatever follows from it; false, and all
/// is as before, if that is impossible. Directions are left open.
bool Solver::tryAccept(uint32_t candidate) {
  const Candidate &column = candidates[candidate];
  uint32_t op = column.operation;
  PQTree::Checkpoint before = tree.checkpoint();
  accepted[op].push_back(candidate);
  isPending[op] = true;
  pending.push_back(op);
  Leaves rows;
  for (Leaf row = firstRow[op]; row < firstRow[op + 1]; ++row)
    rows.push_back(row);
  bool possible = require(rows) && require(column.variables);
  for (const Leaves &run : column.rows)
    possible = possible && require(run);
  for (size_t next = 0; possible && next < pending.size(); ++next) {
    isPending[pending[next]] = false;
    possible = propagate(pending[next]);
  }
  for (uint32_t left : pending)
    isPending[left] = false;
  pending.clear();
  if (!possible) {
    accepted[op].pop_back();
    tree.rollback(before);
  }
  return possible;
}

/// Enters all subtrees that the operations and those connected with them have
/// columns in, and ties their columns.
bool Solver::enterConnected(const std::vector<uint32_t> &operations) {
  std::vector<uint32_t> reached = operations;
  std::vector<bool> isReached(problem.operations.size());
  for (uint32_t op : operations)
    isReached[op] = true;
  auto enterAround = [&](Leaf leaf) {
    if (classes.knows(leaf))
      return;
    // No column has variables and rows, so the root stays a P-node, and what
    // is below one of its children doesn't depend on its order.
    NodeId top = leaf;
    for (NodeId above = tree.getParent(top); above != PQTree::none;
         above = tree.getParent(top)) {
      if (above == tree.getRoot())
        break;
      top = above;
    }
    for (Leaf near : classes.enter(top))
      for (uint32_t op : operationsOf[near])
        if (!isReached[op] && !accepted[op].empty()) {
          isReached[op] = true;
          reached.push_back(op);
        }
  };
  for (size_t next = 0; next < reached.size(); ++next) {
    enterAround(firstRow[reached[next]]);
    for (uint32_t index : accepted[reached[next]])
      enterAround(candidates[index].variables[0]);
  }
  for (uint32_t op : reached)
    for (uint32_t index : accepted[op])
      if (!classes.tie(candidates[index]))
        return false;
  return true;
}

/// Whether directions and permutations can be chosen after columns were added
/// to these operations; without them they could.
bool Solver::canOrder(const std::vector<uint32_t> &added) {
  classes.begin();
  return enterConnected(added) && classes.canPermute();
}

/// Accepts what can be of the candidates from `first` to before `last`.
void Solver::accept(size_t first, size_t last) {
  if (first == last)
    return;
  PQTree::Checkpoint before = tree.checkpoint();
  std::vector<uint32_t> added;
  for (size_t i = first; i < last; ++i)
    if (tryAccept(static_cast<uint32_t>(i)))
      added.push_back(candidates[i].operation);
  std::vector<uint32_t> concerned = added;
  std::sort(concerned.begin(), concerned.end());
  concerned.erase(std::unique(concerned.begin(), concerned.end()),
                  concerned.end());
  if (canOrder(concerned))
    return;
  for (size_t i = added.size(); i--;)
    accepted[added[i]].pop_back();
  tree.rollback(before);
  if (last - first == 1)
    return;
  size_t middle = first + (last - first) / 2;
  accept(first, middle);
  accept(middle, last);
}

/// Takes the order of rows that has most bytes in place: the present one, or
/// that of some column in memory.
void Solver::chooseRowOrder(Layout &layout, uint32_t operation) const {
  const LayoutProblem::Operation &op = problem.operations[operation];
  auto bytesInPlace = [&] {
    uint64_t bytes = 0;
    for (uint32_t column = 0; column < op.numColumns(); ++column)
      if (layout.isInPlace(problem, operation, column))
        bytes += problem.columnBytes(op, column);
    return bytes;
  };
  std::vector<uint32_t> &order = layout.rowOrders[operation];
  std::vector<uint32_t> best = order, rank(order.size());
  for (uint32_t i = 0; i < order.size(); ++i)
    rank[order[i]] = i;
  uint64_t bestBytes = bytesInPlace();
  for (uint32_t column = 0; column < op.numColumns(); ++column) {
    const LayoutProblem::Column &rows = op.getColumn(column);
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      return std::make_pair(layout.offsets[rows[a]], rank[a]) <
             std::make_pair(layout.offsets[rows[b]], rank[b]);
    });
    uint64_t bytes = bytesInPlace();
    if (bytes > bestBytes) {
      best = order;
      bestBytes = bytes;
    }
  }
  order = best;
}

LayoutPlan Solver::solve() {
  accept(0, candidates.size());
  classes.begin();
  std::vector<Leaf> order;
  std::vector<uint32_t> allOperations;
  for (uint32_t op = 0; op < problem.operations.size(); ++op)
    allOperations.push_back(op);
  if (tree.getRoot() != PQTree::none) {
    classes.enter(tree.getRoot());
    enterConnected(allOperations);
    order = classes.order(tree.getRoot());
  }

  uint32_t numVariables = static_cast<uint32_t>(problem.variables.size());
  std::vector<uint32_t> variables, place(order.size());
  for (uint32_t i = 0; i < order.size(); ++i) {
    place[order[i]] = i;
    if (order[i] < numVariables)
      variables.push_back(order[i]);
  }
  Layout layout = layOutInOrder(problem, variables);
  for (uint32_t op : allOperations) {
    auto &rows = layout.rowOrders[op];
    std::sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) {
      return place[firstRow[op] + a] < place[firstRow[op] + b];
    });
    chooseRowOrder(layout, op);
  }
  return judgeLayout(problem, std::move(layout));
}

LayoutPlan edbc::planLayout(const LayoutProblem &problem, ColumnOrder order) {
  return Solver(problem, order).solve();
}
