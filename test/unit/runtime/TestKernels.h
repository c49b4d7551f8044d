//===- TestKernels.h - what tests see of the hand-made network -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_UNIT_RUNTIME_TESTKERNELS_H
#define EDBC_TEST_UNIT_RUNTIME_TESTKERNELS_H

#include <atomic>
#include <cstdint>
#include <vector>

namespace test_network {

/// The value of parameter number `param` at `row`, `column`, small and exact.
/// Those of T count rows through all matrices.
float parameter(uint32_t param, uint32_t row, uint32_t column);

/// What a node should hold, computed from its operands' values.
struct Values {
  std::vector<float> h, c;
};
Values startValues();
Values leafValues(uint32_t word);
Values markValues(const Values &node, const std::vector<float> &x);
Values innerValues(const Values &left, const Values &right);
std::vector<float> scoreValues(const Values &node);
Values joinValues(const Values &base, const std::vector<Values> &some,
                  const std::vector<Values> &more);
/// The elements of a table column by column.
using TableElements = std::vector<float>;
TableElements tableValues(uint32_t index);
TableElements shiftValues(const TableElements &table, const Values &node);
TableElements totalValues(const std::vector<TableElements> &tables);

/// Set by a kernel that was given no rows, or a buffer without the ABI's
/// alignment.
extern std::atomic<bool> sawBadCall;
/// Set by inner's second kernel on another thread than the program's first one.
extern std::atomic<bool> sawOtherThread;

} // namespace test_network

#endif // EDBC_TEST_UNIT_RUNTIME_TESTKERNELS_H
