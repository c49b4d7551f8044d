//===- Driver.cpp - the CUDA driver, opened at run time ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/cuda/Driver.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include <dlfcn.h>

using namespace edbc;
using namespace edbc::cuda;

/// The oldest CUDA version that a driver may support: 1000 * major + 10 *
/// minor. Since then it updates graphs as they are used here.
static constexpr int oldestVersion = 12000;

bool cuda::isSticky(Result result) {
  switch (result) {
  case Deinitialized:
  case InvalidContext:
  case EccUncorrectable:
  case NvlinkUncorrectable:
  case Contained:
  case IllegalAddress:
  case LaunchTimeout:
  case ContextIsDestroyed:
  case Assertion:
  case HardwareStackError:
  case IllegalInstruction:
  case MisalignedAddress:
  case InvalidAddressSpace:
  case InvalidPc:
  case LaunchFailed:
  case MpsClientTerminated:
  case ExternalDevice:
  case Unknown:
    return true;
  default:
    return false;
  }
}

static edbc_status statusOf(Result result) {
  switch (result) {
  case OutOfMemory:
    return EDBC_OUT_OF_MEMORY;
  case NoDevice:
  case InvalidImage:
  case NoBinaryForGpu:
  case InvalidPtx:
  case JitCompilerNotFound:
  case UnsupportedPtxVersion:
  case JitCompilationDisabled:
  case NotSupported:
    return EDBC_UNSUPPORTED;
  default:
    return EDBC_DEVICE_FAILED;
  }
}

void Driver::check(Result result, const char *call, const char *format,
                   ...) const {
  if (result == Success)
    return;
  const char *name = nullptr, *text = nullptr;
  if (api.cuGetErrorName(result, &name) != Success || !name)
    name = "an unknown result";
  if (api.cuGetErrorString(result, &text) != Success || !text)
    text = "no description";
  char message[sizeof(edbc_error::message)];
  int length =
      snprintf(message, sizeof(message), "%s failed: %s (%s, %d): ", call, text,
               name, static_cast<int>(result));
  if (length >= 0 && static_cast<size_t>(length) < sizeof(message)) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message + length, sizeof(message) - static_cast<size_t>(length),
              format, arguments);
    va_end(arguments);
  }
  throw DriverFailure(statusOf(result), result, message);
}

Driver Driver::open() {
  const char *given = getenv("EDBC_CUDA_DRIVER");
  const char *path = given && *given != '\0' ? given : "libcuda.so.1";
  // Never unloaded: drivers have threads, and others may use it as well.
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library) {
    const char *reason = dlerror();
    throw Failure(EDBC_UNSUPPORTED,
                  "there is no CUDA driver: %s; install NVIDIA's, or create "
                  "the model on the CPU",
                  reason ? reason : path);
  }

  Driver driver;
  const char *missing = nullptr;
  // The conversion that POSIX asks for, which C++ leaves to implementations.
#define EDBC_LOAD(name, parameters)                                            \
  driver.api.name =                                                            \
      reinterpret_cast<Result(*) parameters>(dlsym(library, #name));           \
  if (!driver.api.name && !missing)                                            \
    missing = #name;
  EDBC_CUDA_DRIVER_FUNCTIONS(EDBC_LOAD)
#undef EDBC_LOAD

  // The version first: it explains what is missing.
  int version = 0;
  if (driver.api.cuDriverGetVersion &&
      driver.api.cuDriverGetVersion(&version) == Success &&
      version < oldestVersion)
    throw Failure(EDBC_UNSUPPORTED,
                  "the CUDA driver is too old: it supports CUDA %d.%d, and "
                  "%d.%d is needed; install a newer one",
                  version / 1000, version % 1000 / 10, oldestVersion / 1000,
                  oldestVersion % 1000 / 10);
  if (missing)
    throw Failure(EDBC_UNSUPPORTED,
                  "the CUDA driver %s has no function %s; install a newer one",
                  path, missing);
  driver.check(driver->cuInit(0), "cuInit",
               "the CUDA driver can't be used on this machine");
  return driver;
}
