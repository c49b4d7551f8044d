//===- InstanceSession.h - runs instances from a graph file -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_LOAD_INSTANCESESSION_H
#define EDBC_COMPILER_LOAD_INSTANCESESSION_H

#include "compiler/Graphs/GraphFile.h"

#include "edbc/abi.h"

#include <memory>

namespace edbc {

/// A model with the weights embedded in its library.
struct DestroyModel {
  void operator()(edbc_model *model) const { edbc_model_destroy(model); }
};
using ModelHandle = std::unique_ptr<edbc_model, DestroyModel>;

/// A session of any network, driven by the numbers of its cells.
class InstanceSession {
public:
  /// Null, with the error's text in `error`, if there can be none. Library and
  /// model must outlive the session.
  static std::unique_ptr<InstanceSession> create(const edbc_library &library,
                                                 const edbc_model &model,
                                                 std::string &error);

  /// Adds all nodes of an instance, which is one of the session's network, and
  /// runs. False, with the error's text, if that fails.
  bool run(const std::vector<Instance> &instances, size_t first, size_t end,
           std::string &error);

  /// Output number `output` of a node of the instances last run; `instance`
  /// counts from the first of them. Empty if the node's cell has no such
  /// output. Valid until the next run.
  std::pair<const float *, size_t> read(size_t instance, uint32_t node,
                                        uint32_t output) const;

private:
  struct DestroySession {
    void operator()(edbc_session *session) const {
      edbc_session_destroy(session);
    }
  };

  InstanceSession(const edbc_library &library, edbc_session *session)
      : library(library), session(session) {}
  bool add(const Instance &instance, std::vector<edbc_value> &nodes,
           std::string &error);

  const edbc_library &library;
  std::unique_ptr<edbc_session, DestroySession> session;
  std::vector<std::vector<edbc_value>> values; ///< by instance and node
};

} // namespace edbc

#endif // EDBC_COMPILER_LOAD_INSTANCESESSION_H
