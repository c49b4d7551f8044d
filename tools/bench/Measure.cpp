//===- Measure.cpp - times mini-batches -------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Measure.h"

#include "passes/SearchSchedule/Search.h"
#include "tools/bench/Machine.h"

#include <algorithm>
#include <chrono>
#include <numeric>

using namespace edbc;
using namespace edbc::bench;

using Clock = std::chrono::steady_clock;

static double millisecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin)
      .count();
}

//===----------------------------------------------------------------------===//
// Mini-batches
//===----------------------------------------------------------------------===//

/// Calls `visit` with mini-batches until the effort is spent.
template <typename Visit>
static void forEachMiniBatch(const std::vector<Instance> &instances,
                             uint32_t batch, const Effort &effort,
                             Visit visit) {
  Clock::time_point begin = Clock::now();
  size_t count = std::max<size_t>(instances.size() / batch, 1);
  // Multiples of the golden section, modulo 1, are spread evenly.
  auto step = static_cast<size_t>(double(count) * 0.618);
  while (step == 0 || std::gcd(step, count) != 1)
    ++step;
  for (size_t i = 0; i < std::min(count, effort.miniBatches); ++i) {
    if (i != 0 && millisecondsSince(begin) > effort.seconds * 1e3)
      return;
    size_t first = i * step % count * batch;
    std::vector<Instance> miniBatch;
    for (size_t k = 0; k < batch; ++k)
      miniBatch.push_back(instances[(first + k) % instances.size()]);
    visit(miniBatch);
  }
}

static double countNodes(const std::vector<Instance> &miniBatch) {
  size_t count = 0;
  for (const Instance &instance : miniBatch)
    count += instance.nodes.size();
  return double(count);
}

static Measurement &operator+=(Measurement &sum, const Measurement &other) {
  sum.miniBatches += other.miniBatches;
  sum.nodes += other.nodes;
  sum.ms += other.ms;
  sum.buildMs += other.buildMs;
  sum.scheduleMs += other.scheduleMs;
  sum.executeMs += other.executeMs;
  sum.batches += other.batches;
  sum.lowerBound += other.lowerBound;
  sum.launches += other.launches;
  sum.copiedBytes += other.copiedBytes;
  sum.deviceLaunches += other.deviceLaunches;
  sum.barriers += other.barriers;
  sum.uploadedBytes += other.uploadedBytes;
  sum.downloadedBytes += other.downloadedBytes;
  sum.gflop += other.gflop;
  sum.executedGflop += other.executedGflop;
  sum.bytes += other.bytes;
  sum.weightBytes += other.weightBytes;
  sum.batchWork.insert(sum.batchWork.end(), other.batchWork.begin(),
                       other.batchWork.end());
  return sum;
}

static Measurement meanOf(Measurement sum) {
  double count = double(sum.miniBatches);
  for (double *figure :
       {&sum.nodes, &sum.ms, &sum.buildMs, &sum.scheduleMs, &sum.executeMs,
        &sum.batches, &sum.lowerBound, &sum.launches, &sum.copiedBytes,
        &sum.deviceLaunches, &sum.barriers, &sum.uploadedBytes,
        &sum.downloadedBytes, &sum.gflop, &sum.executedGflop, &sum.bytes,
        &sum.weightBytes})
    *figure /= count;
  return sum;
}

//===----------------------------------------------------------------------===//
// Schedules
//===----------------------------------------------------------------------===//

/// Schedules graphs as a session would, or by search.
class Schedules {
public:
  /// @param learned is meant by Policy::Fsm, whatever its kind.
  Schedules(Policy policy, const edbc_policy_desc &learned)
      : policy(policy == Policy::Fsm ? static_cast<Policy>(learned.kind)
                                     : policy),
        fsm(learned) {}

  /// The batches of a graph, until the next call.
  const std::vector<core::Batch> &batchesOf(const core::Graph &graph) {
    switch (policy) {
    case Policy::Fsm:
      return core::schedule(frontier, graph, 0, fsm).batches;
    case Policy::Agenda:
      return core::schedule(frontier, graph, 0, agenda).batches;
    case Policy::Lemma:
      return core::schedule(frontier, graph, 0, lemma).batches;
    case Policy::Depth:
      return depth.schedule(graph, 0).batches;
    case Policy::Search:
      frontier.reset(graph);
      for (uint32_t type : searchSchedule(graph, SearchOptions()).steps)
        frontier.step(type);
    }
    return frontier.schedule().batches;
  }

private:
  Policy policy;
  core::Frontier frontier;
  core::FsmPolicy fsm;
  core::AgendaPolicy agenda;
  core::LemmaPolicy lemma;
  core::DepthScheduler depth;
};

Measurement bench::measureSchedules(const CompiledNetwork &network,
                                    const std::vector<Instance> &instances,
                                    const Configuration &configuration,
                                    const Effort &effort) {
  const Signature &signature = network.getSignature();
  Schedules schedules(configuration.policy, network.getPolicy());
  core::Graph built(orderOf(signature));
  Measurement sum;
  forEachMiniBatch(instances, configuration.batch, effort, [&](auto &batch) {
    Measurement one;
    one.miniBatches = 1;
    one.nodes = countNodes(batch);
    for (const Work &work : countWork(batch, signature, network.getWork()))
      one.gflop += work.flop * 1e-9;
    for (const core::Graph &graph :
         mergeInstances(batch, signature, configuration.batch)) {
      built.clear();
      Clock::time_point begin = Clock::now();
      for (uint32_t node = 0; node < graph.numNodes(); ++node)
        built.add(graph.type(node), graph.operands(node).begin(),
                  graph.operands(node).size());
      one.buildMs += millisecondsSince(begin);
      begin = Clock::now();
      one.batches += double(schedules.batchesOf(built).size());
      one.scheduleMs += millisecondsSince(begin);
      one.lowerBound += double(core::lowerBound(built));
    }
    sum += one;
  });
  return meanOf(sum);
}

//===----------------------------------------------------------------------===//
// Execution
//===----------------------------------------------------------------------===//

static uint32_t findOutput(const edbc_library &library,
                           const std::string &name) {
  for (uint32_t i = 0; i < library.num_outputs; ++i)
    if (name == library.outputs[i].name)
      return i;
  throw std::runtime_error("network '" + std::string(library.name) +
                           "' has no output '" + name + "'");
}

/// @throws MemoryShortage
static void requireMemory(const edbc_library &library,
                          const std::vector<Instance> &miniBatch) {
  double bytes = 0;
  for (const Instance &instance : miniBatch)
    for (const Instance::Node &node : instance.nodes)
      if (const edbc_cell_desc &cell = library.cells[node.cell];
          cell.first_row == 0)
        bytes += double(library.states[cell.result].stride) * sizeof(float);
  if (bytes > double(physicalMemory()) / 2)
    throw MemoryShortage("a mini-batch's states take " +
                         std::to_string(uint64_t(bytes * 1e-9)) +
                         " GB, more than half of the memory");
}

edbc_session_options bench::optionsOf(const Configuration &configuration) {
  edbc_session_options options = {};
  options.policy = static_cast<edbc_policy_kind>(configuration.policy);
  options.threads = configuration.threads;
  options.share = configuration.share;
  options.launch = configuration.launch;
  return options;
}

Measurement bench::measure(const CompiledNetwork &network,
                           const std::vector<Instance> &instances,
                           const std::string &output,
                           const Configuration &configuration,
                           const Effort &effort) {
  const edbc_library &library = network.getLibrary();
  const Signature &signature = network.getSignature();
  uint32_t outputNumber = findOutput(library, output);
  SessionHandle session =
      createSession(network.getModel(), optionsOf(configuration));
  Schedules schedules(configuration.policy, network.getPolicy());

  Measurement sum;
  forEachMiniBatch(instances, configuration.batch, effort, [&](auto &batch) {
    requireMemory(library, batch);
    Application application(library, session.get(), outputNumber, batch);
    application.run();
    Measurement best;
    best.miniBatches = 1;
    best.nodes = countNodes(batch);
    best.ms = HUGE_VAL;
    edbc_statistics statistics;
    edbc_error problem;
    for (uint32_t i = 0; i < effort.repeat; ++i) {
      Clock::time_point begin = Clock::now();
      application.run();
      double ms = millisecondsSince(begin);
      requireOk(edbc_session_statistics(session.get(), /*lower_bound=*/0,
                                        &statistics, &problem),
                problem);
      if (ms < best.ms) {
        best.ms = ms;
        best.buildMs = double(statistics.build_ns) * 1e-6;
        best.scheduleMs = double(statistics.schedule_ns) * 1e-6;
        best.executeMs = double(statistics.execute_ns) * 1e-6;
      }
    }
    requireOk(edbc_session_statistics(session.get(), /*lower_bound=*/1,
                                      &statistics, &problem),
              problem);
    best.batches = double(statistics.batches);
    best.lowerBound = double(statistics.lower_bound);
    best.launches = double(statistics.launches);
    best.copiedBytes = double(statistics.copied_bytes);
    best.deviceLaunches = double(statistics.device_launches);
    best.barriers = double(statistics.barriers);
    best.uploadedBytes = double(statistics.uploaded_bytes);
    best.downloadedBytes = double(statistics.downloaded_bytes);
    const std::vector<CellWork> &cells = network.getWork();
    std::vector<core::Batch> batches;
    for (const core::Graph &graph :
         mergeInstances(batch, signature, configuration.batch)) {
      const std::vector<core::Batch> &more = schedules.batchesOf(graph);
      batches.insert(batches.end(), more.begin(), more.end());
    }
    best.batchWork =
        workOfBatches(batches, countWork(batch, signature, cells), cells);
    std::vector<bool> isUsed(cells.size());
    for (size_t i = 0; i < batches.size(); ++i) {
      const Work &work = best.batchWork[i];
      best.gflop += work.flop * 1e-9;
      best.executedGflop += work.executedFlop * 1e-9;
      best.bytes += work.bytes;
      isUsed[batches[i].type] = true;
    }
    for (size_t cell = 0; cell < cells.size(); ++cell)
      if (isUsed[cell])
        best.weightBytes += cells[cell].batchBytes;
    sum += best;
  });
  return meanOf(sum);
}

std::vector<std::string> bench::saveMiniBatches(
    const CompiledNetwork &network, const std::vector<Instance> &instances,
    const std::string &output, const Configuration &configuration,
    const Effort &effort, const std::string &folder) {
  const edbc_library &library = network.getLibrary();
  SessionHandle session =
      createSession(network.getModel(), optionsOf(configuration));
  std::vector<std::string> paths;
  forEachMiniBatch(instances, configuration.batch, effort, [&](auto &batch) {
    Application application(library, session.get(), findOutput(library, output),
                            batch);
    application.run();
    paths.push_back(folder + "/" + std::to_string(paths.size()) + ".graphs");
    edbc_error problem;
    requireOk(
        edbc_session_save_graphs(session.get(), paths.back().c_str(), &problem),
        problem);
  });
  return paths;
}
