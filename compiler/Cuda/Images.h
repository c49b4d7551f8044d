//===- Images.h - kernels for CUDA devices, compiled ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_CUDA_IMAGES_H
#define EDBC_COMPILER_CUDA_IMAGES_H

#include "compiler/Cuda/Architecture.h"
#include "compiler/Cuda/DeviceCode.h"

#include <vector>

namespace edbc::cuda {

/// edbc_cuda_image.
struct DeviceImage {
  Architecture architecture;
  edbc_cuda_image_kind kind;
  std::string data;
};

/// What a library has for CUDA devices.
struct DeviceKernels {
  DeviceCode code;
  std::vector<DeviceImage> images;
};

/// Compiles the text for each architecture, and into PTX for all that are later
/// than the oldest one. `path` is what messages call the text. Same text, same
/// version of NVRTC: same bytes.
llvm::Expected<std::vector<DeviceImage>>
compileImages(const DeviceCode &code, llvm::StringRef path,
              llvm::ArrayRef<Architecture> architectures);

} // namespace edbc::cuda

#endif // EDBC_COMPILER_CUDA_IMAGES_H
