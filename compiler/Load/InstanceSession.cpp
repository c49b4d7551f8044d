//===- InstanceSession.cpp - runs instances from a graph file ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Load/InstanceSession.h"

using namespace edbc;

std::unique_ptr<InstanceSession>
InstanceSession::create(const edbc_library &library, const edbc_model &model,
                        std::string &error) {
  edbc_session *session = nullptr;
  edbc_error problem;
  if (edbc_session_create(&model, nullptr, &session, &problem) != EDBC_OK) {
    error = problem.message;
    return nullptr;
  }
  return std::unique_ptr<InstanceSession>(
      new InstanceSession(library, session));
}

bool InstanceSession::add(const Instance &instance,
                          std::vector<edbc_value> &nodes, std::string &error) {
  edbc_error problem;
  if (edbc_session_begin_instance(session.get(), &problem) != EDBC_OK) {
    error = problem.message;
    return false;
  }
  for (const Instance::Node &node : instance.nodes) {
    const edbc_cell_desc &cell = library.cells[node.cell];
    edbc_argument arguments[EDBC_MAX_OPERANDS] = {};
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
        arguments[i].values = &instance.values[given];
        break;
      }
    }
    edbc_value value;
    if (edbc_session_add(session.get(), node.cell, arguments, &value,
                         &problem) != EDBC_OK) {
      error = problem.message;
      return false;
    }
    nodes.push_back(value);
  }
  return true;
}

bool InstanceSession::run(const std::vector<Instance> &instances, size_t first,
                          size_t end, std::string &error) {
  edbc_session_reset(session.get());
  values.assign(end - first, {});
  for (size_t i = first; i < end; ++i)
    if (!add(instances[i], values[i - first], error))
      return false;
  edbc_error problem;
  if (edbc_session_run(session.get(), &problem) == EDBC_OK)
    return true;
  error = problem.message;
  return false;
}

std::pair<const float *, size_t>
InstanceSession::read(size_t instance, uint32_t node, uint32_t output) const {
  const float *data = nullptr;
  size_t width = 0;
  if (edbc_session_read(session.get(), output, values[instance][node], &data,
                        &width, nullptr) != EDBC_OK)
    return {nullptr, 0};
  return {data, width};
}
