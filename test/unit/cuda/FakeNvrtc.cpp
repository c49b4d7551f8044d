//===- FakeNvrtc.cpp - a library in NVRTC's place ---------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Of version FAKE_MAJOR.8; without one it has no functions at all, and if it is
// poor only that one. Knows sm_75 to sm_90. The image of a text is the options
// and the text; one that holds FAIL can't be compiled.
//
//===----------------------------------------------------------------------===//

#include <cstring>
#include <string>

#ifdef FAKE_MAJOR
extern "C" int nvrtcVersion(int *major, int *minor) {
  *major = FAKE_MAJOR;
  *minor = 8;
  return 0;
}

#ifndef FAKE_IS_POOR
namespace {
struct Program {
  std::string path, text, log, image;
};
const int known[] = {75, 80, 90};

Program &of(void *program) { return *static_cast<Program *>(program); }

int getSize(const std::string &bytes, size_t *size) {
  *size = bytes.size() + 1;
  return 0;
}
int get(const std::string &bytes, char *out) {
  std::memcpy(out, bytes.c_str(), bytes.size() + 1);
  return 0;
}
} // namespace

extern "C" {
const char *nvrtcGetErrorString(int result) {
  return result == 6 ? "NVRTC_ERROR_COMPILATION" : "NVRTC_ERROR_OTHER";
}
int nvrtcGetNumSupportedArchs(int *count) {
  *count = 3;
  return 0;
}
int nvrtcGetSupportedArchs(int *archs) {
  std::memcpy(archs, known, sizeof(known));
  return 0;
}
int nvrtcCreateProgram(void **program, const char *text, const char *path,
                       int numHeaders, const char *const *,
                       const char *const *) {
  if (numHeaders == 0 || std::strstr(text, "REFUSE"))
    return 3;
  *program = new Program{path, text, "", ""};
  return 0;
}
int nvrtcDestroyProgram(void **program) {
  delete &of(*program);
  *program = nullptr;
  return 0;
}
int nvrtcCompileProgram(void *program, int numOptions,
                        const char *const *options) {
  Program &one = of(program);
  if (one.text.find("FAIL") != std::string::npos) {
    one.log = one.path + "(2): warning: FAIL is a sad name\n" + one.path +
              "(3): error: identifier \"FAIL\" is undefined\n    FAIL\n";
    return 6;
  }
  for (int i = 0; i < numOptions; ++i)
    one.image += std::string(options[i]) + "\n";
  one.image += one.text;
  one.log = "ptxas info : Used 40 registers\n";
  return 0;
}
int nvrtcGetProgramLogSize(void *program, size_t *size) {
  return getSize(of(program).log, size);
}
int nvrtcGetProgramLog(void *program, char *log) {
  return get(of(program).log, log);
}
int nvrtcGetCUBINSize(void *program, size_t *size) {
  return getSize("CUBIN " + of(program).image, size);
}
int nvrtcGetCUBIN(void *program, char *image) {
  return get("CUBIN " + of(program).image, image);
}
int nvrtcGetPTXSize(void *program, size_t *size) {
  return getSize("PTX " + of(program).image, size);
}
int nvrtcGetPTX(void *program, char *image) {
  return get("PTX " + of(program).image, image);
}
}
#endif
#endif
