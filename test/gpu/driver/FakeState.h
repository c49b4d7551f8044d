//===- FakeState.h - what the fake driver keeps -----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_GPU_DRIVER_FAKESTATE_H
#define EDBC_TEST_GPU_DRIVER_FAKESTATE_H

#include "runtime/cuda/DriverApi.h"
#include "test/gpu/driver/FakeDriver.h"

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

// The objects behind the handles of the interface.
// NOLINTBEGIN(readability-identifier-naming)
struct CUctx_st {
  int retained = 0;
};
struct CUmod_st {
  edbc::fake::Kernel kernel;
};
struct CUfunc_st {
  CUmod_st *module;
  int sharedBytes = 48 * 1024; ///< that a launch may ask for
};
struct CUevent_st {
  CUstream_st *stream = nullptr; ///< that it was recorded on
  uint64_t position = 0;         ///< number of operations before it
};
struct CUgraph_st {
  std::vector<std::function<void()>> nodes;
};
struct CUgraphExec_st {
  std::vector<std::function<void()>> nodes;
};
struct CUstream_st {
  std::deque<std::function<void()>> operations; ///< not yet done
  uint64_t numDone = 0;
  std::unique_ptr<CUgraph_st> captured; ///< while it captures
};
// NOLINTEND(readability-identifier-naming)

namespace edbc::fake {

using namespace cuda;

/// Everything there is. Handles are compared with what is in here, so that a
/// wrong one is noticed.
struct State {
  std::recursive_mutex mutex;
  Machine machine;
  CUctx_st context; ///< the primary one, of all devices
  bool isInitialized = false;
  Result sticky = Success;

  struct Image {
    int architecture;
    Kernel kernel;
  };
  std::map<const void *, Image> images;
  std::map<CUmod_st *, std::unique_ptr<CUmod_st>> modules;
  std::map<CUfunc_st *, std::unique_ptr<CUfunc_st>> functions;
  std::map<CUstream_st *, std::unique_ptr<CUstream_st>> streams;
  std::map<CUevent_st *, std::unique_ptr<CUevent_st>> events;
  std::map<CUgraph_st *, std::unique_ptr<CUgraph_st>> graphs;
  std::map<CUgraphExec_st *, std::unique_ptr<CUgraphExec_st>> executables;
  std::map<uintptr_t, size_t> deviceMemory; ///< address and size
  std::map<uintptr_t, size_t> hostMemory;
  size_t numBytes = 0; ///< of device memory

  std::function<void(bool)> hook; ///< of all calls, if any
  std::map<std::string, unsigned> calls;
  struct Failure {
    std::string function;
    unsigned remaining;
    Result result;
  };
  std::vector<Failure> failures;
  unsigned kernelsToFailure = 0; ///< 0: none fails
  Result kernelFailure = Success;
  std::string misuse;

  static State &get();

  /// Notes a call; says how it fails, if so.
  Result enter(const char *function);
  /// The same for functions that need a current context.
  Result enterContext(const char *function);
  /// Writes into the report and returns `result`.
  Result report(const std::string &text, Result result = InvalidValue);

  bool isPending() const; ///< any work on any stream
  void work(CUstream_st &stream, uint64_t position);
  void workAll();
  /// As a context does in the end, with all that belongs to it.
  void loseEverything();
};

/// Begins and ends a call: one at a time.
class Call {
public:
  explicit Call(State &state) : state(state), lock(state.mutex) {
    if (state.hook)
      state.hook(true);
  }
  ~Call() {
    if (state.hook)
      state.hook(false);
  }

private:
  State &state;
  std::lock_guard<std::recursive_mutex> lock;
};

/// The contexts that a thread pushed.
std::vector<Context> &contextStack();

/// Whether [address, address + size) lies in one of the allocations.
bool contains(const std::map<uintptr_t, size_t> &memory, uintptr_t address,
              size_t size);

} // namespace edbc::fake

#endif // EDBC_TEST_GPU_DRIVER_FAKESTATE_H
