//===- NetworkTest.cpp - generated libraries against others -----*- C++ -*-===//
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
//   policy, in another company, by other kernels, in other runs, compiled with
//   other options.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/Frontend.h"
#include "compiler/Load/InstanceSession.h"
#include "compiler/Reference/Reference.h"
#include "test/e2e/TestedNetwork.h"
#include "test/gpu/driver/FakeDriver.h"

#include "edbc/edbc.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <stdexcept>

namespace {
using namespace edbc;

constexpr uint32_t numInstances = 40;
constexpr uint32_t longestList = 5;

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

/// Draws an instance node by node.
class InstanceBuilder {
public:
  explicit InstanceBuilder(Random &random)
      : random(random), nodesOf(network.num_states) {}

  /// A graph of `size` nodes, each of a random cell whose operands there are.
  /// In half of the instances it grows in several runs.
  Instance build(uint32_t size);

private:
  bool isPossible(const edbc_cell_desc &cell) const;
  uint32_t drawNode(uint32_t state);
  uint32_t drawArgument(const edbc_operand_desc &operand);

  Random &random;
  Instance instance;
  std::vector<std::vector<uint32_t>> nodesOf; ///< by state
};

bool InstanceBuilder::isPossible(const edbc_cell_desc &cell) const {
  for (uint32_t i = 0; i < cell.num_operands; ++i) {
    const edbc_operand_desc &operand = cell.operands[i];
    bool needsNodes = operand.kind == EDBC_OPERAND_STATE ||
                      (operand.kind == EDBC_OPERAND_STATES && operand.bound);
    if (needsNodes && nodesOf[operand.index].empty())
      return false;
  }
  return true;
}

uint32_t InstanceBuilder::drawNode(uint32_t state) {
  return nodesOf[state][random.below(nodesOf[state].size())];
}

uint32_t InstanceBuilder::drawArgument(const edbc_operand_desc &operand) {
  uint32_t position = 0;
  switch (operand.kind) {
  case EDBC_OPERAND_STATE:
    return drawNode(operand.index);
  case EDBC_OPERAND_TOKEN:
    return random.below(operand.bound);
  case EDBC_OPERAND_DENSE:
    position = instance.values.size();
    for (uint32_t k = 0; k < operand.bound; ++k)
      instance.values.push_back(random.unit());
    return position;
  case EDBC_OPERAND_STATES:
    position = instance.elements.size();
    uint32_t length = 0;
    if (!nodesOf[operand.index].empty())
      length = operand.bound + random.below(longestList + 1 - operand.bound);
    instance.elements.push_back(length);
    for (uint32_t k = 0; k < length; ++k)
      instance.elements.push_back(drawNode(operand.index));
    return position;
  }
  return position;
}

Instance InstanceBuilder::build(uint32_t size) {
  bool grows = random.below(2) == 0;
  while (instance.nodes.size() < size) {
    uint32_t number = random.below(network.num_cells);
    const edbc_cell_desc &cell = network.cells[number];
    if (!isPossible(cell))
      continue;
    uint32_t node = instance.nodes.size();
    // Perhaps after others, in which only other instances grow.
    if (grows && random.below(6) == 0)
      instance.runBegins.push_back(
          {instance.lastRun() + 1 + random.below(2), node});
    instance.nodes.push_back(
        {number, static_cast<uint32_t>(instance.arguments.size())});
    for (uint32_t i = 0; i < cell.num_operands; ++i)
      instance.arguments.push_back(drawArgument(cell.operands[i]));
    nodesOf[cell.result].push_back(node);
  }
  return std::move(instance);
}

std::vector<Instance> randomInstances() {
  Random random(20);
  std::vector<Instance> instances;
  for (uint32_t i = 0; i < numInstances; ++i)
    instances.push_back(
        InstanceBuilder(random).build(1 + random.below(i % 8 == 0 ? 60 : 15)));
  return instances;
}

/// What fails fails the test.
void require(bool isDone, const std::string &error) {
  if (!isDone)
    throw std::runtime_error(error);
}

edbc_session_options withPolicy(edbc_policy_kind policy) {
  edbc_session_options options = {};
  options.policy = policy;
  return options;
}

std::unique_ptr<InstanceSession>
openSession(const Model &model, const edbc_session_options &options = {},
            const edbc_library &library = network) {
  std::string error;
  auto session =
      InstanceSession::create(library, *model.handle(), options, error);
  require(session != nullptr, error);
  return session;
}

/// All outputs of all nodes of an instance, node by node, output by output;
/// matrices row-major.
using Outputs = std::vector<std::vector<float>>;

Outputs readOutputs(const InstanceSession &session, size_t number,
                    const Instance &instance) {
  Outputs outputs;
  for (size_t node = 0; node < instance.nodes.size(); ++node)
    for (uint32_t i = 0; i < network.num_outputs; ++i)
      if (network.outputs[i].state ==
          network.cells[instance.nodes[node].cell].result)
        outputs.push_back(session.read(number, node, i));
  return outputs;
}

/// Runs instances together, in one mini-batch.
std::vector<Outputs> runTogether(const Model &model,
                                 const std::vector<Instance> &instances,
                                 const edbc_session_options &options = {},
                                 const edbc_library &library = network) {
  std::unique_ptr<InstanceSession> session =
      openSession(model, options, library);
  std::string error;
  require(session->run(instances, 0, instances.size(), error), error);
  std::vector<Outputs> outputs;
  for (size_t i = 0; i < instances.size(); ++i)
    outputs.push_back(readOutputs(*session, i, instances[i]));
  return outputs;
}

/// Runs instances in one session in which they take turns: in each round one
/// more begins, and each that isn't finished gets a few nodes. Those that are
/// finished may be dropped, and then are read before.
std::vector<Outputs> runInTurns(const Model &model,
                                const std::vector<Instance> &instances,
                                bool drops,
                                const edbc_session_options &options = {}) {
  Random random(7);
  std::unique_ptr<InstanceSession> session = openSession(model, options);
  std::string error;
  std::vector<Outputs> outputs(instances.size());
  std::vector<uint32_t> numNodes(instances.size());
  size_t numFinished = 0;
  for (size_t begun = 1; numFinished < instances.size(); ++begun) {
    std::vector<size_t> finished;
    for (size_t i = 0; i < std::min(begun, instances.size()); ++i) {
      uint32_t size = instances[i].nodes.size();
      if (numNodes[i] == size)
        continue;
      numNodes[i] = std::min(numNodes[i] + 1 + random.below(9), size);
      require(session->add(i, instances[i], numNodes[i], error), error);
      if (numNodes[i] == size)
        finished.push_back(i);
    }
    require(session->execute(error), error);
    for (size_t i : finished)
      if (drops) {
        outputs[i] = readOutputs(*session, i, instances[i]);
        require(session->drop(i, error), error);
      }
    numFinished += finished.size();
  }
  if (!drops)
    for (size_t i = 0; i < instances.size(); ++i)
      outputs[i] = readOutputs(*session, i, instances[i]);
  return outputs;
}

void expectSameBits(const Outputs &left, const Outputs &right) {
  ASSERT_EQ(left.size(), right.size());
  for (size_t i = 0; i < left.size(); ++i) {
    ASSERT_EQ(left[i].size(), right[i].size());
    ASSERT_FALSE(left[i].empty());
    EXPECT_EQ(std::memcmp(left[i].data(), right[i].data(),
                          left[i].size() * sizeof(float)),
              0)
        << "value " << i << " of an instance";
  }
}

void expectSameBits(const std::vector<Outputs> &left,
                    const std::vector<Outputs> &right) {
  ASSERT_EQ(left.size(), right.size());
  for (size_t i = 0; i < left.size(); ++i) {
    SCOPED_TRACE("instance " + std::to_string(i));
    expectSameBits(left[i], right[i]);
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
  static size_t sizeOf(const edbc_param_desc &param) {
    return size_t(param.matrices) * param.rows * param.columns;
  }

  /// `edbc weights` writes parameters one after another at the file's end, in
  /// order of declaration, which is the library's.
  ParameterValues parameters() {
    size_t count = 0;
    for (uint32_t i = 0; i < network.num_params; ++i)
      count += sizeOf(network.params[i]);
    const char *data = weights->getBufferEnd() - count * sizeof(float);
    values.resize(count);
    std::memcpy(values.data(), data, count * sizeof(float));
    ParameterValues byName;
    size_t begin = 0;
    for (uint32_t i = 0; i < network.num_params; ++i) {
      const edbc_param_desc &param = network.params[i];
      size_t size = sizeOf(param);
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

class NetworkTest : public testing::Test {
protected:
  std::vector<Instance> instances = randomInstances();
  Model model{network, std::string(testedNetwork.weightsFile)};
  /// What the others are compared with.
  std::vector<Outputs> together = runTogether(model, instances);
};

/// What the other tests are about.
TEST_F(NetworkTest, InstancesHaveNodesOfAllCells) {
  std::vector<uint32_t> numNodes(network.num_cells);
  for (const Instance &instance : instances)
    for (const Instance::Node &node : instance.nodes)
      ++numNodes[node.cell];
  for (uint32_t cell = 0; cell < network.num_cells; ++cell)
    EXPECT_GT(numNodes[cell], 0u) << network.cells[cell].name;
}

/// Compares what instances gave with the reference interpreter.
void expectAgreement(const std::vector<Instance> &instances,
                     const std::vector<Outputs> &results) {
  Oracle oracle;
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
        const char *field = state.fields[desc.field].name;
        const std::vector<double> &expected = nodes[node].fields.at(field);
        ASSERT_EQ(results[i].at(next).size(), expected.size());
        EXPECT_LE(relativeError(expected, results[i][next],
                                largestMagnitude(nodes, state.name, field)),
                  testedNetwork.tolerance);
        ++next;
      }
    EXPECT_EQ(next, results[i].size());
  }
}

TEST_F(NetworkTest, AgreesWithTheReference) {
  expectAgreement(instances, together);
}

TEST_F(NetworkTest, AgreesWithTheReferenceOnAnyMachine) {
  setenv("EDBC_ISA", "x86-64", /*overwrite=*/1);
  Model baseline(network, std::string(testedNetwork.weightsFile));
  unsetenv("EDBC_ISA");
  std::vector<Outputs> results = runTogether(baseline, instances);
  expectAgreement(instances, results);
  std::vector<Outputs> alone;
  for (const Instance &instance : instances)
    alone.push_back(runTogether(baseline, {instance})[0]);
  expectSameBits(results, alone);
}

TEST_F(NetworkTest, GivesTheSameBitsUnderEveryPolicy) {
  for (edbc_policy_kind policy :
       {EDBC_POLICY_AGENDA, EDBC_POLICY_DEPTH, EDBC_POLICY_LEMMA})
    expectSameBits(together, runTogether(model, instances, withPolicy(policy)));
}

TEST_F(NetworkTest, GivesTheSameBitsInEveryCompany) {
  std::vector<Outputs> alone;
  for (const Instance &instance : instances)
    alone.push_back(runTogether(model, {instance})[0]);
  expectSameBits(together, alone);

  std::vector<Instance> reversed(instances.rbegin(), instances.rend());
  std::vector<Outputs> backwards = runTogether(model, reversed);
  std::reverse(backwards.begin(), backwards.end());
  expectSameBits(together, backwards);
}

TEST_F(NetworkTest, GivesTheSameBitsInAUsedSession) {
  std::unique_ptr<InstanceSession> session = openSession(model);
  std::string error;
  for (size_t end : {instances.size(), size_t(1), instances.size()}) {
    require(session->run(instances, 0, end, error), error);
    for (size_t i = 0; i < end; ++i)
      expectSameBits(readOutputs(*session, i, instances[i]), together[i]);
  }
}

TEST_F(NetworkTest, GivesTheSameBitsWithEveryFusedInstructionSet) {
  // Of those that multiply and add with one rounding.
  unsigned compared = 0;
  for (const char *isa : {"x86-64-v3", "x86-64-v4"}) {
    setenv("EDBC_ISA", isa, /*overwrite=*/1);
    try {
      Model other(network, std::string(testedNetwork.weightsFile));
      expectSameBits(together, runTogether(other, instances));
      ++compared;
    } catch (const Error &error) {
      // This machine may not have it.
      EXPECT_EQ(error.status(), EDBC_UNSUPPORTED) << error.what();
    }
    unsetenv("EDBC_ISA");
  }
  EXPECT_GE(compared, 1u);
}

TEST_F(NetworkTest, GivesTheSameBitsCompiledWithOtherOptions) {
  for (const NetworkVariant &variant :
       llvm::ArrayRef(testedNetwork.variants, testedNetwork.numVariants)) {
    SCOPED_TRACE(variant.options);
    Model other(variant.library, std::string(testedNetwork.weightsFile));
    expectSameBits(together,
                   runTogether(other, instances, {}, variant.library));
  }
}

TEST_F(NetworkTest, GivesTheSameBitsWhenGraphsGrowInTurns) {
  expectSameBits(together, runInTurns(model, instances, /*drops=*/false));
}

TEST_F(NetworkTest, GivesTheSameBitsWhenFinishedInstancesAreDropped) {
  expectSameBits(together, runInTurns(model, instances, /*drops=*/true));
}

TEST_F(NetworkTest, GivesTheSameBitsWithAnyNumberOfThreads) {
  // So many instances that phases take long enough to be divided.
  std::vector<Instance> copies;
  std::vector<Outputs> expected;
  for (unsigned i = 0; i < 8; ++i) {
    copies.insert(copies.end(), instances.begin(), instances.end());
    expected.insert(expected.end(), together.begin(), together.end());
  }
  for (uint32_t threads : {2, 3, 4}) {
    edbc_session_options options = {};
    options.threads = threads;
    std::unique_ptr<InstanceSession> session = openSession(model, options);
    // The first run tells what is worth dividing.
    std::string error;
    for (unsigned run = 0; run < 3; ++run)
      require(session->run(copies, 0, copies.size(), error), error);
    std::vector<Outputs> outputs;
    for (size_t i = 0; i < copies.size(); ++i)
      outputs.push_back(readOutputs(*session, i, copies[i]));
    expectSameBits(expected, outputs);
  }
}

TEST_F(NetworkTest, GivesTheSameBitsWhenEqualNodesShareResults) {
  edbc_session_options options = {};
  options.share = 1;
  expectSameBits(together, runTogether(model, instances, options));
  for (bool drops : {false, true})
    expectSameBits(together, runInTurns(model, instances, drops, options));
}

TEST_F(NetworkTest, GivesTheSameBitsHoweverItIsExecuted) {
  Random random(33);
  for (unsigned trial = 0; trial < 24; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    std::vector<Instance> company;
    std::vector<Outputs> expected;
    for (uint32_t left = 1 + random.below(numInstances); left != 0; --left) {
      uint32_t i = random.below(numInstances);
      company.push_back(instances[i]);
      expected.push_back(together[i]);
    }
    edbc_session_options options = {};
    options.policy = static_cast<edbc_policy_kind>(random.below(4));
    options.threads = 1 + random.below(4);
    options.share = random.below(2);
    uint32_t manner = random.below(3);
    expectSameBits(expected, manner == 0 ? runTogether(model, company, options)
                                         : runInTurns(model, company,
                                                      manner == 1, options));
  }
}

/// With kernels that compute what those of the tested library do: what is
/// tested is what the runtime lays out for them, and which it lets run at the
/// same time.
TEST_F(NetworkTest, GivesTheSameBitsOnAFakeDevice) {
  setenv("EDBC_CUDA_DRIVER", EDBC_FAKE_CUDA, /*overwrite=*/1);
  std::vector<const edbc_library *> libraries = {&network};
  for (const NetworkVariant &variant :
       llvm::ArrayRef(testedNetwork.variants, testedNetwork.numVariants))
    libraries.push_back(&variant.library);
  for (const edbc_library *tested : libraries) {
    fake::begin();
    const edbc_library &library = testedNetwork.addToFakeDriver(*tested);
    {
      Model other(library, std::string(testedNetwork.weightsFile),
                  Device::cuda());
      for (edbc_policy_kind policy :
           {EDBC_POLICY_FSM, EDBC_POLICY_AGENDA, EDBC_POLICY_DEPTH})
        expectSameBits(together,
                       runTogether(other, instances, withPolicy(policy)));
      for (uint32_t share : {0, 1}) {
        edbc_session_options options = {};
        options.share = share;
        expectSameBits(together,
                       runInTurns(other, instances, /*drops=*/true, options));
      }
    }
    EXPECT_EQ(fake::misuse(), "");
    EXPECT_EQ(fake::leaks(), "");
  }
  unsetenv("EDBC_CUDA_DRIVER");
}

} // namespace
