//===- GraphFileTest.cpp - tests of the reader of graph files ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Graphs/GraphFile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace edbc;

namespace {

OperandSignature stateOperand(const char *name, uint32_t state) {
  return {name, EDBC_OPERAND_STATE, state, 0};
}
OperandSignature tokenOperand(const char *name, uint32_t bound) {
  return {name, EDBC_OPERAND_TOKEN, 0, bound};
}
OperandSignature denseOperand(const char *name, uint32_t width) {
  return {name, EDBC_OPERAND_DENSE, 0, width};
}
OperandSignature listOperand(const char *name, uint32_t state, uint32_t least) {
  return {name, EDBC_OPERAND_STATES, state, least};
}

/// Cells of all kinds of operands.
const Signature &treeSignature() {
  static const Signature signature = {
      "tree",
      {"Node", "Score"},
      {{"leaf", 0, {tokenOperand("word", 256)}},
       {"inner", 0, {stateOperand("left", 0), stateOperand("right", 0)}},
       {"score", 1, {stateOperand("node", 0)}},
       {"scan", 0, {denseOperand("features", 3)}},
       {"filter", 0, {denseOperand("features", 2), stateOperand("child", 0)}},
       {"start", 0, {}},
       {"join", 0, {listOperand("arcs", 0, 1)}},
       {"pool",
        0,
        {listOperand("nodes", 0, 0), tokenOperand("kind", 4),
         listOperand("scores", 1, 0)}}}};
  return signature;
}

GraphFile read(const std::string &text) {
  return readGraphs(text, treeSignature());
}

/// The errors of a file that begins with a right first line.
std::vector<std::string> errorsOf(const std::string &body) {
  GraphFile file = read("edbc-graphs 1 tree\n" + body);
  EXPECT_TRUE(file.instances.empty());
  std::vector<std::string> errors;
  for (const GraphFileError &error : file.errors)
    errors.push_back(error.format("F"));
  return errors;
}

/// The only error of such a file.
std::string errorOf(const std::string &body) {
  std::vector<std::string> errors = errorsOf(body);
  EXPECT_EQ(errors.size(), 1u);
  return errors.empty() ? "" : errors.front();
}

/// The only error of a file with this first line.
std::string headerErrorOf(const std::string &line) {
  GraphFile file = read(line + "\ninstance\nleaf 1\n");
  EXPECT_TRUE(file.instances.empty());
  EXPECT_EQ(file.errors.size(), 1u);
  return file.errors.empty() ? "" : file.errors.front().format("F");
}

} // namespace

//===----------------------------------------------------------------------===//
// What can be read
//===----------------------------------------------------------------------===//

TEST(GraphFileTest, ReadsInstancesWithAllKindsOfOperands) {
  GraphFile file = read("edbc-graphs 1 tree\n"
                        "instance\n"
                        "leaf 17\n"
                        "leaf 4\n"
                        "inner 0 1\n"
                        "score 2\n"
                        "instance\n"
                        "start\n"
                        "scan [1 -2.5 3e2]\n"
                        "filter [0.5 4] 1\n");
  ASSERT_TRUE(file.errors.empty()) << file.errors.front().format("F");
  ASSERT_EQ(file.instances.size(), 2u);

  const Instance &tree = file.instances[0];
  ASSERT_EQ(tree.nodes.size(), 4u);
  EXPECT_EQ(tree.nodes[2].cell, 1u);
  EXPECT_EQ(tree.nodes[2].firstArgument, 2u);
  EXPECT_EQ(tree.arguments, (std::vector<uint32_t>{17, 4, 0, 1, 2}));
  EXPECT_TRUE(tree.values.empty());

  const Instance &plan = file.instances[1];
  ASSERT_EQ(plan.nodes.size(), 3u);
  EXPECT_EQ(plan.nodes[0].cell, 5u);
  EXPECT_EQ(plan.arguments, (std::vector<uint32_t>{0, 3, 1}));
  EXPECT_EQ(plan.values, (std::vector<float>{1, -2.5f, 300, 0.5f, 4}));
}

TEST(GraphFileTest, IgnoresCommentsBlankLinesAndSpacing) {
  GraphFile file = read("edbc-graphs\t1  tree # the first line\r\n"
                        "  # a comment\n"
                        "\n"
                        "   instance#one\n"
                        "\tleaf   255 \t# the last word\r\n"
                        "scan[ 1 2\t3 ]# touching\n"
                        "filter [1 2]0"); // no newline at the end
  ASSERT_TRUE(file.errors.empty()) << file.errors.front().format("F");
  ASSERT_EQ(file.instances.size(), 1u);
  EXPECT_EQ(file.instances[0].nodes.size(), 3u);
}

TEST(GraphFileTest, ReadsFloatsExactly) {
  constexpr float denormal = std::numeric_limits<float>::denorm_min();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  GraphFile file = read("edbc-graphs 1 tree\ninstance\n"
                        "scan [0.1 1e-45 3.4028235e+38]\n"
                        "scan [inf -inf nan]\n"
                        "scan [1e-60 -0 +7]\n"
                        "scan [1e-400 -1e-400 0]\n");
  ASSERT_TRUE(file.errors.empty()) << file.errors.front().format("F");
  const std::vector<float> &values = file.instances[0].values;
  EXPECT_EQ(values[0], 0.1f);
  EXPECT_EQ(values[1], denormal);
  EXPECT_EQ(values[2], std::numeric_limits<float>::max());
  EXPECT_EQ(values[3], infinity);
  EXPECT_EQ(values[4], -infinity);
  EXPECT_TRUE(std::isnan(values[5]));
  EXPECT_EQ(values[6], 0);
  EXPECT_TRUE(std::signbit(values[7]));
  EXPECT_EQ(values[8], 7);
  EXPECT_EQ(values[9], 0);
  EXPECT_TRUE(std::signbit(values[10]));
}

TEST(GraphFileTest, ReadsLists) {
  GraphFile file = read("edbc-graphs 1 tree\n"
                        "instance\n"
                        "leaf 17\n"
                        "score 0\n"
                        "join [0]\n"
                        "join[ 2 0\t2 ]\n"
                        "pool [] 3 []\n"
                        "pool[3 0]1[1 1 1] # touching\n");
  ASSERT_TRUE(file.errors.empty()) << file.errors.front().format("F");
  const Instance &instance = file.instances[0];
  auto list = [&](uint32_t node, uint32_t operand) {
    uint32_t first = instance.nodes[node].firstArgument;
    core::NodeSpan span =
        instance.elementsAt(instance.arguments[first + operand]);
    return std::vector<uint32_t>(span.begin(), span.end());
  };
  using List = std::vector<uint32_t>;
  EXPECT_EQ(list(2, 0), List({0}));
  EXPECT_EQ(list(3, 0), List({2, 0, 2}));
  EXPECT_EQ(list(4, 0), List());
  EXPECT_EQ(list(4, 2), List());
  EXPECT_EQ(list(5, 0), List({3, 0}));
  EXPECT_EQ(list(5, 2), List({1, 1, 1}));
  EXPECT_EQ(instance.arguments[instance.nodes[5].firstArgument + 1], 1u);
}

TEST(GraphFileTest, ReadsRuns) {
  GraphFile file = read("edbc-graphs 1 tree\n"
                        "instance\nleaf 1\nleaf 2\nrun # read values\n"
                        "inner 0 1\n\n run\nscore 2\nscore 0\n"
                        "instance\nleaf 3\n");
  ASSERT_TRUE(file.errors.empty()) << file.errors.front().format("F");
  const Instance &grown = file.instances[0];
  EXPECT_EQ(grown.nodes.size(), 5u);
  EXPECT_EQ(grown.lastRun(), 2u);
  EXPECT_EQ(grown.endOfRun(0), 2u);
  EXPECT_EQ(grown.endOfRun(1), 3u);
  EXPECT_EQ(grown.endOfRun(2), 5u);
  EXPECT_EQ(grown.endOfRun(9), 5u);
  EXPECT_EQ(file.instances[1].lastRun(), 0u);
  EXPECT_EQ(file.instances[1].endOfRun(0), 1u);
}

/// Instances that begin late, or do nothing for a while.
TEST(GraphFileTest, ReadsNumbersOfRuns) {
  GraphFile file = read("edbc-graphs 1 tree\n"
                        "instance\nrun 2\nleaf 1\nrun\nleaf 2\n"
                        "run 4294967294 # the last one\nscore 0\n");
  ASSERT_TRUE(file.errors.empty()) << file.errors.front().format("F");
  const Instance &instance = file.instances[0];
  EXPECT_EQ(instance.lastRun(), 4294967294u);
  EXPECT_EQ(instance.endOfRun(0), 0u);
  EXPECT_EQ(instance.endOfRun(1), 0u);
  EXPECT_EQ(instance.endOfRun(2), 1u);
  EXPECT_EQ(instance.endOfRun(3), 2u);
  EXPECT_EQ(instance.endOfRun(4294967293), 2u);
  EXPECT_EQ(instance.endOfRun(4294967294), 3u);
  EXPECT_EQ(runsOf(&instance, &instance + 1),
            (std::vector<uint32_t>{2, 3, 4294967294}));
}

TEST(GraphFileTest, MergesConsecutiveInstances) {
  GraphFile file = read("edbc-graphs 1 tree\n"
                        "instance\nleaf 1\nleaf 2\ninner 1 0\n"
                        "instance\nscan [1 2 3]\nfilter [1 2] 0\nscore 1\n"
                        "instance\nleaf 3\n");
  ASSERT_TRUE(file.errors.empty()) << file.errors.front().format("F");
  std::vector<core::Graph> graphs =
      mergeInstances(file.instances, treeSignature(), 2);
  ASSERT_EQ(graphs.size(), 2u);
  EXPECT_EQ(graphs[0].numTypes(), treeSignature().cells.size());
  ASSERT_EQ(graphs[0].numNodes(), 6u);
  EXPECT_EQ(graphs[0].type(2), 1u);
  EXPECT_EQ(graphs[0].operands(2)[0], 1u);
  EXPECT_EQ(graphs[0].operands(2)[1], 0u);
  EXPECT_EQ(graphs[0].type(4), 4u);
  ASSERT_EQ(graphs[0].operands(4).size(), 1u); // The dense one isn't a node.
  EXPECT_EQ(graphs[0].operands(4)[0], 3u);
  EXPECT_EQ(graphs[0].operands(5)[0], 4u);
  EXPECT_EQ(graphs[1].numNodes(), 1u);
}

TEST(GraphFileTest, MergesElementsOfLists) {
  GraphFile file = read("edbc-graphs 1 tree\n"
                        "instance\nleaf 1\n"
                        "instance\nleaf 1\nleaf 2\nscore 1\n"
                        "pool [1 0 1] 2 [2]\npool [] 0 []\n");
  ASSERT_TRUE(file.errors.empty()) << file.errors.front().format("F");
  std::vector<core::Graph> graphs =
      mergeInstances(file.instances, treeSignature(), 2);
  ASSERT_EQ(graphs.size(), 1u);
  core::NodeSpan operands = graphs[0].operands(4);
  EXPECT_EQ(std::vector<uint32_t>(operands.begin(), operands.end()),
            (std::vector<uint32_t>{2, 1, 2, 3}));
  EXPECT_EQ(graphs[0].operands(5).size(), 0u);
}

/// One graph a run; what earlier runs executed is no operand any more.
TEST(GraphFileTest, MergesRunByRun) {
  GraphFile file = read("edbc-graphs 1 tree\n"
                        "instance\nleaf 1\nleaf 2\nrun\n"
                        "inner 0 1\ninner 2 0\npool [0 3] 0 []\nrun\n"
                        "score 4\n"
                        "instance\nleaf 3\n"
                        "instance\nstart\nrun\ninner 0 0\nscore 1\n");
  ASSERT_TRUE(file.errors.empty()) << file.errors.front().format("F");
  std::vector<core::Graph> graphs =
      mergeInstances(file.instances, treeSignature(), 2);
  ASSERT_EQ(graphs.size(), 5u);
  auto types = [&](size_t graph) {
    std::vector<uint32_t> result;
    for (uint32_t node = 0; node < graphs[graph].numNodes(); ++node)
      result.push_back(graphs[graph].type(node));
    return result;
  };
  auto operands = [&](size_t graph, uint32_t node) {
    core::NodeSpan span = graphs[graph].operands(node);
    return std::vector<uint32_t>(span.begin(), span.end());
  };
  using List = std::vector<uint32_t>;
  EXPECT_EQ(types(0), List({0, 0, 0}));
  EXPECT_EQ(types(1), List({1, 1, 7}));
  EXPECT_EQ(operands(1, 0), List());
  EXPECT_EQ(operands(1, 1), List({0}));
  EXPECT_EQ(operands(1, 2), List({1}));
  EXPECT_EQ(types(2), List({2}));
  EXPECT_EQ(operands(2, 0), List());
  EXPECT_EQ(types(3), List({5}));
  EXPECT_EQ(types(4), List({1, 2}));
  EXPECT_EQ(operands(4, 1), List({0}));

  // Merged with longer ones, an instance has nothing in the later runs.
  graphs = mergeInstances(file.instances, treeSignature(), 3);
  ASSERT_EQ(graphs.size(), 3u);
  EXPECT_EQ(types(0), List({0, 0, 0, 5}));
  EXPECT_EQ(types(1), List({1, 1, 7, 1, 2}));
  EXPECT_EQ(operands(1, 4), List({3}));
  EXPECT_EQ(types(2), List({2}));
}

/// What was executed together is merged, and no more; a run in which none of
/// the mini-batch's instances grows has no graph.
TEST(GraphFileTest, MergesRunsByTheirNumbers) {
  GraphFile file = read("edbc-graphs 1 tree\n"
                        "instance\nrun 1\nleaf 1\nrun 4\nscore 0\n"
                        "instance\nrun 2\nleaf 2\nleaf 3\nrun 4\nstart\n"
                        "instance\nleaf 4\nrun 2\ninner 0 0\n");
  ASSERT_TRUE(file.errors.empty()) << file.errors.front().format("F");
  auto typesOf = [&](uint32_t batchSize) {
    std::vector<std::vector<uint32_t>> types;
    for (const core::Graph &graph :
         mergeInstances(file.instances, treeSignature(), batchSize)) {
      types.emplace_back();
      for (uint32_t node = 0; node < graph.numNodes(); ++node)
        types.back().push_back(graph.type(node));
    }
    return types;
  };
  using Types = std::vector<std::vector<uint32_t>>;
  EXPECT_EQ(typesOf(2), Types({{0}, {0, 0}, {2, 5}, {0}, {1}}));
  EXPECT_EQ(typesOf(3), Types({{0}, {0}, {0, 0, 1}, {2, 5}}));
}

//===----------------------------------------------------------------------===//
// The first line
//===----------------------------------------------------------------------===//

TEST(GraphFileTest, RejectsEmptyFile) {
  GraphFile file = read("");
  ASSERT_EQ(file.errors.size(), 1u);
  EXPECT_EQ(file.errors[0].format("F"),
            "F:1:1: error: expected 'edbc-graphs 1 tree', with which a graph "
            "file begins, found an empty file");
}

TEST(GraphFileTest, RejectsCommentBeforeFirstLine) {
  EXPECT_EQ(headerErrorOf("# edbc-graphs 1 tree"),
            "F:1:1: error: expected 'edbc-graphs 1 tree', with which a graph "
            "file begins, found a line without words");
}

TEST(GraphFileTest, RejectsOtherFormat) {
  EXPECT_EQ(headerErrorOf("\x7f-ELF\x02-\x01"),
            "F:1:1: error: expected 'edbc-graphs 1 tree', with which a graph "
            "file begins, found '?-ELF?-?'");
}

TEST(GraphFileTest, RejectsMissingVersion) {
  EXPECT_EQ(headerErrorOf("edbc-graphs"),
            "F:1:12: error: expected 'edbc-graphs 1 tree', with which a graph "
            "file begins, found only 'edbc-graphs'");
}

TEST(GraphFileTest, RejectsUnsupportedVersion) {
  EXPECT_EQ(headerErrorOf("edbc-graphs 2 tree"),
            "F:1:13: error: expected version 1 of the format, found '2'");
}

TEST(GraphFileTest, RejectsMissingNetwork) {
  EXPECT_EQ(headerErrorOf("edbc-graphs 1"),
            "F:1:14: error: expected the name of the network, 'tree', found "
            "the end of the line");
}

TEST(GraphFileTest, RejectsGraphsOfAnotherNetwork) {
  EXPECT_EQ(headerErrorOf("edbc-graphs 1 lattice"),
            "F:1:15: error: expected graphs of network 'tree', found graphs of "
            "'lattice'");
}

TEST(GraphFileTest, RejectsSurplusInFirstLine) {
  EXPECT_EQ(headerErrorOf("edbc-graphs 1 tree 7"),
            "F:1:20: error: expected the end of the line after the name of the "
            "network, found '7'");
}

//===----------------------------------------------------------------------===//
// Instances
//===----------------------------------------------------------------------===//

TEST(GraphFileTest, RejectsFileWithoutInstances) {
  EXPECT_EQ(errorOf("# nothing\n"),
            "F:3:1: error: expected 'instance', found the end of the file");
}

TEST(GraphFileTest, RejectsEmptyInstance) {
  EXPECT_EQ(errorOf("instance\nleaf 1\n  instance\n# none\ninstance\nleaf 2\n"),
            "F:4:3: error: expected nodes in this instance, found another "
            "'instance'");
}

TEST(GraphFileTest, RejectsEmptyLastInstance) {
  EXPECT_EQ(errorOf("instance\nleaf 1\ninstance\n"),
            "F:4:1: error: expected nodes in this instance, found the end of "
            "the file");
}

TEST(GraphFileTest, RejectsSurplusAfterInstance) {
  EXPECT_EQ(errorOf("instance 1\nleaf 1\n"),
            "F:2:10: error: expected the end of the line after 'instance', "
            "found '1'");
}

TEST(GraphFileTest, RejectsNodeBeforeFirstInstance) {
  EXPECT_EQ(errorOf("leaf 1\nleaf 2\ninner 0 1\n"),
            "F:2:1: error: expected 'instance' before the first node, found "
            "'leaf'");
}

TEST(GraphFileTest, RejectsMistypedInstanceOnce) {
  EXPECT_EQ(errorOf("intance\nleaf 1\n"),
            "F:2:1: error: expected 'instance' before the first node, found "
            "'intance'");
}

TEST(GraphFileTest, RejectsRunsWithoutNodes) {
  EXPECT_EQ(errorOf("run\ninstance\nleaf 1\n"),
            "F:2:1: error: expected 'instance' before the first node, found "
            "'run'");
  EXPECT_EQ(errorOf("instance\n run\nleaf 1\n"),
            "F:3:2: error: expected nodes or the number of a run after "
            "'instance', found 'run'");
  EXPECT_EQ(errorOf("instance\nleaf 1\nrun\nrun\nleaf 1\n"),
            "F:5:1: error: expected nodes after 'run', found another 'run'");
  EXPECT_EQ(errorOf("instance\nleaf 1\nrun\ninstance\nleaf 1\n"),
            "F:4:1: error: expected nodes after 'run', found another "
            "'instance'");
  EXPECT_EQ(errorOf("instance\nleaf 1\n  run\n"),
            "F:4:3: error: expected nodes after 'run', found the end of the "
            "file");
}

TEST(GraphFileTest, RejectsNumbersOfRuns) {
  for (const char *wrong : {"0", "2", "-1", "x", "3.5", "4294967295", "1e3"})
    EXPECT_EQ(errorOf("instance\nleaf 1\nrun 2\nleaf 1\nrun " +
                      std::string(wrong) + "\nleaf 1\n"),
              "F:6:5: error: expected the number of a run from 3 to "
              "4294967294, found '" +
                  std::string(wrong) + "'");
  EXPECT_EQ(errorOf("instance\nrun 0\nleaf 1\n"),
            "F:3:5: error: expected the number of a run from 1 to 4294967294, "
            "found '0'");
  EXPECT_EQ(errorOf("instance\nrun 4294967294\nleaf 1\nrun\nleaf 1\n"),
            "F:5:1: error: expected nodes or 'instance' after the last run, "
            "4294967294, found 'run'");
}

TEST(GraphFileTest, RejectsSurplusAfterRun) {
  EXPECT_EQ(errorOf("instance\nleaf 1\nrun 2 3\nleaf 1\n"),
            "F:4:7: error: expected the end of the line after the number of "
            "the run, found '3'");
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

TEST(GraphFileTest, SuggestsNameOfUnknownCell) {
  EXPECT_EQ(errorOf("instance\nlaef 1\n"),
            "F:3:1: error: expected 'instance', 'run' or a cell of network "
            "'tree', "
            "found 'laef'; did you mean 'leaf'?");
  EXPECT_EQ(errorOf("instance\nattention 1\n"),
            "F:3:1: error: expected 'instance', 'run' or a cell of network "
            "'tree', "
            "found 'attention'");
  EXPECT_EQ(errorOf("instance\n" + std::string(100, 'x') + "\n"),
            "F:3:1: error: expected 'instance', 'run' or a cell of network "
            "'tree', "
            "found '" +
                std::string(40, 'x') + "...'");
}

TEST(GraphFileTest, RejectsWrongNumberOfOperands) {
  EXPECT_EQ(errorOf("instance\nleaf 1\ninner 0\n"),
            "F:4:8: error: expected 2 operands for cell 'inner' (left, right), "
            "found 1");
  EXPECT_EQ(errorOf("instance\nleaf 1 2 3\n"),
            "F:3:8: error: expected 1 operand for cell 'leaf' (word), found 3");
  EXPECT_EQ(errorOf("instance\nstart [1]\n"),
            "F:3:7: error: expected 0 operands for cell 'start', found 1");
}

TEST(GraphFileTest, RejectsReferenceToLaterOrUnknownNode) {
  EXPECT_EQ(errorOf("instance\nleaf 1\nscore 1\n"),
            "F:4:7: error: operand 'node' of cell 'score': expected the number "
            "of an earlier node of the instance, which has 1 node so far, "
            "found '1'");
  EXPECT_EQ(
      errorOf("instance\nleaf 1\nleaf 1\ninner 0 99999999999999999999999\n"),
      "F:5:9: error: operand 'right' of cell 'inner': expected the "
      "number of an earlier node of the instance, which has 2 nodes so "
      "far, found '99999999999999999999999'");
  EXPECT_EQ(errorOf("instance\nleaf 1\nscore -1\n"),
            "F:4:7: error: operand 'node' of cell 'score': expected the number "
            "of an earlier node of the instance, which has 1 node so far, "
            "found '-1'");
  // Numbers start again in every instance.
  EXPECT_EQ(errorOf("instance\nleaf 1\ninstance\nscore 0\n"),
            "F:5:7: error: operand 'node' of cell 'score': expected the number "
            "of an earlier node of the instance, which has 0 nodes so far, "
            "found '0'");
}

TEST(GraphFileTest, RejectsNodeOfAnotherState) {
  EXPECT_EQ(errorOf("instance\nleaf 1\nscore 0\ninner 0 1\n"),
            "F:5:9: error: operand 'right' of cell 'inner': expected a node "
            "that yields state 'Node', found node 1 of cell 'score', which "
            "yields 'Score'");
}

TEST(GraphFileTest, RejectsTokenOutOfRange) {
  std::string expected = "F:3:6: error: operand 'word' of cell 'leaf': "
                         "expected an integer in [0, 256), found ";
  for (const char *token :
       {"256", "-1", "+1", "1.5", "x", "0x10", "[", "18446744073709551616"})
    EXPECT_EQ(errorOf("instance\nleaf " + std::string(token) +
                      (*token == '[' ? "1]" : "") + "\n"),
              expected + "'" + token + "'");
}

TEST(GraphFileTest, RejectsBadDenseOperands) {
  std::string scan = "error: operand 'features' of cell 'scan': expected ";
  EXPECT_EQ(errorOf("instance\nscan 7\n"),
            "F:3:6: " + scan + "'[' before 3 numbers, found '7'");
  EXPECT_EQ(errorOf("instance\nscan [1 2]\n"),
            "F:3:10: " + scan + "3 numbers, found 2");
  EXPECT_EQ(errorOf("instance\nscan [1 2 3 4 5]\n"),
            "F:3:13: " + scan + "3 numbers, found 5");
  for (const char *number : {"x", "1,", "--1", "+-1", "1e99", "0x1p3", "."})
    EXPECT_EQ(errorOf("instance\nscan [1 " + std::string(number) + " 2]\n"),
              "F:3:9: " + scan + "a number that fits a float, found '" +
                  number + "'");
}

TEST(GraphFileTest, RejectsBadLists) {
  std::string join = "error: operand 'arcs' of cell 'join': expected ";
  EXPECT_EQ(errorOf("instance\nleaf 1\njoin 0\n"),
            "F:4:6: " + join + "'[' before numbers of nodes, found '0'");
  EXPECT_EQ(errorOf("instance\nleaf 1\njoin [ ]\n"),
            "F:4:8: " + join + "at least 1 node, found 0");
  EXPECT_EQ(errorOf("instance\nleaf 1\njoin [0 1]\n"),
            "F:4:9: " + join +
                "the number of an earlier node of the instance, which has 1 "
                "node so far, found '1'");
  EXPECT_EQ(errorOf("instance\nleaf 1\njoin [0 x]\n"),
            "F:4:9: " + join +
                "the number of an earlier node of the instance, which has 1 "
                "node so far, found 'x'");
  EXPECT_EQ(errorOf("instance\nleaf 1\nscore 0\njoin [1]\n"),
            "F:5:7: " + join +
                "a node that yields state 'Node', found node 1 of cell "
                "'score', which yields 'Score'");
  EXPECT_EQ(errorOf("instance\nleaf 1\nscore [0]\n"),
            "F:4:7: error: operand 'node' of cell 'score': expected the number "
            "of an earlier node of the instance, which has 1 node so far, "
            "found '['");
}

TEST(GraphFileTest, RejectsUnbalancedBrackets) {
  EXPECT_EQ(errorOf("instance\nscan [1 2 3\n"),
            "F:3:12: error: expected ']', found the end of the line");
  EXPECT_EQ(errorOf("instance\nscan [1 [2 3]\n"),
            "F:3:9: error: expected ']', found '['");
  EXPECT_EQ(errorOf("instance\nleaf ]\n"),
            "F:3:6: error: operand 'word' of cell 'leaf': expected an integer "
            "in [0, 256), found ']'");
}

//===----------------------------------------------------------------------===//
// Errors in general
//===----------------------------------------------------------------------===//

TEST(GraphFileTest, CountsColumnsInCharacters) {
  EXPECT_EQ(errorOf("instance\nleaf \u00e4\u20ac 1\n"),
            "F:3:9: error: expected 1 operand for cell 'leaf' (word), found 2");
}

TEST(GraphFileTest, AnErrorDoesNotCauseOthers) {
  // Node 0 is of an unknown cell and node 1 has a bad operand; both count.
  EXPECT_EQ(errorsOf("instance\nlaef 1\nleaf 1000\ninner 0 1\nscore 2\n"),
            (std::vector<std::string>{
                "F:3:1: error: expected 'instance', 'run' or a cell of network "
                "'tree', found 'laef'; did you mean 'leaf'?",
                "F:4:6: error: operand 'word' of cell 'leaf': expected an "
                "integer in [0, 256), found '1000'"}));
}

TEST(GraphFileTest, StopsAfterMaxErrors) {
  std::string body = "instance\n";
  for (size_t i = 0; i < 2 * GraphFile::maxErrors; ++i)
    body += "leaf x\n";
  EXPECT_EQ(errorsOf(body).size(), GraphFile::maxErrors);
}

/// Files broken at random: no crash, and errors or instances, not both.
TEST(GraphFileTest, SurvivesBrokenFiles) {
  const std::string whole = "edbc-graphs 1 tree\n"
                            "instance\nleaf 17\nleaf 4\ninner 0 1\nscore 2\n"
                            "instance\nstart\nscan [1 -2.5 3e2]\n"
                            "filter [0.5 4] 1\nrun\njoin [1 2]\n"
                            "pool [] 3 []\n";
  uint64_t state = 1;
  auto below = [&](size_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return size_t(state >> 33) % bound;
  };
  const std::string pieces = "[]#\n \t019-xe.\r\xff";
  size_t numBroken = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string text = whole;
    for (size_t j = 1 + below(3); j > 0; --j) {
      size_t at = below(text.size());
      if (below(2) == 0)
        text.erase(at, 1 + below(8));
      else
        text.insert(at, 1, pieces[below(pieces.size())]);
    }
    GraphFile file = read(text);
    EXPECT_NE(file.errors.empty(), file.instances.empty()) << text;
    EXPECT_LE(file.errors.size(), GraphFile::maxErrors);
    numBroken += !file.errors.empty();
    for (const GraphFileError &error : file.errors)
      EXPECT_EQ(error.format("F").find('\n'), std::string::npos);
    mergeInstances(file.instances, treeSignature(), 32);
  }
  EXPECT_GT(numBroken, 1000u);
}
