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

size_t edbc::constantSize(const edbc_library &library,
                          const edbc_constant_desc &constant) {
  if (constant.kind == EDBC_CONSTANT_PADDED) {
    const edbc_param_desc &param = library.params[constant.param];
    return param.rows * paddedWidth(param.columns);
  }
  size_t panel = 0;
  for (uint32_t s = 0; s < constant.num_segments; ++s)
    panel += size_t(constant.segments[s].depth) *
             constant.segments[s].num_terms * constant.panel;
  return numPanels(constant) * panel;
}

static void layOutPadded(const edbc_param_desc &param, const float *values,
                         float *out) {
  size_t stride = paddedWidth(param.columns);
  for (uint32_t row = 0; row < param.rows; ++row) {
    std::copy_n(values + size_t(row) * param.columns, param.columns, out);
    std::fill(out + param.columns, out + stride, 0.0f);
    out += stride;
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
      for (uint32_t k = 0; k < segment.depth; ++k) {
        for (uint32_t t = 0; t < segment.num_terms; ++t) {
          const edbc_pack_term &term = segment.terms[t];
          size_t columns = library.params[term.param].columns;
          const float *column =
              params[term.param] + firstRow * columns + term.column + k;
          for (size_t j = 0; j < numRows; ++j)
            out[j] = column[j * columns];
          std::fill(out + numRows, out + constant.panel, 0.0f);
          out += constant.panel;
        }
      }
    }
  }
}

void edbc::layOutConstant(const edbc_library &library,
                          const edbc_constant_desc &constant,
                          const float *const *params, float *out) {
  if (constant.kind == EDBC_CONSTANT_PADDED)
    layOutPadded(library.params[constant.param], params[constant.param], out);
  else
    layOutPacked(library, constant, params, out);
}
