//===- Session.cpp - one mini-batch and its results ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Session.h"

#include "runtime/src/Failure.h"
#include "runtime/src/Model.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <system_error>

using namespace edbc;
using core::Batch;
using core::Schedule;

//===----------------------------------------------------------------------===//
// CellItems
//===----------------------------------------------------------------------===//

/// Whether a phase has rows for the elements of an operand or a buffer that
/// belongs to them.
static bool areElementsUsed(const edbc_cell_desc &cell, uint32_t operand) {
  auto isOfElements = [&](const edbc_binding &binding) {
    return binding.kind >= EDBC_BINDING_ELEMENT_ROWS &&
           binding.kind <= EDBC_BINDING_ELEMENT_WORKSPACE &&
           binding.index == operand;
  };
  auto hasRowsForThem = [&](const edbc_phase_desc &phase) {
    return phase.operand == operand;
  };
  return std::any_of(cell.bindings, cell.bindings + cell.num_bindings,
                     isOfElements) ||
         std::any_of(cell.phases, cell.phases + cell.num_phases,
                     hasRowsForThem);
}

CellItems::CellItems(const edbc_cell_desc &cell)
    : buffers(cell.num_bindings), cell(cell), values(cell.num_operands),
      elements(cell.num_operands) {
  for (uint32_t i = 0; i < cell.num_operands; ++i)
    if (cell.operands[i].kind == EDBC_OPERAND_STATES &&
        areElementsUsed(cell, i))
      gatheredOperands.push_back(i);
}

void CellItems::grow() {
  // A multiple of EDBC_LANES keeps every column aligned.
  uint32_t newCapacity = capacity == 0 ? 64 : capacity * 2;
  if (newCapacity < capacity)
    throw std::length_error("items");
  AlignedArray<uint32_t> newNumbers((cell.num_operands + size_t(1)) *
                                    newCapacity);
  for (uint32_t i = 0; i <= cell.num_operands && count != 0; ++i)
    memcpy(newNumbers.data() + size_t(i) * newCapacity,
           numbers.data() + size_t(i) * capacity, count * sizeof(uint32_t));
  for (uint32_t i = 0; i < cell.num_operands; ++i) {
    if (cell.operands[i].kind != EDBC_OPERAND_DENSE)
      continue;
    size_t stride = paddedWidth(cell.operands[i].bound);
    values[i].grow(count * stride, newCapacity * stride);
  }
  numbers = std::move(newNumbers);
  capacity = newCapacity;
}

void CellItems::reserveElements(uint32_t operand, size_t number) {
  std::vector<uint32_t> &rows = elements[operand];
  if (number > UINT32_MAX - rows.size())
    throw std::length_error("elements");
  if (number > rows.capacity() - rows.size())
    rows.reserve(std::max(rows.size() + number, rows.capacity() * 2));
}

void CellItems::clear() {
  count = 0;
  for (std::vector<uint32_t> &rows : elements)
    rows.clear();
}

//===----------------------------------------------------------------------===//
// Building the graph
//===----------------------------------------------------------------------===//

edbc_session::edbc_session(const edbc_model &model, edbc_policy_kind policy,
                           uint32_t numThreads)
    : model(model), policyKind(policy), epoch(model.nextEpoch++),
      graph(model.library->num_cells), states(model.library->num_states),
      instances(1), fsm(model.library->policy), numThreads(numThreads) {
  uint32_t mostOperands = 0;
  for (uint32_t c = 0; c < library().num_cells; ++c) {
    const edbc_cell_desc &cell = library().cells[c];
    cells.emplace_back(cell);
    rowCosts.emplace_back(cell.num_phases);
    mostOperands = std::max(mostOperands, cell.num_operands);
  }
  operandNodes.resize(mostOperands);
  batchElements.resize(mostOperands);
  if (numThreads > 1)
    pool = std::make_unique<ThreadPool>(numThreads - 1);
}

const edbc_library &edbc_session::library() const { return *model.library; }

/// Makes a stretch of the nodes that were added since the current instance was
/// begun or resumed.
void edbc_session::endStretch() {
  if (stretchBegin == numNodes())
    return;
  Instance &instance = instances[currentInstance];
  stretches.push_back({stretchBegin, numNodes(), instance.lastStretch});
  numInstances += instance.lastStretch == none;
  instance.lastStretch = static_cast<uint32_t>(stretches.size() - 1);
  stretchBegin = numNodes();
}

edbc_status edbc_session::beginInstance(uint32_t *number) {
  endStretch();
  const Instance &last = instances.back();
  if (last.lastStretch != none || last.isDropped) {
    if (instances.size() == none)
      throw std::length_error("instances");
    instances.emplace_back();
  }
  currentInstance = static_cast<uint32_t>(instances.size() - 1);
  if (number)
    *number = currentInstance;
  return EDBC_OK;
}

edbc_status edbc_session::checkInstance(uint32_t number,
                                        edbc_error *error) const {
  if (number >= instances.size())
    return fail(error, EDBC_INVALID_ARGUMENT,
                "there is no instance %u; the session has %zu", number,
                instances.size());
  if (instances[number].isDropped)
    return fail(error, EDBC_INVALID_ARGUMENT, "instance %u was dropped",
                number);
  return EDBC_OK;
}

edbc_status edbc_session::resumeInstance(uint32_t number, edbc_error *error) {
  if (edbc_status status = checkInstance(number, error))
    return status;
  endStretch();
  currentInstance = number;
  return EDBC_OK;
}

edbc_status edbc_session::dropInstance(uint32_t number, edbc_error *error) {
  if (edbc_status status = checkInstance(number, error))
    return status;
  endStretch();
  Instance &instance = instances[number];
  uint32_t last = instance.lastStretch;
  if (last != none && stretches[last].end > executed)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "instance %u has nodes that are not yet executed; call run "
                "first",
                number);

  // First everything that may fail, then what can be seen.
  for (StateRows &rows : states)
    rows.numDropped = 0;
  for (uint32_t s = last; s != none; s = stretches[s].previous)
    for (uint32_t node = stretches[s].begin; node < stretches[s].end; ++node)
      ++states[places[node].state].numDropped;
  for (StateRows &rows : states)
    if (rows.free.size() + rows.numDropped > rows.free.capacity())
      rows.free.reserve(std::max(rows.free.size() + rows.numDropped,
                                 rows.free.capacity() * 2));
  for (uint32_t s = last; s != none; s = stretches[s].previous)
    for (uint32_t node = stretches[s].end; node-- > stretches[s].begin;)
      states[places[node].state].free.push_back(places[node].row);
  instance.isDropped = true;
  if (currentInstance == number)
    currentInstance = none;
  return EDBC_OK;
}

/// Reads an operand that is any number of nodes: writes them into
/// `operandNodes` from position `numOperands`, and makes room for their rows.
/// Returns whether all are good.
bool edbc_session::takeElements(uint32_t cell, uint32_t operandNumber,
                                const edbc_values &given,
                                uint32_t numOperands) {
  const edbc_operand_desc &operand =
      library().cells[cell].operands[operandNumber];
  if (given.count < operand.bound || (given.count != 0 && !given.data))
    return false;
  cells[cell].reserveElements(operandNumber, given.count);
  size_t needed =
      numOperands + given.count + library().cells[cell].num_operands;
  if (needed > UINT32_MAX)
    throw std::length_error("operands");
  if (needed > operandNodes.size())
    operandNodes.resize(std::max(needed, operandNodes.size() * 2));
  bool isGood = true;
  for (size_t i = 0; i < given.count; ++i) {
    isGood &= isAllowed(given.data[i], operand.index);
    operandNodes[numOperands++] = given.data[i].node;
  }
  return isGood;
}

/// Writes down an operand for which `takeElements` has made room.
void edbc_session::appendElements(CellItems &items, uint32_t operand,
                                  uint32_t item, const edbc_values &given) {
  std::vector<uint32_t> &rows = items.elementRows(operand);
  items.operandNumbers(operand)[item] = static_cast<uint32_t>(rows.size());
  for (size_t i = 0; i < given.count; ++i)
    rows.push_back(places[given.data[i].node].row);
}

edbc_status edbc_session::add(uint32_t cellNumber,
                              const edbc_argument *arguments, edbc_value *out,
                              edbc_error *error) {
  if (cellNumber >= library().num_cells)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "there is no cell %u; network '%s' has %u", cellNumber,
                library().name, library().num_cells);
  const edbc_cell_desc &cell = library().cells[cellNumber];
  if (!arguments && cell.num_operands != 0)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "cell '%s': the arguments are null", cell.name);
  if (currentInstance == none)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "cell '%s': the instance that nodes were added to was dropped; "
                "begin or resume another one first",
                cell.name);

  uint32_t numOperands = 0;
  for (uint32_t i = 0; i < cell.num_operands; ++i) {
    const edbc_operand_desc &operand = cell.operands[i];
    bool isGood;
    // The usual kinds first: faster here than a switch.
    if (operand.kind == EDBC_OPERAND_STATE) {
      isGood = isAllowed(arguments[i].state, operand.index);
      operandNodes[numOperands++] = arguments[i].state.node;
    } else if (operand.kind == EDBC_OPERAND_TOKEN) {
      isGood = arguments[i].token < operand.bound;
    } else if (operand.kind == EDBC_OPERAND_DENSE) {
      isGood = arguments[i].values != nullptr;
    } else {
      isGood = takeElements(cellNumber, i, arguments[i].states, numOperands);
      numOperands += static_cast<uint32_t>(arguments[i].states.count);
    }
    if (!isGood)
      return explainOperand(cell, i, arguments[i], error);
  }

  // First everything that may fail, then what can be seen.
  CellItems &items = cells[cellNumber];
  items.reserveOne();
  if (places.size() == numNodes())
    places.resize(std::max<size_t>(256, places.size() * 2));
  uint32_t node = graph.add(cellNumber, operandNodes.data(), numOperands);

  if (node == executed)
    buildBegin = Clock::now();
  StateRows &rows = states[cell.result];
  uint32_t row;
  if (rows.free.empty()) {
    row = rows.count++;
  } else {
    row = rows.free.back();
    rows.free.pop_back();
  }
  uint32_t item = items.append();
  Place &place = places[node];
  place.item = item;
  place.row = row;
  place.instance = currentInstance;
  place.state = cell.result;
  items.resultRows()[item] = row;
  for (uint32_t i = 0; i < cell.num_operands; ++i) {
    const edbc_operand_desc &operand = cell.operands[i];
    if (operand.kind == EDBC_OPERAND_STATE)
      items.operandNumbers(i)[item] = places[arguments[i].state.node].row;
    else if (operand.kind == EDBC_OPERAND_TOKEN)
      items.operandNumbers(i)[item] = arguments[i].token;
    else if (operand.kind == EDBC_OPERAND_DENSE)
      memcpy(items.operandValues(i) + item * paddedWidth(operand.bound),
             arguments[i].values, operand.bound * sizeof(float));
    else
      appendElements(items, i, item, arguments[i].states);
  }
  out->session = this;
  out->epoch = epoch;
  out->node = node;
  return EDBC_OK;
}

/// What keeps a value from being a node of this session, or null.
const char *edbc_session::explainValue(const edbc_value &value) const {
  if (!value.session)
    return "the value is of no node";
  if (value.session != this)
    return "the value belongs to another session";
  if (value.epoch != epoch)
    return "the value belongs to an earlier epoch (before reset)";
  if (value.node >= numNodes())
    return "the value is of a node that was never added";
  if (instances[places[value.node].instance].isDropped)
    return "the value belongs to an instance that was dropped";
  return nullptr;
}

edbc_status edbc_session::explainOperand(const edbc_cell_desc &cell,
                                         uint32_t operandNumber,
                                         const edbc_argument &argument,
                                         edbc_error *error) const {
  const edbc_operand_desc &operand = cell.operands[operandNumber];
  if (operand.kind == EDBC_OPERAND_TOKEN)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "cell '%s', operand '%s': token %u is out of range [0, %u)",
                cell.name, operand.name, argument.token, operand.bound);
  if (operand.kind == EDBC_OPERAND_DENSE)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "cell '%s', operand '%s': the values are null", cell.name,
                operand.name);

  const edbc_value *wrong = &argument.state;
  char element[32] = "";
  if (operand.kind == EDBC_OPERAND_STATES) {
    const edbc_values &given = argument.states;
    if (given.count != 0 && !given.data)
      return fail(error, EDBC_INVALID_ARGUMENT,
                  "cell '%s', operand '%s': the elements are null", cell.name,
                  operand.name);
    if (given.count < operand.bound)
      return fail(error, EDBC_INVALID_ARGUMENT,
                  "cell '%s', operand '%s': %zu elements given, expected at "
                  "least %u",
                  cell.name, operand.name, given.count, operand.bound);
    wrong = std::find_if(given.data, given.data + given.count,
                         [&](const edbc_value &value) {
                           return !isAllowed(value, operand.index);
                         });
    snprintf(element, sizeof(element), ", element %zu",
             static_cast<size_t>(wrong - given.data));
  }

  const edbc_value &value = *wrong;
  const char *what = explainValue(value);
  if (!what && places[value.node].instance != currentInstance)
    what = "the value belongs to another instance";
  if (what)
    return fail(error, EDBC_INVALID_ARGUMENT, "cell '%s', operand '%s'%s: %s",
                cell.name, operand.name, element, what);
  return fail(error, EDBC_INVALID_ARGUMENT,
              "cell '%s', operand '%s'%s: the value is of cell '%s', which "
              "yields state '%s', expected '%s'",
              cell.name, operand.name, element,
              library().cells[graph.type(value.node)].name,
              library().states[places[value.node].state].name,
              library().states[operand.index].name);
}

void edbc_session::reset() {
  epoch = model.nextEpoch++;
  graph.clear();
  for (CellItems &items : cells)
    items.clear();
  for (StateRows &rows : states) {
    rows.count = rows.executed = 0;
    rows.free.clear();
  }
  instances.resize(1);
  instances[0] = Instance();
  stretches.clear();
  currentInstance = stretchBegin = numInstances = 0;
  runEnds.clear();
  executed = 0;
  numBatches = numFallbacks = 0;
  buildTime = scheduleTime = executeTime = Clock::duration::zero();
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

const Schedule &edbc_session::makeSchedule(uint64_t &fallbacks) {
  switch (policyKind) {
  case EDBC_POLICY_FSM:
    core::schedule(frontier, graph, executed, fsm);
    fallbacks = fsm.numFallbacks();
    break;
  case EDBC_POLICY_AGENDA:
    core::schedule(frontier, graph, executed, agenda);
    break;
  case EDBC_POLICY_LEMMA:
    core::schedule(frontier, graph, executed, lemma);
    break;
  case EDBC_POLICY_DEPTH:
    return byDepth.schedule(graph, executed);
  }
  return frontier.schedule();
}

/// Makes room for a batch's elements and what is kept for them.
void edbc_session::prepareElements(const Batch &batch, core::NodeSpan nodes) {
  const CellItems &items = cells[batch.type];
  for (uint32_t i : items.gatheredOperands) {
    size_t number = 0;
    for (uint32_t node : nodes)
      number += items.numElements(i, places[node].item);
    // One more keeps buffers from being null.
    BatchElements &elements = batchElements[i];
    elements.rows.grow(0, number + 1);
    elements.owners.grow(0, number + 1);
    elements.begins.grow(0, batch.count + size_t(1));
    elements.workspace.grow(
        0,
        number *
            library().cells[batch.type].operands[i].element_workspace_stride);
  }
}

/// Makes room for results and intermediate values, and fills in the buffers of
/// all cells but for what changes from batch to batch.
void edbc_session::prepareBuffers(const Schedule &schedule) {
  size_t mostItems = 0, mostFloats = 0;
  for (const Batch &batch : schedule.batches) {
    size_t stride = library().cells[batch.type].workspace_stride;
    mostItems = std::max<size_t>(mostItems, batch.count);
    mostFloats = std::max(mostFloats, batch.count * stride);
    prepareElements(batch, schedule.nodesOf(batch));
  }
  batchItems.grow(0, mostItems);
  workspace.grow(0, mostFloats);
  for (uint32_t s = 0; s < states.size(); ++s) {
    size_t stride = library().states[s].stride;
    states[s].values.grow(states[s].executed * stride,
                          states[s].count * stride);
  }

  for (uint32_t c = 0; c < cells.size(); ++c) {
    const edbc_cell_desc &cell = library().cells[c];
    CellItems &items = cells[c];
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
        buffer = states[index].values.data();
        break;
      case EDBC_BINDING_CONSTANT:
        buffer = const_cast<float *>(model.constants[index]);
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

/// Lists the elements of a batch whose items stand in `batchItems`.
void edbc_session::gatherElements(const Batch &batch) {
  CellItems &items = cells[batch.type];
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

void edbc_session::execute(const Schedule &schedule) {
  for (const Batch &batch : schedule.batches) {
    uint32_t *item = batchItems.data();
    for (uint32_t node : schedule.nodesOf(batch))
      *item++ = places[node].item;
    gatherElements(batch);
    const edbc_cell_desc &cell = library().cells[batch.type];
    for (uint32_t p = 0; p < cell.num_phases; ++p) {
      const edbc_phase_desc &phase = cell.phases[p];
      int64_t numRows =
          phase.operand == EDBC_NODES
              ? batch.count
              : batchElements[phase.operand].begins.data()[batch.count];
      numRows *= phase.columns;
      if (numRows != 0)
        executePhase(batch.type, p, numRows);
    }
  }
}

namespace {

/// A phase that is divided into parts, by rows or by panels.
struct DividedPhase {
  edbc_phase_fn function;
  void *const *buffers;
  int64_t numRows;
  int64_t numPanels;
  int64_t rowsPerPart;
  int64_t panelsPerPart;

  DividedPhase(edbc_phase_fn function, void *const *buffers, int64_t numRows,
               int64_t numPanels, int64_t numThreads)
      : function(function), buffers(buffers), numRows(numRows),
        numPanels(numPanels), rowsPerPart(numRows), panelsPerPart(numPanels) {
    // Kernels take up to eight rows in one go; 24 is a multiple of all tiles.
    constexpr int64_t tile = 24;
    // By panels each thread reads its own part of the weights.
    if (numPanels % numThreads == 0 || numPanels >= 4 * numThreads)
      panelsPerPart = divideUp(numPanels, numThreads);
    else if (numRows >= tile * numThreads)
      rowsPerPart = divideUp(divideUp(numRows, numThreads), tile) * tile;
    else if (numPanels > 1)
      panelsPerPart = divideUp(numPanels, numThreads);
    else
      rowsPerPart = divideUp(numRows, numThreads);
  }

  static int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

  /// One of the two is 1.
  uint32_t numParts() const {
    return static_cast<uint32_t>(divideUp(numRows, rowsPerPart) *
                                 divideUp(numPanels, panelsPerPart));
  }

  void runPart(int64_t index) const {
    int64_t row = rowsPerPart < numRows ? index * rowsPerPart : 0;
    int64_t panel = panelsPerPart < numPanels ? index * panelsPerPart : 0;
    function(buffers, row, std::min(row + rowsPerPart, numRows), panel,
             std::min(panel + panelsPerPart, numPanels));
  }
};

} // namespace

void edbc_session::executePhase(uint32_t cell, uint32_t number,
                                int64_t numRows) {
  const edbc_phase_desc &phase = library().cells[cell].phases[number];
  edbc_phase_fn function = phase.functions[model.isa];
  void *const *buffers = cells[cell].buffers.data();
  if (!pool)
    return function(buffers, 0, numRows, 0, phase.num_panels);

  // Below this a division costs more than it saves, and far below it even
  // reading the clock does: then only one call in 16 is timed.
  constexpr double leastCost = 20000;
  double &rowCost = rowCosts[cell][number];
  double count = static_cast<double>(numRows);
  bool isSmall = rowCost != 0 && rowCost * count < leastCost / 4;
  if (isSmall && ++numUntimed % 16 != 0)
    return function(buffers, 0, numRows, 0, phase.num_panels);

  Clock::time_point begin = Clock::now();
  auto costSinceBegin = [&] {
    std::chrono::duration<double, std::nano> time = Clock::now() - begin;
    return time.count() / count;
  };
  DividedPhase divided(function, buffers, numRows, phase.num_panels,
                       numThreads);
  uint32_t numParts = divided.numParts();
  if (rowCost * count < leastCost || numParts == 1) {
    function(buffers, 0, numRows, 0, phase.num_panels);
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

edbc_status edbc_session::run() {
  if (executed == numNodes())
    return EDBC_OK;

  // First everything that may fail, then what can be seen.
  Clock::time_point runBegin = Clock::now();
  runEnds.reserve(std::max(runEnds.size() + 1, runEnds.capacity()));
  uint64_t fallbacks = 0;
  const Schedule &schedule = makeSchedule(fallbacks);
  Clock::time_point scheduled = Clock::now();
  prepareBuffers(schedule);
  execute(schedule);

  runEnds.push_back(numNodes());
  executed = numNodes();
  for (StateRows &rows : states)
    rows.executed = rows.count;
  numBatches += schedule.batches.size();
  numFallbacks += fallbacks;
  buildTime += runBegin - buildBegin;
  scheduleTime += scheduled - runBegin;
  executeTime += Clock::now() - scheduled;
  return EDBC_OK;
}

edbc_status edbc_session::read(uint32_t outputNumber, edbc_value value,
                               const float **data, size_t *width,
                               edbc_error *error) const {
  if (outputNumber >= library().num_outputs)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "there is no output %u; network '%s' has %u", outputNumber,
                library().name, library().num_outputs);
  const edbc_output_desc &output = library().outputs[outputNumber];
  if (const char *what = explainValue(value))
    return fail(error, EDBC_INVALID_ARGUMENT, "output '%s': %s", output.name,
                what);
  if (places[value.node].state != output.state)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "output '%s': the value is of cell '%s', which yields state "
                "'%s', expected '%s'",
                output.name, library().cells[graph.type(value.node)].name,
                library().states[places[value.node].state].name,
                library().states[output.state].name);
  if (value.node >= executed)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "output '%s': the node is not yet executed; call run first",
                output.name);
  const edbc_state_desc &state = library().states[output.state];
  const edbc_field_desc &field = state.fields[output.field];
  *data = states[output.state].values.data() +
          size_t(places[value.node].row) * state.stride + field.offset;
  *width = field.width;
  return EDBC_OK;
}

void edbc_session::getStatistics(bool lowerBound, edbc_statistics &out) const {
  auto nanoseconds = [](Clock::duration time) {
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(time).count());
  };
  uint64_t bound = 0;
  if (lowerBound) {
    uint32_t begin = 0;
    for (uint32_t end : runEnds) {
      bound += core::lowerBound(graph, begin, end);
      begin = end;
    }
  }
  bool hasNew = stretchBegin != numNodes() &&
                instances[currentInstance].lastStretch == none;
  out.instances = size_t(numInstances) + hasNew;
  out.nodes = numNodes();
  out.batches = numBatches;
  out.lower_bound = bound;
  out.fallbacks = numFallbacks;
  out.build_ns = nanoseconds(buildTime);
  out.schedule_ns = nanoseconds(scheduleTime);
  out.execute_ns = nanoseconds(executeTime);
}

//===----------------------------------------------------------------------===//
// The C interface
//===----------------------------------------------------------------------===//

static edbc_status failNull(edbc_error *error) {
  return fail(error, EDBC_INVALID_ARGUMENT, "a null argument");
}

edbc_status edbc_session_create(const edbc_model *model,
                                const edbc_session_options *options,
                                edbc_session **out, edbc_error *error) {
  if (!model || !out)
    return failNull(error);
  edbc_policy_kind policy = options ? options->policy : EDBC_POLICY_FSM;
  // As a number: the compiler may take for granted that an enumeration holds
  // one of its values.
  int number = 0;
  static_assert(sizeof(number) == sizeof(policy), "ABI");
  memcpy(&number, &policy, sizeof(number));
  if (number < EDBC_POLICY_FSM || number > EDBC_POLICY_LEMMA)
    return fail(error, EDBC_INVALID_ARGUMENT, "there is no policy %d", number);
  uint32_t numThreads = options ? options->threads : 1;
  if (numThreads > EDBC_MAX_THREADS)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "%u threads asked for; a session has at most %u", numThreads,
                EDBC_MAX_THREADS);
  return guarded(error, [&] {
    try {
      *out = new edbc_session(*model, policy, numThreads);
    } catch (const std::system_error &problem) {
      return fail(error, EDBC_OUT_OF_MEMORY, "can't start %u threads: %s",
                  numThreads, problem.code().message().c_str());
    }
    return EDBC_OK;
  });
}

void edbc_session_destroy(edbc_session *session) { delete session; }

edbc_status edbc_session_begin_instance(edbc_session *session,
                                        uint32_t *instance, edbc_error *error) {
  if (!session)
    return failNull(error);
  return guarded(error, [&] { return session->beginInstance(instance); });
}

edbc_status edbc_session_resume_instance(edbc_session *session,
                                         uint32_t instance, edbc_error *error) {
  if (!session)
    return failNull(error);
  return guarded(error,
                 [&] { return session->resumeInstance(instance, error); });
}

edbc_status edbc_session_drop_instance(edbc_session *session, uint32_t instance,
                                       edbc_error *error) {
  if (!session)
    return failNull(error);
  return guarded(error, [&] { return session->dropInstance(instance, error); });
}

edbc_status edbc_session_add(edbc_session *session, uint32_t cell,
                             const edbc_argument *arguments, edbc_value *out,
                             edbc_error *error) {
  if (!session || !out)
    return failNull(error);
  return guarded(error,
                 [&] { return session->add(cell, arguments, out, error); });
}

edbc_status edbc_session_run(edbc_session *session, edbc_error *error) {
  if (!session)
    return failNull(error);
  return guarded(error, [&] { return session->run(); });
}

edbc_status edbc_session_read(const edbc_session *session, uint32_t output,
                              edbc_value value, const float **data,
                              size_t *width, edbc_error *error) {
  if (!session || !data || !width)
    return failNull(error);
  return session->read(output, value, data, width, error);
}

void edbc_session_reset(edbc_session *session) {
  if (session)
    session->reset();
}

edbc_status edbc_session_statistics(const edbc_session *session, int lowerBound,
                                    edbc_statistics *out, edbc_error *error) {
  if (!session || !out)
    return failNull(error);
  return guarded(error, [&] {
    session->getStatistics(lowerBound != 0, *out);
    return EDBC_OK;
  });
}

edbc_status edbc_session_save_graphs(const edbc_session *session,
                                     const char *path, edbc_error *error) {
  if (!session || !path)
    return failNull(error);
  return guarded(error, [&] { return session->saveGraphs(path, error); });
}
