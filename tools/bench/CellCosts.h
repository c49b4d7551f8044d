//===- CellCosts.h - measures what batches cost -----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_BENCH_CELLCOSTS_H
#define EDBC_TOOLS_BENCH_CELLCOSTS_H

#include "tools/bench/CompiledNetwork.h"

namespace edbc::bench {

/// The time that batches of a cell take, in nanoseconds: so much for each batch
/// and for each of its rows.
struct CellCost {
  double batch;
  double row;
};

/// Times batches of 1 to 32 nodes of each cell, one cell at a time, and lays a
/// line through them. The nodes are the first ones of different instances;
/// cells that occur in none cost nothing.
/// @param network loaded.
std::vector<CellCost> measureCellCosts(const CompiledNetwork &network,
                                       const std::vector<Instance> &instances);

/// The costs of batches as learning takes them: whole nanoseconds, at least 1.
BatchCosts batchCostsOf(const std::vector<CellCost> &costs);

} // namespace edbc::bench

#endif // EDBC_TOOLS_BENCH_CELLCOSTS_H
