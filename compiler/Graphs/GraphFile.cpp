//===- GraphFile.cpp - reads instance graphs --------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Graphs/GraphFile.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <numeric>
#include <unordered_map>

using namespace edbc;

/// The largest number of a run: there can't be more of them than nodes.
constexpr uint32_t maxRun = UINT32_MAX - 1;

static std::string number(size_t value) { return std::to_string(value); }

/// "1 node", "2 nodes".
static std::string counted(size_t count, const std::string &noun) {
  return number(count) + " " + noun + (count == 1 ? "" : "s");
}

/// A piece of the file for a message: what isn't printable ASCII is replaced by
/// '?', and what is long is cut.
static std::string quoted(std::string_view text) {
  constexpr size_t longest = 40;
  std::string result = "'";
  for (char c : text.substr(0, longest))
    result += c >= ' ' && c <= '~' ? c : '?';
  return result + (text.size() > longest ? "...'" : "'");
}

/// Insertions, deletions and replacements that turn `a` into `b`.
static size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t(0));
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

namespace {

/// Blank-separated; brackets are words of their own.
struct Word {
  std::string_view text;
  size_t begin; ///< in bytes, within its line
};

/// As in GraphFileError.
struct Place {
  size_t line = 1;
  size_t column = 1;
};

/// What stands for one operand: a word, or all from '[' to ']'.
struct Group {
  size_t firstWord;
  size_t endWord;
};

class Reader {
public:
  Reader(std::string_view text, const Signature &signature)
      : rest(text), signature(signature) {
    for (uint32_t cell = 0; cell < signature.cells.size(); ++cell)
      cellOfName.emplace(signature.cells[cell].name, cell);
  }

  GraphFile read();

private:
  /// Stands for the cell of a node whose line had an error.
  static constexpr uint32_t unknownCell = UINT32_MAX;

  bool nextLine();
  bool splitLine();
  bool readHeader();
  void beginInstance();
  void beginRun();
  void endInstance(const std::string &found);
  void readNode();
  bool groupOperands();
  bool readOperand(const OperandSignature &operand, Group group,
                   uint32_t &argument);
  bool readState(const OperandSignature &operand, const Word &word,
                 uint32_t &argument);
  bool readToken(const OperandSignature &operand, const Word &word,
                 uint32_t &argument);
  bool readDense(const OperandSignature &operand, Group group,
                 uint32_t &argument);
  bool readStates(const OperandSignature &operand, Group group,
                  uint32_t &argument);

  Place placeOf(size_t byte) const;
  bool fail(Place place, std::string message);
  bool fail(const Word &word, std::string message) {
    return fail(placeOf(word.begin), std::move(message));
  }
  bool failAtEnd(std::string message) {
    return fail(placeOf(endOfWords()), std::move(message));
  }
  bool failOnSurplus(const Word &word, const std::string &before) {
    return fail(word, "expected the end of the line after " + before +
                          ", found " + quoted(word.text));
  }
  size_t endOfWords() const {
    return words.empty() ? 0 : words.back().begin + words.back().text.size();
  }
  std::string describe(const OperandSignature &operand) const {
    return "operand '" + operand.name + "' of cell '" + cell->name + "': ";
  }
  std::string suggestCell(std::string_view name) const;

  std::string_view rest; ///< of the text, after `line`
  const Signature &signature;
  std::unordered_map<std::string_view, uint32_t> cellOfName;
  GraphFile file;

  std::string_view line;
  size_t lineNumber = 0;
  std::vector<Word> words;
  const CellSignature *cell = nullptr; ///< of the line
  std::vector<Group> groups;           ///< of the line
  Place instancePlace;                 ///< where the last one begins
  Place runPlace;                      ///< where its last run ends
};

} // namespace

Place Reader::placeOf(size_t byte) const {
  size_t column = 1;
  for (char c : line.substr(0, byte))
    column += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return {lineNumber, column};
}

/// Returns false, for the convenience of callers.
bool Reader::fail(Place place, std::string message) {
  file.errors.push_back({place.line, place.column, std::move(message)});
  return false;
}

/// Moves to the next line, if there is one.
bool Reader::nextLine() {
  if (rest.empty())
    return false;
  size_t end = std::min(rest.find('\n'), rest.size());
  line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  ++lineNumber;
  return true;
}

/// Splits the line into words. Returns whether there are any.
bool Reader::splitLine() {
  words.clear();
  for (size_t i = 0; i < line.size() && line[i] != '#';) {
    size_t begin = i;
    if (line[i] == '[' || line[i] == ']')
      ++i;
    else
      i = std::min(line.find_first_of(" \t\r[]#", i), line.size());
    if (i != begin)
      words.push_back({line.substr(begin, i - begin), begin});
    while (i < line.size() &&
           (line[i] == ' ' || line[i] == '\t' || line[i] == '\r'))
      ++i;
  }
  return !words.empty();
}

bool Reader::readHeader() {
  constexpr std::string_view magic = "edbc-graphs", version = "1";
  std::string expected = "expected 'edbc-graphs 1 " + signature.network +
                         "', with which a graph file begins, found ";
  if (!nextLine())
    return fail(Place(), expected + "an empty file");
  if (!splitLine())
    return fail(Place(), expected + "a line without words");
  if (words[0].text != magic)
    return fail(words[0], expected + quoted(words[0].text));
  if (words.size() < 2)
    return failAtEnd(expected + "only 'edbc-graphs'");
  if (words[1].text != version)
    return fail(words[1], "expected version 1 of the format, found " +
                              quoted(words[1].text));
  if (words.size() < 3)
    return failAtEnd("expected the name of the network, '" + signature.network +
                     "', found the end of the line");
  if (words[2].text != signature.network)
    return fail(words[2], "expected graphs of network '" + signature.network +
                              "', found graphs of " + quoted(words[2].text));
  if (words.size() > 3)
    return failOnSurplus(words[3], "the name of the network");
  return true;
}

void Reader::beginInstance() {
  endInstance("another 'instance'");
  instancePlace = placeOf(words[0].begin);
  file.instances.emplace_back();
  if (words.size() > 1)
    failOnSurplus(words[1], "'instance'");
}

/// Fails where an instance, or its last run, has no nodes.
void Reader::endInstance(const std::string &found) {
  if (file.instances.empty())
    return;
  const Instance &instance = file.instances.back();
  if (instance.nodes.empty())
    fail(instancePlace, "expected nodes in this instance, found " + found);
  else if (!instance.runBegins.empty() &&
           instance.runBegins.back().node == instance.nodes.size())
    fail(runPlace, "expected nodes after 'run', found " + found);
}

/// Whether all of the word is a decimal integer; one that is too large becomes
/// the largest.
static bool parseInteger(std::string_view text, uint64_t &value) {
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range)
    value = UINT64_MAX;
  return error != std::errc::invalid_argument &&
         end == text.data() + text.size();
}

void Reader::beginRun() {
  if (file.instances.empty()) {
    fail(words[0], "expected 'instance' before the first node, found 'run'");
    return;
  }
  Instance &instance = file.instances.back();
  auto node = uint32_t(instance.nodes.size());
  uint32_t last = instance.lastRun();
  if (!instance.runBegins.empty() && instance.runBegins.back().node == node) {
    fail(words[0], "expected nodes after 'run', found another 'run'");
    return;
  }
  if (last == maxRun) {
    fail(words[0], "expected nodes or 'instance' after the last run, " +
                       number(maxRun) + ", found 'run'");
    return;
  }
  uint64_t run = last + 1;
  if (words.size() > 1) {
    if (!parseInteger(words[1].text, run) || run <= last || run > maxRun) {
      fail(words[1], "expected the number of a run from " + number(last + 1) +
                         " to " + number(maxRun) + ", found " +
                         quoted(words[1].text));
      return;
    }
    if (words.size() > 2)
      failOnSurplus(words[2], "the number of the run");
  } else if (node == 0) {
    fail(words[0], "expected nodes or the number of a run after 'instance', "
                   "found 'run'");
    return;
  }
  runPlace = placeOf(words[0].begin);
  instance.runBegins.push_back({uint32_t(run), node});
}

std::string Reader::suggestCell(std::string_view name) const {
  // A name of which a third was mistyped is still near, but not one of which
  // every letter differs. (The model file's messages go by the same rule.)
  size_t nearest = (name.size() + 2) / 3 + 1;
  const std::string *best = nullptr;
  for (const CellSignature &candidate : signature.cells) {
    size_t distance = editDistance(name, candidate.name);
    if (distance < nearest &&
        distance < std::max(name.size(), candidate.name.size())) {
      nearest = distance;
      best = &candidate.name;
    }
  }
  return best ? "; did you mean '" + *best + "'?" : "";
}

/// Finds the operands of a node's line. Fails where a bracket isn't closed.
bool Reader::groupOperands() {
  groups.clear();
  for (size_t i = 1; i < words.size(); ++i) {
    size_t begin = i;
    if (words[begin].text == "[") {
      for (++i; i < words.size() && words[i].text != "]"; ++i)
        if (words[i].text == "[")
          return fail(words[i], "expected ']', found '['");
      if (i == words.size())
        return failAtEnd("expected ']', found the end of the line");
    }
    groups.push_back({begin, i + 1});
  }
  return true;
}

/// Adds the line's node to the instance; where there is an error, as a node of
/// an unknown cell, so that numbers of nodes remain right.
void Reader::readNode() {
  const bool isLost = file.instances.empty();
  if (isLost) {
    fail(words[0], "expected 'instance' before the first node, found " +
                       quoted(words[0].text));
    file.instances.emplace_back(); // Once is enough.
  }
  Instance &instance = file.instances.back();
  uint32_t firstArgument = uint32_t(instance.arguments.size());
  instance.nodes.push_back({unknownCell, firstArgument});

  auto found = cellOfName.find(words[0].text);
  if (found == cellOfName.end()) {
    if (isLost)
      return;
    fail(words[0], "expected 'instance', 'run' or a cell of network '" +
                       signature.network + "', found " + quoted(words[0].text) +
                       suggestCell(words[0].text));
    return;
  }
  cell = &signature.cells[found->second];
  if (!groupOperands())
    return;
  if (groups.size() != cell->operands.size()) {
    std::string message = "expected " +
                          counted(cell->operands.size(), "operand") +
                          " for cell '" + cell->name + "'";
    for (size_t i = 0; i < cell->operands.size(); ++i)
      message += (i == 0 ? " (" : ", ") + cell->operands[i].name;
    message += cell->operands.empty() ? "" : ")";
    message += ", found " + number(groups.size());
    if (groups.size() > cell->operands.size())
      fail(words[groups[cell->operands.size()].firstWord], message);
    else
      failAtEnd(message);
    return;
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    uint32_t argument = 0;
    if (!readOperand(cell->operands[i], groups[i], argument))
      return;
    instance.arguments.push_back(argument);
  }
  instance.nodes.back().cell = found->second;
}

/// As strtof reads it in the C locale, but for hexadecimal numbers.
static bool parseFloat(std::string_view text, float &value) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-')
    text.remove_prefix(1);
  const char *last = text.data() + text.size();
  auto [end, error] = std::from_chars(text.data(), last, value);
  if (end != last || error == std::errc::invalid_argument)
    return false;
  if (error == std::errc::result_out_of_range) {
    // Too small is 0, which only strtof tells from too large.
    value = std::strtof(std::string(text).c_str(), nullptr);
    if (value > 1 || value < -1)
      return false;
  }
  return true;
}

bool Reader::readOperand(const OperandSignature &operand, Group group,
                         uint32_t &argument) {
  const Word &word = words[group.firstWord];
  switch (operand.kind) {
  case EDBC_OPERAND_STATE:
    return readState(operand, word, argument);
  case EDBC_OPERAND_TOKEN:
    return readToken(operand, word, argument);
  case EDBC_OPERAND_DENSE:
    return readDense(operand, group, argument);
  case EDBC_OPERAND_STATES:
    return readStates(operand, group, argument);
  }
  return false;
}

bool Reader::readState(const OperandSignature &operand, const Word &word,
                       uint32_t &argument) {
  const std::vector<Instance::Node> &nodes = file.instances.back().nodes;
  size_t numEarlier = nodes.size() - 1;
  uint64_t node = 0;
  if (!parseInteger(word.text, node) || node >= numEarlier)
    return fail(word, describe(operand) +
                          "expected the number of an earlier node of the "
                          "instance, which has " +
                          counted(numEarlier, "node") + " so far, found " +
                          quoted(word.text));
  argument = static_cast<uint32_t>(node);
  if (nodes[node].cell == unknownCell)
    return true;
  const CellSignature &used = signature.cells[nodes[node].cell];
  if (used.result != operand.state)
    return fail(word,
                describe(operand) + "expected a node that yields state '" +
                    signature.states[operand.state] + "', found node " +
                    number(node) + " of cell '" + used.name +
                    "', which yields '" + signature.states[used.result] + "'");
  return true;
}

bool Reader::readToken(const OperandSignature &operand, const Word &word,
                       uint32_t &argument) {
  uint64_t token = 0;
  if (!parseInteger(word.text, token) || token >= operand.bound)
    return fail(word, describe(operand) + "expected an integer in [0, " +
                          number(operand.bound) + "), found " +
                          quoted(word.text));
  argument = static_cast<uint32_t>(token);
  return true;
}

bool Reader::readDense(const OperandSignature &operand, Group group,
                       uint32_t &argument) {
  std::vector<float> &values = file.instances.back().values;
  argument = static_cast<uint32_t>(values.size());
  auto failOn = [&](const Word &word, const std::string &message) {
    return fail(word, describe(operand) + "expected " + message);
  };
  const Word &first = words[group.firstWord];
  if (first.text != "[")
    return failOn(first, "'[' before " + counted(operand.bound, "number") +
                             ", found " + quoted(first.text));
  size_t begin = group.firstWord + 1, end = group.endWord - 1;
  for (size_t i = begin; i < end; ++i) {
    float value = 0;
    if (!parseFloat(words[i].text, value))
      return failOn(words[i], "a number that fits a float, found " +
                                  quoted(words[i].text));
    values.push_back(value);
  }
  if (end - begin != operand.bound)
    return failOn(words[std::min(begin + operand.bound, end)],
                  counted(operand.bound, "number") + ", found " +
                      number(end - begin));
  return true;
}

bool Reader::readStates(const OperandSignature &operand, Group group,
                        uint32_t &argument) {
  std::vector<uint32_t> &elements = file.instances.back().elements;
  argument = static_cast<uint32_t>(elements.size());
  const Word &first = words[group.firstWord];
  if (first.text != "[")
    return fail(first, describe(operand) +
                           "expected '[' before numbers of nodes, found " +
                           quoted(first.text));
  size_t begin = group.firstWord + 1, end = group.endWord - 1;
  if (end - begin < operand.bound)
    return fail(words[end], describe(operand) + "expected at least " +
                                counted(operand.bound, "node") + ", found " +
                                number(end - begin));
  elements.push_back(static_cast<uint32_t>(end - begin));
  for (size_t i = begin; i < end; ++i) {
    uint32_t node = 0;
    if (!readState(operand, words[i], node))
      return false;
    elements.push_back(node);
  }
  return true;
}

GraphFile Reader::read() {
  if (!readHeader())
    return std::move(file);
  while (file.errors.size() < GraphFile::maxErrors && nextLine()) {
    if (!splitLine())
      continue;
    if (words[0].text == "instance")
      beginInstance();
    else if (words[0].text == "run")
      beginRun();
    else
      readNode();
  }
  if (file.errors.size() < GraphFile::maxErrors) {
    if (file.instances.empty())
      fail({lineNumber + 1, 1},
           "expected 'instance', found the end of the file");
    endInstance("the end of the file");
  }
  if (file.errors.size() > GraphFile::maxErrors)
    file.errors.resize(GraphFile::maxErrors);
  if (!file.errors.empty())
    file.instances.clear();
  return std::move(file);
}

std::string GraphFileError::format(std::string_view fileName) const {
  return std::string(fileName) + ":" + number(line) + ":" + number(column) +
         ": error: " + message;
}

GraphFile edbc::readGraphs(std::string_view text, const Signature &signature) {
  return Reader(text, signature).read();
}

uint32_t Instance::endOfRun(uint32_t run) const {
  auto next = std::upper_bound(
      runBegins.begin(), runBegins.end(), run,
      [](uint32_t value, const RunBegin &begin) { return value < begin.run; });
  return next == runBegins.end() ? uint32_t(nodes.size()) : next->node;
}

std::vector<uint32_t> edbc::runsOf(const Instance *begin, const Instance *end) {
  std::vector<uint32_t> runs;
  for (const Instance *instance = begin; instance != end; ++instance) {
    if (instance->endOfRun(0) != 0)
      runs.push_back(0);
    for (const Instance::RunBegin &runBegin : instance->runBegins)
      runs.push_back(runBegin.run);
  }
  std::sort(runs.begin(), runs.end());
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  return runs;
}

namespace {

/// Puts the nodes of a mini-batch into graphs, run by run.
class Merger {
public:
  Merger(const Instance *begin, const Instance *end, const Signature &signature,
         const core::TypeOrder &order)
      : begin(begin), end(end), signature(signature), order(order),
        ids(end - begin) {}

  core::Graph mergeRun(uint32_t run);

private:
  void addNode(core::Graph &graph, const Instance &instance,
               uint32_t firstOfRun, std::vector<uint32_t> &idOfNode);

  const Instance *begin, *end;
  const Signature &signature;
  const core::TypeOrder &order;
  /// By instance and node: its id in the graph of its run.
  std::vector<std::vector<uint32_t>> ids;
  std::vector<uint32_t> operands;
};

} // namespace

/// Adds the next node of the instance.
void Merger::addNode(core::Graph &graph, const Instance &instance,
                     uint32_t firstOfRun, std::vector<uint32_t> &idOfNode) {
  operands.clear();
  auto addOperand = [&](uint32_t node) {
    if (node >= firstOfRun)
      operands.push_back(idOfNode[node]);
  };
  const Instance::Node &node = instance.nodes[idOfNode.size()];
  const CellSignature &cell = signature.cells[node.cell];
  for (size_t i = 0; i < cell.operands.size(); ++i) {
    uint32_t argument = instance.arguments[node.firstArgument + i];
    if (cell.operands[i].kind == EDBC_OPERAND_STATE)
      addOperand(argument);
    else if (cell.operands[i].kind == EDBC_OPERAND_STATES)
      for (uint32_t element : instance.elementsAt(argument))
        addOperand(element);
  }
  idOfNode.push_back(
      graph.add(node.cell, operands.data(), uint32_t(operands.size())));
}

core::Graph Merger::mergeRun(uint32_t run) {
  core::Graph graph(order);
  for (const Instance *instance = begin; instance != end; ++instance) {
    std::vector<uint32_t> &idOfNode = ids[instance - begin];
    uint32_t first = uint32_t(idOfNode.size());
    while (idOfNode.size() < instance->endOfRun(run))
      addNode(graph, *instance, first, idOfNode);
  }
  return graph;
}

std::vector<core::Graph>
edbc::mergeInstances(const std::vector<Instance> &instances,
                     const Signature &signature, uint32_t batchSize) {
  const core::TypeOrder order = orderOf(signature);
  std::vector<core::Graph> graphs;
  for (size_t first = 0; first < instances.size(); first += batchSize) {
    const Instance *begin = instances.data() + first;
    const Instance *end =
        begin + std::min<size_t>(batchSize, instances.size() - first);
    Merger merger(begin, end, signature, order);
    for (uint32_t run : runsOf(begin, end))
      graphs.push_back(merger.mergeRun(run));
  }
  return graphs;
}
