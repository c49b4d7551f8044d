//===- Tables.h - computes what depends on tokens alone ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_SRC_TABLES_H
#define EDBC_RUNTIME_SRC_TABLES_H

struct edbc_model;

namespace edbc {

/// Computes the constants of `model` that are tables. All others must be laid
/// out.
void computeTables(edbc_model &model);

} // namespace edbc

#endif // EDBC_RUNTIME_SRC_TABLES_H
