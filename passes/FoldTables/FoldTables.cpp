//===- FoldTables.cpp - what depends on tokens alone ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

namespace edbc {
#define GEN_PASS_DEF_FOLDTABLES
#include "passes/Passes.h.inc"
} // namespace edbc

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

/// Of so many rows of floats; the largest number where that is more.
static int64_t bytesOf(int64_t rows, int64_t stride) {
  constexpr uint64_t most = std::numeric_limits<int64_t>::max();
  uint64_t floats = llvm::SaturatingMultiply<uint64_t>(rows, stride);
  return std::min(most, llvm::SaturatingMultiply(floats, sizeof(float)));
}

namespace {
/// The part of a kernel that depends on one token and on parameters alone.
class TokenSlice {
public:
  TokenSlice(KernelOp kernel, BlockArgument token);

  BlockArgument getToken() const { return token; }
  bool contains(Value value) const {
    return members.contains(value.getDefiningOp());
  }
  /// Whether there is a product among what a member comes from.
  bool isCostly(Operation *member) const { return costly.contains(member); }
  ArrayRef<Operation *> getMembers() const { return members.getArrayRef(); }

private:
  BlockArgument token;
  llvm::SetVector<Operation *> members;
  llvm::DenseSet<Operation *> costly;
};
} // namespace

static SmallVector<BlockArgument> tokensOf(KernelOp kernel) {
  return llvm::to_vector(llvm::make_filter_range(
      kernel.getBodyBlock().getArguments(), [](BlockArgument argument) {
        return isa<TokensType>(argument.getType());
      }));
}

static bool isParameter(Value value) {
  return isa_and_nonnull<BroadcastOp, SplatOp>(value.getDefiningOp());
}

TokenSlice::TokenSlice(KernelOp kernel, BlockArgument token) : token(token) {
  for (Operation &op : kernel.getBodyBlock().without_terminator()) {
    if (op.getNumResults() != 1 || elementsOf(op.getResult(0).getType()))
      continue;
    bool dependsOnToken = false, dependsOnOthers = false, isCostly = false;
    for (Value operand : op.getOperands()) {
      bool isOfToken = operand == token || contains(operand);
      dependsOnToken |= isOfToken;
      dependsOnOthers |= !isOfToken && !isParameter(operand);
      isCostly |= costly.contains(operand.getDefiningOp());
    }
    if (!dependsOnToken || dependsOnOthers)
      continue;
    members.insert(&op);
    if (isCostly || isa<ProductOp, MultiplyOp>(op))
      costly.insert(&op);
  }
}

namespace {
/// What is looked up instead of being computed.
struct Table {
  /// Members of the slice that are used outside of it.
  SmallVector<Operation *> values;
  /// Products with operands in the slice and others.
  SmallVector<ProductOp> mixed;
  /// Floats of a row.
  int64_t stride = 0;

  explicit Table(const TokenSlice &slice);
};

struct FoldTablesPass : edbc::impl::FoldTablesBase<FoldTablesPass> {
  using FoldTablesBase::FoldTablesBase;
  void runOnOperation() override;

private:
  bool takeBytes(int64_t bytes);
  void lookUp(KernelOp kernel, SymbolTable &symbols);
  void fold(KernelOp kernel, const TokenSlice &slice, const Table &table,
            SymbolTable &symbols);
  void foldSlices(KernelOp kernel, SymbolTable &symbols);

  int64_t bytesLeft = 0;
};
} // namespace

/// A product that can't be computed as a whole, but in part: it begins with
/// operands of the slice (see `orderProducts`).
static ProductOp asMixedProduct(Operation *op, const TokenSlice &slice) {
  auto product = dyn_cast<ProductOp>(op);
  if (!product || product.getInitial() || slice.contains(product) ||
      !slice.contains(product.getVectors().front()))
    return {};
  return product;
}

Table::Table(const TokenSlice &slice) {
  auto add = [&](Value value) {
    stride +=
        paddedWidth(widthOf(value.getType())) * columnsOf(value.getType());
  };
  llvm::SetVector<ProductOp> products;
  for (Operation *member : slice.getMembers()) {
    bool isUsed = false;
    for (Operation *user : member->getUsers()) {
      if (ProductOp product = asMixedProduct(user, slice))
        products.insert(product);
      else
        isUsed |=
            user->getNumResults() == 0 || !slice.contains(user->getResult(0));
    }
    if (isUsed && slice.isCostly(member)) {
      values.push_back(member);
      add(member->getResult(0));
    }
  }
  for (ProductOp product : products) {
    mixed.push_back(product);
    add(product.getResult());
  }
}

/// Of a product's vectors, those inside of a slice or those outside.
static Factors factorsOf(ProductOp product, const TokenSlice &slice,
                         bool isInside) {
  Factors factors;
  factors.take(product, [&](Value vector) {
    return slice.contains(vector) == isInside;
  });
  return factors;
}

void FoldTablesPass::fold(KernelOp kernel, const TokenSlice &slice,
                          const Table &table, SymbolTable &symbols) {
  BlockArgument token = slice.getToken();
  StringRef operand = kernel.getOperandName(token.getArgNumber());
  std::string name = (kernel.getSymName() + "." + operand).str();
  Location loc = kernel.getLoc();
  OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());

  SmallVector<Value> values;
  for (Operation *op : table.values)
    values.push_back(op->getResult(0));
  for (ProductOp product : table.mixed)
    values.push_back(product.getResult());
  SmallVector<std::string> fields;
  SmallVector<int64_t> widths, columns;
  for (auto [index, value] : llvm::enumerate(values)) {
    fields.push_back("v" + std::to_string(index));
    widths.push_back(widthOf(value.getType()));
    columns.push_back(columnsOf(value.getType()));
  }
  SmallVector<StringRef> fieldNames(fields.begin(), fields.end());
  auto state = StateOp::create(
      builder, loc, name + ".values", builder.getStrArrayAttr(fieldNames),
      builder.getDenseI64ArrayAttr(widths),
      builder.getDenseI64ArrayAttr(columns), /*layout=*/nullptr,
      /*table_rows=*/nullptr);
  auto stateName = FlatSymbolRefAttr::get(symbols.insert(state));

  auto tokens = cast<TokensType>(token.getType());
  auto computed = KernelOp::create(
      builder, loc, builder.getStringAttr(name),
      builder.getStrArrayAttr(operand), stateName, /*doc=*/nullptr,
      builder.getI64IntegerAttr(tokens.getBound()), /*first_row=*/nullptr,
      /*workspace=*/nullptr,
      /*element_workspaces=*/nullptr, /*bindings=*/nullptr);
  symbols.insert(computed);
  Block *body = builder.createBlock(&computed.getBody());
  IRMapping mapping;
  mapping.map(token, body->addArgument(tokens, token.getLoc()));
  // In the kernel's order; what isn't needed is left out by the next CSE.
  for (Operation &op : kernel.getBodyBlock().without_terminator())
    if (op.getNumResults() == 1 &&
        (isParameter(op.getResult(0)) || slice.contains(op.getResult(0))))
      builder.clone(op, mapping);
  for (auto [index, value] : llvm::enumerate(values)) {
    Value stored = mapping.lookupOrNull(value);
    if (!stored) {
      Factors factors = factorsOf(value.getDefiningOp<ProductOp>(), slice,
                                  /*isInside=*/true);
      for (Value &vector : factors.vectors)
        vector = mapping.lookupOrDefault(vector);
      stored = factors.create(builder, value.getLoc(), value.getType(),
                              /*initial=*/Value());
    }
    ScatterOp::create(builder, value.getLoc(), stored, fields[index],
                      /*offset=*/0);
  }
  EndOp::create(builder, loc);

  // The mixed products stand last and go first, while their operands are still
  // those of the slice.
  for (size_t index = values.size(); index-- != 0;) {
    Value value = values[index];
    builder.setInsertionPoint(value.getDefiningOp());
    Value row =
        RecallOp::create(builder, value.getLoc(), value.getType(), stateName,
                         builder.getStringAttr(fields[index]), token);
    if (index >= table.values.size())
      row = factorsOf(value.getDefiningOp<ProductOp>(), slice,
                      /*isInside=*/false)
                .create(builder, value.getLoc(), value.getType(), row);
    value.replaceAllUsesWith(row);
  }
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(kernel.getBodyBlock())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

/// Lets the operands that depend on tokens alone come first in all products,
/// token by token, so that sums are the same whether there are tables or not.
static void orderProducts(KernelOp kernel) {
  SmallVector<TokenSlice> slices;
  for (BlockArgument token : tokensOf(kernel))
    slices.emplace_back(kernel, token);
  for (auto product : kernel.getBodyBlock().getOps<ProductOp>()) {
    Factors factors;
    for (const TokenSlice &slice : slices)
      factors.take(product, [&](Value value) { return slice.contains(value); });
    factors.take(product, [&](Value value) {
      return llvm::none_of(slices, [&](const TokenSlice &slice) {
        return slice.contains(value);
      });
    });
    factors.assignTo(product);
  }
}

void FoldTablesPass::foldSlices(KernelOp kernel, SymbolTable &symbols) {
  for (BlockArgument token : tokensOf(kernel)) {
    // Of what was folded before, nothing is there any more.
    TokenSlice slice(kernel, token);
    Table table(slice);
    int64_t rows = cast<TokensType>(token.getType()).getBound();
    int64_t bytes = bytesOf(rows, table.stride);
    if (bytes != 0 && takeBytes(bytes))
      fold(kernel, slice, table, symbols);
  }
}

//===----------------------------------------------------------------------===//
// Whole cells
//===----------------------------------------------------------------------===//

/// Rows of a table that holds all results of a kernel: nothing if these depend
/// on more than one token.
static std::optional<int64_t> numResults(KernelOp kernel) {
  Block &body = kernel.getBodyBlock();
  if (body.getNumArguments() == 0)
    return 1;
  auto tokens = dyn_cast<TokensType>(body.getArgument(0).getType());
  if (body.getNumArguments() != 1 || !tokens)
    return std::nullopt;
  return tokens.getBound();
}

/// Whether a kernel's results are but copies of parameters and constants.
static bool onlyCopies(KernelOp kernel) {
  return llvm::all_of(
      kernel.getBodyBlock().without_terminator(), [](Operation &op) {
        return isa<LookupOp, BroadcastOp, SplatOp, ScatterOp>(op);
      });
}

/// What the parameters take whose copies a kernel's results are, and that no
/// other kernel reads: they are not needed beside the table.
static int64_t bytesReplaced(KernelOp kernel, SymbolTable &symbols) {
  if (!onlyCopies(kernel))
    return 0;
  llvm::SetVector<StringAttr> params;
  for (auto lookup : kernel.getBodyBlock().getOps<LookupOp>())
    params.insert(lookup.getTableAttr().getAttr());
  uint64_t bytes = 0;
  for (StringAttr name : params) {
    auto isUsedElsewhere = [&](KernelOp other) {
      return other != kernel && !other.getTable() &&
             !SymbolTable::symbolKnownUseEmpty(name, other);
    };
    if (llvm::any_of(kernel->getParentOfType<ModuleOp>().getOps<KernelOp>(),
                     isUsedElsewhere))
      continue;
    auto param = symbols.lookup<ParamOp>(name);
    int64_t matrix = param.getTensorType().getRank() == 3
                         ? param.getColumns() * paddedWidth(param.getRows())
                         : param.getRows() * paddedWidth(param.getColumns());
    bytes = llvm::SaturatingAdd<uint64_t>(bytes,
                                          bytesOf(param.getMatrices(), matrix));
  }
  return std::min<uint64_t>(bytes, std::numeric_limits<int64_t>::max());
}

/// Turns a kernel whose results fit into a table into one that computes this,
/// and lets the cell's nodes be looked up there.
void FoldTablesPass::lookUp(KernelOp kernel, SymbolTable &symbols) {
  std::optional<int64_t> rows = numResults(kernel);
  auto state = symbols.lookup<StateOp>(kernel.getState());
  int64_t firstRow = state.getTableRows().value_or(0);
  if (!rows || firstRow + *rows > std::numeric_limits<int32_t>::max())
    return;
  int64_t stride = 0;
  for (unsigned field = 0; field < state.getNumFields(); ++field)
    stride += state.getFieldSize(field);
  if (!takeBytes(bytesOf(*rows, stride) - bytesReplaced(kernel, symbols)))
    return;

  OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
  auto computed = cast<KernelOp>(builder.clone(*kernel));
  StringRef suffix =
      kernel.getOperandNames().empty() ? "result" : kernel.getOperandName(0);
  computed.setSymName((kernel.getSymName() + "." + suffix).str());
  symbols.insert(computed);
  computed.setTable(*rows);
  computed.removeDocAttr();
  state.setTableRows(firstRow + *rows);
  for (KernelOp user : {computed, kernel})
    user.setFirstRow(firstRow);
  Operation *end = kernel.getBodyBlock().getTerminator();
  while (Operation *last = end->getPrevNode())
    last->erase();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Whether there is room for so many bytes more.
bool FoldTablesPass::takeBytes(int64_t bytes) {
  if (limit == 0 || bytes > bytesLeft)
    return false;
  bytesLeft -= bytes;
  return true;
}

void FoldTablesPass::runOnOperation() {
  SymbolTable symbols(getOperation());
  SmallVector<KernelOp> kernels;
  for (auto kernel : getOperation().getOps<KernelOp>())
    if (!kernel.getTable() && !kernel.getFirstRow())
      kernels.push_back(kernel);
  bytesLeft = limit;
  llvm::for_each(kernels, orderProducts);
  for (KernelOp kernel : kernels)
    lookUp(kernel, symbols);
  for (KernelOp kernel : kernels)
    foldSlices(kernel, symbols);
}
