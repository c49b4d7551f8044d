//===- ObjectCode.cpp - from the LLVM dialect to object code ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/ObjectCode.h"

#include "dialects/Batch/Batch.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Transforms/IPO/MergeFunctions.h"

using namespace mlir;
using namespace edbc;

//===----------------------------------------------------------------------===//
// LLVM modules
//===----------------------------------------------------------------------===//

namespace {

/// Collects the errors that LLVM reports. Without a handler, a context prints
/// whatever is reported, and exits where that is an error.
class Diagnostics {
public:
  explicit Diagnostics(llvm::LLVMContext &context) : context(context) {
    context.setDiagnosticHandlerCallBack(handle, this);
  }
  ~Diagnostics() { context.setDiagnosticHandlerCallBack(nullptr); }
  Diagnostics(const Diagnostics &) = delete;
  Diagnostics &operator=(const Diagnostics &) = delete;

  std::string errors;

private:
  static void handle(const llvm::DiagnosticInfo *info, void *self) {
    if (info->getSeverity() != llvm::DS_Error)
      return;
    llvm::raw_string_ostream os(static_cast<Diagnostics *>(self)->errors);
    llvm::DiagnosticPrinterRawOStream printer(os);
    info->print(printer);
  }

  llvm::LLVMContext &context;
};

} // namespace

llvm::Expected<CodeGenerator> CodeGenerator::create(StringRef cpu) {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  llvm::Triple triple("x86_64-unknown-linux-gnu");
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return llvm::createStringError("no code generator: " + error);
  // The default fusion is the right one: it forms a fused operation where the
  // module has llvm.fmuladd (vector.fma becomes that) or llvm.fma, and never of
  // a separate product and sum.
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, cpu, /*Features=*/"", llvm::TargetOptions(), llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Aggressive));
  if (!machine || !machine->getMCSubtargetInfo()->isCPUStringValid(cpu))
    return llvm::createStringError("no code generator for CPU '" + cpu + "'");
  return CodeGenerator(std::move(machine));
}

void CodeGenerator::prepare(llvm::Module &module) const {
  module.setTargetTriple(machine->getTargetTriple());
  module.setDataLayout(machine->createDataLayout());
  module.setPICLevel(llvm::PICLevel::BigPIC);
}

void CodeGenerator::optimize(llvm::Module &module) const {
  Diagnostics silence(module.getContext());
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  // The kernels come vectorised, and unrolled as far as registers go; to unroll
  // their loops further would only make tails of tails.
  llvm::PipelineTuningOptions tuning;
  tuning.LoopUnrolling = false;
  tuning.LoopVectorization = false;
  tuning.LoopInterleaving = false;
  tuning.SLPVectorization = false;
  llvm::PassBuilder builder(machine.get(), tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  // Cells that differ in nothing but their weights share their code, before any
  // time is spent on it.
  llvm::ModulePassManager passes;
  passes.addPass(llvm::MergeFunctionsPass());
  passes.addPass(
      builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3));
  passes.run(module, modules);
}

llvm::Expected<std::string> CodeGenerator::write(llvm::Module &module,
                                                 CodeFormat format) const {
  std::string text;
  if (format == CodeFormat::LLVMIR) {
    llvm::raw_string_ostream(text) << module;
    return text;
  }
  Diagnostics diagnostics(module.getContext());
  SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream os(bytes);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, os, /*DwoOut=*/nullptr,
                                   format == CodeFormat::Object
                                       ? llvm::CodeGenFileType::ObjectFile
                                       : llvm::CodeGenFileType::AssemblyFile))
    return llvm::createStringError("this kind of code can't be written");
  passes.run(module);
  if (!diagnostics.errors.empty())
    return llvm::createStringError("code generation failed: " +
                                   diagnostics.errors);
  return std::string(bytes.begin(), bytes.end());
}

//===----------------------------------------------------------------------===//
// Modules of generated functions
//===----------------------------------------------------------------------===//

/// The names of the functions that the phases of `network` are compiled to.
static SmallVector<std::string> phaseFunctions(ModuleOp network,
                                               batch::Isa isa) {
  SmallVector<std::string> names;
  for (auto kernel : network.getOps<batch::KernelOp>())
    for (auto phase :
         llvm::enumerate(kernel.getBodyBlock().getOps<batch::PhaseOp>()))
      names.push_back(batch::phaseFunctionName(
          *network.getSymName(), kernel.getSymName(), phase.index(), isa));
  return names;
}

/// Whether the type of `function` is that of `edbc_phase_fn`.
static bool hasPhaseSignature(const llvm::Function &function) {
  const llvm::FunctionType *type = function.getFunctionType();
  return type->getReturnType()->isVoidTy() && !type->isVarArg() &&
         type->getNumParams() == 5 && type->getParamType(0)->isPointerTy() &&
         llvm::all_of(type->params().drop_front(),
                      [](llvm::Type *param) { return param->isIntegerTy(64); });
}

/// Hides the functions named in `exported` from other programs, and everything
/// else from the linker.
static LogicalResult restrictLinkage(ModuleOp kernels, llvm::Module &module,
                                     ArrayRef<std::string> exported) {
  for (const std::string &name : exported) {
    const llvm::Function *function = module.getFunction(name);
    if (!function || function->isDeclaration())
      return kernels.emitError()
             << "function '" << name << "' was not generated";
    if (!hasPhaseSignature(*function))
      return kernels.emitError() << "function '" << name
                                 << "' doesn't have the signature of a phase";
  }
  llvm::StringSet<> visible;
  for (const std::string &name : exported)
    visible.insert(name);
  for (llvm::GlobalValue &value : module.global_values()) {
    if (value.isDeclaration() || value.getName().starts_with("llvm."))
      continue;
    if (visible.contains(value.getName())) {
      value.setLinkage(llvm::GlobalValue::ExternalLinkage);
      value.setVisibility(llvm::GlobalValue::HiddenVisibility);
    } else {
      value.setVisibility(llvm::GlobalValue::DefaultVisibility);
      value.setLinkage(llvm::GlobalValue::InternalLinkage);
    }
  }
  return success();
}

static void setFunctionAttributes(llvm::Module &module, batch::Isa isa) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    // Nothing throws: no tables for unwinding.
    function.setDoesNotThrow();
    function.addFnAttr("target-cpu", batch::isaName(isa));
    if (isa != batch::Isa::X86_64_V4)
      continue;
    // LLVM is wary of whole registers on this level, for CPUs of years ago.
    function.addFnAttr("prefer-vector-width", "512");
    function.addFnAttr("min-legal-vector-width", "512");
  }
}

static LogicalResult verifyCalls(ModuleOp kernels, const llvm::Module &module) {
  llvm::TargetLibraryInfoImpl libraries(module.getTargetTriple());
  for (const llvm::Function &function : module) {
    llvm::LibFunc known;
    if (function.isDeclaration() && !function.isIntrinsic() &&
        !function.use_empty() &&
        !libraries.getLibFunc(function.getName(), known))
      return kernels.emitError()
             << "function '" << function.getName()
             << "' is called, but neither generated nor in libc or libm";
  }
  return success();
}

FailureOr<std::string> edbc::compileKernels(ModuleOp kernels,
                                            CodeFormat format) {
  std::optional<batch::Isa> isa = batch::isaOf(kernels);
  auto network = kernels->getParentOfType<ModuleOp>();
  if (!isa || !network || !network.getSymName())
    return kernels.emitError("is not a module of generated functions in the "
                             "named module of a network");
  llvm::Expected<CodeGenerator> generator =
      CodeGenerator::create(batch::isaName(*isa));
  if (!generator)
    return kernels.emitError(llvm::toString(generator.takeError()));

  DialectRegistry translations;
  registerBuiltinDialectTranslation(translations);
  registerLLVMDialectTranslation(translations);
  kernels->getContext()->appendDialectRegistry(translations);
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = translateModuleToLLVMIR(
      kernels, context,
      (*network.getSymName() + "." + batch::isaName(*isa)).str());
  if (!module)
    return kernels.emitError("can't be translated to LLVM IR");

  generator->prepare(*module);
  if (failed(restrictLinkage(kernels, *module, phaseFunctions(network, *isa))))
    return failure();
  setFunctionAttributes(*module, *isa);
  generator->optimize(*module);
  if (failed(verifyCalls(kernels, *module)))
    return failure();
  llvm::Expected<std::string> code = generator->write(*module, format);
  if (!code)
    return kernels.emitError(llvm::toString(code.takeError()));
  return std::move(*code);
}
