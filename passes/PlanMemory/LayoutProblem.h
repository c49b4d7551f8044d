//===- LayoutProblem.h - what batched operations want of memory -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The problem that memory planning solves (Chen et al., ED-Batch, ICML 2023,
// section 3), what a solution is, and when it is right. How one is found:
// LayoutSolver.h.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_PLANMEMORY_LAYOUTPROBLEM_H
#define EDBC_PASSES_PLANMEMORY_LAYOUTPROBLEM_H

#include <cstdint>
#include <string>
#include <vector>

namespace edbc {

/// Variables of a cell, and the batched operations that read and write them.
///
/// A batched operation does the same to each of its rows. A *column* is what
/// all the rows have at one operand, or as result. The operation takes a column
/// *in place* if its variables lie in memory as the operation goes through its
/// rows; else the column is copied, and its bytes are moved. The rows may be
/// gone through in any order, the same for all columns. So the paper's two
/// wishes: a column's variables are adjacent, and columns are aligned.
///
/// In place means: in the order of the rows,
/// - either all rows have the same variable (a broadcast; or there is one row),
///   wherever it lies,
/// - or runs of equally many rows have the same variable (runs of one,
///   usually), the variables of the runs differ, are in one region, and each
///   begins at the first multiple of the alignment after the end of the one
///   before,
/// - or, where strides are allowed, there are two such runs, of variables of
///   the same size in one region: whatever their distance, it is a stride.
/// A kernel finds row i of such a column at the offset of the first row plus
/// i / run times the stride, where the sizes are equal.
struct LayoutProblem {
  /// The region of variables whose place isn't the planner's to choose, such as
  /// rows of other cells' states. Nothing is known about how they lie.
  static constexpr uint32_t outside = ~uint32_t(0);
  static constexpr uint64_t maxSize = uint64_t(1) << 40;

  struct Variable {
    std::string name;
    /// In floats, of all that it stores: at least 1, at most `maxSize`.
    uint64_t size = 1;
    /// Memory of its own, which offsets count from: the weights, a state's
    /// record (so for the outputs of a cell), the workspace; or `outside`.
    uint32_t region = 0;
  };
  /// Numbers of variables, by row.
  using Column = std::vector<uint32_t>;
  struct Operation {
    std::string name;
    std::vector<Column> operands;
    Column result;

    uint32_t numRows() const { return static_cast<uint32_t>(result.size()); }
    /// The operands, and the result after them.
    uint32_t numColumns() const {
      return static_cast<uint32_t>(operands.size()) + 1;
    }
    const Column &getColumn(uint32_t index) const {
      return index < operands.size() ? operands[index] : result;
    }
  };

  std::vector<Variable> variables;
  uint32_t numRegions = 1;
  /// In the order of execution.
  std::vector<Operation> operations;
  /// Of which all offsets are multiples, in floats; 16 of them fill a vector of
  /// 512 bits. At least 1, at most `maxSize`.
  uint64_t alignment = 16;
  /// Whether several rows of a column in place may have the same variable. In
  /// the paper they may not.
  bool allowsBroadcasts = true;
  /// Whether two variables may be any distance apart. In the paper they may
  /// not.
  bool allowsStrides = false;

  /// What is wrong with the problem; empty if nothing. Everything else here
  /// wants a problem that is right: columns of one operation have equally many
  /// rows, at least one; a variable is the result of one row at most, and isn't
  /// read by that operation or one before.
  std::string check() const;

  /// What copying a column moves.
  uint64_t columnBytes(const Operation &operation, uint32_t column) const;
};

/// Where variables lie, and in which order operations go through their rows.
struct Layout {
  static constexpr uint64_t noOffset = ~uint64_t(0);

  /// By variable, from the beginning of its region, in floats; `noOffset` for
  /// those outside.
  std::vector<uint64_t> offsets;
  /// By region, in floats, multiples of the alignment.
  std::vector<uint64_t> regionSizes;
  /// By operation: a permutation of its rows.
  std::vector<std::vector<uint32_t>> rowOrders;

  bool isInPlace(const LayoutProblem &problem, uint32_t operation,
                 uint32_t column) const;
  /// The same but for strides: whether the variables must stay as they lie.
  bool isContiguous(const LayoutProblem &problem, uint32_t operation,
                    uint32_t column) const;
  /// By all the columns that aren't in place.
  uint64_t bytesMoved(const LayoutProblem &problem) const;
};

/// The variables of each region one after another as they come in `order`, a
/// permutation of them; rows in their own order. With the order 0, 1, 2, ... it
/// is the layout without planning.
Layout layOutInOrder(const LayoutProblem &problem,
                     const std::vector<uint32_t> &order);

enum class ColumnState : uint8_t {
  InPlace,
  /// Gave way to columns whose copies would move as many bytes or more.
  Dropped,
  /// No layout has it in place: it has several variables, and these are outside
  /// or in different regions, or aren't repeated equally often.
  Impossible,
};

/// A solution.
struct LayoutPlan {
  Layout layout;
  /// By operation and column.
  std::vector<std::vector<ColumnState>> states;
  uint64_t bytesMoved = 0;
  /// Columns that aren't in place.
  uint32_t numCopies = 0;
};

/// The plan that a layout amounts to.
LayoutPlan judgeLayout(const LayoutProblem &problem, Layout layout);

/// What keeps a plan, from wherever it is, from being a solution of the
/// problem; empty if nothing. It must be true, not optimal: variables don't
/// overlap and are aligned, rows are permuted, states and numbers are as the
/// layout makes them.
std::string verify(const LayoutProblem &problem, const LayoutPlan &plan);

/// Whether some layout has the column in place, were it the only one.
bool canBeInPlace(const LayoutProblem &problem, uint32_t operation,
                  uint32_t column);

} // namespace edbc

#endif // EDBC_PASSES_PLANMEMORY_LAYOUTPROBLEM_H
