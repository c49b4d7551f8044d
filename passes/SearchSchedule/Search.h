//===- Search.h - schedules of few batches, by search -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// What a policy is measured against: too slow for the run time, but it sees the
// whole graph and can take back choices.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_SEARCHSCHEDULE_SEARCH_H
#define EDBC_PASSES_SEARCHSCHEDULE_SEARCH_H

#include "runtime/core/Graph.h"

#include <functional>
#include <vector>

namespace edbc {

struct SearchOptions {
  /// States kept after each step; at least 1. Time and memory grow in
  /// proportion.
  uint32_t beamWidth = 64;
  /// Most states that are expanded to prove what the fewest batches are, where
  /// the beam doesn't reach the lower bound. 0: no attempt. Each costs time and
  /// memory in proportion to the graph, so this is for small ones.
  uint32_t maxProofStates = 0;
  /// May be empty. Is asked before each step of the beam and each state of the
  /// proof; where it returns false, the search ends with what it found so far.
  std::function<bool()> goOn = {};
};

struct SearchResult {
  /// The types of the steps of a `core::Frontier`, in order. A step takes all
  /// ready nodes of its type. (Leaving some out never saves a batch.)
  std::vector<uint32_t> steps;
  /// As many as steps, and those of types that no step is taken of.
  size_t numBatches = 0;
  /// No schedule has fewer batches than this: `core::lowerBound`, or what the
  /// proof raised it to.
  uint64_t bound = 0;
  bool wasStopped = false; ///< by `goOn`

  /// Whether this is a shortest schedule for sure.
  bool isProven() const { return numBatches == bound; }
};

/// Finds a schedule of few batches: the best of a beam search and of the two
/// rules that need no learning (`core::LemmaPolicy`, `core::MostDuePolicy`).
///
/// The beam goes step by step. It orders states by the lower bound of what
/// remains (see `core::CriticalTypes`), then by the number of nodes that
/// remain, and keeps one of several equal states. The proof is A* with the same
/// bound. States are compared by 64-bit hashes of their executed nodes.
///
/// A function of its arguments alone, unless `goOn` ends it.
SearchResult searchSchedule(const core::Graph &graph,
                            const SearchOptions &options);

} // namespace edbc

#endif // EDBC_PASSES_SEARCHSCHEDULE_SEARCH_H
