// RUN: edbc-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{must be multiples of 16 within the stride, found 8}}
batch.state @Node {h : 8, c : 8} layout <offsets = [0, 8], stride = 16>

// -----

// expected-error @+1 {{field "h" ends beyond the row's stride}}
batch.state @Node {h : 17} layout <offsets = [0], stride = 16>

// -----

// expected-error @+1 {{fields "h" and "c" overlap}}
batch.state @Node {h : 32, c : 8} layout <offsets = [0, 16], stride = 32>

// -----

batch.param @U : tensor<64x64xf32>
// expected-error @+1 {{takes 64 rows and columns [32, 96) of @U, which is 'tensor<64x64xf32>'}}
batch.pack @p rows 64 panel 16 [#batch.segment<64, [<@U[32]>] into [0]>]

// -----

// expected-error @+1 {{panel must be a positive multiple of 16, found 8}}
batch.pack @p rows 64 panel 8 []

// -----

batch.state @Node {h : 16}
batch.param @b : tensor<16xf32>
// expected-error @+1 {{doesn't store field "h" of state @Node}}
batch.kernel @leaf() -> @Node {
}

// -----

batch.state @Node {h : 16}
batch.param @b : tensor<16xf32>
batch.kernel @leaf() -> @Node {
  %b = batch.broadcast @b : tensor<?x16xf32>
  batch.scatter %b to "h" : tensor<?x16xf32>
  // expected-error @+1 {{stores field "h" a second time}}
  batch.scatter %b to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16}
batch.param @U : tensor<16x8xf32>
batch.kernel @inner(%left: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  // expected-error @+1 {{multiplies a vector of 16 by the columns from 0 on of @U, which is 'tensor<16x8xf32>'}}
  %p = batch.product %h with [#batch.term<@U[0]>] : tensor<?x16xf32> -> tensor<?x16xf32>
  batch.scatter %p to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16}
// expected-error @+1 {{operand must be a column of rows, tokens or values, found 'f32'}}
batch.kernel @inner(%left: f32) -> @Node {
}

// -----

batch.state @Node {h : 16}
batch.param @b : tensor<16xf32>
batch.kernel @leaf() -> @Node {
  %b = batch.broadcast @b : tensor<?x16xf32>
  batch.scatter %b to "h" : tensor<?x16xf32>
}
// expected-error @+1 {{has a transition whose action is not in its frontier}}
batch.policy @policy encoding <base> [#batch.transition<[@leaf] -> @inner>]

// -----

batch.state @Node {h : 16}
batch.param @b : tensor<16xf32>
batch.kernel @leaf() -> @Node {
  %b = batch.broadcast @b : tensor<?x16xf32>
  batch.scatter %b to "h" : tensor<?x16xf32>
}
// expected-error @+1 {{has two transitions for one frontier}}
batch.policy @policy encoding <base> [
  #batch.transition<[@leaf] -> @leaf>, #batch.transition<[@leaf] -> @leaf>]

// -----

batch.state @Node {h : 16}
batch.kernel @leaf(%x: !batch.values<16>) -> @Node {
  %0 = batch.input %x : !batch.values<16> -> tensor<?x16xf32>
  batch.scatter %0 to "h" : tensor<?x16xf32>
}
// expected-error @+1 {{of kind 'agenda' has transitions, which only a machine can have}}
"batch.policy"() {sym_name = "policy", kind = #batch.policy_kind<agenda>,
  transitions = [#batch.transition<[@leaf] -> @leaf>]} : () -> ()

// -----

// expected-error @+1 {{refers to @leaf, which is not a kernel}}
batch.policy @policy encoding <base> [#batch.transition<[@leaf] -> @leaf>]

// -----

batch.state @Node {h : 16}
batch.param @b : tensor<16xf32>
batch.kernel @leaf() -> @Node {
  // expected-error @+1 {{has 'tensor<?x8xf32>' in a phase of width 16}}
  %k = batch.phase width 16 {
    %b = batch.splat 0.0 : tensor<?x8xf32>
    batch.yield %b : tensor<?x8xf32>
  } : tensor<?x8xf32>
}

// -----

func.func @f(%buffers: !llvm.ptr) {
  // expected-error @+1 {{needs a memref of identity layout whose dimensions after the first are static}}
  %nodes = batch.bind %buffers[0] : !llvm.ptr -> memref<4x?xf32>
  return
}

// -----

// expected-error @+1 {{bound of tokens must be positive, found 0}}
batch.kernel @leaf(%word: !batch.tokens<0>) -> @Node {
}

// -----

// expected-error @+1 {{width of values must be positive, found 0}}
batch.kernel @leaf(%x: !batch.values<0>) -> @Node {
}

// -----

// expected-error @+1 {{must be an f32 tensor of static shape and rank 1 to 3, found 'tensor<4x?xf32>'}}
batch.param @U : tensor<4x?xf32>

// -----

// expected-error @+1 {{has two fields named 'h'}}
batch.state @Node {h : 4, h : 4}

// -----

// expected-error @+1 {{field 'h' has width 0}}
batch.state @Node {h : 0}

// -----

// expected-error @+1 {{has 2 fields and a layout for 1}}
batch.state @Node {h : 4, c : 4} layout <offsets = [0], stride = 32>

// -----

// expected-error @+1 {{refers to @Node, which is not a state}}
batch.output @hidden of @Node["h"]

// -----

batch.state @Node {h : 16}
// expected-error @+1 {{names field 'c', which state @Node doesn't have}}
batch.output @hidden of @Node["c"]

// -----

// expected-error @+1 {{must have at least one row}}
batch.pack @p rows 0 panel 16 []

// -----

// expected-error @+1 {{segment must have a depth, at least one term, and an accumulator for each}}
batch.pack @p rows 16 panel 16 [#batch.segment<16, [<@U[0]>] into [0, 1]>]

// -----

// expected-error @+1 {{refers to @U, which is not a parameter}}
batch.pack @p rows 16 panel 16 [#batch.segment<16, [<@U[0]>] into [0]>]

// -----

// expected-error @+1 {{has a transition that names a kernel twice}}
batch.policy @policy encoding <base> [#batch.transition<[@leaf, @leaf] -> @leaf>]

// -----

batch.state @Node {h : 16}
batch.kernel @leaf(%x: !batch.values<16>) -> @Node {
  // expected-error @+1 {{must be in a phase, as the kernel has phases}}
  %h = batch.input %x : !batch.values<16> -> tensor<?x16xf32>
  batch.phase width 16 {
    batch.scatter %h to "h" : tensor<?x16xf32>
    batch.yield
  }
}

// -----

batch.state @Node {h : 64}
batch.kernel @leaf(%x: !batch.values<64>) -> @Node {
  batch.phase width 16 {
    %h = batch.input %x : !batch.values<64> -> tensor<?x64xf32>
    // expected-error @+1 {{has 'tensor<?x64xf32>' in a phase of width 16}}
    batch.scatter %h to "h" : tensor<?x64xf32>
    batch.yield
  }
}

// -----

batch.state @Node {h : 16}
batch.kernel @leaf(%x: !batch.values<16>) -> @Node {
  batch.phase width 16 {
    %h = batch.input %x : !batch.values<16> -> tensor<?x16xf32>
    // expected-error @+1 {{has 'tensor<?x16xi1>' in a phase of width 16}}
    %p = arith.cmpf olt, %h, %h : tensor<?x16xf32>
    %s = arith.select %p, %h, %h : tensor<?x16xi1>, tensor<?x16xf32>
    batch.scatter %s to "h" : tensor<?x16xf32>
    batch.yield
  }
}

// -----

batch.param @U : tensor<16x16xf32>
batch.state @Node {h : 16}
batch.kernel @leaf(%x: !batch.values<16>) -> @Node {
  batch.phase width 16 {
    %h = batch.input %x : !batch.values<16> -> tensor<?x16xf32>
    %n = arith.negf %h : tensor<?x16xf32>
    // expected-error @+1 {{needs an operand in memory, and not one that its own phase computes}}
    %p = batch.product %n with [#batch.term<@U[0]>] : tensor<?x16xf32> -> tensor<?x16xf32>
    batch.scatter %p to "h" : tensor<?x16xf32>
    batch.yield
  }
}

// -----

batch.state @Node {h : 16}
batch.kernel @leaf(%x: !batch.values<16>) -> @Node {
  // expected-error @+1 {{must end in batch.yield}}
  batch.phase width 16 {
    llvm.unreachable
  }
}

// -----

batch.state @Node {h : 16}
batch.kernel @leaf(%x: !batch.values<16>) -> @Node {
  %k = batch.phase width 16 {
    // expected-error @+1 {{yields other types than the phase keeps}}
    batch.yield
  } : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16}
batch.kernel @leaf(%x: !batch.values<16>) -> @Node {
  // expected-error @+1 {{keeps 1 values and has slots for 2}}
  %k = batch.phase width 16 slots [0, 1] {
    %h = batch.input %x : !batch.values<16> -> tensor<?x16xf32>
    batch.yield %h : tensor<?x16xf32>
  } : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16}
batch.kernel @leaf(%x: !batch.values<16>) -> @Node {
  // expected-error @+1 {{keeps a value in slot 0, which the kernel's workspace doesn't have}}
  %k = batch.phase width 16 slots [0] {
    %h = batch.input %x : !batch.values<16> -> tensor<?x16xf32>
    batch.yield %h : tensor<?x16xf32>
  } : tensor<?x16xf32>
  batch.phase width 16 {
    batch.scatter %k to "h" : tensor<?x16xf32>
    batch.yield
  }
}

// -----

batch.state @Node {h : 32}
batch.kernel @leaf(%x: !batch.values<32>) -> @Node attributes {
    workspace = #batch.row_layout<offsets = [0], stride = 16>} {
  // expected-error @+1 {{keeps a value in slot 0, which ends beyond the workspace's stride}}
  %k = batch.phase width 32 slots [0] {
    %h = batch.input %x : !batch.values<32> -> tensor<?x32xf32>
    batch.yield %h : tensor<?x32xf32>
  } : tensor<?x32xf32>
  batch.phase width 32 {
    batch.scatter %k to "h" : tensor<?x32xf32>
    batch.yield
  }
}

// -----

batch.state @Node {h : 16}
batch.kernel @leaf(%x: !batch.values<16>) -> @Node {
  // expected-error @+1 {{panel must be a positive multiple of 16, found 8}}
  batch.phase width 16 panel 8 {
    %h = batch.input %x : !batch.values<16> -> tensor<?x16xf32>
    batch.scatter %h to "h" : tensor<?x16xf32>
    batch.yield
  }
}

// -----

batch.param @U : tensor<16x32xf32>
batch.state @Node {h : 16}
batch.pack @p rows 16 panel 16 [#batch.segment<16, [<@U[0]>] into [0]>]
batch.kernel @panel(%x: !batch.values<16>) -> @Node {
  // expected-error @+1 {{of width 16 doesn't fit the rows or the panel of @p}}
  batch.phase width 16 weights @p panel 32 {
    %h = batch.input %x : !batch.values<16> -> tensor<?x16xf32>
    %p = batch.product %h with [#batch.term<@U[0]>] : tensor<?x16xf32> -> tensor<?x16xf32>
    batch.scatter %p to "h" : tensor<?x16xf32>
    batch.yield
  }
}

// -----

batch.param @U : tensor<16x32xf32>
batch.state @Node {h : 16}
batch.pack @p rows 16 panel 16 [#batch.segment<16, [<@U[0]>] into [0]>]
batch.kernel @segments(%x: !batch.values<16>, %y: !batch.values<16>) -> @Node {
  // expected-error @+1 {{has products of 2 segments, but @p has 1}}
  batch.phase width 16 weights @p panel 16 {
    %h = batch.input %x : !batch.values<16> -> tensor<?x16xf32>
    %g = batch.input %y : !batch.values<16> -> tensor<?x16xf32>
    %p = batch.product %h, %g with [#batch.term<@U[0]>, #batch.term<@U[16]>]
        : tensor<?x16xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
    batch.scatter %p to "h" : tensor<?x16xf32>
    batch.yield
  }
}

// -----

batch.param @U : tensor<16x32xf32>
batch.state @Node {h : 16}
batch.pack @p rows 16 panel 16 [
  #batch.segment<16, [<@U[16]>] into [0]>, #batch.segment<16, [<@U[0]>] into [0]>]
batch.kernel @order_of_segments(%x: !batch.values<16>, %y: !batch.values<16>) -> @Node {
  // expected-error @+1 {{has other products than segment 0 of @p}}
  batch.phase width 16 weights @p panel 16 {
    %h = batch.input %x : !batch.values<16> -> tensor<?x16xf32>
    %g = batch.input %y : !batch.values<16> -> tensor<?x16xf32>
    %p = batch.product %h, %g with [#batch.term<@U[0]>, #batch.term<@U[16]>]
        : tensor<?x16xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
    batch.scatter %p to "h" : tensor<?x16xf32>
    batch.yield
  }
}

// -----

batch.state @Node {h : 16}
batch.kernel @inner(%left: !batch.rows<@Node>) -> @Node {
  // expected-error @+1 {{has rows of 8, but the field has 16}}
  %h = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x8xf32>
  batch.scatter %h to "h" : tensor<?x8xf32>
  batch.scatter %h to "h"[8] : tensor<?x8xf32>
}

// -----

batch.state @Node {h : 16}
batch.param @b : tensor<16xf32>
batch.kernel @leaf(%word: !batch.tokens<4>) -> @Node {
  // expected-error @+1 {{needs a table to look up in, but @b is 'tensor<16xf32>'}}
  %x = batch.lookup @b[%word] : !batch.tokens<4> -> tensor<?x16xf32>
  batch.scatter %x to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16}
batch.param @E : tensor<4x16xf32>
batch.kernel @leaf(%word: !batch.tokens<5>) -> @Node {
  // expected-error @+1 {{looks up tokens below 5 in @E, which has 4 entries}}
  %x = batch.lookup @E[%word] : !batch.tokens<5> -> tensor<?x16xf32>
  batch.scatter %x to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16}
batch.param @E : tensor<4x16xf32>
batch.kernel @leaf() -> @Node {
  // expected-error @+1 {{has rows of 16, but the parameter has 4 by 16}}
  %x = batch.broadcast @E : tensor<?x16xf32>
  batch.scatter %x to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16}
batch.kernel @leaf(%x: !batch.values<16>) -> @Node {
  // expected-error @+1 {{has rows of 8, but the operand has 16}}
  %h = batch.input %x : !batch.values<16> -> tensor<?x8xf32>
}

// -----

batch.state @Node {h : 16}
batch.kernel @leaf(%x: !batch.values<16>) -> @Node {
  %h = batch.input %x : !batch.values<16> -> tensor<?x16xf32>
  // expected-error @+1 {{has 1 vectors and 0 terms}}
  %p = batch.product %h with [] : tensor<?x16xf32> -> tensor<?x16xf32>
}

// -----

func.func @f(%x: tensor<?x16xf32>) {
  // expected-error @+1 {{must be in a batch.kernel}}
  batch.scatter %x to "h" : tensor<?x16xf32>
  return
}

// -----

batch.state @Node {h : 16}
// expected-error @+1 {{binds what isn't there: #batch.binding<operand_rows : 1>}}
batch.kernel @inner(%left: !batch.rows<@Node>) -> @Node attributes {
    bindings = [#batch.binding<operand_rows : 0>, #batch.binding<operand_rows : 1>]} {
  %h = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  batch.scatter %h to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16}
// expected-error @+1 {{binds what isn't there: #batch.binding<operand_tokens : 0>}}
batch.kernel @inner(%left: !batch.rows<@Node>) -> @Node attributes {
    bindings = [#batch.binding<operand_tokens : 0>]} {
  %h = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  batch.scatter %h to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16}
// expected-error @+1 {{binds what isn't there: #batch.binding<constant of @Node>}}
batch.kernel @inner(%left: !batch.rows<@Node>) -> @Node attributes {
    bindings = [#batch.binding<constant of @Node>]} {
  %h = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  batch.scatter %h to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16}
// expected-error @+1 {{binds what isn't there: #batch.binding<workspace>}}
batch.kernel @inner(%left: !batch.rows<@Node>) -> @Node attributes {
    bindings = [#batch.binding<workspace>]} {
  %h = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  batch.scatter %h to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16}
batch.kernel @inner(%left: !batch.rows<@Node>) -> @Node {
  %other = builtin.unrealized_conversion_cast %left : !batch.rows<@Node> to !batch.rows<@Node>
  // expected-error @+1 {{must read an operand of its kernel}}
  %h = batch.gather %other["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  batch.scatter %h to "h" : tensor<?x16xf32>
}

// -----

func.func @f(%buffers: !llvm.ptr) {
  // expected-error @+1 {{has no slot -1}}
  %nodes = batch.bind %buffers[-1] : !llvm.ptr -> memref<?xf32>
  return
}

// -----

// expected-error @+1 {{field 'M' has 0 columns}}
batch.state @Node {M : 16 by 0}

// -----

batch.state @Node {h : 16}
// expected-error @+1 {{doesn't store field "h" of state @Node as a whole}}
batch.kernel @half(%x: !batch.values<8>) -> @Node {
  %v = batch.input %x : !batch.values<8> -> tensor<?x8xf32>
  batch.scatter %v to "h" : tensor<?x8xf32>
}

// -----

batch.state @Node {h : 16}
batch.kernel @mixed(%left: !batch.rows<@Node>, %nodes: !batch.ragged<@Node>) -> @Node {
  // expected-error @+1 {{of '!batch.ragged<@Node>' has rows of 'tensor<?x16xf32>'}}
  %h = batch.gather %nodes["h"] : !batch.ragged<@Node> -> tensor<?x16xf32>
  batch.scatter %h to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16}
batch.kernel @stored(%nodes: !batch.ragged<@Node>) -> @Node {
  %h = batch.gather %nodes["h"] : !batch.ragged<@Node> -> tensor<?x16xf32, #batch.each<0>>
  // expected-error @+1 {{must store rows of nodes, not of elements}}
  batch.scatter %h to "h" : tensor<?x16xf32, #batch.each<0>>
}

// -----

batch.state @Node {h : 16}
batch.kernel @parts(%x: !batch.values<8>) -> @Node {
  %v = batch.input %x : !batch.values<8> -> tensor<?x8xf32>
  batch.scatter %v to "h" : tensor<?x8xf32>
  // expected-error @+1 {{stores field "h" a second time}}
  batch.scatter %v to "h"[4] : tensor<?x8xf32>
}

// -----

batch.state @Node {h : 16}
batch.kernel @reduced(%left: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  // expected-error @+1 {{leads from the rows of elements to those of nodes}}
  %s = batch.reduce sum %h : tensor<?x16xf32> -> tensor<?x16xf32>
  batch.scatter %s to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16}
batch.kernel @over_nothing(%left: !batch.rows<@Node>) -> @Node {
  // expected-error @+1 {{goes over operand 0, which has no elements}}
  batch.phase width 16 over 0 {
    batch.yield
  }
}

// -----

batch.state @Node {h : 16}
batch.kernel @sliced(%left: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  // expected-error @+1 {{takes [9, 17) of rows of 16}}
  %s = batch.slice %h[9] : tensor<?x16xf32> -> tensor<?x8xf32>
  batch.scatter %h to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16, M : 16 by 4}
batch.kernel @multiplied(%left: !batch.rows<@Node>) -> @Node {
  %h = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
  %M = batch.gather %left["M"] : !batch.rows<@Node> -> tensor<?x16x4xf32>
  // expected-error @+1 {{can't lead from 'tensor<?x16x4xf32>' and 'tensor<?x16xf32>' to 'tensor<?x16xf32>'}}
  %v = batch.multiply %M, %h : tensor<?x16x4xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
  batch.scatter %v to "h" : tensor<?x16xf32>
  batch.scatter %M to "M" : tensor<?x16x4xf32>
}

// -----

// expected-error @+1 {{has a table of 0 rows}}
batch.state @Node {h : 16} {table_rows = 0 : i64}

// -----

batch.state @Node {h : 16} {table_rows = 8 : i64}
// expected-error @+1 {{needs 7 rows from row 2 on of the table of state @Node, which has 8}}
batch.kernel @leaf(%word: !batch.tokens<7>) -> @Node attributes {first_row = 2 : i64} {
}

// -----

batch.state @Node {h : 16}
// expected-error @+1 {{needs 1 rows from row 0 on of the table of state @Node, which has 0}}
batch.kernel @zero() -> @Node attributes {first_row = 0 : i64} {
}

// -----

batch.state @Node {h : 16} {table_rows = 8 : i64}
// expected-error @+1 {{is looked up and must be empty}}
batch.kernel @zero() -> @Node attributes {first_row = 0 : i64} {
  %z = batch.splat 0.000000e+00 : tensor<?x16xf32>
  batch.scatter %z to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16} {table_rows = 8 : i64}
// expected-error @+1 {{of a table must have one operand, a token}}
batch.kernel @leaf(%last: !batch.rows<@Node>) -> @Node attributes {first_row = 0 : i64} {
}

// -----

batch.state @Node {h : 16} {table_rows = 8 : i64}
// expected-error @+1 {{without operands gives one row of a table}}
batch.kernel @zero() -> @Node attributes {first_row = 0 : i64, table = 2 : i64} {
  %z = batch.splat 0.000000e+00 : tensor<?x16xf32>
  batch.scatter %z to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16}
// expected-error @+1 {{of a table must have at least one row}}
batch.kernel @leaf(%word: !batch.tokens<7>) -> @Node attributes {table = 0 : i64} {
  %z = batch.splat 0.000000e+00 : tensor<?x16xf32>
  batch.scatter %z to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16} {table_rows = 8 : i64}
// expected-error @+1 {{gives 8 rows of a table for other tokens}}
batch.kernel @leaf.word(%word: !batch.tokens<9>) -> @Node attributes {first_row = 0 : i64, table = 8 : i64} {
  %z = batch.splat 0.000000e+00 : tensor<?x16xf32>
  batch.scatter %z to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16} {table_rows = 8 : i64}
// expected-error @+1 {{needs 1 rows from row -1 on of the table of state @Node, which has 8}}
batch.kernel @zero() -> @Node attributes {first_row = -1 : i64} {
}
