//===- Rows.cpp - where the rows of values lie, as code ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Cuda/Rows.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace edbc::cuda;
using namespace edbc::batch;
using llvm::formatv;

static int64_t operandNumber(Value column) {
  return cast<BlockArgument>(column).getArgNumber();
}

static Value behindViews(Value value) {
  while (isView(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

RowStruct::RowStruct(PhaseOp phase, const SymbolTable &symbols, Names &names)
    : phase(phase), kernel(cast<KernelOp>(phase->getParentOp())),
      symbols(symbols), names(names) {}

StateOp RowStruct::stateOp(FlatSymbolRefAttr name) {
  return symbols.lookup<StateOp>(name.getValue());
}

unsigned RowStruct::slot(BindingKind kind, int64_t index,
                         FlatSymbolRefAttr symbol) {
  auto binding = BindingAttr::get(kernel.getContext(), kind, index, symbol);
  ArrayRef<Attribute> bindings = kernel.getBindings()->getValue();
  auto *found = llvm::find(bindings, Attribute(binding));
  if (found == bindings.end())
    outcome = kernel.emitOpError() << "doesn't bind " << binding
                                   << ", which one of its phases reads";
  return std::distance(bindings.begin(), found);
}

unsigned RowStruct::weights(FlatSymbolRefAttr pack) {
  return slot(BindingKind::Constant, -1, pack);
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

std::string RowStruct::number(StringRef key, const Twine &wish,
                              const std::string &code) {
  std::string &name = byKey[key.str()];
  if (name.empty()) {
    name = names.choose(wish);
    statements.push_back("const u32 " + name + " = " + code + ";");
  }
  return name;
}

std::string RowStruct::owner() {
  if (phase.getColumns() == 1)
    return "row";
  return number("unit", phase.getOver() ? "rowElement" : "rowPosition",
                formatv("row / {0}", phase.getColumns()));
}

std::string RowStruct::column() {
  return number("column", "column", formatv("row % {0}", phase.getColumns()));
}

std::string RowStruct::position() {
  std::optional<uint64_t> over = phase.getOver();
  if (!over)
    return owner();
  return number("position", "position",
                formatv("entry(buffers, {0}, {1})",
                        slot(BindingKind::ElementOwners, *over), owner()));
}

std::string RowStruct::item() {
  std::string at = position();
  return number(
      "item", "item",
      formatv("entry(buffers, {0}, {1})", slot(BindingKind::Items), at));
}

std::string RowStruct::operandEntry(BindingKind kind, int64_t operand) {
  std::string at = item();
  return number(formatv("operand {0}", operand).str(),
                kernel.getOperandName(operand),
                formatv("entry(buffers, {0}, {1})", slot(kind, operand), at));
}

//===----------------------------------------------------------------------===//
// Members
//===----------------------------------------------------------------------===//

std::string RowStruct::member(const std::string &key, const Twine &wish,
                              const std::string &code, bool written) {
  std::string &name = byKey[key];
  if (name.empty()) {
    name = names.choose(wish);
    members.push_back(formatv("{0}float *{1};", written ? "" : "const ", name));
    statements.push_back(name + " = " + code + ";");
  }
  return "row." + name;
}

std::string RowStruct::memberNumber(const std::string &variable) {
  std::string &name = byKey["member " + variable];
  if (name.empty()) {
    name = names.choose(variable == "row" ? "number" : variable + "_of_row");
    members.push_back("u32 " + name + ";");
    statements.push_back(name + " = " + variable + ";");
  }
  return "row." + name;
}

std::string RowStruct::pointer(const Place &place, StringRef buffers,
                               StringRef shift) {
  std::string code;
  if (place.row.empty()) {
    code = formatv("floats({0}, {1})", buffers, place.slot);
    if (place.offset)
      code += formatv(" + {0}", place.offset);
  } else if (place.table) {
    code = formatv("floats({0}, {1}, {2}, {3}, {4}, {5})", buffers, place.slot,
                   *place.table, place.row, place.stride, place.offset);
  } else {
    code = formatv("floats({0}, {1}, {2}, {3}, {4})", buffers, place.slot,
                   place.row, place.stride, place.offset);
  }
  if (!shift.empty())
    code += (" + " + shift).str();
  return code;
}

std::string RowStruct::shiftToColumn(Type type, StringRef prefix) {
  if (columnsOf(type) == 1)
    return "";
  std::string name = column();
  if (!prefix.empty())
    name = memberNumber(name);
  return formatv("{0} * {1}", name, paddedWidth(widthOf(type)));
}

RowStruct::Place RowStruct::fieldPlace(BindingKind kind,
                                       FlatSymbolRefAttr state, StringRef field,
                                       std::string row) {
  RowLayoutAttr layout = *stateOp(state).getLayout();
  return {slot(kind, -1, state), std::move(row), layout.getStride(),
          layout.getOffsets()[*stateOp(state).findField(field)]};
}

RowStruct::Place RowStruct::keptWhole(Value value, int64_t slotNumber,
                                      const std::string *ofElement) {
  std::optional<int64_t> operand = elementsOf(value.getType());
  RowLayoutAttr layout = kernel.getWorkspaceOf(operand);
  unsigned buffer = operand ? slot(BindingKind::ElementWorkspace, *operand)
                            : slot(BindingKind::Workspace);
  std::string row = operand ? (ofElement ? *ofElement : owner()) : position();
  return {buffer, row, layout.getStride(), layout.getOffsets()[slotNumber]};
}

RowStruct::Place RowStruct::locateWhole(Value value,
                                        const std::string *ofElement) {
  return TypeSwitch<Operation *, Place>(value.getDefiningOp())
      .Case([&](GatherOp gather) -> Place {
        int64_t operand = operandNumber(gather.getRows());
        std::string row;
        if (!isa<RaggedType>(gather.getRows().getType()))
          row = operandEntry(BindingKind::OperandRows, operand);
        else if (ofElement)
          row = formatv("entry(row.buffers, {0}, {1})",
                        slot(BindingKind::ElementRows, operand), *ofElement);
        else
          row =
              number(formatv("element {0}", operand).str(),
                     kernel.getOperandName(operand),
                     formatv("entry(buffers, {0}, {1})",
                             slot(BindingKind::ElementRows, operand), owner()));
        Place place = fieldPlace(BindingKind::State, gather.getState(),
                                 gather.getField(), row);
        if (stateOp(gather.getState()).getTableRows())
          place.table = slot(BindingKind::Table, -1, gather.getState());
        return place;
      })
      .Case([&](LookupOp lookup) -> Place {
        FlatSymbolRefAttr name = lookup.getTableAttr();
        auto op = symbols.lookup<ParamOp>(name.getValue());
        BindingKind kind = constantKind(lookup.getType());
        int64_t stride = kind == BindingKind::Columns
                             ? op.getColumns() * paddedWidth(op.getRows())
                             : paddedWidth(op.getColumns());
        return {slot(kind, -1, name),
                operandEntry(BindingKind::OperandTokens,
                             operandNumber(lookup.getTokens())),
                stride, 0};
      })
      .Case([&](RecallOp recall) {
        return fieldPlace(BindingKind::Table, recall.getTableAttr(),
                          recall.getField(),
                          operandEntry(BindingKind::OperandTokens,
                                       operandNumber(recall.getTokens())));
      })
      .Case([&](BroadcastOp broadcast) -> Place {
        return {slot(constantKind(broadcast.getType()), -1,
                     broadcast.getParamAttr()),
                "", 0, 0};
      })
      .Case([&](InputOp input) -> Place {
        int64_t width =
            cast<ValuesType>(input.getValues().getType()).getWidth();
        return {
            slot(BindingKind::OperandValues, operandNumber(input.getValues())),
            item(), paddedWidth(width), 0};
      })
      .Case([&](SliceOp slice) {
        Place place = locateWhole(slice.getSource(), ofElement);
        place.offset += slice.getOffset();
        return place;
      })
      .Case<RepeatOp, SpreadOp>(
          [&](auto view) { return locateWhole(view.getSource(), ofElement); })
      .Default([&](Operation *op) {
        int64_t result = cast<OpResult>(value).getResultNumber();
        return keptWhole(value, (*cast<PhaseOp>(op).getSlots())[result],
                         ofElement);
      });
}

StringRef RowStruct::nameOfParam(StringRef param) {
  StringRef name = param;
  return name.consume_front(kernel.getSymName()) && name.consume_front(".")
             ? name
             : param;
}

/// As the model file speaks of a value, if it has a name there.
std::string RowStruct::nameOf(Value value) {
  auto operandName = [&](Value column) {
    return kernel.getOperandName(operandNumber(column)).str();
  };
  Operation *op = value.getDefiningOp();
  return TypeSwitch<Operation *, std::string>(op)
      .Case([&](GatherOp gather) {
        return operandName(gather.getRows()) + "_" + gather.getField().str();
      })
      .Case([&](LookupOp lookup) {
        return nameOfParam(lookup.getTable()).str() + "_" +
               operandName(lookup.getTokens());
      })
      .Case([&](RecallOp recall) {
        return operandName(recall.getTokens()) + "_" + recall.getField().str();
      })
      .Case([&](BroadcastOp broadcast) {
        return nameOfParam(broadcast.getParam()).str();
      })
      .Case([&](InputOp input) { return operandName(input.getValues()); })
      .Case<SliceOp, RepeatOp, SpreadOp>(
          [&](auto view) { return nameOf(view.getSource()); })
      .Default([&](Operation *) {
        return formatv("kept{0}", cast<OpResult>(value).getResultNumber())
            .str();
      });
}

static std::string keyOf(StringRef kind, Value value) {
  return formatv("{0} {1}", kind, value.getAsOpaquePointer());
}

std::string RowStruct::locate(Value value) {
  std::string key = keyOf("value", value);
  if (byKey.count(key))
    return "row." + byKey[key];
  Place place = locateWhole(value, nullptr);
  std::string shift = shiftToColumn(behindViews(value).getType());
  return member(key, nameOf(value), pointer(place, "buffers", shift));
}

std::string RowStruct::locateMatrix(Value value) {
  Place place = locateWhole(value, nullptr);
  return member(keyOf("matrix", value), nameOf(value) + "_matrix",
                pointer(place, "buffers", ""));
}

std::string RowStruct::locateColumn(Value value) {
  Place place = locateWhole(value, nullptr);
  return member(keyOf("column", value), nameOf(value) + "_of_column",
                pointer(place, "buffers", column()));
}

std::string RowStruct::locateToken(Value value, Value tokens) {
  Place place = locateWhole(value, nullptr);
  std::string token =
      operandEntry(BindingKind::OperandTokens, operandNumber(tokens));
  std::string shift = shiftToColumn(behindViews(value).getType());
  return member(
      keyOf("token", value) + token, nameOf(value) + "_" + token,
      pointer(place, "buffers", shift.empty() ? token : shift + " + " + token));
}

std::string RowStruct::kept(Value value, int64_t slot) {
  Place place = keptWhole(value, slot, nullptr);
  std::string shift = shiftToColumn(value.getType());
  return member(formatv("kept {0}", slot).str(), "keep" + Twine(slot),
                pointer(place, "buffers", shift), /*written=*/true);
}

std::string RowStruct::result(ScatterOp store) {
  FlatSymbolRefAttr state = kernel.getStateAttr();
  std::string at = item();
  std::string row = number(
      "result", "result",
      formatv("entry(buffers, {0}, {1})", slot(BindingKind::ResultRows), at));
  Place place = fieldPlace(BindingKind::State, state, store.getField(), row);
  place.offset += store.getOffset();
  std::string shift;
  if (columnsOf(store.getValue().getType()) != 1) {
    StateOp op = stateOp(state);
    int64_t width = op.getWidths()[*op.findField(store.getField())];
    shift = formatv("{0} * {1}", column(), paddedWidth(width));
  }
  std::string wish = "result_" + store.getField().str();
  return member(formatv("result {0} {1}", store.getField(), store.getOffset()),
                wish, pointer(place, "buffers", shift), /*written=*/true);
}

int64_t RowStruct::columnStride(Value matrix) {
  Type type = behindViews(matrix).getType();
  return columnsOf(type) == 1 ? 0 : paddedWidth(widthOf(type));
}

bool RowStruct::isAligned(Value value) {
  int64_t offset = 0;
  for (; isView(value.getDefiningOp());
       value = value.getDefiningOp()->getOperand(0))
    if (auto slice = dyn_cast<SliceOp>(value.getDefiningOp()))
      offset += slice.getOffset();
  return offset % 4 == 0;
}

std::pair<std::string, std::string> RowStruct::elements(int64_t operand) {
  std::string at = position();
  unsigned begins = slot(BindingKind::ElementBegins, operand);
  StringRef name = kernel.getOperandName(operand);
  std::string begin =
      number(formatv("begin {0}", operand).str(), name + "_begin",
             formatv("entry(buffers, {0}, {1})", begins, at));
  std::string end = number(formatv("end {0}", operand).str(), name + "_end",
                           formatv("entry(buffers, {0}, {1} + 1)", begins, at));
  return {memberNumber(begin), memberNumber(end)};
}

std::string RowStruct::locateElement(Value value, StringRef element) {
  if (!elementsOf(behindViews(value).getType()))
    return locate(value); // the same for all elements of a node
  keepsBuffers = true;
  std::string name = element.str();
  Place place = locateWhole(value, &name);
  return pointer(place, "row.buffers",
                 shiftToColumn(behindViews(value).getType(), "row."));
}

std::string RowStruct::print() const {
  std::string text = "  struct Row {\n";
  if (keepsBuffers)
    text += "    void *const *buffers;\n";
  for (const std::string &member : members)
    text += "    " + member + "\n";
  if (!members.empty() || keepsBuffers)
    text += "\n";
  text += keepsBuffers
              ? "    __device__ Row(void *const *buffers, u32 row)\n"
                "        : buffers(buffers) {\n"
              : "    __device__ Row(void *const *buffers, u32 row) {\n";
  for (const std::string &statement : statements)
    text += "      " + statement + "\n";
  return text + "    }\n  };\n";
}
