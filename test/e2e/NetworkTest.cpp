//===- NetworkTest.cpp - a generated library, held against others *- C++
//-*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Linked with one network after another. Instances are random graphs of the
// network's cells; all values that applications can read are compared
//
// - with the reference interpreter, which computes in double precision, one
//   node at a time, from the same model file;
// - bit by bit with those of another run that must give the same: under another
//   policy, in another company, by other kernels, in several runs.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/Frontend.h"
#include "compiler/Reference/Reference.h"
#include "test/e2e/TestedNetwork.h"

#include "edbc/edbc.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>

namespace {
using namespace edbc;

constexpr uint32_t numInstances = 40;

const edbc_library &network = testedNetwork.library;

/// Random numbers that are the same everywhere: std::mt19937 is, distributions
/// aren't.
class Random {
public:
  explicit Random(uint32_t seed) : engine(seed) {}
  uint32_t below(uint32_t bound) { return engine() % bound; }
  float unit() { return static_cast<float>(engine() >> 8) * 0x1p-23f - 1.0f; }

private:
  std::mt19937 engine;
};

/// A graph of up to `maxNodes` nodes, each of a random cell whose operands
/// there are.
Instance randomInstance(Random &random, uint32_t maxNodes) {
  Instance instance;
  std::map<uint32_t, std::vector<uint32_t>> nodesOf; // by state
  uint32_t size = 1 + random.below(maxNodes);
  while (instance.nodes.size() < size) {
    uint32_t number = random.below(network.num_cells);
    const edbc_cell_desc &cell = network.cells[number];
    bool possible = true;
    for (uint32_t i = 0; i < cell.num_operands; ++i)
      possible &= cell.operands[i].kind != EDBC_OPERAND_STATE ||
                  !nodesOf[cell.operands[i].index].empty();
    if (!possible)
      continue;
    instance.nodes.push_back(
        {number, static_cast<uint32_t>(instance.arguments.size())});
    for (uint32_t i = 0; i < cell.num_operands; ++i) {
      const edbc_operand_desc &operand = cell.operands[i];
      if (operand.kind == EDBC_OPERAND_STATE) {
        const std::vector<uint32_t> &nodes = nodesOf[operand.index];
        instance.arguments.push_back(nodes[random.below(nodes.size())]);
      } else if (operand.kind == EDBC_OPERAND_TOKEN) {
        instance.arguments.push_back(random.below(operand.bound));
      } else {
        instance.arguments.push_back(instance.values.size());
        for (uint32_t k = 0; k < operand.bound; ++k)
          instance.values.push_back(random.unit());
      }
    }
    nodesOf[cell.result].push_back(instance.nodes.size() - 1);
  }
  return instance;
}

std::vector<Instance> randomInstances() {
  Random random(20);
  std::vector<Instance> instances;
  for (uint32_t i = 0; i < numInstances; ++i)
    instances.push_back(randomInstance(random, i % 8 == 0 ? 60 : 15));
  return instances;
}

/// A session that is driven by cell numbers, as no application would.
class OpenSession : public Session {
public:
  using Session::read;
  using Session::Session;

  /// Adds nodes [first, end) of an instance to those in `values`.
  void addNodes(const Instance &instance, uint32_t first, uint32_t end,
                std::vector<Value> &values) {
    for (uint32_t node = first; node < end; ++node) {
      uint32_t number = instance.nodes[node].cell;
      const uint32_t *given =
          instance.arguments.data() + instance.nodes[node].firstArgument;
      edbc_argument arguments[EDBC_MAX_OPERANDS];
      const edbc_cell_desc &cell = network.cells[number];
      for (uint32_t i = 0; i < cell.num_operands; ++i)
        switch (cell.operands[i].kind) {
        case EDBC_OPERAND_STATE:
          arguments[i] = stateArgument(values[given[i]]);
          break;
        case EDBC_OPERAND_TOKEN:
          arguments[i] = tokenArgument(given[i]);
          break;
        case EDBC_OPERAND_DENSE:
          arguments[i].values = &instance.values[given[i]];
          break;
        }
      values.push_back(add<Value>(number, arguments));
    }
  }
};

/// All outputs of all nodes of an instance, node by node, output by output.
using Outputs = std::vector<std::vector<float>>;

Outputs readOutputs(const OpenSession &session, const Instance &instance,
                    const std::vector<Value> &values) {
  Outputs outputs;
  for (size_t node = 0; node < values.size(); ++node)
    for (uint32_t i = 0; i < network.num_outputs; ++i)
      if (network.outputs[i].state ==
          network.cells[instance.nodes[node].cell].result) {
        Span<const float> output = session.read(i, values[node]);
        outputs.emplace_back(output.begin(), output.end());
      }
  return outputs;
}

/// Runs instances together, in one mini-batch.
std::vector<Outputs> runTogether(const Model &model,
                                 const std::vector<Instance> &instances,
                                 Policy policy = Policy::Fsm) {
  OpenSession session(model, {policy});
  std::vector<std::vector<Value>> values(instances.size());
  for (size_t i = 0; i < instances.size(); ++i) {
    session.beginInstance();
    session.addNodes(instances[i], 0, instances[i].nodes.size(), values[i]);
  }
  session.run();
  std::vector<Outputs> outputs;
  for (size_t i = 0; i < instances.size(); ++i)
    outputs.push_back(readOutputs(session, instances[i], values[i]));
  return outputs;
}

void expectSameBits(const Outputs &left, const Outputs &right) {
  ASSERT_EQ(left.size(), right.size());
  for (size_t i = 0; i < left.size(); ++i) {
    ASSERT_EQ(left[i].size(), right[i].size());
    EXPECT_EQ(std::memcmp(left[i].data(), right[i].data(),
                          left[i].size() * sizeof(float)),
              0)
        << "value " << i << " of an instance";
  }
}

/// The interpreter, with the model file and the weights that the library has.
class Oracle {
public:
  Oracle() {
    auto text = llvm::MemoryBuffer::getFile(testedNetwork.modelFile);
    ImportOptions options;
    Diagnostics problems;
    llvm::SmallVector<llvm::StringRef> dims;
    llvm::StringRef(testedNetwork.dimensions)
        .split(dims, ';', -1, /*KeepEmpty=*/false);
    for (llvm::StringRef dim : dims)
      parseDimOverride(dim, options, problems);
    module = importModel(testedNetwork.modelFile, (*text)->getBuffer(), options,
                         context, problems);
    EXPECT_TRUE(module) << problems.str();

    weights = llvm::cantFail(llvm::errorOrToExpected(
        llvm::MemoryBuffer::getFile(testedNetwork.weightsFile)));
    reference.emplace(*Reference::create(*module, parameters()));
  }

  std::vector<NodeState> evaluate(const Instance &instance) {
    return *reference->evaluate(instance);
  }

private:
  /// `edbc weights` writes parameters one after another at the file's end, in
  /// order of declaration, which is the library's.
  ParameterValues parameters() {
    size_t count = 0;
    for (uint32_t i = 0; i < network.num_params; ++i)
      count += size_t(network.params[i].rows) * network.params[i].columns;
    const char *data = weights->getBufferEnd() - count * sizeof(float);
    values.resize(count);
    std::memcpy(values.data(), data, count * sizeof(float));
    ParameterValues byName;
    size_t begin = 0;
    for (uint32_t i = 0; i < network.num_params; ++i) {
      const edbc_param_desc &param = network.params[i];
      size_t size = size_t(param.rows) * param.columns;
      byName[param.name] = llvm::ArrayRef(values).slice(begin, size);
      begin += size;
    }
    return byName;
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<llvm::MemoryBuffer> weights;
  std::vector<float> values;
  std::optional<Reference> reference;
};

/// The error of a value counts relative to the largest of its tensor: what
/// cancels to nearly 0 can't be better than the terms that it came from.
void expectClose(const std::vector<float> &found,
                 const std::vector<double> &expected) {
  ASSERT_EQ(found.size(), expected.size());
  double scale = 0;
  for (double value : expected)
    scale = std::max(scale, std::abs(value));
  for (size_t i = 0; i < found.size(); ++i)
    ASSERT_NEAR(found[i], expected[i], 1e-5 * scale) << "element " << i;
}

constexpr Policy allPolicies[] = {Policy::Fsm, Policy::Agenda, Policy::Depth,
                                  Policy::Lemma};

class NetworkTest : public testing::Test {
protected:
  std::vector<Instance> instances = randomInstances();
  Model model{network, std::string(testedNetwork.weightsFile)};
};

TEST_F(NetworkTest, AgreesWithTheReference) {
  Oracle oracle;
  std::vector<Outputs> found = runTogether(model, instances);
  for (size_t i = 0; i < instances.size(); ++i) {
    SCOPED_TRACE("instance " + std::to_string(i));
    std::vector<NodeState> nodes = oracle.evaluate(instances[i]);
    size_t next = 0;
    for (size_t node = 0; node < nodes.size(); ++node)
      for (uint32_t output = 0; output < network.num_outputs; ++output) {
        const edbc_output_desc &desc = network.outputs[output];
        const edbc_state_desc &state = network.states[desc.state];
        if (nodes[node].state != state.name)
          continue;
        SCOPED_TRACE("node " + std::to_string(node) + ", output " + desc.name);
        expectClose(found[i].at(next++),
                    nodes[node].fields.at(state.fields[desc.field].name));
      }
    EXPECT_EQ(next, found[i].size());
  }
}

TEST_F(NetworkTest, GivesTheSameBitsUnderEveryPolicy) {
  std::vector<Outputs> first = runTogether(model, instances, Policy::Fsm);
  for (Policy policy : allPolicies) {
    std::vector<Outputs> other = runTogether(model, instances, policy);
    for (size_t i = 0; i < instances.size(); ++i)
      expectSameBits(first[i], other[i]);
  }
}

TEST_F(NetworkTest, GivesTheSameBitsInEveryCompany) {
  std::vector<Outputs> together = runTogether(model, instances);
  for (size_t i = 0; i < instances.size(); ++i)
    expectSameBits(runTogether(model, {instances[i]})[0], together[i]);

  std::vector<Instance> reversed(instances.rbegin(), instances.rend());
  std::vector<Outputs> backwards = runTogether(model, reversed);
  for (size_t i = 0; i < instances.size(); ++i)
    expectSameBits(backwards[instances.size() - 1 - i], together[i]);
}

TEST_F(NetworkTest, GivesTheSameBitsWithEveryInstructionSet) {
  std::vector<Outputs> first = runTogether(model, instances);
  unsigned compared = 0;
  for (const char *isa : {"x86-64-v3", "x86-64-v4"}) {
    setenv("EDBC_ISA", isa, /*overwrite=*/1);
    try {
      Model other(network, std::string(testedNetwork.weightsFile));
      std::vector<Outputs> outputs = runTogether(other, instances);
      for (size_t i = 0; i < instances.size(); ++i)
        expectSameBits(first[i], outputs[i]);
      ++compared;
    } catch (const Error &error) {
      // This machine may not have it.
      EXPECT_EQ(error.status(), EDBC_UNSUPPORTED) << error.what();
    }
    unsetenv("EDBC_ISA");
  }
  EXPECT_GE(compared, 1u);
}

TEST_F(NetworkTest, GivesTheSameBitsWhenTheGraphGrows) {
  for (const Instance &instance : instances) {
    OpenSession session(model);
    std::vector<Value> values;
    for (uint32_t node = 0; node < instance.nodes.size(); node += 4) {
      session.addNodes(instance, node,
                       std::min<uint32_t>(node + 4, instance.nodes.size()),
                       values);
      session.run();
    }
    expectSameBits(readOutputs(session, instance, values),
                   runTogether(model, {instance})[0]);
  }
}

} // namespace
