// RUN: edbc-opt %s --cell-to-batch | FileCheck %s

cell.param @Uf : tensor<8x8xf32>
cell.param @bf : tensor<8xf32>
cell.param @T : tensor<5x8x4xf32>
cell.state @Node {h : tensor<8xf32>, c : tensor<8xf32>}
cell.state @Matrix {M : tensor<8x4xf32>, v : tensor<16xf32>, l : tensor<1xf32>}

// What depends on an element has a row for each; what doesn't, for each node.
// CHECK-LABEL: batch.kernel @child_sum(%x: !batch.values<8>, %children: !batch.ragged<@Node, 1>)
cell.def @child_sum(%x: tensor<8xf32>, %children: !cell.refs<@Node, 1>) -> @Node {
  // CHECK: %[[X:.*]] = batch.input %x
  // CHECK: %[[H:.*]] = batch.gather %children["h"] : !batch.ragged<@Node, 1> -> tensor<?x8xf32, #batch.each<1>>
  // CHECK: %[[P:.*]] = batch.product %[[H]] with [#batch.term<@Uf[0]>] : tensor<?x8xf32, #batch.each<1>>
  // CHECK: %[[B:.*]] = batch.broadcast @bf : tensor<?x8xf32>
  // CHECK: %[[XB:.*]] = arith.addf %[[X]], %[[B]] : tensor<?x8xf32>
  // CHECK: %[[R:.*]] = batch.repeat %[[XB]] : tensor<?x8xf32> -> tensor<?x8xf32, #batch.each<1>>
  // CHECK: %[[S:.*]] = arith.addf %[[P]], %[[R]] : tensor<?x8xf32, #batch.each<1>>
  // CHECK: batch.reduce sum %[[S]] : tensor<?x8xf32, #batch.each<1>> -> tensor<?x8xf32>
  %s = cell.reduce sum %children : !cell.refs<@Node, 1> {
  ^bb0(%child: !cell.ref<@Node>):
    %h = cell.field %child["h"] : !cell.ref<@Node> -> tensor<8xf32>
    %p = cell.product @Uf, %h : tensor<8xf32> -> tensor<8xf32>
    %b = cell.weight @bf : tensor<8xf32>
    %xb = arith.addf %x, %b : tensor<8xf32>
    %f = arith.addf %p, %xb : tensor<8xf32>
    cell.yield %f : tensor<8xf32>
  } : tensor<8xf32>
  // The same of every element.
  // CHECK: %[[E:.*]] = batch.repeat %[[X]]
  // CHECK: batch.reduce mean %[[E]]
  %m = cell.reduce mean %children : !cell.refs<@Node, 1> {
  ^bb0(%child: !cell.ref<@Node>):
    cell.yield %x : tensor<8xf32>
  } : tensor<8xf32>
  cell.yield %s, %m : tensor<8xf32>, tensor<8xf32>
}

// CHECK-LABEL: batch.kernel @matrix
cell.def @matrix(%word: !cell.token<5>, %node: !cell.ref<@Node>,
                 %label: !cell.token<8>) -> @Matrix {
  // CHECK: %[[T:.*]] = batch.lookup @T[%word] : <5> -> tensor<?x8x4xf32>
  %T = cell.lookup @T[%word] : !cell.token<5> -> tensor<8x4xf32>
  // CHECK: %[[H:.*]] = batch.gather %node["h"]
  %h = cell.field %node["h"] : !cell.ref<@Node> -> tensor<8xf32>
  // CHECK: %[[W:.*]] = batch.spread %[[H]] along columns : tensor<?x8xf32> -> tensor<?x8x4xf32>
  %C = cell.broadcast %h along columns : tensor<8xf32> -> tensor<8x4xf32>
  // CHECK: arith.addf %[[T]], %[[W]] : tensor<?x8x4xf32>
  %M = arith.addf %T, %C : tensor<8x4xf32>
  // CHECK: %[[S:.*]] = batch.slice %[[H]][2] : tensor<?x8xf32> -> tensor<?x4xf32>
  %s = tensor.extract_slice %h[2] [4] [1] : tensor<8xf32> to tensor<4xf32>
  // CHECK: %[[V:.*]] = batch.multiply %[[T]], %[[S]]
  %v = cell.multiply %T, %s : tensor<8x4xf32>, tensor<4xf32> -> tensor<8xf32>
  %e = tensor.concat dim(0) %h, %v : (tensor<8xf32>, tensor<8xf32>) -> tensor<16xf32>
  // CHECK: %[[X:.*]] = batch.largest %[[V]]
  // CHECK: %[[L:.*]] = batch.log_sum_exp %[[V]]
  // CHECK: %[[Y:.*]] = batch.pick %[[V]][%label]
  // CHECK: %[[B:.*]] = arith.subf %[[X]], %[[Y]]
  // CHECK: %[[D:.*]] = arith.addf %[[B]], %[[L]]
  %l = cell.cross_entropy %v, %label : tensor<8xf32>, !cell.token<8>
  // CHECK: batch.scatter %{{.*}} to "M" : tensor<?x8x4xf32>
  // CHECK: batch.scatter %[[H]] to "v" : tensor<?x8xf32>
  // CHECK: batch.scatter %[[V]] to "v"[8] : tensor<?x8xf32>
  // CHECK: batch.scatter %[[D]] to "l"
  cell.yield %M, %e, %l : tensor<8x4xf32>, tensor<16xf32>, tensor<1xf32>
}
