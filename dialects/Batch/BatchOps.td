//===- BatchOps.td - operations of the batch dialect -----------*- tablegen -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_DIALECTS_BATCH_BATCHOPS_TD
#define EDBC_DIALECTS_BATCH_BATCHOPS_TD

include "dialects/Batch/BatchDialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Dialect/LLVMIR/LLVMOpBase.td"

class Batch_Op<string opMnemonic, list<Trait> traits = []>
    : Op<Batch_Dialect, opMnemonic, traits>;

/// tensor<?x64xf32>, tensor<?x64x8xf32>: the same vector or matrix of each node,
/// or element, of a batch.
def Batch_Tensor : Type<CPred<
    "::edbc::batch::isBatchTensor($_self)">,
    "rows of f32 vectors or matrices of static shape",
    "::mlir::RankedTensorType">;

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

def Batch_ParamOp : Batch_Op<"param", [HasParent<"::mlir::ModuleOp">, Symbol]> {
  let summary = "declares a learned tensor";
  let description = [{
    As `cell.param`.

    Example:

    ```mlir
    batch.param @U : tensor<64x128xf32>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<AnyRankedTensor>:$type);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getTensorType() {
      return ::mlir::cast<::mlir::RankedTensorType>(getType());
    }
    /// Length of a vector, or of a matrix's rows.
    int64_t getColumns() { return getTensorType().getShape().back(); }
    /// 1 for a vector.
    int64_t getRows() {
      int64_t rank = getTensorType().getRank();
      return rank == 1 ? 1 : getTensorType().getDimSize(rank - 2);
    }
    /// Entries of a table of matrices; otherwise 1.
    int64_t getMatrices() {
      return getTensorType().getRank() == 3 ? getTensorType().getDimSize(0) : 1;
    }
  }];
}

def Batch_StateOp : Batch_Op<"state", [HasParent<"::mlir::ModuleOp">, Symbol]> {
  let summary = "declares an array of rows, which nodes have as their results";
  let description = [{
    The fields of a state by name and width in floats, and number of columns
    where they are matrices (`M : 64 by 8` has 8 columns of 64). `layout` says
    where they lie in a row; it is absent until memory is planned.

    Besides, a state may have a table of `table_rows` rows, which belong to the
    model: those of nodes that are looked up.

    Example:

    ```mlir
    batch.state @Node {h : 64, c : 64} layout <offsets = [0, 64], stride = 128>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$field_names,
                   DenseI64ArrayAttr:$widths, DenseI64ArrayAttr:$columns,
                   OptionalAttr<Batch_RowLayoutAttr>:$layout,
                   OptionalAttr<I64Attr>:$table_rows);
  let assemblyFormat = [{
    $sym_name `{` custom<Fields>($field_names, $widths, $columns) `}`
    (`layout` $layout^)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The position of a field, or nothing where there is none of that name.
    std::optional<unsigned> findField(::llvm::StringRef name);
    unsigned getNumFields() { return getFieldNames().size(); }
    /// Floats that a field takes in a row.
    int64_t getFieldSize(unsigned index) {
      return paddedWidth(getWidths()[index]) * getColumns()[index];
    }
  }];
}

def Batch_OutputOp : Batch_Op<"output", [
    HasParent<"::mlir::ModuleOp">, Symbol,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "names a field that applications read";
  let description = [{
    As `cell.output`.

    Example:

    ```mlir
    batch.output @logits of @Score["logits"]
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$state,
                   StrAttr:$field);
  let assemblyFormat = "$sym_name `of` $state `[` $field `]` attr-dict";
}

def Batch_PackOp : Batch_Op<"pack", [
    HasParent<"::mlir::ModuleOp">, Symbol,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "lays out the weights of one phase as its kernel reads them";
  let description = [{
    With P = ceil(rows / panel) panels: for each panel, for each segment, for
    each k of its depth, for each of its terms, `panel` consecutive weights, the
    last panel padded with zeros. (`edbc_constant_desc` in
    `runtime/include/edbc/abi.h` has the formula.) The runtime fills the array
    when a model is created.

    Example:

    ```mlir
    batch.pack @inner_0 rows 64 panel 16 [
      #batch.segment<64, [#batch.term<@Ui[0]>, #batch.term<@Uf1[0]>] into [0, 1]>]
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$rows, I64Attr:$panel,
                   TypedArrayAttrBase<Batch_SegmentAttr, "segments">:$segments);
  let assemblyFormat = "$sym_name `rows` $rows `panel` $panel $segments attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    int64_t getNumPanels() { return (getRows() + getPanel() - 1) / getPanel(); }
    /// Floats of one panel, over all segments.
    int64_t getPanelSize();
    ::edbc::batch::SegmentAttr getSegment(unsigned index) {
      return ::mlir::cast<::edbc::batch::SegmentAttr>(getSegments()[index]);
    }
  }];
}

def Batch_PolicyOp : Batch_Op<"policy", [
    HasParent<"::mlir::ModuleOp">, Symbol,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the batching policy";
  let description = [{
    Chooses among kernels whose nodes may depend on one another, directly or
    through others; the turns of all other kernels follow from what they take and
    yield (runtime/core/TypeOrder.h).

    Usually it is a finite state machine. Algorithm 1 of ED-Batch: the frontier
    is encoded as a state of the machine, whose action names the kernel to batch
    next; then the frontier changes, and so on. In a state that has no
    transition, the policy falls back on the sufficient condition (Lemma 2.1), or
    with `critical` on an estimate of it. Where there is nothing to choose, it
    has no transitions.

    Example:

    ```mlir
    batch.policy @policy encoding <sort> [
      #batch.transition<[@join] -> @join>,
      #batch.transition<[@split, @join] -> @split>]
    ```

    One of the policies of `edbc_policy_kind` (edbc/abi.h) that need no machine
    has neither encoding nor transitions:

    ```mlir
    batch.policy @policy kind <agenda>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
      DefaultValuedAttr<Batch_PolicyKindAttr, "PolicyKind::Fsm">:$kind,
      DefaultValuedAttr<Batch_EncodingAttr, "Encoding::Base">:$encoding,
      DefaultValuedAttr<TypedArrayAttrBase<Batch_TransitionAttr, "transitions">,
                        "{}">:$transitions);
  let assemblyFormat = [{
    $sym_name (`kind` $kind^) : (`encoding` $encoding $transitions)? attr-dict
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Kernels and phases
//===----------------------------------------------------------------------===//

def Batch_KernelOp : Batch_Op<"kernel", [
    HasParent<"::mlir::ModuleOp">, IsolatedFromAbove, Symbol,
    SingleBlockImplicitTerminator<"EndOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "computes a batch of nodes of one cell";
  let description = [{
    The arguments are columns with one entry for each node of the batch: rows of
    operands' states (`!batch.rows`), or of any number of them (`!batch.ragged`),
    tokens (`!batch.tokens`), dense inputs (`!batch.values`). `batch.scatter` in
    the body stores each field of the resulting state exactly once, whole or in
    parts.

    `workspace` is the layout of the rows that hold values between phases,
    `element_workspaces` are the layouts of those for the elements of each
    operand, with an entry for every operand, and `bindings` are the buffers that
    the functions of the phases are called with; all are absent until memory is
    planned, workspaces also where nothing is kept.

    A kernel with a `table` is of no cell: it is applied once to each token from 0
    to `table` - 1, its one operand, before a node needs the result, and other
    kernels look these up (`batch.recall`), with no more than one table for each
    of their tokens. It stands behind those of cells.

    Where it has a `first_row` as well, its results are rows of its state's table
    from there on. A cell's kernel with a `first_row` is empty, since its nodes
    are looked up: they have the rows of that table from there on, by their only
    operand, a token. Both may have no operand and one row.

    Example:

    ```mlir
    batch.kernel @leaf(%word: !batch.tokens<256>) -> @Node {
      %x = batch.lookup @E[%word] : !batch.tokens<256> -> tensor<?x64xf32>
      batch.scatter %x to "h" : tensor<?x64xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$operand_names,
                   FlatSymbolRefAttr:$state, OptionalAttr<StrAttr>:$doc,
                   OptionalAttr<I64Attr>:$table,
                   OptionalAttr<I64Attr>:$first_row,
                   OptionalAttr<Batch_RowLayoutAttr>:$workspace,
                   OptionalAttr<TypedArrayAttrBase<Batch_RowLayoutAttr, "row layouts">>:$element_workspaces,
                   OptionalAttr<TypedArrayAttrBase<Batch_BindingAttr, "bindings">>:$bindings);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block &getBodyBlock() { return getBody().front(); }
    ::llvm::StringRef getOperandName(unsigned index) {
      return ::mlir::cast<::mlir::StringAttr>(getOperandNames()[index]).getValue();
    }
    /// The workspace of nodes, or of the elements of an operand. Null where
    /// there is none.
    ::edbc::batch::RowLayoutAttr getWorkspaceOf(std::optional<int64_t> operand);
    /// Whether nodes have rows of their state's table instead of being computed.
    bool isLookedUp() { return getFirstRow() && !getTable(); }
  }];
}

def Batch_EndOp : Batch_Op<"end", [Terminator, HasParent<"KernelOp">]> {
  let summary = "ends a kernel";
  let description = [{
    Not written: the end of a kernel's region implies it.

    Example: `batch.end`
  }];
  let assemblyFormat = "attr-dict";
}

def Batch_PhaseOp : Batch_Op<"phase", [
    HasParent<"KernelOp">, SingleBlock,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the part of a kernel that becomes one compiled function";
  let description = [{
    All values that the phase computes have the same `width`; it is computed in
    panels of units, and within a panel all its products share the operands that
    are read. Where they are matrices of `columns` columns, each column is a row
    of the phase. Where they have a row for each element of an operand, that is
    the operand `over` which the phase goes.

    A phase reads states, tables, parameters, and results of earlier phases
    (`isInMemory`); it multiplies and reduces nothing else. It stores fields
    (`batch.scatter`) and yields what later phases read, which is kept in a
    workspace: result `i` of the phase in part `slots[i]` of the layout of the
    kernel's workspace for nodes, or for the elements of the operand.

    `weights` names the packed weights of its products, with a segment for each
    operand that they multiply (`segmentsOf`). `panel` is the
    number of units that are computed together. Both are absent until memory is
    planned.

    A phase of `siblings` is one batched operation, as kernels of libraries are:
    so many times the same, on other values and with other parameters, one after
    another in its body. Such a phase keeps the result of each sibling, or stores
    it. What the siblings read at the same place is a *column*, as is what they
    keep; it is to be contiguous in memory. Once memory is planned, `placed` says
    which columns are: those of operands in the order in which a sibling reads
    them, then that of the results. Phases that only move values have no columns.

    Examples:

    ```mlir
    %r = batch.phase width 64 weights @gru_0 panel 32 slots [0] {
      ...
      batch.yield %rh : tensor<?x64xf32>
    } : tensor<?x64xf32>
    %g:2 = batch.phase width 64 siblings 2 panel 64 slots [2, 3]
        placed [#batch.placement<in_place>, #batch.placement<in_place>] {
      %i = math.tanh %r#0 : tensor<?x64xf32>
      %u = math.tanh %r#1 : tensor<?x64xf32>
      batch.yield %i, %u : tensor<?x64xf32>, tensor<?x64xf32>
    } : tensor<?x64xf32>, tensor<?x64xf32>
    ```
  }];
  let arguments = (ins I64Attr:$width,
                   DefaultValuedAttr<I64Attr, "1">:$columns,
                   OptionalAttr<I64Attr>:$over,
                   OptionalAttr<I64Attr>:$siblings,
                   OptionalAttr<FlatSymbolRefAttr>:$weights,
                   OptionalAttr<I64Attr>:$panel,
                   OptionalAttr<DenseI64ArrayAttr>:$slots,
                   OptionalAttr<TypedArrayAttrBase<Batch_PlacementAttr, "placements">>:$placed);
  let results = (outs Variadic<Batch_Tensor>:$kept);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `width` $width (`columns` $columns^)? (`over` $over^)?
    (`siblings` $siblings^)? (`weights` $weights^)? (`panel` $panel^)?
    (`slots` $slots^)? (`placed` $placed^)? $body (`:` type($kept)^)? attr-dict
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block &getBodyBlock() { return getBody().front(); }
    YieldOp getYield();
    /// The operand for whose elements it has rows; nothing if they are for
    /// nodes.
    std::optional<int64_t> getElements();
    /// Whether it computes nothing, and only brings values from one place to
    /// another.
    bool onlyMoves();
    /// Floats that each of its rows brings from one place to another, if it only
    /// moves; otherwise 0.
    int64_t getCopiedFloats();
    /// Whether it can be computed for the nodes of a whole chain of the cell
    /// before any phase behind it is for one: no phase up to this one reads a
    /// field of earlier nodes that this one or one behind it stores.
    bool isAhead();
  }];
}

def Batch_YieldOp : Batch_Op<"yield", [
    Pure, Terminator, ReturnLike, HasParent<"PhaseOp">]> {
  let summary = "ends a phase with the values that later phases read";
  let description = [{
    Example:

    ```mlir
    batch.yield %rh : tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Variadic<Batch_Tensor>:$kept);
  let assemblyFormat = "($kept^ `:` type($kept))? attr-dict";
}

//===----------------------------------------------------------------------===//
// Movement between memory and a batch's rows
//===----------------------------------------------------------------------===//

def Batch_GatherOp : Batch_Op<"gather", [
    Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "reads a field of an operand, by row";
  let description = [{
    Of an operand that is any number of nodes, the result has a row for each
    element.

    Examples:

    ```mlir
    %h = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x64xf32>
    %c = batch.gather %children["c"]
        : !batch.ragged<@Node> -> tensor<?x64xf32, #batch.each<0>>
    ```
  }];
  let arguments = (ins AnyTypeOf<[Batch_RowsType, Batch_RaggedType]>:$rows,
                   StrAttr:$field);
  let results = (outs Batch_Tensor:$result);
  let assemblyFormat = [{
    $rows `[` $field `]` attr-dict `:` type($rows) `->` type($result)
  }];
  let extraClassDeclaration = [{
    ::mlir::FlatSymbolRefAttr getState();
  }];
}

def Batch_LookupOp : Batch_Op<"lookup", [
    Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "reads entries of a table, by token";
  let description = [{
    Rows of a matrix, or matrices of a table of rank 3.

    Example:

    ```mlir
    %x = batch.lookup @E[%word] : !batch.tokens<256> -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$table, Batch_TokensType:$tokens);
  let results = (outs Batch_Tensor:$result);
  let assemblyFormat = [{
    $table `[` $tokens `]` attr-dict `:` type($tokens) `->` type($result)
  }];
}

def Batch_RecallOp : Batch_Op<"recall", [
    Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "reads a field that the kernel of a table computed, by token";
  let description = [{
    The table is the state that the kernel yields.

    Example:

    ```mlir
    %x = batch.recall @leaf.word["x"][%word]
        : !batch.tokens<256> -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$table, StrAttr:$field,
                   Batch_TokensType:$tokens);
  let results = (outs Batch_Tensor:$result);
  let assemblyFormat = [{
    $table `[` $field `]` `[` $tokens `]` attr-dict `:` type($tokens) `->`
    type($result)
  }];
}

def Batch_InputOp : Batch_Op<"input", [Pure]> {
  let summary = "reads a dense operand";
  let description = [{
    Example:

    ```mlir
    %x = batch.input %features : !batch.values<32> -> tensor<?x32xf32>
    ```
  }];
  let arguments = (ins Batch_ValuesType:$values);
  let results = (outs Batch_Tensor:$result);
  let assemblyFormat = "$values attr-dict `:` type($values) `->` type($result)";
  let hasVerifier = 1;
}

def Batch_BroadcastOp : Batch_Op<"broadcast", [
    Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "reads a vector or matrix parameter for all rows";
  let description = [{
    Example:

    ```mlir
    %b = batch.broadcast @bi : tensor<?x64xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$param);
  let results = (outs Batch_Tensor:$result);
  let assemblyFormat = "$param attr-dict `:` type($result)";
}

def Batch_SplatOp : Batch_Op<"splat", [Pure]> {
  let summary = "a constant, for all rows and elements";
  let description = [{
    Example:

    ```mlir
    %one = batch.splat 1.000000e+00 : tensor<?x64xf32>
    ```
  }];
  let arguments = (ins F32Attr:$value);
  let results = (outs Batch_Tensor:$result);
  let assemblyFormat = "$value attr-dict `:` type($result)";
}

def Batch_SliceOp : Batch_Op<"slice", [Pure]> {
  let summary = "a part of each row, from an offset on";
  let description = [{
    Example:

    ```mlir
    %a = batch.slice %x[16] : tensor<?x64xf32> -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins Batch_Tensor:$source, I64Attr:$offset);
  let results = (outs Batch_Tensor:$result);
  let assemblyFormat = [{
    $source `[` $offset `]` attr-dict `:` type($source) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Batch_RepeatOp : Batch_Op<"repeat", [Pure]> {
  let summary = "the row of each element's node";
  let description = [{
    Example:

    ```mlir
    %y = batch.repeat %x : tensor<?x64xf32> -> tensor<?x64xf32, #batch.each<1>>
    ```
  }];
  let arguments = (ins Batch_Tensor:$source);
  let results = (outs Batch_Tensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Batch_SpreadOp : Batch_Op<"spread", [Pure]> {
  let summary = "fills a larger value with each row";
  let description = [{
    Along `columns`, every column of the resulting matrix is the source's row;
    along `rows`, every row of it. Along `elements`, the source has rows of
    length 1, with which the vectors of the result are filled.

    Example:

    ```mlir
    %m = batch.spread %b along columns : tensor<?x64xf32> -> tensor<?x64x8xf32>
    ```
  }];
  let arguments = (ins Batch_Tensor:$source, Batch_Direction:$direction);
  let results = (outs Batch_Tensor:$result);
  let assemblyFormat = [{
    $source `along` $direction attr-dict `:` type($source) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Batch_ScatterOp : Batch_Op<"scatter", [
    MemoryEffects<[MemWrite]>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "stores a field of the kernel's result, by row";
  let description = [{
    Or a part of it, from an offset on: of a matrix, a part of each column.

    Examples:

    ```mlir
    batch.scatter %h to "h" : tensor<?x64xf32>
    batch.scatter %r to "x"[32] : tensor<?x32xf32>
    ```
  }];
  let arguments = (ins Batch_Tensor:$value, StrAttr:$field,
                   DefaultValuedAttr<I64Attr, "0">:$offset);
  let assemblyFormat = [{
    $value `to` $field (`[` $offset^ `]`)? attr-dict `:` type($value)
  }];
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

def Batch_ProductOp : Batch_Op<"product", [
    Pure, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a sum of products with matrix parameters";
  let description = [{
    For each row, `result[n] = sum over i of sum over k of
    operands[i][k] * params[i][n, columns[i] + k]`. A product with a
    concatenation is one such sum. The order of summation is that of the packed
    weights (`batch.pack`), the same for every batch. Matrices are multiplied
    column by column. With an `initial` value, which is in memory, the sum begins
    with it and not with 0.

    Example:

    ```mlir
    %p = batch.product %l, %r with [#batch.term<@Ui[0]>, #batch.term<@Ui[64]>]
        : tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Variadic<Batch_Tensor>:$vectors,
                   Optional<Batch_Tensor>:$initial,
                   TypedArrayAttrBase<Batch_TermAttr, "terms">:$terms);
  let results = (outs Batch_Tensor:$result);
  let assemblyFormat = [{
    $vectors (`from` $initial^ `:` type($initial))? `with` $terms attr-dict `:`
    type($vectors) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::edbc::batch::TermAttr getTerm(unsigned index) {
      return ::mlir::cast<::edbc::batch::TermAttr>(getTerms()[index]);
    }
  }];
}

def Batch_MultiplyOp : Batch_Op<"multiply", [Pure]> {
  let summary = "multiplies a matrix of each row by a vector or a matrix";
  let description = [{
    For each row, `result[n] = sum over k of matrix[n, k] * operand[k]`, column by
    column where the operand is a matrix; summed in ascending order of k.

    Example:

    ```mlir
    %p = batch.multiply %M, %v
        : tensor<?x64x32xf32>, tensor<?x32xf32> -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Batch_Tensor:$matrix, Batch_Tensor:$operand);
  let results = (outs Batch_Tensor:$result);
  let assemblyFormat = [{
    $matrix `,` $operand attr-dict `:` type($matrix) `,` type($operand) `->`
    type($result)
  }];
  let hasVerifier = 1;
}

def Batch_ReduceOp : Batch_Op<"reduce", [Pure]> {
  let summary = "sums the elements of each node, or the like";
  let description = [{
    In the order of the elements. The maximum and the mean of no elements are not
    defined.

    Example:

    ```mlir
    %s = batch.reduce sum %h
        : tensor<?x64xf32, #batch.each<0>> -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Batch_Reduction:$reduction, Batch_Tensor:$elements);
  let results = (outs Batch_Tensor:$result);
  let assemblyFormat = [{
    $reduction $elements attr-dict `:` type($elements) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Batch_LargestOp : Batch_Op<"largest", [Pure]> {
  let summary = "the largest element of each row";
  let description = [{
    In a row that has NaN it may be NaN or the largest of the others: what is made
    of it is NaN in any case, by way of `batch.log_sum_exp`.

    Example:

    ```mlir
    %m = batch.largest %x : tensor<?x5xf32> -> tensor<?x1xf32>
    ```
  }];
  let arguments = (ins Batch_Tensor:$source);
  let results = (outs Batch_Tensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Batch_LogSumExpOp : Batch_Op<"log_sum_exp", [Pure]> {
  let summary = "log(sum over k of exp(x[k] - m)) of each row, whose largest "
                "element is m";
  let description = [{
    So nothing overflows, and nothing is lost where elements are large:
    `(x[k] - m) - log_sum_exp` is the logarithm of the softmax. Where m is
    infinite, 0 stands in its place.

    Example:

    ```mlir
    %l = batch.log_sum_exp %x : tensor<?x5xf32> -> tensor<?x1xf32>
    ```
  }];
  let arguments = (ins Batch_Tensor:$source);
  let results = (outs Batch_Tensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Batch_ArgmaxOp : Batch_Op<"argmax", [Pure]> {
  let summary = "the position of each row's largest element, as a number";
  let description = [{
    Of equal ones, the first. NaN counts as less than anything else.

    Example:

    ```mlir
    %i = batch.argmax %x : tensor<?x5xf32> -> tensor<?x1xf32>
    ```
  }];
  let arguments = (ins Batch_Tensor:$source);
  let results = (outs Batch_Tensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Batch_PickOp : Batch_Op<"pick", [Pure]> {
  let summary = "the element of each row that a token names";
  let description = [{
    Example:

    ```mlir
    %y = batch.pick %x[%label]
        : tensor<?x5xf32>, !batch.tokens<5> -> tensor<?x1xf32>
    ```
  }];
  let arguments = (ins Batch_Tensor:$source, Batch_TokensType:$tokens);
  let results = (outs Batch_Tensor:$result);
  let assemblyFormat = [{
    $source `[` $tokens `]` attr-dict `:` type($source) `,` type($tokens) `->`
    type($result)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Generated functions
//===----------------------------------------------------------------------===//

def Batch_BindOp : Batch_Op<"bind", [Pure]> {
  let summary = "the buffer in a slot, as a memref";
  let description = [{
    A generated function takes the array of buffers of its kernel's bindings.
    This operation reads slot `slot` of it. The memref has the identity layout
    and static dimensions, except that the first may be dynamic.

    Example:

    ```mlir
    %nodes = batch.bind %buffers[3] : !llvm.ptr -> memref<?x128xf32>
    ```
  }];
  let arguments = (ins LLVM_AnyPointer:$buffers, I64Attr:$slot);
  let results = (outs AnyNon0RankedMemRef:$result);
  let assemblyFormat = [{
    $buffers `[` $slot `]` attr-dict `:` type($buffers) `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif // EDBC_DIALECTS_BATCH_BATCHOPS_TD
