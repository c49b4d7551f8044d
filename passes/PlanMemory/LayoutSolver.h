//===- LayoutSolver.h - plans memory with a PQ-tree -------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_PLANMEMORY_LAYOUTSOLVER_H
#define EDBC_PASSES_PLANMEMORY_LAYOUTSOLVER_H

#include "passes/PlanMemory/LayoutProblem.h"

namespace edbc {

/// Which columns are tried before others.
enum class ColumnOrder : uint8_t {
  ByBytes,  ///< those of which copies would move most
  AsListed, ///< for comparison: as in the paper, which says nothing of it
};

/// Plans the memory of a problem that `check()` finds nothing wrong with, after
/// Chen et al., ED-Batch, ICML 2023, section 3 and algorithm 2.
///
/// The tree's leaves are the variables and, beyond the paper, the rows of each
/// operation: a column is aligned if its variables are in the order of these
/// leaves, so columns are compared with the rows only and not with one another,
/// and a variable may stand for several rows.
///
/// - Adjacency: the tree is reduced by the variables of each column.
/// - Alignment, first part: what the tree says of the order of a column's
///   variables is carried over to the rows, and the other way round, until
///   nothing changes. Then the subtrees of columns and rows are isomorphic.
/// - Alignment, second part: nodes that correspond are one class, which has one
///   order. For Q-nodes, and P-nodes of two children, union-find carries
///   whether the direction is the same or the reverse. For other P-nodes the
///   classes are those of corresponding children, and a permutation shows as
///   two children of one node in one class; it can't be satisfied.
///
/// These conditions are exact: a set of columns passes if and only if some
/// layout has all of them in place. Columns are accepted greedily, by bytes
/// (those listed earlier before others of the same; see `ColumnOrder`), each if
/// those accepted before leave it possible. That need not be the best set: a
/// large column may exclude two smaller ones that move more together. The
/// second part is decided for many columns at once, and for halves of them
/// where it fails, which gives the same as one by one.
///
/// Let N be the sum of the sizes of all columns. When nothing conflicts, a
/// column with k rows takes O(k * height of its subtree) each time the tree
/// changes below it, O(N) in total for usual cells; each column that gives way
/// takes another O(log N) passes over the columns that it is connected with.
LayoutPlan planLayout(const LayoutProblem &problem,
                      ColumnOrder order = ColumnOrder::ByBytes);

} // namespace edbc

#endif // EDBC_PASSES_PLANMEMORY_LAYOUTSOLVER_H
