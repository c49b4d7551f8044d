//===- InstanceBuilder.h - builds instance graphs by name -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_BENCH_INSTANCEBUILDER_H
#define EDBC_TOOLS_BENCH_INSTANCEBUILDER_H

#include "compiler/Graphs/GraphFile.h"

#include <initializer_list>
#include <map>
#include <string>

namespace edbc::bench {

/// An argument of a cell. What it refers to must outlive the call.
class Argument {
public:
  /// A node, by its number in the instance, or a token.
  Argument(uint32_t number) : number(number) {}
  /// Any number of nodes.
  Argument(const std::vector<uint32_t> &nodes) : nodes(&nodes) {}
  /// A dense input.
  Argument(const float *values) : values(values) {}

private:
  friend class InstanceBuilder;
  uint32_t number = 0;
  const std::vector<uint32_t> *nodes = nullptr;
  const float *values = nullptr;
};

/// Builds the graphs of instances, one after the other, as an application adds
/// them to a session, with cells called by their names.
class InstanceBuilder {
public:
  /// The signature must outlive this.
  explicit InstanceBuilder(const Signature &signature);

  /// Adds a node and returns its number in the instance.
  /// @throws std::runtime_error if the network has no such cell, or one with
  ///   another number of operands.
  uint32_t add(const std::string &cell,
               std::initializer_list<Argument> arguments);
  /// Ends a run: the nodes that follow are added after it.
  void endRun();
  /// The instance that was built; goes on with an empty one.
  Instance take();

private:
  const Signature &signature;
  std::map<std::string, uint32_t> numbers; ///< of cells, by name
  Instance instance;
};

} // namespace edbc::bench

#endif // EDBC_TOOLS_BENCH_INSTANCEBUILDER_H
