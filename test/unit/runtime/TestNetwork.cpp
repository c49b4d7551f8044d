//===- TestNetwork.cpp - a network made by hand ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/runtime/TestNetwork.h"
#include "test/unit/runtime/TestKernels.h"

using test_network::Values;

namespace {

constexpr uint32_t hidden = test_network::Model::hidden;
constexpr uint32_t words = test_network::Model::words;
constexpr uint32_t labels = test_network::Model::labels;
constexpr uint32_t marks = test_network::Model::marks;
// Rows are padded to multiples of 16; two panels of 16 hold 20 units.
constexpr uint32_t padded = 32;
constexpr uint32_t panel = 16;
constexpr uint32_t numPanels = 2;
constexpr uint32_t nodeStride = 2 * padded;
constexpr uint32_t scoreStride = 16;

enum Param : uint32_t { E, B, P, Q, R, W, NumParams };
enum Constant : uint32_t { TableE, VectorB, PackP, PackQR, PackW };

//===----------------------------------------------------------------------===//
// Kernels, written against abi.h as generated ones are
//===----------------------------------------------------------------------===//

template <typename T> T *buffer(void *const *buffers, unsigned slot) {
  if (reinterpret_cast<uintptr_t>(buffers[slot]) % EDBC_ALIGNMENT != 0)
    test_network::sawMisaligned = true;
  return static_cast<T *>(buffers[slot]);
}

using Numbers = const uint32_t;

void runStart(void *const *buffers, int64_t rowBegin, int64_t rowEnd, int64_t,
              int64_t) {
  auto *items = buffer<Numbers>(buffers, 0),
       *rows = buffer<Numbers>(buffers, 1);
  auto *nodes = buffer<float>(buffers, 2);
  auto *b = buffer<const float>(buffers, 3);
  for (int64_t i = rowBegin; i < rowEnd; ++i) {
    float *out = nodes + size_t(rows[items[i]]) * nodeStride;
    for (uint32_t j = 0; j < padded; ++j) {
      out[j] = b[j];
      out[padded + j] = 1;
    }
  }
}

void runLeaf(void *const *buffers, int64_t rowBegin, int64_t rowEnd, int64_t,
             int64_t) {
  auto *items = buffer<Numbers>(buffers, 0);
  auto *tokens = buffer<Numbers>(buffers, 1);
  auto *rows = buffer<Numbers>(buffers, 2);
  auto *nodes = buffer<float>(buffers, 3);
  auto *table = buffer<const float>(buffers, 4);
  auto *b = buffer<const float>(buffers, 5);
  for (int64_t i = rowBegin; i < rowEnd; ++i) {
    const float *x = table + size_t(tokens[items[i]]) * padded;
    float *out = nodes + size_t(rows[items[i]]) * nodeStride;
    for (uint32_t j = 0; j < padded; ++j) {
      out[j] = x[j];
      out[padded + j] = x[j] + b[j];
    }
  }
}

void runMark(void *const *buffers, int64_t rowBegin, int64_t rowEnd, int64_t,
             int64_t) {
  auto *items = buffer<Numbers>(buffers, 0);
  auto *operands = buffer<Numbers>(buffers, 1);
  auto *values = buffer<const float>(buffers, 2);
  auto *rows = buffer<Numbers>(buffers, 3);
  auto *nodes = buffer<float>(buffers, 4);
  for (int64_t i = rowBegin; i < rowEnd; ++i) {
    const float *node = nodes + size_t(operands[items[i]]) * nodeStride;
    const float *x = values + size_t(items[i]) * 16;
    float *out = nodes + size_t(rows[items[i]]) * nodeStride;
    for (uint32_t j = 0; j < padded; ++j) {
      out[j] = node[j] + (j < 16 ? x[j] : 0);
      out[padded + j] = node[padded + j];
    }
  }
}

/// First phase of inner: one product of two segments.
void runInner0(void *const *buffers, int64_t rowBegin, int64_t rowEnd,
               int64_t panelBegin, int64_t panelEnd) {
  auto *items = buffer<Numbers>(buffers, 0);
  auto *left = buffer<Numbers>(buffers, 1),
       *right = buffer<Numbers>(buffers, 2);
  auto *nodes = buffer<float>(buffers, 4);
  auto *weights = buffer<const float>(buffers, 5);
  auto *workspace = buffer<float>(buffers, 7);
  for (int64_t i = rowBegin; i < rowEnd; ++i) {
    for (int64_t p = panelBegin; p < panelEnd; ++p) {
      const float *weight = weights + p * panel * 2 * hidden;
      float sums[panel] = {};
      for (Numbers *rows : {left, right}) {
        const float *h = nodes + size_t(rows[items[i]]) * nodeStride;
        for (uint32_t k = 0; k < hidden; ++k, weight += panel)
          for (uint32_t j = 0; j < panel; ++j)
            sums[j] += weight[j] * h[k];
      }
      for (uint32_t j = 0; j < panel; ++j)
        workspace[i * padded + p * panel + j] = sums[j];
    }
  }
}

/// Second phase of inner: two products of the same operand.
void runInner1(void *const *buffers, int64_t rowBegin, int64_t rowEnd,
               int64_t panelBegin, int64_t panelEnd) {
  auto *items = buffer<Numbers>(buffers, 0);
  auto *left = buffer<Numbers>(buffers, 1),
       *right = buffer<Numbers>(buffers, 2);
  auto *rows = buffer<Numbers>(buffers, 3);
  auto *nodes = buffer<float>(buffers, 4);
  auto *weights = buffer<const float>(buffers, 6);
  auto *workspace = buffer<const float>(buffers, 7);
  for (int64_t i = rowBegin; i < rowEnd; ++i) {
    const float *leftC = nodes + size_t(left[items[i]]) * nodeStride + padded;
    const float *rightC = nodes + size_t(right[items[i]]) * nodeStride + padded;
    float *out = nodes + size_t(rows[items[i]]) * nodeStride;
    for (int64_t p = panelBegin; p < panelEnd; ++p) {
      const float *weight = weights + p * panel * 2 * hidden;
      float q[panel] = {}, r[panel] = {};
      for (uint32_t k = 0; k < hidden; ++k, weight += 2 * panel) {
        for (uint32_t j = 0; j < panel; ++j) {
          q[j] += weight[j] * workspace[i * padded + k];
          r[j] += weight[panel + j] * workspace[i * padded + k];
        }
      }
      for (uint32_t j = 0; j < panel; ++j) {
        out[p * panel + j] = q[j] + leftC[p * panel + j];
        out[padded + p * panel + j] = r[j] - rightC[p * panel + j];
      }
    }
  }
}

void runScore(void *const *buffers, int64_t rowBegin, int64_t rowEnd, int64_t,
              int64_t) {
  auto *items = buffer<Numbers>(buffers, 0);
  auto *operands = buffer<Numbers>(buffers, 1);
  auto *rows = buffer<Numbers>(buffers, 2);
  auto *nodes = buffer<const float>(buffers, 3);
  auto *scores = buffer<float>(buffers, 4);
  auto *weight = buffer<const float>(buffers, 5);
  for (int64_t i = rowBegin; i < rowEnd; ++i) {
    const float *h = nodes + size_t(operands[items[i]]) * nodeStride;
    float *out = scores + size_t(rows[items[i]]) * scoreStride;
    for (uint32_t j = 0; j < panel; ++j) {
      out[j] = 0;
      for (uint32_t k = 0; k < hidden; ++k)
        out[j] += weight[k * panel + j] * h[k];
    }
  }
}

//===----------------------------------------------------------------------===//
// Description
//===----------------------------------------------------------------------===//

struct Embedded {
  Embedded() {
    fill(E, e, words, hidden);
    fill(B, b, 1, hidden);
    fill(P, p, hidden, 2 * hidden);
    fill(Q, q, hidden, hidden);
    fill(R, r, hidden, hidden);
    fill(W, w, labels, hidden);
  }
  static void fill(uint32_t param, float *out, uint32_t rows,
                   uint32_t columns) {
    for (uint32_t row = 0; row < rows; ++row)
      for (uint32_t column = 0; column < columns; ++column)
        *out++ = test_network::parameter(param, row, column);
  }

  float e[words * hidden], b[hidden], p[hidden * 2 * hidden];
  float q[hidden * hidden], r[hidden * hidden], w[labels * hidden];
};
const Embedded embedded;

const edbc_param_desc params[] = {
    {"E", 2, words, hidden, embedded.e},
    {"b", 1, 1, hidden, embedded.b},
    {"P", 2, hidden, 2 * hidden, embedded.p},
    {"Q", 2, hidden, hidden, embedded.q},
    {"R", 2, hidden, hidden, embedded.r},
    {"W", 2, labels, hidden, embedded.w},
};

const edbc_field_desc nodeFields[] = {{"h", 0, hidden}, {"c", padded, hidden}};
const edbc_field_desc scoreFields[] = {{"logits", 0, labels}};
const edbc_state_desc states[] = {{"Node", nodeFields, 2, nodeStride},
                                  {"Score", scoreFields, 1, scoreStride}};

const edbc_pack_term termsP0[] = {{P, 0}}, termsP1[] = {{P, hidden}};
const edbc_pack_term termsQR[] = {{Q, 0}, {R, 0}}, termsW[] = {{W, 0}};
const edbc_pack_segment segmentsP[] = {{termsP0, 1, hidden},
                                       {termsP1, 1, hidden}};
const edbc_pack_segment segmentsQR[] = {{termsQR, 2, hidden}};
const edbc_pack_segment segmentsW[] = {{termsW, 1, hidden}};
const edbc_constant_desc constants[] = {
    {EDBC_CONSTANT_PADDED, E, 0, 0, nullptr, 0},
    {EDBC_CONSTANT_PADDED, B, 0, 0, nullptr, 0},
    {EDBC_CONSTANT_PACKED, 0, hidden, panel, segmentsP, 2},
    {EDBC_CONSTANT_PACKED, 0, hidden, panel, segmentsQR, 1},
    {EDBC_CONSTANT_PACKED, 0, labels, panel, segmentsW, 1},
};

const edbc_operand_desc leafOperands[] = {
    {"word", EDBC_OPERAND_TOKEN, 0, words}};
const edbc_operand_desc markOperands[] = {{"node", EDBC_OPERAND_STATE, 0, 0},
                                          {"x", EDBC_OPERAND_DENSE, 0, marks}};
const edbc_operand_desc innerOperands[] = {{"left", EDBC_OPERAND_STATE, 0, 0},
                                           {"right", EDBC_OPERAND_STATE, 0, 0}};
const edbc_operand_desc scoreOperands[] = {{"node", EDBC_OPERAND_STATE, 0, 0}};

const edbc_binding startBindings[] = {{EDBC_BINDING_ITEMS, 0},
                                      {EDBC_BINDING_RESULT_ROWS, 0},
                                      {EDBC_BINDING_STATE, 0},
                                      {EDBC_BINDING_CONSTANT, VectorB}};
const edbc_binding leafBindings[] = {
    {EDBC_BINDING_ITEMS, 0},         {EDBC_BINDING_OPERAND_TOKENS, 0},
    {EDBC_BINDING_RESULT_ROWS, 0},   {EDBC_BINDING_STATE, 0},
    {EDBC_BINDING_CONSTANT, TableE}, {EDBC_BINDING_CONSTANT, VectorB}};
const edbc_binding markBindings[] = {{EDBC_BINDING_ITEMS, 0},
                                     {EDBC_BINDING_OPERAND_ROWS, 0},
                                     {EDBC_BINDING_OPERAND_VALUES, 1},
                                     {EDBC_BINDING_RESULT_ROWS, 0},
                                     {EDBC_BINDING_STATE, 0}};
const edbc_binding innerBindings[] = {
    {EDBC_BINDING_ITEMS, 0},         {EDBC_BINDING_OPERAND_ROWS, 0},
    {EDBC_BINDING_OPERAND_ROWS, 1},  {EDBC_BINDING_RESULT_ROWS, 0},
    {EDBC_BINDING_STATE, 0},         {EDBC_BINDING_CONSTANT, PackP},
    {EDBC_BINDING_CONSTANT, PackQR}, {EDBC_BINDING_WORKSPACE, 0}};
const edbc_binding scoreBindings[] = {
    {EDBC_BINDING_ITEMS, 0},       {EDBC_BINDING_OPERAND_ROWS, 0},
    {EDBC_BINDING_RESULT_ROWS, 0}, {EDBC_BINDING_STATE, 0},
    {EDBC_BINDING_STATE, 1},       {EDBC_BINDING_CONSTANT, PackW}};

const edbc_phase_desc startPhases[] = {{{runStart, runStart}, 1, 0}};
const edbc_phase_desc leafPhases[] = {{{runLeaf, runLeaf}, 1, 0}};
const edbc_phase_desc markPhases[] = {{{runMark, runMark}, 1, 0}};
const edbc_phase_desc innerPhases[] = {{{runInner0, runInner0}, numPanels, 0},
                                       {{runInner1, runInner1}, numPanels, 0}};
const edbc_phase_desc scorePhases[] = {{{runScore, runScore}, 1, 0}};

const edbc_cell_desc cells[] = {
    {"start", nullptr, 0, 0, startBindings, 4, 1, startPhases, 0, 0},
    {"leaf", leafOperands, 1, 0, leafBindings, 6, 1, leafPhases, 0, 0},
    {"mark", markOperands, 2, 0, markBindings, 5, 1, markPhases, 0, 0},
    {"inner", innerOperands, 2, 0, innerBindings, 8, 2, innerPhases, padded, 0},
    {"score", scoreOperands, 1, 1, scoreBindings, 6, 1, scorePhases, 0, 0},
};

const edbc_output_desc outputs[] = {{"logits", 1, 0}, {"hidden", 0, 0}};

// In the state {leaf}, key 2, batch leaf; all else is left to the fallback.
const edbc_transition slots[] = {{2, 1, 0}, {0, 0, 0}};

} // namespace

const edbc_library edbc_library_test_network = {EDBC_ABI_VERSION,
                                                sizeof(edbc_library),
                                                "test_network",
                                                params,
                                                states,
                                                constants,
                                                cells,
                                                outputs,
                                                6,
                                                2,
                                                5,
                                                5,
                                                2,
                                                0,
                                                {EDBC_ENCODING_SORT, 1, slots}};

//===----------------------------------------------------------------------===//
// Reference
//===----------------------------------------------------------------------===//

std::atomic<bool> test_network::sawMisaligned{false};

float test_network::parameter(uint32_t param, uint32_t row, uint32_t column) {
  uint32_t hash = (param * 31 + row) * 131 + column;
  hash = (hash ^ hash >> 7) * 0x9E3779B9u >> 20;
  // Sparse in the matrices, so that deep trees keep small values.
  if (param >= P && hash % 8 != 0)
    return 0;
  return static_cast<float>(static_cast<int>(hash / 8 % 9) - 4) / 8;
}

Values test_network::startValues() {
  Values result = {std::vector<float>(hidden), std::vector<float>(hidden, 1)};
  for (uint32_t j = 0; j < hidden; ++j)
    result.h[j] = parameter(B, 0, j);
  return result;
}

Values test_network::leafValues(uint32_t word) {
  Values result = {std::vector<float>(hidden), std::vector<float>(hidden)};
  for (uint32_t j = 0; j < hidden; ++j) {
    result.h[j] = parameter(E, word, j);
    result.c[j] = parameter(E, word, j) + parameter(B, 0, j);
  }
  return result;
}

Values test_network::markValues(const Values &node,
                                const std::vector<float> &x) {
  Values result = node;
  for (uint32_t j = 0; j < marks; ++j)
    result.h[j] += x[j];
  return result;
}

Values test_network::innerValues(const Values &left, const Values &right) {
  std::vector<float> r(hidden);
  for (uint32_t j = 0; j < hidden; ++j) {
    for (uint32_t k = 0; k < hidden; ++k)
      r[j] += parameter(P, j, k) * left.h[k];
    for (uint32_t k = 0; k < hidden; ++k)
      r[j] += parameter(P, j, hidden + k) * right.h[k];
  }
  Values result = {std::vector<float>(hidden), std::vector<float>(hidden)};
  for (uint32_t j = 0; j < hidden; ++j) {
    for (uint32_t k = 0; k < hidden; ++k) {
      result.h[j] += parameter(Q, j, k) * r[k];
      result.c[j] += parameter(R, j, k) * r[k];
    }
    result.h[j] += left.c[j];
    result.c[j] -= right.c[j];
  }
  return result;
}

std::vector<float> test_network::scoreValues(const Values &node) {
  std::vector<float> logits(labels);
  for (uint32_t j = 0; j < labels; ++j)
    for (uint32_t k = 0; k < hidden; ++k)
      logits[j] += parameter(W, j, k) * node.h[k];
  return logits;
}
