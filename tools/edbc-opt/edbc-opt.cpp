//===- edbc-opt.cpp - runs single passes ------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "dialects/Batch/Batch.h"
#include "dialects/Cell/Cell.h"
#include "passes/Passes.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<edbc::cell::CellDialect, edbc::batch::BatchDialect>();
  mlir::registerAllPasses();
  edbc::registerEdbcPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "edbc pass driver\n", registry));
}
