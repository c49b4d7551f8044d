// RUN: edbc-opt %s --cell-to-batch | FileCheck %s

// CHECK: batch.param @E : tensor<256x64xf32>
cell.param @E : tensor<256x64xf32>
cell.param @U : tensor<64x160xf32>
cell.param @b : tensor<64xf32>
// CHECK: batch.state @Node{h : 64}
cell.state @Node {h : tensor<64xf32>}

// CHECK-LABEL: batch.kernel @leaf(%word: !batch.tokens<256>) -> @Node
// CHECK-SAME:    doc = "A word."
// CHECK-NEXT:    %[[X:.*]] = batch.lookup @E[%word]
// CHECK-NEXT:    batch.scatter %[[X]] to "h"
// CHECK-NEXT:  }
cell.def @leaf(%word: !cell.token<256>) -> @Node attributes {doc = "A word."} {
  %x = cell.lookup @E[%word] : !cell.token<256> -> tensor<64xf32>
  cell.yield %x : tensor<64xf32>
}

// A concatenation, however nested, becomes terms of the product.
// CHECK-LABEL: batch.kernel @concatenated_operands
// CHECK-DAG:     %[[D:.*]] = batch.input %features : <32> -> tensor<?x32xf32>
// CHECK-DAG:     %[[L:.*]] = batch.gather %left["h"]
// CHECK-DAG:     %[[R:.*]] = batch.gather %right["h"]
// CHECK:         batch.product %[[L]], %[[D]], %[[R]]
// CHECK-SAME:      with [#batch.term<@U[0]>, #batch.term<@U[64]>, #batch.term<@U[96]>]
// CHECK-NOT:     concat
cell.def @concatenated_operands(%left: !cell.ref<@Node>, %features: tensor<32xf32>,
                                %right: !cell.ref<@Node>) -> @Node {
  %l = cell.field %left["h"] : !cell.ref<@Node> -> tensor<64xf32>
  %r = cell.field %right["h"] : !cell.ref<@Node> -> tensor<64xf32>
  %e = tensor.concat dim(0) %l, %features
      : (tensor<64xf32>, tensor<32xf32>) -> tensor<96xf32>
  %f = tensor.concat dim(0) %e, %r
      : (tensor<96xf32>, tensor<64xf32>) -> tensor<160xf32>
  %p = cell.product @U, %f : tensor<160xf32> -> tensor<64xf32>
  cell.yield %p : tensor<64xf32>
}

// CHECK-LABEL: batch.kernel @elementwise
// CHECK:         %[[B:.*]] = batch.broadcast @b
// CHECK:         %[[ONE:.*]] = batch.splat 1.000000e+00
// CHECK:         %[[N:.*]] = arith.negf %[[B]] : tensor<?x64xf32>
// CHECK:         %[[X:.*]] = math.exp %[[N]]
// CHECK:         %[[S:.*]] = arith.addf %[[ONE]], %[[X]]
// CHECK:         %[[G:.*]] = arith.divf %[[ONE]], %[[S]]
// CHECK:         %[[C:.*]] = batch.splat 5.000000e-01
// CHECK:         %[[M:.*]] = arith.mulf %[[G]], %[[C]] fastmath<nnan> : tensor<?x64xf32>
// CHECK:         math.tanh %[[M]] : tensor<?x64xf32>
cell.def @elementwise() -> @Node {
  %b = cell.weight @b : tensor<64xf32>
  %s = cell.sigmoid %b : tensor<64xf32>
  %c = arith.constant dense<0.5> : tensor<64xf32>
  %m = arith.mulf %s, %c fastmath<nnan> : tensor<64xf32>
  %t = math.tanh %m : tensor<64xf32>
  cell.yield %t : tensor<64xf32>
}

// CHECK: batch.output @hidden of @Node["h"]
cell.output @hidden of @Node["h"]
