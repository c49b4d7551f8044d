// RUN: edbc-opt %s --verify-roundtrip | FileCheck %s

// CHECK: batch.param @E : tensor<256x64xf32>
batch.param @E : tensor<256x64xf32>
batch.param @U : tensor<64x128xf32>
batch.param @b : tensor<64xf32>

// CHECK: batch.state @Node{h : 64, c : 64}
batch.state @Node {h : 64, c : 64}
// CHECK: batch.state @Score{logits : 5} layout <offsets = [0], stride = 16>
batch.state @Score {logits : 5} layout <offsets = [0], stride = 16>

// CHECK: batch.pack @inner.0 rows 64 panel 16
// CHECK-SAME: #batch.segment<64, [<@U[0]>] into[0]>
batch.pack @inner.0 rows 64 panel 16 [#batch.segment<64, [<@U[0]>] into [0]>]

// CHECK-LABEL: batch.kernel @leaf(%word: !batch.tokens<256>, %extra: !batch.values<64>) -> @Node
batch.kernel @leaf(%word: !batch.tokens<256>, %extra: !batch.values<64>) -> @Node {
  // CHECK: batch.lookup @E[%word] : <256> -> tensor<?x64xf32>
  %x = batch.lookup @E[%word] : !batch.tokens<256> -> tensor<?x64xf32>
  // CHECK: batch.input %extra : <64> -> tensor<?x64xf32>
  %d = batch.input %extra : !batch.values<64> -> tensor<?x64xf32>
  // CHECK: batch.broadcast @b : tensor<?x64xf32>
  %b = batch.broadcast @b : tensor<?x64xf32>
  // CHECK: batch.splat 2.000000e+00 : tensor<?x64xf32>
  %s = batch.splat 2.0 : tensor<?x64xf32>
  // CHECK: batch.product %{{.*}}, %{{.*}} with [#batch.term<@U[0]>, #batch.term<@U[64]>]
  %p = batch.product %x, %d with [#batch.term<@U[0]>, #batch.term<@U[64]>]
      : tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32>
  // CHECK: batch.scatter %{{.*}} to "h" : tensor<?x64xf32>
  batch.scatter %p to "h" : tensor<?x64xf32>
  batch.scatter %s to "c" : tensor<?x64xf32>
}

// CHECK-LABEL: batch.kernel @inner
// CHECK-SAME: bindings = [#batch.binding<items>, #batch.binding<operand_rows : 0>, #batch.binding<state of @Node>]
// CHECK-SAME: workspace = #batch.row_layout<offsets = [0], stride = 64>
batch.kernel @inner(%left: !batch.rows<@Node>) -> @Node attributes {
    bindings = [#batch.binding<items>, #batch.binding<operand_rows : 0>,
                #batch.binding<state of @Node>],
    workspace = #batch.row_layout<offsets = [0], stride = 64>} {
  // CHECK: batch.phase width 64 weights @inner.0 panel 16 slots [0] {
  %k = batch.phase width 64 weights @inner.0 panel 16 slots [0] {
    // CHECK: batch.gather %left["h"] : <@Node> -> tensor<?x64xf32>
    %h = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x64xf32>
    %p = batch.product %h with [#batch.term<@U[0]>]
        : tensor<?x64xf32> -> tensor<?x64xf32>
    // CHECK: batch.yield %{{.*}} : tensor<?x64xf32>
    batch.yield %p : tensor<?x64xf32>
  } : tensor<?x64xf32>
  batch.phase width 64 {
    batch.scatter %k to "h" : tensor<?x64xf32>
    batch.scatter %k to "c" : tensor<?x64xf32>
    batch.yield
  }
}

// CHECK: batch.output @hidden of @Node["h"]
batch.output @hidden of @Node["h"]

// CHECK: batch.policy @policy encoding <sort>
// CHECK-SAME: [#batch.transition<[@leaf] -> @leaf>, #batch.transition<[@inner, @leaf] -> @leaf>]
batch.policy @policy encoding <sort> [
  #batch.transition<[@leaf] -> @leaf>,
  #batch.transition<[@inner, @leaf] -> @leaf>]

module attributes {batch.isa = "x86-64-v4"} {
  func.func @f(%buffers: !llvm.ptr) -> memref<?x128xf32> {
    // CHECK: batch.bind %{{.*}}[3] : !llvm.ptr -> memref<?x128xf32>
    %nodes = batch.bind %buffers[3] : !llvm.ptr -> memref<?x128xf32>
    return %nodes : memref<?x128xf32>
  }
}
