//===- SyntheticGraphsTest.cpp - tests of drawn sample graphs ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LearnPolicy/SyntheticGraphs.h"

#include "compiler/Graphs/GraphFile.h"
#include "passes/LearnPolicy/Learning.h"

#include <gtest/gtest.h>

using namespace edbc;
using core::Graph;

namespace {

OperandSignature stateOperand(const char *name, uint32_t state) {
  return {name, EDBC_OPERAND_STATE, state, 0};
}
OperandSignature listOperand(const char *name, uint32_t state, uint32_t least) {
  return {name, EDBC_OPERAND_STATES, state, least};
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
          {"Node", "Score"},
          {{"start", 0, {}},
           {"charArc", 0, {stateOperand("source", 0), tokenOperand("id")}},
           {"wordArc", 0, {stateOperand("source", 0), tokenOperand("id")}},
           {"join", 0, {listOperand("arcs", 0, 1)}},
           {"score", 1, {stateOperand("node", 0)}}}};
}

/// Leaves and inner nodes are of one cell.
Signature childSum() {
  return {"child_sum",
          {"Node", "Score"},
          {{"node", 0, {tokenOperand("word"), listOperand("children", 0, 0)}},
           {"score", 1, {stateOperand("node", 0)}}}};
}

/// Lists beside each other and beside nodes, of states that may have no values
/// yet, and in a head.
Signature listsEverywhere() {
  return {
      "lists",
      {"Word", "Node", "Out"},
      {{"word", 0, {tokenOperand("id")}},
       {"phrase", 1, {listOperand("words", 0, 2), listOperand("nodes", 1, 0)}},
       {"extend",
        1,
        {stateOperand("node", 1), listOperand("nodes", 1, 0),
         listOperand("words", 0, 0)}},
       {"pool", 2, {listOperand("nodes", 1, 1), listOperand("words", 0, 3)}}}};
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
  return {treeLstm(),    lstm(),           biLstmTagger(), treeOfTwoTypes(),
          latticeLstm(), planCost(),       translator(),   perceptron(),
          childSum(),    listsEverywhere()};
}

SyntheticGraphs draw(const Signature &signature, uint64_t seed = 1) {
  SyntheticOptions options;
  options.seed = seed;
  return drawGraphs(signature, options);
}

/// One instance in the format of graph files. The graph doesn't say where a
/// list ends, but no two that stand beside each other are of one state.
std::string writeInstance(const Graph &graph, const Signature &signature) {
  auto yields = [&](uint32_t node, uint32_t state) {
    return signature.cells[graph.type(node)].result == state;
  };
  std::string text = "instance\n";
  for (uint32_t node = 0; node < graph.numNodes(); ++node) {
    const CellSignature &cell = signature.cells[graph.type(node)];
    text += cell.name;
    const uint32_t *operand = graph.operands(node).begin();
    const uint32_t *end = graph.operands(node).end();
    for (const OperandSignature &each : cell.operands)
      if (each.kind == EDBC_OPERAND_STATE) {
        text += " " + std::to_string(*operand++);
      } else if (each.kind == EDBC_OPERAND_STATES) {
        text += " [";
        while (operand != end && yields(*operand, each.state))
          text += " " + std::to_string(*operand++);
        text += "]";
      } else {
        text += each.kind == EDBC_OPERAND_TOKEN ? " 9" : " [0 1 2]";
      }
    EXPECT_EQ(operand, end);
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

/// In instances that use no value twice a list takes open values only.
TEST(SyntheticGraphsTest, ListsMakeTrees) {
  SyntheticOptions options;
  options.numMiniBatches = 200;
  options.batchSize = 1;
  uint32_t numTrees = 0;
  std::vector<uint32_t> numLists(6); // by length
  for (const Graph &graph : drawGraphs(childSum(), options).miniBatches) {
    std::vector<uint32_t> uses(graph.numNodes());
    for (uint32_t node = 0; node < graph.numNodes(); ++node)
      if (graph.type(node) == 0) {
        ASSERT_LE(graph.operands(node).size(), 4u);
        ++numLists[graph.operands(node).size()];
        for (uint32_t operand : graph.operands(node))
          ++uses[operand];
      }
    numTrees += *std::max_element(uses.begin(), uses.end()) <= 1;
  }
  EXPECT_GT(numTrees, 80u);
  EXPECT_LT(numTrees, 180u);
  for (uint32_t length = 0; length <= 4; ++length)
    EXPECT_GT(numLists[length], 200u) << length;
}

TEST(SyntheticGraphsTest, ListsThatNeedNodesAreAsLongAsTheyMustBe) {
  Signature signature = listsEverywhere();
  signature.cells[1].operands[0].bound = 6; // more than usual
  for (const Graph &graph : draw(signature).miniBatches)
    for (uint32_t node = 0; node < graph.numNodes(); ++node) {
      uint32_t numWords = 0;
      for (uint32_t operand : graph.operands(node))
        numWords += graph.type(operand) == 0;
      if (graph.type(node) == 1) {
        EXPECT_EQ(numWords, 6u);
      }
      if (graph.type(node) == 3) {
        EXPECT_GE(numWords, 3u);
      }
    }
}

/// What they are for: the machine serves trees of another making as well.
TEST(SyntheticGraphsTest, MachineLearnedOnThemReachesTheBound) {
  for (const Signature &signature : {treeLstm(), lstm(), biLstmTagger()}) {
    LearnedPolicy learned =
        learnPolicy(draw(signature).miniBatches, LearningOptions());
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

TEST(SyntheticGraphsTest, ListsThatMayBeEmptyNeedNoSource) {
  Signature signature = latticeLstm();
  signature.cells.erase(signature.cells.begin());
  EXPECT_NE(draw(signature).error, "");
  signature.cells[2].operands[0].bound = 0;
  EXPECT_EQ(draw(signature).error, "");
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
