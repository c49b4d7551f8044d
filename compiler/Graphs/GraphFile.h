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

/// The graph of one instance with its inputs.
struct Instance {
  struct Node {
    uint32_t cell;
    uint32_t firstArgument; ///< position in `arguments`
  };

  std::vector<Node> nodes;
  /// For each node one number per operand of its cell. STATE: an earlier node;
  /// TOKEN: the token; DENSE: the position in `values` of its first float.
  std::vector<uint32_t> arguments;
  std::vector<float> values;
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

/// Merges `batchSize` (at least 1) consecutive instances at a time into one
/// graph, whose types are the positions of the signature's cells; the last one
/// may have fewer. The instances must have been read with `signature`.
std::vector<core::Graph> mergeInstances(const std::vector<Instance> &instances,
                                        const Signature &signature,
                                        uint32_t batchSize);

} // namespace edbc

#endif // EDBC_COMPILER_GRAPHS_GRAPHFILE_H
