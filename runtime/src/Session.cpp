//===- Session.cpp - one mini-batch and its results ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Session.h"

#include "runtime/cuda/CudaExecutor.h"
#include "runtime/src/Failure.h"
#include "runtime/src/Growth.h"
#include "runtime/src/Model.h"

#include <stdexcept>

using namespace edbc;

//===----------------------------------------------------------------------===//
// Instances
//===----------------------------------------------------------------------===//

edbc_session::edbc_session(const edbc_model &model,
                           const edbc_session_options &options)
    : model(model),
      policyKind(options.policy == EDBC_POLICY_FSM ? model.library->policy.kind
                                                   : options.policy),
      numCells(model.library->num_cells), epoch(model.nextEpoch++),
      graph(model.order), states(model.library->num_states), instances(1),
      fsm(model.library->policy) {
  for (uint32_t c = 0; c < numCells; ++c)
    cells.emplace_back(library().cells[c]);
  if (options.share)
    shared = std::make_unique<SharedNodes>(model.order);
  for (CellItems &items : cells)
    prepareCell(items);
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
  if (isInstanceBegun || instances.back().lastStretch != none ||
      instances.back().isDropped) {
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
      states[places[node].state()].numDropped +=
          places[node].row < EDBC_TABLE_ROW;
  for (StateRows &rows : states)
    reserveMore(rows.free, rows.numDropped);
  for (uint32_t s = last; s != none; s = stretches[s].previous)
    for (uint32_t node = stretches[s].end; node-- > stretches[s].begin;)
      if ((!shared || shared->release(node)) &&
          places[node].row < EDBC_TABLE_ROW)
        states[places[node].state()].free.push_back(places[node].row);
  instance.isDropped = true;
  if (currentInstance == number) {
    currentInstance = none;
    preparedEnd = 0;
  }
  return EDBC_OK;
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
  currentInstance = preparedEnd = stretchBegin = numInstances = 0;
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

edbc_status edbc_session::read(uint32_t outputNumber, const edbc_value &value,
                               bool onDevice, const float **data, size_t *width,
                               edbc_error *error) const {
  if (outputNumber >= library().num_outputs)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "there is no output %u; network '%s' has %u", outputNumber,
                library().name, library().num_outputs);
  const edbc_output_desc &output = library().outputs[outputNumber];
  if (const char *what = explainValue(value))
    return fail(error, EDBC_INVALID_ARGUMENT, "output '%s': %s", output.name,
                what);
  const Place &place = places[value.node];
  const edbc_state_desc &state = library().states[output.state];
  if (place.state() != output.state)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "output '%s': the value is of cell '%s', which yields state "
                "'%s', expected '%s'",
                output.name, library().cells[graph.type(value.node)].name,
                library().states[place.state()].name, state.name);
  if (value.node >= executed)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "output '%s': the node is not yet executed; call run first",
                output.name);
  const float *row = place.row >= EDBC_TABLE_ROW
                         ? model.tableRow(output.state, place.row, onDevice)
                     : onDevice ? executor->deviceRow(output.state, place.row)
                                : executor->hostRow(output.state, place.row);
  if (!row)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "output '%s': the model was created on the CPU; its results "
                "are on no device",
                output.name);
  *data = row + state.fields[output.field].offset;
  *width = state.fields[output.field].width;
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
