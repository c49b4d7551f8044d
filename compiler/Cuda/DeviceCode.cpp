//===- DeviceCode.cpp - a network as CUDA C++ -------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Cuda/DeviceCode.h"

#include "compiler/Cuda/Names.h"
#include "compiler/Cuda/PhaseCode.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace edbc;
using namespace edbc::cuda;
using namespace edbc::batch;
using llvm::formatv;

StringRef edbc::cuda::precisionName(edbc_precision precision) {
  switch (precision) {
  case EDBC_PRECISION_F32:
    return "f32";
  case EDBC_PRECISION_TF32:
    return "tf32";
  case EDBC_PRECISION_BF16:
    return "bf16";
  }
  llvm_unreachable("all precisions are named");
}

namespace {
class CodePrinter {
public:
  CodePrinter(ModuleOp network, edbc_precision precision)
      : network(network), symbols(network) {
    code.precision = precision;
    code.blockThreads = blockThreads;
    code.sharedBytes = 0;
  }

  FailureOr<DeviceCode> print() {
    for (auto state : network.getOps<StateOp>())
      if (!state.getLayout())
        return state.emitOpError("has no layout: memory isn't planned");
    for (auto kernel : network.getOps<KernelOp>()) {
      if (kernel.getTable())
        continue; // computed on the host, when a model is created
      for (auto [number, phase] : llvm::enumerate(kernel.getOps<PhaseOp>()))
        if (failed(addPhase(kernel, phase, number)))
          return failure();
    }
    code.text =
        head() + structs + "\n" + dispatch() + "\n} // namespace\n" + kernel();
    return std::move(code);
  }

private:
  LogicalResult addPhase(KernelOp kernel, PhaseOp phase, unsigned number);
  std::string head();
  std::string dispatch();
  static std::string kernel();

  ModuleOp network;
  SymbolTable symbols;
  Names names;
  DeviceCode code;
  std::string structs;
  std::vector<std::string> structNames;
  llvm::StringMap<unsigned> byCode;
};
} // namespace

LogicalResult CodePrinter::addPhase(KernelOp kernel, PhaseOp phase,
                                    unsigned number) {
  FailureOr<PhaseCode> numbered =
      printPhase(phase, symbols, code.precision, /*numbered=*/true);
  if (failed(numbered))
    return failure();
  auto [found, isNew] =
      byCode.try_emplace(numbered->body, code.functions.size());
  code.functionOf[phase] = found->second;
  std::string place =
      formatv("{0}, phase {1}", kernel.getSymName(), number).str();
  if (!isNew)
    return success();

  FailureOr<PhaseCode> named =
      printPhase(phase, symbols, code.precision, /*numbered=*/false);
  if (failed(named))
    return failure();
  std::string name = names.choose(kernel.getSymName() + "_" + Twine(number));
  structs += formatv("\n// {0}\nstruct {1} {{\n", place, name);
  structs += named->body + "};\n";
  structNames.push_back(name);
  // What a block may have on every device since sm_80.
  constexpr uint64_t mostShared = 99 << 10;
  uint64_t shared = named->sharedFloats * sizeof(float);
  if (shared > mostShared)
    return phase.emitOpError()
           << "multiplies too many matrices for a CUDA device: it needs "
           << shared << " bytes of shared memory, and there are " << mostShared;
  code.functions.push_back(named->tiles);
  code.sharedBytes = std::max<uint32_t>(code.sharedBytes, shared);
  return success();
}

std::string CodePrinter::head() {
  std::string text = formatv("// The kernels of {0} for CUDA devices, products "
                             "in {1}: written by edbc.\n",
                             network.getSymName().value_or("network"),
                             precisionName(code.precision));
  if (auto dims = network->getAttrOfType<DictionaryAttr>(dimsAttrName))
    for (NamedAttribute dim : dims)
      text += formatv("//   {0} = {1}\n", dim.getName().getValue(),
                      cast<IntegerAttr>(dim.getValue()).getInt());
  return text + "\n#include \"device/Schedule.cuh\"\n\nnamespace {\n"
                "using namespace edbc;\n";
}

std::string CodePrinter::dispatch() {
  std::string text = "// What the library's description says of tiles.\n";
  text += formatv("static_assert(blockThreads == {0});\n", code.blockThreads);
  for (auto [name, tiles] : llvm::zip(structNames, code.functions))
    text +=
        formatv("static_assert(isCutInto<{0}>({1}, {2}, {3}));\n", name,
                tiles.tile_rows, tiles.tiles_per_row_tile, code.sharedBytes);
  text += "\n__device__ void runStep(const Step &step, u32 &taken) {\n  switch "
          "(step.function) {\n";
  for (auto [number, name] : llvm::enumerate(structNames))
    text += formatv("  case {0}:\n    return runPhase<{1}>(step, taken);\n",
                    number, name);
  return text + "  }\n}\n";
}

std::string CodePrinter::kernel() {
  return R"(
extern "C" __global__ void
__launch_bounds__(edbc::blockThreads, edbc::leastBlocks)
    edbc_run(const edbc::Step *steps, edbc::u32 numSteps,
             edbc::Barrier *barrier) {
  edbc::u32 taken = 0;
  for (edbc::u32 i = 0; i < numSteps; ++i) {
    const edbc::Step step = steps[i];
    if (step.barrier && i != 0) {
      edbc::waitForGrid(barrier);
      taken = 0;
    }
    runStep(step, taken);
  }
}
)";
}

FailureOr<DeviceCode> edbc::cuda::printDeviceCode(ModuleOp network,
                                                  edbc_precision precision) {
  return CodePrinter(network, precision).print();
}
