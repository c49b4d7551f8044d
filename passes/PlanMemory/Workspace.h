//===- Workspace.h - shares memory between phases ---------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_PLANMEMORY_WORKSPACE_H
#define EDBC_PASSES_PLANMEMORY_WORKSPACE_H

#include <cstdint>
#include <vector>

namespace edbc {

/// A part of a workspace: values that lie one after another.
struct WorkspaceBlock {
  /// In floats, at least 1.
  uint64_t size;
  /// The steps in which it is in use: from `firstStep` to `lastStep`, both
  /// included.
  uint32_t firstStep;
  uint32_t lastStep;
};

struct WorkspacePlan {
  /// By block, in floats.
  std::vector<uint64_t> offsets;
  uint64_t size = 0;
};

/// Places blocks so that those in use in the same step don't overlap. Offsets
/// are sums of sizes, and so multiples of whatever all sizes are multiples of.
///
/// The smallest workspace is NP-hard to find (dynamic storage allocation). Two
/// orders are tried, by size and by first step; in both, a block goes to the
/// lowest place where it fits. The smaller one is taken. Where all sizes are
/// equal that is the least there is, `mostInUse`. Takes time quadratic in the
/// number of blocks.
WorkspacePlan placeBlocks(const std::vector<WorkspaceBlock> &blocks);

/// The blocks one after another, whenever they are in use.
WorkspacePlan placeInOrder(const std::vector<WorkspaceBlock> &blocks);

/// What is in use in the step in which most is: no plan takes less.
uint64_t mostInUse(const std::vector<WorkspaceBlock> &blocks);

} // namespace edbc

#endif // EDBC_PASSES_PLANMEMORY_WORKSPACE_H
