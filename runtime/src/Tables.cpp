//===- Tables.cpp - computes what depends on tokens alone -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Tables.h"

#include "runtime/src/Model.h"

#include <algorithm>
#include <numeric>
#include <vector>

using namespace edbc;

/// The buffers that the phases of a table's cell are called with, for the
/// tokens from `first` on. A token is its item and its row as well.
static void bind(const edbc_model &model, const edbc_cell_desc &cell,
                 const uint32_t *numbers, uint32_t first, float *rows,
                 float *workspace, std::vector<void *> &buffers) {
  auto asBuffer = [](const void *data) { return const_cast<void *>(data); };
  buffers.clear();
  for (uint32_t slot = 0; slot < cell.num_bindings; ++slot) {
    const edbc_binding &binding = cell.bindings[slot];
    switch (binding.kind) {
    case EDBC_BINDING_ITEMS:
      buffers.push_back(asBuffer(numbers + first));
      break;
    case EDBC_BINDING_OPERAND_TOKENS:
    case EDBC_BINDING_RESULT_ROWS:
      buffers.push_back(asBuffer(numbers));
      break;
    case EDBC_BINDING_STATE:
      buffers.push_back(rows);
      break;
    case EDBC_BINDING_CONSTANT:
      buffers.push_back(asBuffer(model.constants[binding.index]));
      break;
    case EDBC_BINDING_WORKSPACE:
      buffers.push_back(workspace);
      break;
    default: // of operands that such a cell doesn't have
      buffers.push_back(nullptr);
      break;
    }
  }
}

static void computeTable(const edbc_model &model, const edbc_cell_desc &cell,
                         uint32_t numRows, float *rows) {
  constexpr uint32_t mostAtOnce = 256;
  AlignedArray<uint32_t> numbers(numRows);
  std::iota(numbers.data(), numbers.data() + numRows, uint32_t(0));
  AlignedArray<float> workspace(size_t(std::min(numRows, mostAtOnce)) *
                                cell.workspace_stride);
  std::vector<void *> buffers;
  for (uint32_t first = 0; first < numRows; first += mostAtOnce) {
    int64_t count = std::min(mostAtOnce, numRows - first);
    bind(model, cell, numbers.data(), first, rows, workspace.data(), buffers);
    for (uint32_t p = 0; p < cell.num_phases; ++p) {
      const edbc_phase_desc &phase = cell.phases[p];
      phase.functions[model.isa](buffers.data(), 0, count * phase.columns, 0,
                                 phase.num_panels);
    }
  }
}

/// Where the results of a table's cell lie, if they are rows of their state's
/// table.
static float *rowsOfState(const edbc_model &model, const edbc_cell_desc &cell) {
  const edbc_state_desc &state = model.library->states[cell.result];
  return const_cast<float *>(model.constants[state.table]) +
         size_t(cell.first_row - EDBC_TABLE_ROW) * state.stride;
}

void edbc::computeTables(edbc_model &model) {
  const edbc_library &library = *model.library;
  for (uint32_t i = 0; i < library.num_tables; ++i) {
    const edbc_cell_desc &cell = library.cells[library.num_cells + i];
    if (cell.first_row != 0)
      computeTable(model, cell,
                   cell.num_operands == 0 ? 1 : cell.operands[0].bound,
                   rowsOfState(model, cell));
  }
  for (uint32_t i = 0; i < library.num_constants; ++i) {
    const edbc_constant_desc &constant = library.constants[i];
    if (constant.kind == EDBC_CONSTANT_TABLE)
      computeTable(model, library.cells[library.num_cells + constant.param],
                   constant.rows, const_cast<float *>(model.constants[i]));
  }
}
