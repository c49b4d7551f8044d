// RUN: edbc-opt %s --batch-fold-tables --cse | FileCheck %s
// RUN: edbc-opt %s --batch-fold-tables --cse | edbc-opt --batch-fold-tables | FileCheck %s
// RUN: edbc-opt %s --batch-fold-tables=limit=0 | FileCheck %s --check-prefix=NONE
// RUN: edbc-opt %s --batch-fold-tables=limit=2100 | FileCheck %s --check-prefix=LITTLE

// Cells that depend on a token or on nothing are looked up in their state's
// table.

batch.param @E : tensor<7x16xf32>
batch.param @b : tensor<16xf32>
batch.param @W : tensor<16x16xf32>

// CHECK: batch.state @Node{h : 16, c : 16} {table_rows = 17 : i64}
// NONE-NOT: table_rows
batch.state @Node {h : 16, c : 16}

// CHECK:      batch.kernel @leaf(%word: !batch.tokens<7>) -> @Node
// CHECK-SAME:   doc = "A word.", first_row = 0 : i64} {
// CHECK-NEXT: }
// NONE-LABEL: batch.kernel @leaf
// NONE-NEXT:    batch.lookup
batch.kernel @leaf(%word: !batch.tokens<7>) -> @Node attributes {doc = "A word."} {
  %e = batch.lookup @E[%word] : !batch.tokens<7> -> tensor<?x16xf32>
  %t = math.tanh %e : tensor<?x16xf32>
  batch.scatter %e to "h" : tensor<?x16xf32>
  batch.scatter %t to "c" : tensor<?x16xf32>
}

// CHECK:      batch.kernel @zero() -> @Node
// CHECK-SAME:   first_row = 7 : i64} {
// CHECK-NEXT: }
// NONE-LABEL: batch.kernel @zero
// NONE-NEXT:    batch.splat
batch.kernel @zero() -> @Node {
  %z = batch.splat 0.000000e+00 : tensor<?x16xf32>
  batch.scatter %z to "h" : tensor<?x16xf32>
  batch.scatter %z to "c" : tensor<?x16xf32>
}

// CHECK:      batch.kernel @tag(%tag: !batch.tokens<9>) -> @Node
// CHECK-SAME:   first_row = 8 : i64} {
// CHECK-NEXT: }
batch.kernel @tag(%tag: !batch.tokens<9>) -> @Node {
  %b = batch.broadcast @b : tensor<?x16xf32>
  batch.scatter %b to "h" : tensor<?x16xf32>
  batch.scatter %b to "c" : tensor<?x16xf32>
}

// What depends on more is computed.
// CHECK:      batch.kernel @inner
// CHECK-NEXT:   batch.gather
batch.kernel @inner(%left: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  %p = batch.product %h with [#batch.term<@W[0]>] : tensor<?x16xf32> -> tensor<?x16xf32>
  batch.scatter %h to "h" : tensor<?x16xf32>
  batch.scatter %p to "c" : tensor<?x16xf32>
}
// CHECK:      batch.kernel @both
// CHECK-NEXT:   batch.lookup
batch.kernel @both(%a: !batch.tokens<7>, %b: !batch.tokens<7>) -> @Node {
  %e = batch.lookup @E[%a] : !batch.tokens<7> -> tensor<?x16xf32>
  %f = batch.lookup @E[%b] : !batch.tokens<7> -> tensor<?x16xf32>
  batch.scatter %e to "h" : tensor<?x16xf32>
  batch.scatter %f to "c" : tensor<?x16xf32>
}

// CHECK:      batch.kernel @leaf.word(%word: !batch.tokens<7>) -> @Node
// CHECK-NOT:    doc
// CHECK-SAME:   first_row = 0 : i64, table = 7
// CHECK-NEXT:   %[[E:.*]] = batch.lookup @E[%word]
// CHECK-NEXT:   %[[T:.*]] = math.tanh %[[E]]
// CHECK-NEXT:   batch.scatter %[[E]] to "h"
// CHECK-NEXT:   batch.scatter %[[T]] to "c"
// CHECK:      batch.kernel @zero.result() -> @Node
// CHECK-SAME:   first_row = 7 : i64, table = 1
// CHECK:      batch.kernel @tag.tag(%tag: !batch.tokens<9>) -> @Node
// CHECK-SAME:   first_row = 8 : i64, table = 9
// CHECK-NOT:  batch.kernel

// 7 rows of 128 bytes, one, and not the 9 of @tag any more. @E is needed beside
// its rows by @both.
// LITTLE:     batch.state @Node{h : 16, c : 16} {table_rows = 8 : i64}
// LITTLE:     batch.kernel @tag(
// LITTLE-NOT:   first_row
// LITTLE:     batch.kernel @leaf.word(
