// RUN: edbc-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{bound of a token must be between 1 and 1048576, found 0}}
cell.def @leaf(%word: !cell.token<0>) -> @Node {
}

// -----

// expected-error @+1 {{parameter must be an f32 tensor of static shape and rank 1 or 2, found 'tensor<4xf64>'}}
cell.param @E : tensor<4xf64>

// -----

// expected-error @+1 {{parameter must have dimensions between 1 and 1048576, found 'tensor<0x4xf32>'}}
cell.param @E : tensor<0x4xf32>

// -----

// expected-error @+1 {{has two fields named 'h'}}
cell.state @Node {h : tensor<4xf32>, h : tensor<4xf32>}

// -----

// expected-error @+1 {{field 'h' must be an f32 tensor of static shape and rank 1, found 'tensor<4x4xf32>'}}
cell.state @Node {h : tensor<4x4xf32>}

// -----

cell.state @Node {h : tensor<4xf32>}
// expected-error @+1 {{names field 'c', which state @Node doesn't have}}
cell.output @hidden of @Node["c"]

// -----

// expected-error @+1 {{refers to @Node, which is not a state}}
cell.output @hidden of @Node["c"]

// -----

cell.state @Node {h : tensor<4xf32>}
cell.param @b : tensor<4xf32>
cell.def @leaf() -> @Node {
  %b = cell.weight @b : tensor<4xf32>
  // expected-error @+1 {{yields 2 values, but state @Node has 1 fields}}
  cell.yield %b, %b : tensor<4xf32>, tensor<4xf32>
}

// -----

cell.state @Node {h : tensor<8xf32>}
cell.param @b : tensor<4xf32>
cell.def @leaf() -> @Node {
  %b = cell.weight @b : tensor<4xf32>
  // expected-error @+1 {{yields 'tensor<4xf32>' for field "h" of state @Node, which is 'tensor<8xf32>'}}
  cell.yield %b : tensor<4xf32>
}

// -----

cell.state @Node {h : tensor<4xf32>}
cell.param @E : tensor<10x4xf32>
cell.def @leaf(%word: !cell.token<11>) -> @Node {
  // expected-error @+1 {{looks up tokens below 11 in @E, which has 10 rows}}
  %x = cell.lookup @E[%word] : !cell.token<11> -> tensor<4xf32>
  cell.yield %x : tensor<4xf32>
}

// -----

cell.state @Node {h : tensor<5xf32>}
cell.param @E : tensor<10x4xf32>
cell.def @leaf(%word: !cell.token<10>) -> @Node {
  // expected-error @+1 {{yields 'tensor<5xf32>', but a row of the table is 'tensor<4xf32>'}}
  %x = cell.lookup @E[%word] : !cell.token<10> -> tensor<5xf32>
  cell.yield %x : tensor<5xf32>
}

// -----

cell.state @Node {h : tensor<4xf32>}
cell.param @U : tensor<4x8xf32>
cell.def @inner(%left: !cell.ref<@Node>) -> @Node {
  %h = cell.field %left["h"] : !cell.ref<@Node> -> tensor<4xf32>
  // expected-error @+1 {{can't multiply @U of 'tensor<4x8xf32>' by 'tensor<4xf32>'}}
  %p = cell.product @U, %h : tensor<4xf32> -> tensor<4xf32>
  cell.yield %p : tensor<4xf32>
}

// -----

cell.state @Node {h : tensor<4xf32>}
// expected-error @+1 {{must end in cell.yield}}
cell.def @inner(%left: !cell.ref<@Node>) -> @Node {
  llvm.unreachable
}

// -----

cell.state @Node {h : tensor<4xf32>}
// expected-error @+1 {{dense operand 'x' of another type than !cell.ref and !cell.token must be an f32 tensor of static shape and rank 1, found 'tensor<?xf32>'}}
cell.def @leaf(%x: tensor<?xf32>) -> @Node {
  cell.yield %x : tensor<?xf32>
}

// -----

cell.state @Node {h : tensor<4xf32>}
cell.param @b : tensor<4xf32>
cell.def @leaf(%word: !cell.token<4>) -> @Node {
  // expected-error @+1 {{needs a matrix to look up in, but @b is 'tensor<4xf32>'}}
  %x = cell.lookup @b[%word] : !cell.token<4> -> tensor<4xf32>
  cell.yield %x : tensor<4xf32>
}

// -----

cell.state @Node {h : tensor<4xf32>}
cell.def @leaf() -> @Node {
  // expected-error @+1 {{refers to @b, which is not a parameter}}
  %b = cell.weight @b : tensor<4xf32>
  cell.yield %b : tensor<4xf32>
}

// -----

// expected-error @+1 {{must have at least one field}}
"cell.state"() <{sym_name = "Node", field_names = [], field_types = []}> : () -> ()

// -----

cell.state @Node {h : tensor<4xf32>}
// expected-error @+1 {{has two operands named 'x'}}
"cell.def"() <{sym_name = "leaf", operand_names = ["x", "x"], state = @Node}> ({
^bb0(%x: tensor<4xf32>, %y: tensor<4xf32>):
  cell.yield %x : tensor<4xf32>
}) : () -> ()
