//===- BatchDialect.td - how a network is executed -------------*- tablegen -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_DIALECTS_BATCH_BATCHDIALECT_TD
#define EDBC_DIALECTS_BATCH_BATCHDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Batch_Dialect : Dialect {
  let name = "batch";
  let cppNamespace = "::edbc::batch";
  let summary = "how batches of a network's nodes are executed";
  let description = [{
    A module of this dialect holds, for each cell, a `batch.kernel` that computes
    all nodes of one batch: its values have a leading dimension of rows, one for
    each node, and all movement between rows of memory and rows of a batch is
    explicit (`batch.gather`, `batch.lookup`, `batch.input`, `batch.scatter`).

    Where an operand of a cell is any number of nodes, its *elements* in a batch
    are those of the first node, then those of the second, and so on. A value
    that has a row for each element bears `#batch.each` in its type, so that it
    can't be mixed with values that have a row for each node: `batch.repeat` and
    `batch.reduce` lead from one to the other. A value that is a matrix,
    `tensor<?x64x8xf32>`, is computed and stored column by column, as 8 rows of
    64.

    Passes then form phases (`batch.phase`), which become one compiled function
    each, lay out states, weights and workspace (`batch.pack` and attributes of
    the other operations), and learn the batching policy (`batch.policy`).

    Decisions are attributes or operations: what is decided can be printed,
    compared, and written by hand in a test.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

class Batch_Type<string name, string typeMnemonic, list<Trait> traits = []>
    : TypeDef<Batch_Dialect, name, traits> {
  let mnemonic = typeMnemonic;
}

def Batch_RowsType : Batch_Type<"Rows", "rows"> {
  let summary = "of each node of a batch, the row of an operand in its state";
  let description = "Example: `!batch.rows<@Node>`";
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$state);
  let assemblyFormat = "`<` $state `>`";
}

def Batch_RaggedType : Batch_Type<"Ragged", "ragged"> {
  let summary = "of each node of a batch, the rows of any number of elements";
  let description = [{
    Of an operand that is at least `least` nodes.

    Examples: `!batch.ragged<@Node>`, `!batch.ragged<@Node, 1>`
  }];
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$state,
                    DefaultValuedParameter<"int64_t", "0">:$least);
  let assemblyFormat = "`<` $state (`,` $least^)? `>`";
}

def Batch_TokensType : Batch_Type<"Tokens", "tokens"> {
  let summary = "of each node of a batch, a token in [0, bound)";
  let description = "Example: `!batch.tokens<256>`";
  let parameters = (ins "int64_t":$bound);
  let assemblyFormat = "`<` $bound `>`";
  let genVerifyDecl = 1;
}

def Batch_ValuesType : Batch_Type<"Values", "values"> {
  let summary = "of each node of a batch, a dense vector given by the application";
  let description = "Example: `!batch.values<32>`";
  let parameters = (ins "int64_t":$width);
  let assemblyFormat = "`<` $width `>`";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

class Batch_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Batch_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Batch_EachAttr : Batch_Attr<"Each", "each"> {
  let summary = "a row for each element of an operand";
  let description = [{
    The encoding of a tensor whose rows are those of the elements of operand
    number `operand` of the kernel, and not those of its nodes.

    Example: `tensor<?x64xf32, #batch.each<1>>`
  }];
  let parameters = (ins "int64_t":$operand);
  let assemblyFormat = "`<` $operand `>`";
}

def Batch_RowLayoutAttr : Batch_Attr<"RowLayout", "row_layout"> {
  let summary = "where the parts of a row lie";
  let description = [{
    `offsets[i]` is the float at which part `i` begins, `stride` the distance of
    two rows. All are multiples of 16 floats.

    Example: `#batch.row_layout<offsets = [0, 64], stride = 128>`
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$offsets, "int64_t":$stride);
  let assemblyFormat = [{
    `<` `offsets` `=` custom<Offsets>($offsets) `,` `stride` `=` $stride `>`
  }];
  let genVerifyDecl = 1;
}

def Batch_TermAttr : Batch_Attr<"Term", "term"> {
  let summary = "columns of a parameter that multiply one operand";
  let description = "Example: `#batch.term<@Ui[64]>`: columns from 64 on.";
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$param, "int64_t":$column);
  let assemblyFormat = "`<` $param `[` $column `]` `>`";
}

def Batch_SegmentAttr : Batch_Attr<"Segment", "segment"> {
  let summary = "the terms of a phase that read the same operand";
  let description = [{
    `accumulators[i]` is the number of the product, in the order of the phase,
    into which `terms[i]` adds.

    Example: `#batch.segment<64, [#batch.term<@Ui[0]>, #batch.term<@Uf1[0]>] into [0, 3]>`
  }];
  let parameters = (ins "int64_t":$depth, ArrayRefParameter<"TermAttr">:$terms,
                    ArrayRefParameter<"int64_t">:$accumulators);
  let assemblyFormat = "`<` $depth `,` `[` $terms `]` `into` `[` $accumulators `]` `>`";
}

def Batch_BindingKind : I32EnumAttr<"BindingKind", "what stands in a slot", [
    I32EnumAttrCase<"Items", 0, "items">,
    I32EnumAttrCase<"OperandRows", 1, "operand_rows">,
    I32EnumAttrCase<"OperandTokens", 2, "operand_tokens">,
    I32EnumAttrCase<"OperandValues", 3, "operand_values">,
    I32EnumAttrCase<"ResultRows", 4, "result_rows">,
    I32EnumAttrCase<"State", 5, "state">,
    I32EnumAttrCase<"Constant", 6, "constant">,
    I32EnumAttrCase<"Workspace", 7, "workspace">,
    I32EnumAttrCase<"ElementRows", 8, "element_rows">,
    I32EnumAttrCase<"ElementOwners", 9, "element_owners">,
    I32EnumAttrCase<"ElementBegins", 10, "element_begins">,
    I32EnumAttrCase<"ElementWorkspace", 11, "element_workspace">,
    I32EnumAttrCase<"Columns", 12, "columns">,
    I32EnumAttrCase<"Table", 13, "table">]> {
  let cppNamespace = "::edbc::batch";
  let genSpecializedAttr = 0;
}

def Batch_BindingAttr : Batch_Attr<"Binding", "binding"> {
  let summary = "one slot of the buffers that a phase's function is called with";
  let description = [{
    The kinds are those of `edbc_binding_kind` in `runtime/include/edbc/abi.h`,
    with the same numbers. `index` numbers an operand of the kernel; `symbol`
    names a state, a parameter (padded rows) or a `batch.pack`. Two kinds more
    are constants too: `columns`, the matrices of a parameter, column by column,
    and `table`, the rows of a state that kernels of tables have computed.

    Examples: `#batch.binding<items>`, `#batch.binding<operand_rows : 1>`,
    `#batch.binding<state of @Node>`, `#batch.binding<constant of @E>`,
    `#batch.binding<columns of @M>`, `#batch.binding<table of @leaf.word>`
  }];
  let parameters = (ins EnumParameter<Batch_BindingKind>:$kind,
                    DefaultValuedParameter<"int64_t", "-1">:$index,
                    OptionalParameter<"::mlir::FlatSymbolRefAttr">:$symbol);
  let assemblyFormat = "`<` $kind (`:` $index^)? (`of` $symbol^)? `>`";
}

def Batch_Reduction : I32EnumAttr<"Reduction", "how elements become one row", [
    I32EnumAttrCase<"Sum", 0, "sum">,
    I32EnumAttrCase<"Max", 1, "max">,
    I32EnumAttrCase<"Mean", 2, "mean">]> {
  let cppNamespace = "::edbc::batch";
}

def Batch_Placement : I32EnumAttr<"Placement", "how a column of siblings lies in memory", [
    I32EnumAttrCase<"InPlace", 0, "in_place">,
    I32EnumAttrCase<"Dropped", 1, "dropped">,
    I32EnumAttrCase<"Impossible", 2, "impossible">]> {
  let cppNamespace = "::edbc::batch";
  let genSpecializedAttr = 0;
}

def Batch_PlacementAttr : EnumAttr<Batch_Dialect, Batch_Placement, "placement"> {
  let summary = "how a column of siblings lies in memory";
  let description = [{
    `in_place`: next to each other, in the order of the siblings, or one value
    for all. Otherwise the column is copied: it was `dropped` in favour of
    others, or it is `impossible` in any layout.
  }];
  let assemblyFormat = "`<` $value `>`";
}

def Batch_Direction : I32EnumAttr<"Direction", "what a row fills a larger value with", [
    I32EnumAttrCase<"Columns", 0, "columns">,
    I32EnumAttrCase<"Rows", 1, "rows">,
    I32EnumAttrCase<"Elements", 2, "elements">]> {
  let cppNamespace = "::edbc::batch";
}

def Batch_Encoding : I32EnumAttr<"Encoding", "how a machine sees the frontier", [
    I32EnumAttrCase<"Base", 0, "base">,
    I32EnumAttrCase<"Max", 1, "max">,
    I32EnumAttrCase<"Sort", 2, "sort">,
    I32EnumAttrCase<"Critical", 3, "critical">]> {
  let cppNamespace = "::edbc::batch";
  let genSpecializedAttr = 0;
}

def Batch_PolicyKind : I32EnumAttr<"PolicyKind", "what chooses the next batch", [
    I32EnumAttrCase<"Fsm", 0, "fsm">,
    I32EnumAttrCase<"Agenda", 1, "agenda">,
    I32EnumAttrCase<"Depth", 2, "depth">,
    I32EnumAttrCase<"Lemma", 3, "lemma">]> {
  let cppNamespace = "::edbc::batch";
  let genSpecializedAttr = 0;
}

def Batch_PolicyKindAttr : EnumAttr<Batch_Dialect, Batch_PolicyKind, "policy_kind"> {
  let assemblyFormat = "`<` $value `>`";
}

def Batch_EncodingAttr : EnumAttr<Batch_Dialect, Batch_Encoding, "encoding"> {
  let assemblyFormat = "`<` $value `>`";
}

def Batch_TransitionAttr : Batch_Attr<"Transition", "transition"> {
  let summary = "an entry of a finite state machine";
  let description = [{
    Where the frontier is encoded as `frontier`, batch the ready nodes of
    `action`. For `sort` the frontier lists the kernels that have ready nodes, by
    descending count; for `max` the one with most ready nodes stands first and
    the others follow in order of declaration; for `base` all stand in order of
    declaration; for `critical` the kernel that was batched before comes first,
    then those of `max`, then the critical ones (see `EDBC_ENCODING_CRITICAL` in
    edbc/abi.h), in order of declaration.

    Example: `#batch.transition<[@score, @inner] -> @inner>`
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::FlatSymbolRefAttr">:$frontier,
                    "::mlir::FlatSymbolRefAttr":$action);
  let assemblyFormat = "`<` `[` $frontier `]` `->` $action `>`";
}

#endif // EDBC_DIALECTS_BATCH_BATCHDIALECT_TD
