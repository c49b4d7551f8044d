// RUN: edbc-opt %s --pass-pipeline='builtin.module(batch.kernel(batch-hoist-products{hoist=all}))' | FileCheck %s
// RUN: edbc-opt %s --pass-pipeline='builtin.module(batch.kernel(batch-hoist-products{hoist=none}))' | FileCheck %s --check-prefix=NONE
// RUN: edbc-opt %s --pass-pipeline='builtin.module(batch.kernel(batch-hoist-products))' | FileCheck %s --check-prefix=NONE
// RUN: edbc-opt %s --pass-pipeline='builtin.module(batch.kernel(batch-hoist-products{cache=1000}))' | FileCheck %s
// RUN: not edbc-opt %s --pass-pipeline='builtin.module(batch.kernel(batch-hoist-products{hoist=some}))' 2>&1 | FileCheck %s --check-prefix=SOME

// SOME: error: batch-hoist-products: can't hoist 'some'; none, all or auto

batch.param @W : tensor<16x16xf32>
batch.param @U : tensor<16x16xf32>
batch.param @V : tensor<16x16xf32>
batch.state @Node {h : 16}
batch.state @Word {x : 16}
batch.state @Stack {h1 : 16, h2 : 16}

// A word is there before the chain is.
// CHECK-LABEL: batch.kernel @other_state
// CHECK:         %[[Q:.*]] = batch.product %[[X:.*]] with [#batch.term<@W[0]>]
// CHECK-NEXT:    batch.product %[[H:.*]] from %[[Q]] : tensor<?x16xf32> with [#batch.term<@U[0]>]
// Operands that could be taken out stand first, whether they are or not.
// NONE-LABEL:  batch.kernel @other_state
// NONE:          %[[H:.*]] = batch.gather %last["h"]
// NONE:          %[[X:.*]] = batch.gather %word["x"]
// NONE:          batch.product %[[X]], %[[H]] with [#batch.term<@W[0]>, #batch.term<@U[0]>]
// NONE-NOT:    from
// NONE-LABEL:  batch.kernel @input
batch.kernel @other_state(%word: !batch.rows<@Word>, %last: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %last["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  %x = batch.gather %word["x"] : !batch.rows<@Word> -> tensor<?x16xf32>
  %p = batch.product %h, %x with [#batch.term<@U[0]>, #batch.term<@W[0]>]
      : tensor<?x16xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
  batch.scatter %p to "h" : tensor<?x16xf32>
}

// So is what the application gives; a sum that begins with something goes on.
// CHECK-LABEL: batch.kernel @input
// CHECK:         %[[Q:.*]] = batch.product %[[X:.*]] from %[[B:.*]] : tensor<?x16xf32> with [#batch.term<@W[0]>]
// CHECK-NEXT:    batch.product %[[H:.*]] from %[[Q]]
batch.kernel @input(%in: !batch.values<16>, %last: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %last["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  %x = batch.input %in : !batch.values<16> -> tensor<?x16xf32>
  %p = batch.product %x, %h from %x : tensor<?x16xf32> with [#batch.term<@W[0]>, #batch.term<@U[0]>]
      : tensor<?x16xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
  batch.scatter %p to "h" : tensor<?x16xf32>
}

// The lower of two layers doesn't wait for the upper one.
// CHECK-LABEL: batch.kernel @two_layers
// CHECK:         %[[P1:.*]] = batch.product %[[H1:.*]] with [#batch.term<@U[0]>]
// CHECK-NEXT:    %[[N1:.*]] = math.tanh %[[P1]]
// CHECK-NEXT:    %[[Q2:.*]] = batch.product %[[N1]] with [#batch.term<@W[0]>]
// CHECK-NEXT:    %[[P2:.*]] = batch.product %[[H2:.*]] from %[[Q2]] : tensor<?x16xf32> with [#batch.term<@V[0]>]
batch.kernel @two_layers(%last: !batch.rows<@Stack>) -> @Stack {
  %h1 = batch.gather %last["h1"] : !batch.rows<@Stack> -> tensor<?x16xf32>
  %h2 = batch.gather %last["h2"] : !batch.rows<@Stack> -> tensor<?x16xf32>
  %p1 = batch.product %h1 with [#batch.term<@U[0]>] : tensor<?x16xf32> -> tensor<?x16xf32>
  %n1 = math.tanh %p1 : tensor<?x16xf32>
  %p2 = batch.product %n1, %h2 with [#batch.term<@W[0]>, #batch.term<@V[0]>]
      : tensor<?x16xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
  batch.scatter %n1 to "h1" : tensor<?x16xf32>
  batch.scatter %p2 to "h2" : tensor<?x16xf32>
}

// But here it does.
// CHECK-LABEL: batch.kernel @crossed
// CHECK-NOT:     from
batch.kernel @crossed(%last: !batch.rows<@Stack>) -> @Stack {
  %h1 = batch.gather %last["h1"] : !batch.rows<@Stack> -> tensor<?x16xf32>
  %h2 = batch.gather %last["h2"] : !batch.rows<@Stack> -> tensor<?x16xf32>
  %n1 = batch.product %h2 with [#batch.term<@U[0]>] : tensor<?x16xf32> -> tensor<?x16xf32>
  %p2 = batch.product %n1, %h1 with [#batch.term<@W[0]>, #batch.term<@V[0]>]
      : tensor<?x16xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
  batch.scatter %n1 to "h1" : tensor<?x16xf32>
  batch.scatter %p2 to "h2" : tensor<?x16xf32>
}

// Both children are of the recurrence, and a score of none.
// CHECK-LABEL: batch.kernel @inner
// CHECK-NOT:     from
// CHECK-LABEL: batch.kernel @score
// CHECK-NOT:     from
batch.kernel @inner(%left: !batch.rows<@Node>, %right: !batch.rows<@Node>) -> @Node {
  %l = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  %r = batch.gather %right["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  %p = batch.product %l, %r with [#batch.term<@U[0]>, #batch.term<@W[0]>]
      : tensor<?x16xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
  batch.scatter %p to "h" : tensor<?x16xf32>
}
batch.kernel @score(%left: !batch.rows<@Node>, %right: !batch.rows<@Node>) -> @Word {
  %l = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  %r = batch.gather %right["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  %p = batch.product %l, %r with [#batch.term<@U[0]>, #batch.term<@W[0]>]
      : tensor<?x16xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
  batch.scatter %p to "x" : tensor<?x16xf32>
}
