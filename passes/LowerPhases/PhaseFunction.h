//===- PhaseFunction.h - generates the function of a phase ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The micro-kernel generator. A phase's function looks like this:
//
//   for panel in [panel_begin, panel_end)
//     for strip in the panel's strips
//       for tile of R rows in [row_begin, row_end)
//         accumulators[R][products][vectors of a strip] = 0
//         for segment in the packed weights
//           for k in the segment's depth
//             accumulators += element k of the rows x weights
//         for row in tile
//           epilogue(row, strip, accumulators of the row)
//       the rows that are left, in a tile of 1 to R - 1 rows
//
// Tile and strip are chosen so that accumulators, the weights of one step and
// an operand's element fit the registers.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_LOWERPHASES_PHASEFUNCTION_H
#define EDBC_PASSES_LOWERPHASES_PHASEFUNCTION_H

#include "dialects/Batch/Batch.h"

namespace edbc::batch {

/// How a phase is cut for the registers of an instruction set.
struct Tile {
  int64_t lanes;   ///< f32 elements of one register
  int64_t vectors; ///< registers for each product and row: a strip's width
  int64_t strips;  ///< in a panel
  int64_t rows;    ///< of a full tile

  /// @param products of the phase
  /// @param loads most weights, in vectors of one lane's width, that one step
  ///   over the depth reads per strip vector
  static Tile choose(Isa isa, int64_t panel, int64_t products, int64_t loads);
};

/// Adds to `module` the function `name` that computes `phase`, and its
/// epilogue. Memory must be planned. Reports and fails if the phase holds an
/// operation that can't be computed elementwise.
mlir::LogicalResult generatePhaseFunction(mlir::ModuleOp module,
                                          llvm::StringRef name, PhaseOp phase,
                                          const mlir::SymbolTable &symbols,
                                          Isa isa);

} // namespace edbc::batch

#endif // EDBC_PASSES_LOWERPHASES_PHASEFUNCTION_H
