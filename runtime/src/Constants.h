//===- Constants.h - weights in the order kernels read them ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_SRC_CONSTANTS_H
#define EDBC_RUNTIME_SRC_CONSTANTS_H

#include "edbc/abi.h"

#include <vector>

namespace edbc {

/// Floats that a constant takes, a multiple of EDBC_LANES.
size_t constantSize(const edbc_library &library,
                    const edbc_constant_desc &constant);

/// Writes the values of parameters to the constants that hold them. Tables stay
/// as they are, for their kernels have to compute them.
class ConstantWriter {
public:
  /// @param constants where each constant begins.
  ConstantWriter(const edbc_library &library,
                 const std::vector<float *> &constants);

  /// Writes rows [firstRow, firstRow + numRows) of a parameter, counted through
  /// its matrices, and the padding behind them. Once all rows are written, in
  /// whatever pieces, so are all `constantSize` floats of each constant.
  /// @param values of those rows, row-major.
  void write(uint32_t param, size_t firstRow, size_t numRows,
             const float *values) const;

private:
  /// Columns [column, column + depth) of a parameter, as a constant holds them:
  /// the rows in blocks, and in a block column after column, each with zeros
  /// behind it up to `paddedRows` floats.
  struct Transposed {
    float *out;
    size_t column;
    size_t depth;
    size_t blockRows;
    size_t paddedRows;
    size_t blockStride;
    size_t columnStride;
  };

  /// All constants that hold a parameter.
  struct Uses {
    std::vector<float *> padded;
    std::vector<Transposed> transposed;
  };

  void addPacked(const edbc_constant_desc &constant, float *out);
  static void writeTransposed(const edbc_param_desc &param,
                              const Transposed &use, size_t firstRow,
                              size_t numRows, const float *values);

  const edbc_library &library;
  std::vector<Uses> uses; ///< by parameter
};

} // namespace edbc

#endif // EDBC_RUNTIME_SRC_CONSTANTS_H
