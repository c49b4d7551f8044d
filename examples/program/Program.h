//===- Program.h - the programs' common part --------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// What an application of a compiled network does besides using it: a command
// line, one mini-batch after the other, how far it is, and a report. A program
// derives a class from Program, or from LossProgram where its network has an
// output `loss`, and hands it to program::run.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_EXAMPLES_PROGRAM_PROGRAM_H
#define EDBC_EXAMPLES_PROGRAM_PROGRAM_H

#include "edbc/edbc.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace program {

/// An option that one program alone has. It takes a value.
struct OwnOption {
  const char *name;  ///< with its dashes
  const char *value; ///< what the help calls the value
  const char *help;  ///< what it means, and its default; one short line
};

/// What a program is, for its command line and its report.
struct About {
  const char *name;
  const char *summary;         ///< what it does: a sentence or two
  const char *data = nullptr;  ///< what the help calls a data file; null: none
  bool takesManyFiles = false; ///< otherwise one
  const char *result = "loss"; ///< what the sum over all instances is called
  std::vector<OwnOption> options = {};
};

/// The command line.
struct Options {
  std::vector<std::string> files; ///< not empty if the program takes data
  std::string weights;
  std::string record; ///< empty: don't
  std::size_t batch = 32;
  edbc::SessionOptions session;
  std::map<std::string, std::string> own; ///< the own options given, by name
};

/// The command line is wrong; what() says how.
class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The value of an option, given or own, that is a number.
/// @throws UsageError unless `text` is a number from `least` to `most`.
std::uint64_t parseNumber(const std::string &option, const std::string &text,
                          std::uint64_t least, std::uint64_t most);

/// A network and the instances it is used on.
class Program {
public:
  virtual ~Program() = default;

  /// How many instances there are.
  virtual std::size_t size() const = 0;

  /// What holds the graphs.
  virtual edbc::Session &getSession() = 0;

  /// Adds the graph of an instance to the session, without running it; only its
  /// beginning if the rest depends on results.
  virtual void add(std::size_t instance) = 0;

  /// Adds the whole graphs of all instances to the session, which is empty, to
  /// be saved. Runs them where they depend on results.
  virtual void addAll();

  /// Builds and runs the graphs of instances `begin` to `end` - 1 in the
  /// session, which is empty, and reads what came out: the sum of what the
  /// program reports.
  virtual double run(std::size_t begin, std::size_t end) = 0;
};

/// A program that adds up losses. Derived classes say how many instances there
/// are, and add their graphs, with all `scores`.
/// @tparam Model, Session, Score of the generated header; Session has an output
///   `loss` of Score.
template <typename Model, typename Session, typename Score>
class LossProgram : public Program {
public:
  edbc::Session &getSession() override { return session; }

  double run(std::size_t begin, std::size_t end) override {
    scores.clear();
    for (std::size_t instance = begin; instance != end; ++instance)
      add(instance);
    session.run();
    double sum = 0;
    for (Score score : scores)
      sum += static_cast<double>(session.loss(score)[0]);
    return sum;
  }

protected:
  explicit LossProgram(const Options &options)
      : model(options.weights), session(model, options.session) {}

  Model model;
  Session session;
  std::vector<Score> scores; ///< of the graphs in the session
};

/// The main() of a program.
/// @param make called once, with a sound command line; may throw any
///   std::exception.
/// @returns the program's exit status: 0, or after a message on the standard
///   error 2 for a wrong command line and 1 for any other error.
int run(const About &about, int argc, char **argv,
        const std::function<std::unique_ptr<Program>(const Options &)> &make);

/// The same, for a program that is made of nothing but the options.
template <typename Made> int run(const About &about, int argc, char **argv) {
  return run(about, argc, argv, [](const Options &options) {
    return std::make_unique<Made>(options);
  });
}

} // namespace program

#endif // EDBC_EXAMPLES_PROGRAM_PROGRAM_H
