//===- Workspace.cpp - shares memory between phases -------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/PlanMemory/Workspace.h"

#include <algorithm>
#include <numeric>
#include <tuple>

using namespace edbc;

static bool meet(const WorkspaceBlock &a, const WorkspaceBlock &b) {
  return a.firstStep <= b.lastStep && b.firstStep <= a.lastStep;
}

static WorkspacePlan placeLowest(const std::vector<WorkspaceBlock> &blocks,
                                 const std::vector<uint32_t> &order) {
  WorkspacePlan plan;
  plan.offsets.resize(blocks.size());
  // Those that have a place, by ascending offset.
  std::vector<uint32_t> placed;
  for (uint32_t number : order) {
    uint64_t offset = 0;
    for (uint32_t other : placed) {
      if (!meet(blocks[number], blocks[other]))
        continue;
      if (offset + blocks[number].size <= plan.offsets[other])
        break;
      offset = std::max(offset, plan.offsets[other] + blocks[other].size);
    }
    plan.offsets[number] = offset;
    plan.size = std::max(plan.size, offset + blocks[number].size);
    auto behind = std::upper_bound(placed.begin(), placed.end(), offset,
                                   [&](uint64_t value, uint32_t other) {
                                     return value < plan.offsets[other];
                                   });
    placed.insert(behind, number);
  }
  return plan;
}

WorkspacePlan edbc::placeBlocks(const std::vector<WorkspaceBlock> &blocks) {
  std::vector<uint32_t> order(blocks.size());
  std::iota(order.begin(), order.end(), 0);
  auto byTime = [&](uint32_t number) {
    return std::make_tuple(blocks[number].firstStep, ~blocks[number].size,
                           number);
  };
  auto bySize = [&](uint32_t number) {
    return std::make_tuple(~blocks[number].size, blocks[number].firstStep,
                           number);
  };
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return byTime(a) < byTime(b); });
  WorkspacePlan plan = placeLowest(blocks, order);
  if (plan.size == mostInUse(blocks))
    return plan;
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return bySize(a) < bySize(b); });
  WorkspacePlan other = placeLowest(blocks, order);
  return other.size < plan.size ? other : plan;
}

WorkspacePlan edbc::placeInOrder(const std::vector<WorkspaceBlock> &blocks) {
  WorkspacePlan plan;
  for (const WorkspaceBlock &block : blocks) {
    plan.offsets.push_back(plan.size);
    plan.size += block.size;
  }
  return plan;
}

uint64_t edbc::mostInUse(const std::vector<WorkspaceBlock> &blocks) {
  // It is most when some block has just begun.
  uint64_t most = 0;
  for (const WorkspaceBlock &begun : blocks) {
    uint64_t inUse = 0;
    for (const WorkspaceBlock &block : blocks)
      if (block.firstStep <= begun.firstStep &&
          begun.firstStep <= block.lastStep)
        inUse += block.size;
    most = std::max(most, inUse);
  }
  return most;
}
