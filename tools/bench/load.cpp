//===- load.cpp - how fast a network's weights are loaded -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
//     load WEIGHTS.safetensors
//
// Built by sizes.py against one library after another. Prints milliseconds to
// create a model, milliseconds to read the file, and milliseconds to copy as
// much memory, each of the fastest of several trials.
//
//===----------------------------------------------------------------------===//

#include "edbc/edbc.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>

extern "C" const edbc_library EDBC_LOADED_LIBRARY;

template <typename Function> static double fastestMs(Function function) {
  double fastest = 1e300;
  for (int trial = 0; trial < 7; ++trial) {
    auto begin = std::chrono::steady_clock::now();
    function();
    std::chrono::duration<double, std::milli> time =
        std::chrono::steady_clock::now() - begin;
    fastest = std::min(fastest, time.count());
  }
  return fastest;
}

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  std::ifstream file(argv[1], std::ios::binary | std::ios::ate);
  std::vector<char> bytes(static_cast<size_t>(file.tellg()));
  double read = fastestMs([&] {
    file.seekg(0);
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  });
  std::vector<char> copied(bytes.size());
  double copy = fastestMs(
      [&] { std::memcpy(copied.data(), bytes.data(), bytes.size()); });
  try {
    double load =
        fastestMs([&] { edbc::Model model(EDBC_LOADED_LIBRARY, argv[1]); });
    std::printf("%.4f %.4f %.4f\n", load, read, copy);
  } catch (const edbc::Error &error) {
    std::fprintf(stderr, "load: %s\n", error.what());
    return 1;
  }
  return 0;
}
