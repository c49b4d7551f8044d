//===- Nvrtc.cpp - CUDA's compiler, as a library ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Cuda/Nvrtc.h"

#include "compiler/Cuda/DeviceCode.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <vector>

using namespace llvm;
using namespace edbc::cuda;

static constexpr int oldestMajor = 12;

static Error error(const Twine &message) { return createStringError(message); }

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

/// Where the library may be: as the dynamic linker finds it, and where CUDA's
/// packages put it.
static std::vector<std::string> candidates() {
  std::vector<std::string> paths = {"libnvrtc.so.13", "libnvrtc.so.12",
                                    "libnvrtc.so"};
  for (const char *variable : {"CUDA_HOME", "CUDA_PATH"})
    if (const char *folder = std::getenv(variable))
      paths.push_back(std::string(folder) + "/lib64/libnvrtc.so");
  paths.push_back("/usr/local/cuda/lib64/libnvrtc.so");
  return paths;
}

Error Nvrtc::load(void *handle, StringRef path) {
  auto find = [&](auto &function, const char *name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(
        dlsym(handle, name));
    return function != nullptr;
  };
  if (!find(functions.version, "nvrtcVersion"))
    return error(path + " isn't NVRTC: it has no nvrtcVersion");
  if (functions.version(&major, &minor) != 0 || major < oldestMajor)
    return error(path + " is NVRTC " + version() +
                 ", which is too old; version " + Twine(oldestMajor) +
                 ".0 or later is needed");
  if (!find(functions.getErrorString, "nvrtcGetErrorString") ||
      !find(functions.getNumSupportedArchs, "nvrtcGetNumSupportedArchs") ||
      !find(functions.getSupportedArchs, "nvrtcGetSupportedArchs") ||
      !find(functions.createProgram, "nvrtcCreateProgram") ||
      !find(functions.destroyProgram, "nvrtcDestroyProgram") ||
      !find(functions.compileProgram, "nvrtcCompileProgram") ||
      !find(functions.getProgramLogSize, "nvrtcGetProgramLogSize") ||
      !find(functions.getProgramLog, "nvrtcGetProgramLog") ||
      !find(functions.getCubinSize, "nvrtcGetCUBINSize") ||
      !find(functions.getCubin, "nvrtcGetCUBIN") ||
      !find(functions.getPtxSize, "nvrtcGetPTXSize") ||
      !find(functions.getPtx, "nvrtcGetPTX"))
    return error(path + " lacks functions of NVRTC");
  return Error::success();
}

/// A null pointer where it can't be opened.
static void *openLibrary(const std::string &path) {
  // Stays open: NVRTC doesn't like to be unloaded.
  return dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
}

Expected<Nvrtc> Nvrtc::open() {
  const char *chosen = std::getenv("EDBC_NVRTC");
  if (!chosen || *chosen == '\0')
    return openFirst(candidates());
  Nvrtc nvrtc;
  void *handle = openLibrary(chosen);
  if (!handle)
    return error("can't open NVRTC, as EDBC_NVRTC says: " + Twine(dlerror()));
  if (Error problem = nvrtc.load(handle, chosen))
    return problem;
  return nvrtc;
}

Expected<Nvrtc> Nvrtc::openFirst(ArrayRef<std::string> paths) {
  for (const std::string &path : paths)
    if (void *handle = openLibrary(path)) {
      Nvrtc nvrtc;
      if (Error problem = nvrtc.load(handle, path))
        return problem;
      return nvrtc;
    }
  return error(
      "can't find NVRTC, which compiles for CUDA devices; sought were " +
      join(paths, ", ") + "; EDBC_NVRTC may name another file");
}

std::string Nvrtc::version() const {
  return std::to_string(major) + "." + std::to_string(minor);
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

Error Nvrtc::checkArchitecture(Architecture architecture) const {
  int count = 0;
  std::vector<int> known;
  if (functions.getNumSupportedArchs(&count) == 0 && count > 0) {
    known.resize(count);
    if (functions.getSupportedArchs(known.data()) != 0)
      known.clear();
  }
  if (known.empty() ||
      is_contained(known, static_cast<int>(architecture.number)))
    return Error::success();
  std::vector<std::string> names;
  for (int number : known)
    if (static_cast<uint32_t>(number) >= oldestArchitecture)
      names.push_back("sm_" + std::to_string(number));
  return error("NVRTC " + version() + " doesn't compile for " +
               architecture.name() + "; it does for " + join(names, ", "));
}

/// The first error in a log, or else its first line.
static StringRef firstError(StringRef log) {
  SmallVector<StringRef> lines;
  log.split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (StringRef line : lines)
    if (line.contains("error"))
      return line.trim();
  return lines.empty() ? "the compiler doesn't say why" : lines.front().trim();
}

Expected<Nvrtc::Program> Nvrtc::compile(StringRef text, StringRef path,
                                        const std::string &architecture,
                                        int (*getSize)(void *, size_t *),
                                        int (*getImage)(void *, char *)) const {
  std::vector<const char *> headers, names;
  for (const DeviceFile &file : deviceLibrary()) {
    headers.push_back(file.text.data()); // a NUL follows
    names.push_back(file.name.data());
  }
  auto failed = [&](const char *what, int result) {
    return error(path + ": NVRTC " + version() + " can't " + what + ": " +
                 functions.getErrorString(result));
  };
  void *program = nullptr;
  if (int result = functions.createProgram(&program, text.str().c_str(),
                                           path.str().c_str(), headers.size(),
                                           headers.data(), names.data()))
    return failed("take the text", result);
  scope_exit destroy([&] { functions.destroyProgram(&program); });

  std::string target = "--gpu-architecture=" + architecture;
  // Products and sums are rounded as the text says.
  const char *options[] = {target.c_str(), "--std=c++17", "--fmad=false",
                           "--ptxas-options=-v"};
  int result = functions.compileProgram(program, std::size(options), options);
  Program compiled;
  size_t size = 0;
  if (functions.getProgramLogSize(program, &size) == 0 && size > 1) {
    compiled.log.resize(size);
    functions.getProgramLog(program, compiled.log.data());
    compiled.log.resize(std::strlen(compiled.log.c_str()));
  }
  if (result != 0)
    return error("NVRTC " + version() + " can't compile for " + architecture +
                 ": " + firstError(compiled.log));
  if (int problem = getSize(program, &size))
    return failed("give its result", problem);
  compiled.image.resize(size);
  if (int problem = getImage(program, compiled.image.data()))
    return failed("give its result", problem);
  return compiled;
}

Expected<Nvrtc::Program>
Nvrtc::compileToCubin(StringRef text, StringRef path,
                      Architecture architecture) const {
  if (Error problem = checkArchitecture(architecture))
    return problem;
  return compile(text, path, architecture.name(), functions.getCubinSize,
                 functions.getCubin);
}

Expected<Nvrtc::Program> Nvrtc::compileToPtx(StringRef text, StringRef path,
                                             Architecture architecture) const {
  if (Error problem = checkArchitecture(architecture))
    return problem;
  return compile(text, path,
                 "compute_" +
                     StringRef(architecture.name()).drop_front(3).str(),
                 functions.getPtxSize, functions.getPtx);
}
