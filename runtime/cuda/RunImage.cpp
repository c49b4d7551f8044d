//===- RunImage.cpp - what a run takes to the device ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/cuda/RunImage.h"

#include <cstring>

using namespace edbc;
using namespace edbc::cuda;

static size_t aligned(size_t bytes) {
  return (bytes + EDBC_CUDA_ALIGNMENT - 1) / EDBC_CUDA_ALIGNMENT *
         EDBC_CUDA_ALIGNMENT;
}

/// Bytes of an array of floats with what kernels may read behind it.
static size_t floatBytes(size_t count) {
  return (count + EDBC_LANES) * sizeof(float);
}

RunImage::RunImage(const SessionView &session, const edbc_library &library)
    : session(session), library(library), firstItems(library.num_cells) {
  for (uint32_t c = 0; c < library.num_cells; ++c)
    columns.emplace_back(library.cells[c].num_bindings);
}

size_t RunImage::place(size_t bytes) {
  size_t offset = imageSize;
  imageSize += aligned(bytes);
  return offset;
}

const RunImage::Elements &RunImage::elementsOf(const Batch &batch,
                                               uint32_t cell,
                                               uint32_t operand) const {
  const std::vector<uint32_t> &gathered = session.cells[cell].gatheredOperands;
  auto found = std::find(gathered.begin(), gathered.end(), operand);
  return elements[batch.firstElements +
                  static_cast<size_t>(found - gathered.begin())];
}

//===----------------------------------------------------------------------===//
// Planning
//===----------------------------------------------------------------------===//

void RunImage::planColumns(uint32_t c) {
  const edbc_cell_desc &cell = library.cells[c];
  size_t count = session.cells[c].size() - firstItems[c];
  for (uint32_t slot = 0; slot < cell.num_bindings && count != 0; ++slot) {
    const edbc_binding &binding = cell.bindings[slot];
    switch (binding.kind) {
    case EDBC_BINDING_OPERAND_ROWS:
    case EDBC_BINDING_OPERAND_TOKENS:
    case EDBC_BINDING_RESULT_ROWS:
      columns[c][slot] = place(count * sizeof(uint32_t));
      break;
    case EDBC_BINDING_OPERAND_VALUES:
      columns[c][slot] = place(
          floatBytes(count * paddedWidth(cell.operands[binding.index].bound)));
      break;
    default:
      break;
    }
  }
}

void RunImage::planBatch(const core::Batch &planned, core::NodeSpan nodes) {
  const CellItems &items = session.cells[planned.type];
  Batch batch = {};
  if (library.cells[planned.type].num_phases == 0) {
    batches.push_back(batch); // looked up: no step reads anything of it
    return;
  }
  batch.buffers =
      place(library.cells[planned.type].num_bindings * sizeof(void *));
  batch.items = place(planned.count * sizeof(uint32_t));
  batch.firstElements = static_cast<uint32_t>(elements.size());
  for (uint32_t i : items.gatheredOperands) {
    size_t count = 0;
    for (uint32_t node : nodes)
      count += items.numElements(i, session.places[node].item);
    if (count > UINT32_MAX)
      throw std::length_error("elements");
    Elements some = {};
    some.count = static_cast<uint32_t>(count);
    some.rows = place(count * sizeof(uint32_t));
    some.owners = place(count * sizeof(uint32_t));
    some.begins = place((planned.count + size_t(1)) * sizeof(uint32_t));
    elements.push_back(some);
  }
  batches.push_back(batch);
}

uint32_t RunImage::numRows(const core::Schedule &schedule, uint32_t b,
                           uint32_t p) const {
  const core::Batch &batch = schedule.batches[b];
  const edbc_phase_desc &phase = library.cells[batch.type].phases[p];
  uint64_t rows = phase.operand == EDBC_NODES
                      ? batch.count
                      : elementsOf(batches[b], batch.type, phase.operand).count;
  rows *= phase.columns;
  if (rows > UINT32_MAX)
    throw std::length_error("rows");
  return static_cast<uint32_t>(rows);
}

/// Workspaces lie one after another until a level in which none of the earlier
/// ones is in use; from there on they lie at the beginning again.
void RunImage::planScratch(const core::Schedule &schedule) {
  for (const PlannedStep &step : stepPlan.steps())
    batches[step.batch].lastLevel = step.level;
  size_t cursor = 0;
  uint32_t inUseUntil = 0;
  auto placeFloats = [&](size_t count) {
    size_t offset = cursor;
    if (count != 0)
      cursor += aligned(floatBytes(count));
    largestScratch = std::max(largestScratch, cursor);
    return offset;
  };
  for (const PlannedStep &step : stepPlan.steps()) {
    Batch &batch = batches[step.batch];
    if (batch.isPlaced)
      continue;
    batch.isPlaced = true;
    if (step.level > inUseUntil)
      cursor = 0;
    inUseUntil = std::max(inUseUntil, batch.lastLevel);
    const core::Batch &planned = schedule.batches[step.batch];
    const edbc_cell_desc &cell = library.cells[planned.type];
    batch.workspace =
        placeFloats(size_t(planned.count) * cell.workspace_stride);
    Elements *some = elements.data() + batch.firstElements;
    for (uint32_t i : session.cells[planned.type].gatheredOperands) {
      some->workspace = placeFloats(size_t(some->count) *
                                    cell.operands[i].element_workspace_stride);
      ++some;
    }
  }
}

void RunImage::plan(const core::Schedule &schedule) {
  this->schedule = &schedule;
  batches.clear();
  elements.clear();
  imageSize = largestScratch = 0;
  levelTiles = copied = 0;

  size_t numSteps = 0;
  for (const core::Batch &batch : schedule.batches)
    numSteps += library.cells[batch.type].num_phases;
  place(numSteps * sizeof(edbc_cuda_step));
  for (uint32_t c = 0; c < library.num_cells; ++c)
    planColumns(c);
  for (const core::Batch &batch : schedule.batches)
    planBatch(batch, schedule.nodesOf(batch));
  stepPlan.make(session.graph, session.executed, schedule, library.cells,
                [&](uint32_t batch, uint32_t phase) {
                  return numRows(schedule, batch, phase);
                });
  planScratch(schedule);

  uint64_t tiles = 0;
  uint32_t level = 0;
  for (const PlannedStep &step : stepPlan.steps()) {
    const edbc_phase_desc &phase =
        library.cells[schedule.batches[step.batch].type].phases[step.phase];
    copied += uint64_t(step.rows) * phase.copied;
    if (step.level != level)
      tiles = 0;
    level = step.level;
    tiles += numTiles(phase, step.rows);
    levelTiles = std::max(levelTiles, tiles);
  }
}

uint32_t RunImage::numTiles(const edbc_phase_desc &phase, uint32_t rows) const {
  const edbc_cuda_function &function =
      library.cuda->functions[phase.device_function];
  uint64_t tiles = (rows + uint64_t(function.tile_rows) - 1) /
                   function.tile_rows * function.tiles_per_row_tile;
  if (tiles > UINT32_MAX)
    throw std::length_error("tiles");
  return static_cast<uint32_t>(tiles);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

void RunImage::writeColumns(uint32_t c, char *to) const {
  const edbc_cell_desc &cell = library.cells[c];
  CellItems &items = session.cells[c];
  size_t first = firstItems[c], count = items.size() - first;
  for (uint32_t slot = 0; slot < cell.num_bindings && count != 0; ++slot) {
    const edbc_binding &binding = cell.bindings[slot];
    char *column = to + columns[c][slot];
    switch (binding.kind) {
    case EDBC_BINDING_OPERAND_ROWS:
    case EDBC_BINDING_OPERAND_TOKENS:
      memcpy(column, items.operandNumbers(binding.index) + first,
             count * sizeof(uint32_t));
      break;
    case EDBC_BINDING_RESULT_ROWS:
      memcpy(column, items.resultRows() + first, count * sizeof(uint32_t));
      break;
    case EDBC_BINDING_OPERAND_VALUES: {
      size_t stride = paddedWidth(cell.operands[binding.index].bound);
      memcpy(column, items.operandValues(binding.index) + first * stride,
             count * stride * sizeof(float));
      break;
    }
    default:
      break;
    }
  }
}

/// The batch's items, counted from the run's first one, and its elements.
void RunImage::writeItems(uint32_t b, char *to) const {
  const core::Batch &planned = schedule->batches[b];
  CellItems &cellItems = session.cells[planned.type];
  auto *items = reinterpret_cast<uint32_t *>(to + batches[b].items);
  core::NodeSpan nodes = schedule->nodesOf(planned);
  for (uint32_t i = 0; i < nodes.size(); ++i)
    items[i] = session.places[nodes[i]].item - firstItems[planned.type];

  const Elements *some = elements.data() + batches[b].firstElements;
  for (uint32_t operand : cellItems.gatheredOperands) {
    auto *rows = reinterpret_cast<uint32_t *>(to + some->rows);
    auto *owners = reinterpret_cast<uint32_t *>(to + some->owners);
    auto *begins = reinterpret_cast<uint32_t *>(to + some->begins);
    const uint32_t *allRows = cellItems.elementRows(operand).data();
    uint32_t count = 0;
    for (uint32_t i = 0; i < nodes.size(); ++i) {
      uint32_t item = session.places[nodes[i]].item;
      uint32_t end = cellItems.elementsEnd(operand, item);
      begins[i] = count;
      for (uint32_t j = cellItems.operandNumbers(operand)[item]; j < end;
           ++j, ++count) {
        rows[count] = allRows[j];
        owners[count] = i;
      }
    }
    begins[nodes.size()] = count;
    ++some;
  }
}

void RunImage::writeBuffers(uint32_t b, char *to,
                            const Addresses &addresses) const {
  const Batch &batch = batches[b];
  uint32_t type = schedule->batches[b].type;
  const edbc_cell_desc &cell = library.cells[type];
  auto *buffers = reinterpret_cast<DevicePointer *>(to + batch.buffers);
  static_assert(sizeof(DevicePointer) == sizeof(void *), "ABI");
  for (uint32_t slot = 0; slot < cell.num_bindings; ++slot) {
    uint32_t index = cell.bindings[slot].index;
    switch (cell.bindings[slot].kind) {
    case EDBC_BINDING_ITEMS:
      buffers[slot] = addresses.image + batch.items;
      break;
    case EDBC_BINDING_OPERAND_ROWS:
    case EDBC_BINDING_OPERAND_TOKENS:
    case EDBC_BINDING_OPERAND_VALUES:
    case EDBC_BINDING_RESULT_ROWS:
      buffers[slot] = addresses.image + columns[type][slot];
      break;
    case EDBC_BINDING_STATE:
      buffers[slot] = addresses.states[index];
      break;
    case EDBC_BINDING_CONSTANT:
      buffers[slot] = addresses.constants[index];
      break;
    case EDBC_BINDING_WORKSPACE:
      buffers[slot] = addresses.scratch + batch.workspace;
      break;
    case EDBC_BINDING_ELEMENT_ROWS:
      buffers[slot] = addresses.image + elementsOf(batch, type, index).rows;
      break;
    case EDBC_BINDING_ELEMENT_OWNERS:
      buffers[slot] = addresses.image + elementsOf(batch, type, index).owners;
      break;
    case EDBC_BINDING_ELEMENT_BEGINS:
      buffers[slot] = addresses.image + elementsOf(batch, type, index).begins;
      break;
    case EDBC_BINDING_ELEMENT_WORKSPACE:
      buffers[slot] =
          addresses.scratch + elementsOf(batch, type, index).workspace;
      break;
    }
  }
}

void RunImage::write(char *to, const Addresses &addresses) const {
  auto *out = reinterpret_cast<edbc_cuda_step *>(to);
  uint32_t level = 0;
  for (const PlannedStep &step : stepPlan.steps()) {
    const edbc_phase_desc &phase =
        library.cells[schedule->batches[step.batch].type].phases[step.phase];
    out->buffers = reinterpret_cast<void *const *>(addresses.image +
                                                   batches[step.batch].buffers);
    out->function = phase.device_function;
    out->rows = step.rows;
    out->tiles = numTiles(phase, step.rows);
    out->barrier = step.level != level;
    level = step.level;
    ++out;
  }
  for (uint32_t c = 0; c < library.num_cells; ++c)
    writeColumns(c, to);
  for (uint32_t b = 0; b < batches.size(); ++b) {
    if (library.cells[schedule->batches[b].type].num_phases == 0)
      continue;
    writeItems(b, to);
    writeBuffers(b, to, addresses);
  }
}

void RunImage::commit() {
  for (uint32_t c = 0; c < library.num_cells; ++c)
    firstItems[c] = session.cells[c].size();
}

void RunImage::reset() { std::fill(firstItems.begin(), firstItems.end(), 0u); }
