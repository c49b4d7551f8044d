//===- FakeDriver.cpp - a CUDA driver without a device ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/gpu/driver/FakeDriver.h"

#include "test/gpu/driver/FakeState.h"

#include <cstdlib>

using namespace edbc;
using namespace edbc::fake;

State &State::get() {
  static State state;
  return state;
}

std::vector<Context> &fake::contextStack() {
  thread_local std::vector<Context> stack;
  return stack;
}

bool fake::contains(const std::map<uintptr_t, size_t> &memory,
                    uintptr_t address, size_t size) {
  auto after = memory.upper_bound(address);
  if (after == memory.begin())
    return false;
  auto [begin, length] = *--after;
  return address - begin <= length && size <= length - (address - begin);
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

Result State::report(const std::string &text, Result result) {
  misuse += text + "\n";
  return result;
}

Result State::enter(const char *function) {
  ++calls[function];
  Result result = Success;
  for (Failure &failure : failures)
    if (failure.remaining != 0 && failure.function == function &&
        --failure.remaining == 0)
      result = failure.result;
  return result;
}

Result State::enterContext(const char *function) {
  if (Result result = enter(function))
    return result;
  if (contextStack().empty() || contextStack().back() != &context)
    return report(std::string(function) + ": no context is current");
  if (context.retained == 0)
    return report(std::string(function) + ": the context was released");
  return sticky;
}

//===----------------------------------------------------------------------===//
// Work
//===----------------------------------------------------------------------===//

bool State::isPending() const {
  for (const auto &entry : streams)
    if (!entry.first->operations.empty())
      return true;
  return false;
}

/// Does what was enqueued on a stream before a position.
void State::work(CUstream_st &stream, uint64_t position) {
  while (stream.numDone < position && !stream.operations.empty()) {
    std::function<void()> operation = std::move(stream.operations.front());
    stream.operations.pop_front();
    ++stream.numDone;
    if (sticky == Success)
      operation();
  }
}

void State::workAll() {
  for (auto &entry : streams)
    work(*entry.first, UINT64_MAX);
}

void State::loseEverything() {
  for (auto [address, size] : deviceMemory)
    std::free(reinterpret_cast<void *>(address));
  for (auto [address, size] : hostMemory)
    std::free(reinterpret_cast<void *>(address));
  deviceMemory.clear();
  hostMemory.clear();
  executables.clear();
  graphs.clear();
  events.clear();
  streams.clear();
  functions.clear();
  modules.clear();
  numBytes = 0;
  sticky = Success;
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

void fake::begin(const Machine &machine) {
  State &state = State::get();
  std::lock_guard lock(state.mutex);
  state.loseEverything();
  state.images.clear();
  state.hook = nullptr;
  state.calls.clear();
  state.failures.clear();
  state.misuse.clear();
  state.context.retained = 0;
  state.isInitialized = false;
  state.kernelsToFailure = 0;
  state.machine = machine;
  contextStack().clear();
}

void fake::addImage(const void *data, int architecture, Kernel kernel) {
  State &state = State::get();
  std::lock_guard lock(state.mutex);
  state.images[data] = {architecture, std::move(kernel)};
}

void fake::failCall(const std::string &function, unsigned n, int result) {
  State &state = State::get();
  std::lock_guard lock(state.mutex);
  state.failures.push_back({function, n, static_cast<Result>(result)});
}

void fake::failNoCall() {
  State &state = State::get();
  std::lock_guard lock(state.mutex);
  state.failures.clear();
}

void fake::failKernel(unsigned n, int result) {
  State &state = State::get();
  std::lock_guard lock(state.mutex);
  state.kernelsToFailure = n;
  state.kernelFailure = static_cast<Result>(result);
}

void fake::onCalls(std::function<void(bool)> hook) {
  State &state = State::get();
  std::lock_guard lock(state.mutex);
  state.hook = std::move(hook);
}

unsigned fake::numCalls(const std::string &function) {
  State &state = State::get();
  std::lock_guard lock(state.mutex);
  return state.calls[function];
}

std::string fake::misuse() {
  State &state = State::get();
  std::lock_guard lock(state.mutex);
  return state.misuse;
}

size_t fake::usedMemory() {
  State &state = State::get();
  std::lock_guard lock(state.mutex);
  return state.numBytes;
}

std::string fake::leaks() {
  State &state = State::get();
  std::lock_guard lock(state.mutex);
  std::string text;
  auto count = [&](size_t number, const char *what) {
    if (number != 0)
      text += std::to_string(number) + " " + what + "\n";
  };
  count(state.deviceMemory.size(), "allocations of device memory");
  count(state.hostMemory.size(), "allocations of pinned memory");
  count(state.modules.size(), "modules");
  count(state.streams.size(), "streams");
  count(state.events.size(), "events");
  count(state.graphs.size(), "graphs");
  count(state.executables.size(), "executable graphs");
  count(static_cast<size_t>(state.context.retained), "retained contexts");
  count(contextStack().size(), "contexts pushed");
  return text;
}
