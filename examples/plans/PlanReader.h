//===- PlanReader.h - reads plans of database queries -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The JSON that PostgreSQL prints for EXPLAIN (ANALYZE, FORMAT JSON): an array
// of objects, one a query, whose "Plan" is the root of a tree of operators. An
// operator is an object with
//
//   "Node Type"                            one of those of OperatorType
//   "Plans"                                its inputs, where it has any
//   "Startup Cost", "Total Cost", "Plan Rows", "Plan Width"
//   "Actual Total Time"                    milliseconds, at the root
//
// and perhaps "Parallel Aware", "Workers Planned", "Parent Relationship", "Join
// Type", "Partial Mode" and "Strategy". All other keys are skipped. Operators
// are nested at most `deepest` deep.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_EXAMPLES_PLANS_PLANREADER_H
#define EDBC_EXAMPLES_PLANS_PLANREADER_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace plans {

/// In the order of the cells in plan_cost.edb.
enum class OperatorType {
  // Of no input.
  SeqScan,
  IndexScan,
  IndexOnlyScan,
  BitmapIndexScan,
  // Of one.
  Aggregate,
  Gather,
  GatherMerge,
  Sort,
  Hash,
  Memoize,
  Materialize,
  BitmapHeapScan,
  // Of two.
  NestedLoop,
  HashJoin,
  MergeJoin,
};

/// What is known of an operator before the query runs, as numbers:
///
///    0  log(1 + startup cost)       1  log(1 + total cost)
///    2  log(1 + total cost without that of the inputs, at least 0)
///    3  log(1 + rows)               4  log(1 + rows of the inputs together)
///    5  log(1 + width in bytes)     6  log(1 + workers)
///
/// and, 1 where it is so and otherwise 0:
///
///    7  aware of parallel workers   8  the inner input of a join
///    9  inner join    10  left join   11  a join of another kind
///   12  partial       13  finalizing (of aggregates)
///   14  sorted        15  hashed      (strategies of aggregates)
using Features = std::array<float, 16>;

struct Operator {
  OperatorType type;
  Features features;
  /// Indices of the inputs in the plan; for joins the outer one first.
  std::vector<std::uint32_t> inputs;
};

struct Plan {
  std::vector<Operator> operators; ///< inputs before their users: root last
  double milliseconds;             ///< that the query took
};

inline constexpr std::size_t deepest = 1000;

/// Reads all plans of `input`.
/// @param file stands in messages only.
/// @throws text::ReadError if the text is anything else than at least one plan,
///   or can't be read. Where an object is wrong, the line is the one that it
///   begins on.
std::vector<Plan> readPlans(std::istream &input, const std::string &file);

/// Reads all plans of the file `path`.
/// @throws text::ReadError, and std::system_error if it can't be opened.
std::vector<Plan> readPlanFile(const std::string &path);

} // namespace plans

#endif // EDBC_EXAMPLES_PLANS_PLANREADER_H
