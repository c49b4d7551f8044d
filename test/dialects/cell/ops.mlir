// RUN: edbc-opt %s --verify-roundtrip | FileCheck %s

// CHECK: cell.param @E : tensor<256x64xf32>
cell.param @E : tensor<256x64xf32>
cell.param @U : tensor<64x128xf32>
cell.param @b : tensor<64xf32>

// CHECK: cell.state @Node{h : tensor<64xf32>, c : tensor<64xf32>}
cell.state @Node {h : tensor<64xf32>, c : tensor<64xf32>}

// CHECK-LABEL: cell.def @leaf(%word: !cell.token<256>) -> @Node
// CHECK-SAME:    doc = "A word."
cell.def @leaf(%word: !cell.token<256>) -> @Node attributes {doc = "A word."} {
  // CHECK: cell.lookup @E[%word] : <256> -> tensor<64xf32>
  %x = cell.lookup @E[%word] : !cell.token<256> -> tensor<64xf32>
  // CHECK: cell.weight @b : tensor<64xf32>
  %b = cell.weight @b : tensor<64xf32>
  // CHECK: cell.sigmoid %{{.*}} : tensor<64xf32>
  %s = cell.sigmoid %b : tensor<64xf32>
  // CHECK: cell.yield %{{.*}}, %{{.*}} : tensor<64xf32>, tensor<64xf32>
  cell.yield %x, %s : tensor<64xf32>, tensor<64xf32>
}

// CHECK-LABEL: cell.def @inner(%left: !cell.ref<@Node>, %features: tensor<64xf32>) -> @Node
cell.def @inner(%left: !cell.ref<@Node>, %features: tensor<64xf32>) -> @Node {
  // CHECK: cell.field %left["h"] : <@Node> -> tensor<64xf32>
  %l = cell.field %left["h"] : !cell.ref<@Node> -> tensor<64xf32>
  %e = tensor.concat dim(0) %l, %features
      : (tensor<64xf32>, tensor<64xf32>) -> tensor<128xf32>
  // CHECK: cell.product @U, %{{.*}} : tensor<128xf32> -> tensor<64xf32>
  %p = cell.product @U, %e : tensor<128xf32> -> tensor<64xf32>
  cell.yield %p, %l : tensor<64xf32>, tensor<64xf32>
}

// CHECK: cell.param @M : tensor<256x64x8xf32>
cell.param @M : tensor<256x64x8xf32>
// CHECK: cell.state @Matrix{M : tensor<64x8xf32>, l : tensor<1xf32>}
cell.state @Matrix {M : tensor<64x8xf32>, l : tensor<1xf32>}

// CHECK-LABEL: cell.def @bag(%nodes: !cell.refs<@Node>, %more: !cell.refs<@Node, 1>) -> @Node
cell.def @bag(%nodes: !cell.refs<@Node>, %more: !cell.refs<@Node, 1>) -> @Node {
  // CHECK: cell.reduce sum %nodes : <@Node> {
  %s = cell.reduce sum %nodes : !cell.refs<@Node> {
  ^bb0(%node: !cell.ref<@Node>):
    %h = cell.field %node["h"] : !cell.ref<@Node> -> tensor<64xf32>
    cell.yield %h : tensor<64xf32>
  // CHECK: } : tensor<64xf32>
  } : tensor<64xf32>
  // CHECK: cell.reduce mean %more : <@Node, 1> {
  %m = cell.reduce mean %more : !cell.refs<@Node, 1> {
  ^bb0(%node: !cell.ref<@Node>):
    cell.yield %s : tensor<64xf32>
  } : tensor<64xf32>
  // CHECK: cell.softmax %{{.*}} : tensor<64xf32>
  %p = cell.softmax %s : tensor<64xf32>
  // CHECK: cell.log_softmax %{{.*}} : tensor<64xf32>
  %l = cell.log_softmax %m : tensor<64xf32>
  cell.yield %p, %l : tensor<64xf32>, tensor<64xf32>
}

// CHECK-LABEL: cell.def @matrix
cell.def @matrix(%word: !cell.token<256>, %x: tensor<8xf32>,
                 %label: !cell.token<64>) -> @Matrix {
  // CHECK: cell.lookup @M[%word] : <256> -> tensor<64x8xf32>
  %M = cell.lookup @M[%word] : !cell.token<256> -> tensor<64x8xf32>
  // CHECK: cell.multiply %{{.*}}, %x : tensor<64x8xf32>, tensor<8xf32> -> tensor<64xf32>
  %v = cell.multiply %M, %x : tensor<64x8xf32>, tensor<8xf32> -> tensor<64xf32>
  // CHECK: cell.broadcast %{{.*}} along columns : tensor<64xf32> -> tensor<64x8xf32>
  %C = cell.broadcast %v along columns : tensor<64xf32> -> tensor<64x8xf32>
  // CHECK: cell.argmax %{{.*}} : tensor<64xf32>
  %a = cell.argmax %v : tensor<64xf32>
  // CHECK: cell.cross_entropy %{{.*}}, %label : tensor<64xf32>, <64>
  %l = cell.cross_entropy %v, %label : tensor<64xf32>, !cell.token<64>
  %s = arith.addf %a, %l : tensor<1xf32>
  cell.yield %C, %s : tensor<64x8xf32>, tensor<1xf32>
}

// CHECK: cell.output @hidden of @Node["h"]
cell.output @hidden of @Node["h"]
