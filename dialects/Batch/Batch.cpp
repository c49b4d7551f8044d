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
  return tensor && tensor.getElementType().isF32() && tensor.getRank() == 2 &&
         tensor.isDynamicDim(0) && tensor.getDimSize(1) >= 1;
}

/// Length of the vectors in rows of a batch.
static int64_t widthOf(Type batchTensor) {
  return cast<RankedTensorType>(batchTensor).getDimSize(1);
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
      tensor.getRank() < 1 || tensor.getRank() > 2 ||
      llvm::is_contained(tensor.getShape(), 0))
    return emitOpError() << "must be an f32 tensor of static shape and rank 1 "
                            "or 2, found "
                         << getType();
  return success();
}

static ParseResult parseFields(OpAsmParser &parser, ArrayAttr &names,
                               DenseI64ArrayAttr &widths) {
  SmallVector<Attribute> nameList;
  SmallVector<int64_t> widthList;
  auto parseField = [&]() -> ParseResult {
    std::string name;
    if (parser.parseKeywordOrString(&name) || parser.parseColon() ||
        parser.parseInteger(widthList.emplace_back()))
      return failure();
    nameList.push_back(parser.getBuilder().getStringAttr(name));
    return success();
  };
  if (parser.parseCommaSeparatedList(parseField))
    return failure();
  names = parser.getBuilder().getArrayAttr(nameList);
  widths = parser.getBuilder().getDenseI64ArrayAttr(widthList);
  return success();
}

static void printFields(OpAsmPrinter &printer, Operation *, ArrayAttr names,
                        DenseI64ArrayAttr widths) {
  llvm::interleaveComma(
      llvm::zip(names, widths.asArrayRef()), printer, [&](auto field) {
        printer.printKeywordOrString(cast<StringAttr>(std::get<0>(field)));
        printer << " : " << std::get<1>(field);
      });
}

std::optional<unsigned> StateOp::findField(StringRef name) {
  return edbc::findFieldName(getFieldNames(), name);
}

LogicalResult StateOp::verify() {
  if (getFieldNames().empty() || getFieldNames().size() != getWidths().size())
    return emitOpError("must have at least one field, and a width for each");
  llvm::StringSet<> seen;
  for (auto [name, width] : llvm::zip(getFieldNames(), getWidths())) {
    StringRef field = cast<StringAttr>(name).getValue();
    if (!seen.insert(field).second)
      return emitOpError() << "has two fields named '" << field << "'";
    if (width < 1)
      return emitOpError() << "field '" << field << "' has width " << width;
  }
  if (!getLayout())
    return success();
  ArrayRef<int64_t> offsets = getLayout()->getOffsets();
  if (offsets.size() != getNumFields())
    return emitOpError() << "has " << getNumFields() << " fields and a layout "
                         << "for " << offsets.size();
  for (auto [i, offset] : llvm::enumerate(offsets)) {
    int64_t end = offset + paddedWidth(getWidths()[i]);
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

/// The width of a field, or nothing after an error.
static std::optional<int64_t> findFieldWidth(Operation *user,
                                             SymbolTableCollection &tables,
                                             FlatSymbolRefAttr state,
                                             StringRef field) {
  auto found = edbc::lookupField<StateOp>(user, tables, state, field);
  if (!found)
    return std::nullopt;
  return found->first.getWidths()[found->second];
}

static LogicalResult verifyWidth(Operation *op, Type type, int64_t expected,
                                 const Twine &source) {
  if (widthOf(type) != expected)
    return op->emitOpError() << "has rows of " << widthOf(type) << ", but "
                             << source << " has " << expected;
  return success();
}

LogicalResult OutputOp::verifySymbolUses(SymbolTableCollection &tables) {
  return success(
      findFieldWidth(*this, tables, getStateAttr(), getField()).has_value());
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
  for (BlockArgument argument : getBodyBlock().getArguments())
    if (!isa<RowsType, TokensType, ValuesType>(argument.getType()))
      return emitOpError() << "operand must be a column of rows, tokens or "
                              "values, found "
                           << argument.getType();
  return success();
}

LogicalResult KernelOp::verifyRegions() {
  if (!getBody().getOps<PhaseOp>().empty())
    for (Operation &op : getBodyBlock().without_terminator())
      if (!isa<PhaseOp>(op))
        return op.emitOpError("must be in a phase, as the kernel has phases");
  llvm::StringSet<> stored;
  WalkResult result = getBody().walk([&](ScatterOp scatter) {
    if (stored.insert(scatter.getField()).second)
      return WalkResult::advance();
    scatter.emitOpError() << "stores field '" << scatter.getField()
                          << "' a second time";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
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
  case BindingKind::OperandTokens:
    return operandIs(TokensType());
  case BindingKind::OperandValues:
    return operandIs(ValuesType());
  case BindingKind::State:
    return isa_and_nonnull<StateOp>(symbol());
  case BindingKind::Constant:
    return isa_and_nonnull<ParamOp, PackOp>(symbol());
  }
  llvm_unreachable("all kinds are checked");
}

LogicalResult KernelOp::verifySymbolUses(SymbolTableCollection &tables) {
  for (BlockArgument argument : getBodyBlock().getArguments())
    if (auto rows = dyn_cast<RowsType>(argument.getType()))
      if (!edbc::lookupSymbol<StateOp>(*this, tables, rows.getState(), "state"))
        return failure();
  auto state =
      edbc::lookupSymbol<StateOp>(*this, tables, getStateAttr(), "state");
  if (!state)
    return failure();
  llvm::StringSet<> stored;
  getBody().walk([&](ScatterOp scatter) { stored.insert(scatter.getField()); });
  for (Attribute name : state.getFieldNames())
    if (!stored.contains(cast<StringAttr>(name).getValue()))
      return emitOpError() << "doesn't store field " << name << " of state "
                           << getStateAttr();
  if (std::optional<ArrayAttr> bindings = getBindings())
    for (Attribute binding : *bindings)
      if (!isSound(cast<BindingAttr>(binding), *this, tables))
        return emitOpError() << "binds what isn't there: " << binding;
  return success();
}

bool edbc::batch::readsMemory(Operation *op) {
  return isa_and_nonnull<GatherOp, LookupOp, InputOp, BroadcastOp>(op);
}

YieldOp PhaseOp::getYield() {
  return cast<YieldOp>(getBodyBlock().getTerminator());
}

LogicalResult PhaseOp::verify() {
  for (Type type : getKept().getTypes())
    if (widthOf(type) != static_cast<int64_t>(getWidth()))
      return emitOpError() << "of width " << getWidth() << " keeps rows of "
                           << widthOf(type);
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
  for (Operation &op : getBodyBlock().without_terminator()) {
    if (readsMemory(&op) || isa<SplatOp>(op))
      continue;
    SmallVector<Type> computed(op.getResultTypes());
    if (auto scatter = dyn_cast<ScatterOp>(op))
      computed.push_back(scatter.getValue().getType());
    for (Type type : computed)
      if (!isBatchTensor(type) ||
          widthOf(type) != static_cast<int64_t>(getWidth()))
        return op.emitOpError()
               << "has " << type << " in a phase of width " << getWidth();
    if (auto product = dyn_cast<ProductOp>(op))
      for (Value vector : product.getVectors()) {
        Operation *source = vector.getDefiningOp();
        if (source && source->getBlock() == &getBodyBlock() &&
            !readsMemory(source))
          return op.emitOpError("multiplies what its own phase computes");
      }
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
      RowLayoutAttr workspace = kernel.getWorkspaceAttr();
      if (slot < 0 || !workspace ||
          slot >= static_cast<int64_t>(workspace.getOffsets().size()))
        return emitOpError() << "keeps a value in slot " << slot
                             << ", which the kernel's workspace doesn't have";
      if (workspace.getOffsets()[slot] + paddedWidth(getWidth()) >
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

LogicalResult GatherOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyColumn(*this, getRows())))
    return failure();
  std::optional<int64_t> width =
      findFieldWidth(*this, tables, getRows().getType().getState(), getField());
  return success(width && succeeded(verifyWidth(*this, getResult().getType(),
                                                *width, "the field")));
}

LogicalResult LookupOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyColumn(*this, getTokens())))
    return failure();
  auto param =
      edbc::lookupSymbol<ParamOp>(*this, tables, getTableAttr(), "parameter");
  if (!param)
    return failure();
  if (param.getTensorType().getRank() != 2)
    return emitOpError() << "needs a matrix to look up in, but "
                         << getTableAttr() << " is " << param.getType();
  if (getTokens().getType().getBound() > param.getRows())
    return emitOpError() << "looks up tokens below "
                         << getTokens().getType().getBound() << " in "
                         << getTableAttr() << ", which has " << param.getRows()
                         << " rows";
  return verifyWidth(*this, getResult().getType(), param.getColumns(),
                     "the table");
}

LogicalResult InputOp::verify() {
  if (failed(verifyColumn(*this, getValues())))
    return failure();
  return verifyWidth(*this, getResult().getType(),
                     getValues().getType().getWidth(), "the operand");
}

LogicalResult BroadcastOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto param =
      edbc::lookupSymbol<ParamOp>(*this, tables, getParamAttr(), "parameter");
  if (!param)
    return failure();
  if (param.getTensorType().getRank() != 1)
    return emitOpError() << "needs a vector, but " << getParamAttr() << " is "
                         << param.getType();
  return verifyWidth(*this, getResult().getType(), param.getColumns(),
                     "the parameter");
}

LogicalResult ScatterOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto kernel = (*this)->getParentOfType<KernelOp>();
  if (!kernel)
    return emitOpError("must be in a batch.kernel");
  std::optional<int64_t> width =
      findFieldWidth(*this, tables, kernel.getStateAttr(), getField());
  return success(width && succeeded(verifyWidth(*this, getValue().getType(),
                                                *width, "the field")));
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

LogicalResult ProductOp::verify() {
  if (getVectors().empty() || getVectors().size() != getTerms().size())
    return emitOpError() << "has " << getVectors().size() << " vectors and "
                         << getTerms().size() << " terms";
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
    if (failed(verifyWidth(*this, getResult().getType(), param.getRows(),
                           "the parameter")))
      return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Generated functions
//===----------------------------------------------------------------------===//

StringRef edbc::batch::isaName(Isa isa) {
  return isa == Isa::X86_64_V3 ? "x86-64-v3" : "x86-64-v4";
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
