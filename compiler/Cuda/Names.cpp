//===- Names.cpp - identifiers of printed code ------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Cuda/Names.h"

#include "llvm/ADT/StringExtras.h"

using namespace edbc::cuda;

/// Words of C++, and what printed code calls.
static bool isReserved(llvm::StringRef name) {
  static const llvm::StringSet<> words = {
      "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor",
      "bool", "break", "case", "catch", "char", "char16_t", "char32_t", "class",
      "compl", "const", "const_cast", "constexpr", "continue", "decltype",
      "default", "delete", "do", "double", "dynamic_cast", "else", "enum",
      "explicit", "export", "extern", "false", "float", "for", "friend", "goto",
      "if", "inline", "int", "long", "mutable", "namespace", "new", "noexcept",
      "not", "not_eq", "nullptr", "operator", "or", "or_eq", "private",
      "protected", "public", "register", "reinterpret_cast", "return", "short",
      "signed", "sizeof", "static", "static_assert", "static_cast", "struct",
      "switch", "template", "this", "thread_local", "throw", "true", "try",
      "typedef", "typeid", "typename", "union", "unsigned", "using", "virtual",
      "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
      // Of the device library and of the code around names.
      "argmax", "begin", "buffers", "edbc", "element", "entry", "expf", "fabsf",
      "finish", "floats", "folded", "hasInitial", "infinity", "largestOf",
      "locate", "logSumExp", "logf", "maximum", "minimum", "multiply",
      "operands", "panel", "precision", "row", "rowThreads", "sqrtf", "sum",
      "sums", "tanhf", "team", "u32", "u64", "unit", "units", "weights",
      "Folded", "NothingFolded", "Row", "Segment", "Segments", "blockDim",
      "blockIdx", "gridDim", "threadIdx", "INFINITY", "NAN", "NULL"};
  return words.contains(name) || name.starts_with("__") || name.empty();
}

std::string Names::choose(const llvm::Twine &wish) {
  std::string name;
  for (char c : numbered ? std::string("x") : wish.str())
    name += llvm::isAlnum(c) ? c : '_';
  std::string unique = name;
  for (unsigned i = 2; isReserved(unique) || !taken.insert(unique).second; ++i)
    unique = name + "_" + std::to_string(i);
  return unique;
}
