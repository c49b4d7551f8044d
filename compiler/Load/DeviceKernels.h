//===- DeviceKernels.h - kernels for a device of this machine ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_LOAD_DEVICEKERNELS_H
#define EDBC_COMPILER_LOAD_DEVICEKERNELS_H

#include "compiler/Cuda/Images.h"

namespace edbc {

/// Compiles a network, as `Network::read` takes it, for CUDA device number
/// `ordinal`. The error is one line: there is no such device, or no NVRTC, or
/// the network's diagnostics say why.
llvm::Expected<cuda::DeviceKernels> compileForDevice(mlir::ModuleOp network,
                                                     edbc_precision precision,
                                                     uint32_t ordinal);

/// The precision that is called so: "f32", "tf32" or "bf16".
llvm::Expected<edbc_precision> parsePrecision(llvm::StringRef name);

} // namespace edbc

#endif // EDBC_COMPILER_LOAD_DEVICEKERNELS_H
