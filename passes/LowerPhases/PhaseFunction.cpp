//===- PhaseFunction.cpp - generates the function of a phase ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/LowerPhases/PhaseFunction.h"

#include "passes/LowerPhases/Epilogue.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace edbc::batch;

Tile Tile::choose(Isa isa, int64_t panel, int64_t terms) {
  bool wide = isa == Isa::X86_64_V4;
  Tile tile;
  tile.lanes = wide ? 16 : isa == Isa::X86_64 ? 4 : 8;
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
/// Generates one phase for one instruction set.
class PhaseFunction {
public:
  PhaseFunction(ModuleOp module, StringRef name, PhaseOp phase,
                const SymbolTable &symbols, Isa isa);
  LogicalResult generate();

private:
  LogicalResult generateEpilogue();
  LogicalResult generateMain();
  void generateTiles(BufferScope &scope, Value begin, Value end,
                     Value weightsBegin, Value column);
  int64_t rowsOfBlock();
  /// @param ahead weights to prefetch, from this float on; may be null.
  void addTile(BufferScope &scope, int64_t numRows, Value firstRow,
               Value weightsBegin, Value ahead, Value column);
  void generateTile(BufferScope &scope, int64_t numRows, Value firstRow,
                    Value weightsBegin, Value ahead, Value column);
  /// Adds the phase's products to `sums`.
  void accumulateProducts(BufferScope &scope, MutableArrayRef<RowReader> rows,
                          Value weightsBegin, Value ahead,
                          SmallVectorImpl<Value> &sums);
  /// Adds to `sums` what number `number` of the phase's sums comes to.
  void accumulate(MultiplyOp multiply, size_t number,
                  MutableArrayRef<RowReader> rows, Value column,
                  SmallVectorImpl<Value> &sums);
  /// x * y + sum, rounded once if the instruction set can.
  Value multiplyAdd(Value x, Value y, Value sum);
  func::FuncOp declare(StringRef symbol, ArrayRef<Type> inputs);
  /// The same for one that only this phase calls, and that isn't inlined. Its
  /// first arguments are the buffers, a row and a column.
  func::FuncOp declareLocal(const Twine &suffix, ArrayRef<Type> more);
  /// A row's accumulators: sum by sum, vector by vector.
  size_t perRow() const { return summed.size() * tile.vectors; }

  ImplicitLocOpBuilder b;
  ModuleOp module;
  StringRef name;
  PhaseOp phase;
  KernelOp kernel;
  const SymbolTable &symbols;
  Isa isa;
  /// What is summed up in registers: products, then multiplications.
  SmallVector<ProductOp> products;
  SmallVector<MultiplyOp> multiplies;
  SmallVector<Value> summed;
  PackOp pack; ///< null where there are no products
  /// What the segments of `pack` multiply.
  const std::vector<PhaseSegment> segments;
  Tile tile;
  VectorType vectorType;
  func::FuncOp epilogue;
  /// Of all but the phase's own function.
  LogicalResult localResult = success();
};
} // namespace

PhaseFunction::PhaseFunction(ModuleOp module, StringRef name, PhaseOp phase,
                             const SymbolTable &symbols, Isa isa)
    : b(phase.getLoc(), module.getContext()), module(module), name(name),
      phase(phase), kernel(cast<KernelOp>(phase->getParentOp())),
      symbols(symbols), isa(isa),
      products(phase.getBodyBlock().getOps<ProductOp>()),
      multiplies(phase.getBodyBlock().getOps<MultiplyOp>()),
      segments(segmentsOf(phase)) {
  llvm::append_range(summed, products);
  llvm::append_range(summed, multiplies);
  // A multiplication goes on alone, as a segment with one term does.
  int64_t terms = multiplies.empty() ? 0 : 1;
  if (std::optional<StringRef> weights = phase.getWeights()) {
    pack = symbols.lookup<PackOp>(*weights);
    for (Attribute segment : pack.getSegments())
      terms = std::max<int64_t>(terms,
                                cast<SegmentAttr>(segment).getTerms().size());
  }
  tile = Tile::choose(isa, *phase.getPanel(), terms);
  vectorType = VectorType::get(tile.lanes, b.getF32Type());
}

Value PhaseFunction::multiplyAdd(Value x, Value y, Value sum) {
  if (hasFusedMultiplyAdd(isa))
    return vector::FMAOp::create(b, x, y, sum);
  return arith::AddFOp::create(b, sum, arith::MulFOp::create(b, x, y));
}

func::FuncOp PhaseFunction::declare(StringRef symbol, ArrayRef<Type> inputs) {
  b.setInsertionPointToEnd(module.getBody());
  auto function =
      func::FuncOp::create(b, symbol, b.getFunctionType(inputs, {}));
  b.setInsertionPointToStart(function.addEntryBlock());
  return function;
}

func::FuncOp PhaseFunction::declareLocal(const Twine &suffix,
                                         ArrayRef<Type> more) {
  SmallVector<Type> inputs = {LLVM::LLVMPointerType::get(b.getContext()),
                              b.getIndexType(), b.getIndexType()};
  llvm::append_range(inputs, more);
  func::FuncOp function = declare((name + suffix).str(), inputs);
  function.setPrivate();
  function->setAttr("passthrough", b.getStrArrayAttr({"noinline"}));
  function->setAttr(
      "llvm.linkage",
      LLVM::LinkageAttr::get(b.getContext(), LLVM::Linkage::Internal));
  return function;
}

LogicalResult PhaseFunction::generate() {
  return success(succeeded(generateEpilogue()) && succeeded(generateMain()) &&
                 succeeded(localResult));
}

//===----------------------------------------------------------------------===//
// Epilogue: all that follows the products, for one row and one strip
//===----------------------------------------------------------------------===//

LogicalResult PhaseFunction::generateEpilogue() {
  // Called by the tiles of all sizes: one copy serves them.
  epilogue = declareLocal("_epilogue", SmallVector<Type>(perRow(), vectorType));
  BufferScope scope(b, kernel, symbols, epilogue.getArgument(0));
  RowReader rows(b, scope, phase, epilogue.getArgument(1));
  ValueRange accumulators = epilogue.getArguments().drop_front(3);
  for (int64_t v = 0; v < tile.vectors; ++v) {
    DenseMap<Value, Value> sums;
    for (auto [number, value] : llvm::enumerate(summed))
      sums[value] = accumulators[number * tile.vectors + v];
    Value at = add(b, epilogue.getArgument(2), v * tile.lanes);
    if (failed(Epilogue(b, scope, phase, vectorType, rows, at, std::move(sums))
                   .generate()))
      return failure();
  }
  func::ReturnOp::create(b);
  return scope.getResult();
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
  // Blocks of about the same size.
  Value numRows = arith::SubIOp::create(b, rowEnd, rowBegin);
  Value numBlocks =
      arith::CeilDivUIOp::create(b, numRows, index(b, rowsOfBlock()));
  numBlocks = arith::MaxUIOp::create(b, numBlocks, index(b, 1));
  Value step = arith::CeilDivUIOp::create(b, numRows, numBlocks);
  step = arith::CeilDivUIOp::create(b, step, index(b, tile.rows));
  step = multiply(b, step, tile.rows);
  step = arith::MaxUIOp::create(b, step, index(b, 1));
  auto blocks = scf::ForOp::create(b, rowBegin, rowEnd, step);
  b.setInsertionPointToStart(blocks.getBody());
  Value blockBegin = blocks.getInductionVar();
  Value blockEnd = arith::MinUIOp::create(b, rowEnd, add(b, blockBegin, step));

  Value zero = index(b, 0), one = index(b, 1);
  auto panels = scf::ForOp::create(b, panelBegin, panelEnd, one);
  b.setInsertionPointToStart(panels.getBody());
  auto strips = scf::ForOp::create(b, zero, index(b, tile.strips), one);
  b.setInsertionPointToStart(strips.getBody());
  Value stripBegin =
      multiply(b, strips.getInductionVar(), tile.vectors * tile.lanes);
  Value column = add(
      b, multiply(b, panels.getInductionVar(), *phase.getPanel()), stripBegin);
  Value weightsBegin;
  if (pack)
    weightsBegin =
        add(b, multiply(b, panels.getInductionVar(), pack.getPanelSize()),
            stripBegin);
  generateTiles(scope, blockBegin, blockEnd, weightsBegin, column);
  b.setInsertionPointToEnd(&function.getBody().front());
  func::ReturnOp::create(b);
  return scope.getResult();
}

void PhaseFunction::generateTiles(BufferScope &scope, Value begin, Value end,
                                  Value weightsBegin, Value column) {
  // What full tiles leave over shares with the last of them, unless it is but
  // one row short: two tiles of about a half load weights as often as a full
  // and a small one, and do so beside more arithmetic.
  using arith::CmpIPredicate;
  auto is = [&](Value x, CmpIPredicate predicate, Value y) -> Value {
    return arith::CmpIOp::create(b, predicate, x, y);
  };
  Value full = index(b, tile.rows);
  Value numRows = arith::SubIOp::create(b, end, begin);
  Value left = arith::RemUIOp::create(b, numRows, full);
  Value tailRows = left;
  if (tile.rows > 2) {
    Value shares = is(left, CmpIPredicate::ne, index(b, 0));
    Value isShort = is(left, CmpIPredicate::ult, index(b, tile.rows - 1));
    shares = arith::AndIOp::create(b, shares, isShort);
    Value hasFull = is(numRows, CmpIPredicate::ugt, full);
    shares = arith::AndIOp::create(b, shares, hasFull);
    left = arith::SelectOp::create(b, shares, add(b, left, full), left);
    Value half = add(b, left, 1);
    half = arith::DivUIOp::create(b, half, index(b, 2));
    tailRows = arith::SelectOp::create(b, shares, half, left);
  }
  Value tilesEnd = arith::SubIOp::create(b, end, left);
  {
    // The tiles of a panel fetch the weights of the next one, a line in each
    // step, so that its first tile needn't wait for them.
    SmallVector<Value, 1> ahead;
    int64_t lines = 0;
    if (pack && tile.strips == 1) {
      ahead.push_back(add(b, weightsBegin, pack.getPanelSize()));
      for (Attribute segment : pack.getSegments())
        lines += cast<SegmentAttr>(segment).getDepth();
    }
    auto tiles =
        scf::ForOp::create(b, begin, tilesEnd, index(b, tile.rows), ahead);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(tiles.getBody());
    Value current = ahead.empty() ? Value() : tiles.getRegionIterArg(0);
    addTile(scope, tile.rows, tiles.getInductionVar(), weightsBegin, current,
            column);
    if (current) {
      Value next = add(b, current, lines * lanes);
      Value last = add(b, weightsBegin, 2 * pack.getPanelSize());
      next = arith::MinUIOp::create(b, next, last);
      scf::YieldOp::create(b, next);
    }
  }
  if (tile.rows == 1)
    return;
  tailRows = arith::MaxUIOp::create(b, tailRows, index(b, 1));
  auto tails = scf::ForOp::create(b, tilesEnd, end, tailRows);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(tails.getBody());
  Value first = tails.getInductionVar();
  Value number =
      arith::MinUIOp::create(b, tailRows, arith::SubIOp::create(b, end, first));
  SmallVector<int64_t> sizes =
      llvm::to_vector(llvm::seq<int64_t>(1, tile.rows));
  auto tail =
      scf::IndexSwitchOp::create(b, TypeRange{}, number, sizes, sizes.size());
  for (auto [size, region] : llvm::zip(sizes, tail.getCaseRegions())) {
    b.createBlock(&region);
    addTile(scope, size, first, weightsBegin, /*ahead=*/{}, column);
    scf::YieldOp::create(b);
  }
  b.createBlock(&tail.getDefaultRegion());
  scf::YieldOp::create(b);
}

/// Rows that go through all panels before the next ones do, so that what the
/// products read of them stays in the second-level cache.
int64_t PhaseFunction::rowsOfBlock() {
  int64_t rowBytes = 0;
  if (pack)
    for (Attribute segment : pack.getSegments())
      rowBytes += cast<SegmentAttr>(segment).getDepth() * 4;
  if (rowBytes == 0)
    return tile.rows;
  // The weights are read once for each block: it has some tiles at least.
  constexpr int64_t budget = 384 << 10, fewestTiles = 4;
  return std::max(budget / rowBytes / tile.rows, fewestTiles) * tile.rows;
}

void PhaseFunction::addTile(BufferScope &scope, int64_t numRows, Value firstRow,
                            Value weightsBegin, Value ahead, Value column) {
  // Each segment has a loop in each size of tile. LLVM takes time that grows
  // with the square of the number of loops in a nest, so that the tiles of long
  // sums get functions of their own. Beside so many loops a call costs nothing.
  constexpr size_t mostSegments = 16;
  if (!pack || pack.getSegments().size() <= mostSegments) {
    generateTile(scope, numRows, firstRow, weightsBegin, ahead, column);
    return;
  }
  SmallVector<Value> arguments = {scope.getBuffers(), firstRow, column,
                                  weightsBegin};
  if (ahead)
    arguments.push_back(ahead);
  func::FuncOp function;
  {
    OpBuilder::InsertionGuard guard(b);
    function =
        declareLocal("_tile" + Twine(numRows),
                     SmallVector<Type>(arguments.size() - 3, b.getIndexType()));
    BufferScope own(b, kernel, symbols, function.getArgument(0));
    generateTile(own, numRows, function.getArgument(1), function.getArgument(3),
                 ahead ? function.getArgument(4) : Value(),
                 function.getArgument(2));
    func::ReturnOp::create(b);
    if (failed(own.getResult()))
      localResult = failure();
  }
  func::CallOp::create(b, function, arguments);
}

void PhaseFunction::generateTile(BufferScope &scope, int64_t numRows,
                                 Value firstRow, Value weightsBegin,
                                 Value ahead, Value column) {
  SmallVector<Value> numbers;
  SmallVector<RowReader> rows;
  for (int64_t row = 0; row < numRows; ++row) {
    numbers.push_back(add(b, firstRow, row));
    rows.emplace_back(b, scope, phase, numbers.back());
  }
  Value zeros = arith::ConstantOp::create(b, b.getZeroAttr(vectorType));
  SmallVector<Value> sums(numRows * perRow(), zeros);
  for (auto [number, product] : llvm::enumerate(products))
    if (Value initial = product.getInitial())
      for (auto [row, reader] : llvm::enumerate(rows)) {
        RowPlace place = reader.locate(initial);
        for (int64_t v = 0; v < tile.vectors; ++v)
          sums[row * perRow() + number * tile.vectors + v] =
              vector::LoadOp::create(
                  b, vectorType, place.buffer,
                  indices(b, place, add(b, column, v * tile.lanes)));
      }
  if (pack)
    accumulateProducts(scope, rows, weightsBegin, ahead, sums);
  for (auto [i, multiply] : llvm::enumerate(multiplies))
    accumulate(multiply, products.size() + i, rows, column, sums);
  for (int64_t row = 0; row < numRows; ++row) {
    SmallVector<Value> arguments = {scope.getBuffers(), numbers[row], column};
    llvm::append_range(arguments,
                       ArrayRef(sums).slice(row * perRow(), perRow()));
    func::CallOp::create(b, epilogue, arguments);
  }
}

void PhaseFunction::accumulateProducts(BufferScope &scope,
                                       MutableArrayRef<RowReader> rows,
                                       Value weightsBegin, Value ahead,
                                       SmallVectorImpl<Value> &sums) {
  Value weights = scope.weights(phase.getWeightsAttr());
  int64_t panel = *phase.getPanel();

  int64_t segmentBegin = 0, steps = 0;
  for (auto [planned, attr] : llvm::zip(segments, pack.getSegments())) {
    auto segment = cast<SegmentAttr>(attr);
    int64_t step = segment.getTerms().size() * panel;
    SmallVector<RowPlace> places;
    for (RowReader &row : rows)
      places.push_back(row.locate(planned.operand));
    auto loop = loopTo(b, segment.getDepth(), 1, sums);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value k = loop.getInductionVar();
      SmallVector<Value> next(loop.getRegionIterArgs());
      Value at =
          add(b, add(b, weightsBegin, multiply(b, k, step)), segmentBegin);
      // Where there is too little arithmetic, one more load costs time.
      constexpr size_t leastArithmetic = 16;
      bool isArithmeticEnough =
          rows.size() * segment.getTerms().size() * tile.vectors >=
          leastArithmetic;
      if (ahead && isArithmeticEnough) {
        Value following = add(b, ahead, steps * lanes);
        memref::PrefetchOp::create(
            b, weights, ValueRange{add(b, following, multiply(b, k, lanes))},
            /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
      }
      // The columns that the next tile multiplies follow those of this one.
      if (const RowPlace &place = places.front();
          place.shift && isArithmeticEnough) {
        auto width =
            static_cast<int64_t>(rows.size() * paddedWidth(segment.getDepth()));
        int64_t perStep = llvm::divideCeil(width, segment.getDepth());
        Value following = add(b, place.shift, place.offset + width);
        following = add(b, following, multiply(b, k, perStep));
        memref::PrefetchOp::create(b, place.buffer,
                                   ValueRange{place.row, following},
                                   /*isWrite=*/false, /*localityHint=*/3,
                                   /*isDataCache=*/true);
      }
      SmallVector<Value> loaded;
      for (size_t term = 0; term < segment.getTerms().size(); ++term)
        for (int64_t v = 0; v < tile.vectors; ++v)
          loaded.push_back(vector::LoadOp::create(
              b, vectorType, weights,
              add(b, at, term * panel + v * tile.lanes)));
      for (auto [row, place] : llvm::enumerate(places)) {
        Value element =
            memref::LoadOp::create(b, place.buffer, indices(b, place, k));
        Value spread = vector::BroadcastOp::create(b, vectorType, element);
        for (auto [term, product] : llvm::enumerate(segment.getAccumulators()))
          for (int64_t v = 0; v < tile.vectors; ++v) {
            Value &sum = next[row * perRow() + product * tile.vectors + v];
            sum = multiplyAdd(spread, loaded[term * tile.vectors + v], sum);
          }
      }
      scf::YieldOp::create(b, next);
    }
    sums.assign(loop.getResults().begin(), loop.getResults().end());
    segmentBegin += segment.getDepth() * step;
    steps += segment.getDepth();
  }
}

void PhaseFunction::accumulate(MultiplyOp multiplyOp, size_t number,
                               MutableArrayRef<RowReader> rows, Value column,
                               SmallVectorImpl<Value> &sums) {
  Type matrix = multiplyOp.getMatrix().getType();
  SmallVector<RowPlace> matrices, vectors;
  int64_t stride = 0; // the same for all rows
  for (RowReader &row : rows) {
    std::tie(matrices.emplace_back(), stride) =
        row.locateMatrix(multiplyOp.getMatrix());
    vectors.push_back(row.locate(multiplyOp.getOperand()));
  }
  auto loop = loopTo(b, columnsOf(matrix), 1, sums);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value k = loop.getInductionVar();
    SmallVector<Value> next(loop.getRegionIterArgs());
    Value at = add(b, multiply(b, k, stride), column);
    for (size_t row = 0; row < rows.size(); ++row) {
      Value element = memref::LoadOp::create(b, vectors[row].buffer,
                                             indices(b, vectors[row], k));
      Value spread = vector::BroadcastOp::create(b, vectorType, element);
      for (int64_t v = 0; v < tile.vectors; ++v) {
        Value floats = vector::LoadOp::create(
            b, vectorType, matrices[row].buffer,
            indices(b, matrices[row], add(b, at, v * tile.lanes)));
        Value &sum = next[row * perRow() + number * tile.vectors + v];
        sum = multiplyAdd(spread, floats, sum);
      }
    }
    scf::YieldOp::create(b, next);
  }
  sums.assign(loop.getResults().begin(), loop.getResults().end());
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
