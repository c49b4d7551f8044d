//===- Scheduler.h - from a graph to a sequence of batches -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// A schedule is a sequence of batches, each a set of nodes of one type that do
// not depend on one another. Schedules are found in two ways:
//
// - On the frontier (ED-Batch, section 2.2): where the order of types leaves a
//   choice (see TypeOrder.h), a policy names a type that has ready nodes, and
//   all of them become a batch. See `Frontier` and `schedule`; the policies
//   stand in Policy.h.
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

#include <memory>
#include <utility>

namespace edbc::core {

/// Asks for memory that will be needed soon.
inline void prefetch(const void *address) {
#if defined(__GNUC__)
  __builtin_prefetch(address);
#else
  (void)address;
#endif
}

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
/// by step. A node is ready when all its operands are executed and it is the
/// turn of its type.
///
/// The components of the graph's types (see `TypeOrder`) are scheduled one
/// after the other. Steps are taken of chosen types only: the batches of others
/// come into the schedule when it is their turn, and none of their nodes is
/// ever ready. Nor is any of a component whose turn has not come.
///
/// The nodes of a chosen type become ready and are executed in one order: they
/// stand in a queue, the executed ones before the ready ones. A batch is a
/// stretch of that queue, so the queues together are the schedule's nodes and
/// nothing is moved. The uses of a node (operands of nodes of its component
/// that name it) form a linked list: following two or three links costs less
/// than the passes that would sort the uses into an array. Reset and all steps
/// together cost time linear in nodes and operands.
class Frontier {
public:
  /// Starts over with the nodes [first, graph.numNodes()), of which none is
  /// executed. The graph must outlive the use of the frontier and not change
  /// until the next reset. May throw std::bad_alloc; reset before further use.
  void reset(const Graph &graph, uint32_t first = 0) {
    begin(graph, first, /*withAllTypes=*/false);
  }

  /// The same, but whatever the graph's order is, all types are chosen.
  void resetWithAllTypes(const Graph &graph, uint32_t first = 0) {
    if (allTypes.numTypes() != graph.numTypes())
      allTypes = TypeOrder(graph.numTypes());
    begin(graph, first, /*withAllTypes=*/true);
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
    lastType = type;
    remaining -= batch.count;
    remainingOfComponent -= batch.count;
    if (waiting.size() < fitsIntoCache)
      execute</*isLarge=*/false>(batch);
    else
      execute</*isLarge=*/true>(batch);
    if (remainingOfComponent == 0)
      goOn();
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
  /// Nodes that steps are still to execute, ready or not.
  uint32_t numRemaining() const { return remaining; }
  /// Ready nodes of each type: `numTypes()` numbers.
  const uint32_t *ready() const { return readyCounts.data(); }
  uint32_t ready(uint32_t type) const { return readyCounts[type]; }
  /// Whether nodes of the type are executed by steps.
  bool isChosen(uint32_t type) const { return order().isChosen(type); }
  /// Whether a node can wait for an operand when it is the turn of its type:
  /// both are of one component.
  bool isWaitedFor(uint32_t operand, uint32_t user) const {
    return order().componentOf(graph->type(operand)) ==
           order().componentOf(graph->type(user));
  }
  /// The type of the last step; UINT32_MAX before the first one.
  uint32_t lastStep() const { return lastType; }
  /// The ready nodes of a type in the order in which they became ready.
  NodeSpan readyNodes(uint32_t type) const {
    return {steps.nodes.data() + queues[type].begin, readyCounts[type]};
  }
  /// The executed nodes of a type in the order of their execution. A node that
  /// has index i here, or would have it if the span went on into
  /// `readyNodes(type)`, keeps it.
  NodeSpan executedNodes(uint32_t type) const {
    const Queue &queue = queues[type];
    return {steps.nodes.data() + queue.origin, queue.begin - queue.origin};
  }
  /// Calls `visit(user)` for a node of a chosen type once for each operand of
  /// nodes of its component that names it.
  template <typename Visit> void forEachUse(uint32_t node, Visit visit) const {
    const Use *uses = links->uses.data();
    for (uint32_t use = links->lastUses[node - firstNode]; use != none;
         use = uses[use].next)
      visit(uses[use].user);
  }

private:
  static constexpr uint32_t none = UINT32_MAX;

  /// Positions in the schedule's nodes: executed ones are [origin, begin),
  /// ready ones [begin, end).
  struct Queue {
    uint32_t origin = 0;
    uint32_t begin = 0;
    uint32_t end = 0;
  };
  /// Of a chosen type.
  struct WaitingNode {
    uint32_t type;
    /// Operands of its component that are not executed.
    uint32_t numWaitedFor;
  };
  struct Use {
    uint32_t user;
    uint32_t next;
  };
  struct Links {
    std::vector<uint32_t> lastUses; ///< by node, the first of its list
    std::vector<Use> uses;
  };

  /// Nodes to be scheduled from which on it pays to fetch ahead.
  static constexpr size_t fitsIntoCache = 1 << 15;

  void begin(const Graph &graph, uint32_t first, bool withAllTypes) {
    this->graph = &graph;
    this->withAllTypes = withAllTypes;
    firstNode = first;
    lastType = none;
    nextComponent = remaining = remainingOfComponent = 0;
    queues.resize(graph.numTypes());
    readyCounts.resize(graph.numTypes());
    steps.batches.clear();
    const uint32_t numNodes = graph.numNodes() - first;
    steps.nodes.resize(numNodes);
    uint32_t begin = 0;
    for (uint32_t type = 0; type < numTypes(); ++type) {
      queues[type] = {begin, begin, begin};
      uint32_t number = graph.nodesOfType(type, first).size();
      begin += number;
      remaining += isChosen(type) ? number : 0;
    }
    if (remaining != 0)
      linkUses(numNodes);
    goOn();
    countReady();
  }

  const TypeOrder &order() const {
    return withAllTypes ? allTypes : graph->getOrder();
  }

  /// Finds out what the nodes of chosen types wait for, and which are ready.
  void linkUses(uint32_t numNodes) {
    // Copies of the frontier keep those that they have.
    if (links.use_count() != 1)
      links = std::make_shared<Links>();
    std::vector<Use> &uses = links->uses;
    waiting.resize(numNodes);
    links->lastUses.assign(numNodes, none);
    uses.resize(graph->numOperandsFrom(firstNode) + size_t(1));
    // Known not to change while arrays are written.
    const Graph &graph = *this->graph;
    const TypeOrder &order = this->order();
    const uint32_t first = firstNode;
    Use *nextUse = uses.data();
    uint32_t *const lastUseOf = links->lastUses.data();
    for (uint32_t i = 0; i < numNodes; ++i) {
      const uint32_t node = first + i, type = graph.type(node);
      if (!order.isChosen(type))
        continue;
      const uint32_t component = order.componentOf(type);
      uint32_t numWaitedFor = 0;
      for (uint32_t operand : graph.operands(node)) {
        if (operand < first)
          continue;
        // Without a branch: of what isn't of the component, the use is given
        // up.
        const bool isWaitedFor =
            order.componentOf(graph.type(operand)) == component;
        const uint32_t lastUse = lastUseOf[operand - first];
        const auto use = static_cast<uint32_t>(nextUse - uses.data());
        nextUse->user = node;
        nextUse->next = lastUse;
        lastUseOf[operand - first] = isWaitedFor ? use : lastUse;
        nextUse += isWaitedFor;
        numWaitedFor += isWaitedFor;
      }
      waiting[i].type = type;
      waiting[i].numWaitedFor = numWaitedFor;
      pushIfReady(type, numWaitedFor, node);
    }
  }

  /// Schedules components up to the next one of which there are chosen nodes.
  void goOn() {
    const std::vector<TypeOrder::Component> &components =
        order().getComponents();
    while (remainingOfComponent == 0 && nextComponent != components.size()) {
      const TypeOrder::Component &component = components[nextComponent++];
      for (uint32_t type : component.types) {
        NodeSpan nodes = graph->nodesOfType(type, firstNode);
        if (nodes.size() == 0)
          continue;
        if (component.isChosen)
          remainingOfComponent += nodes.size();
        else if (component.isRecursive)
          appendLevels(type, nodes);
        else
          appendBatch(type, nodes);
      }
    }
  }

  /// Executes all nodes of a type whose nodes don't depend on one another.
  void appendBatch(uint32_t type, NodeSpan nodes) {
    Queue &queue = queues[type];
    steps.batches.push_back({type, queue.begin, nodes.size()});
    std::copy(nodes.begin(), nodes.end(), steps.nodes.begin() + queue.begin);
    queue.begin = queue.end = queue.begin + nodes.size();
  }

  /// Makes room for the levels of all nodes.
  void prepareLevels() {
    const size_t numNodes = steps.nodes.size();
    if (!areLevelsZero) { // Memory was short halfway.
      std::fill(levels.begin(), levels.end(), 0);
      std::fill(levelEnds.begin(), levelEnds.end(), 0);
      areLevelsZero = true;
    }
    if (levels.size() < numNodes)
      levels.resize(numNodes);
    if (levelEnds.size() < numNodes)
      levelEnds.resize(numNodes);
  }

  /// Executes all nodes of a type that is a component, by the number of nodes
  /// of the type before them on a path.
  void appendLevels(uint32_t type, NodeSpan nodes) {
    prepareLevels();
    const uint32_t first = firstNode;
    // Both arrays are zeros before and after. So operands of other types have
    // level 0, and those of this one the number of nodes up to themselves.
    uint32_t *const levelOf = levels.data(), *const ends = levelEnds.data();
    uint32_t numLevels = 0;
    areLevelsZero = false;
    for (uint32_t node : nodes) {
      uint32_t level = 0;
      for (uint32_t operand : graph->operands(node))
        if (operand >= first)
          level = std::max(level, levelOf[operand - first]);
      ++ends[level];
      levelOf[node - first] = ++level;
      numLevels = std::max(numLevels, level);
    }
    Queue &queue = queues[type];
    for (uint32_t level = 0; level < numLevels; ++level) {
      uint32_t count = std::exchange(ends[level], queue.end);
      steps.batches.push_back({type, queue.end, count});
      queue.end += count;
    }
    uint32_t *const scheduled = steps.nodes.data();
    for (uint32_t node : nodes) {
      uint32_t level = std::exchange(levelOf[node - first], 0);
      scheduled[ends[level - 1]++] = node;
    }
    std::fill_n(ends, numLevels, 0);
    areLevelsZero = true;
    queue.begin = queue.end;
  }

  /// Makes those users of a batch's nodes ready that wait for nothing else.
  template <bool isLarge> void execute(Batch batch) {
    const uint32_t first = firstNode;
    const uint32_t *done = &steps.nodes[batch.begin];
    for (uint32_t i = 0; i < batch.count; ++i) {
      // What will be read lies anywhere, each part where the one before says.
      if (isLarge && i + 24 < batch.count)
        prefetch(&links->lastUses[done[i + 24] - first]);
      if (isLarge && i + 16 < batch.count)
        prefetchUses(done[i + 16]);
      if (isLarge && i + 8 < batch.count)
        forEachUse(done[i + 8],
                   [&](uint32_t user) { prefetch(&waiting[user - first]); });
      forEachUse(done[i], [&](uint32_t user) {
        WaitingNode &entry = waiting[user - first];
        pushIfReady(entry.type, --entry.numWaitedFor, user);
      });
    }
  }

  /// Of a node that was fetched.
  void prefetchUses(uint32_t node) const {
    uint32_t lastUse = links->lastUses[node - firstNode];
    if (lastUse != none)
      prefetch(&links->uses[lastUse]);
  }

  /// Writes a node behind the end of its type's queue, and moves the end behind
  /// it, if it waits for nothing. Without a branch, since nobody can foretell
  /// which of a node's operands is the last one.
  void pushIfReady(uint32_t type, uint32_t numWaitedFor, uint32_t node) {
    Queue &queue = queues[type];
    uint32_t end = queue.end;
    steps.nodes[end] = node;
    queue.end = end + (numWaitedFor == 0);
  }

  void countReady() {
    std::fill(readyCounts.begin(), readyCounts.end(), 0);
    if (remainingOfComponent == 0)
      return;
    for (uint32_t type : order().getComponents()[nextComponent - 1].types)
      readyCounts[type] = queues[type].end - queues[type].begin;
  }

  const Graph *graph = nullptr;
  TypeOrder allTypes = TypeOrder(0);
  bool withAllTypes = false;
  uint32_t firstNode = 0;
  uint32_t lastType = none;
  uint32_t nextComponent = 0;        ///< behind the one whose turn it is
  uint32_t remaining = 0;            ///< of all chosen types
  uint32_t remainingOfComponent = 0; ///< of that whose turn it is
  std::vector<Queue> queues;         ///< by type
  std::vector<uint32_t> readyCounts; ///< by type
  std::vector<WaitingNode> waiting;  ///< by node
  std::shared_ptr<Links> links;      ///< do not change between resets
  // Of `appendLevels`: zeros otherwise.
  bool areLevelsZero = true;
  std::vector<uint32_t> levels;    ///< by node
  std::vector<uint32_t> levelEnds; ///< in the schedule's nodes
  Schedule steps;
};

/// Schedules the nodes [first, graph.numNodes()) as `policy` says. A policy has
///
///     static constexpr bool choosesAmongAllTypes; // or only where it must
///     void begin(const Frontier &frontier);       // before the first step
///     uint32_t choose(const Frontier &frontier);  // a type with ready nodes
///
/// The result belongs to `frontier` and is valid until its next reset.
template <typename Policy>
const Schedule &schedule(Frontier &frontier, const Graph &graph, uint32_t first,
                         Policy &policy) {
  if (Policy::choosesAmongAllTypes)
    frontier.resetWithAllTypes(graph, first);
  else
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
