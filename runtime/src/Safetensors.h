//===- Safetensors.h - weights from a .safetensors file --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_SRC_SAFETENSORS_H
#define EDBC_RUNTIME_SRC_SAFETENSORS_H

#include "runtime/src/AlignedArray.h"

#include <vector>

namespace edbc {

/// Reads the values of a library's parameters, row-major, from a file in the
/// safetensors format: the length of the header as 8 bytes, little-endian; the
/// header, a JSON object with dtype, shape and data_offsets of each tensor; and
/// the data, which tensors fill without gap or overlap.
///
/// The file must hold all parameters as F32 in their shapes and no other
/// tensors. Whatever is wrong with it is reported with the path and the tensor,
/// or the byte of the file; `data` and `params` are unchanged then.
/// @param data of all tensors, as it stands in the file.
/// @param params by parameter, where its values begin in `data`.
edbc_status readSafetensors(const char *path, const edbc_library &library,
                            AlignedArray<float> &data,
                            std::vector<const float *> &params,
                            edbc_error *error);

} // namespace edbc

#endif // EDBC_RUNTIME_SRC_SAFETENSORS_H
