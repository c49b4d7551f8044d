//===- Batch.cpp - the batch dialect ----------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "dialects/Batch/Batch.h"

#include "dialects/Definition.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace edbc::batch;

#include "dialects/Batch/BatchDialect.cpp.inc"
#include "dialects/Batch/BatchEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Batch/BatchTypes.cpp.inc"

/// A list that may be empty, unlike those of the generated parsers.
static ParseResult parseOffsets(AsmParser &parser,
                                SmallVector<int64_t> &offsets) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
    return parser.parseInteger(offsets.emplace_back());
  });
}

static void printOffsets(AsmPrinter &printer, ArrayRef<int64_t> offsets) {
  printer << '[';
  llvm::interleaveComma(offsets, printer);
  printer << ']';
}

#define GET_ATTRDEF_CLASSES
#include "dialects/Batch/BatchAttrs.cpp.inc"

void BatchDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Batch/BatchTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Batch/BatchAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Batch/BatchOps.cpp.inc"
      >();
}

bool edbc::batch::isBatchTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getElementType().isF32() &&
         (tensor.getRank() == 2 || tensor.getRank() == 3) &&
         tensor.isDynamicDim(0) &&
         llvm::all_of(tensor.getShape().drop_front(),
                      [](int64_t size) { return size >= 1; }) &&
         (!tensor.getEncoding() || isa<EachAttr>(tensor.getEncoding()));
}

int64_t edbc::batch::widthOf(Type batchTensor) {
  return cast<RankedTensorType>(batchTensor).getDimSize(1);
}

int64_t edbc::batch::columnsOf(Type batchTensor) {
  auto type = cast<RankedTensorType>(batchTensor);
  return type.getRank() == 3 ? type.getDimSize(2) : 1;
}

std::optional<int64_t> edbc::batch::elementsOf(Type batchTensor) {
  Attribute encoding = cast<RankedTensorType>(batchTensor).getEncoding();
  if (auto each = dyn_cast_if_present<EachAttr>(encoding))
    return each.getOperand();
  return std::nullopt;
}

BindingKind edbc::batch::constantKind(Type batchTensor) {
  return cast<RankedTensorType>(batchTensor).getRank() == 3
             ? BindingKind::Columns
             : BindingKind::Constant;
}

RankedTensorType edbc::batch::withElements(Type batchTensor,
                                           std::optional<int64_t> operand) {
  auto type = cast<RankedTensorType>(batchTensor);
  Attribute encoding;
  if (operand)
    encoding = EachAttr::get(type.getContext(), *operand);
  return RankedTensorType::get(type.getShape(), type.getElementType(),
                               encoding);
}

LogicalResult TokensType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t bound) {
  if (bound < 1)
    return emitError() << "bound of tokens must be positive, found " << bound;
  return success();
}

LogicalResult ValuesType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t width) {
  if (width < 1)
    return emitError() << "width of values must be positive, found " << width;
  return success();
}

LogicalResult
RowLayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                      ArrayRef<int64_t> offsets, int64_t stride) {
  for (int64_t value : llvm::concat<const int64_t>(offsets, ArrayRef(stride)))
    if (value < 0 || value > stride || value % lanes)
      return emitError() << "offsets and stride of a row layout must be "
                            "multiples of "
                         << lanes << " within the stride, found " << value;
  return success();
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

LogicalResult ParamOp::verify() {
  auto tensor = dyn_cast<RankedTensorType>(getType());
  if (!tensor || !tensor.getElementType().isF32() || !tensor.hasStaticShape() ||
      tensor.getRank() < 1 || tensor.getRank() > 3 ||
      llvm::is_contained(tensor.getShape(), 0))
    return emitOpError() << "must be an f32 tensor of static shape and rank 1 "
                            "to 3, found "
                         << getType();
  return success();
}

static ParseResult parseFields(OpAsmParser &parser, ArrayAttr &names,
                               DenseI64ArrayAttr &widths,
                               DenseI64ArrayAttr &columns) {
  SmallVector<Attribute> nameList;
  SmallVector<int64_t> widthList, columnList;
  auto parseField = [&]() -> ParseResult {
    std::string name;
    if (parser.parseKeywordOrString(&name) || parser.parseColon() ||
        parser.parseInteger(widthList.emplace_back()))
      return failure();
    columnList.push_back(1);
    if (succeeded(parser.parseOptionalKeyword("by")) &&
        parser.parseInteger(columnList.back()))
      return failure();
    nameList.push_back(parser.getBuilder().getStringAttr(name));
    return success();
  };
  if (parser.parseCommaSeparatedList(parseField))
    return failure();
  names = parser.getBuilder().getArrayAttr(nameList);
  widths = parser.getBuilder().getDenseI64ArrayAttr(widthList);
  columns = parser.getBuilder().getDenseI64ArrayAttr(columnList);
  return success();
}

static void printFields(OpAsmPrinter &printer, Operation *, ArrayAttr names,
                        DenseI64ArrayAttr widths, DenseI64ArrayAttr columns) {
  llvm::interleaveComma(
      llvm::zip(names, widths.asArrayRef(), columns.asArrayRef()), printer,
      [&](auto field) {
        auto [name, width, count] = field;
        printer.printKeywordOrString(cast<StringAttr>(name));
        printer << " : " << width;
        if (count != 1)
          printer << " by " << count;
      });
}

std::optional<unsigned> StateOp::findField(StringRef name) {
  return edbc::findFieldName(getFieldNames(), name);
}

LogicalResult StateOp::verify() {
  if (getFieldNames().empty() || getFieldNames().size() != getWidths().size() ||
      getFieldNames().size() != getColumns().size())
    return emitOpError("must have at least one field, and a width and columns "
                       "for each");
  llvm::StringSet<> seen;
  for (auto [name, width, columns] :
       llvm::zip(getFieldNames(), getWidths(), getColumns())) {
    StringRef field = cast<StringAttr>(name).getValue();
    if (!seen.insert(field).second)
      return emitOpError() << "has two fields named '" << field << "'";
    if (width < 1)
      return emitOpError() << "field '" << field << "' has width " << width;
    if (columns < 1)
      return emitOpError() << "field '" << field << "' has " << columns
                           << " columns";
    if (std::max(width, columns) > std::numeric_limits<int32_t>::max() / lanes)
      return emitOpError() << "field '" << field << "' is too large";
  }
  if (!getLayout())
    return success();
  ArrayRef<int64_t> offsets = getLayout()->getOffsets();
  if (offsets.size() != getNumFields())
    return emitOpError() << "has " << getNumFields() << " fields and a layout "
                         << "for " << offsets.size();
  for (auto [i, offset] : llvm::enumerate(offsets)) {
    int64_t end = offset + getFieldSize(i);
    if (end > getLayout()->getStride())
      return emitOpError() << "field " << getFieldNames()[i]
                           << " ends beyond the row's stride";
    for (auto [j, other] : llvm::enumerate(offsets))
      if (j != i && other >= offset && other < end)
        return emitOpError() << "fields " << getFieldNames()[i] << " and "
                             << getFieldNames()[j] << " overlap";
  }
  return success();
}

/// The width and the columns of a value or of a field.
using Shape = std::pair<int64_t, int64_t>;

static Shape shapeOf(Type batchTensor) {
  return {widthOf(batchTensor), columnsOf(batchTensor)};
}

/// The shape of a field, or nothing after an error.
static std::optional<Shape> findFieldShape(Operation *user,
                                           SymbolTableCollection &tables,
                                           FlatSymbolRefAttr state,
                                           StringRef field) {
  auto found = edbc::lookupField<StateOp>(user, tables, state, field);
  if (!found)
    return std::nullopt;
  auto [op, index] = *found;
  return Shape(op.getWidths()[index], op.getColumns()[index]);
}

/// A length, or both sizes of a matrix.
static std::string describe(Shape shape) {
  return shape.second == 1
             ? std::to_string(shape.first)
             : llvm::formatv("{0} by {1}", shape.first, shape.second).str();
}

static LogicalResult verifyShape(Operation *op, Type type, Shape expected,
                                 const Twine &source) {
  if (shapeOf(type) != expected)
    return op->emitOpError()
           << "has rows of " << describe(shapeOf(type)) << ", but " << source
           << " has " << describe(expected);
  return success();
}

/// Whether rows are for nodes or the elements of the same operand.
static LogicalResult verifySameRows(Operation *op, Type a, Type b) {
  if (elementsOf(a) != elementsOf(b))
    return op->emitOpError()
           << "leads from rows of " << a << " to those of " << b;
  return success();
}

/// The number of the kernel's operand that a column is, or nothing.
static std::optional<int64_t> operandNumber(Value column) {
  if (auto argument = dyn_cast<BlockArgument>(column))
    return argument.getArgNumber();
  return std::nullopt;
}

LogicalResult OutputOp::verifySymbolUses(SymbolTableCollection &tables) {
  return success(
      findFieldShape(*this, tables, getStateAttr(), getField()).has_value());
}

int64_t PackOp::getPanelSize() {
  int64_t size = 0;
  for (Attribute attr : getSegments()) {
    auto segment = cast<SegmentAttr>(attr);
    size += segment.getDepth() * segment.getTerms().size() * getPanel();
  }
  return size;
}

LogicalResult PackOp::verify() {
  if (static_cast<int64_t>(getPanel()) < lanes || getPanel() % lanes)
    return emitOpError() << "panel must be a positive multiple of " << lanes
                         << ", found " << getPanel();
  if (static_cast<int64_t>(getRows()) < 1)
    return emitOpError("must have at least one row");
  for (Attribute attr : getSegments()) {
    auto segment = cast<SegmentAttr>(attr);
    if (segment.getDepth() < 1 || segment.getTerms().empty() ||
        segment.getTerms().size() != segment.getAccumulators().size())
      return emitOpError() << "segment must have a depth, at least one term, "
                              "and an accumulator for each: "
                           << attr;
  }
  return success();
}

LogicalResult PackOp::verifySymbolUses(SymbolTableCollection &tables) {
  for (Attribute attr : getSegments()) {
    auto segment = cast<SegmentAttr>(attr);
    for (TermAttr term : segment.getTerms()) {
      auto param = edbc::lookupSymbol<ParamOp>(*this, tables, term.getParam(),
                                               "parameter");
      if (!param)
        return failure();
      if (param.getTensorType().getRank() != 2 ||
          param.getRows() != static_cast<int64_t>(getRows()) ||
          term.getColumn() < 0 ||
          term.getColumn() + segment.getDepth() > param.getColumns())
        return emitOpError()
               << "takes " << getRows() << " rows and columns ["
               << term.getColumn() << ", "
               << term.getColumn() + segment.getDepth() << ") of "
               << term.getParam() << ", which is " << param.getType();
    }
  }
  return success();
}

LogicalResult PolicyOp::verify() {
  if (getKind() != PolicyKind::Fsm && !getTransitions().empty())
    return emitOpError() << "of kind '" << stringifyPolicyKind(getKind())
                         << "' has transitions, which only a machine can have";
  llvm::SmallDenseSet<Attribute> seen;
  for (Attribute attr : getTransitions()) {
    auto transition = cast<TransitionAttr>(attr);
    ArrayRef<FlatSymbolRefAttr> frontier = transition.getFrontier();
    if (!llvm::is_contained(frontier, transition.getAction()))
      return emitOpError() << "has a transition whose action is not in its "
                              "frontier: "
                           << attr;
    llvm::SmallDenseSet<Attribute> kernels(frontier.begin(), frontier.end());
    if (kernels.size() != frontier.size() &&
        getEncoding() != Encoding::Critical)
      return emitOpError() << "has a transition that names a kernel twice: "
                           << attr;
    SmallVector<Attribute> state(frontier.begin(), frontier.end());
    if (!seen.insert(ArrayAttr::get(getContext(), state)).second)
      return emitOpError() << "has two transitions for one frontier: " << attr;
  }
  return success();
}

LogicalResult PolicyOp::verifySymbolUses(SymbolTableCollection &tables) {
  for (Attribute attr : getTransitions())
    for (FlatSymbolRefAttr kernel : cast<TransitionAttr>(attr).getFrontier())
      if (!edbc::lookupSymbol<KernelOp>(*this, tables, kernel, "kernel"))
        return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Kernels and phases
//===----------------------------------------------------------------------===//

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  if (edbc::parseDefinition<KernelOp>(parser, result))
    return failure();
  ensureTerminator(*result.regions.front(), parser.getBuilder(),
                   result.location);
  return success();
}

void KernelOp::print(OpAsmPrinter &printer) {
  edbc::printDefinition(*this, printer, /*printTerminator=*/false);
}

void KernelOp::getAsmBlockArgumentNames(Region &, OpAsmSetValueNameFn setName) {
  edbc::nameOperands(*this, setName);
}

LogicalResult KernelOp::verify() {
  if (failed(edbc::verifyOperandNames(*this)))
    return failure();
  if (getTable() && (*getTable() < 1 || getBodyBlock().getNumArguments() != 1 ||
                     !isa<TokensType>(getBodyBlock().getArgument(0).getType())))
    return emitOpError("of a table must have at least one row and one operand, "
                       "a token");
  for (BlockArgument argument : getBodyBlock().getArguments())
    if (!isa<RowsType, RaggedType, TokensType, ValuesType>(argument.getType()))
      return emitOpError() << "operand must be a column of rows, tokens or "
                              "values, found "
                           << argument.getType();
  if (getElementWorkspaces() &&
      getElementWorkspaces()->size() != getBodyBlock().getNumArguments())
    return emitOpError() << "has " << getBodyBlock().getNumArguments()
                         << " operands and workspaces for the elements of "
                         << getElementWorkspaces()->size();
  return success();
}

LogicalResult KernelOp::verifyRegions() {
  if (!getBody().getOps<PhaseOp>().empty())
    for (Operation &op : getBodyBlock().without_terminator())
      if (!isa<PhaseOp>(op))
        return op.emitOpError("must be in a phase, as the kernel has phases");
  return success();
}

RowLayoutAttr KernelOp::getWorkspaceOf(std::optional<int64_t> operand) {
  if (!operand)
    return getWorkspaceAttr();
  std::optional<ArrayAttr> layouts = getElementWorkspaces();
  if (!layouts || *operand < 0 ||
      *operand >= static_cast<int64_t>(layouts->size()))
    return {};
  return cast<RowLayoutAttr>((*layouts)[*operand]);
}

/// Whether a binding names something that the kernel or its module has, of the
/// kind that it says.
static bool isSound(BindingAttr binding, KernelOp kernel,
                    SymbolTableCollection &tables) {
  auto operandIs = [&](auto type) {
    Block &body = kernel.getBodyBlock();
    int64_t index = binding.getIndex();
    return index >= 0 && index < body.getNumArguments() &&
           !binding.getSymbol() &&
           isa<decltype(type)>(body.getArgument(index).getType());
  };
  auto symbol = [&]() -> Operation * {
    if (!binding.getSymbol() || binding.getIndex() != -1)
      return nullptr;
    return tables.lookupNearestSymbolFrom(kernel, binding.getSymbol());
  };
  switch (binding.getKind()) {
  case BindingKind::Items:
  case BindingKind::ResultRows:
    return binding.getIndex() == -1 && !binding.getSymbol();
  case BindingKind::Workspace:
    return binding.getIndex() == -1 && !binding.getSymbol() &&
           kernel.getWorkspace();
  case BindingKind::OperandRows:
    return operandIs(RowsType());
  case BindingKind::ElementRows:
  case BindingKind::ElementOwners:
  case BindingKind::ElementBegins:
    return operandIs(RaggedType());
  case BindingKind::ElementWorkspace:
    return operandIs(RaggedType()) && kernel.getElementWorkspaces();
  case BindingKind::OperandTokens:
    return operandIs(TokensType());
  case BindingKind::OperandValues:
    return operandIs(ValuesType());
  case BindingKind::State:
    return isa_and_nonnull<StateOp>(symbol());
  case BindingKind::Constant:
    return isa_and_nonnull<ParamOp, PackOp>(symbol());
  case BindingKind::Table:
    return isa_and_nonnull<StateOp>(symbol());
  case BindingKind::Columns: {
    auto param = dyn_cast_or_null<ParamOp>(symbol());
    return param && param.getTensorType().getRank() >= 2;
  }
  }
  llvm_unreachable("all kinds are checked");
}

/// Checks that each field is stored once, whole or in parts.
static LogicalResult verifyStores(KernelOp kernel, StateOp state) {
  llvm::StringMap<SmallVector<ScatterOp>> stores;
  kernel.getBody().walk([&](ScatterOp scatter) {
    stores[scatter.getField()].push_back(scatter);
  });
  for (auto [index, attr] : llvm::enumerate(state.getFieldNames())) {
    SmallVector<ScatterOp> &parts = stores[cast<StringAttr>(attr).getValue()];
    llvm::sort(parts, [](ScatterOp a, ScatterOp b) {
      return static_cast<int64_t>(a.getOffset()) <
                 static_cast<int64_t>(b.getOffset()) ||
             (a.getOffset() == b.getOffset() && a != b &&
              a->getBlock() == b->getBlock() && a->isBeforeInBlock(b));
    });
    int64_t end = 0;
    for (ScatterOp part : parts) {
      int64_t offset = static_cast<int64_t>(part.getOffset());
      if (offset < end)
        return part.emitOpError()
               << "stores field " << attr << " a second time";
      if (offset > end)
        break;
      end += widthOf(part.getValue().getType());
    }
    if (end < state.getWidths()[index])
      return kernel.emitOpError()
             << "doesn't store field " << attr << " of state "
             << kernel.getStateAttr() << (end ? " as a whole" : "");
  }
  return success();
}

LogicalResult KernelOp::verifySymbolUses(SymbolTableCollection &tables) {
  for (BlockArgument argument : getBodyBlock().getArguments()) {
    FlatSymbolRefAttr state;
    if (auto rows = dyn_cast<RowsType>(argument.getType()))
      state = rows.getState();
    else if (auto ragged = dyn_cast<RaggedType>(argument.getType()))
      state = ragged.getState();
    if (state && !edbc::lookupSymbol<StateOp>(*this, tables, state, "state"))
      return failure();
  }
  auto state =
      edbc::lookupSymbol<StateOp>(*this, tables, getStateAttr(), "state");
  if (!state)
    return failure();
  if (failed(verifyStores(*this, state)))
    return failure();
  if (std::optional<ArrayAttr> bindings = getBindings())
    for (Attribute binding : *bindings)
      if (!isSound(cast<BindingAttr>(binding), *this, tables))
        return emitOpError() << "binds what isn't there: " << binding;
  return success();
}

bool edbc::batch::readsMemory(Operation *op) {
  return isa_and_nonnull<GatherOp, LookupOp, RecallOp, InputOp, BroadcastOp>(
      op);
}

bool edbc::batch::isView(Operation *op) {
  if (auto spread = dyn_cast_if_present<SpreadOp>(op))
    return spread.getDirection() == Direction::Columns;
  return isa_and_nonnull<SliceOp, RepeatOp>(op);
}

bool edbc::batch::readsWholeRows(Operation *op) {
  return isa_and_nonnull<ProductOp, MultiplyOp, ReduceOp, LargestOp,
                         LogSumExpOp, ArgmaxOp, PickOp, SpreadOp>(op) &&
         !isView(op);
}

bool edbc::batch::isInMemory(Value value) {
  Operation *op = value.getDefiningOp();
  while (isView(op))
    op = op->getOperand(0).getDefiningOp();
  return readsMemory(op) || isa_and_nonnull<PhaseOp>(op);
}

YieldOp PhaseOp::getYield() {
  return cast<YieldOp>(getBodyBlock().getTerminator());
}

std::optional<int64_t> PhaseOp::getElements() {
  std::optional<int64_t> over;
  if (std::optional<uint64_t> operand = getOver())
    over = *operand;
  return over;
}

bool PhaseOp::onlyMoves() {
  return llvm::all_of(getBodyBlock().without_terminator(), [](Operation &op) {
    return readsMemory(&op) || isView(&op) || isa<ScatterOp>(op);
  });
}

int64_t PhaseOp::getCopiedFloats() {
  if (!onlyMoves())
    return 0;
  auto stores = getBodyBlock().getOps<ScatterOp>();
  return (getNumResults() + std::distance(stores.begin(), stores.end())) *
         getWidth();
}

bool PhaseOp::isAhead() {
  auto kernel = cast<KernelOp>((*this)->getParentOp());
  llvm::StringSet<> stored;
  for (Operation *op = getOperation(); op; op = op->getNextNode())
    if (auto phase = dyn_cast<PhaseOp>(op))
      for (auto scatter : phase.getBodyBlock().getOps<ScatterOp>())
        stored.insert(scatter.getField());
  for (Operation &op : kernel.getBodyBlock()) {
    auto phase = dyn_cast<PhaseOp>(op);
    if (!phase)
      continue;
    for (auto gather : phase.getBodyBlock().getOps<GatherOp>())
      if (gather.getState() == kernel.getStateAttr() &&
          stored.contains(gather.getField()))
        return false;
    if (phase == *this)
      break;
  }
  return true;
}

/// Whether a phase computes values of a type.
static bool computes(PhaseOp phase, Type type) {
  return isBatchTensor(type) &&
         shapeOf(type) == Shape(phase.getWidth(), phase.getColumns()) &&
         elementsOf(type) == phase.getElements();
}

static LogicalResult verifyComputes(PhaseOp phase, Operation *op, Type type) {
  if (computes(phase, type))
    return success();
  InFlightDiagnostic error = op->emitOpError()
                             << "has " << type << " in a phase of width "
                             << phase.getWidth();
  if (phase.getColumns() != 1)
    error << " and " << phase.getColumns() << " columns";
  if (phase.getOver())
    error << " over operand " << *phase.getOver();
  return error;
}

LogicalResult PhaseOp::verify() {
  if (static_cast<int64_t>(getColumns()) < 1)
    return emitOpError("must have at least one column");
  Block &kernel = cast<KernelOp>((*this)->getParentOp()).getBodyBlock();
  if (getOver() && (*getOver() >= kernel.getNumArguments() ||
                    !isa<RaggedType>(kernel.getArgument(*getOver()).getType())))
    return emitOpError() << "goes over operand " << *getOver()
                         << ", which has no elements";
  for (Type type : getKept().getTypes())
    if (failed(verifyComputes(*this, *this, type)))
      return failure();
  if (getSlots() && getSlots()->size() != getNumResults())
    return emitOpError() << "keeps " << getNumResults()
                         << " values and has slots for " << getSlots()->size();
  if (getPanel() &&
      (static_cast<int64_t>(*getPanel()) < lanes || *getPanel() % lanes))
    return emitOpError() << "panel must be a positive multiple of " << lanes
                         << ", found " << *getPanel();
  return success();
}

LogicalResult PhaseOp::verifyRegions() {
  if (getBodyBlock().empty() || !isa<YieldOp>(getBodyBlock().back()))
    return emitOpError("must end in batch.yield");
  if (getBodyBlock().getNumArguments())
    return emitOpError("takes no block arguments");
  if (getYield().getKept().getTypes() != getKept().getTypes())
    return getYield().emitOpError()
           << "yields other types than the phase keeps";
  if (std::optional<uint64_t> siblings = getSiblings()) {
    auto stores = getBodyBlock().getOps<ScatterOp>();
    uint64_t numStores = std::distance(stores.begin(), stores.end());
    if (*siblings == 0 || getNumResults() + numStores != *siblings)
      return emitOpError() << "keeps or stores " << getNumResults() + numStores
                           << " values, but is of " << *siblings << " siblings";
  }
  for (Operation &op : getBodyBlock().without_terminator()) {
    if (readsMemory(&op) || isView(&op) || isa<SplatOp>(op))
      continue;
    SmallVector<Type> computed(op.getResultTypes());
    if (auto scatter = dyn_cast<ScatterOp>(op))
      computed.push_back(scatter.getValue().getType());
    for (Type type : computed)
      if (failed(verifyComputes(*this, &op, type)))
        return failure();
    if (readsWholeRows(&op))
      for (Value operand : op.getOperands())
        if (isBatchTensor(operand.getType()) && !isInMemory(operand))
          return op.emitOpError("needs an operand in memory, and not one that "
                                "its own phase computes");
  }
  return success();
}

/// Checks that `pack` has a segment for each operand of the phase's products,
/// in order of first appearance, and that it holds the operand's terms.
static LogicalResult verifySegments(PhaseOp phase, PackOp pack) {
  using AddedTerm = std::pair<TermAttr, int64_t>;
  llvm::MapVector<Value, SmallVector<AddedTerm>> expected;
  for (auto [number, product] :
       llvm::enumerate(phase.getBodyBlock().getOps<ProductOp>()))
    for (auto [index, vector] : llvm::enumerate(product.getVectors()))
      expected[vector].push_back({product.getTerm(index), number});
  if (expected.size() != pack.getSegments().size())
    return phase.emitOpError()
           << "multiplies " << expected.size() << " operands, but "
           << phase.getWeightsAttr() << " has " << pack.getSegments().size()
           << " segments";
  for (auto [index, entry] : llvm::enumerate(expected)) {
    SegmentAttr segment = pack.getSegment(index);
    SmallVector<AddedTerm> found;
    for (auto [term, number] :
         llvm::zip(segment.getTerms(), segment.getAccumulators()))
      found.push_back({term, number});
    const auto &[vector, terms] = entry;
    if (segment.getDepth() != widthOf(vector.getType()) ||
        found.size() != terms.size() ||
        !std::is_permutation(found.begin(), found.end(), terms.begin()))
      return phase.emitOpError() << "has other products than segment " << index
                                 << " of " << phase.getWeightsAttr();
  }
  return success();
}

LogicalResult PhaseOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto kernel = cast<KernelOp>((*this)->getParentOp());
  if (std::optional<ArrayRef<int64_t>> slots = getSlots())
    for (int64_t slot : *slots) {
      RowLayoutAttr workspace = kernel.getWorkspaceOf(getElements());
      if (slot < 0 || !workspace ||
          slot >= static_cast<int64_t>(workspace.getOffsets().size()))
        return emitOpError() << "keeps a value in slot " << slot
                             << ", which the kernel's workspace doesn't have";
      if (workspace.getOffsets()[slot] +
              paddedWidth(getWidth()) * static_cast<int64_t>(getColumns()) >
          workspace.getStride())
        return emitOpError() << "keeps a value in slot " << slot
                             << ", which ends beyond the workspace's stride";
    }
  if (!getWeights())
    return success();
  auto pack =
      edbc::lookupSymbol<PackOp>(*this, tables, getWeightsAttr(), "pack");
  if (!pack)
    return failure();
  if (getPanel() != pack.getPanel() || pack.getRows() != getWidth())
    return emitOpError() << "of width " << getWidth()
                         << " doesn't fit the rows or the panel of "
                         << getWeightsAttr();
  return verifySegments(*this, pack);
}

//===----------------------------------------------------------------------===//
// Movement between memory and a batch's rows
//===----------------------------------------------------------------------===//

/// A column must be an operand of the kernel: it is one buffer.
static LogicalResult verifyColumn(Operation *op, Value column) {
  if (isa<BlockArgument>(column))
    return success();
  return op->emitOpError("must read an operand of its kernel");
}

FlatSymbolRefAttr GatherOp::getState() {
  if (auto rows = dyn_cast<RowsType>(getRows().getType()))
    return rows.getState();
  return cast<RaggedType>(getRows().getType()).getState();
}

LogicalResult GatherOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyColumn(*this, getRows())))
    return failure();
  std::optional<int64_t> elements;
  if (isa<RaggedType>(getRows().getType()))
    elements = operandNumber(getRows());
  if (elementsOf(getResult().getType()) != elements)
    return emitOpError() << "of " << getRows().getType() << " has rows of "
                         << getResult().getType();
  std::optional<Shape> shape =
      findFieldShape(*this, tables, getState(), getField());
  return success(shape && succeeded(verifyShape(*this, getResult().getType(),
                                                *shape, "the field")));
}

LogicalResult LookupOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyColumn(*this, getTokens())))
    return failure();
  auto param =
      edbc::lookupSymbol<ParamOp>(*this, tables, getTableAttr(), "parameter");
  if (!param)
    return failure();
  RankedTensorType table = param.getTensorType();
  if (table.getRank() < 2)
    return emitOpError() << "needs a table to look up in, but "
                         << getTableAttr() << " is " << table;
  if (getTokens().getType().getBound() > table.getDimSize(0))
    return emitOpError() << "looks up tokens below "
                         << getTokens().getType().getBound() << " in "
                         << getTableAttr() << ", which has "
                         << table.getDimSize(0) << " entries";
  if (elementsOf(getResult().getType()))
    return emitOpError("has a token for each node, not for each element");
  return verifyShape(*this, getResult().getType(),
                     table.getRank() == 2
                         ? Shape(param.getColumns(), 1)
                         : Shape(param.getRows(), param.getColumns()),
                     "the table");
}

LogicalResult RecallOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyColumn(*this, getTokens())))
    return failure();
  if (elementsOf(getResult().getType()))
    return emitOpError("has a token for each node, not for each element");
  std::optional<Shape> shape =
      findFieldShape(*this, tables, getTableAttr(), getField());
  return success(shape && succeeded(verifyShape(*this, getResult().getType(),
                                                *shape, "the field")));
}

LogicalResult InputOp::verify() {
  if (failed(verifyColumn(*this, getValues())))
    return failure();
  if (elementsOf(getResult().getType()))
    return emitOpError("has values for each node, not for each element");
  return verifyShape(*this, getResult().getType(),
                     {getValues().getType().getWidth(), 1}, "the operand");
}

LogicalResult BroadcastOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto param =
      edbc::lookupSymbol<ParamOp>(*this, tables, getParamAttr(), "parameter");
  if (!param)
    return failure();
  int64_t rank = param.getTensorType().getRank();
  if (rank > 2)
    return emitOpError() << "needs a vector or a matrix, but " << getParamAttr()
                         << " is " << param.getType();
  return verifyShape(*this, getResult().getType(),
                     rank == 1 ? Shape(param.getColumns(), 1)
                               : Shape(param.getRows(), param.getColumns()),
                     "the parameter");
}

LogicalResult SliceOp::verify() {
  Type source = getSource().getType(), result = getResult().getType();
  int64_t end = static_cast<int64_t>(getOffset()) + widthOf(result);
  if (columnsOf(source) != 1 || columnsOf(result) != 1)
    return emitOpError() << "must be of vectors, found " << source;
  if (static_cast<int64_t>(getOffset()) < 0 || end > widthOf(source))
    return emitOpError() << "takes [" << getOffset() << ", " << end
                         << ") of rows of " << widthOf(source);
  return verifySameRows(*this, source, result);
}

LogicalResult RepeatOp::verify() {
  Type source = getSource().getType(), result = getResult().getType();
  if (elementsOf(source) || !elementsOf(result))
    return emitOpError() << "leads from the rows of nodes to those of "
                            "elements, found "
                         << source << " and " << result;
  return verifyShape(*this, result, shapeOf(source), "the source");
}

LogicalResult SpreadOp::verify() {
  Type source = getSource().getType(), result = getResult().getType();
  bool fits = false;
  switch (getDirection()) {
  case Direction::Columns:
    fits = columnsOf(source) == 1 && widthOf(source) == widthOf(result);
    break;
  case Direction::Rows:
    fits = columnsOf(source) == 1 && widthOf(source) == columnsOf(result);
    break;
  case Direction::Elements:
    fits = shapeOf(source) == Shape(1, 1) && columnsOf(result) == 1;
    break;
  }
  if (!fits)
    return emitOpError() << "can't fill " << result << " along "
                         << stringifyDirection(getDirection()) << " with "
                         << source;
  return verifySameRows(*this, source, result);
}

LogicalResult ScatterOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto kernel = (*this)->getParentOfType<KernelOp>();
  if (!kernel)
    return emitOpError("must be in a batch.kernel");
  Type type = getValue().getType();
  if (elementsOf(type))
    return emitOpError("must store rows of nodes, not of elements");
  std::optional<Shape> shape =
      findFieldShape(*this, tables, kernel.getStateAttr(), getField());
  if (!shape)
    return failure();
  int64_t offset = static_cast<int64_t>(getOffset());
  bool isPart = columnsOf(type) == shape->second && offset >= 0 &&
                offset + widthOf(type) <= shape->first;
  if (isPart)
    return success();
  if (offset)
    return emitOpError() << "stores rows of " << describe(shapeOf(type))
                         << " from " << offset << " on in a field of "
                         << describe(*shape);
  return verifyShape(*this, type, *shape, "the field");
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

LogicalResult ProductOp::verify() {
  if (getVectors().empty() || getVectors().size() != getTerms().size())
    return emitOpError() << "has " << getVectors().size() << " vectors and "
                         << getTerms().size() << " terms";
  if (getInitial() && getInitial().getType() != getResult().getType())
    return emitOpError() << "begins with " << getInitial().getType()
                         << " and yields " << getResult().getType();
  for (Value vector : getVectors()) {
    if (columnsOf(vector.getType()) != columnsOf(getResult().getType()))
      return emitOpError() << "leads from " << vector.getType() << " to "
                           << getResult().getType();
    if (failed(verifySameRows(*this, vector.getType(), getResult().getType())))
      return failure();
  }
  return success();
}

LogicalResult ProductOp::verifySymbolUses(SymbolTableCollection &tables) {
  for (auto [vector, attr] : llvm::zip(getVectors(), getTerms())) {
    auto term = cast<TermAttr>(attr);
    auto param = edbc::lookupSymbol<ParamOp>(*this, tables, term.getParam(),
                                             "parameter");
    if (!param)
      return failure();
    int64_t depth = widthOf(vector.getType());
    if (param.getTensorType().getRank() != 2 || term.getColumn() < 0 ||
        term.getColumn() + depth > param.getColumns())
      return emitOpError() << "multiplies a vector of " << depth
                           << " by the columns from " << term.getColumn()
                           << " on of " << term.getParam() << ", which is "
                           << param.getType();
    if (widthOf(getResult().getType()) != param.getRows())
      return emitOpError() << "has rows of " << widthOf(getResult().getType())
                           << ", but the parameter has " << param.getRows();
  }
  return success();
}

LogicalResult MultiplyOp::verify() {
  Type matrix = getMatrix().getType(), operand = getOperand().getType();
  Type result = getResult().getType();
  if (columnsOf(matrix) != widthOf(operand) ||
      widthOf(matrix) != widthOf(result) ||
      columnsOf(operand) != columnsOf(result))
    return emitOpError() << "can't lead from " << matrix << " and " << operand
                         << " to " << result;
  return success(succeeded(verifySameRows(*this, matrix, result)) &&
                 succeeded(verifySameRows(*this, operand, result)));
}

LogicalResult ReduceOp::verify() {
  Type elements = getElements().getType(), result = getResult().getType();
  if (!elementsOf(elements) || elementsOf(result))
    return emitOpError() << "leads from the rows of elements to those of "
                            "nodes, found "
                         << elements << " and " << result;
  return verifyShape(*this, result, shapeOf(elements), "the source");
}

/// Of an operation that computes one number from each row.
static LogicalResult verifyNumber(Operation *op, Type source) {
  if (columnsOf(source) != 1)
    return op->emitOpError() << "needs vectors, found " << source;
  Type result = op->getResult(0).getType();
  return success(succeeded(verifyShape(op, result, {1, 1}, "a number")) &&
                 succeeded(verifySameRows(op, source, result)));
}

LogicalResult LargestOp::verify() {
  return verifyNumber(*this, getSource().getType());
}

LogicalResult LogSumExpOp::verify() {
  return verifyNumber(*this, getSource().getType());
}

LogicalResult ArgmaxOp::verify() {
  return verifyNumber(*this, getSource().getType());
}

LogicalResult PickOp::verify() {
  if (failed(verifyColumn(*this, getTokens())))
    return failure();
  if (getTokens().getType().getBound() > widthOf(getSource().getType()))
    return emitOpError() << "picks tokens below "
                         << getTokens().getType().getBound() << " of rows of "
                         << widthOf(getSource().getType());
  return verifyNumber(*this, getSource().getType());
}

//===----------------------------------------------------------------------===//
// Generated functions
//===----------------------------------------------------------------------===//

StringRef edbc::batch::isaName(Isa isa) {
  switch (isa) {
  case Isa::X86_64:
    return "x86-64";
  case Isa::X86_64_V3:
    return "x86-64-v3";
  case Isa::X86_64_V4:
    return "x86-64-v4";
  }
  llvm_unreachable("all instruction sets are named");
}

std::optional<Isa> edbc::batch::isaOf(ModuleOp module) {
  auto name = module->getAttrOfType<StringAttr>(isaAttrName);
  for (Isa isa : allIsas)
    if (name && name.getValue() == isaName(isa))
      return isa;
  return std::nullopt;
}

std::string edbc::batch::phaseFunctionName(StringRef network, StringRef kernel,
                                           unsigned phase, Isa isa) {
  StringRef suffix = isaName(isa).take_back(2);
  return llvm::formatv("edbc.{0}.{1}.{2}.{3}", network, kernel, phase, suffix);
}

LogicalResult BindOp::verify() {
  if (getSlot() > static_cast<uint64_t>(std::numeric_limits<int32_t>::max()))
    return emitOpError() << "has no slot " << static_cast<int64_t>(getSlot());
  auto type = cast<MemRefType>(getResult().getType());
  if (!type.getLayout().isIdentity() ||
      llvm::any_of(type.getShape().drop_front(), ShapedType::isDynamic))
    return emitOpError() << "needs a memref of identity layout whose "
                            "dimensions after the first are static, found "
                         << type;
  return success();
}

#define GET_OP_CLASSES
#include "dialects/Batch/BatchOps.cpp.inc"
