//===- PhaseFunction.h - generates the function of a phase ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The micro-kernel generator. A phase's function looks like this:
//
//   for block of rows in [row_begin, row_end)
//     for panel in [panel_begin, panel_end)
//       for strip in the panel's strips
//         for tile of R rows in the block
//           accumulators[R][products][vectors of a strip] = 0
//           for segment in the packed weights
//             for k in the segment's depth
//               accumulators += element k of the rows x weights
//               prefetch a line of the next panel's weights
//           for row in tile
//             epilogue(row, strip, accumulators of the row)
//         the rows that are left, in one or two tiles of 1 to R - 1 rows
//
// Where the weights have many segments, a tile of each size is a function of
// its own, so that they are compiled in a time that grows with their number
// only.
//
// Tile and strip are chosen so that accumulators, the weights of one step and
// an operand's element fit the registers, and the block so that what is read of
// its rows fits the second-level cache beside a panel of weights.
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

  /// @param terms of the segment that has most: each needs a register for its
  ///   weights and, for each row, one for its accumulator. The accumulators
  ///   that other segments use may be spilled meanwhile. 0: no products.
  static Tile choose(Isa isa, int64_t panel, int64_t terms);
};

/// Adds to `module` the function `name` that computes `phase`, and its
/// epilogue. The layouts of states must be there. Reports and fails if other
/// memory isn't planned, or if the phase holds an operation that can't be
/// computed elementwise.
mlir::LogicalResult generatePhaseFunction(mlir::ModuleOp module,
                                          llvm::StringRef name, PhaseOp phase,
                                          const mlir::SymbolTable &symbols,
                                          Isa isa);

} // namespace edbc::batch

#endif // EDBC_PASSES_LOWERPHASES_PHASEFUNCTION_H
