//===- PolicyArguments.h - how a policy is to be learned --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_EDBC_POLICYARGUMENTS_H
#define EDBC_TOOLS_EDBC_POLICYARGUMENTS_H

#include "compiler/Pipelines.h"

#include "llvm/Support/CommandLine.h"

#include <chrono>

namespace edbc {

/// The arguments that say how a policy is learned and from what. To be created
/// before the command line is parsed, in the category of a command's options.
struct PolicyArguments {
  explicit PolicyArguments(llvm::cl::OptionCategory &category);

  /// Passes them on to the pass. Prints and returns false where one is wrong.
  bool apply(llvm::StringRef command, LearnPolicyOptions &options) const;

  llvm::cl::list<std::string> samples;
  llvm::cl::opt<std::string> method;
  llvm::cl::opt<std::string> encoding;
  llvm::cl::opt<unsigned> batch;
  llvm::cl::opt<unsigned> episodes;
  llvm::cl::opt<double> learningRate;
  llvm::cl::opt<double> discount;
  llvm::cl::opt<unsigned> returnSteps;
  llvm::cl::opt<double> alpha;
  llvm::cl::opt<double> exploration;
  llvm::cl::opt<double> explorationDecay;
  llvm::cl::opt<double> minExploration;
  llvm::cl::opt<unsigned> evaluationInterval;
  llvm::cl::opt<bool> beginWithLemma;
  llvm::cl::list<std::string> batchCosts;
  llvm::cl::opt<unsigned> seconds;
  llvm::cl::opt<unsigned> memory;
  llvm::cl::opt<uint64_t> seed;
};

/// Shows on standard error how learning goes, where it takes long, and ends it
/// when its time is over.
class LearningDisplay {
public:
  /// No limit if `seconds` is 0; shows nothing if `quiet`.
  LearningDisplay(unsigned seconds, bool quiet);

  /// A `LearningWatch`. Time counts from the first call.
  bool update(const LearningProgress &progress);
  /// Removes what is shown.
  void finish();

private:
  using Clock = std::chrono::steady_clock;

  const std::chrono::seconds limit;
  const bool quiet;
  const bool isTerminal;
  std::optional<Clock::time_point> begin;
  Clock::time_point nextLine;
  bool isShown = false;
};

/// Prints a warning if learning was ended before it was done, and a note if
/// only some of the samples were learned from.
void warnIfStopped(llvm::StringRef command, const LearnedPolicy &learned,
                   const PolicyArguments &arguments);

} // namespace edbc

#endif // EDBC_TOOLS_EDBC_POLICYARGUMENTS_H
