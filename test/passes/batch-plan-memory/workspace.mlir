// RUN: edbc-opt %s --batch-plan-memory | FileCheck %s
// RUN: edbc-opt %s --batch-plan-memory=layout=paper | FileCheck %s --check-prefix=APART
// RUN: edbc-opt %s --batch-plan-memory=layout=off | FileCheck %s --check-prefix=APART

batch.param @W : tensor<16x16xf32>
batch.param @V : tensor<33x16xf32>
batch.param @U : tensor<16x33xf32>
batch.state @Node {h : 16}

// A place is used again once nobody reads what was there. Two values are in use
// at any time, of 16 and of 48 floats.
// CHECK-LABEL: batch.kernel @chain
// CHECK-SAME:    workspace = #batch.row_layout<offsets = [0, 16, 0, 16], stride = 64>
// CHECK:         slots [0]
// CHECK:         slots [1]
// CHECK:         slots [2]
// CHECK:         slots [3]
// APART-LABEL: batch.kernel @chain
// APART-SAME:    workspace = #batch.row_layout<offsets = [0, 16, 64, 80], stride = 96>
batch.kernel @chain(%x: !batch.rows<@Node>) -> @Node {
  %a = batch.phase width 16 {
    %h = batch.gather %x["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
    %p = batch.product %h with [#batch.term<@W[0]>] : tensor<?x16xf32> -> tensor<?x16xf32>
    batch.yield %p : tensor<?x16xf32>
  } : tensor<?x16xf32>
  %b = batch.phase width 33 {
    %p = batch.product %a with [#batch.term<@V[0]>] : tensor<?x16xf32> -> tensor<?x33xf32>
    batch.yield %p : tensor<?x33xf32>
  } : tensor<?x33xf32>
  %c = batch.phase width 16 {
    %p = batch.product %b with [#batch.term<@U[0]>] : tensor<?x33xf32> -> tensor<?x16xf32>
    batch.yield %p : tensor<?x16xf32>
  } : tensor<?x16xf32>
  %d = batch.phase width 16 {
    %p = batch.product %c with [#batch.term<@W[0]>] : tensor<?x16xf32> -> tensor<?x16xf32>
    batch.yield %p : tensor<?x16xf32>
  } : tensor<?x16xf32>
  batch.phase width 16 {
    %p = batch.product %d with [#batch.term<@W[0]>] : tensor<?x16xf32> -> tensor<?x16xf32>
    batch.scatter %p to "h" : tensor<?x16xf32>
    batch.yield
  }
}

// What is read until the end keeps its place.
// CHECK-LABEL: batch.kernel @long_lived
// CHECK-SAME:    workspace = #batch.row_layout<offsets = [0, 16, 32], stride = 48>
batch.kernel @long_lived(%x: !batch.rows<@Node>) -> @Node {
  %a = batch.phase width 16 {
    %h = batch.gather %x["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
    %p = batch.product %h with [#batch.term<@W[0]>] : tensor<?x16xf32> -> tensor<?x16xf32>
    batch.yield %p : tensor<?x16xf32>
  } : tensor<?x16xf32>
  %b = batch.phase width 16 {
    %p = batch.product %a with [#batch.term<@W[0]>] : tensor<?x16xf32> -> tensor<?x16xf32>
    batch.yield %p : tensor<?x16xf32>
  } : tensor<?x16xf32>
  %c = batch.phase width 16 {
    %p = batch.product %b with [#batch.term<@W[0]>] : tensor<?x16xf32> -> tensor<?x16xf32>
    batch.yield %p : tensor<?x16xf32>
  } : tensor<?x16xf32>
  batch.phase width 16 {
    %s = arith.addf %a, %c : tensor<?x16xf32>
    batch.scatter %s to "h" : tensor<?x16xf32>
    batch.yield
  }
}
