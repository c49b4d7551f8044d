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
    // CHECK: batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x64xf32>
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

// CHECK: batch.state @Matrix{M : 64 by 8, x : 40}
batch.state @Matrix {M : 64 by 8, x : 40}
batch.param @V : tensor<64x64xf32>
batch.param @T : tensor<5x64x8xf32>

// CHECK-LABEL: batch.kernel @bag(%nodes: !batch.ragged<@Node, 1>, %label: !batch.tokens<5>, %x: !batch.values<8>) -> @Matrix
// CHECK-SAME: element_workspaces = [#batch.row_layout<offsets = [0], stride = 64>, #batch.row_layout<offsets = [], stride = 0>, #batch.row_layout<offsets = [], stride = 0>]
batch.kernel @bag(%nodes: !batch.ragged<@Node, 1>, %label: !batch.tokens<5>,
                  %x: !batch.values<8>) -> @Matrix attributes {
    element_workspaces = [#batch.row_layout<offsets = [0], stride = 64>,
                          #batch.row_layout<offsets = [], stride = 0>,
                          #batch.row_layout<offsets = [], stride = 0>]} {
  // CHECK: batch.phase width 64 over 0 slots [0] {
  %k = batch.phase width 64 over 0 slots [0] {
    // CHECK: batch.gather %nodes["h"] : !batch.ragged<@Node, 1> -> tensor<?x64xf32, #batch.each<0>>
    %h = batch.gather %nodes["h"] : !batch.ragged<@Node, 1> -> tensor<?x64xf32, #batch.each<0>>
    %b = batch.broadcast @b : tensor<?x64xf32>
    // CHECK: batch.repeat %{{.*}} : tensor<?x64xf32> -> tensor<?x64xf32, #batch.each<0>>
    %r = batch.repeat %b : tensor<?x64xf32> -> tensor<?x64xf32, #batch.each<0>>
    %s = arith.addf %h, %r : tensor<?x64xf32, #batch.each<0>>
    batch.yield %s : tensor<?x64xf32, #batch.each<0>>
  } : tensor<?x64xf32, #batch.each<0>>
  // CHECK: batch.phase width 64 columns 8 {
  batch.phase width 64 columns 8 {
    // CHECK: batch.lookup @T[%label] : <5> -> tensor<?x64x8xf32>
    %M = batch.lookup @T[%label] : !batch.tokens<5> -> tensor<?x64x8xf32>
    %p = batch.product %M with [#batch.term<@V[0]>]
        : tensor<?x64x8xf32> -> tensor<?x64x8xf32>
    %i = batch.input %x : !batch.values<8> -> tensor<?x8xf32>
    // CHECK: batch.spread %{{.*}} along rows : tensor<?x8xf32> -> tensor<?x64x8xf32>
    %w = batch.spread %i along rows : tensor<?x8xf32> -> tensor<?x64x8xf32>
    %q = arith.mulf %p, %w : tensor<?x64x8xf32>
    batch.scatter %q to "M" : tensor<?x64x8xf32>
    batch.yield
  }
  %m = batch.phase width 64 {
    %M = batch.lookup @T[%label] : !batch.tokens<5> -> tensor<?x64x8xf32>
    %i = batch.input %x : !batch.values<8> -> tensor<?x8xf32>
    // CHECK: batch.multiply %{{.*}}, %{{.*}} : tensor<?x64x8xf32>, tensor<?x8xf32> -> tensor<?x64xf32>
    %v = batch.multiply %M, %i
        : tensor<?x64x8xf32>, tensor<?x8xf32> -> tensor<?x64xf32>
    // CHECK: batch.reduce sum %{{.*}} : tensor<?x64xf32, #batch.each<0>> -> tensor<?x64xf32>
    %s = batch.reduce sum %k
        : tensor<?x64xf32, #batch.each<0>> -> tensor<?x64xf32>
    %t = arith.addf %v, %s : tensor<?x64xf32>
    batch.yield %t : tensor<?x64xf32>
  } : tensor<?x64xf32>
  batch.phase width 32 {
    // CHECK: batch.slice %{{.*}}[32] : tensor<?x64xf32> -> tensor<?x32xf32>
    %s = batch.slice %m[32] : tensor<?x64xf32> -> tensor<?x32xf32>
    // CHECK: batch.scatter %{{.*}} to "x" : tensor<?x32xf32>
    batch.scatter %s to "x" : tensor<?x32xf32>
    batch.yield
  }
  %l = batch.phase width 1 {
    // CHECK: batch.largest %{{.*}} : tensor<?x64xf32> -> tensor<?x1xf32>
    %largest = batch.largest %m : tensor<?x64xf32> -> tensor<?x1xf32>
    // CHECK: batch.log_sum_exp %{{.*}} : tensor<?x64xf32> -> tensor<?x1xf32>
    %l = batch.log_sum_exp %m : tensor<?x64xf32> -> tensor<?x1xf32>
    // CHECK: batch.argmax %{{.*}} : tensor<?x64xf32> -> tensor<?x1xf32>
    %a = batch.argmax %m : tensor<?x64xf32> -> tensor<?x1xf32>
    // CHECK: batch.pick %{{.*}}[%label] : tensor<?x64xf32>, <5> -> tensor<?x1xf32>
    %y = batch.pick %m[%label]
        : tensor<?x64xf32>, !batch.tokens<5> -> tensor<?x1xf32>
    %s = arith.addf %l, %a : tensor<?x1xf32>
    %t = arith.addf %s, %y : tensor<?x1xf32>
    batch.yield %t : tensor<?x1xf32>
  } : tensor<?x1xf32>
  batch.phase width 8 {
    %s = batch.spread %l along elements : tensor<?x1xf32> -> tensor<?x8xf32>
    // CHECK: batch.scatter %{{.*}} to "x"[32] : tensor<?x8xf32>
    batch.scatter %s to "x"[32] : tensor<?x8xf32>
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

// CHECK: batch.policy @other kind <depth>
batch.policy @other kind <depth>

module attributes {batch.isa = "x86-64-v4"} {
  func.func @f(%buffers: !llvm.ptr) -> memref<?x128xf32> {
    // CHECK: batch.bind %{{.*}}[3] : !llvm.ptr -> memref<?x128xf32>
    %nodes = batch.bind %buffers[3] : !llvm.ptr -> memref<?x128xf32>
    return %nodes : memref<?x128xf32>
  }
}
