//===- Application.cpp - a program that uses a network ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Application.h"

#include "runtime/core/Graph.h"

#include <algorithm>
#include <stdexcept>

using namespace edbc;
using namespace edbc::bench;

void bench::requireOk(edbc_status status, const edbc_error &problem) {
  if (status == EDBC_OUT_OF_MEMORY)
    throw MemoryShortage(problem.message);
  if (status != EDBC_OK)
    throw std::runtime_error(problem.message);
}

SessionHandle bench::createSession(const edbc_model &model,
                                   const edbc_session_options &options) {
  edbc_session *session = nullptr;
  edbc_error problem;
  requireOk(edbc_session_create(&model, &options, &session, &problem), problem);
  return SessionHandle(session);
}

Application::Application(const edbc_library &library, edbc_session *session,
                         uint32_t output,
                         const std::vector<Instance> &instances)
    : session(session), output(output) {
  size_t numNodes = 0, numArguments = 0, numElements = 0;
  for (const Instance &instance : instances) {
    parts.push_back({&instance, numNodes, 0});
    numNodes += instance.nodes.size();
    numArguments += instance.arguments.size();
    numElements += instance.elements.size();
  }
  runs = runsOf(instances.data(), instances.data() + instances.size());
  // What others point into doesn't grow.
  values.resize(numNodes);
  arguments.reserve(numArguments);
  elements.reserve(numElements);
  results.reserve(numNodes);
  for (const Part &part : parts)
    takeInstance(library, part);
}

void Application::takeInstance(const edbc_library &library, const Part &part) {
  const edbc_value *known = &values[part.firstNode];
  for (const Instance::Node &node : part.instance->nodes) {
    const uint32_t *given = &part.instance->arguments[node.firstArgument];
    const edbc_cell_desc &cell = library.cells[node.cell];
    const edbc_argument *first = arguments.data() + arguments.size();
    for (uint32_t i = 0; i < cell.num_operands; ++i) {
      arguments.emplace_back();
      edbc_argument &argument = arguments.back();
      switch (cell.operands[i].kind) {
      case EDBC_OPERAND_STATE:
        references.push_back({&argument.state, known + given[i]});
        break;
      case EDBC_OPERAND_TOKEN:
        argument.token = given[i];
        break;
      case EDBC_OPERAND_DENSE:
        argument.values = &part.instance->values[given[i]];
        break;
      case EDBC_OPERAND_STATES:
        core::NodeSpan list = part.instance->elementsAt(given[i]);
        argument.states = {elements.data() + elements.size(), list.size()};
        for (uint32_t listed : list) {
          elements.emplace_back();
          references.push_back({&elements.back(), known + listed});
        }
        break;
      }
    }
    nodes.push_back({node.cell, cell.result == library.outputs[output].state,
                     first, references.size()});
  }
}

void Application::addNodes(size_t instance, uint32_t begin, uint32_t end) {
  Part &part = parts[instance];
  requireOk(begin == 0
                ? edbc_session_begin_instance(session, &part.number, &problem)
                : edbc_session_resume_instance(session, part.number, &problem),
            problem);
  size_t first = part.firstNode + begin, last = part.firstNode + end;
  size_t reference = first == 0 ? 0 : nodes[first - 1].endReference;
  for (size_t i = first; i < last; ++i) {
    const Node &node = nodes[i];
    for (; reference < node.endReference; ++reference)
      *references[reference].place = *references[reference].value;
    requireOk(edbc_session_add(session, node.cell, node.arguments, &values[i],
                               &problem),
              problem);
    if (node.hasOutput)
      results.push_back(values[i]);
  }
}

uint64_t Application::execute() {
  edbc_statistics before, after;
  requireOk(edbc_session_statistics(session, 0, &before, &problem), problem);
  requireOk(edbc_session_run(session, &problem), problem);
  requireOk(edbc_session_statistics(session, 0, &after, &problem), problem);
  return after.execute_ns - before.execute_ns;
}

double Application::run() {
  double sum = 0;
  edbc_session_reset(session);
  for (uint32_t run : runs) {
    results.clear();
    for (size_t i = 0; i < parts.size(); ++i) {
      const Instance &instance = *parts[i].instance;
      uint32_t begin = run == 0 ? 0 : instance.endOfRun(run - 1);
      uint32_t end = instance.endOfRun(run);
      if (begin != end)
        addNodes(i, begin, end);
    }
    requireOk(edbc_session_run(session, &problem), problem);
    for (const edbc_value &result : results) {
      const float *data;
      size_t width;
      requireOk(
          edbc_session_read(session, output, result, &data, &width, &problem),
          problem);
      sum += static_cast<double>(data[0]);
    }
    if (run == runs.back())
      break; // The next reset drops what is left.
    for (const Part &part : parts)
      if (run == part.instance->lastRun())
        requireOk(edbc_session_drop_instance(session, part.number, &problem),
                  problem);
  }
  return sum;
}
