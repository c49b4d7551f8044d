//===- SyntheticGraphsTest.cpp - tests of drawn sample graphs ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/SyntheticGraphs.h"

#include "compiler/Graphs/GraphFile.h"
#include "passes/LearnPolicy/QLearning.h"

#include <gtest/gtest.h>

using namespace edbc;
using core::Graph;

namespace {

OperandSignature stateOperand(const char *name, uint32_t state) {
  return {name, EDBC_OPERAND_STATE, state, 0};
}
OperandSignature tokenOperand(const char *name) {
  return {name, EDBC_OPERAND_TOKEN, 0, 10};
}
OperandSignature denseOperand(const char *name) {
  return {name, EDBC_OPERAND_DENSE, 0, 3};
}

Signature treeLstm() {
  return {"tree_lstm",
          {"Node", "Score"},
          {{"leaf", 0, {tokenOperand("word")}},
           {"inner", 0, {stateOperand("left", 0), stateOperand("right", 0)}},
           {"score", 1, {stateOperand("node", 0)}}}};
}

Signature lstm() {
  return {"lstm",
          {"Node"},
          {{"start", 0, {}},
           {"step", 0, {stateOperand("before", 0), tokenOperand("word")}}}};
}

Signature biLstmTagger() {
  return {"tagger",
          {"Forward", "Backward", "Tag"},
          {{"startForward", 0, {}},
           {"startBackward", 1, {}},
           {"forward", 0, {tokenOperand("word"), stateOperand("before", 0)}},
           {"backward", 1, {tokenOperand("word"), stateOperand("after", 1)}},
           {"tag", 2, {stateOperand("left", 0), stateOperand("right", 1)}}}};
}

Signature treeOfTwoTypes() {
  Signature signature = treeLstm();
  signature.cells.push_back(signature.cells[1]);
  signature.cells.back().name = "otherInner";
  return signature;
}

Signature latticeLstm() {
  return {"lattice",
          {"Node", "Arc", "Score"},
          {{"start", 0, {}},
           {"charArc", 1, {stateOperand("source", 0), tokenOperand("id")}},
           {"wordArc", 1, {stateOperand("source", 0), tokenOperand("id")}},
           {"node1", 0, {stateOperand("a", 1)}},
           {"node2", 0, {stateOperand("a", 1), stateOperand("b", 1)}},
           {"score", 2, {stateOperand("node", 0)}}}};
}

Signature planCost() {
  Signature signature = {"plan_cost", {"Out", "Hidden", "Time"}, {}};
  for (const char *name : {"seqScan", "indexScan"})
    signature.cells.push_back({name, 0, {denseOperand("features")}});
  for (const char *name : {"sort", "hash", "aggregate"})
    signature.cells.push_back(
        {name, 0, {denseOperand("features"), stateOperand("child", 0)}});
  for (const char *name : {"hashJoin", "nestedLoop"})
    signature.cells.push_back(
        {name,
         0,
         {denseOperand("features"), stateOperand("left", 0),
          stateOperand("right", 0)}});
  // Heads on heads, the later one first.
  signature.cells.push_back({"time", 2, {stateOperand("hidden", 1)}});
  signature.cells.push_back({"project", 1, {stateOperand("out", 0)}});
  return signature;
}

Signature translator() {
  return {"nmt",
          {"Encoder", "Decoder", "Context", "Word"},
          {{"start", 0, {}},
           {"encode", 0, {stateOperand("before", 0), tokenOperand("word")}},
           {"turn", 1, {stateOperand("last", 0)}},
           {"attend", 2, {stateOperand("state", 1), stateOperand("read", 0)}},
           {"decode",
            1,
            {stateOperand("before", 1), stateOperand("context", 2),
             tokenOperand("word")}},
           {"choose", 3, {stateOperand("state", 1)}}}};
}

Signature perceptron() {
  return {"perceptron",
          {"Hidden", "Out"},
          {{"layer", 0, {denseOperand("x")}},
           {"out", 1, {stateOperand("hidden", 0)}}}};
}

std::vector<Signature> allSignatures() {
  return {treeLstm(),    lstm(),     biLstmTagger(), treeOfTwoTypes(),
          latticeLstm(), planCost(), translator(),   perceptron()};
}

SyntheticGraphs draw(const Signature &signature, uint64_t seed = 1) {
  SyntheticOptions options;
  options.seed = seed;
  return drawGraphs(signature, options);
}

/// One instance in the format of graph files.
std::string writeInstance(const Graph &graph, const Signature &signature) {
  std::string text = "instance\n";
  for (uint32_t node = 0; node < graph.numNodes(); ++node) {
    const CellSignature &cell = signature.cells[graph.type(node)];
    text += cell.name;
    const uint32_t *operand = graph.operands(node).begin();
    for (const OperandSignature &each : cell.operands)
      if (each.kind == EDBC_OPERAND_STATE)
        text += " " + std::to_string(*operand++);
      else
        text += each.kind == EDBC_OPERAND_TOKEN ? " 9" : " [0 1 2]";
    EXPECT_EQ(operand, graph.operands(node).end());
    text += "\n";
  }
  return text;
}

} // namespace

TEST(SyntheticGraphsTest, GraphsAreValid) {
  for (const Signature &signature : allSignatures()) {
    SyntheticOptions options;
    options.numMiniBatches = 100;
    options.batchSize = 1;
    SyntheticGraphs drawn = drawGraphs(signature, options);
    ASSERT_EQ(drawn.error, "");
    ASSERT_EQ(drawn.miniBatches.size(), 100u);
    std::string text = "edbc-graphs 1 " + signature.network + "\n";
    for (const Graph &graph : drawn.miniBatches)
      text += writeInstance(graph, signature);

    GraphFile file = readGraphs(text, signature);
    ASSERT_TRUE(file.errors.empty()) << file.errors.front().format("drawn");
    std::vector<Graph> read = mergeInstances(file.instances, signature, 1);
    ASSERT_EQ(read.size(), 100u);
    for (size_t i = 0; i < read.size(); ++i)
      EXPECT_EQ(writeInstance(read[i], signature),
                writeInstance(drawn.miniBatches[i], signature));
  }
}

TEST(SyntheticGraphsTest, EveryCellOccurs) {
  for (const Signature &signature : allSignatures()) {
    SyntheticGraphs drawn = draw(signature);
    ASSERT_EQ(drawn.error, "");
    ASSERT_EQ(drawn.miniBatches.size(), SyntheticOptions().numMiniBatches);
    for (const Graph &graph : drawn.miniBatches) {
      std::vector<uint32_t> counts(signature.cells.size());
      for (uint32_t node = 0; node < graph.numNodes(); ++node)
        ++counts[graph.type(node)];
      for (size_t cell = 0; cell < counts.size(); ++cell)
        EXPECT_GT(counts[cell], 0u)
            << signature.network << ": " << signature.cells[cell].name;
    }
  }
}

TEST(SyntheticGraphsTest, KeepsTheSize) {
  for (const Signature &signature : allSignatures()) {
    SyntheticOptions options;
    options.numMiniBatches = 200;
    options.batchSize = 1;
    options.minNodes = 20;
    options.maxNodes = 40;
    for (const Graph &graph : drawGraphs(signature, options).miniBatches) {
      EXPECT_GE(graph.numNodes(), 20u);
      // Merged to the end, with two heads on each node.
      EXPECT_LE(graph.numNodes(), 3 * 2 * 40u);
    }
  }
}

TEST(SyntheticGraphsTest, TreesHaveOneRootAndAreScored) {
  Signature signature = treeLstm();
  SyntheticOptions options;
  options.numMiniBatches = 200;
  options.batchSize = 1;
  uint32_t numTrees = 0;
  for (const Graph &graph : drawGraphs(signature, options).miniBatches) {
    std::vector<uint32_t> uses(graph.numNodes()), scores(graph.numNodes());
    for (uint32_t node = 0; node < graph.numNodes(); ++node)
      for (uint32_t operand : graph.operands(node))
        ++(graph.type(node) == 2 ? scores : uses)[operand];
    uint32_t numRoots = 0, mostUses = 0;
    for (uint32_t node = 0; node < graph.numNodes(); ++node) {
      if (graph.type(node) == 2)
        continue;
      EXPECT_EQ(scores[node], 1u);
      numRoots += uses[node] == 0;
      mostUses = std::max(mostUses, uses[node]);
    }
    EXPECT_EQ(numRoots, 1u);
    numTrees += mostUses <= 1;
  }
  // The others use values again.
  EXPECT_GT(numTrees, 80u);
  EXPECT_LT(numTrees, 180u);
}

TEST(SyntheticGraphsTest, DependsOnItsArgumentsOnly) {
  Signature signature = planCost();
  auto write = [&](uint64_t seed) {
    std::string text;
    for (const Graph &graph : draw(signature, seed).miniBatches)
      text += writeInstance(graph, signature);
    return text;
  };
  EXPECT_EQ(write(5), write(5));
  EXPECT_NE(write(5), write(6));
}

/// What they are for: the machine serves trees of another making as well.
TEST(SyntheticGraphsTest, MachineLearnedOnThemReachesTheBound) {
  for (const Signature &signature : {treeLstm(), lstm(), biLstmTagger()}) {
    LearnedPolicy learned =
        learnPolicy(draw(signature).miniBatches, QLearningOptions());
    EXPECT_TRUE(learned.reachedBound()) << signature.network;
  }
}

TEST(SyntheticGraphsTest, RejectsCellWithoutSource) {
  Signature signature = treeLstm();
  signature.states.push_back("Memory");
  signature.cells.push_back({"recall", 0, {stateOperand("memory", 2)}});
  EXPECT_EQ(draw(signature).error,
            "no instance graph can contain cell 'recall', because nothing "
            "yields state 'Memory' to begin with");
}

TEST(SyntheticGraphsTest, RejectsCycleWithoutBeginning) {
  Signature signature = lstm();
  signature.cells.erase(signature.cells.begin());
  SyntheticGraphs drawn = draw(signature);
  EXPECT_EQ(drawn.error, "no instance graph can contain cell 'step', because "
                         "nothing yields state 'Node' to begin with");
  EXPECT_TRUE(drawn.miniBatches.empty());
}

TEST(SyntheticGraphsTest, RejectsNetworkWithoutCells) {
  EXPECT_EQ(draw({"empty", {}, {}}).error, "network 'empty' has no cells");
}
