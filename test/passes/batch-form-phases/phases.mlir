// RUN: edbc-opt %s --pass-pipeline='builtin.module(batch.kernel(batch-form-phases))' | FileCheck %s

batch.param @W : tensor<64x64xf32>
batch.param @U : tensor<64x64xf32>
batch.param @V : tensor<64x64xf32>
batch.param @O : tensor<5x64xf32>
batch.param @b : tensor<64xf32>
batch.state @Node {h : 64}
batch.state @Both {h : 64, logits : 5}

// CHECK-LABEL: @one_phase
// CHECK-NEXT:    batch.phase width 64 {
// CHECK-NEXT:      %[[H:.*]] = batch.gather
// CHECK-NEXT:      %[[P:.*]] = batch.product %[[H]]
// CHECK-NEXT:      %[[B:.*]] = batch.broadcast @b
// CHECK-NEXT:      %[[S:.*]] = arith.addf %[[P]], %[[B]]
// CHECK-NEXT:      batch.scatter %[[S]]
// CHECK-NEXT:      batch.yield
// CHECK-NEXT:    }
// CHECK-NEXT:  }
batch.kernel @one_phase(%x: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %x["h"] : !batch.rows<@Node> -> tensor<?x64xf32>
  %p = batch.product %h with [#batch.term<@W[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
  %b = batch.broadcast @b : tensor<?x64xf32>
  %s = arith.addf %p, %b : tensor<?x64xf32>
  batch.scatter %s to "h" : tensor<?x64xf32>
}

// A product of a computed value waits for it; the operand is read anew.
// CHECK-LABEL: @product_of_a_computed_value
// CHECK-NEXT:    %[[K:.*]] = batch.phase width 64 {
// CHECK:           %[[R:.*]] = arith.mulf
// CHECK-NEXT:      batch.yield %[[R]]
// CHECK-NEXT:    } : tensor<?x64xf32>
// CHECK-NEXT:    batch.phase width 64 {
// CHECK:           %[[C:.*]] = batch.product %[[K]] with [#batch.term<@V[0]>]
// CHECK:           %[[H:.*]] = batch.gather
// CHECK:           arith.addf %[[C]], %[[H]]
batch.kernel @product_of_a_computed_value(%x: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %x["h"] : !batch.rows<@Node> -> tensor<?x64xf32>
  %p = batch.product %h with [#batch.term<@W[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
  %r = arith.mulf %p, %h : tensor<?x64xf32>
  %c = batch.product %r with [#batch.term<@V[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
  %s = arith.addf %c, %h : tensor<?x64xf32>
  batch.scatter %s to "h" : tensor<?x64xf32>
}

// CHECK-LABEL: @values_of_another_width
// CHECK-NEXT:    batch.phase width 5 {
// CHECK:           batch.product %{{.*}} with [#batch.term<@O[0]>]
// CHECK:         batch.phase width 64 {
batch.kernel @values_of_another_width(%x: !batch.rows<@Node>) -> @Both {
  %h = batch.gather %x["h"] : !batch.rows<@Node> -> tensor<?x64xf32>
  %p = batch.product %h with [#batch.term<@O[0]>] : tensor<?x64xf32> -> tensor<?x5xf32>
  batch.scatter %h to "h" : tensor<?x64xf32>
  batch.scatter %p to "logits" : tensor<?x5xf32>
}

// A parameter is multiplied where it lies.
// CHECK-LABEL: @product_of_a_parameter
// CHECK-NEXT:    batch.phase width 64 {
// CHECK-NEXT:      %[[B:.*]] = batch.broadcast @b
// CHECK-NEXT:      batch.product %[[B]]
batch.kernel @product_of_a_parameter() -> @Node {
  %b = batch.broadcast @b : tensor<?x64xf32>
  %p = batch.product %b with [#batch.term<@W[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
  batch.scatter %p to "h" : tensor<?x64xf32>
}

// A constant that is multiplied is written to the workspace first.
// CHECK-LABEL: @product_of_a_constant
// CHECK-NEXT:    %[[K:.*]] = batch.phase width 64 {
// CHECK-NEXT:      %[[S:.*]] = batch.splat
// CHECK-NEXT:      batch.yield %[[S]]
// CHECK:         batch.phase width 64 {
// CHECK-NEXT:      batch.product %[[K]]
batch.kernel @product_of_a_constant() -> @Node {
  %s = batch.splat 0.5 : tensor<?x64xf32>
  %p = batch.product %s with [#batch.term<@W[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
  batch.scatter %p to "h" : tensor<?x64xf32>
}
