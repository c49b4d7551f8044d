//===- SyntheticGraphs.h - sample graphs from signatures --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_LEARNPOLICY_SYNTHETICGRAPHS_H
#define EDBC_PASSES_LEARNPOLICY_SYNTHETICGRAPHS_H

#include "passes/LearnPolicy/Signature.h"
#include "runtime/core/Graph.h"

#include <string>
#include <vector>

namespace edbc {

struct SyntheticOptions {
  uint64_t seed = 1;
  uint32_t numMiniBatches = 8;
  uint32_t batchSize = 32; ///< instances of a mini-batch
  /// The size that an instance grows to, heads not counted, is drawn from
  /// [minNodes, maxNodes]; then what is left open is merged. minNodes is at
  /// least 1.
  uint32_t minNodes = 4;
  uint32_t maxNodes = 64;
};

struct SyntheticGraphs {
  /// One graph each; types are the positions of the signature's cells.
  std::vector<core::Graph> miniBatches;
  /// One line on why there can be none; empty where there are.
  std::string error;
};

/// Draws instance graphs such as an application could build, for learning a
/// policy where there are no recorded ones. An instance begins with its sources
/// (cells that need no nodes as operands; those without any operand once each,
/// since another node would be equal) and grows by cells that combine values
/// nobody has consumed yet: sequences, trees, and whatever else the cells fit
/// to. Lists have up to 4 nodes, unless they must have more. In half of the
/// instances values are now and then used again, which makes lattices. Last
/// come the heads, cells from whose results graphs can't grow without end
/// (scores, projections): one for each value of the state that they take first.
///
/// It is an error if some cell can't occur in any graph. A function of its
/// arguments alone.
SyntheticGraphs drawGraphs(const Signature &signature,
                           const SyntheticOptions &options);

} // namespace edbc

#endif // EDBC_PASSES_LEARNPOLICY_SYNTHETICGRAPHS_H
