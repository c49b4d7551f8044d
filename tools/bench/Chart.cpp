//===- Chart.cpp - draws charts as SVG --------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace edbc::bench;

namespace {

// In pixels.
constexpr double left = 60;
constexpr double top = 50;
constexpr double plotWidth = 760;
constexpr double plotHeight = 380;
constexpr double bottom = 120; ///< for labels, which lean
constexpr double legend = 190;

constexpr const char *colors[] = {"#1f77b4", "#ff7f0e", "#2ca02c", "#d62728",
                                  "#9467bd", "#8c564b", "#e377c2", "#7f7f7f",
                                  "#bcbd22", "#17becf", "#000000", "#aec7e8"};

const char *colorOf(size_t series) {
  return colors[series % std::size(colors)];
}

/// Text with what has a meaning in XML escaped.
std::string escape(const std::string &text) {
  std::string escaped;
  for (char c : text) {
    if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else
      escaped += c;
  }
  return escaped;
}

/// Draws what lines and bars have in common.
class Drawing {
public:
  explicit Drawing(const Chart &chart)
      : slot(plotWidth / double(std::max<size_t>(chart.labels.size(), 1))) {
    double largest = 0;
    for (const Series &series : chart.series)
      for (std::optional<double> value : series.values)
        largest = std::max(largest, value.value_or(0));
    // Two to ten steps of 1 or 2 times a power of ten.
    step = std::pow(10, std::floor(std::log10(std::max(largest, 1e-6) / 2)));
    if (largest / step > 10)
      step *= 2;
    end = std::max(std::ceil(largest / step), 1.0) * step;
    drawFrame(chart);
  }

  double x(double label) const { return left + label * slot; }
  double y(double value) const { return top + plotHeight * (1 - value / end); }
  double slotWidth() const { return slot; }

  template <typename... Values> void add(const char *format, Values... values) {
    char line[256];
    std::snprintf(line, sizeof(line), format, values...);
    body += line;
  }
  void addText(double x, double y, const char *attributes,
               const std::string &text) {
    add("<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attributes);
    body += escape(text) + "</text>\n";
  }

  std::string finish() {
    char head[256];
    std::snprintf(head, sizeof(head),
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" "
                  "height=\"%.0f\" font-family=\"sans-serif\" "
                  "font-size=\"12\">\n"
                  "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
                  left + plotWidth + legend, top + plotHeight + bottom);
    return head + body + "</svg>\n";
  }

private:
  void drawFrame(const Chart &chart) {
    addText(left, top / 2, "font-size=\"16\"", chart.title);
    for (double value = 0; value <= end + step / 2; value += step) {
      add("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
          "stroke=\"#dddddd\"/>\n",
          left, y(value), left + plotWidth, y(value));
      char number[32];
      std::snprintf(number, sizeof(number), "%g", value);
      addText(left - 6, y(value) + 4, "text-anchor=\"end\"", number);
    }
    for (size_t i = 0; i < chart.labels.size(); ++i) {
      double middle = x(double(i) + 0.5);
      char attributes[96];
      std::snprintf(attributes, sizeof(attributes),
                    "text-anchor=\"end\" transform=\"rotate(-35 %.1f %.1f)\"",
                    middle, top + plotHeight + 16);
      addText(middle, top + plotHeight + 16, attributes, chart.labels[i]);
    }
    for (size_t i = 0; i < chart.series.size(); ++i) {
      double row = top + 10 + 18 * double(i);
      add("<rect x=\"%.1f\" y=\"%.1f\" width=\"12\" height=\"12\" "
          "fill=\"%s\"/>\n",
          left + plotWidth + 16, row, colorOf(i));
      addText(left + plotWidth + 34, row + 10, "", chart.series[i].name);
    }
  }

  double slot;
  double step;
  double end; ///< of the vertical axis
  std::string body;
};

} // namespace

std::string edbc::bench::drawLines(const Chart &chart) {
  Drawing drawing(chart);
  for (size_t i = 0; i < chart.series.size(); ++i) {
    std::optional<std::pair<double, double>> last;
    const auto &values = chart.series[i].values;
    for (size_t label = 0; label < values.size(); ++label) {
      if (!values[label])
        continue;
      double x = drawing.x(double(label) + 0.5);
      double y = drawing.y(*values[label]);
      drawing.add("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", x,
                  y, colorOf(i));
      if (last)
        drawing.add("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
                    "stroke=\"%s\" stroke-width=\"2\"/>\n",
                    last->first, last->second, x, y, colorOf(i));
      last = {x, y};
    }
  }
  return drawing.finish();
}

std::string edbc::bench::drawBars(const Chart &chart) {
  Drawing drawing(chart);
  double width = drawing.slotWidth() * 0.8 /
                 double(std::max<size_t>(chart.series.size(), 1));
  for (size_t i = 0; i < chart.series.size(); ++i) {
    const auto &values = chart.series[i].values;
    for (size_t label = 0; label < values.size(); ++label) {
      if (!values[label])
        continue;
      double y = drawing.y(*values[label]);
      drawing.add("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                  "height=\"%.1f\" fill=\"%s\"/>\n",
                  drawing.x(double(label) + 0.1) + width * double(i), y, width,
                  drawing.y(0) - y, colorOf(i));
    }
  }
  return drawing.finish();
}
