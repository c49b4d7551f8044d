//===- Networks.h - the networks that are measured --------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_BENCH_NETWORKS_H
#define EDBC_TOOLS_BENCH_NETWORKS_H

#include "tools/bench/InstanceBuilder.h"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace edbc::bench {

/// The instances of a network, before it is compiled.
struct Workload {
  /// Dimensions of the model file that the data ask for, beside `hidden`.
  std::vector<std::pair<std::string, int64_t>> dims;
  size_t size = 0; ///< how many instances there are; at least 1
  /// Adds the graph of an instance as the network's example program does.
  std::function<void(size_t instance, InstanceBuilder &)> build;
};

struct MeasuredNetwork {
  /// As in the published figures.
  const char *name;
  /// The model file, below the folder of examples.
  const char *model;
  /// The training part, below the folder of data: a file, or a folder whose
  /// .json files are read in order of their names; null if instances are always
  /// drawn at random.
  const char *data;
  /// The part that is held out, likewise; null if there is none, and the last
  /// quarter of the instances takes its place.
  const char *heldOut;
  /// The output that an application reads, of every node that has it.
  const char *output;
  /// Reads the data `path`, or makes synthetic ones if it is null.
  /// @throws std::exception of the example's reader.
  Workload (*load)(const std::string *path);
  /// Whether it is there for the sake of its schedules: executed only where it
  /// is named.
  bool isForSchedules = false;
};

const std::vector<MeasuredNetwork> &measuredNetworks();
/// Their names, for messages.
std::string measuredNames();

} // namespace edbc::bench

#endif // EDBC_TOOLS_BENCH_NETWORKS_H
