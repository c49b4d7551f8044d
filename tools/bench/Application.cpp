//===- Application.cpp - a program that uses a network ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Application.h"

#include <algorithm>
#include <stdexcept>

using namespace edbc;
using namespace edbc::bench;

void bench::throwProblem(edbc_status status, const edbc_error &problem) {
  if (status == EDBC_OUT_OF_MEMORY)
    throw MemoryShortage(problem.message);
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
  size_t numNodes = 0, mostNodes = 0, numArguments = 0;
  for (const Instance &instance : instances) {
    parts.push_back({&instance, numNodes, 0});
    numNodes += instance.nodes.size();
    mostNodes = std::max(mostNodes, instance.nodes.size());
    numArguments += instance.arguments.size() + instance.elements.size();
  }
  runs = runsOf(instances.data(), instances.data() + instances.size());
  nodes.reserve(numNodes);
  arguments.reserve(numArguments); // They point to one another.
  values.resize(numNodes);
  valuesAtOnce.resize(mostNodes);
  results.reserve(numNodes);
  for (const Instance &instance : instances)
    takeInstance(library, instance);
}

void Application::takeInstance(const edbc_library &library,
                               const Instance &instance) {
  static_assert(sizeof(edbc_argument) == sizeof(edbc_value), "ABI");
  auto refer = [&](size_t argument, uint32_t node) {
    references.push_back({static_cast<uint32_t>(argument), node});
  };
  for (const Instance::Node &node : instance.nodes) {
    const uint32_t *given = &instance.arguments[node.firstArgument];
    const edbc_cell_desc &cell = library.cells[node.cell];
    const size_t first = arguments.size();
    arguments.resize(first + cell.num_operands);
    for (uint32_t i = 0; i < cell.num_operands; ++i) {
      edbc_argument &argument = arguments[first + i];
      switch (cell.operands[i].kind) {
      case EDBC_OPERAND_STATE:
        refer(first + i, given[i]);
        break;
      case EDBC_OPERAND_TOKEN:
        argument.token = given[i];
        break;
      case EDBC_OPERAND_DENSE:
        argument.values = &instance.values[given[i]];
        break;
      case EDBC_OPERAND_STATES:
        core::NodeSpan list = instance.elementsAt(given[i]);
        const size_t firstElement = arguments.size();
        arguments.resize(firstElement + list.size());
        argument.states = {&arguments.data()[firstElement].state, list.size()};
        for (uint32_t k = 0; k < list.size(); ++k)
          refer(firstElement + k, list[k]);
        break;
      }
    }
    nodes.push_back({node.cell, static_cast<uint32_t>(first),
                     static_cast<uint32_t>(references.size()),
                     cell.result == library.outputs[output].state});
  }
}

void Application::addNodes(size_t instance, uint32_t begin, uint32_t end) {
  Part &part = parts[instance];
  requireOk(begin == 0
                ? edbc_session_begin_instance(session, &part.number, &problem)
                : edbc_session_resume_instance(session, part.number, &problem),
            problem);
  const size_t first = part.firstNode + begin;
  bool isWhole = begin == 0 && end == part.instance->nodes.size();
  edbc_value *known =
      isWhole ? valuesAtOnce.data() : values.data() + part.firstNode;
  const Node *node = nodes.data() + first;
  const Reference *reference =
      references.data() + (first == 0 ? 0 : node[-1].endReference);
  for (uint32_t i = begin; i < end; ++i, ++node) {
    for (; reference != references.data() + node->endReference; ++reference)
      arguments[reference->argument].state = known[reference->node];
    requireOk(edbc_session_add(session, node->cell,
                               arguments.data() + node->firstArgument,
                               &known[i], &problem),
              problem);
    if (node->hasOutput)
      results.push_back(known[i]);
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
