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
  // expected-error @+1 {{stores field 'h' a second time}}
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

// expected-error @+1 {{refers to @leaf, which is not a kernel}}
batch.policy @policy encoding <base> [#batch.transition<[@leaf] -> @leaf>]

// -----

batch.state @Node {h : 16}
batch.param @b : tensor<16xf32>
batch.kernel @leaf() -> @Node {
  // expected-error @+1 {{of width 16 keeps rows of 8}}
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
