//===- Signature.h - what the cells of a network take and yield -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// All that one has to know about a network to build, read and check its graphs.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_LEARNPOLICY_SIGNATURE_H
#define EDBC_PASSES_LEARNPOLICY_SIGNATURE_H

#include "runtime/core/TypeOrder.h"

#include "edbc/abi.h"

#include <string>
#include <vector>

namespace edbc {

struct OperandSignature {
  std::string name;
  edbc_operand_kind kind;
  uint32_t state = 0; ///< STATE, STATES: position in `Signature::states`
  /// TOKEN: exclusive; DENSE: number of floats; STATES: fewest nodes.
  uint32_t bound = 0;
};

struct CellSignature {
  std::string name;
  uint32_t result; ///< position in `Signature::states`
  std::vector<OperandSignature> operands;
};

/// Cells stand in the order of the library's description: the position of a
/// cell is the type of its nodes.
struct Signature {
  std::string network;
  std::vector<std::string> states;
  std::vector<CellSignature> cells;
};

/// In which order cells can be batched.
inline core::TypeOrder orderOf(const Signature &signature) {
  std::vector<uint32_t> results;
  std::vector<std::vector<uint32_t>> taken;
  for (const CellSignature &cell : signature.cells) {
    results.push_back(cell.result);
    taken.emplace_back();
    for (const OperandSignature &operand : cell.operands)
      if (operand.kind == EDBC_OPERAND_STATE ||
          operand.kind == EDBC_OPERAND_STATES)
        taken.back().push_back(operand.state);
  }
  return core::TypeOrder(core::operandsOfTypes(results, taken));
}

} // namespace edbc

#endif // EDBC_PASSES_LEARNPOLICY_SIGNATURE_H
