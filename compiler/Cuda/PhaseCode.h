//===- PhaseCode.h - a phase as CUDA C++ ------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// A phase is printed as a struct that the tiles of the device library
// (device/Products.cuh, device/Rows.cuh) are instantiated with:
//
//   struct inner_0 {
//     static constexpr u32 units, sums, ...; using Segments = ...;
//     struct Row { ... };      where a row's operands and results lie
//     struct Folded { ... };   what is folded from whole rows
//     static void locate(row, operands);      of the segments of its products
//     static void begin(row, unit, sum);      what sums begin with
//     static void finish(row, folded, unit, sum);  all that follows
//   };
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_CUDA_PHASECODE_H
#define EDBC_COMPILER_CUDA_PHASECODE_H

#include "dialects/Batch/Batch.h"
#include "edbc/abi.h"

#include <string>

namespace edbc::cuda {

/// Threads of a block; device/Memory.cuh has the same.
inline constexpr uint32_t blockThreads = 128;

struct PhaseCode {
  /// The struct's members; where `numbered`, the same for phases of equal code.
  std::string body;
  edbc_cuda_function tiles;
  /// Of shared memory, for the largest tile.
  uint64_t sharedFloats;
};

/// Prints the members of a phase's struct. Memory must be planned. Reports and
/// fails if it isn't, or if the phase holds an operation that can't be computed
/// elementwise.
mlir::FailureOr<PhaseCode> printPhase(batch::PhaseOp phase,
                                      const mlir::SymbolTable &symbols,
                                      edbc_precision precision, bool numbered);

} // namespace edbc::cuda

#endif // EDBC_COMPILER_CUDA_PHASECODE_H
