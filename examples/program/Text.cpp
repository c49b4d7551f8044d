//===- Text.cpp - what readers of text formats have in common ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "program/Text.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

using namespace text;

bool text::isSpace(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

std::ifstream text::openFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw std::system_error(errno, std::generic_category(),
                            path + ": can't be opened");
  return file;
}

bool Lines::next() {
  ++number;
  if (std::getline(input, content))
    return true;
  if (input.bad())
    failText("can't be read");
  content.clear();
  return false;
}

bool Lines::nextFilled() {
  while (next())
    if (!std::all_of(content.begin(), content.end(), isSpace))
      return true;
  return false;
}

std::vector<Word> Lines::words() const {
  std::vector<Word> words;
  for (std::size_t begin = 0; begin != content.size();) {
    std::size_t end = begin;
    while (end != content.size() && !isSpace(content[end]))
      ++end;
    if (end != begin)
      words.push_back({content.substr(begin, end - begin), begin + 1});
    begin = end == content.size() ? end : end + 1;
  }
  return words;
}

void Lines::failText(const std::string &problem) const {
  throw ReadError(file + ": " + problem);
}

void Lines::fail(const std::string &problem) const {
  throw ReadError(file + ":" + std::to_string(number) + ": " + problem);
}

void Lines::fail(std::size_t column, const std::string &problem) const {
  throw ReadError(file + ":" + std::to_string(number) + ":" +
                  std::to_string(column) + ": " + problem);
}

std::string text::quoted(const std::string &part) {
  constexpr std::size_t longest = 20;
  std::string shown;
  for (char c : part.substr(0, longest))
    shown += c >= ' ' && c <= '~' ? c : '?';
  return "'" + shown + (part.size() > longest ? "...'" : "'");
}

bool text::parseNumber(const std::string &digits, std::uint32_t &number) {
  const char *end = digits.data() + digits.size();
  auto [rest, status] = std::from_chars(digits.data(), end, number);
  return status == std::errc() && rest == end;
}
