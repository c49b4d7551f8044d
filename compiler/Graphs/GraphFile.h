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

/// The graph of one instance with its inputs. It may have grown in several
/// runs, each of which executed the nodes added since the one before.
struct Instance {
  struct Node {
    uint32_t cell;
    uint32_t firstArgument; ///< position in `arguments`
  };

  std::vector<Node> nodes;
  /// For each node one number per operand of its cell. STATE: an earlier node;
  /// TOKEN: the token; DENSE: the position in `values` of its first float;
  /// STATES: the position in `elements` of its list.
  std::vector<uint32_t> arguments;
  std::vector<float> values;
  /// Lists: how many nodes, and then these.
  std::vector<uint32_t> elements;
  /// Where runs end: for each but the last, the number of nodes up to there.
  std::vector<uint32_t> runEnds;

  /// The list that the argument of a STATES operand stands for.
  core::NodeSpan elementsAt(uint32_t argument) const {
    return {elements.data() + argument + 1, elements[argument]};
  }
  size_t numRuns() const { return runEnds.size() + 1; }
  /// The number of nodes that are there after run number `run`; after the last
  /// run all.
  uint32_t endOfRun(size_t run) const {
    return run < runEnds.size() ? runEnds[run] : uint32_t(nodes.size());
  }
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

/// What is to be scheduled when `batchSize` (at least 1) consecutive instances
/// at a time are executed together: for each such mini-batch, of which the last
/// may have fewer instances, one graph for each run, in order. A graph has the
/// nodes that the run adds to any of the instances; operands that earlier runs
/// executed are left out. Its types are the positions of the signature's cells.
/// The instances must have been read with `signature`.
std::vector<core::Graph> mergeInstances(const std::vector<Instance> &instances,
                                        const Signature &signature,
                                        uint32_t batchSize);

} // namespace edbc

#endif // EDBC_COMPILER_GRAPHS_GRAPHFILE_H
