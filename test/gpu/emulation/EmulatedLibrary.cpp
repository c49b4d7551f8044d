//===- EmulatedLibrary.cpp - a library whose phases are emulated *- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/gpu/emulation/EmulatedLibrary.h"

#include "test/gpu/emulation/Emulation.h"

#include <array>
#include <stdexcept>
#include <utility>

using namespace edbc::emulation;

namespace {

constexpr size_t mostFunctions = 128;

/// Functions of phases have no context.
const edbc_cuda_desc *launched;

void launchPhase(uint32_t function, void *const *buffers, int64_t rowBegin,
                 int64_t rowEnd) {
  if (rowBegin != 0)
    throw std::runtime_error("emulated phases can't be divided");
  const edbc_cuda_function &tiles = launched->functions[function];
  edbc_cuda_step step = {};
  step.buffers = buffers;
  step.function = function;
  step.rows = rowEnd;
  step.tiles = (step.rows + tiles.tile_rows - 1) / tiles.tile_rows *
               tiles.tiles_per_row_tile;

  // More than 16 blocks get small tiles (device/Schedule.cuh).
  static unsigned number = 0;
  ++number;
  unsigned numBlocks = number % 8 == 0 ? 17 : 1 + number % 3;
  // By name: to the kernel, a step is of a type of the device library's.
  run(numBlocks, launched->block_threads, launched->shared_bytes,
      [&] { edbc_run(&step, 1, nullptr); });
}

template <uint32_t function>
void phaseFunction(void *const *buffers, int64_t rowBegin, int64_t rowEnd,
                   int64_t, int64_t) {
  launchPhase(function, buffers, rowBegin, rowEnd);
}

template <size_t... numbers>
constexpr std::array<edbc_phase_fn, sizeof...(numbers)>
phaseFunctions(std::index_sequence<numbers...>) {
  return {phaseFunction<numbers>...};
}
constexpr auto functions =
    phaseFunctions(std::make_index_sequence<mostFunctions>());

} // namespace

void EmulatedLibrary::emulate(const edbc_cell_desc &cell) {
  std::vector<edbc_phase_desc> &own =
      phases.emplace_back(cell.phases, cell.phases + cell.num_phases);
  for (edbc_phase_desc &phase : own) {
    // Batch by batch, so that each call is for all rows.
    phase.ahead = 0;
    if (phase.device_function != EDBC_NO_DEVICE_FUNCTION)
      for (edbc_phase_fn &function : phase.functions)
        function = functions.at(phase.device_function);
  }
  cells.push_back(cell);
  cells.back().phases = own.data();
}

EmulatedLibrary::EmulatedLibrary(const edbc_library &original)
    : library(original) {
  if (!original.cuda)
    throw std::runtime_error("the library has no device functions");
  launched = original.cuda;
  for (uint32_t i = 0; i < original.num_cells + original.num_tables; ++i)
    emulate(original.cells[i]);
  library.cells = cells.data();
}
