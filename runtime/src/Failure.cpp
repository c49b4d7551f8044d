//===- Failure.cpp - how a call of the C interface fails -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Failure.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

using namespace edbc;

size_t edbc::utf8Length(const char *text, size_t available) {
  if (available == 0)
    return 0;
  unsigned char lead = static_cast<unsigned char>(text[0]);
  size_t length = lead < 0x80                   ? 1
                  : lead >= 0xC2 && lead < 0xE0 ? 2
                  : lead >= 0xE0 && lead < 0xF0 ? 3
                  : lead >= 0xF0 && lead < 0xF5 ? 4
                                                : 0;
  if (length > available)
    return 0;
  for (size_t i = 1; i < length; ++i)
    if ((text[i] & 0xC0) != 0x80)
      return 0;
  if (length >= 3) {
    // Overlong forms, surrogates, and what lies beyond U+10FFFF.
    unsigned char second = static_cast<unsigned char>(text[1]);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second >= 0xA0) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second >= 0x90))
      return 0;
  }
  return length;
}

/// Makes one line of valid UTF-8 of a message in place.
static void sanitize(char *text) {
  size_t size = strlen(text);
  for (size_t i = 0; i < size;) {
    size_t length = utf8Length(text + i, size - i);
    bool isControl = static_cast<unsigned char>(text[i]) < 0x20 ||
                     static_cast<unsigned char>(text[i]) == 0x7F;
    if (length == 0 || isControl)
      text[i] = '?';
    i += length == 0 ? 1 : length;
  }
}

static void write(edbc_error &error, edbc_status status, const char *format,
                  va_list arguments) {
  int savedErrno = errno;
  error.status = status;
  if (vsnprintf(error.message, sizeof(error.message), format, arguments) < 0)
    error.message[0] = '\0';
  sanitize(error.message);
  errno = savedErrno;
}

edbc_status edbc::fail(edbc_error *error, edbc_status status,
                       const char *format, ...) {
  if (!error)
    return status;
  va_list arguments;
  va_start(arguments, format);
  write(*error, status, format, arguments);
  va_end(arguments);
  return status;
}

Failure::Failure(edbc_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write(error, status, format, arguments);
  va_end(arguments);
}
