//===- Constants.cpp - weights in the order kernels read them --*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Constants.h"

#include "runtime/src/AlignedArray.h"

#include <algorithm>

using namespace edbc;

static size_t numPanels(const edbc_constant_desc &constant) {
  return (size_t(constant.rows) + constant.panel - 1) / constant.panel;
}

static size_t packedSize(const edbc_constant_desc &constant) {
  size_t panel = 0;
  for (uint32_t s = 0; s < constant.num_segments; ++s)
    panel += size_t(constant.segments[s].depth) *
             constant.segments[s].num_terms * constant.panel;
  return numPanels(constant) * panel;
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
    return packedSize(constant);
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

static void layOutPadded(const edbc_param_desc &param, const float *values,
                         float *out) {
  size_t stride = paddedWidth(param.columns);
  size_t numRows = size_t(param.matrices) * param.rows;
  for (size_t row = 0; row < numRows; ++row) {
    std::copy_n(values + row * param.columns, param.columns, out);
    std::fill(out + param.columns, out + stride, 0.0f);
    out += stride;
  }
}

/// Transposes `numRows` rows, `rowStride` floats apart, of `numColumns` floats:
/// column c is written to `out + c * columnStride`, with zeros behind it up to
/// `padded` floats. Goes block by block, so that reads and writes both use up
/// cache lines.
static void transpose(const float *values, size_t rowStride, size_t numRows,
                      size_t numColumns, float *out, size_t columnStride,
                      size_t padded) {
  constexpr size_t block = EDBC_LANES;
  for (size_t column = 0; column < numColumns; column += block) {
    size_t columnsEnd = std::min(column + block, numColumns);
    for (size_t row = 0; row < numRows; row += block) {
      size_t count = std::min(block, numRows - row);
      for (size_t c = column; c < columnsEnd; ++c) {
        const float *from = values + row * rowStride + c;
        float *to = out + c * columnStride + row;
        for (size_t r = 0; r < count; ++r)
          to[r] = from[r * rowStride];
      }
    }
    for (size_t c = column; c < columnsEnd; ++c)
      std::fill(out + c * columnStride + numRows,
                out + c * columnStride + padded, 0.0f);
  }
}

static void layOutColumns(const edbc_param_desc &param, const float *values,
                          float *out) {
  size_t rows = param.rows, columns = param.columns;
  size_t stride = paddedWidth(rows);
  for (uint32_t matrix = 0; matrix < param.matrices; ++matrix) {
    transpose(values, columns, rows, columns, out, stride, stride);
    values += rows * columns;
    out += columns * stride;
  }
}

static void layOutPacked(const edbc_library &library,
                         const edbc_constant_desc &constant,
                         const float *const *params, float *out) {
  for (size_t panel = 0; panel < numPanels(constant); ++panel) {
    size_t firstRow = panel * constant.panel;
    size_t numRows = std::min<size_t>(constant.panel, constant.rows - firstRow);
    for (uint32_t s = 0; s < constant.num_segments; ++s) {
      const edbc_pack_segment &segment = constant.segments[s];
      size_t stride = size_t(segment.num_terms) * constant.panel;
      for (uint32_t t = 0; t < segment.num_terms; ++t) {
        const edbc_pack_term &term = segment.terms[t];
        size_t columns = library.params[term.param].columns;
        transpose(params[term.param] + firstRow * columns + term.column,
                  columns, numRows, segment.depth, out + t * constant.panel,
                  stride, constant.panel);
      }
      out += segment.depth * stride;
    }
  }
}

void edbc::layOutConstant(const edbc_library &library,
                          const edbc_constant_desc &constant,
                          const float *const *params, float *out) {
  switch (constant.kind) {
  case EDBC_CONSTANT_PADDED:
    return layOutPadded(library.params[constant.param], params[constant.param],
                        out);
  case EDBC_CONSTANT_PACKED:
    return layOutPacked(library, constant, params, out);
  case EDBC_CONSTANT_COLUMNS:
    return layOutColumns(library.params[constant.param], params[constant.param],
                         out);
  case EDBC_CONSTANT_TABLE:
  case EDBC_CONSTANT_STATE_TABLE:
    return;
  }
}
