//===- Model.h - a network with its weights --------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_SRC_MODEL_H
#define EDBC_RUNTIME_SRC_MODEL_H

#include "runtime/core/TypeOrder.h"
#include "runtime/cuda/DeviceModel.h"
#include "runtime/src/AlignedArray.h"
#include "runtime/src/Tables.h"

#include <atomic>
#include <memory>
#include <vector>

/// Immutable once created, but for the counter of epochs and rows of tables
/// that no node has needed yet.
struct edbc_model {
  const edbc_library *library;
  /// Of its cells.
  edbc::core::TypeOrder order{0};
  /// Whose kernels are used.
  edbc_isa isa;
  /// The constants that sessions need, one after another: on the CPU all but
  /// those that only tables were computed from; otherwise the tables of states
  /// of which there are outputs.
  edbc::AlignedArray<float> arena;
  /// By constant: where it begins in the arena, or null. Empty if there is a
  /// device.
  std::vector<const float *> constants;
  /// By state: where its table begins in the arena, or null if there is none.
  std::vector<const float *> stateTables;
  /// On the CPU, the constants that are tables.
  std::unique_ptr<edbc::Tables> tables;
  /// The device that executes, or null for the CPU.
  std::unique_ptr<edbc::cuda::DeviceModel> device;
  /// An epoch is the time between two resets of a session. Sessions draw from
  /// one counter, so that a value of a destroyed session isn't taken for one of
  /// a later session at the same address.
  /// It begins anywhere, for the sake of models that have the same address one
  /// after the other.
  mutable std::atomic<uint32_t> nextEpoch{0};

  /// A row of a state's table, in memory of the host or of the device: null if
  /// there is no device. On a device, the host has those of outputs' states.
  const float *tableRow(uint32_t state, uint32_t row, bool onDevice) const;
};

#endif // EDBC_RUNTIME_SRC_MODEL_H
