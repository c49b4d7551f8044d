//===- SyntheticData.h - data where there is none ---------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Seeded random data, of the size and shape that the real data have on average,
// in the form that the examples' readers give. The same on every machine.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_BENCH_SYNTHETICDATA_H
#define EDBC_TOOLS_BENCH_SYNTHETICDATA_H

#include "examples/lattices/LatticeReader.h"
#include "examples/plans/PlanReader.h"
#include "examples/taggers/SentenceReader.h"
#include "examples/translation/PairReader.h"
#include "examples/trees/TreeReader.h"

namespace edbc::bench {

/// How many instances each function makes.
inline constexpr size_t numSynthetic = 512;

/// Parse trees of 19 words on average.
std::vector<trees::Tree> makeTrees();
/// Sentences of 24 words on average, from a vocabulary in which the n-th word
/// is about as frequent as 1/n.
taggers::Corpus makeSentences();
/// Sentences of 20 words with translations of 24, on average, the marks among
/// them.
std::vector<translation::Pair> makePairs();
/// Lattices of 44 nodes on average, of which every other one has an arc over a
/// word of two or three characters.
std::vector<lattices::Lattice> makeLattices();
/// Plans of 20 operators on average: a chain of joins with scans.
std::vector<plans::Plan> makePlans();

} // namespace edbc::bench

#endif // EDBC_TOOLS_BENCH_SYNTHETICDATA_H
