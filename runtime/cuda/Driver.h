//===- Driver.h - the CUDA driver, opened at run time -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CUDA_DRIVER_H
#define EDBC_RUNTIME_CUDA_DRIVER_H

#include "runtime/cuda/DriverApi.h"
#include "runtime/src/Failure.h"

namespace edbc::cuda {

/// Whether nothing can be done any more in the context that gave this result:
/// what was on the device is lost.
bool isSticky(Result result);

/// The driver refused a call.
class DriverFailure : public Failure {
public:
  DriverFailure(edbc_status status, Result result, const char *message)
      : Failure(status, "%s", message), result(result) {}

  const Result result; ///< the call's
};

/// The functions of a loaded driver. Copyable; the library stays loaded.
class Driver {
public:
  /// Opens libcuda.so.1, or what the environment variable EDBC_CUDA_DRIVER
  /// names, and initializes it. Throws Failure.
  static Driver open();

  const DriverApi *operator->() const { return &api; }

  /// Throws DriverFailure unless the call succeeded. The message consists of
  /// the call, the driver's words for the result, and what `format` says
  /// besides: what the call was for, or what can be done.
  __attribute__((format(printf, 4, 5))) void
  check(Result result, const char *call, const char *format, ...) const;

private:
  DriverApi api;
};

} // namespace edbc::cuda

#endif // EDBC_RUNTIME_CUDA_DRIVER_H
