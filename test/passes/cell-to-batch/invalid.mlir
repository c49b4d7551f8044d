// RUN: edbc-opt %s --cell-to-batch --split-input-file --verify-diagnostics

cell.state @Node {h : tensor<8xf32>}
cell.def @concatenation_in_arithmetic(%x: tensor<4xf32>) -> @Node {
  %e = tensor.concat dim(0) %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
  // expected-error @+1 {{can't take a concatenation; a concatenation may only be multiplied or stored}}
  %t = math.tanh %e : tensor<8xf32>
  cell.yield %t : tensor<8xf32>
}

// -----

cell.state @Node {h : tensor<2xf32>}
cell.def @constant_of_different_elements() -> @Node {
  // expected-error @+1 {{must be a splat of f32}}
  %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  cell.yield %c : tensor<2xf32>
}

// -----

cell.state @Node {h : tensor<4xf32>}
cell.def @not_elementwise(%x: tensor<4xf32>) -> @Node {
  // expected-error @+1 {{can't be batched: it is neither an operation of the cell dialect nor elementwise}}
  %p = tensor.cast %x : tensor<4xf32> to tensor<?xf32>
  %q = tensor.cast %p : tensor<?xf32> to tensor<4xf32>
  cell.yield %q : tensor<4xf32>
}

// -----

cell.state @Node {h : tensor<4xf32>}
cell.def @constant_of_rank_0(%x: tensor<4xf32>) -> @Node {
  // expected-error @+1 {{must be a splat of f32 in a vector}}
  %c = arith.constant dense<1.0> : tensor<f32>
  cell.yield %x : tensor<4xf32>
}

// -----

cell.state @Node {h : tensor<4xf32>}
cell.def @truth_values(%x: tensor<4xf32>, %y: tensor<4xf32>) -> @Node {
  // expected-error @+1 {{can't be batched: it computes 'tensor<4xi1>' and not a vector or a matrix of f32}}
  %c = arith.cmpf olt, %x, %y : tensor<4xf32>
  %s = arith.select %c, %x, %y : tensor<4xi1>, tensor<4xf32>
  cell.yield %s : tensor<4xf32>
}

// -----

cell.state @Node {h : tensor<4xf32>}
cell.def @nested(%a: !cell.refs<@Node>, %b: !cell.refs<@Node>) -> @Node {
  %s = cell.reduce sum %a : !cell.refs<@Node> {
  ^bb0(%k: !cell.ref<@Node>):
    // expected-error @+1 {{can't stand in another reduction}}
    %t = cell.reduce sum %b : !cell.refs<@Node> {
    ^bb0(%l: !cell.ref<@Node>):
      %h = cell.field %l["h"] : !cell.ref<@Node> -> tensor<4xf32>
      cell.yield %h : tensor<4xf32>
    } : tensor<4xf32>
    cell.yield %t : tensor<4xf32>
  } : tensor<4xf32>
  cell.yield %s : tensor<4xf32>
}
