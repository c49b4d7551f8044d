//===- Program.cpp - the programs' common part ------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "program/Program.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <exception>
#include <system_error>

#include <unistd.h>

using namespace program;

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

//===----------------------------------------------------------------------===//
// Command line
//===----------------------------------------------------------------------===//

void printOption(const std::string &option, const char *help) {
  std::printf("  %-20s%s\n", option.c_str(), help);
}

void printUsage(const About &about) {
  std::string data;
  if (about.data)
    data = std::string(" ") + about.data + (about.takesManyFiles ? "..." : "");
  std::printf("usage: %s --weights FILE [OPTION]...%s\n\n%s\n\n", about.name,
              data.c_str(), about.summary);
  printOption("--weights FILE", "a .safetensors file: the network's weights");
  printOption("--batch N", "instances in a mini-batch, 1 to 1000000 (32)");
  printOption("--policy NAME",
              "what chooses the batches: fsm (learned), agenda,");
  printOption("", "depth or lemma (fsm)");
  printOption("--threads N", "threads that execute a mini-batch, 1 to 256 (1)");
  printOption("--record FILE",
              "save the graphs, for edbc compile --samples FILE");
  for (const OwnOption &option : about.options)
    printOption(std::string(option.name) + " " + option.value, option.help);
  printOption("--help", "show this text");
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

void addFile(const About &about, const std::string &file, Options &options) {
  if (!about.data)
    throw UsageError("no files are read, but '" + file + "' was given");
  if (!about.takesManyFiles && !options.files.empty())
    throw UsageError("more than one file: '" + options.files[0] + "' and '" +
                     file + "'");
  options.files.push_back(file);
}

Options parseOptions(const About &about,
                     const std::vector<std::string> &arguments) {
  Options options;
  for (auto it = arguments.begin(); it != arguments.end(); ++it) {
    const std::string &option = *it;
    auto value = [&]() -> const std::string & {
      if (++it == arguments.end() || it->empty())
        throw UsageError(option + " needs a value");
      return *it;
    };
    auto own = std::find_if(
        about.options.begin(), about.options.end(),
        [&](const OwnOption &candidate) { return option == candidate.name; });
    if (own != about.options.end())
      options.own[option] = value();
    else if (option == "--batch")
      options.batch = parseNumber(option, value(), 1, 1000000);
    else if (option == "--weights")
      options.weights = value();
    else if (option == "--policy")
      options.session.policy = parsePolicy(value());
    else if (option == "--threads")
      options.session.threads = static_cast<std::uint32_t>(
          parseNumber(option, value(), 1, EDBC_MAX_THREADS));
    else if (option == "--record")
      options.record = value();
    else if (option.size() > 1 && option[0] == '-')
      throw UsageError("unknown option '" + option + "'");
    else
      addFile(about, option, options);
  }
  if (about.data && options.files.empty())
    throw UsageError(std::string("no file given: ") + about.data);
  if (options.weights.empty())
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
  double result = 0;                ///< summed over all instances
  double seconds = 0;               ///< from the first node to the last result
};

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

/// Runs all instances, `batch` consecutive ones at a time.
Totals runAll(Program &program, std::size_t batch) {
  Totals totals;
  Progress progress(program.size());
  for (std::size_t begin = 0; begin < program.size();) {
    std::size_t end = std::min(begin + batch, program.size());
    Clock::time_point start = Clock::now();
    program.getSession().reset();
    totals.result += program.run(begin, end);
    totals.seconds += secondsSince(start);

    accumulate(totals.statistics,
               program.getSession().statistics(/*lowerBound=*/true));
    begin = end;
    progress.update(end);
  }
  return totals;
}

/// Saves the graphs of all instances as samples to learn a policy from.
void recordGraphs(Program &program, const std::string &path) {
  program.addAll();
  program.getSession().saveGraphs(path);
}

void printCount(const char *name, std::uint64_t count, const char *end = "\n") {
  std::printf("%-15s %10llu%s", name, static_cast<unsigned long long>(count),
              end);
}

void printTime(const char *name, double seconds, double total) {
  std::printf("  %-13s %10.2f ms %5.1f %%\n", name, seconds * 1e3,
              100 * seconds / total);
}

void report(const About &about, const Totals &totals) {
  const edbc::Statistics &statistics = totals.statistics;
  double build = 1e-9 * static_cast<double>(statistics.build_ns);
  double schedule = 1e-9 * static_cast<double>(statistics.schedule_ns);
  double execute = 1e-9 * static_cast<double>(statistics.execute_ns);
  printCount("instances", statistics.instances);
  printCount("nodes", statistics.nodes);
  printCount("batches", statistics.batches, "");
  std::printf(" (lower bound %llu)\n",
              static_cast<unsigned long long>(statistics.lower_bound));
  std::printf("%-15s %14.3f\n", about.result, totals.result);
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

void Program::addAll() {
  for (std::size_t instance = 0; instance != size(); ++instance)
    add(instance);
}

std::uint64_t program::parseNumber(const std::string &option,
                                   const std::string &text, std::uint64_t least,
                                   std::uint64_t most) {
  std::uint64_t number = 0;
  const char *end = text.data() + text.size();
  auto [rest, status] = std::from_chars(text.data(), end, number);
  if (status != std::errc() || rest != end || number < least || number > most)
    throw UsageError(option + " takes a number from " + std::to_string(least) +
                     " to " + std::to_string(most) + ", not '" + text + "'");
  return number;
}

int program::run(
    const About &about, int argc, char **argv,
    const std::function<std::unique_ptr<Program>(const Options &)> &make) {
  try {
    std::vector<std::string> arguments(argv + 1, argv + argc);
    if (std::find(arguments.begin(), arguments.end(), "--help") !=
        arguments.end()) {
      printUsage(about);
    } else {
      Options options = parseOptions(about, arguments);
      std::unique_ptr<Program> program = make(options);
      if (!options.record.empty())
        recordGraphs(*program, options.record);
      report(about, runAll(*program, options.batch));
    }
    if (std::fflush(stdout) != 0 || std::ferror(stdout))
      throw std::system_error(errno, std::generic_category(), "the report");
    return 0;
  } catch (const UsageError &error) {
    std::fprintf(stderr, "%s: error: %s (try --help)\n", about.name,
                 error.what());
    return 2;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "%s: error: %s\n", about.name, error.what());
    return 1;
  }
}
