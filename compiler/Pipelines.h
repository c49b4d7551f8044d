//===- Pipelines.h - the stages of compilation ------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_PIPELINES_H
#define EDBC_COMPILER_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "passes/LearnPolicy/LearnPolicy.h"

namespace edbc {

/// The stages of compilation, in order; design and README name them so, and
/// `--stop-after` takes these names.
enum class Stage { Import, Cell, Batch, Layout, Policy, Kernels, Llvm };
inline constexpr Stage allStages[] = {
    Stage::Import, Stage::Cell,    Stage::Batch, Stage::Layout,
    Stage::Policy, Stage::Kernels, Stage::Llvm};

/// "import", "cell", ...
llvm::StringRef stageName(Stage stage);

struct PipelineOptions {
  LearnPolicyOptions policy;
  /// Sample graphs, and where the learner reports to.
  PolicyTraining training;
  /// Most bytes of tables of what depends on tokens alone; 0: none are made.
  int64_t tableLimit = int64_t(512) << 20;
  /// What is taken out of recurrences where kernels are fused: "none", "all" or
  /// "auto" (`batch-hoist-products`).
  std::string hoist = "auto";
  /// Whether a cell becomes as few kernels as possible, or one for each batched
  /// operation.
  bool fuse = true;
  /// How values are laid out: "full", "paper" or "off" (`batch-plan-memory`).
  std::string layout = "full";
  /// Instruction sets to generate kernels for; all if empty.
  llvm::SmallVector<batch::Isa> isas;
};

/// Adds the passes of one stage, which end with a check of the dialects that
/// remain. A module goes through all stages in order. Import has no passes.
void buildStage(mlir::PassManager &manager, Stage stage,
                const PipelineOptions &options);

} // namespace edbc

#endif // EDBC_COMPILER_PIPELINES_H
