//===- Addition.cpp - adds nodes to a session -------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// What an application does for every node, so that its costs are those of all
// small networks. Columns, operands and places are written while arguments are
// checked, behind the end of what is in use.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Failure.h"
#include "runtime/src/Model.h"
#include "runtime/src/Session.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <utility>

using namespace edbc;

/// Makes a value, and stores it as one piece: whoever copies it next loads all
/// of it at once, which must wait where the parts were stored one by one.
static void storeValue(edbc_value *out, const void *session, uint32_t epoch,
                       uint32_t node) {
  typedef uint64_t Pair __attribute__((vector_size(16), may_alias, aligned(8)));
  static_assert(sizeof(Pair) == sizeof(edbc_value), "ABI");
  const Pair pair = {reinterpret_cast<uintptr_t>(session),
                     epoch | uint64_t(node) << 32};
  *reinterpret_cast<Pair *>(out) = pair;
}

/// Makes room for a node of a cell, after it has checked all but the arguments
/// themselves.
edbc_status edbc_session::prepare(uint32_t cellNumber,
                                  const edbc_argument *arguments,
                                  edbc_error *error) {
  if (cellNumber >= numCells)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "there is no cell %u; network '%s' has %u", cellNumber,
                library().name, numCells);
  CellItems &items = cells[cellNumber];
  const edbc_cell_desc &cell = items.desc();
  if (!arguments && cell.num_operands != 0)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "cell '%s': the arguments are null", cell.name);
  if (currentInstance == none)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "cell '%s': the instance that nodes were added to was dropped; "
                "begin or resume another one first",
                cell.name);
  // So that rows stay below EDBC_TABLE_ROW.
  if (numNodes() >= EDBC_TABLE_ROW)
    throw std::length_error("nodes");
  size_t numOperands = cell.num_operands;
  for (uint32_t i : items.listOperands) {
    const edbc_values &given = arguments[i].states;
    if (!given.data) // There are none, or that is an error.
      continue;
    items.reserveElements(i, given.count);
    numOperands += given.count;
  }
  // `addAtOnce` asks only whether the graph has room for a node and the cell's
  // items for one more; what follows these goes first.
  if (places.size() < graph.nextRoomForNodes())
    places.resize(graph.nextRoomForNodes());
  graph.reserveOfType(cellNumber, items.nextRoom());
  graph.reserve(cellNumber, numOperands);
  items.reserveOne();
  return EDBC_OK;
}

/// Reads an operand that is any number of nodes, and writes these to
/// `operands`. Returns whether all are good.
bool edbc_session::takeElements(const edbc_operand_desc &operand,
                                const edbc_values &given,
                                uint32_t *operands) const {
  if (given.count < operand.bound || (given.count != 0 && !given.data))
    return false;
  for (size_t i = 0; i < given.count; ++i) {
    if (!isAllowed(given.data[i], operand.index))
      return false;
    operands[i] = given.data[i].node;
  }
  return true;
}

/// Writes down the elements of a cell's next item, for which there is room.
void edbc_session::appendElements(CellItems &items,
                                  const edbc_argument *arguments) {
  for (uint32_t i : items.listOperands) {
    const edbc_values &given = arguments[i].states;
    std::vector<uint32_t> &rows = items.elementRows(i);
    items.operandNumbers(i)[items.size()] = static_cast<uint32_t>(rows.size());
    for (size_t k = 0; k < given.count; ++k)
      rows.push_back(places[given.data[k].node].row);
  }
}

/// The row of a node whose arguments are good.
/// @param firstRow of its cell. If it is looked up, its operand is a token, or
///   it has none.
inline uint32_t edbc_session::takeRow(StateRows &rows, uint32_t firstRow,
                                      uint32_t numOperands,
                                      const edbc_argument *arguments) {
  // Of shapes with more operands, this is known when they are compiled.
  if (numOperands <= 1 && firstRow != 0)
    return firstRow + (numOperands == 0 ? 0 : arguments[0].token);
  if (__builtin_expect(rows.free.empty(), true))
    return rows.count++;
  uint32_t row = rows.free.back();
  rows.free.pop_back();
  return row;
}

namespace {
/// Operands of which it is known which ones are nodes, those with a bit in
/// `nodes`, and which are tokens.
template <uint32_t count, uint32_t nodes> struct FixedShape {
  static constexpr uint32_t most = count + 1;

  explicit FixedShape(const edbc_cell_desc &) {}
  static constexpr uint32_t size() { return count; }
  static constexpr bool isNode(uint32_t operand) {
    return (nodes >> operand & 1) != 0;
  }
  static constexpr uint32_t numNodes(uint32_t /*counted*/) {
    return static_cast<uint32_t>(__builtin_popcount(nodes));
  }
};

/// Any operands that are nodes and tokens.
struct AnyShape {
  static constexpr uint32_t most = EDBC_MAX_OPERANDS;

  explicit AnyShape(const edbc_cell_desc &cell) : cell(cell) {}
  uint32_t size() const { return cell.num_operands; }
  bool isNode(uint32_t operand) const {
    return cell.operands[operand].kind == EDBC_OPERAND_STATE;
  }
  static uint32_t numNodes(uint32_t counted) { return counted; }

  const edbc_cell_desc &cell;
};
} // namespace

/// Adds a node in the way that is nearly always open: there is nothing to
/// prepare, all operands are nodes and tokens, and good ones, and the result is
/// the node's own. Otherwise changes nothing and returns false.
template <typename Shape>
[[gnu::always_inline]] inline bool
edbc_session::addAtOnce(CellItems &items, uint32_t cell,
                        const edbc_argument *arguments, edbc_value *out) {
  const Shape shape(items.desc());
  if (!items.hasRoom() || numNodes() >= preparedEnd ||
      (shape.size() != 0 && !arguments))
    return false;

  const uint32_t item = items.size();
  const size_t stride = items.columnStride();
  uint32_t *const results = items.resultRows() + item;
  uint32_t operands[Shape::most];
  uint32_t numOperands = 0;
  for (uint32_t i = 0; i < shape.size(); ++i) {
    const edbc_operand_desc &operand = items.addition.operands[i];
    if (shape.isNode(i)) {
      const edbc_value &value = arguments[i].state;
      if (!isAllowed(value, operand.index))
        return false;
      results[(i + 1) * stride] = places[value.node].row;
      operands[numOperands++] = value.node;
    } else {
      if (arguments[i].token >= operand.bound)
        return false;
      results[(i + 1) * stride] = arguments[i].token;
    }
  }

  const uint32_t row = takeRow(*items.addition.rows, items.addition.firstRow,
                               shape.size(), arguments);
  *results = row;
  items.append();
  const uint32_t node =
      graph.append(cell, operands, shape.numNodes(numOperands));
  Place &place = places[node];
  place.owner = Place::ownerOf(currentInstance, items.addition.result);
  place.item = item;
  place.row = row;
  storeValue(out, this, epoch, node);
  return true;
}

/// Adds any node, for which there is room.
edbc_status edbc_session::addNode(uint32_t cellNumber,
                                  const edbc_argument *arguments,
                                  edbc_value *out, edbc_error *error) {
  CellItems &items = cells[cellNumber];
  const edbc_cell_desc &cell = items.desc();
  uint32_t *const operandsBegin = graph.room();
  uint32_t *operands = operandsBegin;
  const uint32_t item = items.size();
  for (uint32_t i = 0; i != cell.num_operands; ++i) {
    const edbc_operand_desc &operand = cell.operands[i];
    const edbc_argument &argument = arguments[i];
    if (operand.kind == EDBC_OPERAND_STATE) {
      const edbc_value &value = argument.state;
      if (!isAllowed(value, operand.index))
        return explainOperand(cell, i, argument, error);
      items.operandNumbers(i)[item] = places[value.node].row;
      *operands++ = value.node;
    } else if (operand.kind == EDBC_OPERAND_TOKEN) {
      if (argument.token >= operand.bound)
        return explainOperand(cell, i, argument, error);
      items.operandNumbers(i)[item] = argument.token;
    } else if (operand.kind == EDBC_OPERAND_DENSE) {
      if (!argument.values)
        return explainOperand(cell, i, argument, error);
      memcpy(items.operandValues(i) + item * paddedWidth(operand.bound),
             argument.values, operand.bound * sizeof(float));
    } else {
      if (!takeElements(operand, argument.states, operands))
        return explainOperand(cell, i, argument, error);
      operands += argument.states.count;
    }
  }

  const auto count = static_cast<uint32_t>(operands - operandsBegin);
  SharedNodes::Key key = {0, SharedNodes::none};
  if (shared) {
    key = shared->find({cellNumber, cell, arguments, {operandsBegin, count}},
                       items);
    shared->reserveOne(cellNumber);
  }

  // From here on nothing fails.
  uint32_t node = graph.append(cellNumber, operandsBegin, count);
  Place &place = places[node];
  place.owner = Place::ownerOf(currentInstance, cell.result);
  if (key.equal == SharedNodes::none) {
    uint32_t row = takeRow(states[cell.result], cell.first_row,
                           cell.num_operands, arguments);
    place.item = item;
    place.row = row;
    items.resultRows()[item] = row;
    appendElements(items, arguments);
    items.append();
  } else {
    place.item = shared->getPlaces()[key.equal].item;
    place.row = shared->getPlaces()[key.equal].row;
  }
  if (shared)
    shared->add(key, cellNumber, place);
  if (node == executed)
    buildBegin = Clock::now();
  preparedEnd = std::min(graph.endOfRoom(mostOperandNodes), EDBC_TABLE_ROW);
  storeValue(out, this, epoch, node);
  return EDBC_OK;
}

edbc_status edbc_session::add(uint32_t cell, const edbc_argument *arguments,
                              edbc_value *out, edbc_error *error) {
  if (edbc_status status = prepare(cell, arguments, error))
    return status;
  return addNode(cell, arguments, out, error);
}

/// Not inlined, so that callers have nothing to save.
[[gnu::noinline]] static edbc_status
addGuarded(edbc_session *session, uint32_t cell, const edbc_argument *arguments,
           edbc_value *out, edbc_error *error) {
  if (!session || !out)
    return fail(error, EDBC_INVALID_ARGUMENT, "a null argument");
  return guarded(error,
                 [&] { return session->add(cell, arguments, out, error); });
}

edbc_status edbc_session::addWithCare(edbc_session *session, uint32_t cell,
                                      const edbc_argument *arguments,
                                      edbc_value *out, edbc_error *error,
                                      CellItems &) {
  return addGuarded(session, cell, arguments, out, error);
}

template <typename Shape>
edbc_status edbc_session::addOfShape(edbc_session *session, uint32_t cell,
                                     const edbc_argument *arguments,
                                     edbc_value *out, edbc_error *error,
                                     CellItems &items) {
  if (session->addAtOnce<Shape>(items, cell, arguments, out))
    return EDBC_OK;
  return addGuarded(session, cell, arguments, out, error);
}

template <uint32_t count, size_t... all>
CellItems::AddFunction
edbc_session::functionOfShape(uint32_t nodes, std::index_sequence<all...>) {
  static constexpr CellItems::AddFunction functions[] = {
      addOfShape<FixedShape<count, all>>...};
  return functions[nodes];
}

/// Most operands of which `FixedShape` knows the kinds.
static constexpr uint32_t mostFixed = 4;

/// The function that adds nodes with such operands: a number of nodes and
/// tokens, of which the first ones have bits in `nodes`.
CellItems::AddFunction edbc_session::functionOfShape(uint32_t numOperands,
                                                     uint32_t nodes) {
  switch (numOperands) {
  case 0:
    return functionOfShape<0>(nodes, std::make_index_sequence<1>());
  case 1:
    return functionOfShape<1>(nodes, std::make_index_sequence<2>());
  case 2:
    return functionOfShape<2>(nodes, std::make_index_sequence<4>());
  case 3:
    return functionOfShape<3>(nodes, std::make_index_sequence<8>());
  case mostFixed:
    return functionOfShape<mostFixed>(nodes, std::make_index_sequence<16>());
  default:
    return addOfShape<AnyShape>;
  }
}

/// Chooses how nodes of the cell are added.
void edbc_session::prepareCell(CellItems &items) {
  const edbc_cell_desc &cell = items.desc();
  items.addition.add = addWithCare;
  items.addition.rows = &states[cell.result];
  if (items.isSimple && !shared && cell.num_operands <= EDBC_MAX_OPERANDS) {
    uint32_t nodes = 0, numNodes = 0;
    for (uint32_t i = 0; i < cell.num_operands; ++i)
      if (cell.operands[i].kind == EDBC_OPERAND_STATE) {
        if (i < mostFixed)
          nodes |= 1u << i;
        ++numNodes;
      }
    items.addition.add = functionOfShape(cell.num_operands, nodes);
    mostOperandNodes = std::max(mostOperandNodes, numNodes);
  }
}

edbc_status edbc_session_add(edbc_session *session, uint32_t cell,
                             const edbc_argument *arguments, edbc_value *out,
                             edbc_error *error) {
  if (!session || !out || !session->hasCell(cell))
    return addGuarded(session, cell, arguments, out, error);
  CellItems &items = session->itemsOf(cell);
  return items.addition.add(session, cell, arguments, out, error, items);
}

/// What keeps a value from being a node of the session, or null.
const char *edbc_session::explainValue(const edbc_value &value) const {
  if (!value.session)
    return "the value is of no node";
  if (value.session != this)
    return "the value belongs to another session";
  if (value.epoch != epoch)
    return "the value belongs to an earlier epoch (before reset)";
  if (value.node >= numNodes())
    return "the value is of a node that was never added";
  if (instances[places[value.node].instance()].isDropped)
    return "the value belongs to an instance that was dropped";
  return nullptr;
}

edbc_status edbc_session::explainOperand(const edbc_cell_desc &cell,
                                         uint32_t operandNumber,
                                         const edbc_argument &argument,
                                         edbc_error *error) const {
  const edbc_operand_desc &operand = cell.operands[operandNumber];
  if (operand.kind == EDBC_OPERAND_TOKEN)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "cell '%s', operand '%s': token %u is out of range [0, %u)",
                cell.name, operand.name, argument.token, operand.bound);
  if (operand.kind == EDBC_OPERAND_DENSE)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "cell '%s', operand '%s': the values are null", cell.name,
                operand.name);

  const edbc_value *wrong = &argument.state;
  char element[32] = "";
  if (operand.kind == EDBC_OPERAND_STATES) {
    const edbc_values &given = argument.states;
    if (given.count != 0 && !given.data)
      return fail(error, EDBC_INVALID_ARGUMENT,
                  "cell '%s', operand '%s': the elements are null", cell.name,
                  operand.name);
    if (given.count < operand.bound)
      return fail(error, EDBC_INVALID_ARGUMENT,
                  "cell '%s', operand '%s': %zu elements given, expected at "
                  "least %u",
                  cell.name, operand.name, given.count, operand.bound);
    wrong = std::find_if(given.data, given.data + given.count,
                         [&](const edbc_value &value) {
                           return !isAllowed(value, operand.index);
                         });
    snprintf(element, sizeof(element), ", element %zu",
             static_cast<size_t>(wrong - given.data));
  }

  const edbc_value &value = *wrong;
  const char *what = explainValue(value);
  if (!what && places[value.node].instance() != currentInstance)
    what = "the value belongs to another instance";
  if (what)
    return fail(error, EDBC_INVALID_ARGUMENT, "cell '%s', operand '%s'%s: %s",
                cell.name, operand.name, element, what);
  return fail(error, EDBC_INVALID_ARGUMENT,
              "cell '%s', operand '%s'%s: the value is of cell '%s', which "
              "yields state '%s', expected '%s'",
              cell.name, operand.name, element,
              library().cells[graph.type(value.node)].name,
              library().states[places[value.node].state()].name,
              library().states[operand.index].name);
}
