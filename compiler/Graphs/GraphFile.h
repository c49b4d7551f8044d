//===- GraphFile.h - reads instance graphs ----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The format of graph files is described in runtime/GRAPHS.md.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_GRAPHS_GRAPHFILE_H
#define EDBC_COMPILER_GRAPHS_GRAPHFILE_H

#include "passes/LearnPolicy/Signature.h"
#include "runtime/core/Graph.h"

#include <string>
#include <string_view>
#include <vector>

namespace edbc {

/// The graph of one instance with its inputs. It may have grown in several of
/// its mini-batch's runs, each of which executed the nodes added since the one
/// before.
struct Instance {
  struct Node {
    uint32_t cell;
    uint32_t firstArgument; ///< position in `arguments`
  };
  /// The first node that a run executes.
  struct RunBegin {
    uint32_t run;
    uint32_t node;
  };

  std::vector<Node> nodes;
  /// For each node one number per operand of its cell. STATE: an earlier node;
  /// TOKEN: the token; DENSE: the position in `values` of its first float;
  /// STATES: the position in `elements` of its list.
  std::vector<uint32_t> arguments;
  std::vector<float> values;
  /// Lists: how many nodes, and then these.
  std::vector<uint32_t> elements;
  /// Of the runs that execute any of the nodes, in order; run 0, which executes
  /// the first ones unless another one does, is left out.
  std::vector<RunBegin> runBegins;

  /// The list that the argument of a STATES operand stands for.
  core::NodeSpan elementsAt(uint32_t argument) const {
    return {elements.data() + argument + 1, elements[argument]};
  }
  /// Number of the last run that executes any of the nodes.
  uint32_t lastRun() const {
    return runBegins.empty() ? 0 : runBegins.back().run;
  }
  /// The number of nodes that are there after run number `run`: none before the
  /// instance begins, after its last run all.
  uint32_t endOfRun(uint32_t run) const;
};

/// One thing that is wrong with a graph file.
struct GraphFileError {
  /// Both count from 1; a column is a Unicode code point.
  size_t line;
  size_t column;
  /// What was expected and what was found; one line.
  std::string message;

  /// `FILE:LINE:COLUMN: error: MESSAGE`, without a newline.
  std::string format(std::string_view fileName) const;
};

struct GraphFile {
  static constexpr size_t maxErrors = 10;

  /// All of the file's, in order, each with at least one node. Empty if there
  /// are errors.
  std::vector<Instance> instances;
  /// In order of place; reading ends with the `maxErrors`th, and with any in
  /// the first line. A file without instances is an error: nothing can be done
  /// with it.
  std::vector<GraphFileError> errors;
};

/// Reads the text of a graph file of the network that `signature` describes.
GraphFile readGraphs(std::string_view text, const Signature &signature);

/// The numbers of the runs that execute nodes of any of the instances, in
/// order.
std::vector<uint32_t> runsOf(const Instance *begin, const Instance *end);

/// What is to be scheduled when `batchSize` (at least 1) consecutive instances
/// at a time are executed together: for each such mini-batch, of which the last
/// may have fewer instances, one graph for each of its runs. A graph has the
/// nodes that the run adds to any of the instances; operands that earlier runs
/// executed are left out. Its types are the positions of the signature's cells.
/// The instances must have been read with `signature`.
std::vector<core::Graph> mergeInstances(const std::vector<Instance> &instances,
                                        const Signature &signature,
                                        uint32_t batchSize);

} // namespace edbc

#endif // EDBC_COMPILER_GRAPHS_GRAPHFILE_H
