//===- Emulation.cpp - runs CUDA kernels on the host ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/gpu/emulation/Emulation.h"

#include "test/gpu/emulation/Thread.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <sys/mman.h>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define EDBC_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EDBC_ASAN 1
#endif
#endif
#ifdef EDBC_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

using namespace edbc::emulation;

Thread *edbc::emulation::current;
unsigned edbc::emulation::gridBlocks;
unsigned edbc::emulation::blockThreads;
bool edbc::emulation::copiesEarly;

//===----------------------------------------------------------------------===//
// Fibers
//===----------------------------------------------------------------------===//

// Saves what a call must leave alone on the stack, and the stack in *from; goes
// on where another stack was left.
extern "C" void edbc_switch_stack(void **from, void *to);
asm(R"(
  .text
  .globl edbc_switch_stack
  .hidden edbc_switch_stack
  .type edbc_switch_stack, @function
edbc_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size edbc_switch_stack, . - edbc_switch_stack
)");

namespace {

constexpr size_t stackBytes = 64 << 10;

/// Stacks that are used again and again. Pages come when they are touched.
class Stacks {
public:
  ~Stacks() { release(); }

  char *get(size_t index) { return memory + index * stackBytes; }

  void reserve(size_t count) {
    if (count * stackBytes <= bytes)
      return;
    release();
    void *mapped = mmap(nullptr, count * stackBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED)
      throw std::bad_alloc();
    memory = static_cast<char *>(mapped);
    bytes = count * stackBytes;
  }

private:
  void release() {
    if (memory)
      munmap(memory, bytes);
    memory = nullptr;
    bytes = 0;
  }

  char *memory = nullptr;
  size_t bytes = 0;
};

Stacks stacks;
const std::function<void()> *body;
std::exception_ptr failure;
void *schedulerStack;
#ifdef EDBC_ASAN
const void *schedulerBottom;
size_t schedulerBytes;
#endif

/// Leaves the thread that runs for the scheduler.
void leave([[maybe_unused]] bool forGood) {
  Thread *thread = current;
#ifdef EDBC_ASAN
  void *fake = nullptr;
  __sanitizer_start_switch_fiber(forGood ? nullptr : &fake, schedulerBottom,
                                 schedulerBytes);
#endif
  edbc_switch_stack(&thread->stackPointer, schedulerStack);
#ifdef EDBC_ASAN
  __sanitizer_finish_switch_fiber(fake, &schedulerBottom, &schedulerBytes);
#endif
}

void threadMain() {
#ifdef EDBC_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &schedulerBottom, &schedulerBytes);
#endif
  try {
    (*body)();
  } catch (...) {
    failure = std::current_exception();
  }
  current->hasEnded = true;
  current->warp().meeting.leave();
  current->block->meeting.leave();
  leave(/*forGood=*/true);
}

void start(Thread &thread, char *stack) {
#ifdef EDBC_ASAN
  // Frames that nobody returned from are still marked.
  __asan_unpoison_memory_region(stack, stackBytes);
#endif
  thread.stack = stack;
  thread.copies.resize(1);
  void **top = reinterpret_cast<void **>(stack + stackBytes);
  *--top = nullptr; // as if threadMain had been called from somewhere
  *--top = reinterpret_cast<void *>(threadMain);
  top -= 6; // registers
  std::fill(top, top + 6, nullptr);
  thread.stackPointer = top;
}

void resume(Thread &thread) {
  current = &thread;
#ifdef EDBC_ASAN
  void *fake;
  __sanitizer_start_switch_fiber(&fake, thread.stack, stackBytes);
#endif
  edbc_switch_stack(&schedulerStack, thread.stackPointer);
#ifdef EDBC_ASAN
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
  current = nullptr;
}

} // namespace

//===----------------------------------------------------------------------===//
// Waiting
//===----------------------------------------------------------------------===//

void Meeting::arrive() {
  if (++arrived == expected) {
    arrived = 0;
    ++generation;
  }
}

void Meeting::leave() {
  --expected;
  if (expected && arrived == expected) {
    arrived = 0;
    ++generation;
  }
}

void Copy::perform() const {
  std::memcpy(to, from, bytes);
  std::memset(to + bytes, 0, size - bytes);
}

void edbc::emulation::yield() { leave(/*forGood=*/false); }

void edbc::emulation::meet(Meeting &meeting) {
  Thread *thread = current;
  thread->waitsFor = &meeting.generation;
  thread->waitsWhile = meeting.generation;
  meeting.arrive();
  if (*thread->waitsFor == thread->waitsWhile)
    yield();
  thread->waitsFor = nullptr;
}

void edbc::emulation::run(unsigned blocks, unsigned threads, size_t sharedBytes,
                          const std::function<void()> &thread) {
  static unsigned numLaunches = 0;
  copiesEarly = ++numLaunches % 2 == 0;
  gridBlocks = blocks;
  blockThreads = threads;
  body = &thread;
  stacks.reserve(size_t(blocks) * threads);

  std::vector<Block> allBlocks(blocks);
  std::vector<Thread> all(size_t(blocks) * threads);
  for (unsigned b = 0; b < blocks; ++b) {
    Block &block = allBlocks[b];
    block.index = b;
    block.meeting.expected = threads;
    block.warps.resize((threads + Warp::size - 1) / Warp::size);
    block.shared.reset(new float[sharedBytes / sizeof(float)]);
    std::memset(block.shared.get(), 0xFF, sharedBytes);
    for (unsigned t = 0; t < threads; ++t) {
      Thread &one = all[size_t(b) * threads + t];
      one.index = t;
      one.block = &block;
      ++one.warp().meeting.expected;
      start(one, stacks.get(size_t(b) * threads + t));
    }
  }

  // A thread that only looks again counts as progress, but not for ever.
  constexpr unsigned mostIdleRounds = 10000;
  size_t numLeft = all.size();
  unsigned idleRounds = 0;
  while (numLeft) {
    bool anyRan = false, anyMoved = false;
    for (Thread &one : all) {
      if (one.hasEnded || (one.waitsFor && *one.waitsFor == one.waitsWhile))
        continue;
      bool hasWaited = one.waitsFor;
      resume(one);
      anyRan = true;
      anyMoved |= hasWaited || one.hasEnded || one.waitsFor;
      numLeft -= one.hasEnded;
      if (failure)
        std::rethrow_exception(std::exchange(failure, nullptr));
    }
    idleRounds = anyMoved ? 0 : idleRounds + 1;
    if (!anyRan || idleRounds > mostIdleRounds)
      throw std::runtime_error("threads of a kernel wait for each other");
  }
}
