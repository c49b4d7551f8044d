//===- DeviceModel.cpp - a network with its weights on a device -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/cuda/DeviceModel.h"

#include <algorithm>

using namespace edbc;
using namespace edbc::cuda;

int FoundDevice::attribute(const Driver &driver,
                           DeviceAttribute attribute) const {
  int value = 0;
  driver.check(driver->cuDeviceGetAttribute(&value, attribute, device),
               "cuDeviceGetAttribute", "of device '%s'", name.c_str());
  return value;
}

FoundDevice cuda::findDevice(const Driver &driver, uint32_t ordinal) {
  int count = 0;
  driver.check(driver->cuDeviceGetCount(&count), "cuDeviceGetCount",
               "looking for device %u", ordinal);
  if (count == 0)
    throw Failure(EDBC_UNSUPPORTED,
                  "there is no CUDA device that this process may use");
  if (ordinal >= static_cast<uint32_t>(count))
    throw Failure(EDBC_INVALID_ARGUMENT,
                  "there is no CUDA device %u; this process may use %d",
                  ordinal, count);
  FoundDevice found;
  driver.check(driver->cuDeviceGet(&found.device, static_cast<int>(ordinal)),
               "cuDeviceGet", "device %u", ordinal);
  char name[256] = "";
  driver.check(driver->cuDeviceGetName(name, sizeof(name), found.device),
               "cuDeviceGetName", "device %u", ordinal);
  found.name = name;
  found.architecture = static_cast<uint32_t>(
      found.attribute(driver, ComputeCapabilityMajor) * 10 +
      found.attribute(driver, ComputeCapabilityMinor));
  return found;
}

/// As `nvcc -arch` spells it.
static std::string nameOf(const edbc_cuda_image &image) {
  return (image.kind == EDBC_CUDA_PTX ? "compute_" : "sm_") +
         std::to_string(image.architecture) +
         (image.kind == EDBC_CUDA_EXACT_CUBIN ? "a" : "");
}

static void checkLibrary(const edbc_library &library) {
  if (!library.cuda || library.cuda->num_images == 0)
    throw Failure(EDBC_UNSUPPORTED,
                  "network '%s' was not compiled for CUDA devices; compile it "
                  "with --target=cuda:sm_90 or what the device has",
                  library.name);
  for (uint32_t c = 0; c < library.num_cells; ++c)
    for (uint32_t p = 0; p < library.cells[c].num_phases; ++p)
      if (library.cells[c].phases[p].device_function >=
          library.cuda->num_functions)
        throw Failure(EDBC_UNSUPPORTED,
                      "network '%s' has no CUDA kernel for cell '%s'",
                      library.name, library.cells[c].name);
}

DeviceModel::DeviceModel(const edbc_library &library, uint32_t ordinal)
    : library(library), theDriver((checkLibrary(library), Driver::open())),
      device(findDevice(theDriver, ordinal)),
      cooperative(device.attribute(theDriver, CooperativeLaunch) != 0) {
  loadImage();
}

DeviceModel::~DeviceModel() {
  if (!primary)
    return;
  // Where even that fails, the driver has lost what is to be freed.
  try {
    CurrentContext current(theDriver, primary->get());
    arena = DeviceMemory();
    module = Module();
  } catch (const Failure &) {
  }
}

/// Whether a device can execute an image, as far as the numbers tell.
static bool suits(const edbc_cuda_image &image, uint32_t device) {
  switch (image.kind) {
  case EDBC_CUDA_EXACT_CUBIN:
    return image.architecture == device;
  case EDBC_CUDA_CUBIN:
    return image.architecture / 10 == device / 10 &&
           image.architecture <= device;
  case EDBC_CUDA_PTX:
    return image.architecture <= device;
  }
  return false;
}

/// Whether to try `a` before `b`, if both suit: what is made for exactly the
/// architecture before what is made for several, and text last; of each kind
/// those of the latest architecture, in the order of the library.
static bool isBetter(const edbc_cuda_image *a, const edbc_cuda_image *b) {
  auto rank = [](const edbc_cuda_image *image) {
    return image->kind == EDBC_CUDA_EXACT_CUBIN ? 0
           : image->kind == EDBC_CUDA_CUBIN     ? 1
                                                : 2;
  };
  if (rank(a) != rank(b))
    return rank(a) < rank(b);
  if (a->architecture != b->architecture)
    return a->architecture > b->architecture;
  return a < b;
}

void DeviceModel::loadImage() {
  const edbc_cuda_desc &cuda = *library.cuda;
  std::vector<const edbc_cuda_image *> images;
  std::string known;
  for (uint32_t i = 0; i < cuda.num_images; ++i) {
    known += (i == 0 ? "" : ", ") + nameOf(cuda.images[i]);
    if (suits(cuda.images[i], device.architecture))
      images.push_back(&cuda.images[i]);
  }
  if (images.empty())
    throw Failure(EDBC_UNSUPPORTED,
                  "network '%s' has no kernels for device '%s' (sm_%u), but "
                  "for %s; compile it with --target=cuda:sm_%u",
                  library.name, device.name.c_str(), device.architecture,
                  known.c_str(), device.architecture);
  std::sort(images.begin(), images.end(), isBetter);

  int mostShared = device.attribute(theDriver, MaxSharedMemoryPerBlock);
  if (cuda.shared_bytes > static_cast<uint32_t>(mostShared))
    throw Failure(EDBC_UNSUPPORTED,
                  "the kernels of network '%s' need %u bytes of shared memory "
                  "a block; device '%s' has %d",
                  library.name, cuda.shared_bytes, device.name.c_str(),
                  mostShared);
  primary = std::make_unique<PrimaryContext>(theDriver, device.device);
  CurrentContext current(theDriver, primary->get());
  for (const edbc_cuda_image *image : images)
    if (tryImage(*image, image == images.back()))
      break;
  try {
    findKernel();
  } catch (const Failure &) {
    module = Module(); // as long as the context is current
    throw;
  }
}

void DeviceModel::findKernel() {
  const edbc_cuda_desc &cuda = *library.cuda;
  theDriver.check(
      theDriver->cuModuleGetFunction(&run, module.get(), "edbc_run"),
      "cuModuleGetFunction", "the kernel of network '%s'", library.name);
  // More than 48 kB have to be asked for.
  auto shared = static_cast<int>(cuda.shared_bytes);
  theDriver.check(
      theDriver->cuFuncSetAttribute(run, MaxDynamicSharedBytes, shared),
      "cuFuncSetAttribute", "%d bytes of shared memory", shared);

  int perMultiprocessor = 0;
  theDriver.check(theDriver->cuOccupancyMaxActiveBlocksPerMultiprocessor(
                      &perMultiprocessor, run,
                      static_cast<int>(cuda.block_threads), cuda.shared_bytes),
                  "cuOccupancyMaxActiveBlocksPerMultiprocessor",
                  "blocks of %u threads", cuda.block_threads);
  if (perMultiprocessor <= 0)
    throw Failure(EDBC_UNSUPPORTED,
                  "no block of the kernels of network '%s' fits on a "
                  "multiprocessor of device '%s'",
                  library.name, device.name.c_str());
  numBlocks = static_cast<uint32_t>(
      perMultiprocessor * device.attribute(theDriver, MultiprocessorCount));
}

/// Returns whether it was loaded. An image that the device or the driver can't
/// use is an error only if it is the last one.
bool DeviceModel::tryImage(const edbc_cuda_image &image, bool isLast) {
  char log[512] = "";
  JitOption options[] = {ErrorLogBuffer, ErrorLogBufferSize};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log))};
  ModuleHandle handle = nullptr;
  Result result =
      theDriver->cuModuleLoadDataEx(&handle, image.data, 2, options, values);
  bool isUnusable = result == NoBinaryForGpu || result == InvalidImage ||
                    result == InvalidPtx || result == UnsupportedPtxVersion ||
                    result == JitCompilerNotFound ||
                    result == JitCompilationDisabled;
  if (isUnusable && !isLast)
    return false;
  std::string name = nameOf(image);
  theDriver.check(result, "cuModuleLoadDataEx",
                  "the kernels of network '%s' for %s on device '%s'%s%s%s",
                  library.name, name.c_str(), device.name.c_str(),
                  isUnusable ? "; a newer driver may know them" : "",
                  log[0] != '\0' ? ": " : "", log);
  module = {handle, theDriver->cuModuleUnload};
  imageName = name;
  return true;
}

void DeviceModel::upload(const std::vector<const float *> &constants,
                         const std::vector<size_t> &sizes) {
  size_t bytes = 0;
  std::vector<size_t> offsets;
  for (size_t i = 0; i < constants.size(); ++i) {
    offsets.push_back(bytes);
    if (!constants[i])
      continue;
    bytes += (sizes[i] + EDBC_LANES) * sizeof(float);
    bytes = (bytes + EDBC_CUDA_ALIGNMENT - 1) / EDBC_CUDA_ALIGNMENT *
            EDBC_CUDA_ALIGNMENT;
  }
  addresses.assign(constants.size(), 0);
  if (bytes == 0)
    return;
  CurrentContext current(theDriver, primary->get());
  PinnedMemory staging(theDriver, bytes, "the network's weights");
  for (size_t i = 0; i < constants.size(); ++i)
    if (constants[i])
      std::copy_n(constants[i], sizes[i],
                  reinterpret_cast<float *>(staging.get() + offsets[i]));
  arena = DeviceMemory(theDriver, bytes, "the network's weights");
  Stream stream = createStream(theDriver);
  theDriver.check(theDriver->cuMemcpyHtoDAsync_v2(arena.get(), staging.get(),
                                                  bytes, stream.get()),
                  "cuMemcpyHtoDAsync", "the network's weights");
  theDriver.check(theDriver->cuStreamSynchronize(stream.get()),
                  "cuStreamSynchronize", "the network's weights");
  for (size_t i = 0; i < constants.size(); ++i)
    if (constants[i])
      addresses[i] = arena.get() + offsets[i];
}
