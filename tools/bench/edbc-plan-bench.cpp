//===- edbc-plan-bench.cpp - times the planning of memory -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// How long it takes to batch operations within cells and to lay them out:
//
//     PQTree/N                a tree of N leaves, reduced by intervals of a
//                             hidden order; `size` is N and all their lengths
//     FormPhases/N, PlanMemory/N    a synthetic cell of N operations
//     NETWORK/FORM            the planning of all cells of an example
//
// The options are those of Google Benchmark.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/Frontend.h"
#include "compiler/Pipelines.h"
#include "dialects/Batch/Batch.h"
#include "dialects/Cell/Cell.h"
#include "passes/Passes.h"
#include "passes/PlanMemory/PQTree.h"
#include "runtime/core/Random.h"
#include "tools/bench/Networks.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <benchmark/benchmark.h>

#include <numeric>

using namespace edbc;
using benchmark::State;

//===----------------------------------------------------------------------===//
// The PQ-tree
//===----------------------------------------------------------------------===//

/// As many sets as leaves, each of up to 16 leaves that are consecutive in one
/// hidden order.
static std::vector<std::vector<PQTree::Leaf>> hiddenIntervals(uint32_t size) {
  Random random(1);
  std::vector<PQTree::Leaf> order(size);
  std::iota(order.begin(), order.end(), 0);
  for (uint32_t i = size; i-- > 1;)
    std::swap(order[i], order[random.below(i + 1)]);
  std::vector<std::vector<PQTree::Leaf>> sets;
  for (uint32_t i = 0; i < size; ++i) {
    uint32_t length = 2 + random.below(15);
    uint32_t begin = random.below(size - length);
    sets.emplace_back(order.begin() + begin, order.begin() + begin + length);
  }
  return sets;
}

static void reducePQTree(State &state) {
  auto size = static_cast<uint32_t>(state.range(0));
  auto sets = hiddenIntervals(size);
  size_t total = size;
  for (const auto &set : sets)
    total += set.size();
  for (auto _ : state) {
    PQTree tree(size);
    for (const auto &set : sets)
      if (tree.reduce(set) == PQTree::Outcome::Impossible)
        state.SkipWithError("intervals of one order contradict each other");
    benchmark::DoNotOptimize(tree.getRoot());
  }
  state.counters["size"] = static_cast<double>(total);
  state.SetComplexityN(static_cast<int64_t>(total));
}

//===----------------------------------------------------------------------===//
// Cells
//===----------------------------------------------------------------------===//

namespace {

struct Form {
  const char *name;
  bool isFused;
  const char *layout;
};
constexpr Form forms[] = {{"unfused", false, "full"},
                          {"unfused-paper", false, "paper"},
                          {"fused", true, "full"}};

/// A network on its way through the passes.
class Compilation {
public:
  /// Everything before phases are formed.
  Compilation(llvm::StringRef text,
              const std::vector<std::pair<std::string, int64_t>> &dims) {
    context.loadDialect<cell::CellDialect, batch::BatchDialect>();
    context.disableMultithreading();
    ImportOptions options;
    options.dims = dims;
    Diagnostics problems;
    module = importModel("model", text, options, context, problems);
    if (!module) {
      llvm::errs() << problems.str();
      return;
    }
    run(*module, [](mlir::PassManager &manager) {
      manager.addPass(createCellToBatch());
      manager.nest<batch::KernelOp>().addPass(createMergeProducts());
      manager.addPass(createFoldTables());
    });
  }

  bool isRead() const { return static_cast<bool>(module); }
  mlir::OwningOpRef<mlir::ModuleOp> copy() { return module->clone(); }

  void formPhases(mlir::ModuleOp copy, bool isFused) {
    run(copy, [&](mlir::PassManager &manager) {
      FormPhasesOptions options;
      options.fuse = isFused ? "all" : "none";
      manager.nest<batch::KernelOp>().addPass(createFormPhases(options));
    });
  }
  void planMemory(mlir::ModuleOp copy, const char *layout) {
    run(copy, [&](mlir::PassManager &manager) {
      PlanMemoryOptions options;
      options.layout = layout;
      manager.addPass(createPlanMemory(options));
    });
  }

  /// Operations of all cells that compute or move something.
  size_t numOperations() {
    size_t number = 0;
    module->walk([&](batch::KernelOp kernel) {
      number += llvm::range_size(kernel.getBodyBlock().without_terminator());
    });
    return number;
  }
  size_t numCells() {
    return llvm::range_size(module->getOps<batch::KernelOp>());
  }

private:
  template <typename Build> void run(mlir::ModuleOp on, Build build) {
    mlir::PassManager manager(&context);
    manager.enableVerifier(false);
    build(manager);
    if (mlir::failed(manager.run(on)))
      llvm::report_fatal_error("a pass failed");
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace

/// A cell of LSTM steps one after another, of some 30 operations each, that
/// take turns at one set of weights.
static std::string syntheticCell(int64_t numOperations) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "network synthetic\n"
        "dim hidden = 16\n"
        "param Wi, Wf, Wo, Wu : [hidden, hidden]\n"
        "param bi, bf, bo, bu : [hidden]\n"
        "state Node { h : [hidden], c : [hidden] }\n"
        "cell step(last : Node, x : [hidden]) -> Node {\n"
        "  let h0 = x\n"
        "  let c0 = last.c\n";
  int64_t numSteps = std::max<int64_t>(1, numOperations / 30);
  for (int64_t step = 1; step <= numSteps; ++step) {
    for (const char *gate : {"i", "f", "o"})
      os << "  let " << gate << step << " = sigmoid(W" << gate << " @ h"
         << step - 1 << " + b" << gate << ")\n";
    os << "  let u" << step << " = tanh(Wu @ h" << step - 1 << " + bu)\n"
       << "  let c" << step << " = i" << step << " * u" << step << " + f"
       << step << " * c" << step - 1 << "\n"
       << "  let h" << step << " = o" << step << " * tanh(c" << step << ")\n";
  }
  os << "  h = h" << numSteps << "\n  c = c" << numSteps
     << "\n}\noutput h = Node.h\n";
  return text;
}

static void formPhases(State &state) {
  Compilation compilation(syntheticCell(state.range(0)), {});
  for (auto _ : state) {
    state.PauseTiming();
    auto copy = compilation.copy();
    state.ResumeTiming();
    compilation.formPhases(*copy, /*isFused=*/false);
  }
  state.counters["operations"] =
      static_cast<double>(compilation.numOperations());
}

static void planMemory(State &state) {
  Compilation compilation(syntheticCell(state.range(0)), {});
  auto phases = compilation.copy();
  compilation.formPhases(*phases, /*isFused=*/false);
  for (auto _ : state) {
    state.PauseTiming();
    mlir::OwningOpRef<mlir::ModuleOp> copy = phases->clone();
    state.ResumeTiming();
    compilation.planMemory(*copy, "full");
  }
  state.counters["operations"] =
      static_cast<double>(compilation.numOperations());
}

static void planNetwork(State &state, const std::string &path,
                        const Form &form) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return state.SkipWithError(("can't read " + path).c_str());
  Compilation compilation((*buffer)->getBuffer(), {{"hidden", 64}});
  if (!compilation.isRead())
    return state.SkipWithError(("can't compile " + path).c_str());
  for (auto _ : state) {
    state.PauseTiming();
    auto copy = compilation.copy();
    state.ResumeTiming();
    compilation.formPhases(*copy, form.isFused);
    compilation.planMemory(*copy, form.layout);
  }
  state.counters["cells"] = static_cast<double>(compilation.numCells());
}

int main(int argc, char **argv) {
  benchmark::RegisterBenchmark("PQTree", reducePQTree)
      ->RangeMultiplier(4)
      ->Range(100, 100000)
      ->Unit(benchmark::kMillisecond)
      ->Complexity(benchmark::oN);
  benchmark::RegisterBenchmark("FormPhases", formPhases)
      ->ArgsProduct({{30, 300, 1000, 2000}})
      ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("PlanMemory", planMemory)
      ->ArgsProduct({{30, 300, 1000, 2000}})
      ->Unit(benchmark::kMillisecond);
  for (const bench::MeasuredNetwork &network : bench::measuredNetworks())
    for (const Form &form : forms) {
      std::string path = std::string(EDBC_BENCH_MODELS) + "/" + network.model;
      std::string name = std::string(network.name) + "/" + form.name;
      benchmark::RegisterBenchmark(name.c_str(), [=](State &state) {
        planNetwork(state, path, form);
      })->Unit(benchmark::kMillisecond);
    }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
