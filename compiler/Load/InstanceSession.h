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

struct DestroyModel {
  void operator()(edbc_model *model) const { edbc_model_destroy(model); }
};
using ModelHandle = std::unique_ptr<edbc_model, DestroyModel>;

/// A session of any network, driven by the numbers of its cells.
///
/// Functions that can fail return false then, with one line of text in `error`.
/// Instances must have been read with the signature of the session's network,
/// or be as such ones are.
class InstanceSession {
public:
  /// Null, with the error's text in `error`, if there can be none. Library and
  /// model must outlive the session.
  static std::unique_ptr<InstanceSession>
  create(const edbc_library &library, const edbc_model &model,
         const edbc_session_options &options, std::string &error);

  /// Executes the instances [first, end) as one mini-batch: their first runs
  /// together, then their second ones, and so on.
  bool run(const std::vector<Instance> &instances, size_t first, size_t end,
           std::string &error);

  /// @name Parts of a mini-batch
  /// @{

  /// Begins a mini-batch, without instances.
  void reset();

  /// Adds nodes to an instance of the mini-batch, so that it has `numNodes` of
  /// those of `instance`; it may already have some of these. Instances are
  /// numbered from 0 in the order in which they are first added to, and then
  /// get at least one node.
  bool add(size_t number, const Instance &instance, uint32_t numNodes,
           std::string &error);
  /// Executes all nodes added since the last execution.
  bool execute(std::string &error);
  /// Forgets the values of an instance all of whose nodes were executed.
  bool drop(size_t number, std::string &error);
  /// @}

  /// Output number `output` of an executed node, row-major; `number` is that of
  /// its instance in the mini-batch. Empty if the node's cell has no such
  /// output.
  std::vector<float> read(size_t number, uint32_t node, uint32_t output) const;

  /// Of the mini-batch so far; the lower bound is left out.
  edbc_statistics statistics() const;

private:
  struct DestroySession {
    void operator()(edbc_session *session) const {
      edbc_session_destroy(session);
    }
  };

  /// What was added of an instance.
  struct Part {
    uint32_t handle; ///< the session's number
    std::vector<edbc_value> nodes;
  };

  InstanceSession(const edbc_library &library, edbc_session *session)
      : library(library), session(session) {}
  bool beginPart(size_t number, std::string &error);
  bool addNode(const Instance &instance, std::vector<edbc_value> &nodes,
               std::string &error);

  const edbc_library &library;
  std::unique_ptr<edbc_session, DestroySession> session;
  std::vector<Part> parts;          ///< by number of the instance
  std::vector<edbc_value> elements; ///< of the node being added
};

} // namespace edbc

#endif // EDBC_COMPILER_LOAD_INSTANCESESSION_H
