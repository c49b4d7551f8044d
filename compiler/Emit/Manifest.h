//===- Manifest.h - a library's contents as JSON ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_EMIT_MANIFEST_H
#define EDBC_COMPILER_EMIT_MANIFEST_H

#include "compiler/Cuda/Images.h"
#include "compiler/Emit/Network.h"

#include <string>

namespace edbc {

/// Writes down what a generated library holds, for people and scripts: an
/// object with the keys `network`, `versions`, `dims`, `parameters`, `states`,
/// `outputs`, `cells`, `policy`, `layout` and `targets`, in this order.
///
/// Numbers of arrays' elements, widths, offsets and strides count floats. A
/// field that is a matrix has `columns` of `width` floats; a vector has one. An
/// operand is of kind `state`, `states` (a list of at least `least` nodes),
/// `token` or `dense`. A phase computes `columns` rows for each node, or for
/// each element of the list that it goes `over`.
///
/// `flops_per_row` (of a phase), `flops_per_node` (of a cell) and, besides,
/// `flops_per_element` (of a list) count a multiply-add as two and leave out
/// everything but products.
///
/// The library's constants are, in this order, the parameters `padded` and
/// those laid out in `columns`, the `packs`, and the `tables`, each of `rows`
/// rows of `stride`. Tables with a `state` come last: they are parts of the
/// tables of states, one constant for each state that has such parts, in which
/// each begins at `first_row`; nodes of the cell have these rows and no phases.
/// `workspaces` are those of cells' nodes and, where an `operand` is named, of
/// its elements.
/// @param weightsEmbedded whether the library holds the parameters' values.
std::string describeAsJson(const Network &network, bool weightsEmbedded,
                           const cuda::DeviceKernels *device);

} // namespace edbc

#endif // EDBC_COMPILER_EMIT_MANIFEST_H
