//===- ReaderErrors.h - what the tests of readers share ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// How readers are held to reporting what is wrong. All texts are read under the
// name "file.txt".
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_EXAMPLES_READERERRORS_H
#define EDBC_TEST_EXAMPLES_READERERRORS_H

#include "examples/program/Text.h"

#include <cstddef>
#include <ostream>
#include <random>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace reader_errors {

/// A text that can't be read, and what its reader says.
struct BadText {
  const char *name;
  const char *text;
  const char *message;
};

/// How GoogleTest shows a case.
inline void PrintTo(const BadText &bad, std::ostream *stream) {
  *stream << bad.name;
}

inline std::string nameOf(const testing::TestParamInfo<BadText> &info) {
  return info.param.name;
}

/// What `read()` reports.
template <typename Read> std::string errorOf(Read read) {
  try {
    read();
  } catch (const text::ReadError &error) {
    return error.what();
  }
  return "no error";
}

/// A reader of streams must notice that one can't be read.
template <typename Read> void expectErrorOfBrokenStream(Read read) {
  std::istringstream input("1");
  input.setstate(std::ios::badbit);
  EXPECT_EQ(errorOf([&] { read(input, "file.txt"); }),
            "file.txt: can't be read");
}

/// Damages a sound text at random, with the help of `bytes` that mean something
/// in it. `use` reads such a text and checks that what it got is something that
/// programs can use; or there must be an error with its place.
template <typename Use>
void expectUseOrError(const std::string &sound, const std::string &bytes,
                      Use use) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string text = sound;
    for (unsigned edits = 1 + random() % 3; edits != 0; --edits) {
      std::size_t place = random() % text.size();
      if (random() % 2 != 0)
        text[place] = bytes[random() % bytes.size()];
      else
        text.erase(place, 1 + random() % 4);
    }
    try {
      use(text);
    } catch (const text::ReadError &error) {
      EXPECT_EQ(std::string(error.what()).rfind("file.txt:", 0), 0u) << text;
    }
  }
}

} // namespace reader_errors

#endif // EDBC_TEST_EXAMPLES_READERERRORS_H
