// RUN: edbc-opt %s --batch-plan-memory | FileCheck %s

batch.param @U : tensor<20x20xf32>
batch.param @T : tensor<5x20x4xf32>
// CHECK: batch.state @Node{h : 20, M : 20 by 4} layout <offsets = [0, 32], stride = 160>
batch.state @Node {h : 20, M : 20 by 4}

// CHECK-LABEL: batch.kernel @mapped
// CHECK-SAME: #batch.binding<element_owners : 1>
// CHECK-SAME: #batch.binding<element_rows : 1>
// CHECK-SAME: #batch.binding<element_begins : 1>
// CHECK-SAME: #batch.binding<columns of @T>
// CHECK-SAME: #batch.binding<element_workspace : 1>
// CHECK-SAME: element_workspaces = [#batch.row_layout<offsets = [], stride = 0>, #batch.row_layout<offsets = [0], stride = 32>]
// CHECK: batch.phase width 20 over 1 weights @mapped.0 panel 32 slots [0] {
batch.kernel @mapped(%word: !batch.tokens<5>, %nodes: !batch.ragged<@Node>) -> @Node {
  %k = batch.phase width 20 over 1 {
    %h = batch.gather %nodes["h"] : !batch.ragged<@Node> -> tensor<?x20xf32, #batch.each<1>>
    %p = batch.product %h with [#batch.term<@U[0]>]
        : tensor<?x20xf32, #batch.each<1>> -> tensor<?x20xf32, #batch.each<1>>
    batch.yield %p : tensor<?x20xf32, #batch.each<1>>
  } : tensor<?x20xf32, #batch.each<1>>
  batch.phase width 20 {
    %s = batch.reduce sum %k : tensor<?x20xf32, #batch.each<1>> -> tensor<?x20xf32>
    batch.scatter %s to "h" : tensor<?x20xf32>
    batch.yield
  }
  batch.phase width 20 columns 4 {
    %M = batch.lookup @T[%word] : !batch.tokens<5> -> tensor<?x20x4xf32>
    batch.scatter %M to "M" : tensor<?x20x4xf32>
    batch.yield
  }
}
