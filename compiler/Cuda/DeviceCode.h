//===- DeviceCode.h - a network as CUDA C++ ---------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_CUDA_DEVICECODE_H
#define EDBC_COMPILER_CUDA_DEVICECODE_H

#include "dialects/Batch/Batch.h"
#include "edbc/abi.h"

#include <string>
#include <vector>

namespace edbc::cuda {

/// The text of a network's kernels and what a library says about them.
struct DeviceCode {
  std::string text; ///< includes "device/Schedule.cuh"
  std::vector<edbc_cuda_function> functions;
  /// Of every phase that devices compute, those of tables aside.
  llvm::DenseMap<mlir::Operation *, unsigned> functionOf;
  uint32_t blockThreads;
  uint32_t sharedBytes;
  edbc_precision precision;
};

/// Prints a network whose memory is planned. Errors are diagnostics.
mlir::FailureOr<DeviceCode> printDeviceCode(mlir::ModuleOp network,
                                            edbc_precision precision);

/// A file of the device library.
struct DeviceFile {
  llvm::StringLiteral name; ///< as files include it: "device/..."
  llvm::StringRef text;
};
llvm::ArrayRef<DeviceFile> deviceLibrary();

/// "f32", "tf32", "bf16".
llvm::StringRef precisionName(edbc_precision precision);

} // namespace edbc::cuda

#endif // EDBC_COMPILER_CUDA_DEVICECODE_H
