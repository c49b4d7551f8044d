//===- PhaseFunction.cpp - generates the function of a phase ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LowerPhases/PhaseFunction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace edbc::batch;

Tile Tile::choose(Isa isa, int64_t panel, int64_t terms) {
  bool wide = isa == Isa::X86_64_V4;
  Tile tile;
  tile.lanes = wide ? 16 : 8;
  int64_t panelVectors = panel / tile.lanes;
  // Few accumulators for each row, so that a tile has several rows: they share
  // the weights that are loaded.
  int64_t perRow = wide ? 4 : 2;
  tile.vectors = std::clamp<int64_t>(perRow / std::max<int64_t>(terms, 1), 1,
                                     panelVectors);
  while (panelVectors % tile.vectors)
    --tile.vectors;
  tile.strips = panelVectors / tile.vectors;
  if (terms == 0) {
    tile.rows = 1;
    return tile;
  }
  // One register holds the operand's element.
  int64_t inUse = terms * tile.vectors;
  int64_t free = (wide ? 31 : 15) - inUse;
  tile.rows = std::clamp<int64_t>(free / inUse, 1, 8);
  return tile;
}

namespace {

/// A function under construction: the slots of its buffers, opened at its
/// beginning when first asked for.
class BufferScope {
public:
  BufferScope(ImplicitLocOpBuilder &b, KernelOp kernel,
              const SymbolTable &symbols, Value buffers)
      : b(b), kernel(kernel), symbols(symbols), buffers(buffers) {}

  Value items() { return open(BindingKind::Items, -1, {}, columnType()); }
  Value operandColumn(BindingKind kind, Value operand) {
    return open(kind, cast<BlockArgument>(operand).getArgNumber(), {},
                columnType());
  }
  Value operandValues(Value operand) {
    int64_t width = cast<ValuesType>(operand.getType()).getWidth();
    return open(BindingKind::OperandValues,
                cast<BlockArgument>(operand).getArgNumber(), {},
                rowsType(paddedWidth(width)));
  }
  Value resultRows() {
    return open(BindingKind::ResultRows, -1, {}, columnType());
  }
  Value state(FlatSymbolRefAttr name) {
    return open(BindingKind::State, -1, name,
                rowsType(stateOp(name).getLayout()->getStride()));
  }
  Value param(FlatSymbolRefAttr name) {
    auto op = symbols.lookup<ParamOp>(name.getValue());
    return open(BindingKind::Constant, -1, name,
                rowsType(paddedWidth(op.getColumns())));
  }
  Value weights(FlatSymbolRefAttr name) {
    return open(BindingKind::Constant, -1, name,
                MemRefType::get(ShapedType::kDynamic, b.getF32Type()));
  }
  Value workspace() {
    return open(BindingKind::Workspace, -1, {},
                rowsType(kernel.getWorkspace()->getStride()));
  }

  /// Float at which a field begins in a row of its state.
  int64_t fieldOffset(FlatSymbolRefAttr state, StringRef field) {
    StateOp op = stateOp(state);
    return op.getLayout()->getOffsets()[*op.findField(field)];
  }
  KernelOp getKernel() { return kernel; }
  Value getBuffers() { return buffers; }
  /// Fails if a buffer was asked for that the kernel doesn't bind.
  LogicalResult getResult() { return result; }

private:
  MemRefType columnType() {
    return MemRefType::get(ShapedType::kDynamic, b.getI32Type());
  }
  MemRefType rowsType(int64_t stride) {
    return MemRefType::get({ShapedType::kDynamic, stride}, b.getF32Type());
  }
  StateOp stateOp(FlatSymbolRefAttr name) {
    return symbols.lookup<StateOp>(name.getValue());
  }

  Value open(BindingKind kind, int64_t index, FlatSymbolRefAttr symbol,
             MemRefType type) {
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

  ImplicitLocOpBuilder &b;
  KernelOp kernel;
  const SymbolTable &symbols;
  Value buffers;
  DenseMap<Attribute, Value> opened;
  LogicalResult result = success();
};

/// Where a row of a value begins: `buffer[row, offset]`.
struct RowPlace {
  Value buffer;
  Value row;
  int64_t offset;
};

/// Finds the rows that belong to one position in the batch.
class RowReader {
public:
  RowReader(ImplicitLocOpBuilder &b, BufferScope &scope, Value position)
      : b(b), scope(scope), position(position) {}

  /// The place of a value that lies in memory: an operand's field, a table's
  /// row, a vector parameter, a dense input, or a result of an earlier phase.
  RowPlace locate(Value value) {
    if (auto gather = value.getDefiningOp<GatherOp>()) {
      FlatSymbolRefAttr state = gather.getRows().getType().getState();
      return {
          scope.state(state),
          load(scope.operandColumn(BindingKind::OperandRows, gather.getRows())),
          scope.fieldOffset(state, gather.getField())};
    }
    if (auto lookup = value.getDefiningOp<LookupOp>())
      return {scope.param(lookup.getTableAttr()),
              load(scope.operandColumn(BindingKind::OperandTokens,
                                       lookup.getTokens())),
              0};
    if (auto broadcast = value.getDefiningOp<BroadcastOp>())
      return {scope.param(broadcast.getParamAttr()),
              arith::ConstantIndexOp::create(b, 0), 0};
    if (auto input = value.getDefiningOp<InputOp>())
      return {scope.operandValues(input.getValues()), item(), 0};
    auto phase = value.getDefiningOp<PhaseOp>();
    int64_t result = cast<OpResult>(value).getResultNumber();
    return kept((*phase.getSlots())[result]);
  }

  RowPlace kept(int64_t slot) {
    return {scope.workspace(), position,
            scope.getKernel().getWorkspace()->getOffsets()[slot]};
  }

  RowPlace result(StringRef field) {
    FlatSymbolRefAttr state = scope.getKernel().getStateAttr();
    return {scope.state(state), load(scope.resultRows()),
            scope.fieldOffset(state, field)};
  }

private:
  Value toIndex(Value i32) {
    return arith::IndexCastUIOp::create(b, b.getIndexType(), i32);
  }
  Value item() {
    if (!itemIndex)
      itemIndex = toIndex(memref::LoadOp::create(b, scope.items(), position));
    return itemIndex;
  }
  /// The entry of a column for this position, loaded once.
  Value load(Value column) {
    Value index = item();
    Value &row = rows[column];
    if (!row)
      row = toIndex(memref::LoadOp::create(b, column, index));
    return row;
  }

  ImplicitLocOpBuilder &b;
  BufferScope &scope;
  Value position;
  Value itemIndex;
  DenseMap<Value, Value> rows;
};

/// Generates one phase for one instruction set.
class PhaseFunction {
public:
  PhaseFunction(ModuleOp module, StringRef name, PhaseOp phase,
                const SymbolTable &symbols, Isa isa);
  LogicalResult generate();

private:
  LogicalResult generateEpilogue();
  LogicalResult computeStrip(RowReader &rows, Value column,
                             ValueRange accumulators);
  LogicalResult generateMain();
  void generateTile(BufferScope &scope, int64_t numRows, Value firstRow,
                    Value weightsBegin, Value column);
  SmallVector<Value> accumulate(BufferScope &scope,
                                MutableArrayRef<RowReader> rows,
                                Value weightsBegin);

  func::FuncOp declare(StringRef symbol, ArrayRef<Type> inputs);
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value add(Value a, Value c) { return arith::AddIOp::create(b, a, c); }
  Value add(Value a, int64_t c) { return c ? add(a, index(c)) : a; }
  Value multiply(Value a, int64_t c) {
    return arith::MulIOp::create(b, a, index(c));
  }
  Value loadVector(const RowPlace &place, Value column) {
    return vector::LoadOp::create(
        b, vectorType, place.buffer,
        ValueRange{place.row, add(column, place.offset)});
  }
  void storeVector(Value value, const RowPlace &place, Value column) {
    vector::StoreOp::create(b, value, place.buffer,
                            ValueRange{place.row, add(column, place.offset)});
  }

  ImplicitLocOpBuilder b;
  ModuleOp module;
  StringRef name;
  PhaseOp phase;
  KernelOp kernel;
  const SymbolTable &symbols;
  SmallVector<ProductOp> products;
  PackOp pack; ///< null where there are no products
  Tile tile;
  VectorType vectorType;
  func::FuncOp epilogue;
};
} // namespace

PhaseFunction::PhaseFunction(ModuleOp module, StringRef name, PhaseOp phase,
                             const SymbolTable &symbols, Isa isa)
    : b(phase.getLoc(), module.getContext()), module(module), name(name),
      phase(phase), kernel(cast<KernelOp>(phase->getParentOp())),
      symbols(symbols), products(phase.getBodyBlock().getOps<ProductOp>()) {
  int64_t terms = 0;
  if (std::optional<StringRef> weights = phase.getWeights()) {
    pack = symbols.lookup<PackOp>(*weights);
    for (Attribute segment : pack.getSegments())
      terms = std::max<int64_t>(terms,
                                cast<SegmentAttr>(segment).getTerms().size());
  }
  tile = Tile::choose(isa, *phase.getPanel(), terms);
  vectorType = VectorType::get(tile.lanes, b.getF32Type());
}

func::FuncOp PhaseFunction::declare(StringRef symbol, ArrayRef<Type> inputs) {
  b.setInsertionPointToEnd(module.getBody());
  auto function =
      func::FuncOp::create(b, symbol, b.getFunctionType(inputs, {}));
  b.setInsertionPointToStart(function.addEntryBlock());
  return function;
}

LogicalResult PhaseFunction::generate() {
  return success(succeeded(generateEpilogue()) && succeeded(generateMain()));
}

//===----------------------------------------------------------------------===//
// Epilogue: all that follows the products, for one row and one strip
//===----------------------------------------------------------------------===//

LogicalResult PhaseFunction::generateEpilogue() {
  SmallVector<Type> inputs = {LLVM::LLVMPointerType::get(b.getContext()),
                              b.getIndexType(), b.getIndexType()};
  inputs.append(products.size() * tile.vectors, vectorType);
  epilogue = declare((name + "_epilogue").str(), inputs);
  epilogue.setPrivate();
  // Called by the tiles of all sizes: one copy serves them.
  epilogue->setAttr("passthrough", b.getStrArrayAttr({"noinline"}));
  epilogue->setAttr(
      "llvm.linkage",
      LLVM::LinkageAttr::get(b.getContext(), LLVM::Linkage::Internal));

  BufferScope scope(b, kernel, symbols, epilogue.getArgument(0));
  RowReader rows(b, scope, epilogue.getArgument(1));
  ValueRange accumulators = epilogue.getArguments().drop_front(3);
  for (int64_t v = 0; v < tile.vectors; ++v) {
    SmallVector<Value> ofVector;
    for (size_t product = 0; product < products.size(); ++product)
      ofVector.push_back(accumulators[product * tile.vectors + v]);
    Value column = add(epilogue.getArgument(2), v * tile.lanes);
    if (failed(computeStrip(rows, column, ofVector)))
      return failure();
  }
  func::ReturnOp::create(b);
  return scope.getResult();
}

LogicalResult PhaseFunction::computeStrip(RowReader &rows, Value column,
                                          ValueRange accumulators) {
  DenseMap<Value, Value> computed;
  for (auto [product, sum] : llvm::zip(products, accumulators))
    computed[product] = sum;

  auto lookUp = [&](Value value) {
    Value &vector = computed[value];
    // What isn't computed here lies in the workspace.
    if (!vector)
      vector = loadVector(rows.locate(value), column);
    return vector;
  };
  for (Operation &op : phase.getBodyBlock()) {
    b.setLoc(op.getLoc());
    LogicalResult result =
        TypeSwitch<Operation *, LogicalResult>(&op)
            .Case<ProductOp>([](auto) { return success(); })
            // Loaded where they are first needed, if at all.
            .Case<GatherOp, LookupOp, InputOp, BroadcastOp>(
                [](auto) { return success(); })
            .Case([&](SplatOp splat) {
              computed[splat] = arith::ConstantOp::create(
                  b, DenseElementsAttr::get(vectorType, splat.getValue()));
              return success();
            })
            .Case([&](ScatterOp scatter) {
              Value value = lookUp(scatter.getValue());
              storeVector(value, rows.result(scatter.getField()), column);
              return success();
            })
            .Case([&](YieldOp yield) {
              for (auto [i, kept] : llvm::enumerate(yield.getKept())) {
                Value value = lookUp(kept);
                storeVector(value, rows.kept((*phase.getSlots())[i]), column);
              }
              return success();
            })
            .Default([&](Operation *) -> LogicalResult {
              if (!OpTrait::hasElementwiseMappableTraits(&op))
                return op.emitOpError("can't be computed in a phase: it isn't "
                                      "elementwise");
              SmallVector<Value> operands;
              for (Value operand : op.getOperands())
                operands.push_back(lookUp(operand));
              Operation *vector = clone(b, &op, vectorType, operands);
              computed[op.getResult(0)] = vector->getResult(0);
              return success();
            });
    if (failed(result))
      return failure();
  }
  b.setLoc(phase.getLoc());
  return success();
}

//===----------------------------------------------------------------------===//
// Panels, strips, tiles
//===----------------------------------------------------------------------===//

LogicalResult PhaseFunction::generateMain() {
  Type i64 = b.getI64Type();
  func::FuncOp function = declare(
      name, {LLVM::LLVMPointerType::get(b.getContext()), i64, i64, i64, i64});
  BufferScope scope(b, kernel, symbols, function.getArgument(0));
  auto bound = [&](unsigned argument) -> Value {
    return arith::IndexCastOp::create(b, b.getIndexType(),
                                      function.getArgument(argument));
  };
  Value rowBegin = bound(1), rowEnd = bound(2);
  Value panelBegin = bound(3), panelEnd = bound(4);
  Value numRows = arith::SubIOp::create(b, rowEnd, rowBegin);
  Value rest = arith::RemUIOp::create(b, numRows, index(tile.rows));
  Value tilesEnd = arith::SubIOp::create(b, rowEnd, rest);
  Value zero = index(0), one = index(1);

  auto panels = scf::ForOp::create(b, panelBegin, panelEnd, one);
  b.setInsertionPointToStart(panels.getBody());
  auto strips = scf::ForOp::create(b, zero, index(tile.strips), one);
  b.setInsertionPointToStart(strips.getBody());
  Value stripBegin =
      multiply(strips.getInductionVar(), tile.vectors * tile.lanes);
  Value column =
      add(multiply(panels.getInductionVar(), *phase.getPanel()), stripBegin);
  Value weightsBegin;
  if (pack)
    weightsBegin = add(multiply(panels.getInductionVar(), pack.getPanelSize()),
                       stripBegin);

  auto tiles = scf::ForOp::create(b, rowBegin, tilesEnd, index(tile.rows));
  b.setInsertionPointToStart(tiles.getBody());
  generateTile(scope, tile.rows, tiles.getInductionVar(), weightsBegin, column);
  b.setInsertionPointAfter(tiles);
  if (tile.rows > 1) {
    SmallVector<int64_t> sizes =
        llvm::to_vector(llvm::seq<int64_t>(1, tile.rows));
    auto tail =
        scf::IndexSwitchOp::create(b, TypeRange{}, rest, sizes, sizes.size());
    for (auto [size, region] : llvm::zip(sizes, tail.getCaseRegions())) {
      b.createBlock(&region);
      generateTile(scope, size, tilesEnd, weightsBegin, column);
      scf::YieldOp::create(b);
    }
    b.createBlock(&tail.getDefaultRegion());
    scf::YieldOp::create(b);
  }
  b.setInsertionPointToEnd(&function.getBody().front());
  func::ReturnOp::create(b);
  return scope.getResult();
}

void PhaseFunction::generateTile(BufferScope &scope, int64_t numRows,
                                 Value firstRow, Value weightsBegin,
                                 Value column) {
  SmallVector<Value> positions;
  SmallVector<RowReader> rows;
  for (int64_t row = 0; row < numRows; ++row) {
    positions.push_back(add(firstRow, row));
    rows.emplace_back(b, scope, positions.back());
  }
  SmallVector<Value> sums;
  if (pack)
    sums = accumulate(scope, rows, weightsBegin);
  size_t perRow = products.size() * tile.vectors;
  for (int64_t row = 0; row < numRows; ++row) {
    SmallVector<Value> arguments = {scope.getBuffers(), positions[row], column};
    llvm::append_range(arguments, ArrayRef(sums).slice(row * perRow, perRow));
    func::CallOp::create(b, epilogue, arguments);
  }
}

/// Sums all products of a strip for the given rows: row by row, product by
/// product, vector by vector.
SmallVector<Value> PhaseFunction::accumulate(BufferScope &scope,
                                             MutableArrayRef<RowReader> rows,
                                             Value weightsBegin) {
  size_t perRow = products.size() * tile.vectors;
  Value zeros = arith::ConstantOp::create(b, b.getZeroAttr(vectorType));
  SmallVector<Value> sums(rows.size() * perRow, zeros);
  Value zero = index(0), one = index(1);
  Value weights = scope.weights(phase.getWeightsAttr());
  int64_t panel = *phase.getPanel();

  // The segments follow the products' operands in order of first appearance.
  llvm::SetVector<Value> operands;
  for (ProductOp product : products)
    operands.insert(product.getVectors().begin(), product.getVectors().end());

  int64_t segmentBegin = 0;
  for (auto [operand, attr] : llvm::zip(operands, pack.getSegments())) {
    auto segment = cast<SegmentAttr>(attr);
    int64_t step = segment.getTerms().size() * panel;
    SmallVector<RowPlace> places;
    for (RowReader &row : rows)
      places.push_back(row.locate(operand));
    auto loop =
        scf::ForOp::create(b, zero, index(segment.getDepth()), one, sums);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value k = loop.getInductionVar();
      SmallVector<Value> next(loop.getRegionIterArgs());
      Value at = add(add(weightsBegin, multiply(k, step)), segmentBegin);
      SmallVector<Value> loaded;
      for (size_t term = 0; term < segment.getTerms().size(); ++term)
        for (int64_t v = 0; v < tile.vectors; ++v)
          loaded.push_back(vector::LoadOp::create(
              b, vectorType, weights, add(at, term * panel + v * tile.lanes)));
      for (auto [row, place] : llvm::enumerate(places)) {
        Value element = memref::LoadOp::create(
            b, place.buffer, ValueRange{place.row, add(k, place.offset)});
        Value spread = vector::BroadcastOp::create(b, vectorType, element);
        for (auto [term, product] : llvm::enumerate(segment.getAccumulators()))
          for (int64_t v = 0; v < tile.vectors; ++v) {
            Value &sum = next[row * perRow + product * tile.vectors + v];
            sum = vector::FMAOp::create(b, spread,
                                        loaded[term * tile.vectors + v], sum);
          }
      }
      scf::YieldOp::create(b, next);
    }
    sums.assign(loop.getResults().begin(), loop.getResults().end());
    segmentBegin += segment.getDepth() * step;
  }
  return sums;
}

static bool isPlanned(PhaseOp phase) {
  return cast<KernelOp>(phase->getParentOp()).getBindings() &&
         phase.getPanel() &&
         (phase.getWeights() ||
          phase.getBodyBlock().getOps<ProductOp>().empty()) &&
         (phase.getSlots() || phase.getKept().empty());
}

LogicalResult edbc::batch::generatePhaseFunction(ModuleOp module,
                                                 StringRef name, PhaseOp phase,
                                                 const SymbolTable &symbols,
                                                 Isa isa) {
  if (!isPlanned(phase))
    return phase.emitOpError("can't be generated before memory is planned");
  return PhaseFunction(module, name, phase, symbols, isa).generate();
}
