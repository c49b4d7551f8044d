//===- Nvrtc.h - CUDA's compiler, as a library ------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_CUDA_NVRTC_H
#define EDBC_COMPILER_CUDA_NVRTC_H

#include "compiler/Cuda/Architecture.h"

namespace edbc::cuda {

/// NVRTC of CUDA 12 or later, opened when it is needed: neither building edbc
/// nor running it without --target asks for it.
class Nvrtc {
public:
  /// Opens the library that the environment variable EDBC_NVRTC names, or else
  /// the first one that is found. The error says where it was sought, or what
  /// is wrong with the one that was found.
  static llvm::Expected<Nvrtc> open();
  /// The first one of these that is there.
  static llvm::Expected<Nvrtc> openFirst(llvm::ArrayRef<std::string> paths);

  /// "13.0"
  std::string version() const;

  struct Program {
    std::string image; ///< cubin, or PTX with a NUL at its end
    std::string log;   ///< what the compiler says where all is well
  };

  /// Compiles a text that includes files of the device library. `path` is what
  /// messages call it. The error is one line: the compiler's first message.
  llvm::Expected<Program> compileToCubin(llvm::StringRef text,
                                         llvm::StringRef path,
                                         Architecture architecture) const;
  llvm::Expected<Program> compileToPtx(llvm::StringRef text,
                                       llvm::StringRef path,
                                       Architecture architecture) const;

private:
  /// The functions of nvrtc.h that are used. Handles are opaque pointers, and
  /// results numbers.
  struct Functions {
    int (*version)(int *, int *);
    const char *(*getErrorString)(int);
    int (*getNumSupportedArchs)(int *);
    int (*getSupportedArchs)(int *);
    int (*createProgram)(void **, const char *, const char *, int,
                         const char *const *, const char *const *);
    int (*destroyProgram)(void **);
    int (*compileProgram)(void *, int, const char *const *);
    int (*getProgramLogSize)(void *, size_t *);
    int (*getProgramLog)(void *, char *);
    int (*getCubinSize)(void *, size_t *);
    int (*getCubin)(void *, char *);
    int (*getPtxSize)(void *, size_t *);
    int (*getPtx)(void *, char *);
  };

  llvm::Error load(void *handle, llvm::StringRef path);
  llvm::Error checkArchitecture(Architecture architecture) const;
  llvm::Expected<Program> compile(llvm::StringRef text, llvm::StringRef path,
                                  const std::string &architecture,
                                  int (*getSize)(void *, size_t *),
                                  int (*getImage)(void *, char *)) const;

  Functions functions = {};
  int major = 0, minor = 0;
};

} // namespace edbc::cuda

#endif // EDBC_COMPILER_CUDA_NVRTC_H
