//===- Chart.h - draws charts as SVG ----------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_BENCH_CHART_H
#define EDBC_TOOLS_BENCH_CHART_H

#include <optional>
#include <string>
#include <vector>

namespace edbc::bench {

struct Series {
  std::string name;
  /// By label, none negative; where there is none, nothing is drawn.
  std::vector<std::optional<double>> values;
};

struct Chart {
  std::string title;
  std::vector<std::string> labels; ///< of the horizontal axis, spread evenly
  std::vector<Series> series;      ///< none with more values than labels
};

/// The text of an SVG file with a line for each series.
std::string drawLines(const Chart &chart);

/// The same with a group of bars for each label.
std::string drawBars(const Chart &chart);

} // namespace edbc::bench

#endif // EDBC_TOOLS_BENCH_CHART_H
