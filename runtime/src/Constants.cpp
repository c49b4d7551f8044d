//===- Constants.cpp - weights in the order kernels read them --*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Constants.h"

#include "runtime/src/AlignedArray.h"

#include <algorithm>
#include <cstring>

using namespace edbc;

static size_t numPanels(const edbc_constant_desc &constant) {
  return (size_t(constant.rows) + constant.panel - 1) / constant.panel;
}

static size_t panelSize(const edbc_constant_desc &constant) {
  size_t size = 0;
  for (uint32_t s = 0; s < constant.num_segments; ++s)
    size += size_t(constant.segments[s].depth) *
            constant.segments[s].num_terms * constant.panel;
  return size;
}

static const edbc_cell_desc &tableCell(const edbc_library &library,
                                       const edbc_constant_desc &table) {
  return library.cells[library.num_cells + table.param];
}

size_t edbc::constantSize(const edbc_library &library,
                          const edbc_constant_desc &constant) {
  const edbc_param_desc *param = library.params + constant.param;
  switch (constant.kind) {
  case EDBC_CONSTANT_PADDED:
    return size_t(param->matrices) * param->rows * paddedWidth(param->columns);
  case EDBC_CONSTANT_PACKED:
    return numPanels(constant) * panelSize(constant);
  case EDBC_CONSTANT_COLUMNS:
    return size_t(param->matrices) * param->columns * paddedWidth(param->rows);
  case EDBC_CONSTANT_TABLE:
    return size_t(constant.rows) *
           library.states[tableCell(library, constant).result].stride;
  case EDBC_CONSTANT_STATE_TABLE:
    return size_t(constant.rows) * library.states[constant.param].stride;
  }
  return 0;
}

//===----------------------------------------------------------------------===//
// Transposition
//===----------------------------------------------------------------------===//

/// As every machine has them in a register: the runtime is compiled once, for
/// all. In wider ones it would hardly be faster, for it waits for memory.
typedef float Four __attribute__((vector_size(16)));

static Four load(const float *from) {
  Four values;
  memcpy(&values, from, sizeof(values));
  return values;
}

static void store(float *to, Four values) {
  memcpy(to, &values, sizeof(values));
}

/// Transposes four rows of four floats.
static void transposeFour(const float *values, size_t rowStride, float *out,
                          size_t columnStride) {
  Four row0 = load(values), row1 = load(values + rowStride);
  Four row2 = load(values + 2 * rowStride), row3 = load(values + 3 * rowStride);
  Four low01 = __builtin_shufflevector(row0, row1, 0, 4, 1, 5);
  Four low23 = __builtin_shufflevector(row2, row3, 0, 4, 1, 5);
  Four high01 = __builtin_shufflevector(row0, row1, 2, 6, 3, 7);
  Four high23 = __builtin_shufflevector(row2, row3, 2, 6, 3, 7);
  store(out, __builtin_shufflevector(low01, low23, 0, 1, 4, 5));
  store(out + columnStride, __builtin_shufflevector(low01, low23, 2, 3, 6, 7));
  store(out + 2 * columnStride,
        __builtin_shufflevector(high01, high23, 0, 1, 4, 5));
  store(out + 3 * columnStride,
        __builtin_shufflevector(high01, high23, 2, 3, 6, 7));
}

/// The side of a block that is transposed at one go: a cache line is read or
/// written as a whole.
static constexpr size_t block = EDBC_LANES;

static void transposeBlock(const float *values, size_t rowStride, float *out,
                           size_t columnStride) {
  for (size_t row = 0; row < block; row += 4)
    for (size_t column = 0; column < block; column += 4)
      transposeFour(values + row * rowStride + column, rowStride,
                    out + column * columnStride + row, columnStride);
}

/// Has a block's lines fetched that will be written next. They are too far
/// apart for the processor to foresee them.
static void prefetchBlock(float *out, size_t columnStride) {
  for (size_t column = 0; column < block; ++column)
    __builtin_prefetch(out + column * columnStride, 1);
}

/// Transposes `numRows` rows, `rowStride` floats apart, of `numColumns` floats:
/// column c is written to `out + c * columnStride`.
static void transpose(const float *values, size_t rowStride, size_t numRows,
                      size_t numColumns, float *out, size_t columnStride) {
  for (size_t column = 0; column < numColumns; column += block) {
    size_t width = std::min(block, numColumns - column);
    for (size_t row = 0; row < numRows; row += block) {
      size_t height = std::min(block, numRows - row);
      const float *from = values + row * rowStride + column;
      float *to = out + column * columnStride + row;
      if (column + 2 * block <= numColumns)
        prefetchBlock(to + block * columnStride, columnStride);
      if (width == block && height == block) {
        transposeBlock(from, rowStride, to, columnStride);
        continue;
      }
      for (size_t c = 0; c < width; ++c)
        for (size_t r = 0; r < height; ++r)
          to[c * columnStride + r] = from[r * rowStride + c];
    }
  }
}

//===----------------------------------------------------------------------===//
// ConstantWriter
//===----------------------------------------------------------------------===//

ConstantWriter::ConstantWriter(const edbc_library &library,
                               const std::vector<float *> &constants)
    : library(library), uses(library.num_params) {
  for (uint32_t i = 0; i < library.num_constants; ++i) {
    const edbc_constant_desc &constant = library.constants[i];
    switch (constant.kind) {
    case EDBC_CONSTANT_PADDED:
      uses[constant.param].padded.push_back(constants[i]);
      break;
    case EDBC_CONSTANT_PACKED:
      addPacked(constant, constants[i]);
      break;
    case EDBC_CONSTANT_COLUMNS: {
      size_t rows = library.params[constant.param].rows;
      size_t columns = library.params[constant.param].columns;
      size_t stride = paddedWidth(rows);
      uses[constant.param].transposed.push_back(
          {constants[i], 0, columns, rows, stride, columns * stride, stride});
      break;
    }
    case EDBC_CONSTANT_TABLE:
    case EDBC_CONSTANT_STATE_TABLE:
      break;
    }
  }
}

void ConstantWriter::addPacked(const edbc_constant_desc &constant, float *out) {
  size_t panel = constant.panel;
  size_t panelStride = panelSize(constant);
  for (uint32_t s = 0; s < constant.num_segments; ++s) {
    const edbc_pack_segment &segment = constant.segments[s];
    size_t stride = segment.num_terms * panel;
    for (uint32_t t = 0; t < segment.num_terms; ++t) {
      const edbc_pack_term &term = segment.terms[t];
      uses[term.param].transposed.push_back({out + t * panel, term.column,
                                             segment.depth, panel, panel,
                                             panelStride, stride});
    }
    out += segment.depth * stride;
  }
}

static void writePadded(const float *values, size_t numRows, size_t columns,
                        float *out) {
  size_t stride = paddedWidth(columns);
  for (size_t row = 0; row < numRows; ++row) {
    std::copy_n(values + row * columns, columns, out);
    std::fill(out + columns, out + stride, 0.0f);
    out += stride;
  }
}

/// Writes the padding behind `numRows` rows, the last ones of a block.
static void padColumns(size_t numRows, size_t paddedRows, size_t numColumns,
                       float *out, size_t columnStride) {
  if (numRows == paddedRows)
    return;
  for (size_t c = 0; c < numColumns; ++c)
    std::fill(out + c * columnStride + numRows,
              out + c * columnStride + paddedRows, 0.0f);
}

void ConstantWriter::write(uint32_t param, size_t firstRow, size_t numRows,
                           const float *values) const {
  const edbc_param_desc &desc = library.params[param];
  for (float *out : uses[param].padded)
    writePadded(values, numRows, desc.columns,
                out + firstRow * paddedWidth(desc.columns));
  for (const Transposed &use : uses[param].transposed)
    writeTransposed(desc, use, firstRow, numRows, values);
}

void ConstantWriter::writeTransposed(const edbc_param_desc &param,
                                     const Transposed &use, size_t firstRow,
                                     size_t numRows, const float *values) {
  size_t columns = param.columns;
  size_t allRows = size_t(param.matrices) * param.rows;
  size_t end = firstRow + numRows;
  for (size_t row = firstRow, next; row < end; row = next) {
    size_t first = row % use.blockRows;
    next = std::min(row - first + use.blockRows, end);
    float *out = use.out + row / use.blockRows * use.blockStride;
    transpose(values + (row - firstRow) * columns + use.column, columns,
              next - row, use.depth, out + first, use.columnStride);
    if (next % use.blockRows == 0 || next == allRows)
      padColumns(first + (next - row), use.paddedRows, use.depth, out,
                 use.columnStride);
  }
}
