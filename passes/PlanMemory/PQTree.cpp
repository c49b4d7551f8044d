//===- PQTree.cpp - orders in which given sets are consecutive --*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/PlanMemory/PQTree.h"

#include <algorithm>
#include <cassert>
#include <cmath>

using namespace edbc;

//===----------------------------------------------------------------------===//
// Nodes, and their history
//===----------------------------------------------------------------------===//

PQTree::PQTree(uint32_t numLeaves) : numLeaves(numLeaves) {
  for (uint32_t leaf = 0; leaf < numLeaves; ++leaf)
    addNode(Kind::Leaf);
  if (numLeaves <= 1) {
    root = numLeaves ? 0 : none;
    return;
  }
  root = addNode(Kind::P);
  for (uint32_t leaf = 0; leaf < numLeaves; ++leaf)
    pushChild(root, leaf);
}

PQTree::NodeId PQTree::addNode(Kind kind) {
  NodeId node = static_cast<NodeId>(nodes.size());
  nodes.emplace_back();
  marks.emplace_back();
  nodes[node].kind = kind;
  nodes[node].savedAt = era;
  if (kind == Kind::Q) {
    uint32_t index = static_cast<uint32_t>(classes.size());
    classes.push_back({index, 1, node, era});
    nodes[node].ownClass = index;
  }
  return node;
}

PQTree::Node &PQTree::edit(NodeId node) {
  if (keepsHistory && nodes[node].savedAt != era) {
    savedNodes.emplace_back(node, nodes[node]);
    nodes[node].savedAt = era;
  }
  return nodes[node];
}

PQTree::Class &PQTree::editClass(uint32_t index) {
  if (keepsHistory && classes[index].savedAt != era) {
    savedClasses.emplace_back(index, classes[index]);
    classes[index].savedAt = era;
  }
  return classes[index];
}

PQTree::Checkpoint PQTree::checkpoint() {
  keepsHistory = true;
  ++era;
  return {savedNodes.size(), savedClasses.size(), nodes.size(), classes.size(),
          root};
}

void PQTree::rollback(const Checkpoint &to) {
  for (; savedNodes.size() > to.numSavedNodes; savedNodes.pop_back())
    nodes[savedNodes.back().first] = savedNodes.back().second;
  for (; savedClasses.size() > to.numSavedClasses; savedClasses.pop_back())
    classes[savedClasses.back().first] = savedClasses.back().second;
  nodes.erase(nodes.begin() + to.numNodes, nodes.end());
  marks.erase(marks.begin() + to.numNodes, marks.end());
  classes.erase(classes.begin() + to.numClasses, classes.end());
  root = to.root;
}

void PQTree::forgetHistory() {
  savedNodes.clear();
  savedClasses.clear();
  keepsHistory = false;
}

uint32_t PQTree::findClass(uint32_t index) {
  uint32_t top = index;
  while (classes[top].parent != top)
    top = classes[top].parent;
  while (classes[index].parent != top) {
    uint32_t next = classes[index].parent;
    editClass(index).parent = top;
    index = next;
  }
  return top;
}

PQTree::NodeId PQTree::findParent(NodeId node) {
  uint32_t memberOf = nodes[node].memberOf;
  return memberOf == none ? nodes[node].parent
                          : classes[findClass(memberOf)].owner;
}

PQTree::NodeId PQTree::getParent(NodeId node) const {
  uint32_t index = nodes[node].memberOf;
  if (index == none)
    return nodes[node].parent;
  while (classes[index].parent != index)
    index = classes[index].parent;
  return classes[index].owner;
}

//===----------------------------------------------------------------------===//
// Lists of children
//===----------------------------------------------------------------------===//

/// The neighbour of a Q-node's child that isn't `otherThan`.
uint32_t PQTree::getSibling(NodeId node, uint32_t otherThan) const {
  const uint32_t *links = nodes[node].links;
  return links[links[0] == otherThan ? 1 : 0];
}

void PQTree::replaceLink(NodeId node, uint32_t from, uint32_t to) {
  Node &changed = edit(node);
  changed.links[changed.links[0] == from ? 0 : 1] = to;
}

/// Adds a child to a P-node.
void PQTree::pushChild(NodeId p, NodeId child) {
  Node &added = edit(child);
  Node &parent = edit(p);
  added.parent = p;
  added.memberOf = none;
  added.links[0] = parent.ends[1];
  added.links[1] = none;
  if (parent.numChildren++)
    edit(parent.ends[1]).links[1] = child;
  else
    parent.ends[0] = child;
  parent.ends[1] = child;
}

/// Takes a child from a P-node.
void PQTree::detach(NodeId p, NodeId child) {
  Node &taken = edit(child);
  Node &parent = edit(p);
  for (int side : {0, 1}) {
    uint32_t neighbour = taken.links[side];
    if (neighbour == none)
      parent.ends[side] = taken.links[1 - side];
    else
      edit(neighbour).links[1 - side] = taken.links[1 - side];
  }
  --parent.numChildren;
  taken.links[0] = taken.links[1] = none;
  taken.parent = none;
}

/// Adds a child at one end of a Q-node.
void PQTree::append(NodeId q, int end, NodeId child) {
  Node &added = edit(child);
  Node &parent = edit(q);
  added.parent = none;
  added.memberOf = parent.ownClass;
  added.links[0] = parent.ends[end];
  added.links[1] = none;
  if (parent.numChildren++)
    replaceLink(parent.ends[end], none, child);
  else
    parent.ends[1 - end] = child;
  parent.ends[end] = child;
}

/// Puts `by`, which has no parent, into the place of `node`, which has none
/// then.
void PQTree::replace(NodeId node, NodeId by) {
  NodeId parent = findParent(node);
  Node &gone = edit(node);
  Node &put = edit(by);
  put.parent = gone.parent;
  put.memberOf = gone.memberOf;
  for (int side : {0, 1}) {
    put.links[side] = gone.links[side];
    if (gone.links[side] != none)
      replaceLink(gone.links[side], node, by);
  }
  gone.parent = gone.memberOf = gone.links[0] = gone.links[1] = none;
  if (parent == none) {
    root = by;
    return;
  }
  for (int side : {0, 1})
    if (nodes[parent].ends[side] == node)
      edit(parent).ends[side] = by;
}

/// Makes `q` the parent of the children of `absorbed`, as far as these know.
void PQTree::merge(NodeId q, NodeId absorbed) {
  uint32_t large = findClass(nodes[q].ownClass);
  uint32_t small = findClass(nodes[absorbed].ownClass);
  if (classes[large].size < classes[small].size)
    std::swap(large, small);
  editClass(small).parent = large;
  Class &whole = editClass(large);
  whole.size += classes[small].size;
  whole.owner = q;
  edit(q).numChildren += nodes[absorbed].numChildren;
}

/// Puts the children of `partial`, a child of `q`, into its place, the full
/// ones on the side of its neighbour `fullSide`.
void PQTree::splice(NodeId q, NodeId partial, NodeId fullSide) {
  uint32_t neighbours[2] = {getSibling(partial, fullSide), fullSide};
  for (int end : {0, 1}) {
    NodeId outermost = nodes[partial].ends[end];
    if (neighbours[end] == none) {
      Node &parent = edit(q);
      parent.ends[parent.ends[0] == partial ? 0 : 1] = outermost;
    } else {
      replaceLink(neighbours[end], partial, outermost);
      replaceLink(outermost, none, neighbours[end]);
    }
  }
  merge(q, partial);
  --edit(q).numChildren;
}

//===----------------------------------------------------------------------===//
// Reduction
//===----------------------------------------------------------------------===//

bool PQTree::mark(NodeId node) {
  if (marks[node].seen)
    return false;
  marks[node].seen = true;
  marked.push_back(node);
  return true;
}

void PQTree::clearMarks() {
  for (NodeId node : marked)
    if (node < marks.size())
      marks[node] = Mark();
  marked.clear();
}

/// Marks the leaves of the set and their ancestors up to the first common one,
/// or somewhat beyond. Ancestors are reached in turns, so that the steps beyond
/// are no more than those below. Returns the size of the set.
uint32_t PQTree::climb(const std::vector<Leaf> &set) {
  for (Leaf leaf : set) {
    assert(leaf < numLeaves && "no such leaf");
    mark(leaf);
  }
  uint32_t size = static_cast<uint32_t>(marked.size());
  bool passedRoot = false;
  for (size_t next = 0; marked.size() - next + passedRoot > 1; ++next) {
    NodeId node = marked[next];
    if (node == root) {
      passedRoot = true;
      continue;
    }
    NodeId parent = findParent(node);
    marks[node].parent = parent;
    ++marks[parent].numPertinent;
    mark(parent);
  }
  return size;
}

PQTree::Outcome PQTree::reduce(const std::vector<Leaf> &set) {
  bool kept = keepsHistory;
  Checkpoint before = checkpoint();
  narrowed = false;
  bool possible = reducePertinent(climb(set));
  if (!possible)
    rollback(before);
  clearMarks();
  if (!kept)
    forgetHistory();
  if (!possible)
    return Outcome::Impossible;
  return narrowed ? Outcome::Narrowed : Outcome::Unchanged;
}

/// Matches templates from the leaves up to the pertinent root.
bool PQTree::reducePertinent(uint32_t numLeavesInSet) {
  if (numLeavesInSet <= 1)
    return true;
  std::vector<NodeId> ready(marked.begin(), marked.begin() + numLeavesInSet);
  for (NodeId leaf : ready)
    marks[leaf].numPertinentLeaves = 1;
  for (size_t next = 0;; ++next) {
    NodeId node = ready[next];
    uint32_t numBelow = marks[node].numPertinentLeaves;
    if (numBelow == numLeavesInSet)
      return reduceRoot(node);
    // What stands in the node's place from here on.
    NodeId parent = marks[node].parent;
    NodeId reduced = reduceNode(node);
    if (reduced == none)
      return false;
    mark(reduced);
    Mark &above = marks[parent];
    if (marks[reduced].label == Label::Full) {
      ++above.numFull;
      marks[reduced].nextFull = above.firstFull;
      above.firstFull = reduced;
    } else {
      if (above.numPartial == 2)
        return false;
      above.partial[above.numPartial++] = reduced;
    }
    above.numPertinentLeaves += numBelow;
    if (++above.numWaiting == above.numPertinent)
      ready.push_back(parent);
  }
}

/// Labels a node below the pertinent root. One that is partial becomes a
/// Q-node from its empty to its full end. Returns what stands in its place;
/// none if no template fits.
PQTree::NodeId PQTree::reduceNode(NodeId node) {
  if (marks[node].numFull == nodes[node].numChildren) {
    // Templates L1, P1, Q1.
    marks[node].label = Label::Full;
    return node;
  }
  if (marks[node].numPartial > 1)
    return none;
  NodeId reduced =
      nodes[node].kind == Kind::P ? reducePNode(node) : reduceQNode(node);
  if (reduced != none)
    marks[reduced].label = Label::Partial;
  return reduced;
}

/// Takes the full children from a P-node. Returns their one node; none if there
/// are none.
PQTree::NodeId PQTree::takeFull(NodeId p) {
  NodeId child = marks[p].firstFull;
  if (marks[p].numFull <= 1) {
    if (child != none)
      detach(p, child);
    return child;
  }
  NodeId full = addNode(Kind::P);
  for (; child != none; child = marks[child].nextFull) {
    detach(p, child);
    pushChild(full, child);
  }
  return full;
}

/// Templates P3 and P5.
PQTree::NodeId PQTree::reducePNode(NodeId node) {
  narrowed = true;
  NodeId full = takeFull(node);
  NodeId q = marks[node].partial[0];
  if (q == none)
    q = addNode(Kind::Q);
  else
    detach(node, q);
  replace(node, q);
  NodeId empty = node;
  if (nodes[node].numChildren <= 1) {
    empty = nodes[node].ends[0];
    if (empty != none)
      detach(node, empty);
  }
  if (empty != none)
    append(q, 0, empty);
  if (full != none)
    append(q, 1, full);
  return q;
}

/// Template Q2.
PQTree::NodeId PQTree::reduceQNode(NodeId node) {
  NodeId partial = marks[node].partial[0];
  uint32_t numFull = marks[node].numFull;
  auto mayBeFullEnd = [&](NodeId child) {
    return numFull ? marks[child].label == Label::Full : child == partial;
  };
  if (!mayBeFullEnd(nodes[node].ends[1])) {
    if (!mayBeFullEnd(nodes[node].ends[0]))
      return none;
    std::swap(edit(node).ends[0], edit(node).ends[1]);
  }
  NodeId before = none, child = nodes[node].ends[1];
  uint32_t numPassed = 0;
  while (marks[child].label == Label::Full) {
    NodeId next = getSibling(child, before);
    before = child;
    child = next;
    ++numPassed;
  }
  if (numPassed != numFull)
    return none;
  // Even without a partial child: what lies beyond the full end is fixed now.
  narrowed = true;
  if (partial != none) {
    if (child != partial)
      return none;
    splice(node, partial, before);
  }
  return node;
}

bool PQTree::reduceRoot(NodeId node) {
  if (marks[node].numFull == nodes[node].numChildren)
    return true;
  return nodes[node].kind == Kind::P ? reducePRoot(node) : reduceQRoot(node);
}

/// Templates P2, P4, P6.
bool PQTree::reducePRoot(NodeId node) {
  narrowed = true;
  NodeId full = takeFull(node);
  NodeId q = marks[node].partial[0], other = marks[node].partial[1];
  if (q == none) {
    pushChild(node, full);
    return true;
  }
  if (full != none)
    append(q, 1, full);
  if (other != none) {
    detach(node, other);
    NodeId inner = nodes[q].ends[1], otherInner = nodes[other].ends[1];
    replaceLink(inner, none, otherInner);
    replaceLink(otherInner, none, inner);
    edit(q).ends[1] = nodes[other].ends[0];
    merge(q, other);
  }
  if (nodes[node].numChildren == 1) {
    detach(node, q);
    replace(node, q);
  }
  return true;
}

/// Templates Q2 and Q3.
bool PQTree::reduceQRoot(NodeId node) {
  // Copies: what is spliced in leaves its marks, but no place, behind.
  const Mark known = marks[node];
  if (known.numFull == 0) {
    // There are two, as the pertinent root has several pertinent children.
    NodeId first = known.partial[0], second = known.partial[1];
    if (nodes[first].links[0] != second && nodes[first].links[1] != second)
      return false;
    narrowed = true;
    splice(node, first, second);
    splice(node, second, nodes[first].ends[1]);
    return true;
  }
  // The run of full children, and what lies on either side of it.
  uint32_t numPassed = 1, numPartial = 0;
  NodeId inside[2], outside[2];
  for (int side : {0, 1}) {
    inside[side] = known.firstFull;
    outside[side] = nodes[known.firstFull].links[side];
    while (outside[side] != none && marks[outside[side]].label == Label::Full) {
      NodeId next = getSibling(outside[side], inside[side]);
      inside[side] = outside[side];
      outside[side] = next;
      ++numPassed;
    }
    if (outside[side] != none && marks[outside[side]].label == Label::Partial)
      ++numPartial;
    else
      outside[side] = none;
  }
  if (numPassed != known.numFull || numPartial != known.numPartial)
    return false;
  for (int side : {0, 1})
    if (outside[side] != none) {
      narrowed = true;
      splice(node, outside[side], inside[side]);
    }
  return true;
}

std::vector<std::vector<PQTree::Leaf>>
PQTree::generators(const std::vector<Leaf> &set) {
  std::vector<std::vector<Leaf>> result;
  uint32_t size = climb(set);
  auto addPairs = [&](const std::vector<NodeId> &children) {
    std::vector<Leaf> before = getLeaves(children[0]);
    for (size_t i = 1; i < children.size(); ++i) {
      std::vector<Leaf> leaves = getLeaves(children[i]), both = before;
      both.insert(both.end(), leaves.begin(), leaves.end());
      if (both.size() < size)
        result.push_back(std::move(both));
      before = std::move(leaves);
    }
  };
  for (size_t next = size; next < marked.size(); ++next) {
    NodeId node = marked[next];
    if (nodes[node].kind == Kind::P) {
      if (marks[node].numPertinent != nodes[node].numChildren)
        continue;
      std::vector<Leaf> leaves = getLeaves(node);
      if (leaves.size() < size)
        result.push_back(std::move(leaves));
    }
  }
  // Q-nodes have no list of their pertinent children: walk from one of them.
  for (size_t next = 0; next < marked.size(); ++next) {
    NodeId parent = marks[marked[next]].parent;
    if (parent == none || nodes[parent].kind != Kind::Q ||
        marks[parent].numPertinent < 2 || marks[parent].numWaiting)
      continue;
    marks[parent].numWaiting = 1;
    std::vector<NodeId> run;
    for (int side : {0, 1}) {
      NodeId before = marked[next], child = nodes[before].links[side];
      while (child != none && marks[child].seen) {
        run.push_back(child);
        NodeId after = getSibling(child, before);
        before = child;
        child = after;
      }
      if (side == 0) {
        std::reverse(run.begin(), run.end());
        run.push_back(marked[next]);
      }
    }
    addPairs(run);
  }
  clearMarks();
  return result;
}

//===----------------------------------------------------------------------===//
// Observers
//===----------------------------------------------------------------------===//

std::vector<PQTree::NodeId> PQTree::getChildren(NodeId node) const {
  std::vector<NodeId> children;
  NodeId before = none, child = nodes[node].ends[0];
  while (child != none) {
    children.push_back(child);
    NodeId next = nodes[node].kind == Kind::P ? nodes[child].links[1]
                                              : getSibling(child, before);
    before = child;
    child = next;
  }
  return children;
}

std::vector<PQTree::Leaf> PQTree::getLeaves(NodeId node) const {
  std::vector<Leaf> leaves;
  std::vector<NodeId> open{node};
  while (!open.empty()) {
    NodeId top = open.back();
    open.pop_back();
    if (nodes[top].kind == Kind::Leaf) {
      leaves.push_back(top);
      continue;
    }
    std::vector<NodeId> children = getChildren(top);
    open.insert(open.end(), children.rbegin(), children.rend());
  }
  return leaves;
}

std::vector<PQTree::Leaf> PQTree::frontier() const {
  return root == none ? std::vector<Leaf>() : getLeaves(root);
}

/// All nodes, each before those below it.
std::vector<PQTree::NodeId> PQTree::breadthFirst() const {
  std::vector<NodeId> order;
  if (root != none)
    order.push_back(root);
  for (size_t next = 0; next < order.size(); ++next)
    for (NodeId child : getChildren(order[next]))
      order.push_back(child);
  return order;
}

std::optional<uint64_t> PQTree::numOrders() const {
  uint64_t count = 1;
  for (NodeId node : breadthFirst()) {
    uint64_t last = nodes[node].kind == Kind::P   ? nodes[node].numChildren
                    : nodes[node].kind == Kind::Q ? 2
                                                  : 1;
    for (uint64_t factor = 2; factor <= last; ++factor) {
      if (count > UINT64_MAX / factor)
        return std::nullopt;
      count *= factor;
    }
  }
  return count;
}

double PQTree::log2NumOrders() const {
  double sum = 0;
  for (NodeId node : breadthFirst())
    if (nodes[node].kind == Kind::P)
      sum += std::lgamma(nodes[node].numChildren + 1.0) / std::log(2.0);
    else if (nodes[node].kind == Kind::Q)
      sum += 1;
  return sum;
}

std::string
PQTree::print(const std::vector<std::vector<NodeId>> &children) const {
  std::string text;
  // A node to open, or one to close.
  std::vector<std::pair<NodeId, bool>> open;
  if (root != none)
    open.emplace_back(root, false);
  bool first = true;
  while (!open.empty()) {
    auto [node, close] = open.back();
    open.pop_back();
    Kind kind = nodes[node].kind;
    if (close) {
      text += kind == Kind::P ? ')' : ']';
      continue;
    }
    if (!first)
      text += ' ';
    first = kind != Kind::Leaf;
    if (kind == Kind::Leaf) {
      text += std::to_string(node);
      continue;
    }
    text += kind == Kind::P ? '(' : '[';
    open.emplace_back(node, true);
    for (size_t i = children[node].size(); i--;)
      open.emplace_back(children[node][i], false);
  }
  return text;
}

std::string PQTree::str() const {
  std::vector<std::vector<NodeId>> children(nodes.size());
  for (NodeId node : breadthFirst())
    children[node] = getChildren(node);
  return print(children);
}

std::string PQTree::canonicalStr() const {
  std::vector<std::vector<NodeId>> children(nodes.size());
  std::vector<Leaf> least(nodes.size(), none);
  std::vector<NodeId> order = breadthFirst();
  auto byLeast = [&](NodeId a, NodeId b) { return least[a] < least[b]; };
  for (size_t i = order.size(); i--;) {
    NodeId node = order[i];
    if (nodes[node].kind == Kind::Leaf) {
      least[node] = node;
      continue;
    }
    std::vector<NodeId> &below = children[node];
    below = getChildren(node);
    if (nodes[node].kind == Kind::P)
      std::sort(below.begin(), below.end(), byLeast);
    else if (byLeast(below.back(), below.front()))
      std::reverse(below.begin(), below.end());
    least[node] = least[*std::min_element(below.begin(), below.end(), byLeast)];
  }
  return print(children);
}

std::optional<PQTree> PQTree::parse(std::string_view text) {
  PQTree tree;
  auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
  for (size_t i = 0; i < text.size(); ++i)
    if (isDigit(text[i]) && (i == 0 || !isDigit(text[i - 1]))) {
      tree.addNode(Kind::Leaf);
      ++tree.numLeaves;
    }
  std::vector<bool> seen(tree.numLeaves);
  // The open brackets' children; the outermost level holds the root.
  std::vector<std::pair<char, std::vector<NodeId>>> open(1);
  for (size_t i = 0; i < text.size();) {
    char c = text[i];
    if (isDigit(c)) {
      uint64_t leaf = 0;
      for (; i < text.size() && isDigit(text[i]); ++i)
        leaf = std::min<uint64_t>(leaf * 10 + (text[i] - '0'), none);
      if (leaf >= tree.numLeaves || seen[leaf])
        return std::nullopt;
      seen[leaf] = true;
      open.back().second.push_back(static_cast<NodeId>(leaf));
      continue;
    }
    ++i;
    if (c == ' ')
      continue;
    if (c == '(' || c == '[') {
      open.emplace_back(c == '(' ? ')' : ']', std::vector<NodeId>());
      continue;
    }
    if (open.size() == 1 || c != open.back().first ||
        open.back().second.size() < (c == ')' ? 2 : 3))
      return std::nullopt;
    NodeId node = tree.addNode(c == ')' ? Kind::P : Kind::Q);
    for (NodeId child : open.back().second)
      if (c == ')')
        tree.pushChild(node, child);
      else
        tree.append(node, 1, child);
    open.pop_back();
    open.back().second.push_back(node);
  }
  if (open.size() != 1 || open[0].second.size() > 1)
    return std::nullopt;
  if (!open[0].second.empty())
    tree.root = open[0].second[0];
  return tree;
}

std::string PQTree::check() const {
  auto at = [](NodeId node, const char *what) {
    return "node " + std::to_string(node) + ": " + what;
  };
  std::vector<bool> seen(nodes.size());
  uint32_t numSeenLeaves = 0;
  if (root != none && getParent(root) != none)
    return at(root, "is the root and has a parent");
  std::vector<NodeId> order;
  if (root != none)
    order.push_back(root);
  for (size_t next = 0; next < order.size(); ++next) {
    NodeId node = order[next];
    if (seen[node])
      return at(node, "is reached twice");
    seen[node] = true;
    const Node &data = nodes[node];
    if (data.kind == Kind::Leaf) {
      if (node >= numLeaves || data.numChildren)
        return at(node, "is no leaf");
      ++numSeenLeaves;
      continue;
    }
    if (data.numChildren < (data.kind == Kind::P ? 2 : 3))
      return at(node, "has too few children");
    uint32_t count = 0;
    NodeId before = none, child = data.ends[0];
    while (child != none) {
      const uint32_t *links = nodes[child].links;
      if (data.kind == Kind::P ? links[0] != before
                               : links[0] != before && links[1] != before)
        return at(child, "isn't linked to its neighbour");
      if (getParent(child) != node)
        return at(child, "has another parent");
      if (++count > data.numChildren)
        return at(node, "has more children than it counts");
      order.push_back(child);
      NodeId after =
          data.kind == Kind::P ? links[1] : getSibling(child, before);
      before = child;
      child = after;
    }
    if (count != data.numChildren)
      return at(node, "has fewer children than it counts");
    if (before != data.ends[1])
      return at(node, "ends with another child");
  }
  if (numSeenLeaves != numLeaves)
    return "there are leaves that the root doesn't reach";
  if (!marked.empty() || std::any_of(marks.begin(), marks.end(),
                                     [](const Mark &m) { return m.seen; }))
    return "marks were left behind";
  return "";
}
