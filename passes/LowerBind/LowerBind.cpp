//===- LowerBind.cpp - batch.bind becomes memref descriptors ----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace edbc {
#define GEN_PASS_DEF_LOWERBIND
#include "passes/Passes.h.inc"
} // namespace edbc

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

/// The descriptor of a buffer at `pointer`. Only its pointer and its strides
/// are ever read; a first dimension that is dynamic has no size of its own.
static Value describe(OpBuilder &builder, Location loc,
                      const LLVMTypeConverter &converter, MemRefType type,
                      Value pointer) {
  auto descriptor =
      MemRefDescriptor::poison(builder, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(builder, loc, pointer);
  descriptor.setAlignedPtr(builder, loc, pointer);
  descriptor.setConstantOffset(builder, loc, 0);
  int64_t stride = 1;
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    int64_t size = type.isDynamicDim(dim) ? 0 : type.getDimSize(dim);
    descriptor.setConstantSize(builder, loc, dim, size);
    descriptor.setConstantStride(builder, loc, dim, stride);
    stride *= size;
  }
  return descriptor;
}

namespace {
struct LowerBindPass : edbc::impl::LowerBindBase<LowerBindPass> {
  void runOnOperation() override {
    LLVMTypeConverter converter(&getContext());
    auto pointerType = LLVM::LLVMPointerType::get(&getContext());
    getOperation().walk([&](BindOp bind) {
      OpBuilder builder(bind);
      Location loc = bind.getLoc();
      Value slot = LLVM::GEPOp::create(
          builder, loc, pointerType, pointerType, bind.getBuffers(),
          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(bind.getSlot())});
      Value pointer = LLVM::LoadOp::create(builder, loc, pointerType, slot);
      auto type = cast<MemRefType>(bind.getType());
      Value descriptor = describe(builder, loc, converter, type, pointer);
      auto memref = UnrealizedConversionCastOp::create(
          builder, loc, TypeRange{type}, ValueRange{descriptor});
      bind.replaceAllUsesWith(memref.getResult(0));
      bind.erase();
    });
  }
};
} // namespace
