//===- CellItems.cpp - the nodes of one cell --------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CellItems.h"

#include "runtime/src/Growth.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

using namespace edbc;

/// Whether a phase has rows for the elements of an operand or a buffer that
/// belongs to them.
static bool areElementsUsed(const edbc_cell_desc &cell, uint32_t operand) {
  auto isOfElements = [&](const edbc_binding &binding) {
    return binding.kind >= EDBC_BINDING_ELEMENT_ROWS &&
           binding.kind <= EDBC_BINDING_ELEMENT_WORKSPACE &&
           binding.index == operand;
  };
  auto hasRowsForThem = [&](const edbc_phase_desc &phase) {
    return phase.operand == operand;
  };
  return std::any_of(cell.bindings, cell.bindings + cell.num_bindings,
                     isOfElements) ||
         std::any_of(cell.phases, cell.phases + cell.num_phases,
                     hasRowsForThem);
}

CellItems::CellItems(const edbc_cell_desc &cell)
    : addition{nullptr, nullptr, cell.operands, cell.result, cell.first_row},
      buffers(cell.num_bindings), cell(&cell), values(cell.num_operands),
      elements(cell.num_operands) {
  for (uint32_t i = 0; i < cell.num_operands; ++i) {
    edbc_operand_kind kind = cell.operands[i].kind;
    isSimple &= kind == EDBC_OPERAND_STATE || kind == EDBC_OPERAND_TOKEN;
    if (kind != EDBC_OPERAND_STATES)
      continue;
    listOperands.push_back(i);
    if (areElementsUsed(cell, i))
      gatheredOperands.push_back(i);
  }
}

void CellItems::grow() {
  const uint32_t newCapacity = nextRoom();
  if (newCapacity < capacity)
    throw std::length_error("items");
  AlignedArray<uint32_t> newNumbers((cell->num_operands + size_t(1)) *
                                    newCapacity);
  for (uint32_t i = 0; i <= cell->num_operands && count != 0; ++i)
    memcpy(newNumbers.data() + size_t(i) * newCapacity,
           numbers.data() + size_t(i) * capacity, count * sizeof(uint32_t));
  for (uint32_t i = 0; i < cell->num_operands; ++i) {
    if (cell->operands[i].kind != EDBC_OPERAND_DENSE)
      continue;
    size_t stride = paddedWidth(cell->operands[i].bound);
    values[i].grow(count * stride, newCapacity * stride);
  }
  numbers = std::move(newNumbers);
  capacity = newCapacity;
}

void CellItems::reserveElements(uint32_t operand, size_t number) {
  std::vector<uint32_t> &rows = elements[operand];
  if (number > UINT32_MAX - rows.size())
    throw std::length_error("elements");
  reserveMore(rows, number);
}

void CellItems::clear() {
  count = 0;
  for (std::vector<uint32_t> &rows : elements)
    rows.clear();
}
