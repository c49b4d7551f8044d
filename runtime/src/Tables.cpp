//===- Tables.cpp - what depends on tokens alone ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Tables.h"

#include "runtime/src/Model.h"

#include <algorithm>
#include <numeric>

using namespace edbc;

static uint32_t numRowsOf(const edbc_cell_desc &table) {
  return table.num_operands == 0 ? 1 : table.operands[0].bound;
}

bool edbc::isComputedByToken(const edbc_cell_desc &table) {
  return table.num_operands != 0 &&
         std::any_of(
             table.phases, table.phases + table.num_phases,
             [](const edbc_phase_desc &phase) { return phase.copied == 0; });
}

/// Where each table's rows begin.
static std::vector<float *> findRows(const edbc_model &model) {
  const edbc_library &library = *model.library;
  auto at = [&](uint32_t constant) {
    return const_cast<float *>(model.constants[constant]);
  };
  std::vector<float *> rows(library.num_tables);
  for (uint32_t t = 0; t < library.num_tables; ++t) {
    const edbc_cell_desc &cell = library.cells[library.num_cells + t];
    const edbc_state_desc &state = library.states[cell.result];
    if (cell.first_row != 0)
      rows[t] = at(state.table) +
                size_t(cell.first_row - EDBC_TABLE_ROW) * state.stride;
  }
  for (uint32_t i = 0; i < library.num_constants; ++i)
    if (library.constants[i].kind == EDBC_CONSTANT_TABLE)
      rows[library.constants[i].param] = at(i);
  return rows;
}

Tables::Tables(const edbc_model &model) : isa(model.isa) {
  const edbc_library &library = *model.library;
  uint32_t mostRows = 0, mostStride = 0;
  for (uint32_t t = 0; t < library.num_tables; ++t) {
    const edbc_cell_desc &cell = library.cells[library.num_cells + t];
    tables.push_back(std::make_unique<Table>(cell, numRowsOf(cell)));
    mostRows = std::max(mostRows, numRowsOf(cell));
    mostStride = std::max(mostStride, cell.workspace_stride);
  }
  numbers = AlignedArray<uint32_t>(mostRows);
  std::iota(numbers.data(), numbers.data() + mostRows, uint32_t(0));
  workspace = AlignedArray<float>(size_t(mostStride) * mostAtOnce);
  const std::vector<float *> rows = findRows(model);
  for (uint32_t t = 0; t < library.num_tables; ++t) {
    bind(model, *tables[t], rows[t]);
    if (!isComputedByToken(*tables[t]->cell))
      require(t, numbers.data(), tables[t]->rows.size());
  }
}

void Tables::bind(const edbc_model &model, Table &table, float *out) {
  for (uint32_t slot = 0; slot < table.cell->num_bindings; ++slot) {
    const edbc_binding &binding = table.cell->bindings[slot];
    void *buffer = nullptr; // of operands that such a cell doesn't have
    switch (binding.kind) {
    case EDBC_BINDING_ITEMS:
      buffer = listed.data();
      break;
    case EDBC_BINDING_OPERAND_TOKENS:
    case EDBC_BINDING_RESULT_ROWS:
      buffer = numbers.data();
      break;
    case EDBC_BINDING_STATE:
      buffer = out;
      break;
    case EDBC_BINDING_CONSTANT:
      buffer = const_cast<float *>(model.constants[binding.index]);
      break;
    case EDBC_BINDING_WORKSPACE:
      buffer = workspace.data();
      break;
    default:
      break;
    }
    table.buffers.push_back(buffer);
  }
}

void Tables::computeListed(Table &table) {
  for (uint32_t p = 0; p < table.cell->num_phases; ++p) {
    const edbc_phase_desc &phase = table.cell->phases[p];
    phase.functions[isa](table.buffers.data(), 0,
                         int64_t(numListed) * phase.columns, 0,
                         phase.num_panels);
  }
  for (uint32_t i = 0; i < numListed; ++i)
    table.rows[listed.data()[i]].store(Computed, std::memory_order_release);
  table.numLeft.fetch_sub(numListed, std::memory_order_release);
  numListed = 0;
}

void Tables::require(uint32_t number, const uint32_t *tokens, size_t count) {
  Table &table = *tables[number];
  if (table.numLeft.load(std::memory_order_acquire) == 0)
    return;
  const uint32_t *end = tokens + count;
  const uint32_t *token = std::find_if(tokens, end, [&](uint32_t each) {
    return table.rows[each].load(std::memory_order_acquire) != Computed;
  });
  if (token == end)
    return;
  std::lock_guard<std::mutex> lock(mutex);
  for (; token != end; ++token) {
    if (table.rows[*token].load(std::memory_order_relaxed) != Missing)
      continue;
    table.rows[*token].store(Listed, std::memory_order_relaxed);
    listed.data()[numListed++] = *token;
    if (numListed == mostAtOnce)
      computeListed(table);
  }
  if (numListed != 0)
    computeListed(table);
}

void Tables::requireAll() {
  for (uint32_t t = 0; t < tables.size(); ++t)
    require(t, numbers.data(), tables[t]->rows.size());
}
