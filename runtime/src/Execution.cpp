//===- Execution.cpp - runs the nodes of a session in batches ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Growth.h"
#include "runtime/src/Session.h"

using namespace edbc;
using core::Schedule;

/// Schedules the nodes of a graph from `first` on.
const Schedule &edbc_session::scheduleGraph(const core::Graph &scheduled,
                                            uint32_t first,
                                            uint64_t &fallbacks) {
  switch (policyKind) {
  case EDBC_POLICY_FSM:
    core::schedule(frontier, scheduled, first, fsm);
    fallbacks = fsm.numFallbacks();
    break;
  case EDBC_POLICY_AGENDA:
    core::schedule(frontier, scheduled, first, agenda);
    break;
  case EDBC_POLICY_LEMMA:
    core::schedule(frontier, scheduled, first, lemma);
    break;
  case EDBC_POLICY_DEPTH:
    return byDepth.schedule(scheduled, first);
  }
  return frontier.schedule();
}

const Schedule &edbc_session::makeSchedule(uint64_t &fallbacks) {
  if (!shared)
    return scheduleGraph(graph, executed, fallbacks);
  return scheduleGraph(shared->getGraph(), shared->getExecuted(), fallbacks);
}

edbc_status edbc_session::run() {
  if (executed == numNodes())
    return EDBC_OK;

  // First everything that may fail, then what can be seen.
  Clock::time_point runBegin = Clock::now();
  reserveMore(runEnds);
  if (shared)
    shared->reserveRun();
  uint64_t fallbacks = 0;
  const Schedule &schedule = makeSchedule(fallbacks);
  Clock::time_point scheduled = Clock::now();
  // Nodes that are added may all share earlier results.
  if (!schedule.batches.empty())
    executor->run(schedule);

  runEnds.push_back(numNodes());
  if (shared)
    shared->endRun();
  executed = numNodes();
  preparedEnd = 0;
  for (StateRows &rows : states)
    rows.executed = rows.count;
  numBatches += schedule.batches.size();
  numFallbacks += fallbacks;
  buildTime += runBegin - buildBegin;
  scheduleTime += scheduled - runBegin;
  executeTime += Clock::now() - scheduled;
  return EDBC_OK;
}
