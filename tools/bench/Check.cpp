//===- Check.cpp - executed networks against the interpreter ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Check.h"

#include "compiler/Load/InstanceSession.h"
#include "compiler/Reference/Reference.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

using namespace edbc;
using namespace edbc::bench;

static Reference createReference(const CompiledNetwork &network) {
  const edbc_library &library = network.getLibrary();
  ParameterValues values;
  for (uint32_t i = 0; i < library.num_params; ++i)
    values[library.params[i].name] = network.getWeights().values[i];
  mlir::FailureOr<Reference> reference =
      Reference::create(network.getCells(), values);
  if (mlir::failed(reference))
    throw std::runtime_error("the network can't be interpreted");
  return std::move(*reference);
}

/// The outputs of an instance's nodes, node by node; empty ones are of nodes
/// that don't have the output.
using Outputs = std::vector<std::vector<float>>;

static Outputs readOutputs(const InstanceSession &session, size_t number,
                           const Instance &instance, uint32_t numOutputs) {
  Outputs outputs;
  for (uint32_t node = 0; node < instance.nodes.size(); ++node)
    for (uint32_t i = 0; i < numOutputs; ++i)
      outputs.push_back(session.read(number, node, i));
  return outputs;
}

static bool haveSameBits(const Outputs &left, const Outputs &right) {
  return std::equal(
      left.begin(), left.end(), right.begin(), right.end(),
      [](const auto &a, const auto &b) {
        return a.size() == b.size() &&
               (a.empty() ||
                std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
      });
}

CheckResult bench::checkNetwork(const CompiledNetwork &network,
                                const std::vector<Instance> &instances,
                                const edbc_session_options &options) {
  const edbc_library &library = network.getLibrary();
  Reference reference = createReference(network);
  std::string message;
  std::unique_ptr<InstanceSession> session =
      InstanceSession::create(library, network.getModel(), options, message);
  if (!session || !session->run(instances, 0, instances.size(), message))
    throw std::runtime_error(message);
  std::vector<Outputs> together;
  for (size_t i = 0; i < instances.size(); ++i)
    together.push_back(
        readOutputs(*session, i, instances[i], library.num_outputs));

  CheckResult result;
  size_t numRuns =
      runsOf(instances.data(), instances.data() + instances.size()).size();
  result.isRefused = options.launch == EDBC_LAUNCH_ONCE &&
                     session->statistics().device_launches > numRuns;
  for (size_t i = 0; i < instances.size(); ++i) {
    mlir::FailureOr<std::vector<NodeState>> expected =
        reference.evaluate(instances[i]);
    if (mlir::failed(expected))
      throw std::runtime_error("an instance can't be interpreted");
    size_t next = 0;
    for (const NodeState &node : *expected)
      for (uint32_t o = 0; o < library.num_outputs; ++o) {
        const edbc_output_desc &output = library.outputs[o];
        const edbc_state_desc &state = library.states[output.state];
        const std::vector<float> &values = together[i][next++];
        if (values.empty())
          continue;
        const char *field = state.fields[output.field].name;
        result.numValues += values.size();
        result.largestError = std::max(
            result.largestError,
            relativeError(node.fields.find(field)->second, values,
                          largestMagnitude(*expected, state.name, field)));
      }
    if (!session->run(instances, i, i + 1, message))
      throw std::runtime_error(message);
    result.isSameAlone &=
        haveSameBits(together[i], readOutputs(*session, 0, instances[i],
                                              library.num_outputs));
  }
  return result;
}
