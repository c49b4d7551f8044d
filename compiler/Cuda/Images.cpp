//===- Images.cpp - kernels for CUDA devices, compiled ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Cuda/Images.h"

#include "compiler/Cuda/Nvrtc.h"

using namespace llvm;
using namespace edbc::cuda;

Expected<std::vector<DeviceImage>>
edbc::cuda::compileImages(const DeviceCode &code, StringRef path,
                          ArrayRef<Architecture> architectures) {
  std::vector<DeviceImage> images;
  if (architectures.empty())
    return images;
  Expected<Nvrtc> nvrtc = Nvrtc::open();
  if (!nvrtc)
    return nvrtc.takeError();
  for (Architecture architecture : architectures) {
    Expected<Nvrtc::Program> cubin =
        nvrtc->compileToCubin(code.text, path, architecture);
    if (!cubin)
      return cubin.takeError();
    images.push_back(
        {architecture,
         architecture.isExact ? EDBC_CUDA_EXACT_CUBIN : EDBC_CUDA_CUBIN,
         std::move(cubin->image)});
  }
  Architecture oldest =
      *llvm::min_element(architectures, [](Architecture a, Architecture b) {
        return a.number < b.number;
      });
  oldest.isExact = false;
  Expected<Nvrtc::Program> ptx = nvrtc->compileToPtx(code.text, path, oldest);
  if (!ptx)
    return ptx.takeError();
  images.push_back({oldest, EDBC_CUDA_PTX, std::move(ptx->image)});
  return images;
}
