//===- Manifest.h - a library's contents as JSON ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_EMIT_MANIFEST_H
#define EDBC_COMPILER_EMIT_MANIFEST_H

#include "compiler/Emit/Network.h"

#include <string>

namespace edbc {

/// Writes down what a generated library holds, for people and scripts: an
/// object with the keys `network`, `versions`, `dims`, `parameters`, `states`,
/// `outputs`, `cells`, `policy`, `layout` and `targets`, in this order.
/// Numbers of arrays' elements, widths, offsets and strides count floats;
/// `flops_per_row` counts a multiply-add as two and leaves out everything but
/// products.
/// @param weightsEmbedded whether the library holds the parameters' values.
std::string describeAsJson(const Network &network, bool weightsEmbedded);

} // namespace edbc

#endif // EDBC_COMPILER_EMIT_MANIFEST_H
