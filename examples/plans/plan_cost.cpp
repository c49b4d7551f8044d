//===- plan_cost.cpp - predicts the time of queries -------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "plan_cost.h"
#include "plans/PlanReader.h"
#include "program/Program.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace plan_cost;
using plans::OperatorType;

static_assert(Model::features == std::tuple_size<plans::Features>::value,
              "compile the network with -D features=16, its default");

class Plans : public program::Program {
public:
  explicit Plans(const program::Options &options)
      : model(options.weights), session(model, options.session) {
    for (const std::string &file : options.files)
      for (plans::Plan &plan : plans::readPlanFile(file))
        plans.push_back(std::move(plan));
  }

  std::size_t size() const override { return plans.size(); }

  edbc::Session &getSession() override { return session; }

  void add(std::size_t instance) override {
    session.beginInstance();
    std::vector<Out> outs;
    for (const plans::Operator &op : plans[instance].operators)
      outs.push_back(addOperator(op, outs));
    times.push_back(session.predict(outs.back()));
  }

  /// The sum of the squared errors of predicted logarithms of milliseconds.
  double run(std::size_t begin, std::size_t end) override {
    times.clear();
    for (std::size_t instance = begin; instance != end; ++instance)
      add(instance);
    session.run();
    double sum = 0;
    for (std::size_t i = 0; i != times.size(); ++i) {
      double predicted = static_cast<double>(session.log_ms(times[i])[0]);
      // PostgreSQL's clock shows microseconds.
      double actual = std::log(std::max(plans[begin + i].milliseconds, 0.001));
      sum += (predicted - actual) * (predicted - actual);
    }
    return sum;
  }

private:
  Out addOperator(const plans::Operator &op, const std::vector<Out> &outs) {
    edbc::Span<const float> features(op.features.data(), op.features.size());
    auto input = [&](std::size_t i) { return outs[op.inputs[i]]; };
    switch (op.type) {
    case OperatorType::SeqScan:
      return session.seq_scan(features);
    case OperatorType::IndexScan:
      return session.index_scan(features);
    case OperatorType::IndexOnlyScan:
      return session.index_only_scan(features);
    case OperatorType::BitmapIndexScan:
      return session.bitmap_index_scan(features);
    case OperatorType::Aggregate:
      return session.aggregate(features, input(0));
    case OperatorType::Gather:
      return session.gather(features, input(0));
    case OperatorType::GatherMerge:
      return session.gather_merge(features, input(0));
    case OperatorType::Sort:
      return session.sort(features, input(0));
    case OperatorType::Hash:
      return session.hash(features, input(0));
    case OperatorType::Memoize:
      return session.memoize(features, input(0));
    case OperatorType::Materialize:
      return session.materialize(features, input(0));
    case OperatorType::BitmapHeapScan:
      return session.bitmap_heap_scan(features, input(0));
    case OperatorType::NestedLoop:
      return session.nested_loop(features, input(0), input(1));
    case OperatorType::HashJoin:
      return session.hash_join(features, input(0), input(1));
    case OperatorType::MergeJoin:
      return session.merge_join(features, input(0), input(1));
    }
    throw std::logic_error("an operator of no type");
  }

  Model model;
  Session session;
  std::vector<plans::Plan> plans;
  std::vector<Time> times; ///< of the graphs in the session
};

} // namespace

int main(int argc, char **argv) {
  program::About about = {
      "plan_cost",
      "Predicts the times of the query plans in the files PLANS, and compares "
      "with those\nmeasured: squared errors of log(milliseconds).",
      "PLANS"};
  about.takesManyFiles = true;
  about.result = "error";
  return program::run<Plans>(about, argc, argv);
}
