//===- Work.cpp - arithmetic and memory traffic of mini-batches -*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Work.h"

#include "dialects/Batch/Batch.h"
#include "dialects/Cell/Cell.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace edbc;
using namespace edbc::bench;

/// Of a product with `operand`; 0 for other operations.
static double flopOf(mlir::Operation *op) {
  auto flop = [&](mlir::Value operand) {
    auto result =
        mlir::cast<mlir::RankedTensorType>(op->getResult(0).getType());
    auto type = mlir::cast<mlir::RankedTensorType>(operand.getType());
    return 2.0 * static_cast<double>(result.getNumElements()) *
           static_cast<double>(type.getDimSize(0));
  };
  return llvm::TypeSwitch<mlir::Operation *, double>(op)
      .Case<cell::ProductOp, cell::MultiplyOp>(
          [&](auto product) { return flop(product.getOperand()); })
      .Default(0.0);
}

static CellWork countCell(cell::DefOp cell) {
  CellWork work;
  work.element.resize(cell.getNumOperandsOfCell());
  cell.walk([&](mlir::Operation *op) {
    auto list = op->getParentOfType<cell::ReduceOp>();
    if (!list) {
      work.node.flop += flopOf(op);
      return;
    }
    auto operand = mlir::cast<mlir::BlockArgument>(list.getNodes());
    work.element[operand.getArgNumber()].flop += flopOf(op);
  });
  return work;
}

std::vector<CellWork> bench::countArithmetic(mlir::ModuleOp network,
                                             const Signature &signature) {
  std::vector<CellWork> cells;
  for (const CellSignature &cell : signature.cells)
    cells.push_back(countCell(network.lookupSymbol<cell::DefOp>(cell.name)));
  return cells;
}

/// Of an operation of a kernel; 0 if it isn't a product.
static double executedFlopOf(mlir::Operation *op) {
  auto flop = [&](double depth) {
    mlir::Type type = op->getResult(0).getType();
    return 2.0 * double(batch::widthOf(type)) * double(batch::columnsOf(type)) *
           depth;
  };
  return llvm::TypeSwitch<mlir::Operation *, double>(op)
      .Case([&](batch::ProductOp product) {
        double depth = 0;
        for (mlir::Value vector : product.getVectors())
          depth += double(batch::widthOf(vector.getType()));
        return flop(depth);
      })
      .Case([&](batch::MultiplyOp product) {
        return flop(double(batch::columnsOf(product.getMatrix().getType())));
      })
      .Default(0.0);
}

void bench::addExecuted(mlir::ModuleOp network, const Signature &signature,
                        std::vector<CellWork> &cells) {
  for (size_t i = 0; i < cells.size(); ++i) {
    auto kernel =
        network.lookupSymbol<batch::KernelOp>(signature.cells[i].name);
    kernel.walk([&](mlir::Operation *op) {
      double flop = executedFlopOf(op);
      if (flop == 0)
        return;
      std::optional<int64_t> list =
          batch::elementsOf(op->getResult(0).getType());
      Work &work = list ? cells[i].element[size_t(*list)] : cells[i].node;
      work.executedFlop += flop;
    });
  }
}

static double paddedBytes(double floats) {
  return std::ceil(floats / EDBC_LANES) * EDBC_LANES * sizeof(float);
}

/// A constant that a cell reads: what its nodes take each, and its batches.
static void addConstant(const edbc_library &library,
                        const edbc_constant_desc &constant, CellWork &work) {
  if (constant.kind == EDBC_CONSTANT_PACKED) {
    double columns = 0;
    for (uint32_t i = 0; i < constant.num_segments; ++i)
      columns +=
          double(constant.segments[i].num_terms) * constant.segments[i].depth;
    double panels = std::ceil(double(constant.rows) / constant.panel);
    work.batchBytes += panels * constant.panel * columns * sizeof(float);
    return;
  }
  if (constant.kind == EDBC_CONSTANT_STATE_TABLE)
    return; // as much as the operands' rows that are elsewhere
  if (constant.kind == EDBC_CONSTANT_TABLE) {
    uint32_t state = library.cells[library.num_cells + constant.param].result;
    work.node.bytes += double(library.states[state].stride) * sizeof(float);
    return;
  }
  const edbc_param_desc &param = library.params[constant.param];
  bool isColumns = constant.kind == EDBC_CONSTANT_COLUMNS;
  double matrix = isColumns ? param.columns * paddedBytes(param.rows)
                            : param.rows * paddedBytes(param.columns);
  if (param.rank == 3)
    work.node.bytes += matrix;
  else if (param.rank == 2 && !isColumns)
    work.node.bytes += paddedBytes(param.columns);
  else
    work.batchBytes += matrix;
}

void bench::addTraffic(const edbc_library &library,
                       std::vector<CellWork> &cells) {
  constexpr double number = sizeof(uint32_t);
  auto stateBytes = [&](uint32_t state) {
    return double(library.states[state].stride) * sizeof(float);
  };
  for (uint32_t c = 0; c < library.num_cells; ++c) {
    const edbc_cell_desc &cell = library.cells[c];
    CellWork &work = cells[c];
    if (cell.first_row != 0)
      continue; // nothing is done for nodes that are looked up
    work.node.bytes += stateBytes(cell.result) + 2 * number;
    work.node.bytes += 2.0 * cell.workspace_stride * sizeof(float);
    for (uint32_t i = 0; i < cell.num_operands; ++i) {
      const edbc_operand_desc &operand = cell.operands[i];
      if (operand.kind == EDBC_OPERAND_STATE)
        work.node.bytes += stateBytes(operand.index) + number;
      else if (operand.kind == EDBC_OPERAND_TOKEN)
        work.node.bytes += number;
      else if (operand.kind == EDBC_OPERAND_DENSE)
        work.node.bytes += paddedBytes(operand.bound);
      else
        work.element[i].bytes +=
            stateBytes(operand.index) + 2 * number +
            2.0 * operand.element_workspace_stride * sizeof(float);
    }
    for (uint32_t i = 0; i < cell.num_bindings; ++i)
      if (cell.bindings[i].kind == EDBC_BINDING_CONSTANT)
        addConstant(library, library.constants[cell.bindings[i].index], work);
  }
}

std::vector<Work> bench::countWork(const std::vector<Instance> &miniBatch,
                                   const Signature &signature,
                                   const std::vector<CellWork> &cells) {
  std::vector<Work> byCell(cells.size());
  for (const Instance &instance : miniBatch)
    for (const Instance::Node &node : instance.nodes) {
      Work &work = byCell[node.cell];
      work += cells[node.cell].node;
      const auto &operands = signature.cells[node.cell].operands;
      for (size_t i = 0; i < operands.size(); ++i) {
        if (operands[i].kind != EDBC_OPERAND_STATES)
          continue;
        uint32_t list = instance.arguments[node.firstArgument + i];
        work += cells[node.cell].element[i] *
                double(instance.elementsAt(list).size());
      }
    }
  return byCell;
}

std::vector<Work> bench::workOfBatches(const std::vector<core::Batch> &batches,
                                       const std::vector<Work> &byCell,
                                       const std::vector<CellWork> &cells) {
  std::vector<double> nodesByCell(cells.size());
  for (const core::Batch &batch : batches)
    nodesByCell[batch.type] += batch.count;
  std::vector<Work> works;
  for (const core::Batch &batch : batches) {
    Work work = byCell[batch.type] * (batch.count / nodesByCell[batch.type]);
    work.bytes += cells[batch.type].batchBytes;
    works.push_back(work);
  }
  return works;
}
