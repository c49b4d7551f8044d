//===- InstanceSession.cpp - runs instances from a graph file ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Load/InstanceSession.h"

#include <algorithm>

using namespace edbc;

/// Calls a function of the C interface with `arguments` and a place for its
/// error.
template <typename... Parameters, typename... Arguments>
static bool succeeds(std::string &error, edbc_status (*function)(Parameters...),
                     Arguments... arguments) {
  edbc_error problem;
  if (function(arguments..., &problem) == EDBC_OK)
    return true;
  error = problem.message;
  return false;
}

std::unique_ptr<InstanceSession>
InstanceSession::create(const edbc_library &library, const edbc_model &model,
                        const edbc_session_options &options,
                        std::string &error) {
  edbc_session *session = nullptr;
  if (!succeeds(error, edbc_session_create, &model, &options, &session))
    return nullptr;
  return std::unique_ptr<InstanceSession>(
      new InstanceSession(library, session));
}

void InstanceSession::reset() {
  edbc_session_reset(session.get());
  parts.clear();
}

/// Lets the next nodes belong to an instance, which may be a new one.
bool InstanceSession::beginPart(size_t number, std::string &error) {
  if (number < parts.size())
    return succeeds(error, edbc_session_resume_instance, session.get(),
                    parts[number].handle);
  uint32_t handle = 0;
  if (!succeeds(error, edbc_session_begin_instance, session.get(), &handle))
    return false;
  parts.push_back({handle, {}});
  return true;
}

/// Adds the node of `instance` that follows `nodes`.
bool InstanceSession::addNode(const Instance &instance,
                              std::vector<edbc_value> &nodes,
                              std::string &error) {
  const Instance::Node &node = instance.nodes[nodes.size()];
  const edbc_cell_desc &cell = library.cells[node.cell];
  edbc_argument arguments[EDBC_MAX_OPERANDS] = {};
  size_t begins[EDBC_MAX_OPERANDS] = {}; // of lists, in `elements`
  elements.clear();
  for (uint32_t i = 0; i < cell.num_operands; ++i) {
    uint32_t given = instance.arguments[node.firstArgument + i];
    switch (cell.operands[i].kind) {
    case EDBC_OPERAND_STATE:
      arguments[i].state = nodes[given];
      break;
    case EDBC_OPERAND_TOKEN:
      arguments[i].token = given;
      break;
    case EDBC_OPERAND_DENSE:
      arguments[i].values = instance.values.data() + given;
      break;
    case EDBC_OPERAND_STATES:
      begins[i] = elements.size();
      for (uint32_t element : instance.elementsAt(given))
        elements.push_back(nodes[element]);
      arguments[i].states.count = elements.size() - begins[i];
      break;
    }
  }
  // Only now the array stays where it is.
  for (uint32_t i = 0; i < cell.num_operands; ++i)
    if (cell.operands[i].kind == EDBC_OPERAND_STATES)
      arguments[i].states.data = elements.data() + begins[i];
  edbc_value value;
  if (!succeeds(error, edbc_session_add, session.get(), node.cell,
                static_cast<const edbc_argument *>(arguments), &value))
    return false;
  nodes.push_back(value);
  return true;
}

bool InstanceSession::add(size_t number, const Instance &instance,
                          uint32_t numNodes, std::string &error) {
  if (!beginPart(number, error))
    return false;
  std::vector<edbc_value> &nodes = parts[number].nodes;
  while (nodes.size() < numNodes)
    if (!addNode(instance, nodes, error))
      return false;
  return true;
}

bool InstanceSession::execute(std::string &error) {
  return succeeds(error, edbc_session_run, session.get());
}

bool InstanceSession::drop(size_t number, std::string &error) {
  return succeeds(error, edbc_session_drop_instance, session.get(),
                  parts[number].handle);
}

bool InstanceSession::run(const std::vector<Instance> &instances, size_t first,
                          size_t end, std::string &error) {
  reset();
  for (uint32_t run :
       runsOf(instances.data() + first, instances.data() + end)) {
    for (size_t i = first; i < end; ++i)
      if (!add(i - first, instances[i], instances[i].endOfRun(run), error))
        return false;
    if (!execute(error))
      return false;
  }
  return true;
}

std::vector<float> InstanceSession::read(size_t number, uint32_t node,
                                         uint32_t output) const {
  const float *data = nullptr;
  size_t width = 0;
  if (edbc_session_read(session.get(), output, parts[number].nodes[node], &data,
                        &width, nullptr) != EDBC_OK)
    return {};
  const edbc_output_desc &desc = library.outputs[output];
  uint32_t columns = library.states[desc.state].fields[desc.field].columns;
  size_t stride = (width + EDBC_LANES - 1) / EDBC_LANES * EDBC_LANES;
  std::vector<float> values;
  values.reserve(width * columns);
  for (size_t row = 0; row < width; ++row)
    for (uint32_t column = 0; column < columns; ++column)
      values.push_back(data[column * stride + row]);
  return values;
}

edbc_statistics InstanceSession::statistics() const {
  edbc_statistics statistics = {};
  edbc_session_statistics(session.get(), /*lower_bound=*/0, &statistics,
                          nullptr);
  return statistics;
}
