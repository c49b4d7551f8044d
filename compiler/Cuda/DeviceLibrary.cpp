//===- DeviceLibrary.cpp - the text of the device library -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Cuda/DeviceCode.h"

using namespace edbc::cuda;

// Defined in DeviceFiles.S, where a NUL follows each.
#define FOR_EACH_FILE(FUNCTION)                                                \
  FUNCTION(Arithmetic)                                                         \
  FUNCTION(Intrinsics)                                                         \
  FUNCTION(Memory)                                                             \
  FUNCTION(Products)                                                           \
  FUNCTION(Rows)                                                               \
  FUNCTION(Schedule)                                                           \
  FUNCTION(Segments)                                                           \
  FUNCTION(TensorProducts)

#define DECLARE(NAME)                                                          \
  extern const char edbc_device_##NAME##_begin[];                              \
  extern const char edbc_device_##NAME##_end[];
extern "C" {
FOR_EACH_FILE(DECLARE)
}

llvm::ArrayRef<DeviceFile> edbc::cuda::deviceLibrary() {
#define ENTRY(NAME)                                                            \
  {"device/" #NAME ".cuh",                                                     \
   {edbc_device_##NAME##_begin,                                                \
    static_cast<size_t>(edbc_device_##NAME##_end -                             \
                        edbc_device_##NAME##_begin)}},
  static const DeviceFile files[] = {FOR_EACH_FILE(ENTRY)};
  return files;
}
