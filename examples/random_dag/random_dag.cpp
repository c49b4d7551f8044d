//===- random_dag.cpp - runs random graphs ----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "random_dag.h"
#include "program/Program.h"
#include "program/SplitMix.h"
#include "random_dag/RandomGraph.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace random_dag;

static_assert(Model::sources >= random_graphs::numSources,
              "compile the network with at least -D sources=16");

using InnerCell = Node (Session::*)(Node, Node, Node, Node);

/// By type.
constexpr InnerCell innerCells[random_graphs::numTypes] = {
    &Session::n1,  &Session::n2,  &Session::n3,  &Session::n4,  &Session::n5,
    &Session::n6,  &Session::n7,  &Session::n8,  &Session::n9,  &Session::n10,
    &Session::n11, &Session::n12, &Session::n13, &Session::n14, &Session::n15,
    &Session::n16, &Session::n17, &Session::n18, &Session::n19, &Session::n20};

class RandomGraphs : public program::Program {
public:
  explicit RandomGraphs(const program::Options &options)
      : model(options.weights), session(model, options.session) {
    auto number = [&](const char *option, std::uint64_t least,
                      std::uint64_t most, std::uint64_t fallback) {
      auto given = options.own.find(option);
      return given == options.own.end()
                 ? fallback
                 : program::parseNumber(option, given->second, least, most);
    };
    auto types = static_cast<unsigned>(
        number("--types", 2, random_graphs::numTypes, random_graphs::numTypes));
    std::uint64_t instances = number("--instances", 1, 1000000, 64);
    // A seed for each graph.
    program::SplitMix seeds(number("--seed", 0, UINT64_MAX, 1));
    for (std::uint64_t i = 0; i != instances; ++i)
      graphs.push_back(random_graphs::makeRandomGraph(types, seeds.next()));
  }

  std::size_t size() const override { return graphs.size(); }

  edbc::Session &getSession() override { return session; }

  void add(std::size_t instance) override {
    session.beginInstance();
    std::vector<Node> nodes;
    for (const random_graphs::GraphNode &node : graphs[instance]) {
      if (node.isSource) {
        nodes.push_back(session.source(node.kind));
        continue;
      }
      const auto &operands = node.operands;
      nodes.push_back((session.*innerCells[node.kind])(
          nodes[operands[0]], nodes[operands[1]], nodes[operands[2]],
          nodes[operands[3]]));
    }
    lastNodes.push_back(nodes.back());
  }

  /// The sum of all values of the graphs' last nodes.
  double run(std::size_t begin, std::size_t end) override {
    lastNodes.clear();
    for (std::size_t instance = begin; instance != end; ++instance)
      add(instance);
    session.run();
    double sum = 0;
    for (Node node : lastNodes)
      for (float value : session.h(node))
        sum += static_cast<double>(value);
    return sum;
  }

private:
  Model model;
  Session session;
  std::vector<random_graphs::Graph> graphs;
  std::vector<Node> lastNodes; ///< of the graphs in the session
};

} // namespace

int main(int argc, char **argv) {
  program::About about = {"random_dag",
                          "Runs random graphs of 200 nodes each, and adds up "
                          "what their last nodes hold."};
  about.result = "sum";
  about.options = {{"--instances", "N", "graphs, 1 to 1000000 (64)"},
                   {"--types", "N", "types of nodes, 2 to 20 (20)"},
                   {"--seed", "N", "makes other graphs (1)"}};
  return program::run<RandomGraphs>(about, argc, argv);
}
