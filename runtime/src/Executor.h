//===- Executor.h - what executes a session's batches ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_SRC_EXECUTOR_H
#define EDBC_RUNTIME_SRC_EXECUTOR_H

#include "runtime/core/Scheduler.h"
#include "runtime/src/CellItems.h"

#include <memory>
#include <vector>

namespace edbc {

/// Where the parts of a node lie, and what it belongs to.
struct Place {
  uint64_t owner; ///< its instance and the state that it yields
  uint32_t item;  ///< among the nodes of its cell
  uint32_t row;   ///< of its result among those of its state, or its table's

  uint32_t instance() const { return static_cast<uint32_t>(owner); }
  uint32_t state() const { return static_cast<uint32_t>(owner >> 32); }

  /// Both as one number, to be stored and compared at one go.
  static uint64_t ownerOf(uint32_t instance, uint32_t state) {
    return instance | uint64_t(state) << 32;
  }
};

/// A session as its executor sees it: where nodes share results, with one node
/// for all of those.
struct SessionView {
  const edbc_model &model;
  const core::Graph &graph;
  const std::vector<Place> &places;     ///< by node
  std::vector<CellItems> &cells;        ///< by cell
  const std::vector<StateRows> &states; ///< by state
  const uint32_t &executed;             ///< nodes before this one have results
};

/// What was executed since the last reset.
struct ExecutionCounts {
  uint64_t launches = 0;       ///< phases
  uint64_t copiedFloats = 0;   ///< by phases that compute nothing
  uint64_t deviceLaunches = 0; ///< kernels and graphs started on a device
  uint64_t barriers = 0;       ///< for which a device's blocks waited
  uint64_t uploadedBytes = 0;
  uint64_t downloadedBytes = 0;
};

/// Executes the batches of one session and keeps the results. All functions may
/// throw std::bad_alloc and Failure.
class Executor {
public:
  virtual ~Executor() = default;

  /// Executes the nodes from `executed` on in the batches of `schedule`. Where
  /// it throws, these have no results, earlier ones keep theirs, and it may be
  /// called again.
  virtual void run(const core::Schedule &schedule) = 0;
  /// A row of a state that holds results, in memory of the host.
  virtual const float *hostRow(uint32_t state, uint32_t row) = 0;
  /// The same in memory of the device, where they are complete once the stream
  /// has come to that. Null where there is no device.
  virtual const float *deviceRow(uint32_t state, uint32_t row) = 0;
  /// The CUDA stream that results are complete on, or null.
  virtual void *stream() const = 0;
  /// Forgets all results and keeps the memory.
  virtual void reset() { counts = ExecutionCounts(); }

  ExecutionCounts counts;
};

std::unique_ptr<Executor> createCpuExecutor(const SessionView &session,
                                            uint32_t numThreads);

} // namespace edbc

#endif // EDBC_RUNTIME_SRC_EXECUTOR_H
