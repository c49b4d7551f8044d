// RUN: edbc-opt %s --batch-plan-memory | FileCheck %s

batch.param @E : tensor<100x33xf32>
batch.param @W : tensor<33x33xf32>
batch.param @U : tensor<33x66xf32>
batch.param @b : tensor<33xf32>

// Fields are padded to whole lanes.
// CHECK: batch.state @Node{h : 33, c : 33} layout <offsets = [0, 48], stride = 96>
batch.state @Node {h : 33, c : 33}

// CHECK-LABEL: batch.kernel @lookup_only
// CHECK-SAME:    bindings = [#batch.binding<items>, #batch.binding<operand_tokens : 0>, #batch.binding<constant of @E>, #batch.binding<result_rows>, #batch.binding<state of @Node>]
// CHECK-NOT:     workspace
// CHECK:         batch.phase width 33 panel 48
batch.kernel @lookup_only(%word: !batch.tokens<100>) -> @Node {
  batch.phase width 33 {
    %x = batch.lookup @E[%word] : !batch.tokens<100> -> tensor<?x33xf32>
    batch.scatter %x to "h" : tensor<?x33xf32>
    batch.scatter %x to "c" : tensor<?x33xf32>
    batch.yield
  }
}

// Products that read the same operand share a segment.
// CHECK: batch.pack @gates.0 rows 33 panel 16
// CHECK-SAME: [#batch.segment<33, [<@U[0]>, <@W[0]>] into[0, 1]>, #batch.segment<33, [<@U[33]>, <@W[0]>] into[0, 2]>]
// CHECK-LABEL: batch.kernel @gates
// CHECK:         batch.phase width 33 weights @gates.0 panel 16
batch.kernel @gates(%left: !batch.rows<@Node>, %right: !batch.rows<@Node>) -> @Node {
  batch.phase width 33 {
    %l = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x33xf32>
    %r = batch.gather %right["h"] : !batch.rows<@Node> -> tensor<?x33xf32>
    %i = batch.product %l, %r with [#batch.term<@U[0]>, #batch.term<@U[33]>]
        : tensor<?x33xf32>, tensor<?x33xf32> -> tensor<?x33xf32>
    %f1 = batch.product %l with [#batch.term<@W[0]>] : tensor<?x33xf32> -> tensor<?x33xf32>
    %f2 = batch.product %r with [#batch.term<@W[0]>] : tensor<?x33xf32> -> tensor<?x33xf32>
    %s = arith.addf %f1, %f2 : tensor<?x33xf32>
    batch.scatter %i to "h" : tensor<?x33xf32>
    batch.scatter %s to "c" : tensor<?x33xf32>
    batch.yield
  }
}

// CHECK-LABEL: batch.kernel @two_phases
// CHECK-SAME:    #batch.binding<workspace>
// CHECK-SAME:    workspace = #batch.row_layout<offsets = [0], stride = 48>
// CHECK:         batch.phase width 33 weights @two_phases.0 panel 48 slots [0]
// CHECK:         batch.phase width 33 weights @two_phases.1 panel 48
batch.kernel @two_phases(%left: !batch.rows<@Node>) -> @Node {
  %k = batch.phase width 33 {
    %l = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x33xf32>
    %p = batch.product %l with [#batch.term<@W[0]>] : tensor<?x33xf32> -> tensor<?x33xf32>
    batch.yield %p : tensor<?x33xf32>
  } : tensor<?x33xf32>
  batch.phase width 33 {
    %p = batch.product %k with [#batch.term<@W[0]>] : tensor<?x33xf32> -> tensor<?x33xf32>
    batch.scatter %p to "h" : tensor<?x33xf32>
    batch.scatter %k to "c" : tensor<?x33xf32>
    batch.yield
  }
}

// Where nodes may have rows of a table, kernels that read them bind it; those
// that are looked up bind nothing.
// CHECK: batch.state @Word{h : 33} layout <offsets = [0], stride = 48> {table_rows = 100 : i64}
batch.state @Word {h : 33} {table_rows = 100 : i64}
// CHECK-LABEL: batch.kernel @word
// CHECK-SAME:    bindings = []
batch.kernel @word(%word: !batch.tokens<100>) -> @Word attributes {first_row = 0 : i64} {
}
// CHECK-LABEL: batch.kernel @next
// CHECK-SAME:    bindings = [#batch.binding<items>, #batch.binding<operand_rows : 0>, #batch.binding<state of @Word>, #batch.binding<table of @Word>, #batch.binding<result_rows>]
batch.kernel @next(%last: !batch.rows<@Word>) -> @Word {
  batch.phase width 33 {
    %x = batch.gather %last["h"] : !batch.rows<@Word> -> tensor<?x33xf32>
    batch.scatter %x to "h" : tensor<?x33xf32>
    batch.yield
  }
}
