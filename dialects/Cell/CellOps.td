//===- CellOps.td - operations of the cell dialect -------------*- tablegen -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_DIALECTS_CELL_CELLOPS_TD
#define EDBC_DIALECTS_CELL_CELLOPS_TD

include "dialects/Cell/CellDialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Cell_Op<string opMnemonic, list<Trait> traits = []>
    : Op<Cell_Dialect, opMnemonic, traits>;

def Cell_Vector : Type<
    And<[1DTensorOf<[F32]>.predicate, HasStaticShapePred]>,
    "vector of static length", "::mlir::RankedTensorType">;

def Cell_Matrix : Type<
    And<[2DTensorOf<[F32]>.predicate, HasStaticShapePred]>,
    "matrix of static shape", "::mlir::RankedTensorType">;

def Cell_Tensor : AnyTypeOf<[Cell_Vector, Cell_Matrix],
    "vector or matrix of static shape", "::mlir::RankedTensorType">;

def Cell_Scalar : Type<
    And<[1DTensorOf<[F32]>.predicate, HasStaticShapePred,
         CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getDimSize(0) == 1">]>,
    "vector of length 1", "::mlir::RankedTensorType">,
  BuildableType<"::mlir::RankedTensorType::get({1}, $_builder.getF32Type())">;

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

def Cell_ParamOp : Cell_Op<"param", [HasParent<"::mlir::ModuleOp">, Symbol]> {
  let summary = "declares a learned tensor";
  let description = [{
    A parameter of the network, under the name that it has in a weights file:
    f32, of rank 1 (a vector, such as a bias), 2 (a weight matrix, or a table of
    embeddings, one a row) or 3 (a table of matrices).

    Example:

    ```mlir
    cell.param @U : tensor<64x128xf32>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<AnyRankedTensor>:$type);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getTensorType() {
      return ::mlir::cast<::mlir::RankedTensorType>(getType());
    }
  }];
}

def Cell_StateOp : Cell_Op<"state", [HasParent<"::mlir::ModuleOp">, Symbol]> {
  let summary = "declares a named group of tensors that nodes produce";
  let description = [{
    Names the fields of a state and their shapes. At least one field; vectors and
    matrices of static shape.

    Example:

    ```mlir
    cell.state @Node {h : tensor<64xf32>, c : tensor<64xf32>}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$field_names,
                   TypeArrayAttr:$field_types);
  let assemblyFormat = [{
    $sym_name `{` custom<StateFields>($field_names, $field_types) `}` attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The position of a field, or nothing where there is none of that name.
    std::optional<unsigned> findField(::llvm::StringRef name);
    ::mlir::RankedTensorType getFieldType(unsigned index);
    unsigned getNumFields() { return getFieldNames().size(); }
  }];
}

def Cell_OutputOp : Cell_Op<"output", [
    HasParent<"::mlir::ModuleOp">, Symbol,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "names a field that applications read";
  let description = [{
    Makes a field of a state readable from outside, under a name of its own.

    Example:

    ```mlir
    cell.output @logits of @Score["logits"]
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$state,
                   StrAttr:$field);
  let assemblyFormat = "$sym_name `of` $state `[` $field `]` attr-dict";
}

//===----------------------------------------------------------------------===//
// Cells
//===----------------------------------------------------------------------===//

def Cell_DefOp : Cell_Op<"def", [
    HasParent<"::mlir::ModuleOp">, IsolatedFromAbove, Symbol,
    SingleBlock, DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "defines a cell: a type of node";
  let description = [{
    A cell computes a state from its operands: other nodes (`!cell.ref`), lists
    of other nodes (`!cell.refs`), tokens (`!cell.token`) and dense inputs
    (vectors). Its body ends in a `cell.yield`
    with one value for each field of the resulting state, in order. Operand
    names are kept, since the generated functions bear them.

    Example:

    ```mlir
    cell.def @leaf(%word: !cell.token<256>) -> @Node {
      %x = cell.lookup @E[%word] : !cell.token<256> -> tensor<64xf32>
      cell.yield %x : tensor<64xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$operand_names,
                   FlatSymbolRefAttr:$state, OptionalAttr<StrAttr>:$doc);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block &getBodyBlock() { return getBody().front(); }
    unsigned getNumOperandsOfCell() { return getBodyBlock().getNumArguments(); }
    ::llvm::StringRef getOperandName(unsigned index) {
      return ::mlir::cast<::mlir::StringAttr>(getOperandNames()[index]).getValue();
    }
    YieldOp getYield();
  }];
}

def Cell_YieldOp : Cell_Op<"yield", [
    Pure, Terminator, ReturnLike, ParentOneOf<["DefOp", "ReduceOp"]>]> {
  let summary = "ends a cell with the fields of its resulting state";
  let description = [{
    In `cell.reduce`, ends what is computed for one node of the list.

    Example:

    ```mlir
    cell.yield %h, %c : tensor<64xf32>, tensor<64xf32>
    ```
  }];
  let arguments = (ins Variadic<Cell_Tensor>:$fields);
  let assemblyFormat = "$fields `:` type($fields) attr-dict";
}

//===----------------------------------------------------------------------===//
// Reading operands and parameters
//===----------------------------------------------------------------------===//

def Cell_FieldOp : Cell_Op<"field", [
    Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "reads a field of another node's state";
  let description = [{
    Example:

    ```mlir
    %h = cell.field %left["h"] : !cell.ref<@Node> -> tensor<64xf32>
    ```
  }];
  let arguments = (ins Cell_RefType:$node, StrAttr:$field);
  let results = (outs Cell_Tensor:$result);
  let assemblyFormat = [{
    $node `[` $field `]` attr-dict `:` type($node) `->` type($result)
  }];
}

def Cell_LookupOp : Cell_Op<"lookup", [
    Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "reads the entry of a table that a token names";
  let description = [{
    The table is a parameter: a matrix, whose entries are its rows, or of rank 3,
    whose entries are matrices. It has at least as many entries as the token's
    bound.

    Example:

    ```mlir
    %x = cell.lookup @E[%word] : !cell.token<256> -> tensor<64xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$table, Cell_TokenType:$token);
  let results = (outs Cell_Tensor:$result);
  let assemblyFormat = [{
    $table `[` $token `]` attr-dict `:` type($token) `->` type($result)
  }];
}

def Cell_WeightOp : Cell_Op<"weight", [
    Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "reads a parameter that is a vector or a matrix";
  let description = [{
    Example:

    ```mlir
    %b = cell.weight @bi : tensor<64xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$param);
  let results = (outs Cell_Tensor:$result);
  let assemblyFormat = "$param attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

def Cell_ProductOp : Cell_Op<"product", [
    Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "multiplies a matrix parameter by a vector or a matrix";
  let description = [{
    `result[n] = sum over k of param[n, k] * operand[k]`, and of a matrix,
    `result[n, c] = sum over k of param[n, k] * operand[k, c]`.

    Example:

    ```mlir
    %p = cell.product @U, %e : tensor<128xf32> -> tensor<64xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$param, Cell_Tensor:$operand);
  let results = (outs Cell_Tensor:$result);
  let assemblyFormat = [{
    $param `,` $operand attr-dict `:` type($operand) `->` type($result)
  }];
}

def Cell_MultiplyOp : Cell_Op<"multiply", [Pure]> {
  let summary = "multiplies a matrix by a vector or a matrix";
  let description = [{
    As `cell.product`, where the matrix is a value: a field of a state, say.

    Example:

    ```mlir
    %p = cell.multiply %M, %v : tensor<64x32xf32>, tensor<32xf32> -> tensor<64xf32>
    ```
  }];
  let arguments = (ins Cell_Matrix:$matrix, Cell_Tensor:$operand);
  let results = (outs Cell_Tensor:$result);
  let assemblyFormat = [{
    $matrix `,` $operand attr-dict `:` type($matrix) `,` type($operand) `->`
    type($result)
  }];
  let hasVerifier = 1;
}

def Cell_BroadcastOp : Cell_Op<"broadcast", [Pure]> {
  let summary = "the matrix all of whose columns, or rows, are one vector";
  let description = [{
    Example:

    ```mlir
    %m = cell.broadcast %b along columns : tensor<64xf32> -> tensor<64x32xf32>
    ```
  }];
  let arguments = (ins Cell_Vector:$vector, Cell_Direction:$direction);
  let results = (outs Cell_Matrix:$result);
  let assemblyFormat = [{
    $vector `along` $direction attr-dict `:` type($vector) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Cell_ReduceOp : Cell_Op<"reduce", [
    RecursiveMemoryEffects, RecursivelySpeculatable,
    SingleBlock, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "sums a tensor of each node of a list, or the like";
  let description = [{
    The region computes a tensor for one node of the list; it may use values from
    outside. The result is their sum, elementwise, in the order of the list; or
    their maximum or mean, for lists of at least one node.

    Example:

    ```mlir
    %s = cell.reduce sum %children : !cell.refs<@Node> {
    ^bb0(%child: !cell.ref<@Node>):
      %h = cell.field %child["h"] : !cell.ref<@Node> -> tensor<64xf32>
      cell.yield %h : tensor<64xf32>
    } : tensor<64xf32>
    ```
  }];
  let arguments = (ins Cell_Reduction:$reduction, Cell_RefsType:$nodes);
  let results = (outs Cell_Tensor:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $reduction $nodes `:` type($nodes) $body `:` type($result) attr-dict
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block &getBodyBlock() { return getBody().front(); }
    ::mlir::BlockArgument getNode() { return getBodyBlock().getArgument(0); }
    /// The tensor of one node.
    ::mlir::Value getReduced();
  }];
}

def Cell_SigmoidOp : Cell_Op<"sigmoid", [Pure, SameOperandsAndResultType]> {
  let summary = "the logistic function, elementwise: 1 / (1 + exp(-x))";
  let description = [{
    Example:

    ```mlir
    %i = cell.sigmoid %p : tensor<64xf32>
    ```
  }];
  let arguments = (ins Cell_Tensor:$operand);
  let results = (outs Cell_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Classification
//===----------------------------------------------------------------------===//

def Cell_SoftmaxOp : Cell_Op<"softmax", [Pure, SameOperandsAndResultType]> {
  let summary = "result[n] = exp(x[n]) / sum over k of exp(x[k])";
  let description = [{
    Example:

    ```mlir
    %p = cell.softmax %logits : tensor<5xf32>
    ```
  }];
  let arguments = (ins Cell_Vector:$operand);
  let results = (outs Cell_Vector:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

def Cell_LogSoftmaxOp : Cell_Op<"log_softmax", [Pure, SameOperandsAndResultType]> {
  let summary = "result[n] = x[n] - log(sum over k of exp(x[k]))";
  let description = [{
    Example:

    ```mlir
    %p = cell.log_softmax %logits : tensor<5xf32>
    ```
  }];
  let arguments = (ins Cell_Vector:$operand);
  let results = (outs Cell_Vector:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

def Cell_CrossEntropyOp : Cell_Op<"cross_entropy", [Pure]> {
  let summary = "log(sum over k of exp(x[k])) - x[label]";
  let description = [{
    The label's bound is the vector's length.

    Example:

    ```mlir
    %l = cell.cross_entropy %logits, %label : tensor<5xf32>, !cell.token<5>
    ```
  }];
  let arguments = (ins Cell_Vector:$operand, Cell_TokenType:$label);
  let results = (outs Cell_Scalar:$result);
  let assemblyFormat = [{
    $operand `,` $label attr-dict `:` type($operand) `,` type($label)
  }];
  let hasVerifier = 1;
}

def Cell_ArgmaxOp : Cell_Op<"argmax", [Pure]> {
  let summary = "the position of the largest element, as a number";
  let description = [{
    Of equal ones, the first. NaN counts as less than anything else.

    Example:

    ```mlir
    %i = cell.argmax %logits : tensor<5xf32>
    ```
  }];
  let arguments = (ins Cell_Vector:$operand);
  let results = (outs Cell_Scalar:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand)";
}

#endif // EDBC_DIALECTS_CELL_CELLOPS_TD
