//===- CompiledNetwork.h - a network, compiled in this process --*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_BENCH_COMPILEDNETWORK_H
#define EDBC_TOOLS_BENCH_COMPILEDNETWORK_H

#include "compiler/Load/InstanceSession.h"
#include "compiler/Load/LoadedLibrary.h"
#include "passes/LearnPolicy/Machine.h"
#include "runtime/core/Policy.h"
#include "tools/bench/Work.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/SourceMgr.h"

#include <optional>
#include <string>

namespace edbc::bench {

/// How cells become kernels: members of PipelineOptions.
struct KernelForm {
  bool fuse = true;
  std::string layout = "full";
  std::string hoist = "auto";
};

/// A CUDA device of this machine, and how it multiplies.
struct DeviceTarget {
  uint32_t ordinal;
  edbc_precision precision;
};

/// Goes through the stages of compilation. Functions that fail throw
/// std::runtime_error, after messages about the model file on standard error.
class CompiledNetwork {
public:
  /// Reads a model file and compiles it as far as no instances are needed.
  CompiledNetwork(const std::string &path,
                  const std::vector<std::pair<std::string, int64_t>> &dims,
                  const KernelForm &form);

  const Signature &getSignature() const { return signature; }
  /// By cell; with traffic once it is loaded.
  const std::vector<CellWork> &getWork() const { return work; }

  /// Learns a policy as `edbc compile --samples` does. Otherwise it is that of
  /// the sufficient condition.
  /// @param costs by cell, of a batch, to be made low instead of the number of
  /// batches.
  void learnPolicy(const std::vector<Instance> &samples,
                   const BatchCosts &costs = {});
  /// As in the library's description; points into this object.
  edbc_policy_desc getPolicy() const;

  /// Generates kernels for this machine only, and creates a model with random
  /// weights, on the CPU or on a device. Nothing is learned after this.
  void load(const std::optional<DeviceTarget> &device = {});
  const edbc_library &getLibrary() const { return library->description(); }
  const edbc_model &getModel() const { return *model; }

  /// The network as the model file has it, for the interpreter, and the values
  /// of its parameters in the order of the library.
  mlir::ModuleOp getCells() const { return *imported; }
  const Weights &getWeights() const { return weights; }

private:
  mlir::MLIRContext context;
  llvm::SourceMgr sources;
  mlir::SourceMgrDiagnosticHandler diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::OwningOpRef<mlir::ModuleOp> imported;
  Weights weights;
  Signature signature;
  std::vector<CellWork> work;
  edbc_policy_kind policy = EDBC_POLICY_LEMMA;
  edbc_encoding encoding = EDBC_ENCODING_BASE;
  core::PolicyTable machine = core::buildTable({});
  std::optional<LoadedLibrary> library;
  ModelHandle model;
};

} // namespace edbc::bench

#endif // EDBC_TOOLS_BENCH_COMPILEDNETWORK_H
