//===- Tables.h - what depends on tokens alone ------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The rows of a table are computed when nodes first need them, once for all
// sessions: of large vocabularies most tokens are rare, and weights are loaded
// as fast as without tables.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_SRC_TABLES_H
#define EDBC_RUNTIME_SRC_TABLES_H

#include "runtime/src/AlignedArray.h"

#include "edbc/abi.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

struct edbc_model;

namespace edbc {

/// Whether the rows of a table wait for tokens. Others take no arithmetic, or
/// no token.
bool isComputedByToken(const edbc_cell_desc &table);

/// The constants of a model that are tables, in its arena. Any number of
/// threads.
class Tables {
public:
  /// Computes all rows that don't wait for tokens. May throw std::bad_alloc.
  /// @param model whose other constants are laid out. Of these the tables that
  ///   `isComputedByToken` go on to read theirs.
  explicit Tables(const edbc_model &model);

  /// Computes those of a table's rows that are missing, on the calling thread.
  void require(uint32_t table, const uint32_t *tokens, size_t count);
  /// Computes all rows that are missing.
  void requireAll();

private:
  /// Most rows that are computed together.
  static constexpr uint32_t mostAtOnce = 256;

  enum RowState : uint8_t { Missing, Listed, Computed };

  struct Table {
    const edbc_cell_desc *cell;
    /// That the phases of `cell` are called with.
    std::vector<void *> buffers;
    std::vector<std::atomic<uint8_t>> rows; ///< RowState, by token
    std::atomic<uint32_t> numLeft;          ///< that aren't computed

    Table(const edbc_cell_desc &cell, uint32_t numRows)
        : cell(&cell), rows(numRows), numLeft(numRows) {}
  };

  void bind(const edbc_model &model, Table &table, float *out);
  void computeListed(Table &table);

  const edbc_isa isa;
  std::vector<std::unique_ptr<Table>> tables;
  /// 0, 1, 2, ... A token is its item and its row as well.
  AlignedArray<uint32_t> numbers;

  std::mutex mutex; ///< held while rows are computed
  AlignedArray<uint32_t> listed{mostAtOnce};
  uint32_t numListed = 0;
  AlignedArray<float> workspace;
};

} // namespace edbc

#endif // EDBC_RUNTIME_SRC_TABLES_H
