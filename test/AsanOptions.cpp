//===- AsanOptions.cpp - defaults of AddressSanitizer -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
// Compiled into every program of a sanitizer build. LLVM's allocators poison
// their memory in headers, which our code inlines, and unpoison it in shared
// libraries, which come without instrumentation.
//
//===----------------------------------------------------------------------===//

// NOLINTBEGIN(readability-identifier-naming): the sanitizer looks for this
// name.
extern "C" const char *__asan_default_options();
extern "C" __attribute__((used, visibility("default"))) const char *
__asan_default_options() {
  return "allow_user_poisoning=0";
}
// NOLINTEND(readability-identifier-naming)
