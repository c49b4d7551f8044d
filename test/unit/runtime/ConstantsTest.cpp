//===- ConstantsTest.cpp - tests of the order of weights -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Constants.h"

#include "runtime/src/AlignedArray.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

using namespace edbc;

namespace {

/// Parameters of one size, each number of which is another one, and constants
/// of every kind that hold them.
///
///     a, b: rows x columns    t: 3 x rows x columns
class ConstantsTest : public testing::Test {
protected:
  void describe(uint32_t rows, uint32_t columns, uint32_t panel) {
    params = {{"a", 2, 1, rows, columns, nullptr},
              {"b", 2, 1, rows, columns, nullptr},
              {"t", 3, 3, rows, columns, nullptr}};
    // All columns of both, and those of `a` but the first once more.
    bothTerms[0] = {1, 0};
    bothTerms[1] = {0, 0};
    oneTerm = {0, columns > 1 ? 1u : 0u};
    segments[0] = {bothTerms, 2, columns};
    segments[1] = {&oneTerm, 1, columns - oneTerm.column};
    constants = {{EDBC_CONSTANT_PADDED, 0, 0, 0, nullptr, 0},
                 {EDBC_CONSTANT_PACKED, 0, rows, panel, segments, 2},
                 {EDBC_CONSTANT_COLUMNS, 2, 0, 0, nullptr, 0},
                 {EDBC_CONSTANT_PADDED, 2, 0, 0, nullptr, 0},
                 {EDBC_CONSTANT_COLUMNS, 1, 0, 0, nullptr, 0}};
    library.params = params.data();
    library.num_params = static_cast<uint32_t>(params.size());
    library.constants = constants.data();
    library.num_constants = static_cast<uint32_t>(constants.size());
    values.clear();
    float next = 1;
    for (const edbc_param_desc &param : params) {
      values.emplace_back(size_t(param.matrices) * rows * columns);
      for (float &value : values.back())
        value = next++;
    }
  }

  /// The padded rows or columns of a parameter, as abi.h describes them.
  std::vector<float> expectedLines(uint32_t index, bool areColumns) const {
    const edbc_param_desc &param = params[index];
    size_t rows = param.rows, columns = param.columns;
    size_t length = areColumns ? rows : columns;
    size_t numLines = areColumns ? columns : rows;
    std::vector<float> result;
    for (size_t m = 0; m < param.matrices; ++m)
      for (size_t line = 0; line < numLines; ++line)
        for (size_t i = 0; i < paddedWidth(length); ++i) {
          size_t row = areColumns ? i : line, column = areColumns ? line : i;
          result.push_back(
              i < length ? values[index][(m * rows + row) * columns + column]
                         : 0.0f);
        }
    return result;
  }

  std::vector<float> expectedPacked(const edbc_constant_desc &constant) const {
    std::vector<float> result;
    for (size_t first = 0; first < constant.rows; first += constant.panel)
      for (uint32_t s = 0; s < constant.num_segments; ++s)
        for (size_t k = 0; k < constant.segments[s].depth; ++k)
          for (uint32_t t = 0; t < constant.segments[s].num_terms; ++t) {
            const edbc_pack_term &term = constant.segments[s].terms[t];
            for (size_t row = first; row < first + constant.panel; ++row)
              result.push_back(
                  row < constant.rows
                      ? values[term.param][row * params[term.param].columns +
                                           term.column + k]
                      : 0.0f);
          }
    return result;
  }

  std::vector<float> expected(const edbc_constant_desc &constant) const {
    if (constant.kind == EDBC_CONSTANT_PACKED)
      return expectedPacked(constant);
    return expectedLines(constant.param,
                         constant.kind == EDBC_CONSTANT_COLUMNS);
  }

  /// The constants once all parameters are written, `rowsAtOnce` rows after
  /// the others, the last rows first: NaN where nothing was written.
  std::vector<std::vector<float>> write(size_t rowsAtOnce) const {
    std::vector<std::vector<float>> result;
    std::vector<float *> begins;
    for (const edbc_constant_desc &constant : constants)
      result.emplace_back(constantSize(library, constant), NAN);
    for (std::vector<float> &constant : result)
      begins.push_back(constant.data());
    ConstantWriter writer(library, begins);
    for (uint32_t i = 0; i < params.size(); ++i) {
      size_t numRows = size_t(params[i].matrices) * params[i].rows;
      size_t numPieces = (numRows + rowsAtOnce - 1) / rowsAtOnce;
      for (size_t piece = numPieces; piece-- > 0;) {
        size_t row = piece * rowsAtOnce;
        writer.write(i, row, std::min(rowsAtOnce, numRows - row),
                     values[i].data() + row * params[i].columns);
      }
    }
    return result;
  }

  std::vector<edbc_param_desc> params;
  std::vector<edbc_constant_desc> constants;
  edbc_pack_term bothTerms[2], oneTerm;
  edbc_pack_segment segments[2];
  edbc_library library = {};
  /// By parameter.
  std::vector<std::vector<float>> values;
};

} // namespace

TEST_F(ConstantsTest, HoldParametersInAnyPieces) {
  for (uint32_t rows : {1, 3, 15, 16, 17, 32, 50, 64, 65})
    for (uint32_t columns : {1, 4, 15, 16, 18, 32, 37, 48})
      for (uint32_t panel : {16, 32, 64}) {
        describe(rows, columns, panel);
        for (size_t rowsAtOnce : {1, 7, 16, 48, 1000}) {
          SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(columns) +
                       ", panel " + std::to_string(panel) + ", " +
                       std::to_string(rowsAtOnce) + " rows at once");
          std::vector<std::vector<float>> written = write(rowsAtOnce);
          for (size_t i = 0; i < constants.size(); ++i)
            ASSERT_EQ(written[i], expected(constants[i])) << "constant " << i;
        }
      }
}
