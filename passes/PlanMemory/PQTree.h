//===- PQTree.h - orders in which given sets are consecutive ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The PQ-tree of Booth and Lueker: "Testing for the consecutive ones property,
// interval graphs, and graph planarity using PQ-tree algorithms", Journal of
// Computer and System Sciences 13 (1976), written from that article.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_PLANMEMORY_PQTREE_H
#define EDBC_PASSES_PLANMEMORY_PQTREE_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edbc {

/// All the orders of the leaves 0 ... n-1 in which each of some sets of leaves
/// is consecutive.
///
/// An order is read off the tree from left to right after permuting the
/// children of each P-node at will and reversing those of any Q-node. A P-node
/// has at least two children, a Q-node at least three.
///
/// **Cost.** Let `s` be the size of a set. A sequence of successful `reduce`
/// takes O(n + sum of s) steps in total, each an amortised O(alpha(n)). The
/// article saves a child of a Q-node from knowing its parent, and finds the
/// parent, while it bubbles up, through blocks of siblings; here the children
/// of a Q-node are a class of a union-find structure that knows the Q-node.
/// That suffices because they never part: a Q-node only ever gains children or
/// is merged with its parent. Siblings' links have no direction, as in the
/// article, so that merging takes no more than the two ends. A `reduce` that
/// fails also takes time for the height of the tree between the leaves of the
/// set and their common ancestor, and isn't amortised.
///
/// Memory: O(n + sum of the s of those sets that narrowed the tree).
///
/// No two threads may use one tree at the same time, except for const members.
class PQTree {
public:
  /// A leaf as a node has its own number.
  using Leaf = uint32_t;
  using NodeId = uint32_t;
  enum class Kind : uint8_t { Leaf, P, Q };
  static constexpr uint32_t none = ~uint32_t(0);

  /// All orders of `numLeaves` leaves.
  explicit PQTree(uint32_t numLeaves);

  /// The tree that `text` describes: a leaf is a number, a P-node is `(...)`, a
  /// Q-node is `[...]`; "(0 [1 2 (3 4)])". Each of the leaves 0 ... n-1 is
  /// there once. Nothing if it isn't that.
  static std::optional<PQTree> parse(std::string_view text);

  enum class Outcome {
    /// The set is consecutive in every order already.
    Unchanged,
    /// Orders in which it isn't are gone.
    Narrowed,
    /// It is consecutive in none; the tree is as it was.
    Impossible,
  };
  /// Keeps the orders in which `set` is consecutive. Its members are leaves, in
  /// any order, repeated or not.
  Outcome reduce(const std::vector<Leaf> &set);

  /// Sets that suffice to rebuild the tree's restriction to `set`, a set of
  /// different leaves that is consecutive in every order: a tree of these
  /// leaves alone, reduced by the result, allows the orders of them that occur
  /// within this one. They are subsets of at least two leaves; `set` itself is
  /// left out. O(s * height of the restriction). Not const because it works in
  /// the tree's marks.
  std::vector<std::vector<Leaf>> generators(const std::vector<Leaf> &set);

  /// A state to come back to. It is valid until an earlier one is come back to
  /// or history is forgotten.
  struct Checkpoint {
    size_t numSavedNodes, numSavedClasses, numNodes, numClasses;
    NodeId root;
  };
  /// Begins to keep history, which costs memory for each change.
  Checkpoint checkpoint();
  /// Takes time for the nodes that changed since.
  void rollback(const Checkpoint &to);
  void forgetHistory();

  /// None if there are no leaves.
  NodeId getRoot() const { return root; }
  /// All nodes are below that number.
  uint32_t getNodeBound() const { return static_cast<uint32_t>(nodes.size()); }
  Kind getKind(NodeId node) const { return nodes[node].kind; }
  /// From left to right.
  std::vector<NodeId> getChildren(NodeId node) const;
  /// None for the root.
  NodeId getParent(NodeId node) const;
  /// The leaves below a node from left to right.
  std::vector<Leaf> getLeaves(NodeId node) const;

  /// One of the orders.
  std::vector<Leaf> frontier() const;
  /// How many orders there are; nothing if 64 bits can't tell.
  std::optional<uint64_t> numOrders() const;
  /// The binary logarithm of that.
  double log2NumOrders() const;

  /// As `parse` reads it.
  std::string str() const;
  /// The same for trees that stand for the same orders, and for no others: the
  /// children of P-nodes by their least leaves, Q-nodes beginning with the end
  /// that has the lesser least leaf.
  std::string canonicalStr() const;

  /// What is wrong with the tree, as far as its own invariants go; empty if
  /// nothing. For tests.
  std::string check() const;

private:
  /// Children of a P-node: a list, `links` are the one before and the one
  /// after. Of a Q-node: `links` are the two neighbours, whichever way.
  struct Node {
    uint32_t links[2] = {none, none};
    /// First and last child. While a reduction is under way and the node is
    /// partial: the empty and the full end.
    uint32_t ends[2] = {none, none};
    uint32_t numChildren = 0;
    /// Child of a P-node.
    uint32_t parent = none;
    /// Child of a Q-node.
    uint32_t memberOf = none;
    /// Class of its children, for a Q-node.
    uint32_t ownClass = none;
    uint32_t savedAt = 0;
    Kind kind = Kind::Leaf;
  };
  /// Children of one Q-node, by union-find.
  struct Class {
    uint32_t parent;
    uint32_t size;
    NodeId owner;
    uint32_t savedAt;
  };
  enum class Label : uint8_t { Empty, Partial, Full };
  /// What a reduction knows of a node. Between reductions all is as here.
  struct Mark {
    uint32_t parent = none;
    uint32_t numPertinent = 0;
    uint32_t numWaiting = 0;
    uint32_t numPertinentLeaves = 0;
    uint32_t numFull = 0;
    uint32_t firstFull = none;
    uint32_t nextFull = none;
    uint32_t numPartial = 0;
    uint32_t partial[2] = {none, none};
    Label label = Label::Empty;
    bool seen = false;
  };

  PQTree() = default;

  NodeId addNode(Kind kind);
  Node &edit(NodeId node);
  Class &editClass(uint32_t index);
  uint32_t findClass(uint32_t index);
  NodeId findParent(NodeId node);

  void pushChild(NodeId p, NodeId child);
  void detach(NodeId p, NodeId child);
  void append(NodeId q, int end, NodeId child);
  void replace(NodeId node, NodeId by);
  void replaceLink(NodeId node, uint32_t from, uint32_t to);
  void merge(NodeId q, NodeId absorbed);
  void splice(NodeId q, NodeId partial, NodeId fullSide);
  uint32_t getSibling(NodeId node, uint32_t otherThan) const;

  bool mark(NodeId node);
  void clearMarks();
  uint32_t climb(const std::vector<Leaf> &set);
  NodeId takeFull(NodeId p);
  bool reducePertinent(uint32_t numLeavesInSet);
  NodeId reduceNode(NodeId node);
  NodeId reducePNode(NodeId node);
  NodeId reduceQNode(NodeId node);
  bool reduceRoot(NodeId node);
  bool reducePRoot(NodeId node);
  bool reduceQRoot(NodeId node);

  std::vector<NodeId> breadthFirst() const;
  std::string print(const std::vector<std::vector<NodeId>> &children) const;

  uint32_t numLeaves = 0;
  NodeId root = none;
  std::vector<Node> nodes;
  std::vector<Class> classes;

  std::vector<Mark> marks;
  /// Nodes whose marks are in use: those of the set first.
  std::vector<NodeId> marked;
  bool narrowed = false;

  std::vector<std::pair<NodeId, Node>> savedNodes;
  std::vector<std::pair<uint32_t, Class>> savedClasses;
  /// A node or class that was saved since the last checkpoint bears its number.
  uint32_t era = 0;
  bool keepsHistory = false;
};

} // namespace edbc

#endif // EDBC_PASSES_PLANMEMORY_PQTREE_H
