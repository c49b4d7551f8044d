//===- PolicyArguments.cpp - how a policy is to be learned ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/edbc/PolicyArguments.h"

#include "tools/edbc/ModelFile.h"

#include "llvm/Support/raw_ostream.h"

using namespace edbc;
namespace cl = llvm::cl;

PolicyArguments::PolicyArguments(cl::OptionCategory &category)
    : samples("samples", cl::value_desc("file"), cl::cat(category),
              cl::desc("Recorded instance graphs to learn the policy from (may "
                       "be given several times)")),
      method("policy-method", cl::init("refinement"), cl::cat(category),
             cl::desc("How the policy is learned: refinement (default), "
                      "q-learning")),
      encoding("policy-encoding", cl::init("auto"), cl::cat(category),
               cl::desc("How the policy sees the frontier: auto (default), "
                        "base, max, sort, critical")),
      batch("policy-batch", cl::init(32), cl::cat(category),
            cl::desc("Instances of a mini-batch to learn from (default: 32)")),
      episodes("policy-episodes", cl::init(1000), cl::cat(category),
               cl::desc("Most episodes of Q-learning (default: 1000)")),
      seconds("policy-seconds", cl::init(60), cl::cat(category),
              cl::desc("End learning after this time, 0 for never (default: "
                       "60)")),
      seed("seed", cl::init(1), cl::cat(category),
           cl::desc("Seed of the learner's random choices (default: 1)")) {}

bool PolicyArguments::apply(llvm::StringRef command,
                            LearnPolicyOptions &options) const {
  auto error = [&](const llvm::Twine &message) {
    fail(command, message);
    return false;
  };
  if (!llvm::is_contained({"auto", "base", "max", "sort", "critical"},
                          llvm::StringRef(encoding)))
    return error("unknown encoding '" + encoding +
                 "'; the encodings are auto, base, max, sort and critical");
  if (!llvm::is_contained({"refinement", "q-learning"},
                          llvm::StringRef(method)))
    return error("unknown method '" + method +
                 "'; the methods are refinement and q-learning");
  if (batch == 0 || batch > 65536)
    return error("--policy-batch must be between 1 and 65536");
  options.encoding = encoding;
  options.method = method;
  options.batchSize = batch;
  options.episodes = episodes;
  options.seed = seed;
  return true;
}

LearningDisplay::LearningDisplay(unsigned seconds, bool quiet)
    : limit(seconds), quiet(quiet), isTerminal(llvm::errs().is_displayed()) {}

bool LearningDisplay::update(const LearningProgress &progress) {
  using namespace std::chrono_literals;
  Clock::time_point now = Clock::now();
  Clock::duration interval = isTerminal ? Clock::duration(200ms) : 5s;
  if (!begin) {
    begin = now;
    nextLine = now + interval;
  }
  if (!quiet && now >= nextLine) {
    nextLine = now + interval;
    isShown = true;
    // The line is overwritten by the next one.
    llvm::errs() << (isTerminal ? "\r\x1b[K" : "") << "learning the policy: "
                 << static_cast<int>(100 * std::min(progress.share, 1.0))
                 << " %, " << progress.batches << " batches for "
                 << progress.numMiniBatches << " mini-batches (lower bound "
                 << progress.lowerBound << ")" << (isTerminal ? "" : "\n");
  }
  return limit == 0s || now - *begin < limit;
}

void LearningDisplay::finish() {
  if (isShown && isTerminal)
    llvm::errs() << "\r\x1b[K";
  isShown = false;
}

void edbc::warnIfStopped(llvm::StringRef command, const LearnedPolicy &learned,
                         const PolicyArguments &arguments) {
  if (learned.wasStopped)
    llvm::errs() << command << ": warning: learning was ended after "
                 << arguments.seconds
                 << " s (--policy-seconds), so the policy may be another one "
                    "next time\n";
}
