// RUN: edbc-opt %s --pass-pipeline='builtin.module(batch.kernel(batch-form-phases))' | FileCheck %s

batch.param @U : tensor<8x8xf32>
batch.state @Node {h : 8}
batch.state @Matrix {M : 8 by 4, v : 8}
batch.state @Number {l : 1, p : 8}

// The products of elements are computed in the phase that goes on with them,
// although it has to wait for a value of the nodes.
// CHECK-LABEL: @mapped
// CHECK-NEXT:    %[[K:.*]] = batch.phase width 8 {
// CHECK:           math.tanh
// CHECK:         %[[E:.*]] = batch.phase width 8 over 1 {
// CHECK-NEXT:      %[[H:.*]] = batch.gather %children["h"]
// CHECK-NEXT:      %[[P:.*]] = batch.product %[[H]]
// CHECK-NEXT:      %[[R:.*]] = batch.repeat %[[K]]
// CHECK-NEXT:      %[[S:.*]] = arith.addf %[[P]], %[[R]]
// CHECK-NEXT:      batch.yield %[[S]]
// CHECK:         batch.phase width 8 {
// CHECK-NEXT:      %[[T:.*]] = batch.reduce sum %[[E]]
// CHECK-NEXT:      batch.scatter %[[T]]
batch.kernel @mapped(%x: !batch.values<8>, %children: !batch.ragged<@Node>) -> @Node {
  %i = batch.input %x : !batch.values<8> -> tensor<?x8xf32>
  %t = math.tanh %i : tensor<?x8xf32>
  %h = batch.gather %children["h"] : !batch.ragged<@Node> -> tensor<?x8xf32, #batch.each<1>>
  %p = batch.product %h with [#batch.term<@U[0]>]
      : tensor<?x8xf32, #batch.each<1>> -> tensor<?x8xf32, #batch.each<1>>
  %r = batch.repeat %t : tensor<?x8xf32> -> tensor<?x8xf32, #batch.each<1>>
  %s = arith.addf %p, %r : tensor<?x8xf32, #batch.each<1>>
  %u = batch.reduce sum %s : tensor<?x8xf32, #batch.each<1>> -> tensor<?x8xf32>
  batch.scatter %u to "h" : tensor<?x8xf32>
}

// A plain sum needs no other phase.
// CHECK-LABEL: @plain
// CHECK-NEXT:    batch.phase width 8 {
// CHECK-NEXT:      %[[H:.*]] = batch.gather
// CHECK-NEXT:      %[[S:.*]] = batch.reduce sum %[[H]]
// CHECK-NEXT:      batch.scatter %[[S]]
// CHECK-NEXT:      batch.yield
// CHECK-NEXT:    }
// CHECK-NEXT:  }
batch.kernel @plain(%children: !batch.ragged<@Node>) -> @Node {
  %h = batch.gather %children["h"] : !batch.ragged<@Node> -> tensor<?x8xf32, #batch.each<0>>
  %u = batch.reduce sum %h : tensor<?x8xf32, #batch.each<0>> -> tensor<?x8xf32>
  batch.scatter %u to "h" : tensor<?x8xf32>
}

// CHECK-LABEL: @matrices
// CHECK:         %[[V:.*]] = batch.phase width 8 {
// CHECK:           batch.multiply
// CHECK:         batch.phase width 8 columns 4 {
// CHECK:           batch.spread %[[V]] along columns
// CHECK:           batch.scatter {{.*}} to "M"
batch.kernel @matrices(%a: !batch.rows<@Matrix>, %x: !batch.values<4>) -> @Matrix {
  %M = batch.gather %a["M"] : !batch.rows<@Matrix> -> tensor<?x8x4xf32>
  %i = batch.input %x : !batch.values<4> -> tensor<?x4xf32>
  %v = batch.multiply %M, %i : tensor<?x8x4xf32>, tensor<?x4xf32> -> tensor<?x8xf32>
  %p = batch.product %M with [#batch.term<@U[0]>] : tensor<?x8x4xf32> -> tensor<?x8x4xf32>
  %s = batch.spread %v along columns : tensor<?x8xf32> -> tensor<?x8x4xf32>
  %t = arith.addf %p, %s : tensor<?x8x4xf32>
  batch.scatter %t to "M" : tensor<?x8x4xf32>
  batch.scatter %v to "v" : tensor<?x8xf32>
}

// Of phases that don't need each other, matrices go first.
// CHECK-LABEL: @matrices_first
// CHECK:         batch.phase width 8 columns 4 {
// CHECK:           batch.product
// CHECK:         batch.phase width 8 {
// CHECK:           batch.multiply
batch.kernel @matrices_first(%a: !batch.rows<@Matrix>, %x: !batch.values<4>) -> @Matrix {
  %M = batch.gather %a["M"] : !batch.rows<@Matrix> -> tensor<?x8x4xf32>
  %i = batch.input %x : !batch.values<4> -> tensor<?x4xf32>
  %v = batch.multiply %M, %i : tensor<?x8x4xf32>, tensor<?x4xf32> -> tensor<?x8xf32>
  batch.scatter %v to "v" : tensor<?x8xf32>
  %p = batch.product %M with [#batch.term<@U[0]>] : tensor<?x8x4xf32> -> tensor<?x8x4xf32>
  batch.scatter %p to "M" : tensor<?x8x4xf32>
}

// CHECK-LABEL: @reductions_of_rows
// CHECK:         %[[K:.*]]:2 = batch.phase width 8 {
// CHECK:         %[[L:.*]] = batch.phase width 1 {
// CHECK:           batch.log_sum_exp %[[K]]#
// CHECK:         batch.phase width 8 {
// CHECK:           batch.spread %[[L]] along elements
batch.kernel @reductions_of_rows(%x: !batch.values<8>) -> @Number {
  %i = batch.input %x : !batch.values<8> -> tensor<?x8xf32>
  %p = batch.product %i with [#batch.term<@U[0]>] : tensor<?x8xf32> -> tensor<?x8xf32>
  %t = math.tanh %p : tensor<?x8xf32>
  %l = batch.log_sum_exp %p : tensor<?x8xf32> -> tensor<?x1xf32>
  %m = batch.log_sum_exp %t : tensor<?x8xf32> -> tensor<?x1xf32>
  %n = arith.addf %l, %m : tensor<?x1xf32>
  %s = batch.spread %n along elements : tensor<?x1xf32> -> tensor<?x8xf32>
  %d = arith.subf %t, %s : tensor<?x8xf32>
  batch.scatter %l to "l" : tensor<?x1xf32>
  batch.scatter %d to "p" : tensor<?x8xf32>
}

// A view of a constant is a constant.
// CHECK-LABEL: @constant
// CHECK-NOT:     batch.spread
// CHECK:         batch.splat 2.000000e+00 : tensor<?x8x4xf32>
batch.kernel @constant() -> @Matrix {
  %c = batch.splat 2.0 : tensor<?x8xf32>
  %s = batch.spread %c along columns : tensor<?x8xf32> -> tensor<?x8x4xf32>
  batch.scatter %s to "M" : tensor<?x8x4xf32>
  batch.scatter %c to "v" : tensor<?x8xf32>
}
