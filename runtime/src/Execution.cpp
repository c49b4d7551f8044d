//===- Execution.cpp - runs the nodes of a session in batches ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Session.h"

using namespace edbc;
using core::Schedule;

const Schedule &edbc_session::makeSchedule(uint64_t &fallbacks) {
  switch (policyKind) {
  case EDBC_POLICY_FSM:
    core::schedule(frontier, graph, executed, fsm);
    fallbacks = fsm.numFallbacks();
    break;
  case EDBC_POLICY_AGENDA:
    core::schedule(frontier, graph, executed, agenda);
    break;
  case EDBC_POLICY_LEMMA:
    core::schedule(frontier, graph, executed, lemma);
    break;
  case EDBC_POLICY_DEPTH:
    return byDepth.schedule(graph, executed);
  }
  return frontier.schedule();
}

edbc_status edbc_session::run() {
  if (executed == numNodes())
    return EDBC_OK;

  // First everything that may fail, then what can be seen.
  Clock::time_point runBegin = Clock::now();
  if (runEnds.size() == runEnds.capacity())
    runEnds.reserve(runEnds.size() * 2 + 16);
  uint64_t fallbacks = 0;
  const Schedule &schedule = makeSchedule(fallbacks);
  Clock::time_point scheduled = Clock::now();
  executor->run(schedule);

  runEnds.push_back(numNodes());
  executed = numNodes();
  for (StateRows &rows : states)
    rows.executed = rows.count;
  numBatches += schedule.batches.size();
  numFallbacks += fallbacks;
  buildTime += runBegin - buildBegin;
  scheduleTime += scheduled - runBegin;
  executeTime += Clock::now() - scheduled;
  return EDBC_OK;
}
