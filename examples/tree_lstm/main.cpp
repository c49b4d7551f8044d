//===- main.cpp - scores the nodes of sentiment trees -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// An application of a network that edbc compiled: it reads trees, applies the
// network's cells to their nodes, runs one mini-batch after the other and adds
// up the loss. Needs the runtime's public headers and the generated one only.
//
//===----------------------------------------------------------------------===//

#include "TreeReader.h"
#include "edbc/edbc.h"
#include "tree_lstm.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <unistd.h>

// A library that was compiled with other dimensions doesn't fit the trees.
static_assert(tree_lstm::Model::classes == trees::numLabels,
              "compile tree_lstm.edb with -D classes=5, its default");
static_assert(tree_lstm::Model::vocabulary >= trees::numWordIds,
              "compile tree_lstm.edb with at least -D vocabulary=256");

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

//===----------------------------------------------------------------------===//
// Command line
//===----------------------------------------------------------------------===//

constexpr const char *usage =
    R"(usage: tree_lstm --weights FILE [OPTION]... TREES

Scores every node of the bracketed sentiment trees in the file TREES.

  --weights FILE    a .safetensors file with the network's weights
  --batch N         instances in a mini-batch, 1 to 1000000 (32)
  --policy NAME     what chooses the batches: fsm (learned), agenda, depth or
                    lemma (fsm)
  --record FILE     save the trees' graphs, for edbc compile --samples FILE
  --help            show this text
)";

struct Options {
  std::string trees;
  std::string weights;
  std::string record; ///< empty: don't
  std::size_t batch = 32;
  edbc::Policy policy = edbc::Policy::Fsm;
  bool help = false;
};

class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::size_t parseBatch(const std::string &text) {
  constexpr std::size_t largest = 1000000;
  std::size_t batch = 0;
  const char *end = text.data() + text.size();
  auto [rest, status] = std::from_chars(text.data(), end, batch);
  if (status != std::errc() || rest != end || batch == 0 || batch > largest)
    throw UsageError("--batch takes a number from 1 to 1000000, not '" + text +
                     "'");
  return batch;
}

edbc::Policy parsePolicy(const std::string &text) {
  if (text == "fsm")
    return edbc::Policy::Fsm;
  if (text == "agenda")
    return edbc::Policy::Agenda;
  if (text == "depth")
    return edbc::Policy::Depth;
  if (text == "lemma")
    return edbc::Policy::Lemma;
  throw UsageError("--policy takes fsm, agenda, depth or lemma, not '" + text +
                   "'");
}

Options parseOptions(const std::vector<std::string> &arguments) {
  Options options;
  for (auto it = arguments.begin(); it != arguments.end(); ++it) {
    const std::string &option = *it;
    auto value = [&]() -> const std::string & {
      if (++it == arguments.end() || it->empty())
        throw UsageError(option + " needs a value");
      return *it;
    };
    if (option == "--help")
      options.help = true;
    else if (option == "--batch")
      options.batch = parseBatch(value());
    else if (option == "--weights")
      options.weights = value();
    else if (option == "--policy")
      options.policy = parsePolicy(value());
    else if (option == "--record")
      options.record = value();
    else if (option.size() > 1 && option[0] == '-')
      throw UsageError("unknown option '" + option + "'");
    else if (!options.trees.empty())
      throw UsageError("more than one file of trees: '" + options.trees +
                       "' and '" + option + "'");
    else
      options.trees = option;
  }
  if (!options.help && options.trees.empty())
    throw UsageError("no file of trees given");
  if (!options.help && options.weights.empty())
    throw UsageError("no --weights given");
  return options;
}

//===----------------------------------------------------------------------===//
// The work
//===----------------------------------------------------------------------===//

/// Tells on the standard error how far a long run is: on a terminal in one line
/// that is drawn again and again, elsewhere in a line every few seconds.
class Progress {
public:
  explicit Progress(std::size_t total)
      : total(total), isTerminal(isatty(STDERR_FILENO) != 0),
        interval(isTerminal ? 0.2 : 5.0) {}

  void update(std::size_t done) {
    if (secondsSince(last) < interval)
      return;
    last = Clock::now();
    isShown = true;
    std::fprintf(stderr, "%s%zu of %zu instances (%zu %%)%s",
                 isTerminal ? "\r" : "", done, total, 100 * done / total,
                 isTerminal ? "" : "\n");
  }

  /// Leaves a clean line for what follows.
  ~Progress() {
    if (isShown && isTerminal)
      std::fputs("\r\033[K", stderr);
  }

private:
  std::size_t total;
  bool isTerminal;
  double interval; ///< seconds
  Clock::time_point last = Clock::now();
  bool isShown = false;
};

/// What a run comes to.
struct Totals {
  edbc::Statistics statistics = {}; ///< summed over the mini-batches
  double loss = 0;                  ///< summed over all nodes
  double seconds = 0;               ///< from the first node to the last result
};

/// A score together with what it should have been.
struct LabelledScore {
  tree_lstm::Score score;
  std::uint32_t label;
};

std::vector<trees::Tree> readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw std::system_error(errno, std::generic_category(),
                            path + ": can't be opened");
  return trees::readTrees(file, path);
}

/// Adds one instance: every node of the tree, and a score for each.
void addTree(tree_lstm::Session &session, const trees::Tree &tree,
             std::vector<LabelledScore> &scores) {
  session.beginInstance();
  std::vector<tree_lstm::Node> nodes;
  nodes.reserve(tree.size());
  for (const trees::TreeNode &node : tree) {
    nodes.push_back(node.isLeaf()
                        ? session.leaf(node.word)
                        : session.inner(nodes[node.left], nodes[node.right]));
    scores.push_back({session.score(nodes.back()), node.label});
  }
}

/// -log softmax(logits)[label]
double lossOf(edbc::Span<const float> logits, std::uint32_t label) {
  double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (float logit : logits)
    sum += std::exp(logit - largest);
  return std::log(sum) + largest - logits[label];
}

void accumulate(edbc::Statistics &sum, const edbc::Statistics &part) {
  sum.instances += part.instances;
  sum.nodes += part.nodes;
  sum.batches += part.batches;
  sum.lower_bound += part.lower_bound;
  sum.fallbacks += part.fallbacks;
  sum.build_ns += part.build_ns;
  sum.schedule_ns += part.schedule_ns;
  sum.execute_ns += part.execute_ns;
}

/// Scores all trees, `options.batch` consecutive ones at a time.
Totals scoreTrees(const tree_lstm::Model &model, const Options &options,
                  const std::vector<trees::Tree> &instances) {
  Totals totals;
  tree_lstm::Session session(model, {options.policy});
  std::vector<LabelledScore> scores;
  Progress progress(instances.size());
  for (std::size_t begin = 0; begin < instances.size();) {
    std::size_t end = std::min(begin + options.batch, instances.size());
    Clock::time_point start = Clock::now();
    session.reset();
    scores.clear();
    for (std::size_t i = begin; i < end; ++i)
      addTree(session, instances[i], scores);
    session.run();
    for (const LabelledScore &node : scores)
      totals.loss += lossOf(session.logits(node.score), node.label);
    totals.seconds += secondsSince(start);

    accumulate(totals.statistics, session.statistics(/*lowerBound=*/true));
    begin = end;
    progress.update(end);
  }
  return totals;
}

/// Saves the graphs of all trees as samples to learn a policy from.
void recordGraphs(const tree_lstm::Model &model, const Options &options,
                  const std::vector<trees::Tree> &instances) {
  tree_lstm::Session session(model);
  std::vector<LabelledScore> scores;
  for (const trees::Tree &tree : instances)
    addTree(session, tree, scores);
  session.saveGraphs(options.record);
}

void printTime(const char *name, double seconds, double total) {
  std::printf("  %-13s %10.2f ms %5.1f %%\n", name, seconds * 1e3,
              100 * seconds / total);
}

void report(const Totals &totals) {
  const edbc::Statistics &statistics = totals.statistics;
  double build = 1e-9 * static_cast<double>(statistics.build_ns);
  double schedule = 1e-9 * static_cast<double>(statistics.schedule_ns);
  double execute = 1e-9 * static_cast<double>(statistics.execute_ns);
  std::printf("instances       %10llu\n",
              static_cast<unsigned long long>(statistics.instances));
  std::printf("nodes           %10llu\n",
              static_cast<unsigned long long>(statistics.nodes));
  std::printf("batches         %10llu (lower bound %llu)\n",
              static_cast<unsigned long long>(statistics.batches),
              static_cast<unsigned long long>(statistics.lower_bound));
  std::printf("loss            %14.3f\n", totals.loss);
  std::printf("instances/s     %10.0f\n",
              static_cast<double>(statistics.instances) / totals.seconds);
  std::printf("time            %10.2f ms\n", totals.seconds * 1e3);
  printTime("build graph", build, totals.seconds);
  printTime("schedule", schedule, totals.seconds);
  printTime("execute", execute, totals.seconds);
  printTime("read results", totals.seconds - build - schedule - execute,
            totals.seconds);
}

} // namespace

int main(int argc, char **argv) {
  try {
    Options options = parseOptions({argv + 1, argv + argc});
    if (options.help) {
      std::fputs(usage, stdout);
      return 0;
    }
    std::vector<trees::Tree> instances = readFile(options.trees);
    tree_lstm::Model model(options.weights);
    if (!options.record.empty())
      recordGraphs(model, options, instances);
    report(scoreTrees(model, options, instances));
    if (std::fflush(stdout) != 0 || std::ferror(stdout))
      throw std::system_error(errno, std::generic_category(), "the report");
    return 0;
  } catch (const UsageError &error) {
    std::fprintf(stderr, "tree_lstm: error: %s (try --help)\n", error.what());
    return 2;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "tree_lstm: error: %s\n", error.what());
    return 1;
  }
}
