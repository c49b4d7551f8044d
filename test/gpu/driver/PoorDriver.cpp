//===- PoorDriver.cpp - a CUDA driver without most functions ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/cuda/DriverApi.h"

using edbc::cuda::Result;

// NOLINTBEGIN(readability-identifier-naming)
extern "C" Result cuInit(unsigned) { return edbc::cuda::Success; }

extern "C" Result cuDriverGetVersion(int *version) {
  *version = 12000;
  return edbc::cuda::Success;
}
// NOLINTEND(readability-identifier-naming)
