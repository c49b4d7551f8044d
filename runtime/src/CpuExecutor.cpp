//===- CpuExecutor.cpp - executes batches on the CPU -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Executor.h"
#include "runtime/src/Model.h"
#include "runtime/src/ThreadPool.h"

#include <algorithm>
#include <chrono>

using namespace edbc;
using core::Batch;
using core::Schedule;

namespace {

/// The elements of one operand of the batch that is being executed: what
/// EDBC_BINDING_ELEMENT_... say.
struct BatchElements {
  AlignedArray<uint32_t> rows;
  AlignedArray<uint32_t> owners;
  AlignedArray<uint32_t> begins;
  AlignedArray<float> workspace;
};

/// Tokens by which nodes of a cell look something up.
struct Lookups {
  uint32_t cell;
  uint32_t operand;
  uint32_t table;
  uint32_t numItems; ///< whose rows of the table are known to be there
};

class CpuExecutor final : public Executor {
public:
  CpuExecutor(const SessionView &session, uint32_t numThreads);

  void run(const Schedule &schedule) override;
  const float *hostRow(uint32_t state, uint32_t row) override {
    return states[state].data() + size_t(row) * library.states[state].stride;
  }
  const float *deviceRow(uint32_t, uint32_t) override { return nullptr; }
  void *stream() const override { return nullptr; }
  void reset() override;

private:
  using Clock = std::chrono::steady_clock;

  Batch takeRun(const Schedule &schedule, size_t &next);
  void prepareElements(const Batch &batch, core::NodeSpan nodes);
  void prepareBuffers(const Schedule &schedule);
  void completeTables();
  void gatherElements(const Batch &batch);
  void execute(const Schedule &schedule);
  void executeRun(const Batch &run);
  void executeGroups(const Batch &batch);
  void count(const edbc_phase_desc &phase, int64_t numRows);
  void executeRows(uint32_t cell, uint32_t phase, uint32_t begin, uint32_t end);
  void executePhase(uint32_t cell, uint32_t phase, int64_t firstRow,
                    int64_t numRows);

  const SessionView session;
  const edbc_library &library;
  std::vector<AlignedArray<float>> states; ///< their rows
  std::vector<Lookups> lookups;
  /// By cell: whether a phase of it may be executed for several batches.
  std::vector<bool> formsRuns;
  /// By cell: how many nodes should go through all phases before the next ones
  /// do.
  std::vector<uint32_t> groupSizes;
  /// Where the batches of the run that is being executed end in it.
  std::vector<uint32_t> batchEnds;
  AlignedArray<uint32_t> batchItems;
  AlignedArray<float> workspace;
  std::vector<BatchElements> batchElements; ///< by operand of its cell

  const uint32_t numThreads;
  std::unique_ptr<ThreadPool> pool; ///< null for one thread
  /// By cell and phase: what a row costs one thread, in nanoseconds, as far as
  /// is known from the batches so far. Tells what is worth dividing between
  /// threads, and nothing about the results.
  std::vector<std::vector<double>> rowCosts;
  uint32_t numUntimed = 0; ///< phases that were too small to be timed
};

} // namespace

static int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Where a cell has phases over matrices, what its nodes read and write falls
/// out of the cache between phases, unless only so many go through them
/// together.
static uint32_t groupSize(const edbc_library &library,
                          const edbc_cell_desc &cell) {
  // Half of the second-level cache of a small core.
  constexpr size_t most = size_t(1) << 19;
  bool hasMatrices = std::any_of(
      cell.phases, cell.phases + cell.num_phases,
      [](const edbc_phase_desc &phase) { return phase.columns > 1; });
  if (!hasMatrices || cell.num_phases == 1)
    return UINT32_MAX;
  size_t floats = library.states[cell.result].stride + cell.workspace_stride;
  for (uint32_t i = 0; i < cell.num_operands; ++i)
    if (cell.operands[i].kind == EDBC_OPERAND_STATE)
      floats += library.states[cell.operands[i].index].stride;
  return static_cast<uint32_t>(
      std::max<size_t>(most / (floats * sizeof(float)), 1));
}

CpuExecutor::CpuExecutor(const SessionView &session, uint32_t numThreads)
    : session(session), library(*session.model.library),
      states(library.num_states), numThreads(numThreads) {
  uint32_t mostOperands = 0;
  for (uint32_t c = 0; c < library.num_cells; ++c) {
    const edbc_cell_desc &cell = library.cells[c];
    rowCosts.emplace_back(cell.num_phases);
    mostOperands = std::max(mostOperands, cell.num_operands);
    for (uint32_t i = 0; i < cell.num_operands; ++i)
      if (cell.operands[i].table != EDBC_NO_TABLE)
        lookups.push_back({c, i, cell.operands[i].table, 0});
    formsRuns.push_back(std::any_of(
        cell.phases, cell.phases + cell.num_phases,
        [](const edbc_phase_desc &phase) { return phase.ahead != 0; }));
    groupSizes.push_back(formsRuns[c] ? UINT32_MAX : groupSize(library, cell));
  }
  batchElements.resize(mostOperands);
  if (numThreads > 1)
    pool = std::make_unique<ThreadPool>(numThreads - 1);
}

/// Batches of one cell that follow one another, as one batch: where phases may
/// be executed ahead, no more than fit a cache with what is kept for them.
/// @param next batch, to be moved behind the run.
Batch CpuExecutor::takeRun(const Schedule &schedule, size_t &next) {
  constexpr size_t mostBytes = size_t(1) << 19;
  Batch run = schedule.batches[next++];
  batchEnds.assign(1, run.count);
  if (!formsRuns[run.type])
    return run;
  size_t bytes =
      (library.cells[run.type].workspace_stride + size_t(1)) * sizeof(float);
  for (; next != schedule.batches.size(); ++next) {
    const Batch &batch = schedule.batches[next];
    if (batch.type != run.type || batch.begin != run.begin + run.count ||
        (run.count + batch.count) * bytes > mostBytes)
      break;
    run.count += batch.count;
    batchEnds.push_back(run.count);
  }
  return run;
}

/// Makes room for a batch's elements and what is kept for them.
void CpuExecutor::prepareElements(const Batch &batch, core::NodeSpan nodes) {
  const CellItems &items = session.cells[batch.type];
  for (uint32_t i : items.gatheredOperands) {
    size_t number = 0;
    for (uint32_t node : nodes)
      number += items.numElements(i, session.places[node].item);
    // One more keeps buffers from being null.
    BatchElements &elements = batchElements[i];
    elements.rows.grow(0, number + 1);
    elements.owners.grow(0, number + 1);
    elements.begins.grow(0, batch.count + size_t(1));
    elements.workspace.grow(
        0, number *
               library.cells[batch.type].operands[i].element_workspace_stride);
  }
}

/// Makes room for results and intermediate values, and fills in the buffers of
/// all cells but for what changes from batch to batch.
void CpuExecutor::prepareBuffers(const Schedule &schedule) {
  size_t mostItems = 0, mostFloats = 0;
  batchEnds.reserve(schedule.batches.size());
  for (size_t next = 0; next != schedule.batches.size();) {
    Batch batch = takeRun(schedule, next);
    size_t stride = library.cells[batch.type].workspace_stride;
    mostItems = std::max<size_t>(mostItems, batch.count);
    mostFloats = std::max(mostFloats, batch.count * stride);
    prepareElements(batch, schedule.nodesOf(batch));
  }
  batchItems.grow(0, mostItems);
  workspace.grow(0, mostFloats);
  for (uint32_t s = 0; s < states.size(); ++s) {
    const StateRows &rows = session.states[s];
    size_t stride = library.states[s].stride;
    states[s].grow(rows.executed * stride, rows.count * stride);
  }

  for (uint32_t c = 0; c < session.cells.size(); ++c) {
    const edbc_cell_desc &cell = library.cells[c];
    CellItems &items = session.cells[c];
    for (uint32_t slot = 0; slot < cell.num_bindings; ++slot) {
      uint32_t index = cell.bindings[slot].index;
      void *&buffer = items.buffers[slot];
      switch (cell.bindings[slot].kind) {
      case EDBC_BINDING_ITEMS:
        buffer = batchItems.data();
        break;
      case EDBC_BINDING_OPERAND_ROWS:
      case EDBC_BINDING_OPERAND_TOKENS:
        buffer = items.operandNumbers(index);
        break;
      case EDBC_BINDING_OPERAND_VALUES:
        buffer = items.operandValues(index);
        break;
      case EDBC_BINDING_RESULT_ROWS:
        buffer = items.resultRows();
        break;
      case EDBC_BINDING_STATE:
        buffer = states[index].data();
        break;
      case EDBC_BINDING_CONSTANT:
        buffer = const_cast<float *>(session.model.constants[index]);
        break;
      case EDBC_BINDING_WORKSPACE:
        buffer = workspace.data();
        break;
      case EDBC_BINDING_ELEMENT_ROWS:
        buffer = batchElements[index].rows.data();
        break;
      case EDBC_BINDING_ELEMENT_OWNERS:
        buffer = batchElements[index].owners.data();
        break;
      case EDBC_BINDING_ELEMENT_BEGINS:
        buffer = batchElements[index].begins.data();
        break;
      case EDBC_BINDING_ELEMENT_WORKSPACE:
        buffer = batchElements[index].workspace.data();
        break;
      }
    }
  }
}

/// Lets tables have the rows of new nodes' tokens.
void CpuExecutor::completeTables() {
  for (Lookups &lookup : lookups) {
    const CellItems &items = session.cells[lookup.cell];
    const uint32_t *tokens = items.operandNumbers(lookup.operand);
    session.model.tables->require(lookup.table, tokens + lookup.numItems,
                                  items.size() - lookup.numItems);
    lookup.numItems = items.size();
  }
}

/// Lists the elements of a batch whose items stand in `batchItems`.
void CpuExecutor::gatherElements(const Batch &batch) {
  CellItems &items = session.cells[batch.type];
  for (uint32_t i : items.gatheredOperands) {
    BatchElements &elements = batchElements[i];
    const uint32_t *begins = items.operandNumbers(i);
    const uint32_t *rows = items.elementRows(i).data();
    uint32_t count = 0;
    for (uint32_t position = 0; position < batch.count; ++position) {
      uint32_t item = batchItems.data()[position];
      uint32_t end = items.elementsEnd(i, item);
      elements.begins.data()[position] = count;
      for (uint32_t j = begins[item]; j < end; ++j, ++count) {
        elements.rows.data()[count] = rows[j];
        elements.owners.data()[count] = position;
      }
    }
    elements.begins.data()[batch.count] = count;
  }
}

/// Rows of a phase for the nodes before number `node` of the batch.
static int64_t rowsBefore(const edbc_phase_desc &phase,
                          const std::vector<BatchElements> &elements,
                          uint32_t node) {
  int64_t units = phase.operand == EDBC_NODES
                      ? node
                      : elements[phase.operand].begins.data()[node];
  return units * phase.columns;
}

void CpuExecutor::count(const edbc_phase_desc &phase, int64_t numRows) {
  counts.launches += numRows != 0;
  counts.copiedFloats += static_cast<uint64_t>(numRows) * phase.copied;
}

/// Executes a phase for the nodes [begin, end) of the run.
void CpuExecutor::executeRows(uint32_t cell, uint32_t number, uint32_t begin,
                              uint32_t end) {
  const edbc_phase_desc &phase = library.cells[cell].phases[number];
  int64_t first = rowsBefore(phase, batchElements, begin);
  int64_t numRows = rowsBefore(phase, batchElements, end) - first;
  if (numRows == 0)
    return;
  executePhase(cell, number, first, numRows);
  count(phase, numRows);
}

namespace {

/// A batch of which one group of nodes after the other goes through all phases.
struct GroupedBatch {
  const edbc_cell_desc &cell;
  edbc_isa isa;
  void *const *buffers;
  const std::vector<BatchElements> &elements;
  uint32_t numNodes;
  uint32_t nodesPerGroup;

  uint32_t numGroups() const {
    return static_cast<uint32_t>(divideUp(numNodes, nodesPerGroup));
  }

  void runGroup(uint32_t index) const {
    uint32_t begin = index * nodesPerGroup;
    uint32_t end = begin + std::min(nodesPerGroup, numNodes - begin);
    for (uint32_t p = 0; p < cell.num_phases; ++p) {
      const edbc_phase_desc &phase = cell.phases[p];
      int64_t firstRow = rowsBefore(phase, elements, begin);
      int64_t lastRow = rowsBefore(phase, elements, end);
      if (firstRow != lastRow)
        phase.functions[isa](buffers, firstRow, lastRow, 0, phase.num_panels);
    }
  }
};

} // namespace

void CpuExecutor::executeGroups(const Batch &batch) {
  const edbc_cell_desc &cell = library.cells[batch.type];
  auto fewest = static_cast<uint32_t>(
      divideUp(batch.count, int64_t(ThreadPool::maxParts)));
  GroupedBatch grouped = {cell,
                          session.model.isa,
                          session.cells[batch.type].buffers.data(),
                          batchElements,
                          batch.count,
                          std::max(groupSizes[batch.type], fewest)};
  if (pool)
    pool->run(
        grouped.numGroups(),
        [](const void *context, uint32_t index) {
          static_cast<const GroupedBatch *>(context)->runGroup(index);
        },
        &grouped);
  else
    for (uint32_t group = 0; group < grouped.numGroups(); ++group)
      grouped.runGroup(group);
  for (uint32_t p = 0; p < cell.num_phases; ++p)
    count(cell.phases[p],
          rowsBefore(cell.phases[p], batchElements, batch.count));
}

void CpuExecutor::executeRun(const Batch &run) {
  if (run.count > groupSizes[run.type])
    return executeGroups(run);
  const edbc_cell_desc &cell = library.cells[run.type];
  for (uint32_t phase = 0; phase < cell.num_phases;) {
    if (cell.phases[phase].ahead) {
      executeRows(run.type, phase++, 0, run.count);
      continue;
    }
    uint32_t behind = phase;
    while (behind < cell.num_phases && !cell.phases[behind].ahead)
      ++behind;
    uint32_t begin = 0;
    for (uint32_t end : batchEnds) {
      for (uint32_t p = phase; p < behind; ++p)
        executeRows(run.type, p, begin, end);
      begin = end;
    }
    phase = behind;
  }
}

void CpuExecutor::execute(const Schedule &schedule) {
  for (size_t next = 0; next != schedule.batches.size();) {
    Batch run = takeRun(schedule, next);
    if (library.cells[run.type].num_phases == 0)
      continue; // looked up
    uint32_t *item = batchItems.data();
    for (uint32_t node : schedule.nodesOf(run))
      *item++ = session.places[node].item;
    gatherElements(run);
    executeRun(run);
  }
}

namespace {

/// A phase that is divided into parts, by rows or by panels.
struct DividedPhase {
  edbc_phase_fn function;
  void *const *buffers;
  int64_t firstRow;
  int64_t numRows;
  int64_t numPanels;
  int64_t rowsPerPart;
  int64_t panelsPerPart;

  DividedPhase(edbc_phase_fn function, void *const *buffers, int64_t firstRow,
               int64_t numRows, int64_t numPanels, int64_t numThreads,
               int64_t partsPerThread)
      : function(function), buffers(buffers), firstRow(firstRow),
        numRows(numRows), numPanels(numPanels), rowsPerPart(numRows),
        panelsPerPart(numPanels) {
    for (; partsPerThread != 0; partsPerThread /= 2)
      if (dividesEvenly(numThreads * partsPerThread))
        return;
    if (numPanels > 1)
      panelsPerPart = divideUp(numPanels, numThreads);
    else
      rowsPerPart = divideUp(numRows, numThreads);
  }

  /// Divides into so many parts of about the same size, if there can be such.
  bool dividesEvenly(int64_t numParts) {
    // Kernels take up to eight rows in one go; 24 is a multiple of all tiles.
    constexpr int64_t tile = 24;
    // By panels each thread reads its own part of the weights.
    if (numPanels % numParts == 0 || numPanels >= 4 * numParts)
      panelsPerPart = divideUp(numPanels, numParts);
    else if (numRows >= tile * numParts)
      rowsPerPart = divideUp(divideUp(numRows, numParts), tile) * tile;
    else
      return false;
    return true;
  }

  /// One of the two is 1.
  uint32_t numParts() const {
    return static_cast<uint32_t>(divideUp(numRows, rowsPerPart) *
                                 divideUp(numPanels, panelsPerPart));
  }

  void runPart(int64_t index) const {
    int64_t row = rowsPerPart < numRows ? index * rowsPerPart : 0;
    int64_t panel = panelsPerPart < numPanels ? index * panelsPerPart : 0;
    function(buffers, firstRow + row,
             firstRow + std::min(row + rowsPerPart, numRows), panel,
             std::min(panel + panelsPerPart, numPanels));
  }
};

} // namespace

void CpuExecutor::executePhase(uint32_t cell, uint32_t number, int64_t firstRow,
                               int64_t numRows) {
  const edbc_phase_desc &phase = library.cells[cell].phases[number];
  edbc_phase_fn function = phase.functions[session.model.isa];
  void *const *buffers = session.cells[cell].buffers.data();
  auto executeAlone = [&] {
    function(buffers, firstRow, firstRow + numRows, 0, phase.num_panels);
  };
  if (!pool)
    return executeAlone();

  // Below this a division costs more than it saves, and far below it even
  // reading the clock does: then only one call in 16 is timed.
  constexpr double leastCost = 20000;
  double &rowCost = rowCosts[cell][number];
  double count = static_cast<double>(numRows);
  bool isSmall = rowCost != 0 && rowCost * count < leastCost / 4;
  if (isSmall && ++numUntimed % 16 != 0)
    return executeAlone();

  Clock::time_point begin = Clock::now();
  auto costSinceBegin = [&] {
    std::chrono::duration<double, std::nano> time = Clock::now() - begin;
    return time.count() / count;
  };
  // Several for each thread, where they are large enough: then one that the
  // machine holds up does less.
  constexpr double mostPerThread = 4;
  double partsPerThread = rowCost * count / (leastCost * numThreads);
  DividedPhase divided(
      function, buffers, firstRow, numRows, phase.num_panels, numThreads,
      static_cast<int64_t>(std::clamp(partsPerThread, 1.0, mostPerThread)));
  uint32_t numParts = divided.numParts();
  if (rowCost * count < leastCost || numParts == 1) {
    executeAlone();
    rowCost = costSinceBegin();
    return;
  }
  pool->run(
      numParts,
      [](const void *context, uint32_t index) {
        static_cast<const DividedPhase *>(context)->runPart(index);
      },
      &divided);
  // Corrects an estimate that came from an interrupted run.
  rowCost = std::min(rowCost, costSinceBegin() * numThreads);
}

void CpuExecutor::run(const Schedule &schedule) {
  // First everything that may fail, then what can be seen.
  prepareBuffers(schedule);
  completeTables();
  execute(schedule);
}

void CpuExecutor::reset() {
  Executor::reset();
  for (Lookups &lookup : lookups)
    lookup.numItems = 0;
}

std::unique_ptr<Executor> edbc::createCpuExecutor(const SessionView &session,
                                                  uint32_t numThreads) {
  return std::make_unique<CpuExecutor>(session, numThreads);
}
