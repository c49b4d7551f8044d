//===- Progress.h - what can be watched while a policy is learned -*- C++ -===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_LEARNPOLICY_PROGRESS_H
#define EDBC_PASSES_LEARNPOLICY_PROGRESS_H

#include <cstddef>
#include <cstdint>
#include <functional>

namespace edbc {

struct LearningProgress {
  size_t numMiniBatches; ///< that are being learned from
  uint64_t batches;      ///< that the best machine so far takes for them, or
                         ///< what they cost
  uint64_t lowerBound;   ///< of these batches
  double share;          ///< of the work that may be done, from 0 to 1
};

/// Is called after each schedule that was tried. Where it returns false,
/// learning ends soon, with the best machine so far.
using LearningWatch = std::function<bool(const LearningProgress &)>;

} // namespace edbc

#endif // EDBC_PASSES_LEARNPOLICY_PROGRESS_H
