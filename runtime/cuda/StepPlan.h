//===- StepPlan.h - which phases may run at the same time -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// A schedule's batches follow each other, and so do the phases of each; but not
// every batch needs the one before. Here every phase gets a level: the first in
// which all that it reads is complete. Phases of one level don't depend on each
// other; between levels a device needs a barrier, and there are no fewer levels
// than phases on the longest path.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CUDA_STEPPLAN_H
#define EDBC_RUNTIME_CUDA_STEPPLAN_H

#include "runtime/core/Scheduler.h"

#include "edbc/abi.h"

namespace edbc::cuda {

/// One phase of one batch.
struct PlannedStep {
  uint32_t batch; ///< its number in the schedule
  uint32_t phase;
  uint32_t rows; ///< at least 1
  uint32_t level;
};

class StepPlan {
public:
  /// Plans a schedule of the nodes [first, graph.numNodes()). Phases without
  /// rows are left out.
  /// @param rowsOf called with the number of a batch and of a phase of its
  /// cell.
  template <typename RowsOf>
  void make(const core::Graph &graph, uint32_t first,
            const core::Schedule &schedule, const edbc_cell_desc *cells,
            RowsOf rowsOf) {
    levelsOf.resize(graph.numNodes() - first);
    unordered.clear();
    levels = 0;
    for (uint32_t b = 0; b < schedule.batches.size(); ++b) {
      core::NodeSpan nodes = schedule.nodesOf(schedule.batches[b]);
      uint32_t level = 0;
      for (uint32_t node : nodes)
        for (uint32_t operand : graph.operands(node))
          if (operand >= first)
            level = std::max(level, levelsOf[operand - first]);
      const edbc_cell_desc &cell = cells[schedule.batches[b].type];
      for (uint32_t p = 0; p < cell.num_phases; ++p)
        if (uint32_t rows = rowsOf(b, p))
          unordered.push_back({b, p, rows, level++});
      for (uint32_t node : nodes)
        levelsOf[node - first] = level;
      levels = std::max(levels, level);
    }
    order();
  }

  uint32_t numLevels() const { return levels; }
  /// By level, and in one level as the schedule has them.
  const std::vector<PlannedStep> &steps() const { return ordered; }

private:
  /// A counting sort.
  void order() {
    begins.assign(levels + size_t(1), 0);
    for (const PlannedStep &step : unordered)
      ++begins[step.level + 1];
    for (uint32_t level = 0; level < levels; ++level)
      begins[level + 1] += begins[level];
    ordered.resize(unordered.size());
    for (const PlannedStep &step : unordered)
      ordered[begins[step.level]++] = step;
  }

  std::vector<uint32_t> levelsOf; ///< by node: the first that may read it
  std::vector<PlannedStep> unordered;
  std::vector<PlannedStep> ordered;
  std::vector<uint32_t> begins;
  uint32_t levels = 0;
};

} // namespace edbc::cuda

#endif // EDBC_RUNTIME_CUDA_STEPPLAN_H
