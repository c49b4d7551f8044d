//===- CountedMemory.h - operator new for tests ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Linking CountedMemory.cpp replaces operator new by one that counts and that
// can be made to fail.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_UNIT_RUNTIME_COUNTEDMEMORY_H
#define EDBC_TEST_UNIT_RUNTIME_COUNTEDMEMORY_H

#include <cstdint>

namespace edbc::test {

/// Calls of operator new so far.
extern uint64_t numAllocations;
/// The number of the call, counted from 1, that throws std::bad_alloc; 0: none.
extern uint64_t failingAllocation;

} // namespace edbc::test

#endif // EDBC_TEST_UNIT_RUNTIME_COUNTEDMEMORY_H
