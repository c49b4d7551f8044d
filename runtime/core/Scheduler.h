//===- Scheduler.h - from a graph to a sequence of batches -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// A schedule is a sequence of batches, each a set of nodes of one type that do
// not depend on one another. Schedules are found in two ways:
//
// - On the frontier (ED-Batch, section 2.2): as long as nodes remain, a policy
//   names a type that has ready nodes, and all of them become a batch. See
//   `Frontier` and `schedule`; the policies stand in Policy.h.
// - By depth (TensorFlow Fold): see `DepthScheduler`.
//
// All of it takes a range of nodes [first, numNodes) whose predecessors have
// been executed already, so a graph may grow between runs at a cost that
// depends only on what was added. Objects keep their memory from one run to the
// next.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CORE_SCHEDULER_H
#define EDBC_RUNTIME_CORE_SCHEDULER_H

#include "runtime/core/Graph.h"

namespace edbc::core {

/// `count` nodes of one type, from position `begin` of the schedule's nodes.
struct Batch {
  uint32_t type;
  uint32_t begin;
  uint32_t count;
};

/// Batches in order of execution. Each node that was to be scheduled stands
/// exactly once in `nodes`, which is ordered by type or depth, not by time.
struct Schedule {
  std::vector<Batch> batches;
  std::vector<uint32_t> nodes;

  NodeSpan nodesOf(const Batch &batch) const {
    return {nodes.data() + batch.begin, batch.count};
  }
};

/// The nodes of a graph that are ready, by type, while a schedule is made step
/// by step. A node is ready when all its operands are executed.
///
/// The nodes of a type become ready and are executed in one order: they stand
/// in a queue, the executed ones before the ready ones. A batch is a stretch of
/// that queue, so the queues together are the schedule's nodes and nothing is
/// moved. Reset and all steps together cost time linear in nodes and operands.
class Frontier {
public:
  /// Starts over with the nodes [first, graph.numNodes()), of which none is
  /// executed. The graph must outlive the use of the frontier and not change
  /// until the next reset. May throw std::bad_alloc; reset before further use.
  void reset(const Graph &graph, uint32_t first = 0) {
    this->graph = &graph;
    firstNode = first;
    remaining = graph.numNodes() - first;
    queues.assign(graph.numTypes(), Queue());
    readyCounts.assign(graph.numTypes(), 0);
    pending.resize(remaining);
    steps.batches.clear();
    steps.nodes.resize(remaining);
    layOutQueues();

    std::copy_n(graph.getHeads() + first, remaining, pending.begin());
    if (first == 0) {
      for (uint32_t node : graph.getSources())
        pushIfReady(pending[node], node);
    } else {
      for (uint32_t i = 0; i < remaining; ++i) {
        pending[i].numOperands = numUnexecuted(graph, first, first + i);
        pushIfReady(pending[i], first + i);
      }
    }
    countReady();
  }

  /// Executes all ready nodes of `type`, of which there must be some, and
  /// appends them to the schedule as one batch. Within the batch, nodes stand
  /// in the order in which they became ready: a function of the graph and the
  /// steps so far.
  Batch step(uint32_t type) {
    assert(readyCounts[type] != 0 && "a batch must not be empty");
    Queue &queue = queues[type];
    Batch batch = {type, queue.begin, queue.end - queue.begin};
    steps.batches.push_back(batch);
    queue.begin = queue.end;
    remaining -= batch.count;
    if (pending.size() < fitsIntoCache)
      execute</*isLarge=*/false>(batch);
    else
      execute</*isLarge=*/true>(batch);
    countReady();
    return batch;
  }

  /// True when all nodes are executed.
  bool done() const { return remaining == 0; }
  /// The batches so far.
  const Schedule &schedule() const { return steps; }

  const Graph &getGraph() const { return *graph; }
  /// The first node of the range being scheduled.
  uint32_t first() const { return firstNode; }
  uint32_t numTypes() const { return static_cast<uint32_t>(queues.size()); }
  /// Nodes that are not yet executed, ready or not.
  uint32_t numRemaining() const { return remaining; }
  /// Ready nodes of each type: `numTypes()` numbers.
  const uint32_t *ready() const { return readyCounts.data(); }
  uint32_t ready(uint32_t type) const { return readyCounts[type]; }
  /// The ready nodes of a type in the order in which they became ready.
  NodeSpan readyNodes(uint32_t type) const {
    const Queue &queue = queues[type];
    return {steps.nodes.data() + queue.begin, queue.end - queue.begin};
  }
  /// The executed nodes of a type in the order of their execution. A node that
  /// has index i here, or would have it if the span went on into
  /// `readyNodes(type)`, keeps it.
  NodeSpan executedNodes(uint32_t type) const {
    const Queue &queue = queues[type];
    return {steps.nodes.data() + queue.origin, queue.begin - queue.origin};
  }

private:
  /// Positions in the schedule's nodes: executed ones are [origin, begin),
  /// ready ones [begin, end).
  struct Queue {
    uint32_t origin = 0;
    uint32_t begin = 0;
    uint32_t end = 0;
  };

  /// Nodes to be scheduled from which on it pays to fetch ahead.
  static constexpr size_t fitsIntoCache = 1 << 15;

  /// Makes those users of a batch's nodes ready that wait for nothing else.
  template <bool isLarge> void execute(Batch batch) {
    const uint32_t first = firstNode;
    const uint32_t *nodes = &steps.nodes[batch.begin];
    for (uint32_t i = 0; i < batch.count; ++i) {
      // What will be read lies anywhere, each part where the one before says.
      if (isLarge && i + 24 < batch.count)
        graph->prefetchNode(nodes[i + 24]);
      if (isLarge && i + 16 < batch.count)
        graph->prefetchUses(nodes[i + 16]);
      if (isLarge && i + 8 < batch.count)
        graph->forEachUse(nodes[i + 8], [&](uint32_t user) {
          prefetch(&pending[user - first]);
        });
      graph->forEachUse(nodes[i], [&](uint32_t user) {
        Graph::Head &entry = pending[user - first];
        --entry.numOperands;
        pushIfReady(entry, user);
      });
    }
  }

  /// Gives each type as many places of the schedule's nodes as it needs.
  void layOutQueues() {
    if (firstNode == 0) {
      for (uint32_t type = 0; type < queues.size(); ++type)
        queues[type].end = graph->numOfType(type);
    } else {
      for (uint32_t i = 0; i < remaining; ++i)
        ++queues[graph->type(firstNode + i)].end;
    }
    uint32_t begin = 0;
    for (Queue &queue : queues) {
      uint32_t size = queue.end;
      queue = {begin, begin, begin};
      begin += size;
    }
  }

  /// How many of a node's operands are not before `first`.
  static uint32_t numUnexecuted(const Graph &graph, uint32_t first,
                                uint32_t node) {
    NodeSpan operands = graph.operands(node);
    return static_cast<uint32_t>(
        std::count_if(operands.begin(), operands.end(),
                      [&](uint32_t operand) { return operand >= first; }));
  }

  /// Appends a node that is not in its queue yet, so that there is a place for
  /// it, if it waits for nothing. Without a branch, since nobody can foretell
  /// which of a node's operands is the last one.
  void pushIfReady(const Graph::Head &entry, uint32_t node) {
    Queue &queue = queues[entry.type];
    uint32_t end = queue.end;
    steps.nodes[end] = node;
    queue.end = end + (entry.numOperands == 0);
  }

  void countReady() {
    for (uint32_t type = 0; type < queues.size(); ++type)
      readyCounts[type] = queues[type].end - queues[type].begin;
  }

  const Graph *graph = nullptr;
  uint32_t firstNode = 0;
  uint32_t remaining = 0;
  std::vector<Queue> queues;
  std::vector<uint32_t> readyCounts;
  /// By node: its type, and how many of its operands are not yet executed.
  std::vector<Graph::Head> pending;
  Schedule steps;
};

/// Schedules the nodes [first, graph.numNodes()) as `policy` says. A policy has
/// two functions:
///
///     void begin(const Frontier &frontier);      // before the first step
///     uint32_t choose(const Frontier &frontier); // a type with ready nodes
///
/// The result belongs to `frontier` and is valid until its next reset.
template <typename Policy>
const Schedule &schedule(Frontier &frontier, const Graph &graph, uint32_t first,
                         Policy &policy) {
  frontier.reset(graph, first);
  policy.begin(frontier);
  while (!frontier.done())
    frontier.step(policy.choose(frontier));
  return frontier.schedule();
}

/// Sets `depths[i]` to the number of nodes on the longest path from the range
/// [first, graph.numNodes()) to node `first + i`, not counting the node itself.
/// Returns the number of different depths.
inline uint32_t computeDepths(const Graph &graph, uint32_t first,
                              std::vector<uint32_t> &depths) {
  depths.resize(graph.numNodes() - first);
  uint32_t numDepths = 0;
  for (uint32_t i = 0; i < depths.size(); ++i) {
    uint32_t depth = 0;
    for (uint32_t operand : graph.operands(first + i))
      if (operand >= first)
        depth = std::max(depth, depths[operand - first] + 1);
    depths[i] = depth;
    numDepths = std::max(numDepths, depth + 1);
  }
  return numDepths;
}

/// Batches nodes of the same depth and type, by ascending depth and then type
/// (Looks et al., TensorFlow Fold, 2017). Within a batch nodes stand in
/// ascending order.
class DepthScheduler {
public:
  /// Schedules the nodes [first, graph.numNodes()), in time linear in nodes,
  /// operands and types. The result is valid until the next call.
  const Schedule &schedule(const Graph &graph, uint32_t first) {
    uint32_t numDepths = computeDepths(graph, first, depths);
    uint32_t count = static_cast<uint32_t>(depths.size());
    result.nodes.resize(count);
    byType.resize(count);
    result.batches.clear();

    // Sorting by type and then, stably, by depth orders by (depth, type, id).
    auto typeOf = [&](uint32_t index) { return graph.type(first + index); };
    auto depthOf = [&](uint32_t index) { return depths[index]; };
    for (uint32_t i = 0; i < count; ++i)
      result.nodes[i] = i;
    countingSort(result.nodes, byType, graph.numTypes(), typeOf);
    countingSort(byType, result.nodes, numDepths, depthOf);

    uint32_t depth = UINT32_MAX;
    for (uint32_t position = 0; position < count; ++position) {
      uint32_t index = result.nodes[position];
      if (depths[index] != depth || typeOf(index) != result.batches.back().type)
        result.batches.push_back({typeOf(index), position, 0});
      depth = depths[index];
      ++result.batches.back().count;
      result.nodes[position] = first + index;
    }
    return result;
  }

private:
  template <typename Key>
  void countingSort(const std::vector<uint32_t> &from,
                    std::vector<uint32_t> &to, uint32_t numKeys, Key keyOf) {
    positions.assign(numKeys + size_t(1), 0);
    for (uint32_t element : from)
      ++positions[keyOf(element) + 1];
    for (uint32_t key = 0; key < numKeys; ++key)
      positions[key + 1] += positions[key];
    for (uint32_t element : from)
      to[positions[keyOf(element)]++] = element;
  }

  std::vector<uint32_t> depths;
  std::vector<uint32_t> byType;
  std::vector<uint32_t> positions;
  Schedule result;
};

/// By type, the most nodes of that type among [first, end) on one path, which
/// may lead through other types: no schedule has fewer batches of the type
/// (ED-Batch, section 2.2). Takes time (nodes + operands) * types.
inline std::vector<uint32_t> longestChains(const Graph &graph, uint32_t first,
                                           uint32_t end) {
  std::vector<uint32_t> chains(end - first);
  std::vector<uint32_t> result(graph.numTypes());
  for (uint32_t type = 0; type < graph.numTypes(); ++type) {
    uint32_t &longest = result[type];
    for (uint32_t i = 0; i < end - first; ++i) {
      uint32_t chain = 0;
      for (uint32_t operand : graph.operands(first + i))
        if (operand >= first)
          chain = std::max(chain, chains[operand - first]);
      chains[i] = chain + (graph.type(first + i) == type);
      longest = std::max(longest, chains[i]);
    }
  }
  return result;
}

/// No schedule of the nodes [first, end) has fewer batches than this.
inline uint64_t lowerBound(const Graph &graph, uint32_t first, uint32_t end) {
  uint64_t bound = 0;
  for (uint32_t chain : longestChains(graph, first, end))
    bound += chain;
  return bound;
}

/// The bound of a whole graph, or of all that was added since `first`.
inline uint64_t lowerBound(const Graph &graph, uint32_t first = 0) {
  return lowerBound(graph, first, graph.numNodes());
}

} // namespace edbc::core

#endif // EDBC_RUNTIME_CORE_SCHEDULER_H
