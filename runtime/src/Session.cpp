//===- Session.cpp - one mini-batch and its results ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Session.h"

#include "runtime/cuda/CudaExecutor.h"
#include "runtime/src/Failure.h"
#include "runtime/src/Model.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

using namespace edbc;

//===----------------------------------------------------------------------===//
// Building the graph
//===----------------------------------------------------------------------===//

edbc_session::edbc_session(const edbc_model &model,
                           const edbc_session_options &options)
    : model(model),
      policyKind(options.policy == EDBC_POLICY_FSM ? model.library->policy.kind
                                                   : options.policy),
      epoch(model.nextEpoch++), graph(model.library->num_cells),
      states(model.library->num_states), instances(1),
      fsm(model.library->policy) {
  uint32_t mostOperands = 0;
  for (uint32_t c = 0; c < library().num_cells; ++c) {
    cells.emplace_back(library().cells[c]);
    mostOperands = std::max(mostOperands, library().cells[c].num_operands);
  }
  operandNodes.resize(mostOperands);
  if (options.share)
    shared = std::make_unique<SharedNodes>(library().num_cells);
  SessionView view = {model,
                      shared ? shared->getGraph() : graph,
                      shared ? shared->getPlaces() : places,
                      cells,
                      states,
                      shared ? shared->getExecuted() : executed};
  executor = model.device ? cuda::createExecutor(view, *model.device, options)
                          : createCpuExecutor(view, options.threads);
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
  // The session comes with an instance for nodes that are added before the
  // first call of this function; without such nodes it is the first one's.
  if (isInstanceBegun || instances.back().lastStretch != none) {
    if (instances.size() == none)
      throw std::length_error("instances");
    instances.emplace_back();
  }
  isInstanceBegun = true;
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
      if (!shared || shared->release(node))
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

/// A row that no node has.
uint32_t edbc_session::takeRow(StateRows &rows) {
  if (rows.free.empty())
    return rows.count++;
  uint32_t row = rows.free.back();
  rows.free.pop_back();
  return row;
}

/// Writes down the operands of an item.
void edbc_session::fillItem(const edbc_cell_desc &cell, CellItems &items,
                            uint32_t item, const edbc_argument *arguments) {
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
  SharedNodes::Key key = {0, SharedNodes::none};
  if (shared) {
    key = shared->find(
        {cellNumber, cell, arguments, {operandNodes.data(), numOperands}},
        items);
    shared->reserveOne();
  }
  items.reserveOne();
  if (places.size() == numNodes())
    places.resize(std::max<size_t>(256, places.size() * 2));
  uint32_t node = graph.add(cellNumber, operandNodes.data(), numOperands);

  if (node == executed)
    buildBegin = Clock::now();
  Place &place = places[node];
  place.instance = currentInstance;
  place.state = cell.result;
  if (key.equal != SharedNodes::none) {
    place.item = shared->getPlaces()[key.equal].item;
    place.row = shared->getPlaces()[key.equal].row;
  } else {
    place.item = items.append();
    place.row = takeRow(states[cell.result]);
    items.resultRows()[place.item] = place.row;
    fillItem(cell, items, place.item, arguments);
  }
  if (shared)
    shared->add(key, cellNumber, place);
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
  isInstanceBegun = false;
  runEnds.clear();
  if (shared)
    shared->clear();
  executed = 0;
  numBatches = numFallbacks = 0;
  buildTime = scheduleTime = executeTime = Clock::duration::zero();
  executor->reset();
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

edbc_status edbc_session::checkRead(uint32_t outputNumber,
                                    const edbc_value &value,
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
  return EDBC_OK;
}

edbc_status edbc_session::read(uint32_t outputNumber, edbc_value value,
                               const float **data, size_t *width,
                               edbc_error *error) const {
  if (edbc_status status = checkRead(outputNumber, value, error))
    return status;
  const edbc_output_desc &output = library().outputs[outputNumber];
  const edbc_field_desc &field =
      library().states[output.state].fields[output.field];
  *data =
      executor->hostRow(output.state, places[value.node].row) + field.offset;
  *width = field.width;
  return EDBC_OK;
}

edbc_status edbc_session::readDevice(uint32_t outputNumber, edbc_value value,
                                     const float **data, size_t *width,
                                     edbc_error *error) const {
  if (edbc_status status = checkRead(outputNumber, value, error))
    return status;
  const edbc_output_desc &output = library().outputs[outputNumber];
  const edbc_field_desc &field =
      library().states[output.state].fields[output.field];
  const float *row = executor->deviceRow(output.state, places[value.node].row);
  if (!row)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "output '%s': the model was created on the CPU; its results "
                "are on no device",
                output.name);
  *data = row + field.offset;
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
    const core::Graph &scheduled = shared ? shared->getGraph() : graph;
    uint32_t begin = 0;
    for (uint32_t end : shared ? shared->getRunEnds() : runEnds) {
      bound += core::lowerBound(scheduled, begin, end);
      begin = end;
    }
  }
  bool hasNew = stretchBegin != numNodes() &&
                instances[currentInstance].lastStretch == none;
  out.instances = size_t(numInstances) + hasNew;
  out.nodes = numNodes();
  out.shared_nodes = shared ? numNodes() - shared->getGraph().numNodes() : 0;
  out.batches = numBatches;
  const ExecutionCounts &counts = executor->counts;
  out.launches = counts.launches;
  out.copied_bytes = counts.copiedFloats * sizeof(float);
  out.device_launches = counts.deviceLaunches;
  out.barriers = counts.barriers;
  out.uploaded_bytes = counts.uploadedBytes;
  out.downloaded_bytes = counts.downloadedBytes;
  out.lower_bound = bound;
  out.fallbacks = numFallbacks;
  out.build_ns = nanoseconds(buildTime);
  out.schedule_ns = nanoseconds(scheduleTime);
  out.execute_ns = nanoseconds(executeTime);
}
