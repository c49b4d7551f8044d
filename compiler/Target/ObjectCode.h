//===- ObjectCode.h - from the LLVM dialect to object code ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The last translation of the generated functions: from a module of the LLVM
// dialect to optimised LLVM IR, assembly text or an object file. What comes out
// depends on the input alone, never on the machine that edbc runs on.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_TARGET_OBJECTCODE_H
#define EDBC_COMPILER_TARGET_OBJECTCODE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"

#include <memory>
#include <string>

namespace llvm {
class Module;
} // namespace llvm

namespace edbc {

/// What code can be written as. The first two are text.
enum class CodeFormat { LLVMIR, Assembly, Object };

/// Optimises and writes LLVM modules for one CPU of the x86-64 family, as
/// position-independent ELF code for Linux. One at a time per object.
class CodeGenerator {
public:
  /// @param cpu as LLVM spells it: "x86-64", "x86-64-v3", "x86-64-v4".
  static llvm::Expected<CodeGenerator> create(llvm::StringRef cpu);

  /// Sets the triple and the data layout of `module`, on which the sizes of
  /// types depend. Comes before everything else that is done with a module.
  void prepare(llvm::Module &module) const;

  /// Runs the pipeline of -O3. No floating-point operation changes its value:
  /// products and sums are fused only where the module says so.
  void optimize(llvm::Module &module) const;

  /// Writes `module`; code generation may change it.
  llvm::Expected<std::string> write(llvm::Module &module,
                                    CodeFormat format) const;

private:
  explicit CodeGenerator(std::unique_ptr<llvm::TargetMachine> machine)
      : machine(std::move(machine)) {}

  std::unique_ptr<llvm::TargetMachine> machine;
};

/// Compiles a module of generated functions (attribute `batch.isa`), which is
/// wholly in the LLVM dialect and stands in the module of its network.
///
/// Visible to the linker, though not beyond the linked program, are the
/// functions of the network's phases (batch::phaseFunctionName). Each must be
/// there with the signature of `edbc_phase_fn`; all other functions become
/// internal, and calls may lead outside only to libc and libm. Anything else is
/// reported as a diagnostic at `kernels`. Not to be called from a pass, since
/// it adds to the context's registry.
mlir::FailureOr<std::string> compileKernels(mlir::ModuleOp kernels,
                                            CodeFormat format);

} // namespace edbc

#endif // EDBC_COMPILER_TARGET_OBJECTCODE_H
