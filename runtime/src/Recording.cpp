//===- Recording.cpp - instance graphs as text -----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Writes what runtime/GRAPHS.md describes.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Failure.h"
#include "runtime/src/Model.h"
#include "runtime/src/Session.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace edbc;

namespace {

/// A text file that appears under its name when it is complete, and else not at
/// all: it is written beside its place and then renamed.
class PendingFile {
public:
  explicit PendingFile(const char *path) : path(path) {}
  ~PendingFile() {
    if (stream)
      fclose(stream);
    if (!temporary.empty())
      remove(temporary.c_str());
  }

  /// These return whether they succeeded, and otherwise leave errno.
  bool open() {
    for (unsigned attempt = 0;; ++attempt) {
      std::string name = path + (".tmp" + std::to_string(attempt));
      int file =
          ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (file < 0 && errno == EEXIST && attempt < 1000)
        continue;
      if (file < 0)
        return false;
      stream = fdopen(file, "w");
      if (!stream)
        close(file);
      temporary = std::move(name);
      return stream != nullptr;
    }
  }

  bool write(const std::string &text) {
    return fwrite(text.data(), 1, text.size(), stream) == text.size();
  }

  bool commit() {
    bool isClosed = fclose(stream) == 0;
    stream = nullptr;
    if (!isClosed || rename(temporary.c_str(), path.c_str()) != 0)
      return false;
    temporary.clear();
    return true;
  }

private:
  std::string path;
  std::string temporary; ///< its name while it exists
  FILE *stream = nullptr;
};

} // namespace

static void append(std::string &text, uint32_t number) {
  char digits[16];
  text.append(digits,
              std::to_chars(digits, digits + sizeof(digits), number).ptr);
}

/// The shortest decimal form that reads back as the same float.
static void append(std::string &text, float number) {
  if (std::isnan(number)) {
    text += "nan"; // Its sign says nothing.
    return;
  }
  char digits[32];
  text.append(digits,
              std::to_chars(digits, digits + sizeof(digits), number).ptr);
}

template <typename Get>
static void appendList(std::string &text, uint32_t count, Get get) {
  text += '[';
  for (uint32_t i = 0; i < count; ++i) {
    if (i != 0)
      text += ' ';
    append(text, get(i));
  }
  text += ']';
}

/// Says in which run the nodes that follow were executed, if that isn't the
/// one of the nodes before them, or the first one.
static void appendRun(std::string &text, bool isFirst, uint32_t before,
                      uint32_t run) {
  if (run == before)
    return;
  text += "run";
  if (isFirst || run != before + 1) {
    text += ' ';
    append(text, run);
  }
  text += '\n';
}

edbc_status edbc_session::saveGraphs(const char *path,
                                     edbc_error *error) const {
  auto failOnFile = [&] {
    return fail(error, EDBC_IO_ERROR, "%s: %s", path,
                std::generic_category().message(errno).c_str());
  };
  if (numNodes() == 0)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "%s: the session has no nodes to save", path);
  // A device or a pipe would be replaced by a file, for everybody.
  struct stat info;
  if (stat(path, &info) == 0 && !S_ISREG(info.st_mode) &&
      !S_ISDIR(info.st_mode))
    return fail(error, EDBC_IO_ERROR, "%s: it is not a regular file", path);
  PendingFile file(path);
  if (!file.open())
    return failOnFile();

  // The nodes of each instance in order of addition, and their numbers in it.
  std::vector<uint32_t> ends(instances.size() + 1), nodes(numNodes()),
      numbers(numNodes());
  for (uint32_t node = 0; node < numNodes(); ++node)
    numbers[node] = ends[places[node].instance() + 1]++;
  for (size_t i = 1; i < ends.size(); ++i)
    ends[i] += ends[i - 1];
  for (uint32_t node = 0; node < numNodes(); ++node)
    nodes[ends[places[node].instance()] + numbers[node]] = node;

  std::string text = std::string("edbc-graphs 1 ") + library().name + "\n";
  uint32_t run = 0, runEnd = 0; // of the last node
  for (uint32_t node : nodes) {
    bool isFirst = numbers[node] == 0;
    if (isFirst)
      text += "\ninstance\n";
    if (isFirst || node >= runEnd) {
      auto end = std::upper_bound(runEnds.begin(), runEnds.end(), node);
      auto nodesRun = static_cast<uint32_t>(end - runEnds.begin());
      appendRun(text, isFirst, isFirst ? 0 : run, nodesRun);
      run = nodesRun;
      runEnd = end == runEnds.end() ? numNodes() : *end;
    }
    uint32_t type = graph.type(node);
    uint32_t item = places[node].item;
    const edbc_cell_desc &cell = library().cells[type];
    text += cell.name;
    const uint32_t *operand = graph.operands(node).begin();
    for (uint32_t i = 0; i < cell.num_operands; ++i) {
      text += ' ';
      switch (cell.operands[i].kind) {
      case EDBC_OPERAND_STATE:
        append(text, numbers[*operand++]);
        break;
      case EDBC_OPERAND_TOKEN:
        append(text, cells[type].operandNumbers(i)[item]);
        break;
      case EDBC_OPERAND_DENSE: {
        uint32_t width = cell.operands[i].bound;
        const float *values =
            cells[type].operandValues(i) + item * paddedWidth(width);
        appendList(text, width, [&](uint32_t j) { return values[j]; });
        break;
      }
      case EDBC_OPERAND_STATES: {
        uint32_t count = cells[type].numElements(i, item);
        appendList(text, count,
                   [&](uint32_t j) { return numbers[operand[j]]; });
        operand += count;
        break;
      }
      }
    }
    text += '\n';
    constexpr size_t chunk = size_t(1) << 20;
    if (text.size() >= chunk) {
      if (!file.write(text))
        return failOnFile();
      text.clear();
    }
  }
  if (!file.write(text) || !file.commit())
    return failOnFile();
  return EDBC_OK;
}
