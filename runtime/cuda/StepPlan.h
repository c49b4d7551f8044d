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
// Of a chain of nodes of one cell, a phase needn't wait for all of the phases
// of the node before. Where one is `ahead` (edbc_phase_desc), it and those
// before it read nothing that it or those behind it give. So phases fall into
// parts: each that is ahead is one, and so are those between two such. A part
// reads of nodes of its own cell what their same part gives, or the part before
// where it is ahead, and not what later parts give. Of other cells' nodes it
// may read all.
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
    partsOf.resize(graph.numNodes() - first);
    partLevels.clear();
    unordered.clear();
    levels = 0;
    for (uint32_t b = 0; b < schedule.batches.size(); ++b) {
      const core::Batch &batch = schedule.batches[b];
      const edbc_cell_desc &cell = cells[batch.type];
      uint32_t level = findOperands(graph, first, batch.type,
                                    schedule.nodesOf(batch), numParts(cell));
      for (uint32_t p = 0, part = 0; p < cell.num_phases; ++p) {
        if (beginsPart(cell, p)) {
          // Index 0 of `waits` is before the first part.
          level = std::max(level, waits[part + !cell.phases[p].ahead]);
          ++part;
        }
        if (uint32_t rows = rowsOf(b, p))
          unordered.push_back({b, p, rows, level++});
        if (p + 1 == cell.num_phases || beginsPart(cell, p + 1))
          partLevels.push_back(level);
      }
      levels = std::max(levels, level);
    }
    order();
  }

  uint32_t numLevels() const { return levels; }
  /// By level, and in one level as the schedule has them.
  const std::vector<PlannedStep> &steps() const { return ordered; }

private:
  static bool beginsPart(const edbc_cell_desc &cell, uint32_t phase) {
    return phase == 0 || cell.phases[phase].ahead ||
           cell.phases[phase - 1].ahead;
  }
  static uint32_t numParts(const edbc_cell_desc &cell) {
    uint32_t count = 0;
    for (uint32_t p = 0; p < cell.num_phases; ++p)
      count += beginsPart(cell, p);
    return count;
  }

  /// Finds the levels from which on the operands of a batch can be read:
  /// returns that of those of other cells, and sets `waits[i]` for the first i
  /// parts of those of the same.
  uint32_t findOperands(const core::Graph &graph, uint32_t first, uint32_t type,
                        core::NodeSpan nodes, uint32_t count) {
    waits.assign(count + size_t(1), 0);
    uint32_t level = 0;
    for (uint32_t node : nodes) {
      for (uint32_t operand : graph.operands(node)) {
        if (operand < first)
          continue;
        const Parts &parts = partsOf[operand - first];
        const uint32_t *given = partLevels.data() + parts.begin;
        if (graph.type(operand) != type) {
          if (parts.count != 0)
            level = std::max(level, given[parts.count - 1]);
          continue;
        }
        for (uint32_t i = 0; i < count; ++i)
          waits[i + 1] = std::max(waits[i + 1], given[i]);
      }
      partsOf[node - first] = {static_cast<uint32_t>(partLevels.size()), count};
    }
    return level;
  }

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

  /// Where the levels of a node's parts stand in `partLevels`.
  struct Parts {
    uint32_t begin, count;
  };
  std::vector<Parts> partsOf;       ///< by node
  std::vector<uint32_t> partLevels; ///< the first that may read the part
  std::vector<uint32_t> waits;
  std::vector<PlannedStep> unordered;
  std::vector<PlannedStep> ordered;
  std::vector<uint32_t> begins;
  uint32_t levels = 0;
};

} // namespace edbc::cuda

#endif // EDBC_RUNTIME_CUDA_STEPPLAN_H
