//===- KernelArguments.cpp - how cells become kernels -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/edbc/KernelArguments.h"

#include "tools/edbc/CommandLine.h"

using namespace edbc;
namespace cl = llvm::cl;

KernelArguments::KernelArguments(cl::OptionCategory &category)
    : fuse("fuse", cl::init("all"), cl::value_desc("what"), cl::cat(category),
           cl::desc("Compute as much as possible in one kernel: all (default); "
                    "or none, for comparison with libraries of kernels")),
      layout("layout", cl::init("full"), cl::value_desc("planning"),
             cl::cat(category),
             cl::desc("How values are laid out in memory: full (default), or "
                      "for comparison paper, off")),
      hoist(
          "hoist", cl::init("auto"), cl::value_desc("what"), cl::cat(category),
          cl::desc("Compute products ahead of the recurrences that they stand "
                   "in: none, all, or auto, where it pays (default)")),
      tableLimit(
          "table-limit", cl::init(512), cl::value_desc("MiB"),
          cl::cat(category),
          cl::desc("Most memory for tables of what depends on tokens alone, "
                   "computed when tokens first come, or for devices when "
                   "weights are loaded; 0: none (default: 512)")) {}

std::string edbc::explainKernelForm(llvm::StringRef fuse,
                                    llvm::StringRef layout,
                                    llvm::StringRef hoist) {
  if (fuse != "all" && fuse != "none")
    return ("can't fuse '" + fuse + "'; --fuse is all or none").str();
  if (layout != "full" && layout != "paper" && layout != "off")
    return ("there is no layout '" + layout +
            "'; --layout is full, paper or off")
        .str();
  if (hoist != "none" && hoist != "all" && hoist != "auto")
    return ("can't hoist '" + hoist + "'; --hoist is none, all or auto").str();
  return "";
}

bool KernelArguments::apply(llvm::StringRef command,
                            PipelineOptions &options) const {
  std::string problem = explainKernelForm(fuse, layout, hoist);
  if (!problem.empty()) {
    fail(command, problem);
    return false;
  }
  options.fuse = fuse == "all";
  options.layout = layout;
  options.hoist = hoist;
  options.tableLimit = static_cast<int64_t>(tableLimit) << 20;
  return true;
}
