//===- Failure.h - how a call of the C interface fails ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_SRC_FAILURE_H
#define EDBC_RUNTIME_SRC_FAILURE_H

#include "edbc/abi.h"

#include <exception>
#include <new>
#include <stdexcept>

namespace edbc {

/// Writes status and message into `error`, unless that is null, and returns the
/// status. `format` is as for printf. The message becomes one line of UTF-8:
/// what isn't (names come from files) is replaced by '?'. Keeps errno.
#if defined(__GNUC__)
__attribute__((cold, format(printf, 3, 4)))
#endif
edbc_status
fail(edbc_error *error, edbc_status status, const char *format, ...);

/// How a call fails whose cause lies far below the interface: thrown there, and
/// made a status by `guarded`.
class Failure : public std::exception {
public:
#if defined(__GNUC__)
  __attribute__((cold, format(printf, 3, 4)))
#endif
  Failure(edbc_status status, const char *format, ...);

  const char *what() const noexcept override { return error.message; }
  edbc_status status() const { return error.status; }

private:
  edbc_error error;
};

/// Length in bytes of the UTF-8 character at `text`, of which at most
/// `available` bytes may be read; 0 where none stands.
size_t utf8Length(const char *text, size_t available);

/// Runs the body of a C function, so that no exception leaves it.
template <typename Body>
edbc_status guarded(edbc_error *error, Body body) noexcept {
  try {
    return body();
  } catch (const Failure &failure) {
    return fail(error, failure.status(), "%s", failure.what());
  } catch (const std::length_error &) {
    return fail(error, EDBC_OUT_OF_MEMORY,
                "out of memory: more nodes or operands than a session can "
                "number");
  } catch (const std::bad_alloc &) {
    return fail(error, EDBC_OUT_OF_MEMORY, "out of memory");
  }
}

} // namespace edbc

#endif // EDBC_RUNTIME_SRC_FAILURE_H
