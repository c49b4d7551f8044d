//===- PolicyArguments.cpp - how a policy is to be learned ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/edbc/PolicyArguments.h"

#include "tools/edbc/CommandLine.h"

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
      learningRate("policy-learning-rate", cl::init(0.4), cl::cat(category),
                   cl::desc("Q-learning: share of a new return in the value of "
                            "an action tried before (default: 0.4)")),
      discount("policy-discount", cl::init(1), cl::cat(category),
               cl::desc("Q-learning: weight of a reward relative to that of "
                        "the step before (default: 1)")),
      returnSteps("policy-return-steps", cl::init(10), cl::cat(category),
                  cl::desc("Q-learning: steps of a return before it is "
                           "bootstrapped (default: 10)")),
      alpha("policy-alpha", cl::init(1), cl::cat(category),
            cl::desc("Q-learning: weight of ready / sources in the reward "
                     "(default: 1)")),
      exploration("policy-exploration", cl::init(0.5), cl::cat(category),
                  cl::desc("Q-learning: probability of a random action in the "
                           "first episode (default: 0.5)")),
      explorationDecay(
          "policy-exploration-decay", cl::init(0.9), cl::cat(category),
          cl::desc("Q-learning: what that is multiplied with after "
                   "each episode (default: 0.9)")),
      minExploration("policy-min-exploration", cl::init(0.05),
                     cl::cat(category),
                     cl::desc("Q-learning: where that stops to fall (default: "
                              "0.05)")),
      evaluationInterval(
          "policy-evaluation-interval", cl::init(10), cl::cat(category),
          cl::desc("Q-learning: episodes between two evaluations "
                   "of the greedy policy (default: 10)")),
      beginWithLemma(
          "policy-begin-with-lemma", cl::init(true), cl::cat(category),
          cl::desc("Q-learning: choose as the lemma does where "
                   "nothing was tried yet (default), or with =false, "
                   "as in the paper, any type")),
      batchCosts(
          "policy-batch-cost", cl::CommaSeparated,
          cl::value_desc("cell=number"), cl::cat(category),
          cl::desc("What a batch of each cell costs, in nanoseconds say: "
                   "the policy makes this low, not the number of batches. "
                   "Whole numbers, one for every cell that has a kernel "
                   "(edbc-policies --time measures them)")),
      seconds("policy-seconds", cl::init(60), cl::cat(category),
              cl::desc("End learning after this time, 0 for never (default: "
                       "60)")),
      memory("policy-memory", cl::init(1024), cl::cat(category),
             cl::desc("Learn with about this much memory at most, in MiB "
                      "(default: 1024)")),
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
  if (returnSteps == 0 || evaluationInterval == 0 || memory == 0)
    return error("--policy-return-steps, --policy-evaluation-interval and "
                 "--policy-memory must not be 0");
  for (const cl::opt<double> *share : {&learningRate, &discount, &exploration,
                                       &explorationDecay, &minExploration})
    if (!(*share >= 0 && *share <= 1))
      return error("--" + share->ArgStr + " must be between 0 and 1");
  if (!(alpha >= 0 && alpha <= 1e6))
    return error("--policy-alpha must be between 0 and 1000000");
  if (method != "q-learning")
    for (const cl::Option *option : std::initializer_list<const cl::Option *>{
             &episodes, &learningRate, &discount, &returnSteps, &alpha,
             &exploration, &explorationDecay, &minExploration,
             &evaluationInterval, &beginWithLemma})
      if (option->getNumOccurrences() != 0)
        return error("--" + option->ArgStr +
                     " goes only with --policy-method=q-learning");
  options.encoding = encoding;
  options.method = method;
  options.batchSize = batch;
  options.episodes = episodes;
  options.learningRate = learningRate;
  options.discount = discount;
  options.returnSteps = returnSteps;
  options.alpha = alpha;
  options.exploration = exploration;
  options.explorationDecay = explorationDecay;
  options.minExploration = minExploration;
  options.evaluationInterval = evaluationInterval;
  options.beginWithLemma = beginWithLemma;
  options.memory = memory;
  options.batchCosts.assign(batchCosts.begin(), batchCosts.end());
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
  if (learned.numUsed < learned.miniBatches.size())
    llvm::errs() << command << ": note: the policy was learned from the first "
                 << learned.numUsed << " of " << learned.miniBatches.size()
                 << " mini-batches, as many as there is room for; it was "
                    "judged by all\n";
}
