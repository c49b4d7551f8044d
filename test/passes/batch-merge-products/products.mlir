// RUN: edbc-opt %s --pass-pipeline='builtin.module(batch.kernel(batch-merge-products))' | FileCheck %s

batch.param @W : tensor<64x64xf32>
batch.param @U : tensor<64x64xf32>
batch.param @b : tensor<64xf32>
batch.state @Node {h : 64}

// CHECK-LABEL: @summed_products_share_an_accumulator
// CHECK:         batch.product %{{.*}}, %{{.*}} with [#batch.term<@W[0]>, #batch.term<@U[0]>]
// CHECK-NOT:     arith.addf
batch.kernel @summed_products_share_an_accumulator(
    %x: !batch.rows<@Node>, %y: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %x["h"] : !batch.rows<@Node> -> tensor<?x64xf32>
  %g = batch.gather %y["h"] : !batch.rows<@Node> -> tensor<?x64xf32>
  %p = batch.product %h with [#batch.term<@W[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
  %q = batch.product %g with [#batch.term<@U[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
  %s = arith.addf %p, %q : tensor<?x64xf32>
  batch.scatter %s to "h" : tensor<?x64xf32>
}

// CHECK-LABEL: @product_used_twice_is_not_merged
// CHECK:         arith.addf
batch.kernel @product_used_twice_is_not_merged(%x: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %x["h"] : !batch.rows<@Node> -> tensor<?x64xf32>
  %p = batch.product %h with [#batch.term<@W[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
  %q = batch.product %h with [#batch.term<@U[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
  %s = arith.addf %p, %q : tensor<?x64xf32>
  %t = arith.mulf %s, %p : tensor<?x64xf32>
  batch.scatter %t to "h" : tensor<?x64xf32>
}

// CHECK-LABEL: @products_around_an_addend
// CHECK:         %[[P:.*]] = batch.product %{{.*}}, %{{.*}} with [#batch.term<@U[0]>, #batch.term<@W[0]>]
// CHECK:         arith.addf %[[P]], %{{.*}}
// CHECK-NOT:     arith.addf
batch.kernel @products_around_an_addend(%x: !batch.rows<@Node>, %y: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %x["h"] : !batch.rows<@Node> -> tensor<?x64xf32>
  %g = batch.gather %y["h"] : !batch.rows<@Node> -> tensor<?x64xf32>
  %p = batch.product %h with [#batch.term<@U[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
  %q = batch.product %g with [#batch.term<@W[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
  %b = batch.broadcast @b : tensor<?x64xf32>
  %s = arith.addf %p, %b : tensor<?x64xf32>
  %t = arith.addf %s, %q : tensor<?x64xf32>
  batch.scatter %t to "h" : tensor<?x64xf32>
}

// Each with a bias of its own, as layers have it: (W h + b) + (U g + b).
// CHECK-LABEL: @sums_of_products_and_addends
// CHECK:         %[[B:.*]] = batch.broadcast @b
// CHECK:         %[[P:.*]] = batch.product %{{.*}}, %{{.*}} with [#batch.term<@W[0]>, #batch.term<@U[0]>]
// CHECK-NEXT:    %[[S:.*]] = arith.addf %[[P]], %[[B]]
// CHECK-NEXT:    %[[T:.*]] = arith.addf %[[S]], %[[B]]
// CHECK-NEXT:    batch.scatter %[[T]]
batch.kernel @sums_of_products_and_addends(%x: !batch.rows<@Node>, %y: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %x["h"] : !batch.rows<@Node> -> tensor<?x64xf32>
  %g = batch.gather %y["h"] : !batch.rows<@Node> -> tensor<?x64xf32>
  %b = batch.broadcast @b : tensor<?x64xf32>
  %p = batch.product %h with [#batch.term<@W[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
  %q = batch.product %g with [#batch.term<@U[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
  %s = arith.addf %p, %b : tensor<?x64xf32>
  %t = arith.addf %q, %b : tensor<?x64xf32>
  %u = arith.addf %s, %t : tensor<?x64xf32>
  batch.scatter %u to "h" : tensor<?x64xf32>
}

// A sum that is used twice is computed once.
// CHECK-LABEL: @sum_used_twice
// CHECK:         %[[S:.*]] = arith.addf
// CHECK:         arith.addf %[[S]], %[[S]]
batch.kernel @sum_used_twice(%x: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %x["h"] : !batch.rows<@Node> -> tensor<?x64xf32>
  %b = batch.broadcast @b : tensor<?x64xf32>
  %p = batch.product %h with [#batch.term<@W[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
  %s = arith.addf %p, %b : tensor<?x64xf32>
  %t = arith.addf %s, %s : tensor<?x64xf32>
  batch.scatter %t to "h" : tensor<?x64xf32>
}
