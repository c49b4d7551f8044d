//===- TreeReader.cpp - reads bracketed sentiment trees ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "trees/TreeReader.h"

#include "program/Text.h"

#include <cstddef>

using namespace trees;

namespace {

/// Reads the tree of one line.
class LineParser {
public:
  LineParser(const text::Lines &lines, text::Vocabulary &vocabulary)
      : lines(lines), line(lines.line()), vocabulary(vocabulary) {
    skipSpace();
  }

  Tree parse() {
    do {
      if (found('('))
        openBracket();
      else if (found(')'))
        closeBracket();
      else if (!atEnd() && !open.empty() && open.back().numChildren == 0)
        takeWord();
      else
        fail(expectation());
      skipSpace();
    } while (!open.empty());
    if (!atEnd())
      fail("expected the end of the line after the tree");
    return std::move(tree);
  }

private:
  /// A bracket that waits for its ')'.
  struct Bracket {
    std::size_t position;
    std::uint32_t label;
    unsigned numChildren = 0; ///< trees so far; a word counts as two
    std::uint32_t children[2] = {TreeNode::none, TreeNode::none};
    std::uint32_t word = 0;
  };

  bool atEnd() const { return position == line.size(); }
  bool found(char c) const { return !atEnd() && line[position] == c; }

  void skipSpace() {
    while (!atEnd() && text::isSpace(line[position]))
      ++position;
  }

  /// The run of bytes from here to the next space or bracket.
  std::string peekWord() const {
    std::size_t end = position;
    while (end != line.size() && !text::isSpace(line[end]) &&
           line[end] != '(' && line[end] != ')')
      ++end;
    return line.substr(position, end - position);
  }

  void openBracket() {
    if (!open.empty() && open.back().numChildren == 2)
      fail(expectation());
    std::size_t start = position++;
    skipSpace();
    std::string label = peekWord();
    if (label.size() != 1 || label[0] < '0' ||
        label[0] >= static_cast<char>('0' + numLabels))
      fail(found(')') ? "empty tree: expected a label from 0 to 4"
                      : "expected a label from 0 to 4");
    ++position;
    open.push_back({start, static_cast<std::uint32_t>(label[0] - '0')});
  }

  void takeWord() {
    std::string word = peekWord();
    open.back().word = vocabulary.idOf(word);
    open.back().numChildren = 2;
    position += word.size();
  }

  void closeBracket() {
    if (open.empty() || open.back().numChildren != 2)
      fail(expectation());
    Bracket bracket = open.back();
    open.pop_back();
    ++position;
    auto node = static_cast<std::uint32_t>(tree.size());
    tree.push_back({bracket.label, bracket.children[0], bracket.children[1],
                    bracket.word});
    if (!open.empty())
      open.back().children[open.back().numChildren++] = node;
  }

  /// What the grammar allows here.
  std::string expectation() const {
    if (open.empty())
      return "expected '(' and a tree";
    std::string bracket =
        "the bracket of column " + std::to_string(open.back().position + 1);
    switch (open.back().numChildren) {
    case 0:
      return "expected a word or two trees in " + bracket;
    case 1:
      return "expected a second tree in " + bracket;
    default:
      return "expected ')' to close " + bracket;
    }
  }

  [[noreturn]] void fail(const std::string &problem) const {
    lines.fail(position + 1, problem + ", found " + describeNext());
  }

  /// What stands here, fit for a message.
  std::string describeNext() const {
    if (atEnd())
      return "the end of the line";
    std::string next = peekWord();
    return text::quoted(next.empty() ? std::string(1, line[position]) : next);
  }

  const text::Lines &lines;
  const std::string &line;
  text::Vocabulary &vocabulary;
  std::size_t position = 0;
  std::vector<Bracket> open;
  Tree tree;
};

} // namespace

std::vector<Tree> trees::readTrees(std::istream &input,
                                   const std::string &file) {
  std::vector<Tree> result;
  text::Vocabulary vocabulary(numWordIds);
  text::Lines lines(input, file);
  while (lines.nextFilled())
    result.push_back(LineParser(lines, vocabulary).parse());
  if (result.empty())
    lines.failText("holds no trees");
  return result;
}

std::vector<Tree> trees::readTreeFile(const std::string &path) {
  std::ifstream file = text::openFile(path);
  return readTrees(file, path);
}
