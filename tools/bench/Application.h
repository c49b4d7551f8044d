//===- Application.h - a program that uses a network ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_BENCH_APPLICATION_H
#define EDBC_TOOLS_BENCH_APPLICATION_H

#include "compiler/Graphs/GraphFile.h"
#include "edbc/abi.h"

#include <memory>
#include <stdexcept>
#include <vector>

namespace edbc::bench {

/// A mini-batch takes more memory than it should, or than there is.
class MemoryShortage : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// @throws MemoryShortage, std::runtime_error
[[noreturn]] void throwProblem(edbc_status status, const edbc_error &problem);

/// Throws if a call to the runtime failed.
inline void requireOk(edbc_status status, const edbc_error &problem) {
  if (status != EDBC_OK)
    throwProblem(status, problem);
}

struct DestroySession {
  void operator()(edbc_session *session) const {
    edbc_session_destroy(session);
  }
};
using SessionHandle = std::unique_ptr<edbc_session, DestroySession>;

/// @throws std::runtime_error
SessionHandle createSession(const edbc_model &model,
                            const edbc_session_options &options);

/// Does with a session what an application does: it has its instances in
/// arrays, remembers values while other nodes refer to them, and reads outputs.
class Application {
public:
  Application(const edbc_library &library, edbc_session *session,
              uint32_t output, const std::vector<Instance> &instances);

  /// Runs the mini-batch; returns the sum of the outputs' first numbers.
  double run();

  /// Begins an instance, or goes on with it, and adds its nodes [begin, end),
  /// which follow those added before.
  void addNodes(size_t instance, uint32_t begin, uint32_t end);
  /// Executes what was added. Returns the nanoseconds that this took.
  uint64_t execute();

private:
  /// An instance in the session.
  struct Part {
    const Instance *instance;
    size_t firstNode;
    uint32_t number;
  };

  struct Node {
    uint32_t cell;
    uint32_t firstArgument;
    uint32_t endReference; ///< they follow those of the node before
    bool hasOutput;
  };
  /// A value that becomes an argument, or an element of one, when it is known.
  struct Reference {
    uint32_t argument;
    uint32_t node; ///< of the instance
  };

  void takeInstance(const edbc_library &library, const Instance &instance);

  edbc_session *session;
  uint32_t output;
  std::vector<Part> parts;
  std::vector<uint32_t> runs; ///< that execute any nodes
  std::vector<Node> nodes;    ///< of one instance after the other
  std::vector<Reference> references;
  /// Of one node after the other, each followed by the elements of its lists,
  /// which are `state`s.
  std::vector<edbc_argument> arguments;
  std::vector<edbc_value> values; ///< by node
  /// The same of an instance that is added at one go.
  std::vector<edbc_value> valuesAtOnce;
  std::vector<edbc_value> results; ///< that have the output, of the run
  edbc_error problem;
};

} // namespace edbc::bench

#endif // EDBC_TOOLS_BENCH_APPLICATION_H
