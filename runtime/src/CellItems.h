//===- CellItems.h - the nodes of one cell ----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_SRC_CELLITEMS_H
#define EDBC_RUNTIME_SRC_CELLITEMS_H

#include "runtime/src/AlignedArray.h"

#include "edbc/abi.h"

#include <vector>

namespace edbc {

/// Which rows of a state's array are in use.
struct StateRows {
  uint32_t count = 0;    ///< rows ever given to nodes
  uint32_t executed = 0; ///< rows that hold results
  /// Rows of dropped nodes, to be given away from the last to the first.
  std::vector<uint32_t> free;
  uint32_t numDropped = 0; ///< rows that are about to become free
};

/// The nodes of one cell, called items: columns of numbers and floats, in order
/// of addition. Kernels read the columns as they are, but for those of elements
/// (of operands that are any number of nodes), which are gathered for each
/// batch.
class CellItems {
public:
  /// Does what edbc_session_add says, of nodes of the cell.
  using AddFunction = edbc_status (*)(edbc_session *session, uint32_t cell,
                                      const edbc_argument *arguments,
                                      edbc_value *out, edbc_error *error,
                                      CellItems &items);

  explicit CellItems(const edbc_cell_desc &cell);

  const edbc_cell_desc &desc() const { return *cell; }
  uint32_t size() const { return count; }

  /// Whether there is room for one more item.
  bool hasRoom() const { return count != capacity; }
  /// Most items that there will be room for when there is for one more.
  uint32_t nextRoom() const {
    // A multiple of EDBC_LANES keeps every column aligned.
    return hasRoom() ? capacity : capacity == 0 ? 64 : capacity * 2;
  }
  /// Makes such room. Without effect where it throws.
  void reserveOne() {
    if (!hasRoom())
      grow();
  }
  /// Makes room for `number` more elements of an operand. Without effect where
  /// it throws.
  void reserveElements(uint32_t operand, size_t number);
  /// Appends an item, whose columns the caller has filled in or does so next.
  /// Needs room.
  void append() { ++count; }
  /// Forgets all items and keeps the memory.
  void clear();

  /// By item: the row of the result in its state's array or table.
  uint32_t *resultRows() { return numbers.data(); }
  /// By item: the row of a state operand, a token, or the position of the first
  /// element in `elementRows`.
  uint32_t *operandNumbers(uint32_t operand) {
    return numbers.data() + (operand + size_t(1)) * capacity;
  }
  const uint32_t *operandNumbers(uint32_t operand) const {
    return const_cast<CellItems *>(this)->operandNumbers(operand);
  }
  /// How far the numbers of an operand are from those of the one before, or
  /// from the result rows.
  size_t columnStride() const { return capacity; }
  /// By item: the values of a dense operand, in padded rows.
  float *operandValues(uint32_t operand) { return values[operand].data(); }
  const float *operandValues(uint32_t operand) const {
    return values[operand].data();
  }

  /// The rows of all elements of an operand, item after item. Those of the last
  /// item may still be missing.
  std::vector<uint32_t> &elementRows(uint32_t operand) {
    return elements[operand];
  }
  /// Where the elements of an item end in `elementRows`.
  uint32_t elementsEnd(uint32_t operand, uint32_t item) const {
    return item + 1 != count ? operandNumbers(operand)[item + 1]
                             : static_cast<uint32_t>(elements[operand].size());
  }
  uint32_t numElements(uint32_t operand, uint32_t item) const {
    return elementsEnd(operand, item) - operandNumbers(operand)[item];
  }

  /// What is asked for with every node that is added, side by side.
  struct Addition {
    AddFunction add = nullptr;
    StateRows *rows = nullptr; ///< of the cell's results
    const edbc_operand_desc *operands;
    uint32_t result;
    uint32_t firstRow;
  };
  Addition addition;
  /// The buffers that the cell's phases are called with.
  std::vector<void *> buffers;
  /// Whether every operand is a single node or a token.
  bool isSimple = true;
  /// The operands that are any number of nodes.
  std::vector<uint32_t> listOperands;
  /// Those of them whose elements phases ask for.
  std::vector<uint32_t> gatheredOperands;

private:
  void grow();

  const edbc_cell_desc *cell;
  uint32_t count = 0;
  uint32_t capacity = 0;
  /// Column after column of `capacity` numbers: the result rows, and then one
  /// for each operand, left unused by dense ones.
  AlignedArray<uint32_t> numbers;
  /// By operand; empty but for dense ones.
  std::vector<AlignedArray<float>> values;
  /// By operand; empty but for those of any number of nodes.
  std::vector<std::vector<uint32_t>> elements;
};

} // namespace edbc

#endif // EDBC_RUNTIME_SRC_CELLITEMS_H
