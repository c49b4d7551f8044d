//===- InspectLayout.cpp - what layouts cost --------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/edbc/InspectLayout.h"

#include "compiler/Pipelines.h"

#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace edbc;

namespace {

/// What some phases that only move values do. Bytes are those of one node;
/// where lists are concerned, of one node and one element of each.
struct Movement {
  int64_t phases = 0;
  int64_t bytes = 0;
};

struct CellLayout {
  llvm::StringRef cell;
  llvm::StringRef fuse;
  llvm::StringRef layout;
  int64_t kernels = 0;   ///< phases, of whatever kind
  Movement gathers;      ///< from operands' states, tables and inputs
  Movement stores;       ///< to the cell's result, gathered or not
  Movement copies;       ///< within the cell
  int64_t workspace = 0; ///< bytes of one node, and of one element of each list
};

} // namespace

static CellLayout inspect(batch::KernelOp kernel) {
  CellLayout cell;
  cell.cell = kernel.getSymName();
  auto addWorkspace = [&](std::optional<int64_t> operand) {
    if (batch::RowLayoutAttr layout = kernel.getWorkspaceOf(operand))
      cell.workspace += layout.getStride() * int64_t(sizeof(float));
  };
  addWorkspace(std::nullopt);
  for (unsigned i = 0; i < kernel.getBodyBlock().getNumArguments(); ++i)
    addWorkspace(i);
  for (auto phase : kernel.getOps<batch::PhaseOp>()) {
    ++cell.kernels;
    if (!phase.onlyMoves())
      continue;
    mlir::Block &body = phase.getBodyBlock();
    Movement &movement = !body.getOps<batch::ScatterOp>().empty() ? cell.stores
                         : llvm::any_of(body.without_terminator(),
                                        [](mlir::Operation &op) {
                                          return batch::readsMemory(&op);
                                        })
                             ? cell.gathers
                             : cell.copies;
    ++movement.phases;
    movement.bytes +=
        phase.getCopiedFloats() * phase.getColumns() * int64_t(sizeof(float));
  }
  return cell;
}

static void printTable(llvm::ArrayRef<CellLayout> cells) {
  llvm::raw_ostream &os = llvm::outs();
  os << "cell                 fuse layout kernels  copies    bytes  gathers    "
        "bytes   stores    bytes workspace\n";
  for (const CellLayout &cell : cells) {
    os << llvm::left_justify(cell.cell, 20) << " "
       << llvm::left_justify(cell.fuse, 4) << " "
       << llvm::left_justify(cell.layout, 6)
       << llvm::format("%8lld", static_cast<long long>(cell.kernels));
    for (const Movement &movement : {cell.copies, cell.gathers, cell.stores})
      os << llvm::format("%8lld %8lld", static_cast<long long>(movement.phases),
                         static_cast<long long>(movement.bytes));
    os << llvm::format("%10lld\n", static_cast<long long>(cell.workspace));
  }
  os << "\nBytes are those of one node, and of one element of each list.\n";
}

static void printJson(llvm::ArrayRef<CellLayout> cells) {
  llvm::json::OStream json(llvm::outs());
  auto write = [&](llvm::StringRef name, const Movement &movement) {
    json.attributeObject(name, [&] {
      json.attribute("kernels", movement.phases);
      json.attribute("bytes", movement.bytes);
    });
  };
  json.array([&] {
    for (const CellLayout &cell : cells)
      json.object([&] {
        json.attribute("cell", cell.cell);
        json.attribute("fuse", cell.fuse);
        json.attribute("layout", cell.layout);
        json.attribute("kernels", cell.kernels);
        write("copies", cell.copies);
        write("gathers", cell.gathers);
        write("stores", cell.stores);
        json.attribute("workspace_bytes", cell.workspace);
      });
  });
  llvm::outs() << "\n";
}

bool edbc::inspectLayouts(mlir::ModuleOp network, bool asJson) {
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> compiled;
  std::vector<CellLayout> cells;
  for (bool fuse : {false, true})
    for (const char *layout : {"off", "paper", "full"}) {
      PipelineOptions options;
      options.fuse = fuse;
      options.layout = layout;
      mlir::ModuleOp module = *compiled.emplace_back(network.clone());
      for (Stage stage : allStages) {
        if (stage > Stage::Layout)
          break;
        mlir::PassManager manager(module.getContext());
        buildStage(manager, stage, options);
        if (mlir::failed(manager.run(module)))
          return false;
      }
      for (auto kernel : module.getOps<batch::KernelOp>())
        if (!kernel.getTable()) {
          CellLayout cell = inspect(kernel);
          cell.fuse = fuse ? "all" : "none";
          cell.layout = layout;
          cells.push_back(cell);
        }
    }
  // Cell by cell, so that what is compared stands together.
  size_t numCells = cells.size() / 6;
  std::vector<CellLayout> byCell;
  for (size_t cell = 0; cell < numCells; ++cell)
    for (size_t form = 0; form < 6; ++form)
      byCell.push_back(cells[form * numCells + cell]);
  if (asJson)
    printJson(byCell);
  else
    printTable(byCell);
  return true;
}
