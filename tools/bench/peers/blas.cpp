//===- blas.cpp - mini-batches batched by hand over OpenBLAS ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// What one writes without a compiler for networks: level after level, operands
// gathered into matrices, one call of sgemm for all gates of an operand, and a
// loop over what is left, which the compiler vectorises.
//
//     edbc-blas NETWORK HIDDEN THREADS REPEAT FILE...
//
// prints the milliseconds of a mini-batch, as tools/bench/Peers.h says. Levels
// and indices are made before the clock starts; weights are random.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/peers/GraphBatches.h"

#include <cblas.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <random>

#include <unistd.h>

namespace {

using namespace peers;
using Floats = std::vector<float>;

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

/// What networks have in common. States with h and c have them side by side.
class Network {
public:
  explicit Network(int hidden) : hidden(hidden) {}
  virtual ~Network() = default;

  virtual const Signature &signature() const = 0;
  virtual void executeBatch(const Batch &batch) = 0;

  void prepare(const MiniBatch &miniBatch) {
    for (const auto &[state, rows] : miniBatch.rows)
      states[state].resize(size_t(rows) * widths.at(state));
  }

protected:
  /// Random weights.
  Floats weights(size_t count) {
    Floats values(count);
    for (float &value : values)
      value = static_cast<float>(engine() % 2001) * 1e-4f - 0.1f;
    return values;
  }
  /// Gathers `columns` of `width`, from `first` on, into a matrix.
  const float *gather(Floats &to, const Floats &from, size_t width,
                      size_t first, size_t columns,
                      const std::vector<int> &rows) {
    to.resize(std::max(to.size(), rows.size() * columns));
    for (size_t i = 0; i < rows.size(); ++i)
      std::memcpy(&to[i * columns], &from[size_t(rows[i]) * width + first],
                  columns * sizeof(float));
    return to.data();
  }
  /// to = x * matrix, or to += x * matrix.
  void multiply(Floats &to, const float *x, const Floats &matrix, size_t rows,
                size_t depth, size_t columns, bool adds) {
    to.resize(std::max(to.size(), rows * columns));
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, int(rows),
                int(columns), int(depth), 1, x, int(depth), matrix.data(),
                int(columns), adds ? 1 : 0, to.data(), int(columns));
  }
  float *results(const Batch &batch, const std::string &state) {
    return &states[state][size_t(batch.begin) * widths.at(state)];
  }
  void copyStart(const Batch &batch, const std::string &state,
                 const Floats &row) {
    float *to = results(batch, state);
    for (int i = batch.begin; i < batch.end; ++i, to += row.size())
      std::memcpy(to, row.data(), row.size() * sizeof(float));
  }
  /// A product of one field of nodes, into the rows of a state.
  void score(const Batch &batch, const std::string &state,
             const std::string &of, const Floats &matrix) {
    size_t rows = batch.operands[0].rows.size();
    const float *h = gather(x, states[of], widths.at(of), 0, size_t(hidden),
                            batch.operands[0].rows);
    multiply(gates, h, matrix, rows, size_t(hidden), widths.at(state), false);
    std::memcpy(results(batch, state), gates.data(),
                rows * widths.at(state) * sizeof(float));
  }

  int hidden;
  std::map<std::string, Floats> states;
  std::map<std::string, size_t> widths;
  Floats x, y, gates, others;
  std::mt19937 engine{1};
};

class TreeLstm : public Network {
public:
  explicit TreeLstm(int hidden) : Network(hidden) {
    size_t h = size_t(hidden);
    widths = {{"Node", 2 * h}, {"Score", 5}};
    table = weights(256 * h), leafGates = weights(h * 3 * h);
    left = weights(h * 4 * h), right = weights(h * 4 * h);
    bias = weights(4 * h), classes = weights(h * 5);
  }

  const Signature &signature() const override {
    static const Signature cells = {{"leaf", {"Node", "t", false}},
                                    {"inner", {"Node", "nn", false}},
                                    {"score", {"Score", "nt", true}}};
    return cells;
  }

  void executeBatch(const Batch &batch) override {
    if (batch.cell == "leaf")
      leaf(batch);
    else if (batch.cell == "inner")
      inner(batch);
    else
      score(batch, "Score", "Node", classes);
  }

private:
  void leaf(const Batch &batch) {
    size_t h = size_t(hidden), rows = batch.operands[0].rows.size();
    multiply(gates, gather(x, table, h, 0, h, batch.operands[0].rows),
             leafGates, rows, h, 3 * h, false);
    float *to = results(batch, "Node");
    for (size_t i = 0; i < rows; ++i, to += 2 * h) {
      const float *g = &gates[i * 3 * h];
      for (size_t k = 0; k < h; ++k) {
        float c =
            sigmoid(g[k] + bias[k]) * std::tanh(g[2 * h + k] + bias[2 * h + k]);
        to[h + k] = c;
        to[k] = sigmoid(g[h + k] + bias[h + k]) * std::tanh(c);
      }
    }
  }

  void inner(const Batch &batch) {
    size_t h = size_t(hidden), rows = batch.operands[0].rows.size();
    const Floats &nodes = states["Node"];
    multiply(gates, gather(x, nodes, 2 * h, 0, h, batch.operands[0].rows), left,
             rows, h, 4 * h, false);
    multiply(others, gather(x, nodes, 2 * h, 0, h, batch.operands[1].rows),
             right, rows, h, 4 * h, false);
    float *to = results(batch, "Node");
    for (size_t i = 0; i < rows; ++i, to += 2 * h) {
      const float *g = &gates[i * 4 * h], *o = &others[i * 4 * h];
      const float *c1 = &nodes[size_t(batch.operands[0].rows[i]) * 2 * h + h];
      const float *c2 = &nodes[size_t(batch.operands[1].rows[i]) * 2 * h + h];
      for (size_t k = 0; k < h; ++k) {
        float forget = bias[3 * h + k];
        float c = sigmoid(g[k] + o[k] + bias[k]) *
                      std::tanh(g[2 * h + k] + o[2 * h + k] + bias[2 * h + k]) +
                  sigmoid(g[3 * h + k] + forget) * c1[k] +
                  sigmoid(o[3 * h + k] + forget) * c2[k];
        to[h + k] = c;
        to[k] = sigmoid(g[h + k] + o[h + k] + bias[h + k]) * std::tanh(c);
      }
    }
  }

  Floats table, leafGates, left, right, bias, classes;
};

/// Weights of an LSTM step, with the gates f, i, o, g side by side.
struct Step {
  Floats input, last, bias;
};

/// What networks of LSTM steps have in common.
class LstmNetwork : public Network {
protected:
  using Network::Network;

  Step makeStep() {
    size_t h = size_t(hidden);
    return {weights(h * 4 * h), weights(h * 4 * h), weights(4 * h)};
  }
  /// Inputs in `in`, last h in `y`; last c of row i at c + i * stride of its
  /// gathered rows; results at to and to + hidden, `stride` apart.
  void step(const Step &weights, const float *in, const float *last,
            const float *c, size_t cStride, float *to, size_t toStride,
            size_t rows) {
    size_t h = size_t(hidden);
    multiply(gates, in, weights.input, rows, h, 4 * h, false);
    multiply(gates, last, weights.last, rows, h, 4 * h, true);
    const float *bias = weights.bias.data();
    for (size_t i = 0; i < rows; ++i) {
      const float *g = &gates[i * 4 * h], *lastC = c + i * cStride;
      float *result = to + i * toStride;
      for (size_t k = 0; k < h; ++k) {
        float next = sigmoid(g[h + k] + bias[h + k]) *
                         std::tanh(g[3 * h + k] + bias[3 * h + k]) +
                     sigmoid(g[k] + bias[k]) * lastC[k];
        result[h + k] = next;
        result[k] = sigmoid(g[2 * h + k] + bias[2 * h + k]) * std::tanh(next);
      }
    }
  }
};

class LatticeLstm : public LstmNetwork {
public:
  explicit LatticeLstm(int hidden) : LstmNetwork(hidden) {
    size_t h = size_t(hidden);
    widths = {{"Node", 2 * h}, {"Score", 18}};
    first = weights(2 * h), tags = weights(h * 18);
    for (const char *cell : {"char_arc", "word_arc"}) {
      steps[cell] = makeStep();
      tables[cell] = weights(256 * h);
    }
  }

  const Signature &signature() const override {
    static const Signature cells = {{"start", {"Node", "", false}},
                                    {"char_arc", {"Node", "nt", false}},
                                    {"word_arc", {"Node", "nt", false}},
                                    {"join", {"Node", "l", false}},
                                    {"score", {"Score", "nt", true}}};
    return cells;
  }

  void executeBatch(const Batch &batch) override {
    if (batch.cell == "start")
      copyStart(batch, "Node", first);
    else if (batch.cell == "join")
      join(batch);
    else if (batch.cell == "score")
      score(batch, "Score", "Node", tags);
    else
      arc(batch);
  }

private:
  void arc(const Batch &batch) {
    size_t h = size_t(hidden), rows = batch.operands[0].rows.size();
    const Floats &nodes = states["Node"];
    const float *in =
        gather(x, tables[batch.cell], h, 0, h, batch.operands[1].rows);
    const float *last = gather(y, nodes, 2 * h, 0, h, batch.operands[0].rows);
    const float *c = gather(cells, nodes, 2 * h, h, h, batch.operands[0].rows);
    step(steps[batch.cell], in, last, c, h, results(batch, "Node"), 2 * h,
         rows);
  }

  void join(const Batch &batch) {
    size_t width = 2 * size_t(hidden);
    const BatchOperand &arcs = batch.operands[0];
    const Floats &nodes = states["Node"];
    float *to = results(batch, "Node");
    std::memset(to, 0, size_t(batch.end - batch.begin) * width * sizeof(float));
    for (size_t i = 0; i < arcs.rows.size(); ++i) {
      float *sum = to + size_t(arcs.owners[i]) * width;
      const float *arc = &nodes[size_t(arcs.rows[i]) * width];
      for (size_t k = 0; k < width; ++k)
        sum[k] += arc[k];
    }
  }

  std::map<std::string, Step> steps;
  std::map<std::string, Floats> tables;
  Floats first, tags, cells;
};

class BiLstmTagger : public LstmNetwork {
public:
  explicit BiLstmTagger(int hidden) : LstmNetwork(hidden) {
    size_t h = size_t(hidden);
    widths = {{"Stack", 4 * h}, {"Score", 9}};
    first = weights(4 * h), mix = weights(2 * h * h), tags = weights(h * 9);
    table = weights(vocabulary * h);
    for (const char *cell : {"forward", "backward"})
      for (int layer : {0, 1})
        steps[cell][layer] = makeStep();
  }

  const Signature &signature() const override {
    static const Signature cells = {{"forward_start", {"Stack", "", false}},
                                    {"backward_start", {"Stack", "", false}},
                                    {"forward", {"Stack", "tn", false}},
                                    {"backward", {"Stack", "tn", false}},
                                    {"tag", {"Score", "nnt", true}}};
    return cells;
  }

  void executeBatch(const Batch &batch) override {
    if (batch.operands.empty())
      copyStart(batch, "Stack", first);
    else if (batch.cell == "tag")
      tag(batch);
    else
      read(batch);
  }

private:
  // Of the data, of which the graphs don't tell.
  static constexpr size_t vocabulary = 40000;

  void read(const Batch &batch) {
    size_t h = size_t(hidden), rows = batch.operands[0].rows.size();
    const Floats &stacks = states["Stack"];
    const std::vector<int> &last = batch.operands[1].rows;
    float *to = results(batch, "Stack");
    const float *in = gather(x, table, h, 0, h, batch.operands[0].rows);
    for (size_t layer : {0, 1}) {
      size_t place = 2 * h * layer;
      const float *lastH = gather(y, stacks, 4 * h, place, h, last);
      const float *lastC = gather(cells, stacks, 4 * h, place + h, h, last);
      step(steps[batch.cell][layer], in, lastH, lastC, h, to + place, 4 * h,
           rows);
      // The layer above reads what this one gave.
      for (size_t i = 0; i < rows; ++i)
        std::memcpy(&x[i * h], to + i * 4 * h + place, h * sizeof(float));
    }
  }

  void tag(const Batch &batch) {
    size_t h = size_t(hidden), rows = batch.operands[0].rows.size();
    x.resize(std::max(x.size(), rows * 2 * h));
    const Floats &stacks = states["Stack"];
    for (size_t i = 0; i < rows; ++i)
      for (size_t way : {0, 1})
        std::memcpy(
            &x[(2 * i + way) * h],
            &stacks[size_t(batch.operands[way].rows[i]) * 4 * h + 2 * h],
            h * sizeof(float));
    multiply(gates, x.data(), mix, rows, 2 * h, h, false);
    for (size_t k = 0; k < rows * h; ++k)
      gates[k] = std::tanh(gates[k]);
    multiply(others, gates.data(), tags, rows, h, 9, false);
    std::memcpy(results(batch, "Score"), others.data(),
                rows * 9 * sizeof(float));
  }

  std::map<std::string, Step[2]> steps;
  Floats table, first, mix, tags, cells;
};

std::unique_ptr<Network> makeNetwork(const std::string &name, int hidden) {
  if (name == "TreeLSTM")
    return std::make_unique<TreeLstm>(hidden);
  if (name == "LatticeLSTM")
    return std::make_unique<LatticeLstm>(hidden);
  if (name == "BiLSTM-Tagger")
    return std::make_unique<BiLstmTagger>(hidden);
  return nullptr;
}

double measure(Network &network, const std::string &path, int repeat) {
  using Clock = std::chrono::steady_clock;
  MiniBatch miniBatch = batchByLevel(path, network.signature());
  network.prepare(miniBatch);
  double fastest = HUGE_VAL;
  for (int run = 0; run <= repeat; ++run) {
    Clock::time_point begin = Clock::now();
    for (const Batch &batch : miniBatch.batches)
      network.executeBatch(batch);
    std::chrono::duration<double, std::milli> time = Clock::now() - begin;
    fastest = std::min(fastest, time.count());
  }
  return fastest;
}

/// Libraries fall back on their oldest kernels where they don't know the
/// processor. Which ones they use is settled before the program begins: it has
/// to begin anew.
void requireKernels(char **argv) {
  const char *wanted = __builtin_cpu_supports("avx512f") ? "SkylakeX"
                       : __builtin_cpu_supports("avx2")  ? "Haswell"
                                                         : nullptr;
  if (!wanted || std::getenv("OPENBLAS_CORETYPE") ||
      std::strcmp(openblas_get_corename(), "Prescott") != 0)
    return;
  setenv("OPENBLAS_CORETYPE", wanted, /*overwrite=*/1);
  execv("/proc/self/exe", argv);
}

} // namespace

int main(int argc, char **argv) {
  requireKernels(argv);
  if (argc < 6) {
    std::fprintf(stderr,
                 "usage: edbc-blas NETWORK HIDDEN THREADS REPEAT FILE...\n");
    return 2;
  }
  try {
    auto network = makeNetwork(argv[1], std::stoi(argv[2]));
    if (!network)
      return 0;
    openblas_set_num_threads(std::stoi(argv[3]));
    double total = 0;
    for (int i = 5; i < argc; ++i)
      total += measure(*network, argv[i], std::stoi(argv[4]));
    std::printf("%.6f\n", total / (argc - 5));
  } catch (const std::exception &error) {
    std::fprintf(stderr, "edbc-blas: error: %s\n", error.what());
    return 1;
  }
  return 0;
}
