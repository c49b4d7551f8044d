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

// CHECK: cell.output @hidden of @Node["h"]
cell.output @hidden of @Node["h"]
