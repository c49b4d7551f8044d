//===- DeviceKernels.cpp - kernels for a device of this machine -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Load/DeviceKernels.h"

using namespace edbc;
using llvm::createStringError;

llvm::Expected<cuda::DeviceKernels>
edbc::compileForDevice(mlir::ModuleOp network, edbc_precision precision,
                       uint32_t ordinal) {
  uint32_t architecture = 0;
  edbc_error problem;
  if (edbc_cuda_architecture(ordinal, &architecture, &problem) != EDBC_OK)
    return createStringError(problem.message);
  mlir::FailureOr<cuda::DeviceCode> code =
      cuda::printDeviceCode(network, precision);
  if (mlir::failed(code))
    return createStringError("there is no CUDA code for the network");
  std::string path = (*network.getSymName() + ".cu").str();
  auto images = cuda::compileImages(
      *code, path, {cuda::Architecture{architecture, /*isExact=*/false}});
  if (!images)
    return images.takeError();
  return cuda::DeviceKernels{std::move(*code), std::move(*images)};
}

llvm::Expected<edbc_precision> edbc::parsePrecision(llvm::StringRef name) {
  for (edbc_precision precision :
       {EDBC_PRECISION_F32, EDBC_PRECISION_TF32, EDBC_PRECISION_BF16})
    if (cuda::precisionName(precision) == name)
      return precision;
  return createStringError("unknown precision '" + name +
                           "'; known are f32, tf32 and bf16");
}
