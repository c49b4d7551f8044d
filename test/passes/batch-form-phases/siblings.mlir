// RUN: edbc-opt %s --pass-pipeline='builtin.module(batch.kernel(batch-form-phases{fuse=none}))' | FileCheck %s
// RUN: not edbc-opt %s --pass-pipeline='builtin.module(batch.kernel(batch-form-phases{fuse=some}))' 2>&1 | FileCheck %s --check-prefix=WRONG

// WRONG: batch-form-phases: can't fuse 'some'; all or none

batch.param @Wi : tensor<16x16xf32>
batch.param @Wo : tensor<16x16xf32>
batch.param @V : tensor<8x16xf32>
batch.param @bi : tensor<16xf32>
batch.param @bo : tensor<16xf32>
batch.state @Node {h : 16, c : 16}
batch.state @Small {x : 8, h : 16}

// Fields of one operand are gathered by one kernel, a product and its bias are
// one, and fields are stored by one.
// CHECK-LABEL: @gates
// CHECK-NEXT:    %[[IN:.*]]:2 = batch.phase width 16 siblings 2 {
// CHECK-NEXT:      batch.gather %x["h"]
// CHECK-NEXT:      batch.gather %x["c"]
// CHECK-NEXT:      batch.yield
// CHECK-NEXT:    }
// CHECK-NEXT:    %[[SUM:.*]]:2 = batch.phase width 16 siblings 2 {
// CHECK-NEXT:      batch.product %[[IN]]#0 with [#batch.term<@Wi[0]>]
// CHECK-NEXT:      batch.broadcast @bi
// CHECK-NEXT:      arith.addf
// CHECK-NEXT:      batch.product %[[IN]]#1 with [#batch.term<@Wo[0]>]
// CHECK-NEXT:      batch.broadcast @bo
// CHECK-NEXT:      arith.addf
// CHECK-NEXT:      batch.yield
// CHECK-NEXT:    }
// CHECK-NEXT:    %[[GATE:.*]]:2 = batch.phase width 16 siblings 2 {
// CHECK-NEXT:      math.tanh %[[SUM]]#0
// CHECK-NEXT:      math.tanh %[[SUM]]#1
// CHECK-NEXT:      batch.yield
// CHECK-NEXT:    }
// CHECK-NEXT:    %[[H:.*]] = batch.phase width 16 siblings 1 {
// CHECK-NEXT:      arith.mulf %[[GATE]]#0, %[[GATE]]#1
// CHECK-NEXT:      batch.yield
// CHECK-NEXT:    }
// CHECK-NEXT:    batch.phase width 16 siblings 2 {
// CHECK-NEXT:      batch.scatter %[[H]] to "h"
// CHECK-NEXT:      batch.scatter %[[GATE]]#1 to "c"
// CHECK-NEXT:      batch.yield
// CHECK-NEXT:    }
// CHECK-NEXT:  }
batch.kernel @gates(%x: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %x["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  %c = batch.gather %x["c"] : !batch.rows<@Node> -> tensor<?x16xf32>
  %pi = batch.product %h with [#batch.term<@Wi[0]>] : tensor<?x16xf32> -> tensor<?x16xf32>
  %bi = batch.broadcast @bi : tensor<?x16xf32>
  %si = arith.addf %pi, %bi : tensor<?x16xf32>
  %po = batch.product %c with [#batch.term<@Wo[0]>] : tensor<?x16xf32> -> tensor<?x16xf32>
  %bo = batch.broadcast @bo : tensor<?x16xf32>
  %so = arith.addf %po, %bo : tensor<?x16xf32>
  %i = math.tanh %si : tensor<?x16xf32>
  %o = math.tanh %so : tensor<?x16xf32>
  %s = arith.mulf %i, %o : tensor<?x16xf32>
  batch.scatter %s to "h" : tensor<?x16xf32>
  batch.scatter %o to "c" : tensor<?x16xf32>
}

// The shortest order isn't the first one that comes to mind: executed as soon as
// it is ready, the left tanh would be alone.
// CHECK-LABEL: @waits_for_a_sibling
// CHECK:         arith.mulf
// CHECK:         batch.phase width 16 siblings 2 {
// CHECK-NEXT:      math.tanh
// CHECK-NEXT:      math.tanh
batch.kernel @waits_for_a_sibling(%x: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %x["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  %c = batch.gather %x["c"] : !batch.rows<@Node> -> tensor<?x16xf32>
  %left = math.tanh %h : tensor<?x16xf32>
  %both = arith.mulf %h, %c : tensor<?x16xf32>
  %right = math.tanh %both : tensor<?x16xf32>
  batch.scatter %left to "h" : tensor<?x16xf32>
  batch.scatter %right to "c" : tensor<?x16xf32>
}

// Functions of one value are one kernel; what others read as well is kept.
// CHECK-LABEL: @functions_of_one_value
// CHECK:         arith.negf
// CHECK-NEXT:      math.exp
// CHECK-NEXT:      batch.yield
// CHECK:         batch.phase width 16 siblings 1 {
// CHECK-NEXT:      math.tanh
// CHECK-NEXT:      batch.yield
batch.kernel @functions_of_one_value(%x: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %x["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  %n = arith.negf %h : tensor<?x16xf32>
  %e = math.exp %n : tensor<?x16xf32>
  %t = math.tanh %e : tensor<?x16xf32>
  batch.scatter %e to "h" : tensor<?x16xf32>
  batch.scatter %t to "c" : tensor<?x16xf32>
}

// Products of other widths are other operations.
// CHECK-LABEL: @other_widths
// CHECK:         batch.phase width 8 siblings 1 {
// CHECK-NEXT:      batch.product
// CHECK:         batch.phase width 16 siblings 1 {
// CHECK-NEXT:      batch.product
batch.kernel @other_widths(%x: !batch.rows<@Node>) -> @Small {
  %h = batch.gather %x["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  %p = batch.product %h with [#batch.term<@V[0]>] : tensor<?x16xf32> -> tensor<?x8xf32>
  %q = batch.product %h with [#batch.term<@Wi[0]>] : tensor<?x16xf32> -> tensor<?x16xf32>
  batch.scatter %p to "x" : tensor<?x8xf32>
  batch.scatter %q to "h" : tensor<?x16xf32>
}

// Entries of one table are siblings, whatever their fields.
// CHECK-LABEL: @one_table
// CHECK-NEXT:    batch.phase width 16 siblings 2 {
// CHECK-NEXT:      batch.recall @leaf.word["h"]
// CHECK-NEXT:      batch.recall @leaf.word["c"]
batch.kernel @one_table(%word: !batch.tokens<7>) -> @Node {
  %h = batch.recall @leaf.word["h"][%word] : !batch.tokens<7> -> tensor<?x16xf32>
  %c = batch.recall @leaf.word["c"][%word] : !batch.tokens<7> -> tensor<?x16xf32>
  batch.scatter %h to "h" : tensor<?x16xf32>
  batch.scatter %c to "c" : tensor<?x16xf32>
}
batch.state @leaf.word {h : 16, c : 16}
