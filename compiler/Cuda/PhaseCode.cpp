//===- PhaseCode.cpp - a phase as CUDA C++ ----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Cuda/PhaseCode.h"

#include "compiler/Cuda/Finish.h"
#include "compiler/Cuda/Rows.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace edbc;
using namespace edbc::cuda;
using namespace edbc::batch;
using llvm::formatv;

namespace {
class PhasePrinter {
public:
  PhasePrinter(PhaseOp phase, const SymbolTable &symbols,
               edbc_precision precision, bool numbered)
      : phase(phase), precision(precision), numbered(numbered), names(numbered),
        rows(phase, symbols, names),
        products(phase.getBodyBlock().getOps<ProductOp>()) {
    if (std::optional<StringRef> weights = phase.getWeights())
      pack = symbols.lookup<PackOp>(*weights);
  }

  FailureOr<PhaseCode> print();

private:
  std::string printConstants();
  std::string printSegments();
  std::string printLocate();
  std::string printBegin();
  uint64_t rowThreads();
  edbc_cuda_function tiles();
  uint64_t sharedFloats();

  PhaseOp phase;
  edbc_precision precision;
  bool numbered;
  Names names;
  RowStruct rows;
  SmallVector<ProductOp> products;
  PackOp pack; ///< null where there are no products
};
} // namespace

/// What the phase's products multiply, in the order of its pack.
static SmallVector<Value> segmentOperands(PhaseOp phase) {
  SmallVector<Value> operands;
  for (const PhaseSegment &segment : segmentsOf(phase))
    operands.push_back(segment.operand);
  return operands;
}

std::string PhasePrinter::printSegments() {
  std::string text = "  using Segments = edbc::Segments<\n";
  SmallVector<Value> operands = segmentOperands(phase);
  for (auto [i, operand] : llvm::enumerate(operands)) {
    SegmentAttr segment = pack.getSegment(i);
    text += formatv("      Segment<{0}, {1}", segment.getDepth(),
                    RowStruct::isAligned(operand));
    for (int64_t accumulator : segment.getAccumulators())
      text += formatv(", {0}", accumulator);
    text += i + 1 == operands.size() ? ">>;" : ">,";
    if (!numbered) {
      text += " // " + StringRef(rows.locate(operand)).drop_front(4).str() +
              " with ";
      llvm::interleave(
          segment.getTerms(),
          [&](TermAttr term) {
            text += rows.nameOfParam(term.getParam().getValue());
            if (term.getColumn())
              text += formatv("[{0}]", term.getColumn());
          },
          [&] { text += ", "; });
    }
    text += "\n";
  }
  return text;
}

std::string PhasePrinter::printLocate() {
  SmallVector<Value> operands = segmentOperands(phase);
  std::string text =
      formatv("  __device__ static void locate(const Row &row,\n"
              "                                const float *(&operands)[{0}]) "
              "{{\n",
              operands.size());
  for (auto [i, operand] : llvm::enumerate(operands))
    text += formatv("    operands[{0}] = {1};\n", i, rows.locate(operand));
  return text + "  }\n";
}

std::string PhasePrinter::printBegin() {
  std::string text;
  for (auto [i, product] : llvm::enumerate(products))
    if (Value initial = product.getInitial())
      text += formatv("    sum[{0}] = {1}[unit];\n", i, rows.locate(initial));
  if (text.empty())
    return text;
  return "  __device__ static void begin(const Row &row, u32 unit, float *sum) "
         "{\n" +
         text + "  }\n";
}

/// A warp goes along a row, or the block where each element takes long.
uint64_t PhasePrinter::rowThreads() {
  bool multiplies = !phase.getBodyBlock().getOps<MultiplyOp>().empty();
  return multiplies && phase.getWidth() > 32 ? blockThreads : 32;
}

std::string PhasePrinter::printConstants() {
  std::string text =
      formatv("  static constexpr u32 units = {0}, sums = {1};\n",
              phase.getWidth(), products.size());
  if (!pack)
    return text +
           formatv("  static constexpr u32 rowThreads = {0};\n", rowThreads())
               .str();
  bool hasInitial = llvm::any_of(
      products, [](ProductOp product) { return product.getInitial(); });
  text += formatv("  static constexpr u32 panel = {0}, weights = {1}, "
                  "precision = {2};\n"
                  "  static constexpr bool hasInitial = {3};\n",
                  *phase.getPanel(), rows.weights(phase.getWeightsAttr()),
                  static_cast<int>(precision), hasInitial);
  return text + printSegments();
}

//===----------------------------------------------------------------------===//
// Tiles, as in device/Rows.cuh, Products.cuh and Segments.cuh: the printed code
// asserts that they are
//===----------------------------------------------------------------------===//

static uint64_t mostRowsPerThread(uint64_t perRow) {
  return perRow <= 5 ? 8 : perRow <= 10 ? 4 : perRow <= 20 ? 2 : 1;
}

edbc_cuda_function PhasePrinter::tiles() {
  edbc_cuda_function tiles = {};
  if (!pack) {
    tiles.tile_rows = blockThreads / rowThreads();
    tiles.tiles_per_row_tile = 1;
    return tiles;
  }
  tiles.tile_rows = precision == EDBC_PRECISION_F32 ? 8 : 32;
  tiles.tiles_per_row_tile = pack.getNumPanels();
  return tiles;
}

uint64_t PhasePrinter::sharedFloats() {
  if (!pack)
    return 0;
  uint64_t mostTerms = 0;
  for (Attribute segment : pack.getSegments())
    mostTerms = std::max<uint64_t>(
        mostTerms, cast<SegmentAttr>(segment).getTerms().size());
  uint64_t panel = *phase.getPanel();
  uint64_t weights = mostTerms * panel;
  uint64_t depth = weights <= 64 ? 32 : 16;
  bool inPairs = precision == EDBC_PRECISION_BF16;
  auto floatsOf = [&](uint64_t rows) {
    uint64_t chunk = rows * (depth + (inPairs ? 8 : 4)) +
                     depth * (llvm::alignTo(weights, 32) + (inPairs ? 4 : 8));
    uint64_t places = rows <= 8 ? 4 : rows <= 32 ? 3 : 2;
    uint64_t sums = products.size() * rows * panel;
    return std::max(places * chunk, sums) +
           pack.getSegments().size() * rows * 2;
  };
  if (precision != EDBC_PRECISION_F32)
    return floatsOf(32);
  return std::max(floatsOf(8), floatsOf(8 * mostRowsPerThread(
                                                panel / 16 * products.size())));
}

static bool isPlanned(PhaseOp phase) {
  bool hasProducts = !phase.getBodyBlock().getOps<ProductOp>().empty();
  return cast<KernelOp>(phase->getParentOp()).getBindings() &&
         (!hasProducts || (phase.getWeights() && phase.getPanel())) &&
         (phase.getSlots() || phase.getKept().empty());
}

FailureOr<PhaseCode> PhasePrinter::print() {
  if (!isPlanned(phase))
    return phase.emitOpError("can't be printed before memory is planned");
  std::string constants = printConstants();
  std::string functions;
  if (pack) {
    functions += printLocate();
    functions += printBegin();
  }
  Finish finish(phase, rows, names);
  if (failed(finish.generate()) || failed(rows.getResult()))
    return failure();
  PhaseCode code;
  code.body = constants + rows.print() + finish.printFolded() + functions +
              finish.print();
  code.tiles = tiles();
  code.sharedFloats = sharedFloats();
  return code;
}

FailureOr<PhaseCode> edbc::cuda::printPhase(PhaseOp phase,
                                            const SymbolTable &symbols,
                                            edbc_precision precision,
                                            bool numbered) {
  return PhasePrinter(phase, symbols, precision, numbered).print();
}
