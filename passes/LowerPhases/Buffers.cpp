//===- Buffers.cpp - where the rows of values lie ---------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LowerPhases/Buffers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/TypeSwitch.h"

#include <limits>

using namespace mlir;
using namespace edbc::batch;

static int64_t operandNumber(Value column) {
  return cast<BlockArgument>(column).getArgNumber();
}

//===----------------------------------------------------------------------===//
// BufferScope
//===----------------------------------------------------------------------===//

MemRefType BufferScope::columnType() {
  return MemRefType::get(ShapedType::kDynamic, b.getI32Type());
}

MemRefType BufferScope::rowsType(int64_t stride) {
  return MemRefType::get({ShapedType::kDynamic, stride}, b.getF32Type());
}

StateOp BufferScope::stateOp(FlatSymbolRefAttr name) {
  return symbols.lookup<StateOp>(name.getValue());
}

Value BufferScope::open(BindingKind kind, int64_t index,
                        FlatSymbolRefAttr symbol, MemRefType type) {
  auto binding = BindingAttr::get(b.getContext(), kind, index, symbol);
  Value &buffer = opened[binding];
  if (!buffer) {
    auto bindings = kernel.getBindings()->getValue();
    auto *found = llvm::find(bindings, Attribute(binding));
    if (found == bindings.end())
      result = kernel.emitOpError() << "doesn't bind " << binding
                                    << ", which one of its phases reads";
    int64_t slot = std::distance(bindings.begin(), found);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(buffers.getParentBlock());
    buffer = BindOp::create(b, type, buffers, slot);
  }
  return buffer;
}

Value BufferScope::items() {
  return open(BindingKind::Items, -1, {}, columnType());
}

Value BufferScope::resultRows() {
  return open(BindingKind::ResultRows, -1, {}, columnType());
}

Value BufferScope::column(BindingKind kind, int64_t operand) {
  return open(kind, operand, {}, columnType());
}

Value BufferScope::operandValues(int64_t operand) {
  Type type = kernel.getBodyBlock().getArgument(operand).getType();
  return open(BindingKind::OperandValues, operand, {},
              rowsType(paddedWidth(cast<ValuesType>(type).getWidth())));
}

Value BufferScope::state(FlatSymbolRefAttr name) {
  return open(BindingKind::State, -1, name,
              rowsType(stateOp(name).getLayout()->getStride()));
}

bool BufferScope::hasTable(FlatSymbolRefAttr state) {
  return stateOp(state).getTableRows().has_value();
}

Value BufferScope::param(FlatSymbolRefAttr name, Type batchTensor) {
  auto op = symbols.lookup<ParamOp>(name.getValue());
  BindingKind kind = constantKind(batchTensor);
  int64_t stride = kind == BindingKind::Columns
                       ? op.getColumns() * paddedWidth(op.getRows())
                       : paddedWidth(op.getColumns());
  return open(kind, -1, name, rowsType(stride));
}

Value BufferScope::weights(FlatSymbolRefAttr name) {
  return open(BindingKind::Constant, -1, name,
              MemRefType::get(ShapedType::kDynamic, b.getF32Type()));
}

Value BufferScope::table(FlatSymbolRefAttr state) {
  return open(BindingKind::Table, -1, state,
              rowsType(stateOp(state).getLayout()->getStride()));
}

Value BufferScope::workspace(std::optional<int64_t> operand) {
  MemRefType type = rowsType(kernel.getWorkspaceOf(operand).getStride());
  if (!operand)
    return open(BindingKind::Workspace, -1, {}, type);
  return open(BindingKind::ElementWorkspace, *operand, {}, type);
}

int64_t BufferScope::fieldOffset(FlatSymbolRefAttr state, StringRef field) {
  StateOp op = stateOp(state);
  return op.getLayout()->getOffsets()[*op.findField(field)];
}

int64_t BufferScope::fieldWidth(FlatSymbolRefAttr state, StringRef field) {
  StateOp op = stateOp(state);
  return op.getWidths()[*op.findField(field)];
}

//===----------------------------------------------------------------------===//
// RowReader
//===----------------------------------------------------------------------===//

RowReader::RowReader(ImplicitLocOpBuilder &b, BufferScope &scope, PhaseOp phase,
                     Value row)
    : b(b), scope(scope) {
  Value unit = row;
  if (phase.getColumns() != 1) {
    Value columns = arith::ConstantIndexOp::create(b, phase.getColumns());
    unit = arith::DivUIOp::create(b, row, columns);
    column = arith::RemUIOp::create(b, row, columns);
  }
  if (std::optional<uint64_t> operand = phase.getOver()) {
    over = *operand;
    element = unit;
  } else {
    position = unit;
  }
}

RowReader RowReader::forElement(Value element) {
  RowReader reader = *this;
  reader.element = element;
  // What was loaded for the row may as well be used for the element, but not
  // the other way round: this object stays as it is.
  return reader;
}

Value RowReader::load(Value column, Value index) {
  Value &entry = loaded[column];
  if (!entry)
    entry = arith::IndexCastUIOp::create(
        b, b.getIndexType(), memref::LoadOp::create(b, column, index));
  return entry;
}

std::pair<Value, Value> RowReader::stateRow(FlatSymbolRefAttr state,
                                            Value column, Value index) {
  if (!scope.hasTable(state))
    return {scope.state(state), load(column, index)};
  Value &array = choices[column];
  if (!array) {
    // As abi.h says of EDBC_TABLE_ROW.
    Type type = b.getI32Type();
    Value number = memref::LoadOp::create(b, column, index);
    Value isOfTable =
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, number,
                              arith::ConstantIntOp::create(b, type, 0));
    Value row = arith::AndIOp::create(
        b, number,
        arith::ConstantIntOp::create(b, type,
                                     std::numeric_limits<int32_t>::max()));
    Value table = scope.table(state), rows = scope.state(state);
    array = arith::SelectOp::create(b, isOfTable, table, rows);
    loaded[column] = arith::IndexCastUIOp::create(b, b.getIndexType(), row);
  }
  return {array, loaded[column]};
}

Value RowReader::getPosition() {
  if (!position)
    position = load(scope.column(BindingKind::ElementOwners, *over), element);
  return position;
}

Value RowReader::item() {
  if (!itemIndex) {
    Value position = getPosition();
    itemIndex = load(scope.items(), position);
  }
  return itemIndex;
}

Value RowReader::token(Value tokens) {
  Value row = item();
  return load(scope.column(BindingKind::OperandTokens, operandNumber(tokens)),
              row);
}

RowPlace RowReader::keptWhole(Value value, int64_t slot) {
  std::optional<int64_t> operand = elementsOf(value.getType());
  RowLayoutAttr layout = scope.getKernel().getWorkspaceOf(operand);
  return {scope.workspace(operand),
          operand ? element : getPosition(),
          layout.getOffsets()[slot],
          {}};
}

RowPlace RowReader::locateWhole(Value value) {
  Operation *op = value.getDefiningOp();
  return TypeSwitch<Operation *, RowPlace>(op)
      .Case([&](GatherOp gather) -> RowPlace {
        bool isElement = isa<RaggedType>(gather.getRows().getType());
        Value index = isElement ? element : item();
        Value column = scope.column(isElement ? BindingKind::ElementRows
                                              : BindingKind::OperandRows,
                                    operandNumber(gather.getRows()));
        auto [array, row] = stateRow(gather.getState(), column, index);
        return {array,
                row,
                scope.fieldOffset(gather.getState(), gather.getField()),
                {}};
      })
      .Case([&](LookupOp lookup) -> RowPlace {
        return {scope.param(lookup.getTableAttr(), lookup.getType()),
                token(lookup.getTokens()),
                0,
                {}};
      })
      .Case([&](RecallOp recall) -> RowPlace {
        return {scope.table(recall.getTableAttr()),
                token(recall.getTokens()),
                scope.fieldOffset(recall.getTableAttr(), recall.getField()),
                {}};
      })
      .Case([&](BroadcastOp broadcast) -> RowPlace {
        return {scope.param(broadcast.getParamAttr(), broadcast.getType()),
                arith::ConstantIndexOp::create(b, 0),
                0,
                {}};
      })
      .Case([&](InputOp input) -> RowPlace {
        return {scope.operandValues(operandNumber(input.getValues())),
                item(),
                0,
                {}};
      })
      .Case([&](SliceOp slice) -> RowPlace {
        RowPlace place = locateWhole(slice.getSource());
        place.offset += slice.getOffset();
        return place;
      })
      .Case([&](RepeatOp repeat) { return locateWhole(repeat.getSource()); })
      .Case([&](SpreadOp spread) { return locateWhole(spread.getSource()); })
      .Default([&](Operation *op) -> RowPlace {
        auto phase = cast<PhaseOp>(op);
        int64_t number = cast<OpResult>(value).getResultNumber();
        return keptWhole(value, (*phase.getSlots())[number]);
      });
}

Value RowReader::columnShift(int64_t width) {
  Value stride = arith::ConstantIndexOp::create(b, paddedWidth(width));
  return arith::MulIOp::create(b, column, stride);
}

RowPlace RowReader::atColumn(RowPlace place, Type type) {
  if (columnsOf(type) != 1)
    place.shift = columnShift(widthOf(type));
  return place;
}

/// What a view is of. A vector that stands for all columns of a matrix is one
/// row.
static Type typeBehindViews(Value value) {
  while (isView(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value.getType();
}

std::pair<RowPlace, int64_t> RowReader::locateMatrix(Value value) {
  Type type = typeBehindViews(value);
  int64_t stride = columnsOf(type) == 1 ? 0 : paddedWidth(widthOf(type));
  return {locateWhole(value), stride};
}

RowPlace RowReader::locate(Value value) {
  return atColumn(locateWhole(value), typeBehindViews(value));
}

RowPlace RowReader::kept(Value value, int64_t slot) {
  return atColumn(keptWhole(value, slot), value.getType());
}

RowPlace RowReader::result(Value value, StringRef field, int64_t offset) {
  FlatSymbolRefAttr state = scope.getKernel().getStateAttr();
  Value index = item();
  Value row = load(scope.resultRows(), index);
  RowPlace place = {
      scope.state(state), row, scope.fieldOffset(state, field) + offset, {}};
  if (columnsOf(value.getType()) != 1)
    place.shift = columnShift(scope.fieldWidth(state, field));
  return place;
}
