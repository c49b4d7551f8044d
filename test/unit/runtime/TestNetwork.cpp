//===- TestNetwork.cpp - a network made by hand ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/runtime/TestNetwork.h"
#include "test/unit/runtime/TestKernels.h"

#include <thread>

using test_network::TableElements;
using test_network::Values;

namespace {

constexpr uint32_t hidden = test_network::Model::hidden;
constexpr uint32_t words = test_network::Model::words;
constexpr uint32_t labels = test_network::Model::labels;
constexpr uint32_t marks = test_network::Model::marks;
constexpr uint32_t tables = test_network::Model::tables;
constexpr uint32_t columns = test_network::Model::columns;
// Rows are padded to multiples of 16; two panels of 16 hold 20 units.
constexpr uint32_t padded = 32;
constexpr uint32_t panel = 16;
constexpr uint32_t numPanels = 2;
constexpr uint32_t nodeStride = 2 * padded;
constexpr uint32_t scoreStride = 16;
constexpr uint32_t tableStride = columns * padded;

enum Param : uint32_t { E, B, P, Q, R, W, T, NumParams };
enum Constant : uint32_t {
  TableE,
  VectorB,
  PackP,
  PackQR,
  PackW,
  TablesT,
  NodeTable,
  NumConstants
};
/// Rows of the table of Node: that of origin, then those of word.
constexpr uint32_t originRow = 0, firstWordRow = 1, nodeTableRows = 1 + words;
/// The number of the table that holds the latter.
constexpr uint32_t wordTable = 1;

//===----------------------------------------------------------------------===//
// Kernels, written against abi.h as generated ones are
//===----------------------------------------------------------------------===//

template <typename T> T *buffer(void *const *buffers, unsigned slot) {
  if (reinterpret_cast<uintptr_t>(buffers[slot]) % EDBC_ALIGNMENT != 0)
    test_network::sawBadCall = true;
  return static_cast<T *>(buffers[slot]);
}

using Numbers = const uint32_t;

/// Reads what the ABI allows behind the last row of an array, which `row` may
/// be: for AddressSanitizer.
void readBehind(const float *row, uint32_t stride) {
  for (uint32_t j = 0; j < EDBC_LANES; ++j)
    static_cast<void>(static_cast<const volatile float *>(row)[stride + j]);
}

/// Nodes by row, of the session or of the table, whose buffers are in two
/// slots.
class Nodes {
public:
  Nodes(void *const *buffers, unsigned slot, unsigned tableSlot)
      : executed(buffer<const float>(buffers, slot)),
        table(buffer<const float>(buffers, tableSlot)) {}

  const float *operator[](uint32_t row) const {
    return row < EDBC_TABLE_ROW
               ? executed + size_t(row) * nodeStride
               : table + size_t(row - EDBC_TABLE_ROW) * nodeStride;
  }

private:
  const float *executed, *table;
};

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
    readBehind(x, padded);
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
  auto *results = buffer<float>(buffers, 4);
  Nodes nodes(buffers, 4, 5);
  for (int64_t i = rowBegin; i < rowEnd; ++i) {
    const float *node = nodes[operands[items[i]]];
    const float *x = values + size_t(items[i]) * 16;
    readBehind(x, 16);
    float *out = results + size_t(rows[items[i]]) * nodeStride;
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
  Nodes nodes(buffers, 4, 8);
  auto *weights = buffer<const float>(buffers, 5);
  auto *workspace = buffer<float>(buffers, 7);
  for (int64_t i = rowBegin; i < rowEnd; ++i) {
    for (int64_t p = panelBegin; p < panelEnd; ++p) {
      const float *weight = weights + p * panel * 2 * hidden;
      float sums[panel] = {};
      for (Numbers *rows : {left, right}) {
        const float *h = nodes[rows[items[i]]];
        for (uint32_t k = 0; k < hidden; ++k, weight += panel)
          for (uint32_t j = 0; j < panel; ++j)
            sums[j] += weight[j] * h[k];
      }
      for (uint32_t j = 0; j < panel; ++j)
        workspace[i * padded + p * panel + j] = sums[j];
    }
    readBehind(workspace + i * padded, padded);
  }
}

const std::thread::id firstThread = std::this_thread::get_id();

/// Second phase of inner: two products of the same operand.
void runInner1(void *const *buffers, int64_t rowBegin, int64_t rowEnd,
               int64_t panelBegin, int64_t panelEnd) {
  auto *items = buffer<Numbers>(buffers, 0);
  auto *left = buffer<Numbers>(buffers, 1),
       *right = buffer<Numbers>(buffers, 2);
  auto *rows = buffer<Numbers>(buffers, 3);
  auto *results = buffer<float>(buffers, 4);
  Nodes nodes(buffers, 4, 8);
  auto *weights = buffer<const float>(buffers, 6);
  auto *workspace = buffer<const float>(buffers, 7);
  if (std::this_thread::get_id() != firstThread)
    test_network::sawOtherThread = true;
  for (int64_t i = rowBegin; i < rowEnd; ++i) {
    const float *leftC = nodes[left[items[i]]] + padded;
    const float *rightC = nodes[right[items[i]]] + padded;
    float *out = results + size_t(rows[items[i]]) * nodeStride;
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
  Nodes nodes(buffers, 3, 6);
  auto *scores = buffer<float>(buffers, 4);
  auto *weight = buffer<const float>(buffers, 5);
  for (int64_t i = rowBegin; i < rowEnd; ++i) {
    const float *h = nodes[operands[items[i]]];
    float *out = scores + size_t(rows[items[i]]) * scoreStride;
    readBehind(h, nodeStride);
    for (uint32_t j = 0; j < panel; ++j) {
      out[j] = 0;
      for (uint32_t k = 0; k < hidden; ++k)
        out[j] += weight[k * panel + j] * h[k];
    }
  }
}

/// First phase of join, for each element of some.
void runJoin0(void *const *buffers, int64_t rowBegin, int64_t rowEnd, int64_t,
              int64_t) {
  auto *items = buffer<Numbers>(buffers, 0),
       *base = buffer<Numbers>(buffers, 1), *some = buffer<Numbers>(buffers, 2),
       *owners = buffer<Numbers>(buffers, 3);
  Nodes nodes(buffers, 9, 10);
  auto *workspace = buffer<float>(buffers, 5);
  for (int64_t e = rowBegin; e < rowEnd; ++e) {
    const float *h = nodes[some[e]];
    const float *c = nodes[base[items[owners[e]]]] + padded;
    for (uint32_t j = 0; j < padded; ++j)
      workspace[e * padded + j] = h[j] + c[j];
    readBehind(workspace + e * padded, padded);
  }
}

/// Second phase of join, for each node.
void runJoin1(void *const *buffers, int64_t rowBegin, int64_t rowEnd, int64_t,
              int64_t) {
  auto *items = buffer<Numbers>(buffers, 0),
       *base = buffer<Numbers>(buffers, 1),
       *someBegins = buffer<Numbers>(buffers, 4),
       *more = buffer<Numbers>(buffers, 6),
       *moreBegins = buffer<Numbers>(buffers, 7),
       *rows = buffer<Numbers>(buffers, 8);
  auto *workspace = buffer<const float>(buffers, 5);
  auto *results = buffer<float>(buffers, 9);
  Nodes nodes(buffers, 9, 10);
  for (int64_t i = rowBegin; i < rowEnd; ++i) {
    const float *from = nodes[base[items[i]]];
    float *out = results + size_t(rows[items[i]]) * nodeStride;
    for (uint32_t j = 0; j < padded; ++j) {
      float h = 0, c = 0;
      for (uint32_t e = someBegins[i]; e < someBegins[i + 1]; ++e)
        h += workspace[e * padded + j];
      for (uint32_t e = moreBegins[i]; e < moreBegins[i + 1]; ++e)
        c += nodes[more[e]][padded + j];
      out[j] = from[j] + h / 8;
      out[padded + j] = from[padded + j] - c / 8;
    }
  }
}

/// For each column.
void runTable(void *const *buffers, int64_t rowBegin, int64_t rowEnd, int64_t,
              int64_t) {
  auto *items = buffer<Numbers>(buffers, 0),
       *indices = buffer<Numbers>(buffers, 1),
       *rows = buffer<Numbers>(buffers, 2);
  auto *results = buffer<float>(buffers, 3);
  auto *constant = buffer<const float>(buffers, 4);
  for (int64_t row = rowBegin; row < rowEnd; ++row) {
    uint32_t item = items[row / columns];
    size_t column = static_cast<size_t>(row % columns) * padded;
    const float *from = constant + indices[item] * tableStride + column;
    float *out = results + rows[item] * tableStride + column;
    readBehind(from, padded);
    for (uint32_t j = 0; j < padded; ++j)
      out[j] = from[j];
  }
}

/// For each column.
void runShift(void *const *buffers, int64_t rowBegin, int64_t rowEnd, int64_t,
              int64_t) {
  auto *items = buffer<Numbers>(buffers, 0),
       *table = buffer<Numbers>(buffers, 1),
       *node = buffer<Numbers>(buffers, 2), *rows = buffer<Numbers>(buffers, 3);
  auto *results = buffer<float>(buffers, 4);
  Nodes nodes(buffers, 5, 6);
  for (int64_t row = rowBegin; row < rowEnd; ++row) {
    uint32_t item = items[row / columns];
    size_t column = static_cast<size_t>(row % columns) * padded;
    const float *from = results + table[item] * tableStride + column;
    const float *h = nodes[node[item]];
    float *out = results + rows[item] * tableStride + column;
    for (uint32_t j = 0; j < padded; ++j)
      out[j] = from[j] + h[j];
  }
}

/// First phase of total, for each column of each element.
void runTotal0(void *const *buffers, int64_t rowBegin, int64_t rowEnd, int64_t,
               int64_t) {
  if (rowBegin == rowEnd)
    test_network::sawBadCall = true;
  auto *elements = buffer<Numbers>(buffers, 1);
  auto *workspace = buffer<float>(buffers, 3);
  auto *results = buffer<const float>(buffers, 5);
  for (int64_t row = rowBegin; row < rowEnd; ++row) {
    const float *from = results + elements[row / columns] * tableStride +
                        row % columns * padded;
    for (uint32_t j = 0; j < padded; ++j)
      workspace[row * padded + j] = from[j] / 2;
  }
}

/// Second phase of total, for each column of each node.
void runTotal1(void *const *buffers, int64_t rowBegin, int64_t rowEnd, int64_t,
               int64_t) {
  auto *items = buffer<Numbers>(buffers, 0),
       *begins = buffer<Numbers>(buffers, 2),
       *rows = buffer<Numbers>(buffers, 4);
  auto *workspace = buffer<const float>(buffers, 3);
  auto *results = buffer<float>(buffers, 5);
  for (int64_t row = rowBegin; row < rowEnd; ++row) {
    int64_t i = row / columns, column = row % columns;
    float *out = results + rows[items[i]] * tableStride + column * padded;
    for (uint32_t j = 0; j < padded; ++j) {
      out[j] = 0;
      for (uint32_t e = begins[i]; e < begins[i + 1]; ++e)
        out[j] += workspace[(e * columns + column) * padded + j];
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
    fill(T, t, tables * hidden, columns);
  }
  static void fill(uint32_t param, float *out, uint32_t rows,
                   uint32_t columns) {
    for (uint32_t row = 0; row < rows; ++row)
      for (uint32_t column = 0; column < columns; ++column)
        *out++ = test_network::parameter(param, row, column);
  }

  float e[words * hidden], b[hidden], p[hidden * 2 * hidden];
  float q[hidden * hidden], r[hidden * hidden], w[labels * hidden];
  float t[tables * hidden * columns];
};
const Embedded embedded;

const edbc_param_desc params[] = {
    {"E", 2, 1, words, hidden, embedded.e},
    {"b", 1, 1, 1, hidden, embedded.b},
    {"P", 2, 1, hidden, 2 * hidden, embedded.p},
    {"Q", 2, 1, hidden, hidden, embedded.q},
    {"R", 2, 1, hidden, hidden, embedded.r},
    {"W", 2, 1, labels, hidden, embedded.w},
    {"T", 3, tables, hidden, columns, embedded.t},
};

const edbc_field_desc nodeFields[] = {{"h", 0, hidden, 1, 0},
                                      {"c", padded, hidden, 1, 0}};
const edbc_field_desc scoreFields[] = {{"logits", 0, labels, 1, 0}};
const edbc_field_desc tableFields[] = {{"m", 0, hidden, columns, 0}};
const edbc_state_desc states[] = {
    {"Node", nodeFields, 2, nodeStride, NodeTable, nodeTableRows},
    {"Score", scoreFields, 1, scoreStride, 0, 0},
    {"Table", tableFields, 1, tableStride, 0, 0}};

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
    {EDBC_CONSTANT_COLUMNS, T, 0, 0, nullptr, 0},
    {EDBC_CONSTANT_STATE_TABLE, 0, nodeTableRows, 0, nullptr, 0},
};

const edbc_operand_desc leafOperands[] = {
    {"word", EDBC_OPERAND_TOKEN, 0, words, 0, EDBC_NO_TABLE, 0}};
const edbc_operand_desc wordOperands[] = {
    {"word", EDBC_OPERAND_TOKEN, 0, words, 0, wordTable, 0}};
const edbc_operand_desc markOperands[] = {
    {"node", EDBC_OPERAND_STATE, 0, 0, 0, EDBC_NO_TABLE, 0},
    {"x", EDBC_OPERAND_DENSE, 0, marks, 0, EDBC_NO_TABLE, 0}};
const edbc_operand_desc innerOperands[] = {
    {"left", EDBC_OPERAND_STATE, 0, 0, 0, EDBC_NO_TABLE, 0},
    {"right", EDBC_OPERAND_STATE, 0, 0, 0, EDBC_NO_TABLE, 0}};
const edbc_operand_desc scoreOperands[] = {
    {"node", EDBC_OPERAND_STATE, 0, 0, 0, EDBC_NO_TABLE, 0}};
const edbc_operand_desc joinOperands[] = {
    {"base", EDBC_OPERAND_STATE, 0, 0, 0, EDBC_NO_TABLE, 0},
    {"some", EDBC_OPERAND_STATES, 0, 1, padded, EDBC_NO_TABLE, 0},
    {"more", EDBC_OPERAND_STATES, 0, 0, 0, EDBC_NO_TABLE, 0}};
const edbc_operand_desc tableOperands[] = {
    {"index", EDBC_OPERAND_TOKEN, 0, tables, 0, EDBC_NO_TABLE, 0}};
const edbc_operand_desc shiftOperands[] = {
    {"table", EDBC_OPERAND_STATE, 2, 0, 0, EDBC_NO_TABLE, 0},
    {"node", EDBC_OPERAND_STATE, 0, 0, 0, EDBC_NO_TABLE, 0}};
const edbc_operand_desc totalOperands[] = {
    {"tables", EDBC_OPERAND_STATES, 2, 0, tableStride, EDBC_NO_TABLE, 0}};

const edbc_binding startBindings[] = {{EDBC_BINDING_ITEMS, 0},
                                      {EDBC_BINDING_RESULT_ROWS, 0},
                                      {EDBC_BINDING_STATE, 0},
                                      {EDBC_BINDING_CONSTANT, VectorB}};
const edbc_binding leafBindings[] = {
    {EDBC_BINDING_ITEMS, 0},         {EDBC_BINDING_OPERAND_TOKENS, 0},
    {EDBC_BINDING_RESULT_ROWS, 0},   {EDBC_BINDING_STATE, 0},
    {EDBC_BINDING_CONSTANT, TableE}, {EDBC_BINDING_CONSTANT, VectorB}};
const edbc_binding markBindings[] = {
    {EDBC_BINDING_ITEMS, 0},          {EDBC_BINDING_OPERAND_ROWS, 0},
    {EDBC_BINDING_OPERAND_VALUES, 1}, {EDBC_BINDING_RESULT_ROWS, 0},
    {EDBC_BINDING_STATE, 0},          {EDBC_BINDING_CONSTANT, NodeTable}};
const edbc_binding innerBindings[] = {
    {EDBC_BINDING_ITEMS, 0},           {EDBC_BINDING_OPERAND_ROWS, 0},
    {EDBC_BINDING_OPERAND_ROWS, 1},    {EDBC_BINDING_RESULT_ROWS, 0},
    {EDBC_BINDING_STATE, 0},           {EDBC_BINDING_CONSTANT, PackP},
    {EDBC_BINDING_CONSTANT, PackQR},   {EDBC_BINDING_WORKSPACE, 0},
    {EDBC_BINDING_CONSTANT, NodeTable}};
const edbc_binding scoreBindings[] = {
    {EDBC_BINDING_ITEMS, 0},           {EDBC_BINDING_OPERAND_ROWS, 0},
    {EDBC_BINDING_RESULT_ROWS, 0},     {EDBC_BINDING_STATE, 0},
    {EDBC_BINDING_STATE, 1},           {EDBC_BINDING_CONSTANT, PackW},
    {EDBC_BINDING_CONSTANT, NodeTable}};
const edbc_binding joinBindings[] = {
    {EDBC_BINDING_ITEMS, 0},           {EDBC_BINDING_OPERAND_ROWS, 0},
    {EDBC_BINDING_ELEMENT_ROWS, 1},    {EDBC_BINDING_ELEMENT_OWNERS, 1},
    {EDBC_BINDING_ELEMENT_BEGINS, 1},  {EDBC_BINDING_ELEMENT_WORKSPACE, 1},
    {EDBC_BINDING_ELEMENT_ROWS, 2},    {EDBC_BINDING_ELEMENT_BEGINS, 2},
    {EDBC_BINDING_RESULT_ROWS, 0},     {EDBC_BINDING_STATE, 0},
    {EDBC_BINDING_CONSTANT, NodeTable}};
const edbc_binding tableBindings[] = {{EDBC_BINDING_ITEMS, 0},
                                      {EDBC_BINDING_OPERAND_TOKENS, 0},
                                      {EDBC_BINDING_RESULT_ROWS, 0},
                                      {EDBC_BINDING_STATE, 2},
                                      {EDBC_BINDING_CONSTANT, TablesT}};
const edbc_binding shiftBindings[] = {
    {EDBC_BINDING_ITEMS, 0},           {EDBC_BINDING_OPERAND_ROWS, 0},
    {EDBC_BINDING_OPERAND_ROWS, 1},    {EDBC_BINDING_RESULT_ROWS, 0},
    {EDBC_BINDING_STATE, 2},           {EDBC_BINDING_STATE, 0},
    {EDBC_BINDING_CONSTANT, NodeTable}};
const edbc_binding totalBindings[] = {
    {EDBC_BINDING_ITEMS, 0},          {EDBC_BINDING_ELEMENT_ROWS, 0},
    {EDBC_BINDING_ELEMENT_BEGINS, 0}, {EDBC_BINDING_ELEMENT_WORKSPACE, 0},
    {EDBC_BINDING_RESULT_ROWS, 0},    {EDBC_BINDING_STATE, 2}};

constexpr edbc_phase_desc phase(edbc_phase_fn function, uint32_t numPanels = 1,
                                uint32_t numColumns = 1,
                                uint32_t operand = EDBC_NODES,
                                uint32_t copied = 0) {
  return {
      {function, function, function}, numPanels, numColumns, operand, copied,
      EDBC_NO_DEVICE_FUNCTION,        0};
}
/// Of a cell that reads no results of its own state.
constexpr edbc_phase_desc ahead(edbc_phase_desc phase) {
  phase.ahead = 1;
  return phase;
}
const edbc_phase_desc startPhases[] = {phase(runStart)};
const edbc_phase_desc leafPhases[] = {ahead(phase(runLeaf))};
const edbc_phase_desc markPhases[] = {phase(runMark)};
const edbc_phase_desc innerPhases[] = {phase(runInner0, numPanels),
                                       phase(runInner1, numPanels)};
const edbc_phase_desc scorePhases[] = {ahead(phase(runScore))};
const edbc_phase_desc joinPhases[] = {phase(runJoin0, 1, 1, 1),
                                      phase(runJoin1)};
const edbc_phase_desc tablePhases[] = {
    phase(runTable, 1, columns, EDBC_NODES, test_network::Model::hidden)};
const edbc_phase_desc shiftPhases[] = {phase(runShift, 1, columns)};
const edbc_phase_desc totalPhases[] = {phase(runTotal0, 1, columns, 0),
                                       phase(runTotal1, 1, columns)};

const edbc_cell_desc cells[] = {
    {"start", nullptr, 0, 0, startBindings, 4, 1, startPhases, 0, 0},
    {"leaf", leafOperands, 1, 0, leafBindings, 6, 1, leafPhases, 0, 0},
    {"mark", markOperands, 2, 0, markBindings, 6, 1, markPhases, 0, 0},
    {"inner", innerOperands, 2, 0, innerBindings, 9, 2, innerPhases, padded, 0},
    {"score", scoreOperands, 1, 1, scoreBindings, 7, 1, scorePhases, 0, 0},
    {"join", joinOperands, 3, 0, joinBindings, 11, 2, joinPhases, 0, 0},
    {"table", tableOperands, 1, 2, tableBindings, 5, 1, tablePhases, 0, 0},
    {"shift", shiftOperands, 2, 2, shiftBindings, 7, 1, shiftPhases, 0, 0},
    {"total", totalOperands, 1, 2, totalBindings, 6, 2, totalPhases, 0, 0},
    {"origin", nullptr, 0, 0, nullptr, 0, 0, nullptr, 0,
     EDBC_TABLE_ROW + originRow},
    {"word", wordOperands, 1, 0, nullptr, 0, 0, nullptr, 0,
     EDBC_TABLE_ROW + firstWordRow},
    // The tables' cells.
    {"origin.result", nullptr, 0, 0, startBindings, 4, 1, startPhases, 0,
     EDBC_TABLE_ROW + originRow},
    {"word.word", leafOperands, 1, 0, leafBindings, 6, 1, leafPhases, 0,
     EDBC_TABLE_ROW + firstWordRow},
};

const edbc_output_desc outputs[] = {
    {"logits", 1, 0}, {"hidden", 0, 0}, {"matrix", 2, 0}};

// In the state {inner}, key 4, batch inner; all else is left to the fallback.
const edbc_transition slots[] = {{4, 3, 0}, {0, 0, 0}};

} // namespace

const edbc_library edbc_library_test_network = {
    EDBC_ABI_VERSION,
    sizeof(edbc_library),
    "test_network",
    params,
    states,
    constants,
    cells,
    outputs,
    NumParams,
    3,
    NumConstants,
    11,
    3,
    2,
    {EDBC_POLICY_FSM, EDBC_ENCODING_SORT, 1, 0, slots},
    nullptr};

//===----------------------------------------------------------------------===//
// Reference
//===----------------------------------------------------------------------===//

std::atomic<bool> test_network::sawBadCall{false};
std::atomic<bool> test_network::sawOtherThread{false};

float test_network::parameter(uint32_t param, uint32_t row, uint32_t column) {
  uint32_t hash = (param * 31 + row) * 131 + column;
  hash = (hash ^ hash >> 7) * 0x9E3779B9u >> 20;
  // Sparse in the matrices, so that deep trees keep small values.
  if (param >= P && param <= W && hash % 8 != 0)
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

Values test_network::joinValues(const Values &base,
                                const std::vector<Values> &some,
                                const std::vector<Values> &more) {
  Values result = base;
  for (uint32_t j = 0; j < hidden; ++j) {
    float h = 0, c = 0;
    for (const Values &values : some)
      h += values.h[j] + base.c[j];
    for (const Values &values : more)
      c += values.c[j];
    result.h[j] += h / 8;
    result.c[j] -= c / 8;
  }
  return result;
}

TableElements test_network::tableValues(uint32_t index) {
  TableElements result;
  for (uint32_t column = 0; column < columns; ++column)
    for (uint32_t row = 0; row < hidden; ++row)
      result.push_back(parameter(T, index * hidden + row, column));
  return result;
}

TableElements test_network::shiftValues(const TableElements &table,
                                        const Values &node) {
  TableElements result = table;
  for (uint32_t j = 0; j < result.size(); ++j)
    result[j] += node.h[j % hidden];
  return result;
}

TableElements
test_network::totalValues(const std::vector<TableElements> &tables) {
  TableElements result(columns * hidden);
  for (const TableElements &table : tables)
    for (uint32_t j = 0; j < result.size(); ++j)
      result[j] += table[j] / 2;
  return result;
}
