//===- NaivePQTree.h - a slow PQ-tree that is plainly right -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_UNIT_LAYOUT_NAIVEPQTREE_H
#define EDBC_TEST_UNIT_LAYOUT_NAIVEPQTREE_H

#include "passes/PlanMemory/PQTree.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace edbc::test {

/// Trees as values, rebuilt by recursion over all of the tree for every set.
class NaivePQTree {
public:
  /// At least two leaves.
  explicit NaivePQTree(uint32_t numLeaves) : numLeaves(numLeaves) {
    root.kind = 'P';
    for (uint32_t leaf = 0; leaf < numLeaves; ++leaf)
      root.children.push_back(Tree{'L', leaf, {}});
  }

  bool reduce(const std::vector<uint32_t> &set) {
    isInSet.assign(numLeaves, false);
    for (uint32_t leaf : set)
      isInSet[leaf] = true;
    std::optional<Tree> reduced = reduceRoot(root);
    if (reduced)
      root = *reduced;
    return reduced.has_value();
  }

  std::string canonicalStr() const { return print(root).second; }

private:
  struct Tree {
    char kind;
    uint32_t leaf;
    std::vector<Tree> children;
  };
  using Trees = std::vector<Tree>;
  enum Label { Empty, Partial, Full };

  Label label(const Tree &tree) const {
    if (tree.kind == 'L')
      return isInSet[tree.leaf] ? Full : Empty;
    Label first = label(tree.children[0]);
    for (const Tree &child : tree.children)
      if (label(child) != first)
        return Partial;
    return first;
  }
  Trees select(const Tree &tree, Label wanted) const {
    Trees result;
    for (const Tree &child : tree.children)
      if (label(child) == wanted)
        result.push_back(child);
    return result;
  }
  static void add(Trees &to, const Trees &more) {
    to.insert(to.end(), more.begin(), more.end());
  }
  /// One tree, in which the given ones can take any order.
  static Trees group(const Trees &trees) {
    if (trees.size() <= 1)
      return trees;
    return {Tree{'P', 0, trees}};
  }
  static Trees reversed(Trees trees) {
    std::reverse(trees.begin(), trees.end());
    return trees;
  }
  static Tree inOrder(const Trees &trees) {
    return Tree{trees.size() == 2 ? 'P' : 'Q', 0, trees};
  }

  /// The tree as a row of trees, first the empty and last the full ones.
  std::optional<Trees> linearize(const Tree &tree) const {
    if (label(tree) != Partial)
      return Trees{tree};
    if (tree.kind == 'P') {
      Trees partial = select(tree, Partial);
      if (partial.size() > 1)
        return std::nullopt;
      Trees row = group(select(tree, Empty));
      if (!partial.empty()) {
        auto middle = linearize(partial[0]);
        if (!middle)
          return std::nullopt;
        add(row, *middle);
      }
      add(row, group(select(tree, Full)));
      return row;
    }
    for (const Trees &children : {tree.children, reversed(tree.children)}) {
      Trees row;
      bool fits = true;
      Label last = Empty;
      for (const Tree &child : children) {
        Label next = label(child);
        fits &= next >= last && !(next == Partial && last == Partial);
        last = next;
        auto part = fits ? linearize(child) : std::nullopt;
        if (!part) {
          fits = false;
          break;
        }
        add(row, *part);
      }
      if (fits)
        return row;
    }
    return std::nullopt;
  }

  std::optional<Tree> reduceRoot(const Tree &tree) const {
    if (label(tree) != Partial)
      return tree;
    Trees full = select(tree, Full), partial = select(tree, Partial);
    if (full.empty() && partial.size() == 1) {
      Tree result = tree;
      for (Tree &child : result.children)
        if (label(child) == Partial) {
          auto reduced = reduceRoot(child);
          if (!reduced)
            return std::nullopt;
          child = *reduced;
        }
      return result;
    }
    if (partial.size() > 2)
      return std::nullopt;
    if (tree.kind == 'P') {
      Trees children = select(tree, Empty), row = group(full);
      if (!partial.empty()) {
        auto left = linearize(partial[0]);
        if (!left)
          return std::nullopt;
        add(*left, row);
        row = *left;
        if (partial.size() == 2) {
          auto right = linearize(partial[1]);
          if (!right)
            return std::nullopt;
          add(row, reversed(*right));
        }
        row = {inOrder(row)};
      }
      add(children, row);
      return children.size() == 1 ? children[0] : Tree{'P', 0, children};
    }
    // Empty, then rising, full, falling, and empty again.
    Trees row;
    bool begun = false, ended = false;
    for (const Tree &child : tree.children) {
      Label next = label(child);
      if (next == Empty) {
        ended |= begun;
        row.push_back(child);
        continue;
      }
      if (ended)
        return std::nullopt;
      auto part = linearize(child);
      if (!part)
        return std::nullopt;
      if (next == Partial && begun) {
        part = reversed(*part);
        ended = true;
      }
      begun = true;
      add(row, *part);
    }
    return inOrder(row);
  }

  /// The least leaf and the canonical text.
  std::pair<uint32_t, std::string> print(const Tree &tree) const {
    if (tree.kind == 'L')
      return {tree.leaf, std::to_string(tree.leaf)};
    std::vector<std::pair<uint32_t, std::string>> parts;
    for (const Tree &child : tree.children)
      parts.push_back(print(child));
    if (tree.kind == 'P')
      std::sort(parts.begin(), parts.end());
    else if (parts.back().first < parts.front().first)
      std::reverse(parts.begin(), parts.end());
    uint32_t least = parts[0].first;
    std::string text;
    for (const auto &part : parts) {
      least = std::min(least, part.first);
      text += (text.empty() ? "" : " ") + part.second;
    }
    return {least, tree.kind == 'P' ? "(" + text + ")" : "[" + text + "]"};
  }

  uint32_t numLeaves;
  Tree root;
  std::vector<bool> isInSet;
};

} // namespace edbc::test

#endif // EDBC_TEST_UNIT_LAYOUT_NAIVEPQTREE_H
