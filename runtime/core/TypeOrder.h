//===- TypeOrder.h - which types wait for which ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_RUNTIME_CORE_TYPEORDER_H
#define EDBC_RUNTIME_CORE_TYPEORDER_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace edbc::core {

/// By type, the types that its nodes may have as operands.
using TypeOperands = std::vector<std::vector<uint32_t>>;

/// The order in which types can be batched, as far as it doesn't depend on the
/// graph.
///
/// Types whose nodes may depend on one another, directly or through others, are
/// a component (a strongly connected one of the relation "may have as
/// operand"). A path between nodes of one component never leaves it. So
/// components can be scheduled one after the other, each behind those that it
/// depends on, and the shortest schedules of all are together a shortest
/// schedule of the whole: any schedule, without the batches of other types, is
/// one of the component.
///
/// A component of one type needs no choices: its nodes are batched by the
/// number of nodes of the type before them, which is as few batches as there
/// can be. In networks for trees and sequences that holds for all of them. What
/// is left to a policy are components of several types.
class TypeOrder {
public:
  struct Component {
    std::vector<uint32_t> types; ///< in ascending order
    /// Whether there are several types, so that a policy has to choose.
    bool isChosen;
    /// Whether nodes may depend on others of the component.
    bool isRecursive;
  };

  /// Nothing is known: one component, whose types are chosen.
  explicit TypeOrder(uint32_t numTypes);
  explicit TypeOrder(const TypeOperands &operands);

  uint32_t numTypes() const {
    return static_cast<uint32_t>(componentOfType.size());
  }
  /// Each behind those that it depends on.
  const std::vector<Component> &getComponents() const { return components; }
  /// Where a type's component stands among them.
  uint32_t componentOf(uint32_t type) const { return componentOfType[type]; }
  /// Whether a policy is needed at all.
  bool hasChoices() const {
    return std::any_of(
        components.begin(), components.end(),
        [](const Component &component) { return component.isChosen; });
  }
  bool isChosen(uint32_t type) const { return isChosenType[type] != 0; }

private:
  std::vector<Component> components;
  std::vector<uint32_t> componentOfType;
  std::vector<uint8_t> isChosenType;
};

/// The operands of types of which nodes are distinguished by states: those of a
/// type yield one, and take nodes that yield certain ones.
/// @param results by type, what its nodes yield.
/// @param taken by type, what its nodes take; a state may occur repeatedly.
inline TypeOperands
operandsOfTypes(const std::vector<uint32_t> &results,
                const std::vector<std::vector<uint32_t>> &taken) {
  std::vector<std::vector<uint32_t>> typesOfState;
  for (uint32_t type = 0; type < results.size(); ++type) {
    if (typesOfState.size() <= results[type])
      typesOfState.resize(results[type] + size_t(1));
    typesOfState[results[type]].push_back(type);
  }
  TypeOperands operands(results.size());
  for (uint32_t type = 0; type < results.size(); ++type)
    for (uint32_t state : taken[type])
      if (state < typesOfState.size())
        operands[type].insert(operands[type].end(), typesOfState[state].begin(),
                              typesOfState[state].end());
  return operands;
}

inline TypeOrder::TypeOrder(uint32_t numTypes)
    : componentOfType(numTypes), isChosenType(numTypes, 1) {
  components.push_back({{}, /*isChosen=*/true, /*isRecursive=*/true});
  for (uint32_t type = 0; type < numTypes; ++type)
    components[0].types.push_back(type);
}

/// Finds the components by Tarjan's algorithm (Depth-first search and linear
/// graph algorithms, 1972), which comes to each behind those that it depends
/// on.
inline TypeOrder::TypeOrder(const TypeOperands &operands)
    : componentOfType(operands.size()), isChosenType(operands.size()) {
  const auto numTypes = static_cast<uint32_t>(operands.size());
  constexpr uint32_t unseen = UINT32_MAX;
  struct Visit {
    uint32_t type;
    uint32_t next; ///< operand to go on with
  };
  std::vector<Visit> path;
  // By type, its number in the order of visits, and the lowest number of a type
  // that it reaches among those without a component as yet, which `open` holds.
  std::vector<uint32_t> numbers(numTypes, unseen), lowest(numTypes), open;
  std::vector<bool> isOpen(numTypes);
  uint32_t numSeen = 0;
  auto enter = [&](uint32_t type) {
    numbers[type] = lowest[type] = numSeen++;
    open.push_back(type);
    isOpen[type] = true;
    path.push_back({type, 0});
  };
  auto leave = [&](uint32_t type) {
    path.pop_back();
    if (!path.empty())
      lowest[path.back().type] =
          std::min(lowest[path.back().type], lowest[type]);
    if (lowest[type] != numbers[type])
      return;
    Component component;
    do {
      component.types.push_back(open.back());
      componentOfType[open.back()] = static_cast<uint32_t>(components.size());
      isOpen[open.back()] = false;
      open.pop_back();
    } while (component.types.back() != type);
    std::sort(component.types.begin(), component.types.end());
    component.isChosen = component.types.size() > 1;
    for (uint32_t member : component.types)
      isChosenType[member] = component.isChosen;
    component.isRecursive =
        component.isChosen ||
        std::find(operands[type].begin(), operands[type].end(), type) !=
            operands[type].end();
    components.push_back(std::move(component));
  };
  for (uint32_t root = 0; root < numTypes; ++root) {
    if (numbers[root] == unseen)
      enter(root);
    while (!path.empty()) {
      auto &[type, next] = path.back();
      if (next == operands[type].size()) {
        leave(type);
        continue;
      }
      uint32_t operand = operands[type][next++];
      if (numbers[operand] == unseen)
        enter(operand);
      else if (isOpen[operand])
        lowest[type] = std::min(lowest[type], numbers[operand]);
    }
  }
}

} // namespace edbc::core

#endif // EDBC_RUNTIME_CORE_TYPEORDER_H
