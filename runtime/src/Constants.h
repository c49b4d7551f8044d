//===- Constants.h - weights in the order kernels read them ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_SRC_CONSTANTS_H
#define EDBC_RUNTIME_SRC_CONSTANTS_H

#include "edbc/abi.h"

namespace edbc {

/// Floats that a constant takes, a multiple of EDBC_LANES.
size_t constantSize(const edbc_library &library,
                    const edbc_constant_desc &constant);

/// Writes all `constantSize` floats of a constant to `out`; leaves a table as
/// it is, for its kernel has to compute it. `params[i]` are the values of
/// parameter i, row-major.
void layOutConstant(const edbc_library &library,
                    const edbc_constant_desc &constant,
                    const float *const *params, float *out);

} // namespace edbc

#endif // EDBC_RUNTIME_SRC_CONSTANTS_H
