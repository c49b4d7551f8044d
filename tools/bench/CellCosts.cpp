//===- CellCosts.cpp - measures what batches cost ---------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/CellCosts.h"

#include "tools/bench/Application.h"

#include <algorithm>
#include <cmath>

using namespace edbc;
using namespace edbc::bench;

/// The number of the first node of a cell in the instance's first run, or none.
static std::optional<uint32_t> firstNode(const Instance &instance,
                                         uint32_t cell) {
  uint32_t end = instance.endOfRun(runsOf(&instance, &instance + 1).front());
  for (uint32_t node = 0; node < end; ++node)
    if (instance.nodes[node].cell == cell)
      return node;
  return std::nullopt;
}

/// Nanoseconds for a batch of `count` nodes of the cell; the fastest of several
/// tries.
static double timeBatch(const CompiledNetwork &network,
                        const std::vector<Instance> &instances, uint32_t cell,
                        size_t count) {
  constexpr int numTries = 25;
  SessionHandle session = createSession(network.getModel(), {});
  std::vector<Instance> chosen;
  for (size_t i = 0; chosen.size() < count; ++i)
    chosen.push_back(instances[i % instances.size()]);
  Application application(network.getLibrary(), session.get(), /*output=*/0,
                          chosen);
  double fastest = HUGE_VAL;
  for (int i = 0; i < numTries; ++i) {
    edbc_session_reset(session.get());
    // What the nodes need is executed before.
    for (size_t k = 0; k < count; ++k)
      application.addNodes(k, 0, *firstNode(chosen[k], cell));
    application.execute();
    for (size_t k = 0; k < count; ++k) {
      uint32_t node = *firstNode(chosen[k], cell);
      application.addNodes(k, node, node + 1);
    }
    fastest = std::min(fastest, double(application.execute()));
  }
  return fastest;
}

std::vector<CellCost>
bench::measureCellCosts(const CompiledNetwork &network,
                        const std::vector<Instance> &instances) {
  std::vector<CellCost> costs;
  for (uint32_t cell = 0; cell < network.getLibrary().num_cells; ++cell) {
    std::vector<Instance> having;
    for (const Instance &instance : instances)
      if (having.size() < 32 && firstNode(instance, cell))
        having.push_back(instance);
    CellCost cost = {0, 0};
    if (!having.empty()) {
      // Least squares of relative errors: what a batch costs shows in small
      // ones, whose times absolute errors of large ones would outweigh.
      double n = 0, x = 0, y = 0, xx = 0, xy = 0;
      for (size_t count : {1, 2, 4, 8, 16, 32}) {
        double time = timeBatch(network, having, cell, count);
        double weight = 1 / (time * time);
        n += weight;
        x += weight * double(count);
        y += weight * time;
        xx += weight * double(count * count);
        xy += weight * double(count) * time;
      }
      cost.row = std::max(0.0, (n * xy - x * y) / (n * xx - x * x));
      cost.batch = std::max(0.0, (y - cost.row * x) / n);
    }
    costs.push_back(cost);
  }
  return costs;
}

BatchCosts bench::batchCostsOf(const std::vector<CellCost> &costs) {
  BatchCosts whole;
  for (const CellCost &cost : costs)
    whole.push_back(
        static_cast<uint32_t>(std::clamp(std::round(cost.batch), 1.0, 1e9)));
  return whole;
}
