//===- RunImage.h - what a run takes to the device --------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// All that a run's kernels read beside states and constants, in one piece of
// memory that goes to the device in one copy:
//
//     steps | buffers of each batch | columns of the run's items, by cell
//           | items and elements of each batch
//
// and next to it, without contents, the batches' workspaces (`scratch`).
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CUDA_RUNIMAGE_H
#define EDBC_RUNTIME_CUDA_RUNIMAGE_H

#include "runtime/cuda/DriverApi.h"
#include "runtime/cuda/StepPlan.h"
#include "runtime/src/Executor.h"

namespace edbc::cuda {

/// Where things lie in device memory.
struct Addresses {
  DevicePointer image;
  DevicePointer scratch;
  const std::vector<DevicePointer> &states;
  const std::vector<DevicePointer> &constants;
};

/// Keeps its memory from one run to the next.
class RunImage {
public:
  RunImage(const SessionView &session, const edbc_library &library);

  /// Finds out what is needed to execute the nodes that are new.
  void plan(const core::Schedule &schedule);

  size_t size() const { return imageSize; }
  size_t scratchSize() const { return largestScratch; }
  uint32_t numSteps() const {
    return static_cast<uint32_t>(stepPlan.steps().size());
  }
  /// Levels of steps, between which there are barriers.
  uint32_t numLevels() const { return stepPlan.numLevels(); }
  /// Tiles of the level that has most.
  uint64_t mostTiles() const { return levelTiles; }
  /// What phases copy that compute nothing.
  uint64_t copiedFloats() const { return copied; }

  /// Writes the image of what was planned to `size()` bytes at `to`.
  void write(char *to, const Addresses &addresses) const;

  /// The steps of an image that was written.
  static const edbc_cuda_step *stepsOf(const char *image) {
    return reinterpret_cast<const edbc_cuda_step *>(image);
  }

  /// Items of the cell before the run's.
  uint32_t firstItem(uint32_t cell) const { return firstItems[cell]; }
  /// The items that were planned have been executed.
  void commit();
  /// Starts over with no items.
  void reset();

private:
  /// Of one operand in one batch: offsets in the image.
  struct Elements {
    uint32_t count;
    size_t rows, owners, begins;
    size_t workspace; ///< in the scratch
  };
  struct Batch {
    size_t buffers, items;
    size_t workspace;       ///< in the scratch
    uint32_t firstElements; ///< of its operands that have some
    uint32_t lastLevel;
    bool isPlaced; ///< its workspaces have their places
  };

  uint32_t numRows(const core::Schedule &schedule, uint32_t batch,
                   uint32_t phase) const;
  uint32_t numTiles(const edbc_phase_desc &phase, uint32_t rows) const;
  void planBatch(const core::Batch &batch, core::NodeSpan nodes);
  void planColumns(uint32_t cell);
  void planScratch(const core::Schedule &schedule);
  void writeColumns(uint32_t cell, char *to) const;
  void writeItems(uint32_t number, char *to) const;
  void writeBuffers(uint32_t number, char *to,
                    const Addresses &addresses) const;
  /// The elements of operand `operand` of a batch.
  const Elements &elementsOf(const Batch &batch, uint32_t cell,
                             uint32_t operand) const;
  /// Room for an array of the image; returns its offset.
  size_t place(size_t bytes);

  const SessionView session;
  const edbc_library &library;
  const core::Schedule *schedule = nullptr; ///< that is planned
  StepPlan stepPlan;
  std::vector<uint32_t> firstItems;         ///< by cell
  std::vector<std::vector<size_t>> columns; ///< by cell and slot: offsets
  std::vector<Batch> batches;
  std::vector<Elements> elements;
  size_t imageSize = 0;
  size_t largestScratch = 0;
  uint64_t levelTiles = 0;
  uint64_t copied = 0;
};

} // namespace edbc::cuda

#endif // EDBC_RUNTIME_CUDA_RUNIMAGE_H
