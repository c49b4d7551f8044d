//===- CountedMemory.cpp - operator new for tests --------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/runtime/CountedMemory.h"

#include <cstdlib>
#include <new>

uint64_t edbc::test::numAllocations = 0;
uint64_t edbc::test::failingAllocation = 0;

static void *allocate(size_t size, size_t alignment) {
  using namespace edbc::test;
  if (++numAllocations == failingAllocation)
    throw std::bad_alloc();
  size = (size + alignment - 1) / alignment * alignment;
  void *memory = std::aligned_alloc(alignment, size == 0 ? alignment : size);
  if (!memory)
    throw std::bad_alloc();
  return memory;
}

void *operator new(size_t size) { return allocate(size, 16); }
void *operator new(size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<size_t>(alignment));
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }
void operator delete(void *memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void *memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}
