//===- Safetensors.h - weights from a .safetensors file --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_SRC_SAFETENSORS_H
#define EDBC_RUNTIME_SRC_SAFETENSORS_H

#include "edbc/abi.h"

#include <functional>

namespace edbc {

/// Takes rows [firstRow, firstRow + numRows) of a parameter, counted through
/// its matrices; `values`, row-major, are there for the time of the call only.
using TakeRows = std::function<void(uint32_t param, size_t firstRow,
                                    size_t numRows, const float *values)>;

/// Reads the values of a library's parameters from a file in the safetensors
/// format: the length of the header as 8 bytes, little-endian; the header, a
/// JSON object with dtype, shape and data_offsets of each tensor; and the data,
/// which tensors fill without gap or overlap.
///
/// The file must hold all parameters as F32 in their shapes and no other
/// tensors. Whatever is wrong with it is reported with the path and the tensor,
/// or the byte of the file; `take` was not called then, unless the file can't
/// be read to its end.
/// @param take is called with all rows of all parameters, in the order in which
/// the file has them. Pieces of large parameters begin at multiples of
/// EDBC_LANES rows.
edbc_status readSafetensors(const char *path, const edbc_library &library,
                            const TakeRows &take, edbc_error *error);

} // namespace edbc

#endif // EDBC_RUNTIME_SRC_SAFETENSORS_H
