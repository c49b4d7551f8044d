//===- CellDialect.td - what a network computes ----------------*- tablegen -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_DIALECTS_CELL_CELLDIALECT_TD
#define EDBC_DIALECTS_CELL_CELLDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Cell_Dialect : Dialect {
  let name = "cell";
  let cppNamespace = "::edbc::cell";
  let summary = "what a dynamic neural network computes, one node at a time";
  let description = [{
    A module of this dialect is a network as its model file defines it:
    parameters (`cell.param`), states (`cell.state`), cells (`cell.def`) and
    outputs (`cell.output`). A cell's body computes on the tensors of one node
    of one instance; there is no batch dimension, no memory and no order of
    execution beyond that of the data. Elementwise arithmetic is that of `arith`
    and `math` on tensors of static shape, concatenation is `tensor.concat`, a
    part of a vector `tensor.extract_slice`.

    ```mlir
    module @tree_rnn {
      cell.param @E : tensor<256x64xf32>
      cell.param @U : tensor<64x128xf32>
      cell.state @Node {h : tensor<64xf32>}
      cell.def @leaf(%word: !cell.token<256>) -> @Node {
        %x = cell.lookup @E[%word] : !cell.token<256> -> tensor<64xf32>
        cell.yield %x : tensor<64xf32>
      }
      cell.def @inner(%left: !cell.ref<@Node>, %right: !cell.ref<@Node>) -> @Node {
        %l = cell.field %left["h"] : !cell.ref<@Node> -> tensor<64xf32>
        %r = cell.field %right["h"] : !cell.ref<@Node> -> tensor<64xf32>
        %e = tensor.concat dim(0) %l, %r : (tensor<64xf32>, tensor<64xf32>) -> tensor<128xf32>
        %p = cell.product @U, %e : tensor<128xf32> -> tensor<64xf32>
        %h = math.tanh %p : tensor<64xf32>
        cell.yield %h : tensor<64xf32>
      }
      cell.output @hidden of @Node["h"]
    }
    ```
  }];
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

class Cell_Type<string name, string typeMnemonic, list<Trait> traits = []>
    : TypeDef<Cell_Dialect, name, traits> {
  let mnemonic = typeMnemonic;
}

def Cell_RefType : Cell_Type<"Ref", "ref"> {
  let summary = "an earlier node, by the state that it produced";
  let description = [{
    The operand of a cell that is another node's result. Any cell whose result
    is the named `cell.state` may have produced it.

    Example: `!cell.ref<@Node>`
  }];
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$state);
  let assemblyFormat = "`<` $state `>`";
}

def Cell_TokenType : Cell_Type<"Token", "token"> {
  let summary = "an integer in [0, bound): a row of a table";
  let description = [{
    The operand of a cell that is given as a number, for lookups.

    Example: `!cell.token<256>`
  }];
  let parameters = (ins "int64_t":$bound);
  let assemblyFormat = "`<` $bound `>`";
  let genVerifyDecl = 1;
}

def Cell_RefsType : Cell_Type<"Refs", "refs"> {
  let summary = "any number of earlier nodes, by the state that they produced";
  let description = [{
    The operand of a cell that is a list of other nodes' results, of at least
    `least`.

    Examples: `!cell.refs<@Node>`, `!cell.refs<@Node, 1>`
  }];
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$state,
                    DefaultValuedParameter<"int64_t", "0">:$least);
  let assemblyFormat = "`<` $state (`,` $least^)? `>`";
  let genVerifyDecl = 1;
}

def Cell_Reduction : I32EnumAttr<"Reduction", "how a list becomes one tensor", [
    I32EnumAttrCase<"Sum", 0, "sum">,
    I32EnumAttrCase<"Max", 1, "max">,
    I32EnumAttrCase<"Mean", 2, "mean">]> {
  let cppNamespace = "::edbc::cell";
}

def Cell_Direction : I32EnumAttr<"Direction", "what a vector fills a matrix with", [
    I32EnumAttrCase<"Columns", 0, "columns">,
    I32EnumAttrCase<"Rows", 1, "rows">]> {
  let cppNamespace = "::edbc::cell";
}

#endif // EDBC_DIALECTS_CELL_CELLDIALECT_TD
