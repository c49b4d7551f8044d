//===- SharedNodes.cpp - equal nodes that share one result ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/SharedNodes.h"

#include "runtime/src/Growth.h"

#include <algorithm>
#include <cstring>

using namespace edbc;

namespace {
/// A hash of numbers in their order.
class Hash {
public:
  void add(uint32_t number) {
    state = (state ^ number) * 0x9e3779b97f4a7c15;
    state ^= state >> 32;
  }
  uint32_t get() const { return static_cast<uint32_t>(state); }

private:
  uint64_t state = 0;
};
} // namespace

uint32_t SharedNodes::hashOf(const Application &application) const {
  Hash hash;
  hash.add(application.number);
  for (uint32_t i = 0; i < numOperands; ++i)
    hash.add(operands[i]);
  for (uint32_t i = 0; i < application.cell.num_operands; ++i) {
    const edbc_operand_desc &operand = application.cell.operands[i];
    const edbc_argument &argument = application.arguments[i];
    if (operand.kind == EDBC_OPERAND_TOKEN)
      hash.add(argument.token);
    else if (operand.kind == EDBC_OPERAND_STATES)
      hash.add(static_cast<uint32_t>(argument.states.count));
    else if (operand.kind == EDBC_OPERAND_DENSE)
      for (uint32_t k = 0; k < operand.bound; ++k) {
        uint32_t bits;
        memcpy(&bits, &argument.values[k], sizeof(bits));
        hash.add(bits);
      }
  }
  return hash.get();
}

bool SharedNodes::isEqual(uint32_t node, const Application &application,
                          const CellItems &items) const {
  uint32_t item = places[node].item;
  core::NodeSpan otherOperands = graph.operands(node);
  if (!std::equal(otherOperands.begin(), otherOperands.end(), operands.begin(),
                  operands.begin() + numOperands))
    return false;
  for (uint32_t i = 0; i < application.cell.num_operands; ++i) {
    const edbc_operand_desc &operand = application.cell.operands[i];
    const edbc_argument &argument = application.arguments[i];
    if (operand.kind == EDBC_OPERAND_TOKEN) {
      if (items.operandNumbers(i)[item] != argument.token)
        return false;
    } else if (operand.kind == EDBC_OPERAND_STATES) {
      // Two lists might make up for each other's lengths.
      if (items.numElements(i, item) != argument.states.count)
        return false;
    } else if (operand.kind == EDBC_OPERAND_DENSE) {
      size_t stride = paddedWidth(operand.bound);
      if (memcmp(items.operandValues(i) + item * stride, argument.values,
                 operand.bound * sizeof(float)) != 0)
        return false;
    }
  }
  return true;
}

SharedNodes::Key SharedNodes::find(const Application &application,
                                   const CellItems &items) {
  numOperands = application.operands.size();
  if (operands.size() < numOperands)
    operands.resize(std::max<size_t>(numOperands, operands.size() * 2));
  for (uint32_t i = 0; i < numOperands; ++i)
    operands[i] = distinctOf[application.operands[i]];

  Key key = {hashOf(application), none};
  size_t mask = table.size() - 1;
  for (size_t slot = key.hash & mask; !table.empty() && table[slot] != none;
       slot = (slot + 1) & mask) {
    uint32_t node = table[slot];
    if (entries[node].hash == key.hash && entries[node].numUsers != 0 &&
        graph.type(node) == application.number &&
        isEqual(node, application, items)) {
      key.equal = node;
      break;
    }
  }
  return key;
}

void SharedNodes::growTable() {
  std::vector<uint32_t> grown(std::max<size_t>(512, table.size() * 2), none);
  size_t mask = grown.size() - 1;
  for (uint32_t node = 0; node < entries.size(); ++node) {
    size_t slot = entries[node].hash & mask;
    while (grown[slot] != none)
      slot = (slot + 1) & mask;
    grown[slot] = node;
  }
  table = std::move(grown);
}

void SharedNodes::reserveOne(uint32_t cell) {
  reserveMore(places);
  reserveMore(entries);
  reserveMore(distinctOf);
  graph.reserve(cell, numOperands);
  if ((entries.size() + 1) * 2 > table.size())
    growTable();
}

void SharedNodes::add(const Key &key, uint32_t cell, const Place &place) {
  if (key.equal != none) {
    distinctOf.push_back(key.equal);
    ++entries[key.equal].numUsers;
    return;
  }
  uint32_t node = graph.add(cell, operands.data(), numOperands);
  places.push_back(place);
  entries.push_back({key.hash, 1});
  distinctOf.push_back(node);
  size_t mask = table.size() - 1;
  size_t slot = key.hash & mask;
  while (table[slot] != none)
    slot = (slot + 1) & mask;
  table[slot] = node;
}

void SharedNodes::clear() {
  graph.clear();
  places.clear();
  entries.clear();
  distinctOf.clear();
  std::fill(table.begin(), table.end(), none);
  runEnds.clear();
  executed = 0;
}

void SharedNodes::reserveRun() { reserveMore(runEnds); }
