//===- Report.cpp - shows what was measured ---------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Report.h"

#include "compiler/Cuda/DeviceCode.h"
#include "tools/bench/Chart.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <map>

using namespace edbc;
using namespace edbc::bench;

static constexpr std::pair<Policy, std::string_view> policies[] = {
    {Policy::Fsm, "fsm"},
    {Policy::Agenda, "agenda"},
    {Policy::Depth, "depth"},
    {Policy::Lemma, "lemma"},
    {Policy::Search, "search"}};

std::string_view bench::policyName(Policy policy) {
  for (auto [known, name] : policies)
    if (known == policy)
      return name;
  llvm_unreachable("all policies are named");
}

std::optional<Policy> bench::findPolicy(std::string_view name) {
  for (auto [policy, known] : policies)
    if (known == name)
      return policy;
  return std::nullopt;
}

static constexpr const char *launches[] = {"once", "steps", "graph"};

const char *bench::launchName(edbc_launch launch) { return launches[launch]; }

std::optional<edbc_launch> bench::findLaunch(std::string_view name) {
  for (int i = 0; i < 3; ++i)
    if (name == launches[i])
      return static_cast<edbc_launch>(i);
  return std::nullopt;
}

Result::Roofline Result::roofline() const {
  Roofline sum;
  for (const Work &work : figures.batchWork) {
    double arithmeticMs = work.executedFlop * 1e-6 / peakGflops;
    double trafficMs = work.bytes * 1e-6 / (bandwidth * configuration.threads);
    (arithmeticMs > trafficMs ? sum.arithmeticMs : sum.trafficMs) +=
        std::max(arithmeticMs, trafficMs) / double(figures.miniBatches);
  }
  return sum;
}

static const char *fuseName(const KernelForm &form) {
  return form.fuse ? "all" : "none";
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

std::string bench::tableHead(bool isExecuted) {
  std::string head = "network            hidden batch policy threads";
  head += isExecuted
              ? " share fuse layout hoist        ms    build schedule  execute "
                " GFLOP/s  of peak roofline bound      launches copied "
                "kB"
              : "    build schedule";
  return head + "  batches /bound    nodes ns/node\n";
}

std::string bench::tableRow(const Result &result) {
  std::string row;
  llvm::raw_string_ostream os(row);
  const Measurement &figures = result.figures;
  os << llvm::format("%-18s %6u %5u %-6s %7u", result.workload.c_str(),
                     result.hidden, result.configuration.batch,
                     result.method().c_str(), result.configuration.threads);
  if (!result.peer.empty()) {
    os << llvm::format("%34.3f %35.1f %6.1f %%\n", figures.ms, result.gflops(),
                       result.percentOfPeak());
    return row;
  }
  if (result.isExecuted())
    os << llvm::format(" %-5s %-4s %-6s %-5s",
                       result.configuration.share ? "on" : "off",
                       fuseName(result.form), result.form.layout.c_str(),
                       result.form.hoist.c_str())
       << llvm::format("%10.3f %8.3f %8.3f %8.3f %8.1f %6.1f %%", figures.ms,
                       figures.buildMs, figures.scheduleMs, figures.executeMs,
                       result.gflops(), result.percentOfPeak())
       << llvm::format(" %8.3f %-10s %8.1f %9.1f", result.roofline().ms(),
                       result.roofline().bound(), figures.launches,
                       figures.copiedBytes * 1e-3);
  else
    os << llvm::format(" %8.3f %8.3f", figures.buildMs, figures.scheduleMs);
  os << llvm::format(" %8.1f %6.3f %8.0f %7.1f\n", figures.batches,
                     result.batchesOverBound(), figures.nodes,
                     result.nanosecondsOfNode());
  return row;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

std::string bench::jsonLine(const Result &result) {
  std::string line;
  llvm::raw_string_ostream os(line);
  llvm::json::OStream json(os);
  auto number = [&](llvm::StringRef key, double value) {
    json.attributeBegin(key);
    json.rawValue(
        [&](llvm::raw_ostream &raw) { raw << llvm::format("%.6g", value); });
    json.attributeEnd();
  };
  const Configuration &configuration = result.configuration;
  const Measurement &figures = result.figures;
  json.object([&] {
    json.attribute("workload", result.workload);
    json.attribute("data", result.data);
    json.attribute("hidden", int64_t(result.hidden));
    json.attribute("batch", int64_t(configuration.batch));
    json.attribute("policy", result.method());
    json.attribute("threads", int64_t(configuration.threads));
    if (!result.peer.empty()) {
      number("instances_per_s", result.instancesPerSecond());
      number("ms", figures.ms);
      number("gflop", figures.gflop);
      number("gflops", result.gflops());
      number("peak_gflops", result.peakGflops);
      return;
    }
    if (result.isExecuted()) {
      json.attribute("share", configuration.share);
      json.attribute("fuse", fuseName(result.form));
      json.attribute("layout", result.form.layout);
      json.attribute("hoist", result.form.hoist);
      json.attribute("isa", result.isa);
      number("instances_per_s", result.instancesPerSecond());
      number("ms", figures.ms);
    }
    number("build_ms", figures.buildMs);
    number("schedule_ms", figures.scheduleMs);
    if (result.isExecuted())
      number("execute_ms", figures.executeMs);
    number("nodes", figures.nodes);
    number("batches", figures.batches);
    number("lower_bound", figures.lowerBound);
    number("gflop", figures.gflop);
    if (result.isExecuted()) {
      number("launches", figures.launches);
      number("copied_bytes", figures.copiedBytes);
      number("gflops", result.gflops());
      number("peak_gflops", result.peakGflops);
      number("bytes_moved", figures.bytes);
      number("executed_gflop", figures.executedGflop);
      number("bandwidth_gbs", result.bandwidth);
      number("roofline_ms", result.roofline().ms());
      json.attribute("bound", result.roofline().bound());
    }
    if (result.device) {
      const DeviceLimits &limits = result.limits;
      json.attribute("system", "edbc");
      json.attribute("device", limits.name);
      json.attribute("precision",
                     cuda::precisionName(result.device->precision));
      json.attribute("launch", launchName(configuration.launch));
      number("device_launches", figures.deviceLaunches);
      number("barriers", figures.barriers);
      number("uploaded_bytes", figures.uploadedBytes);
      number("downloaded_bytes", figures.downloadedBytes);
      number("gb_per_s", limits.gbPerSecond);
      number("barrier_us", limits.barrierUs);
      number("limit_ms",
             limits.least(figures.bytes, figures.gflop, figures.barriers,
                          result.device->precision));
    }
  });
  return line;
}

//===----------------------------------------------------------------------===//
// Charts
//===----------------------------------------------------------------------===//

/// The position of `text` in `texts`, to which it is added if need be.
static size_t positionIn(std::vector<std::string> &texts,
                         const std::string &text) {
  auto found = std::find(texts.begin(), texts.end(), text);
  if (found == texts.end())
    found = texts.insert(found, text);
  return static_cast<size_t>(found - texts.begin());
}

/// Adds a figure to the series `name` of a chart, at the label `label`.
static void addFigure(Chart &chart, const std::string &name,
                      const std::string &label, double value) {
  size_t position = positionIn(chart.labels, label);
  auto series =
      std::find_if(chart.series.begin(), chart.series.end(),
                   [&](const Series &other) { return other.name == name; });
  if (series == chart.series.end())
    series = chart.series.insert(series, Series{name, {}});
  if (series->values.size() <= position)
    series->values.resize(position + 1);
  series->values[position] = value;
}

std::vector<ChartFile> bench::drawCharts(const std::vector<Result> &results) {
  std::map<std::string, Chart> peaks;
  std::map<uint32_t, Chart> batches;
  for (const Result &result : results) {
    std::string policy = result.method();
    std::string batch = std::to_string(result.configuration.batch);
    if (result.isExecuted()) {
      std::string threads = std::to_string(result.configuration.threads);
      std::string hidden = std::to_string(result.hidden);
      Chart &chart =
          peaks["peak-h" + hidden + "-" + policy + "-t" + threads + ".svg"];
      chart.title = "Percent of peak by batch, hidden " + hidden + ", policy " +
                    policy + ", threads " + threads;
      addFigure(chart, result.workload, batch, result.percentOfPeak());
    }
    if (!result.peer.empty())
      continue;
    Chart &chart = batches[result.configuration.batch];
    chart.title = "Batches over the lower bound, mini-batches of " + batch;
    addFigure(chart, policy, result.workload, result.batchesOverBound());
  }
  std::vector<ChartFile> files;
  for (const auto &[name, chart] : peaks)
    files.push_back({name, drawLines(chart)});
  for (const auto &[batch, chart] : batches)
    files.push_back(
        {"batches-b" + std::to_string(batch) + ".svg", drawBars(chart)});
  return files;
}
