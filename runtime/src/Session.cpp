//===- Session.cpp - one mini-batch and its results ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Session.h"

#include "runtime/src/Failure.h"
#include "runtime/src/Model.h"

#include <algorithm>
#include <cstring>

using namespace edbc;
using core::Batch;
using core::Schedule;

//===----------------------------------------------------------------------===//
// CellItems
//===----------------------------------------------------------------------===//

CellItems::CellItems(const edbc_cell_desc &cell)
    : buffers(cell.num_bindings), cell(cell), values(cell.num_operands) {}

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

//===----------------------------------------------------------------------===//
// Building the graph
//===----------------------------------------------------------------------===//

edbc_session::edbc_session(const edbc_model &model, edbc_policy_kind policy)
    : model(model), policyKind(policy), epoch(model.nextEpoch++),
      graph(model.library->num_cells), states(model.library->num_states),
      instances(1, 0), fsm(model.library->policy) {
  for (uint32_t c = 0; c < library().num_cells; ++c) {
    cells.emplace_back(library().cells[c]);
    resultStates.push_back(library().cells[c].result);
  }
}

const edbc_library &edbc_session::library() const { return *model.library; }

edbc_status edbc_session::beginInstance() {
  if (instanceBegin != numNodes()) {
    instances.push_back(numNodes());
    instanceBegin = numNodes();
  }
  return EDBC_OK;
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

  uint32_t operands[EDBC_MAX_OPERANDS];
  uint32_t numOperands = 0;
  for (uint32_t i = 0; i < cell.num_operands; ++i) {
    const edbc_operand_desc &operand = cell.operands[i];
    bool isGood = false;
    switch (operand.kind) {
    case EDBC_OPERAND_STATE:
      isGood = isAllowed(arguments[i].state, operand.index);
      operands[numOperands++] = arguments[i].state.node;
      break;
    case EDBC_OPERAND_TOKEN:
      isGood = arguments[i].token < operand.bound;
      break;
    case EDBC_OPERAND_DENSE:
      isGood = arguments[i].values != nullptr;
      break;
    }
    if (!isGood)
      return explainOperand(cell, i, arguments[i], error);
  }

  // First everything that may fail, then what can be seen.
  CellItems &items = cells[cellNumber];
  items.reserveOne();
  if (places.size() == numNodes())
    places.resize(std::max<size_t>(256, places.size() * 2));
  uint32_t node = graph.add(cellNumber, operands, numOperands);

  if (node == executed)
    buildBegin = Clock::now();
  uint32_t item = items.append();
  uint32_t row = states[cell.result].count++;
  places[node].item = item;
  places[node].row = row;
  items.resultRows()[item] = row;
  for (uint32_t i = 0; i < cell.num_operands; ++i) {
    const edbc_operand_desc &operand = cell.operands[i];
    switch (operand.kind) {
    case EDBC_OPERAND_STATE:
      items.operandNumbers(i)[item] = places[arguments[i].state.node].row;
      break;
    case EDBC_OPERAND_TOKEN:
      items.operandNumbers(i)[item] = arguments[i].token;
      break;
    case EDBC_OPERAND_DENSE:
      memcpy(items.operandValues(i) + item * paddedWidth(operand.bound),
             arguments[i].values, operand.bound * sizeof(float));
      break;
    }
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

  const edbc_value &value = argument.state;
  const char *what = explainValue(value);
  if (!what && value.node < instanceBegin)
    what = "the value belongs to another instance";
  if (what)
    return fail(error, EDBC_INVALID_ARGUMENT, "cell '%s', operand '%s': %s",
                cell.name, operand.name, what);
  return fail(error, EDBC_INVALID_ARGUMENT,
              "cell '%s', operand '%s': the value is of cell '%s', which "
              "yields state '%s', expected '%s'",
              cell.name, operand.name,
              library().cells[graph.type(value.node)].name,
              library().states[resultState(value.node)].name,
              library().states[operand.index].name);
}

void edbc_session::reset() {
  epoch = model.nextEpoch++;
  graph.clear();
  for (CellItems &items : cells)
    items.clear();
  for (StateRows &rows : states)
    rows.count = rows.executed = 0;
  instances.resize(1);
  instanceBegin = 0;
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

/// Makes room for results and intermediate values, and fills in the buffers of
/// all cells but for what changes from batch to batch.
void edbc_session::prepareBuffers(const Schedule &schedule) {
  size_t mostItems = 0, mostFloats = 0;
  for (const Batch &batch : schedule.batches) {
    size_t stride = library().cells[batch.type].workspace_stride;
    mostItems = std::max<size_t>(mostItems, batch.count);
    mostFloats = std::max(mostFloats, batch.count * stride);
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
      }
    }
  }
}

void edbc_session::execute(const Schedule &schedule) {
  for (const Batch &batch : schedule.batches) {
    uint32_t *item = batchItems.data();
    for (uint32_t node : schedule.nodesOf(batch))
      *item++ = places[node].item;
    const edbc_cell_desc &cell = library().cells[batch.type];
    for (uint32_t p = 0; p < cell.num_phases; ++p)
      cell.phases[p].functions[model.isa](cells[batch.type].buffers.data(), 0,
                                          batch.count, 0,
                                          cell.phases[p].num_panels);
  }
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
  if (resultState(value.node) != output.state)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "output '%s': the value is of cell '%s', which yields state "
                "'%s', expected '%s'",
                output.name, library().cells[graph.type(value.node)].name,
                library().states[resultState(value.node)].name,
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
  out.instances = instances.size() - (instanceBegin == numNodes());
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
  return guarded(error, [&] {
    *out = new edbc_session(*model, policy);
    return EDBC_OK;
  });
}

void edbc_session_destroy(edbc_session *session) { delete session; }

edbc_status edbc_session_begin_instance(edbc_session *session,
                                        edbc_error *error) {
  if (!session)
    return failNull(error);
  return guarded(error, [&] { return session->beginInstance(); });
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
