//===- GraphBatches.cpp - mini-batches, level by level ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/peers/GraphBatches.h"

#include <algorithm>
#include <climits>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <tuple>

using namespace peers;

namespace {
struct Node {
  std::string cell;
  std::vector<std::vector<int>> operands; ///< one number, or a list's
  int first;                              ///< node of its instance
  int run;
  int depth;
};
} // namespace

static std::vector<std::vector<int>> parseOperands(std::istringstream &words) {
  std::vector<std::vector<int>> operands;
  bool isInList = false;
  for (std::string word; words >> word;) {
    if (word.front() == '[') {
      operands.emplace_back();
      isInList = true;
      word.erase(0, 1);
    } else if (!isInList) {
      operands.emplace_back();
    }
    bool ends = !word.empty() && word.back() == ']';
    if (ends)
      word.pop_back();
    if (!word.empty())
      operands.back().push_back(std::stoi(word));
    isInList &= !ends;
  }
  return operands;
}

static std::vector<Node> readNodes(const std::string &path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line))
    throw std::runtime_error("can't read " + path);
  std::vector<Node> nodes;
  int first = 0, run = 0;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string cell;
    if (!(words >> cell))
      continue;
    if (cell == "instance") {
      first = static_cast<int>(nodes.size());
      run = 0;
    } else if (cell == "run") {
      int number = 0;
      run = words >> number ? number : run + 1;
    } else {
      nodes.push_back({cell, parseOperands(words), first, run, 0});
    }
  }
  return nodes;
}

MiniBatch peers::batchByLevel(const std::string &path,
                              const Signature &signature) {
  std::vector<Node> nodes = readNodes(path);
  std::map<std::tuple<int, int, std::string>, std::vector<size_t>> members;
  for (size_t number = 0; number < nodes.size(); ++number) {
    Node &node = nodes[number];
    const CellKind &kind = signature.at(node.cell);
    for (size_t i = 0; i < kind.operands.size(); ++i) {
      if (kind.operands[i] == 't')
        continue;
      for (int operand : node.operands[i]) {
        const Node &used = nodes[size_t(node.first + operand)];
        if (used.run == node.run)
          node.depth = std::max(node.depth, used.depth + 1);
      }
    }
    int level = kind.isLate ? INT_MAX : node.depth;
    members[{node.run, level, node.cell}].push_back(number);
  }

  MiniBatch miniBatch;
  std::vector<int> place(nodes.size());
  for (const auto &[key, numbers] : members) {
    const std::string &cell = std::get<2>(key);
    const CellKind &kind = signature.at(cell);
    int &rows = miniBatch.rows[kind.state];
    Batch batch = {cell, rows, rows + static_cast<int>(numbers.size()), {}};
    for (size_t i = 0; i < numbers.size(); ++i)
      place[numbers[i]] = batch.begin + static_cast<int>(i);
    rows = batch.end;
    for (size_t i = 0; i < kind.operands.size(); ++i) {
      BatchOperand operand;
      for (size_t k = 0; k < numbers.size(); ++k) {
        const Node &node = nodes[numbers[k]];
        for (int given : node.operands[i]) {
          operand.rows.push_back(kind.operands[i] == 't'
                                     ? given
                                     : place[size_t(node.first + given)]);
          operand.owners.push_back(static_cast<int>(k));
        }
      }
      batch.operands.push_back(std::move(operand));
    }
    miniBatch.batches.push_back(std::move(batch));
  }
  return miniBatch;
}
