//===- InstanceBuilder.cpp - builds instance graphs by name -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/InstanceBuilder.h"

#include <stdexcept>
#include <utility>

using namespace edbc;
using namespace edbc::bench;

InstanceBuilder::InstanceBuilder(const Signature &signature)
    : signature(signature) {
  for (uint32_t i = 0; i < signature.cells.size(); ++i)
    numbers[signature.cells[i].name] = i;
}

uint32_t InstanceBuilder::add(const std::string &cell,
                              std::initializer_list<Argument> arguments) {
  auto found = numbers.find(cell);
  if (found == numbers.end())
    throw std::runtime_error("network '" + signature.network +
                             "' has no cell '" + cell + "'");
  const CellSignature &taken = signature.cells[found->second];
  if (taken.operands.size() != arguments.size())
    throw std::runtime_error(
        "cell '" + cell + "' of network '" + signature.network + "' takes " +
        std::to_string(taken.operands.size()) + " operands, not " +
        std::to_string(arguments.size()));

  auto node = static_cast<uint32_t>(instance.nodes.size());
  instance.nodes.push_back(
      {found->second, static_cast<uint32_t>(instance.arguments.size())});
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Argument &argument = arguments.begin()[i];
    if (argument.nodes) {
      instance.arguments.push_back(
          static_cast<uint32_t>(instance.elements.size()));
      instance.elements.push_back(
          static_cast<uint32_t>(argument.nodes->size()));
      instance.elements.insert(instance.elements.end(), argument.nodes->begin(),
                               argument.nodes->end());
    } else if (argument.values) {
      instance.arguments.push_back(
          static_cast<uint32_t>(instance.values.size()));
      instance.values.insert(instance.values.end(), argument.values,
                             argument.values + taken.operands[i].bound);
    } else {
      instance.arguments.push_back(argument.number);
    }
  }
  return node;
}

void InstanceBuilder::endRun() {
  instance.runBegins.push_back(
      {instance.lastRun() + 1, static_cast<uint32_t>(instance.nodes.size())});
}

Instance InstanceBuilder::take() { return std::exchange(instance, {}); }
