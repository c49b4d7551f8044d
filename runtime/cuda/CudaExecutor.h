//===- CudaExecutor.h - executes batches on a CUDA device -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CUDA_CUDAEXECUTOR_H
#define EDBC_RUNTIME_CUDA_CUDAEXECUTOR_H

#include "runtime/cuda/DeviceModel.h"
#include "runtime/src/Executor.h"

namespace edbc::cuda {

/// `model` is that of the session, on its device.
std::unique_ptr<Executor> createExecutor(const SessionView &session,
                                         const DeviceModel &model,
                                         const edbc_session_options &options);

} // namespace edbc::cuda

#endif // EDBC_RUNTIME_CUDA_CUDAEXECUTOR_H
