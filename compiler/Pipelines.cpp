//===- Pipelines.cpp - the order of passes ----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
// The table of contents of the compiler: what happens to a network, in order.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipelines.h"

#include "passes/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace edbc;

llvm::StringRef edbc::stageName(Stage stage) {
  switch (stage) {
  case Stage::Import:
    return "import";
  case Stage::Cell:
    return "cell";
  case Stage::Batch:
    return "batch";
  case Stage::Layout:
    return "layout";
  case Stage::Policy:
    return "policy";
  case Stage::Kernels:
    return "kernels";
  case Stage::Llvm:
    return "llvm";
  }
  llvm_unreachable("all stages are named");
}

/// Ends a stage: only these dialects may be left.
static void endStage(OpPassManager &manager, Stage stage,
                     std::initializer_list<StringRef> dialects) {
  CheckDialectsOptions options;
  options.stage = stageName(stage).str();
  for (StringRef dialect : dialects)
    options.allowed.push_back(dialect.str());
  manager.addPass(createCheckDialects(options));
}

static void buildCell(OpPassManager &manager) {
  // No canonicalization here: it would fold exp and tanh of constants by the
  // library of the machine that compiles.
  manager.addPass(createCSEPass());
  endStage(manager, Stage::Cell,
           {"builtin", "cell", "arith", "math", "tensor"});
}

static void buildBatch(OpPassManager &manager, const PipelineOptions &options) {
  manager.addPass(createCellToBatch());
  manager.addPass(createCSEPass());
  manager.nest<batch::KernelOp>().addPass(createMergeProducts());
  FoldTablesOptions folding;
  folding.limit = options.tableLimit;
  manager.addPass(createFoldTables(folding));
  manager.addPass(createCSEPass());
  HoistProductsOptions hoisting;
  hoisting.hoist = options.fuse ? options.hoist : "none";
  manager.nest<batch::KernelOp>().addPass(createHoistProducts(hoisting));
  FormPhasesOptions phases;
  phases.fuse = options.fuse ? "all" : "none";
  manager.nest<batch::KernelOp>().addPass(createFormPhases(phases));
  endStage(manager, Stage::Batch, {"builtin", "batch", "arith", "math"});
}

static void buildLayout(OpPassManager &manager,
                        const PipelineOptions &options) {
  PlanMemoryOptions planning;
  planning.layout = options.layout;
  manager.addPass(createPlanMemory(planning));
  endStage(manager, Stage::Layout, {"builtin", "batch", "arith", "math"});
}

static void buildPolicy(OpPassManager &manager,
                        const PipelineOptions &options) {
  manager.addPass(createLearnPolicyPass(options.policy, options.training));
  endStage(manager, Stage::Policy, {"builtin", "batch", "arith", "math"});
}

static void buildKernels(OpPassManager &manager,
                         const PipelineOptions &options) {
  LowerPhasesOptions lowering;
  for (batch::Isa isa : options.isas)
    lowering.isas.push_back(batch::isaName(isa).str());
  manager.addPass(createLowerPhases(lowering));
  OpPassManager &functions = manager.nest<ModuleOp>().nest<func::FuncOp>();
  functions.addPass(createExpandMath());
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());
  functions.addPass(createLoopInvariantCodeMotionPass());
  endStage(manager, Stage::Kernels,
           {"builtin", "batch", "arith", "math", "func", "llvm", "memref",
            "scf", "vector"});
}

static void buildLlvm(OpPassManager &manager) {
  OpPassManager &module = manager.nest<ModuleOp>();
  module.addPass(createLowerBind());
  module.addPass(createSCFToControlFlowPass());
  module.addPass(createConvertVectorToLLVMPass());
  module.addPass(memref::createExpandStridedMetadataPass());
  module.addPass(createConvertMathToLLVMPass());
  module.addPass(createArithToLLVMConversionPass());
  module.addPass(createFinalizeMemRefToLLVMConversionPass());
  module.addPass(createConvertFuncToLLVMPass());
  module.addPass(createConvertControlFlowToLLVMPass());
  // The canonicalizer makes ub.poison.
  module.addPass(createUBToLLVMConversionPass());
  module.addPass(createReconcileUnrealizedCastsPass());
  module.addPass(createCanonicalizerPass());
  module.addPass(createCSEPass());
  // The phases of kernels stay beside the functions, as their description.
  endStage(manager, Stage::Llvm, {"builtin", "batch", "arith", "math", "llvm"});
}

void edbc::buildStage(PassManager &manager, Stage stage,
                      const PipelineOptions &options) {
  switch (stage) {
  case Stage::Import:
    return;
  case Stage::Cell:
    return buildCell(manager);
  case Stage::Batch:
    return buildBatch(manager, options);
  case Stage::Layout:
    return buildLayout(manager, options);
  case Stage::Policy:
    return buildPolicy(manager, options);
  case Stage::Kernels:
    return buildKernels(manager, options);
  case Stage::Llvm:
    return buildLlvm(manager);
  }
}
