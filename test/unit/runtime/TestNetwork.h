//===- TestNetwork.h - a network made by hand ------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// In the form of a header that `edbc compile` generates, for a small network
// that uses every kind of operand, constant and binding, and what tests read of
// it as vectors. Its cells:
//
//     start() -> Node            h = b                    c = 1
//     leaf(word) -> Node         h = E[word]              c = E[word] + b
//     mark(node, x) -> Node      h = node.h + [x; 0 ...]  c = node.c
//     inner(left, right) -> Node r = P [left.h; right.h]  (first phase)
//                                h = Q r + left.c         (second phase)
//                                c = R r - right.c
//     score(node) -> Score       logits = W node.h
//     join(base, some, more) -> Node, of one and more nodes and of any number
//                                s = some.h + base.c      (for each of some)
//                                h = base.h + sum(s) / 8
//                                c = base.c - sum(more.c) / 8
//     table(index) -> Table      m = T[index]             (20 x 3)
//     shift(table, node) -> Table  each column of m = that of table.m + node.h
//     total(tables) -> Table     t = tables.m / 2 (for each column of each)
//                                m = sum(t)               (for each column)
//     origin() -> Node           as start, but looked up
//     word(word) -> Node         as leaf, but looked up
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_UNIT_RUNTIME_TESTNETWORK_H
#define EDBC_TEST_UNIT_RUNTIME_TESTNETWORK_H

#include "edbc/edbc.h"

#include <string>
#include <vector>

extern "C" const edbc_library edbc_library_test_network;

namespace test_network {

/// State `Node`: the result of start, leaf, mark, inner, join, origin, word.
struct Node : edbc::Value {};
/// State `Score`: the result of score.
struct Score : edbc::Value {};
/// State `Table`: the result of table, shift, total.
struct Table : edbc::Value {};

class Model : public edbc::Model {
public:
  static constexpr uint32_t hidden = 20;
  static constexpr uint32_t words = 300;
  static constexpr uint32_t labels = 5;
  static constexpr uint32_t marks = 3;
  static constexpr uint32_t tables = 4;
  static constexpr uint32_t columns = 3;

  /// With the weights embedded at compile time.
  Model() : edbc::Model(edbc_library_test_network) {}
  /// With the weights of a .safetensors file.
  explicit Model(const std::string &weightsPath)
      : edbc::Model(edbc_library_test_network, weightsPath) {}
  /// Of a library that differs from the network's in its policy or its images.
  explicit Model(const edbc_library &library,
                 edbc::Device device = edbc::Device::cpu())
      : edbc::Model(library, device) {}
};

class Session : public edbc::Session {
public:
  explicit Session(const Model &model, edbc::SessionOptions options = {})
      : edbc::Session(model, options) {}

  Node start() { return edbc::Session::add<Node>(0); }
  Node leaf(uint32_t word) {
    return edbc::Session::add<Node>(1, {edbc::tokenArgument(word)});
  }
  Node mark(Node node, edbc::Span<const float> x) {
    return edbc::Session::add<Node>(
        2, {edbc::stateArgument(node), edbc::denseArgument(x, 3, "mark", "x")});
  }
  Node inner(Node left, Node right) {
    return edbc::Session::add<Node>(
        3, {edbc::stateArgument(left), edbc::stateArgument(right)});
  }
  Score score(Node node) {
    return edbc::Session::add<Score>(4, {edbc::stateArgument(node)});
  }
  Node join(Node base, edbc::Span<const Node> some,
            edbc::Span<const Node> more) {
    return edbc::Session::add<Node>(5, {edbc::stateArgument(base),
                                        edbc::statesArgument(some),
                                        edbc::statesArgument(more)});
  }
  Table table(uint32_t index) {
    return edbc::Session::add<Table>(6, {edbc::tokenArgument(index)});
  }
  Table shift(Table table, Node node) {
    return edbc::Session::add<Table>(
        7, {edbc::stateArgument(table), edbc::stateArgument(node)});
  }
  Table total(edbc::Span<const Table> tables) {
    return edbc::Session::add<Table>(8, {edbc::statesArgument(tables)});
  }
  Node origin() { return edbc::Session::add<Node>(9); }
  Node word(uint32_t word) {
    return edbc::Session::add<Node>(10, {edbc::tokenArgument(word)});
  }

  /// `logits` of a score: 5 floats.
  edbc::Span<const float> logits(Score value) const {
    return edbc::Session::read(0, value);
  }
  edbc::DeviceView logits(Score value, edbc::OnDevice) const {
    return edbc::Session::readDevice(0, value);
  }
  /// `h` of a node: 20 floats.
  edbc::Span<const float> hidden(Node value) const {
    return edbc::Session::read(1, value);
  }
  edbc::DeviceView hidden(Node value, edbc::OnDevice) const {
    return edbc::Session::readDevice(1, value);
  }
  /// `m` of a table: 20 x 3 floats.
  edbc::MatrixView matrix(Table value) const {
    return edbc::Session::readMatrix(2, value);
  }
  edbc::DeviceView matrix(Table value, edbc::OnDevice) const {
    return edbc::Session::readDevice(2, value);
  }
};

inline std::vector<float> toVector(edbc::Span<const float> span) {
  return {span.begin(), span.end()};
}

/// Column by column.
inline std::vector<float> toVector(edbc::MatrixView matrix) {
  std::vector<float> elements;
  for (size_t column = 0; column < matrix.columns(); ++column)
    for (float element : matrix.column(column))
      elements.push_back(element);
  return elements;
}

} // namespace test_network

#endif // EDBC_TEST_UNIT_RUNTIME_TESTNETWORK_H
