//===- Cell.cpp - the cell dialect ------------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "dialects/Cell/Cell.h"

#include "dialects/Definition.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace edbc::cell;

#include "dialects/Cell/CellDialect.cpp.inc"
#include "dialects/Cell/CellEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Cell/CellTypes.cpp.inc"

void CellDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Cell/CellTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Cell/CellOps.cpp.inc"
      >();
}

LogicalResult TokenType::verify(function_ref<InFlightDiagnostic()> emitError,
                                int64_t bound) {
  if (bound < 1 || bound > maxDim)
    return emitError() << "bound of a token must be between 1 and " << maxDim
                       << ", found " << bound;
  return success();
}

LogicalResult RefsType::verify(function_ref<InFlightDiagnostic()> emitError,
                               FlatSymbolRefAttr, int64_t least) {
  if (least < 0 || least > maxDim)
    return emitError() << "a list of nodes must have a least length between 0 "
                          "and "
                       << maxDim << ", found " << least;
  return success();
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

/// Checks that `type` is f32, of static shape with sane sizes and of a rank
/// between 1 and `maxRank`.
static LogicalResult verifyShape(Operation *op, const Twine &what, Type type,
                                 int64_t maxRank) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.getElementType().isF32() || !tensor.hasStaticShape() ||
      tensor.getRank() < 1 || tensor.getRank() > maxRank ||
      tensor.getEncoding())
    return op->emitOpError() << what << " must be an f32 tensor of static shape"
                             << " and rank 1"
                             << (maxRank == 3   ? " to 3"
                                 : maxRank == 2 ? " or 2"
                                                : "")
                             << ", found " << type;
  for (int64_t size : tensor.getShape())
    if (size < 1 || size > maxDim)
      return op->emitOpError() << what << " must have dimensions between 1 and "
                               << maxDim << ", found " << type;
  return success();
}

LogicalResult ParamOp::verify() {
  return verifyShape(*this, "parameter", getType(), 3);
}

static ParseResult parseStateFields(OpAsmParser &parser, ArrayAttr &names,
                                    ArrayAttr &types) {
  SmallVector<Attribute> nameList, typeList;
  auto parseField = [&]() -> ParseResult {
    std::string name;
    Type type;
    if (parser.parseKeywordOrString(&name) || parser.parseColonType(type))
      return failure();
    nameList.push_back(parser.getBuilder().getStringAttr(name));
    typeList.push_back(TypeAttr::get(type));
    return success();
  };
  if (parser.parseCommaSeparatedList(parseField))
    return failure();
  names = parser.getBuilder().getArrayAttr(nameList);
  types = parser.getBuilder().getArrayAttr(typeList);
  return success();
}

static void printStateFields(OpAsmPrinter &printer, Operation *,
                             ArrayAttr names, ArrayAttr types) {
  llvm::interleaveComma(llvm::zip(names, types), printer, [&](auto field) {
    printer.printKeywordOrString(cast<StringAttr>(std::get<0>(field)));
    printer << " : " << cast<TypeAttr>(std::get<1>(field)).getValue();
  });
}

LogicalResult StateOp::verify() {
  if (getFieldNames().empty())
    return emitOpError("must have at least one field");
  if (getFieldNames().size() != getFieldTypes().size())
    return emitOpError() << "has " << getFieldNames().size()
                         << " names of fields and " << getFieldTypes().size()
                         << " types";
  llvm::StringSet<> seen;
  for (auto [name, type] : llvm::zip(getFieldNames(), getFieldTypes())) {
    StringRef field = cast<StringAttr>(name).getValue();
    if (!seen.insert(field).second)
      return emitOpError() << "has two fields named '" << field << "'";
    if (failed(verifyShape(*this, "field '" + field + "'",
                           cast<TypeAttr>(type).getValue(), 2)))
      return failure();
  }
  return success();
}

std::optional<unsigned> StateOp::findField(StringRef name) {
  return edbc::findFieldName(getFieldNames(), name);
}

RankedTensorType StateOp::getFieldType(unsigned index) {
  return cast<RankedTensorType>(
      cast<TypeAttr>(getFieldTypes()[index]).getValue());
}

/// The field of a state that an operation names, or null after an error.
static RankedTensorType findFieldType(Operation *user,
                                      SymbolTableCollection &tables,
                                      FlatSymbolRefAttr state,
                                      StringRef field) {
  auto found = edbc::lookupField<StateOp>(user, tables, state, field);
  return found ? found->first.getFieldType(found->second) : RankedTensorType();
}

static LogicalResult verifyResultType(Operation *op, Type expected,
                                      const Twine &source) {
  Type found = op->getResult(0).getType();
  if (found != expected)
    return op->emitOpError()
           << "yields " << found << ", but " << source << " is " << expected;
  return success();
}

LogicalResult OutputOp::verifySymbolUses(SymbolTableCollection &tables) {
  return success(
      bool(findFieldType(*this, tables, getStateAttr(), getField())));
}

//===----------------------------------------------------------------------===//
// Cells
//===----------------------------------------------------------------------===//

ParseResult DefOp::parse(OpAsmParser &parser, OperationState &result) {
  return edbc::parseDefinition<DefOp>(parser, result);
}

void DefOp::print(OpAsmPrinter &printer) {
  edbc::printDefinition(*this, printer, /*printTerminator=*/true);
}

void DefOp::getAsmBlockArgumentNames(Region &, OpAsmSetValueNameFn setName) {
  edbc::nameOperands(*this, setName);
}

YieldOp DefOp::getYield() {
  return cast<YieldOp>(getBodyBlock().getTerminator());
}

LogicalResult DefOp::verify() {
  if (failed(edbc::verifyOperandNames(*this)))
    return failure();
  for (BlockArgument argument : getBodyBlock().getArguments()) {
    Type type = argument.getType();
    if (isa<RefType, RefsType, TokenType>(type))
      continue;
    if (failed(verifyShape(*this,
                           "dense operand '" +
                               getOperandName(argument.getArgNumber()) +
                               "' of another type "
                               "than !cell.ref, !cell.refs and !cell.token",
                           type, 1)))
      return failure();
  }
  return success();
}

LogicalResult DefOp::verifyRegions() {
  if (getBodyBlock().empty() || !isa<YieldOp>(getBodyBlock().back()))
    return emitOpError("must end in cell.yield");
  return success();
}

LogicalResult DefOp::verifySymbolUses(SymbolTableCollection &tables) {
  for (BlockArgument argument : getBodyBlock().getArguments()) {
    FlatSymbolRefAttr state;
    if (auto ref = dyn_cast<RefType>(argument.getType()))
      state = ref.getState();
    else if (auto refs = dyn_cast<RefsType>(argument.getType()))
      state = refs.getState();
    if (state && !edbc::lookupSymbol<StateOp>(*this, tables, state, "state"))
      return failure();
  }
  auto state =
      edbc::lookupSymbol<StateOp>(*this, tables, getStateAttr(), "state");
  if (!state)
    return failure();
  OperandRange fields = getYield().getFields();
  if (fields.size() != state.getNumFields())
    return getYield().emitOpError()
           << "yields " << fields.size() << " values, but state "
           << getStateAttr() << " has " << state.getNumFields() << " fields";
  for (auto [index, field] : llvm::enumerate(fields))
    if (field.getType() != state.getFieldType(index))
      return getYield().emitOpError()
             << "yields " << field.getType() << " for field "
             << state.getFieldNames()[index] << " of state " << getStateAttr()
             << ", which is " << state.getFieldType(index);
  return success();
}

//===----------------------------------------------------------------------===//
// Reading operands and parameters
//===----------------------------------------------------------------------===//

LogicalResult FieldOp::verifySymbolUses(SymbolTableCollection &tables) {
  FlatSymbolRefAttr state = getNode().getType().getState();
  RankedTensorType type = findFieldType(*this, tables, state, getField());
  return success(type && succeeded(verifyResultType(
                             *this, type, "field '" + getField() + "'")));
}

LogicalResult LookupOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto param =
      edbc::lookupSymbol<ParamOp>(*this, tables, getTableAttr(), "parameter");
  if (!param)
    return failure();
  RankedTensorType table = param.getTensorType();
  if (table.getRank() < 2)
    return emitOpError() << "needs a table to look up in, but "
                         << getTableAttr() << " is " << table;
  if (getToken().getType().getBound() > table.getDimSize(0))
    return emitOpError() << "looks up tokens below "
                         << getToken().getType().getBound() << " in "
                         << getTableAttr() << ", which has "
                         << table.getDimSize(0) << " entries";
  return verifyResultType(*this,
                          RankedTensorType::get(table.getShape().drop_front(),
                                                table.getElementType()),
                          "an entry of the table");
}

LogicalResult WeightOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto param =
      edbc::lookupSymbol<ParamOp>(*this, tables, getParamAttr(), "parameter");
  if (!param)
    return failure();
  return verifyResultType(*this, param.getType(), "the parameter");
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// The type of `matrix` times `operand`, or null if their shapes don't fit.
static RankedTensorType multipliedType(RankedTensorType matrix,
                                       RankedTensorType operand) {
  if (matrix.getRank() != 2 || matrix.getDimSize(1) != operand.getDimSize(0))
    return {};
  SmallVector<int64_t> shape(operand.getShape());
  shape.front() = matrix.getDimSize(0);
  return RankedTensorType::get(shape, matrix.getElementType());
}

LogicalResult ProductOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto param =
      edbc::lookupSymbol<ParamOp>(*this, tables, getParamAttr(), "parameter");
  if (!param)
    return failure();
  RankedTensorType matrix = param.getTensorType();
  RankedTensorType type = multipliedType(matrix, getOperand().getType());
  if (!type)
    return emitOpError() << "can't multiply " << getParamAttr() << " of "
                         << matrix << " by " << getOperand().getType();
  return verifyResultType(*this, type, "the product");
}

LogicalResult MultiplyOp::verify() {
  RankedTensorType type =
      multipliedType(getMatrix().getType(), getOperand().getType());
  if (!type)
    return emitOpError() << "can't multiply " << getMatrix().getType() << " by "
                         << getOperand().getType();
  return verifyResultType(*this, type, "the product");
}

LogicalResult BroadcastOp::verify() {
  int64_t dim = getDirection() == Direction::Columns ? 0 : 1;
  if (getResult().getType().getDimSize(dim) !=
      getVector().getType().getDimSize(0))
    return emitOpError() << "can't fill the "
                         << stringifyDirection(getDirection()) << " of "
                         << getResult().getType() << " with "
                         << getVector().getType();
  return success();
}

Value ReduceOp::getReduced() {
  return cast<YieldOp>(getBodyBlock().getTerminator()).getFields().front();
}

LogicalResult ReduceOp::verify() {
  if (getReduction() != Reduction::Sum && getNodes().getType().getLeast() < 1)
    return emitOpError() << "takes the " << stringifyReduction(getReduction())
                         << " of a list that may be empty";
  return success();
}

LogicalResult ReduceOp::verifyRegions() {
  auto node = RefType::get(getContext(), getNodes().getType().getState());
  if (getBodyBlock().getNumArguments() != 1 || getNode().getType() != node)
    return emitOpError() << "must compute on one node, " << node;
  auto yield = dyn_cast_if_present<YieldOp>(
      getBodyBlock().empty() ? nullptr : &getBodyBlock().back());
  if (!yield || yield.getFields().size() != 1 ||
      yield.getFields().front().getType() != getResult().getType())
    return emitOpError() << "must yield one value, " << getResult().getType();
  return success();
}

LogicalResult ReduceOp::verifySymbolUses(SymbolTableCollection &tables) {
  return success(bool(edbc::lookupSymbol<StateOp>(
      *this, tables, getNodes().getType().getState(), "state")));
}

LogicalResult CrossEntropyOp::verify() {
  if (getLabel().getType().getBound() != getOperand().getType().getDimSize(0))
    return emitOpError() << "has labels below "
                         << getLabel().getType().getBound() << " for "
                         << getOperand().getType();
  return success();
}

#define GET_OP_CLASSES
#include "dialects/Cell/CellOps.cpp.inc"
