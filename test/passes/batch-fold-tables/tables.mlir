// RUN: edbc-opt %s --batch-fold-tables --cse | FileCheck %s
// RUN: edbc-opt %s --batch-fold-tables=limit=0 --cse | FileCheck %s --check-prefix=NONE
// RUN: edbc-opt %s --batch-fold-tables=limit=400 --cse | FileCheck %s --check-prefix=NONE

batch.param @E : tensor<7x16xf32>
batch.param @A : tensor<16x16xf32>
batch.param @W : tensor<16x16xf32>
batch.param @U : tensor<16x16xf32>
batch.state @Node {h : 16, c : 16}

// Operands that depend on tokens come first in products, with tables or without.
// NONE-LABEL: batch.kernel @step
// NONE:         batch.product %{{.*}}, %{{.*}} with [#batch.term<@W[0]>, #batch.term<@U[0]>]
// NONE-NOT:   table

// CHECK-LABEL: batch.kernel @step
// CHECK-NEXT:    %[[H:.*]] = batch.gather %last["h"]
// CHECK-NEXT:    %[[X:.*]] = batch.recall @step.word.values["v0"]{{ *}}[%word]
// CHECK-NEXT:    %[[T:.*]] = batch.recall @step.word.values["v1"]{{ *}}[%word]
// CHECK-NEXT:    %[[P:.*]] = batch.product %[[H]] from %[[T]] : tensor<?x16xf32> with [#batch.term<@U[0]>]
// CHECK-NEXT:    %[[Z:.*]] = arith.mulf %[[P]], %[[X]]
batch.kernel @step(%word: !batch.tokens<7>, %last: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %last["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  %e = batch.lookup @E[%word] : !batch.tokens<7> -> tensor<?x16xf32>
  %a = batch.product %e with [#batch.term<@A[0]>] : tensor<?x16xf32> -> tensor<?x16xf32>
  %x = math.tanh %a : tensor<?x16xf32>
  %p = batch.product %h, %x with [#batch.term<@U[0]>, #batch.term<@W[0]>]
      : tensor<?x16xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
  %z = arith.mulf %p, %x : tensor<?x16xf32>
  batch.scatter %p to "h" : tensor<?x16xf32>
  batch.scatter %z to "c" : tensor<?x16xf32>
}

// What takes no product is as quick to compute as to look up.
// CHECK-LABEL: batch.kernel @cheap
// CHECK:         batch.lookup
// CHECK:         math.tanh
batch.kernel @cheap(%word: !batch.tokens<7>, %last: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %last["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  %e = batch.lookup @E[%word] : !batch.tokens<7> -> tensor<?x16xf32>
  %t = math.tanh %e : tensor<?x16xf32>
  batch.scatter %h to "h" : tensor<?x16xf32>
  batch.scatter %t to "c" : tensor<?x16xf32>
}

// Two tokens together are no row of a table.
// CHECK-LABEL: batch.kernel @two_tokens
// CHECK:         %[[E:.*]] = batch.lookup @E[%b]
// CHECK:         %[[T:.*]] = batch.recall @two_tokens.a.values["v0"]{{ *}}[%a]
// CHECK:         batch.product %[[E]] from %[[T]]
batch.kernel @two_tokens(%a: !batch.tokens<7>, %b: !batch.tokens<7>) -> @Node {
  %e = batch.lookup @E[%a] : !batch.tokens<7> -> tensor<?x16xf32>
  %f = batch.lookup @E[%b] : !batch.tokens<7> -> tensor<?x16xf32>
  %p = batch.product %e, %f with [#batch.term<@U[0]>, #batch.term<@W[0]>]
      : tensor<?x16xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
  batch.scatter %p to "h" : tensor<?x16xf32>
  batch.scatter %f to "c" : tensor<?x16xf32>
}

// CHECK:       batch.state @step.word.values{v0 : 16, v1 : 16}
// CHECK:       batch.kernel @step.word(%word: !batch.tokens<7>) -> @step.word.values
// CHECK-SAME:    table = 7
// CHECK-NEXT:    %[[E:.*]] = batch.lookup @E[%word]
// CHECK-NEXT:    %[[A:.*]] = batch.product %[[E]] with [#batch.term<@A[0]>]
// CHECK-NEXT:    %[[X:.*]] = math.tanh %[[A]]
// CHECK-NEXT:    batch.scatter %[[X]] to "v0"
// CHECK-NEXT:    %[[P:.*]] = batch.product %[[X]] with [#batch.term<@W[0]>]
// CHECK-NEXT:    batch.scatter %[[P]] to "v1"
