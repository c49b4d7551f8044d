//===- Safetensors.cpp - weights from a .safetensors file ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Safetensors.h"

#include "runtime/src/AlignedArray.h"
#include "runtime/src/Failure.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

using namespace edbc;

namespace {

/// A tensor as the header describes it; offsets count from the data's begin.
struct Tensor {
  std::string dtype;
  std::vector<uint64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

using Tensors = std::map<std::string, Tensor>;

/// A strict reader of the JSON that a header consists of. Its functions return
/// whether they succeeded, and describe the first mistake in `error`.
class HeaderReader {
public:
  HeaderReader(const char *path, const std::string &header, edbc_error *error)
      : path(path), header(header), error(error) {}

  bool read(Tensors &tensors) {
    auto member = [&](const std::string &name, size_t position) {
      if (name == "__metadata__")
        return readMetadata();
      auto [entry, isNew] = tensors.try_emplace(name);
      if (!isNew)
        return failAt(position, "a second tensor with the same name");
      return readTensor(entry->second, position);
    };
    if (!readObject(member))
      return false;
    skipSpace();
    return cursor == header.size() || failAt(cursor, "expected the end");
  }

private:
  /// Offset of the header in the file.
  static constexpr size_t headerBegin = 8;

  bool failAt(size_t position, const char *what) {
    fail(error, EDBC_BAD_FORMAT, "%s: header, byte %zu: %s", path,
         headerBegin + position, what);
    return false;
  }

  void skipSpace() {
    while (cursor < header.size() &&
           (header[cursor] == ' ' || header[cursor] == '\t' ||
            header[cursor] == '\n' || header[cursor] == '\r'))
      ++cursor;
  }

  /// Takes `symbol` if it comes next.
  bool take(char symbol) {
    skipSpace();
    if (cursor == header.size() || header[cursor] != symbol)
      return false;
    ++cursor;
    return true;
  }

  /// Reads elements and commas up to `close`, the opening symbol being read.
  template <typename Element>
  bool readList(char close, const char *expected, Element element) {
    if (take(close))
      return true;
    do {
      if (!element())
        return false;
    } while (take(','));
    return take(close) || failAt(cursor, expected);
  }

  /// Calls `member(name, position)` with the cursor at each value.
  template <typename Member> bool readObject(Member member) {
    if (!take('{'))
      return failAt(cursor, "expected '{'");
    return readList('}', "expected ',' or '}'", [&] {
      skipSpace();
      size_t position = cursor;
      std::string name;
      if (!readString(name))
        return false;
      if (!take(':'))
        return failAt(cursor, "expected ':'");
      return member(name, position);
    });
  }

  bool readMetadata() {
    return readObject([&](const std::string &, size_t) {
      std::string ignored;
      return readString(ignored);
    });
  }

  bool readTensor(Tensor &tensor, size_t position) {
    bool hasDtype = false, hasShape = false, hasOffsets = false;
    auto once = [&](bool &flag, size_t at) {
      if (flag)
        return failAt(at, "a second value for the same key");
      return flag = true;
    };
    auto member = [&](const std::string &key, size_t at) {
      if (key == "dtype")
        return once(hasDtype, at) && readString(tensor.dtype);
      if (key == "shape")
        return once(hasShape, at) && readIntegers(tensor.shape);
      if (key == "data_offsets") {
        std::vector<uint64_t> offsets;
        if (!once(hasOffsets, at) || !readIntegers(offsets))
          return false;
        if (offsets.size() != 2)
          return failAt(at, "data_offsets are two numbers");
        tensor.begin = offsets[0];
        tensor.end = offsets[1];
        return true;
      }
      return failAt(at, "expected dtype, shape or data_offsets");
    };
    if (!readObject(member))
      return false;
    return (hasDtype && hasShape && hasOffsets) ||
           failAt(position, "a tensor needs dtype, shape and data_offsets");
  }

  bool readIntegers(std::vector<uint64_t> &integers) {
    if (!take('['))
      return failAt(cursor, "expected '['");
    return readList(']', "expected ',' or ']'", [&] {
      uint64_t integer;
      if (!readInteger(integer))
        return false;
      integers.push_back(integer);
      return true;
    });
  }

  bool readInteger(uint64_t &integer) {
    skipSpace();
    size_t begin = cursor;
    integer = 0;
    for (; cursor < header.size() && isDigit(header[cursor]); ++cursor) {
      uint64_t digit = static_cast<uint64_t>(header[cursor] - '0');
      if (integer > (UINT64_MAX - digit) / 10)
        return failAt(begin, "a number beyond 64 bits");
      integer = integer * 10 + digit;
    }
    if (cursor == begin)
      return failAt(begin, "expected a non-negative integer");
    if (header[begin] == '0' && cursor != begin + 1)
      return failAt(begin, "a number must not begin with 0");
    return true;
  }

  static bool isDigit(char symbol) { return symbol >= '0' && symbol <= '9'; }

  bool readString(std::string &text) {
    if (!take('"'))
      return failAt(cursor, "expected '\"'");
    text.clear();
    while (cursor < header.size() && header[cursor] != '"') {
      if (header[cursor] == '\\') {
        if (!readEscape(text))
          return false;
        continue;
      }
      if (static_cast<unsigned char>(header[cursor]) < 0x20)
        return failAt(cursor, "a control character in a string");
      size_t length = utf8Length(&header[cursor], header.size() - cursor);
      if (length == 0)
        return failAt(cursor, "not UTF-8");
      text.append(header, cursor, length);
      cursor += length;
    }
    if (cursor == header.size())
      return failAt(cursor, "expected '\"'");
    ++cursor;
    return true;
  }

  bool readEscape(std::string &text) {
    static constexpr char escapes[] = "\"\\/bfnrt";
    static constexpr char meanings[] = "\"\\/\b\f\n\r\t";
    size_t position = cursor++;
    if (cursor < header.size() && header[cursor] == 'u')
      return readCodePoint(text, position);
    for (size_t i = 0; escapes[i] != '\0'; ++i) {
      if (cursor < header.size() && header[cursor] == escapes[i]) {
        text += meanings[i];
        ++cursor;
        return true;
      }
    }
    return failAt(position, "unknown escape");
  }

  /// Reads u and four hexadecimal digits.
  bool readCodeUnit(uint32_t &unit) {
    if (cursor == header.size() || header[cursor] != 'u')
      return false;
    ++cursor;
    unit = 0;
    for (int i = 0; i < 4; ++i, ++cursor) {
      char symbol = cursor < header.size() ? header[cursor] : '\0';
      char lower = static_cast<char>(symbol | 0x20);
      if (isDigit(symbol))
        unit = unit * 16 + static_cast<uint32_t>(symbol - '0');
      else if (lower >= 'a' && lower <= 'f')
        unit = unit * 16 + static_cast<uint32_t>(lower - 'a' + 10);
      else
        return false;
    }
    return true;
  }

  bool readCodePoint(std::string &text, size_t position) {
    uint32_t code;
    if (!readCodeUnit(code))
      return failAt(position, "expected four hexadecimal digits");
    if (code >= 0xD800 && code < 0xE000) {
      // The first half of a pair, which the second must follow.
      uint32_t low = 0;
      bool isPair = code < 0xDC00 && cursor < header.size() &&
                    header[cursor++] == '\\' && readCodeUnit(low) &&
                    low >= 0xDC00 && low < 0xE000;
      if (!isPair)
        return failAt(position, "half a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    auto append = [&](uint32_t byte) { text += static_cast<char>(byte); };
    if (code < 0x80) {
      append(code);
    } else if (code < 0x800) {
      append(0xC0 | code >> 6);
      append(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      append(0xE0 | code >> 12);
      append(0x80 | (code >> 6 & 0x3F));
      append(0x80 | (code & 0x3F));
    } else {
      append(0xF0 | code >> 18);
      append(0x80 | (code >> 12 & 0x3F));
      append(0x80 | (code >> 6 & 0x3F));
      append(0x80 | (code & 0x3F));
    }
    return true;
  }

  const char *path;
  const std::string &header;
  edbc_error *error;
  size_t cursor = 0;
};

/// A weights file that is being read.
class WeightsFile {
public:
  WeightsFile(const char *path, edbc_error *error) : path(path), error(error) {}

  edbc_status read(const edbc_library &library, const TakeRows &take) {
    Tensors tensors;
    edbc_status status = readHeader(tensors);
    if (status == EDBC_OK)
      status = checkNames(library, tensors);
    if (status == EDBC_OK)
      status = checkTensors(library, tensors);
    if (status == EDBC_OK)
      status = checkOffsets(tensors);
    if (status == EDBC_OK)
      status = readData(library, tensors, take);
    return status;
  }

private:
  /// The format's own limit: no file can make us take more memory than this
  /// before we know that it has the right tensors.
  static constexpr uint64_t maxHeaderSize = 100000000;

  struct Close {
    void operator()(FILE *stream) const { fclose(stream); }
  };

  edbc_status failOnStream() {
    return fail(error, EDBC_IO_ERROR, "%s: %s", path,
                std::generic_category().message(errno).c_str());
  }

  /// Reads the next `size` bytes.
  edbc_status readBytes(void *bytes, size_t size) {
    if (fread(bytes, 1, size, stream.get()) == size)
      return EDBC_OK;
    if (ferror(stream.get()))
      return failOnStream();
    return fail(error, EDBC_BAD_FORMAT,
                "%s: the file became shorter while it was read", path);
  }

  edbc_status readHeader(Tensors &tensors) {
    stream.reset(fopen(path, "rb"));
    // A directory can be opened; that it can't be read shows at the first byte.
    if (!stream || (fgetc(stream.get()) == EOF && ferror(stream.get())) ||
        fseek(stream.get(), 0, SEEK_END) != 0)
      return failOnStream();
    long size = ftell(stream.get());
    if (size < 0 || fseek(stream.get(), 0, SEEK_SET) != 0)
      return failOnStream();
    uint64_t fileSize = static_cast<uint64_t>(size);

    unsigned char prefix[8];
    if (fileSize < sizeof(prefix))
      return fail(error, EDBC_BAD_FORMAT,
                  "%s: the file is truncated: it has %llu bytes, and the "
                  "length of the header alone takes 8",
                  path, static_cast<unsigned long long>(fileSize));
    if (edbc_status status = readBytes(prefix, sizeof(prefix)))
      return status;
    uint64_t headerSize = 0;
    for (int i = 7; i >= 0; --i)
      headerSize = headerSize << 8 | prefix[i];
    if (headerSize > fileSize - sizeof(prefix))
      return fail(
          error, EDBC_BAD_FORMAT,
          "%s: the file is truncated or no safetensors file: its header "
          "should have %llu bytes, but only %llu follow",
          path, static_cast<unsigned long long>(headerSize),
          static_cast<unsigned long long>(fileSize - sizeof(prefix)));
    if (headerSize > maxHeaderSize)
      return fail(error, EDBC_BAD_FORMAT,
                  "%s: the header has %llu bytes; the format allows %llu", path,
                  static_cast<unsigned long long>(headerSize),
                  static_cast<unsigned long long>(maxHeaderSize));
    dataSize = fileSize - sizeof(prefix) - headerSize;

    std::string header(headerSize, '\0');
    if (edbc_status status = readBytes(header.data(), header.size()))
      return status;
    return HeaderReader(path, header, error).read(tensors) ? EDBC_OK
                                                           : EDBC_BAD_FORMAT;
  }

  /// The file must have the library's tensors and no others.
  edbc_status checkNames(const edbc_library &library, const Tensors &tensors) {
    std::string missing;
    std::map<std::string, const edbc_param_desc *> params;
    for (uint32_t i = 0; i < library.num_params; ++i) {
      params.emplace(library.params[i].name, &library.params[i]);
      if (tensors.count(library.params[i].name) == 0)
        list(missing, library.params[i].name);
    }
    if (!missing.empty())
      return fail(error, EDBC_BAD_FORMAT,
                  "%s: missing tensors of network '%s': %s", path, library.name,
                  missing.c_str());
    std::string unknown;
    for (const auto &[name, tensor] : tensors)
      if (params.count(name) == 0)
        list(unknown, name);
    if (!unknown.empty())
      return fail(error, EDBC_BAD_FORMAT,
                  "%s: tensors that network '%s' doesn't have: %s", path,
                  library.name, unknown.c_str());
    return EDBC_OK;
  }

  static void list(std::string &names, const std::string &name) {
    names += (names.empty() ? "'" : ", '") + name + "'";
  }

  static std::string shapeText(const std::vector<uint64_t> &shape) {
    std::string text;
    for (uint64_t size : shape)
      text += (text.empty() ? "" : ", ") + std::to_string(size);
    return "[" + text + "]";
  }

  edbc_status checkTensors(const edbc_library &library,
                           const Tensors &tensors) {
    for (uint32_t i = 0; i < library.num_params; ++i) {
      const edbc_param_desc &param = library.params[i];
      const Tensor &tensor = tensors.at(param.name);
      if (tensor.dtype != "F32")
        return fail(error, EDBC_BAD_FORMAT,
                    "%s: tensor '%s' has dtype %s, expected F32", path,
                    param.name, tensor.dtype.c_str());
      std::vector<uint64_t> shape;
      if (param.rank == 3)
        shape.push_back(param.matrices);
      if (param.rank >= 2)
        shape.push_back(param.rows);
      shape.push_back(param.columns);
      if (tensor.shape != shape)
        return fail(error, EDBC_BAD_FORMAT,
                    "%s: tensor '%s' has shape %s, expected %s", path,
                    param.name, shapeText(tensor.shape).c_str(),
                    shapeText(shape).c_str());
      uint64_t size =
          uint64_t(param.matrices) * param.rows * param.columns * sizeof(float);
      if (tensor.begin > tensor.end || tensor.end - tensor.begin != size)
        return fail(
            error, EDBC_BAD_FORMAT,
            "%s: tensor '%s' has data_offsets [%llu, %llu], but its "
            "shape %s takes %llu bytes",
            path, param.name, static_cast<unsigned long long>(tensor.begin),
            static_cast<unsigned long long>(tensor.end),
            shapeText(shape).c_str(), static_cast<unsigned long long>(size));
      if (tensor.end > dataSize)
        return fail(error, EDBC_BAD_FORMAT,
                    "%s: tensor '%s' ends at byte %llu of the data, of which "
                    "the file has only %llu",
                    path, param.name,
                    static_cast<unsigned long long>(tensor.end),
                    static_cast<unsigned long long>(dataSize));
    }
    return EDBC_OK;
  }

  /// Tensors must fill the data without gap or overlap.
  edbc_status checkOffsets(const Tensors &tensors) {
    std::multimap<uint64_t, Tensors::const_iterator> byBegin;
    for (auto it = tensors.begin(); it != tensors.end(); ++it)
      byBegin.emplace(it->second.begin, it);
    uint64_t end = 0;
    const char *previous = "";
    for (const auto &[begin, entry] : byBegin) {
      const char *name = entry->first.c_str();
      if (begin < end)
        return fail(error, EDBC_BAD_FORMAT,
                    "%s: the data of tensors '%s' and '%s' overlap", path,
                    previous, name);
      if (begin > end)
        return fail(error, EDBC_BAD_FORMAT,
                    "%s: bytes %llu to %llu of the data, before tensor '%s', "
                    "belong to no tensor",
                    path, static_cast<unsigned long long>(end),
                    static_cast<unsigned long long>(begin), name);
      end = entry->second.end;
      previous = name;
    }
    if (end != dataSize)
      return fail(error, EDBC_BAD_FORMAT,
                  "%s: the last %llu bytes belong to no tensor", path,
                  static_cast<unsigned long long>(dataSize - end));
    return EDBC_OK;
  }

  static size_t allRows(const edbc_param_desc &param) {
    return size_t(param.matrices) * param.rows;
  }

  /// The rows of a parameter that are read at one go: few enough that they are
  /// still in a core's cache when they are taken.
  static size_t rowsAtOnce(const edbc_param_desc &param) {
    constexpr size_t wanted = (256 << 10) / sizeof(float);
    size_t rows = wanted / param.columns / EDBC_LANES * EDBC_LANES;
    return std::min(std::max<size_t>(rows, EDBC_LANES), allRows(param));
  }

  /// Tensors fill the data without gaps: the next one's begins where we are.
  edbc_status readData(const edbc_library &library, const Tensors &tensors,
                       const TakeRows &take) {
    std::map<uint64_t, uint32_t> byBegin;
    size_t mostAtOnce = 0;
    for (uint32_t i = 0; i < library.num_params; ++i) {
      const edbc_param_desc &param = library.params[i];
      byBegin.emplace(tensors.at(param.name).begin, i);
      mostAtOnce = std::max(mostAtOnce, rowsAtOnce(param) * param.columns);
    }
    // One buffer for all: fresh memory costs as much as reading does.
    AlignedArray<float> buffer(mostAtOnce);
    for (const auto &[begin, i] : byBegin) {
      const edbc_param_desc &param = library.params[i];
      size_t numRows = allRows(param);
      for (size_t row = 0, count; row < numRows; row += count) {
        count = std::min(rowsAtOnce(param), numRows - row);
        if (edbc_status status =
                readBytes(buffer.data(), count * param.columns * sizeof(float)))
          return status;
        take(i, row, count, buffer.data());
      }
    }
    return EDBC_OK;
  }

  const char *path;
  edbc_error *error;
  std::unique_ptr<FILE, Close> stream;
  uint64_t dataSize = 0;
};

} // namespace

edbc_status edbc::readSafetensors(const char *path, const edbc_library &library,
                                  const TakeRows &take, edbc_error *error) {
  return WeightsFile(path, error).read(library, take);
}
