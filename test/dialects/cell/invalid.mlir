// RUN: edbc-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{bound of a token must be between 1 and 1048576, found 0}}
cell.def @leaf(%word: !cell.token<0>) -> @Node {
}

// -----

// expected-error @+1 {{parameter must be an f32 tensor of static shape and rank 1 to 3, found 'tensor<4xf64>'}}
cell.param @E : tensor<4xf64>

// -----

// expected-error @+1 {{parameter must have dimensions between 1 and 1048576, found 'tensor<0x4xf32>'}}
cell.param @E : tensor<0x4xf32>

// -----

// expected-error @+1 {{has two fields named 'h'}}
cell.state @Node {h : tensor<4xf32>, h : tensor<4xf32>}

// -----

// expected-error @+1 {{field 'h' must be an f32 tensor of static shape and rank 1 or 2, found 'tensor<4x4x4xf32>'}}
cell.state @Node {h : tensor<4x4x4xf32>}

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
  // expected-error @+1 {{looks up tokens below 11 in @E, which has 10 entries}}
  %x = cell.lookup @E[%word] : !cell.token<11> -> tensor<4xf32>
  cell.yield %x : tensor<4xf32>
}

// -----

cell.state @Node {h : tensor<5xf32>}
cell.param @E : tensor<10x4xf32>
cell.def @leaf(%word: !cell.token<10>) -> @Node {
  // expected-error @+1 {{yields 'tensor<5xf32>', but an entry of the table is 'tensor<4xf32>'}}
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
// expected-error @+1 {{dense operand 'x' of another type than !cell.ref, !cell.refs and !cell.token must be an f32 tensor of static shape and rank 1, found 'tensor<?xf32>'}}
cell.def @leaf(%x: tensor<?xf32>) -> @Node {
  cell.yield %x : tensor<?xf32>
}

// -----

cell.state @Node {h : tensor<4xf32>}
cell.param @b : tensor<4xf32>
cell.def @leaf(%word: !cell.token<4>) -> @Node {
  // expected-error @+1 {{needs a table to look up in, but @b is 'tensor<4xf32>'}}
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

// -----

cell.state @Node {h : tensor<4xf32>}
cell.def @max_of_nothing(%nodes: !cell.refs<@Node>) -> @Node {
  // expected-error @+1 {{takes the max of a list that may be empty}}
  %m = cell.reduce max %nodes : !cell.refs<@Node> {
  ^bb0(%node: !cell.ref<@Node>):
    %h = cell.field %node["h"] : !cell.ref<@Node> -> tensor<4xf32>
    cell.yield %h : tensor<4xf32>
  } : tensor<4xf32>
  cell.yield %m : tensor<4xf32>
}

// -----

cell.state @Node {h : tensor<4xf32>}
cell.def @reduces_two(%nodes: !cell.refs<@Node>) -> @Node {
  // expected-error @+1 {{must yield one value, 'tensor<4xf32>'}}
  %m = cell.reduce sum %nodes : !cell.refs<@Node> {
  ^bb0(%node: !cell.ref<@Node>):
    %h = cell.field %node["h"] : !cell.ref<@Node> -> tensor<4xf32>
    cell.yield %h, %h : tensor<4xf32>, tensor<4xf32>
  } : tensor<4xf32>
  cell.yield %m : tensor<4xf32>
}

// -----

cell.state @Node {h : tensor<4xf32>}
cell.state @Other {h : tensor<4xf32>}
cell.def @reduces_another(%nodes: !cell.refs<@Node>) -> @Node {
  // expected-error @+1 {{must compute on one node, '!cell.ref<@Node>'}}
  %m = cell.reduce sum %nodes : !cell.refs<@Node> {
  ^bb0(%node: !cell.ref<@Other>):
    %h = cell.field %node["h"] : !cell.ref<@Other> -> tensor<4xf32>
    cell.yield %h : tensor<4xf32>
  } : tensor<4xf32>
  cell.yield %m : tensor<4xf32>
}

// -----

cell.state @Node {h : tensor<4xf32>}
// expected-error @+1 {{refers to @None, which is not a state}}
cell.def @of_no_state(%nodes: !cell.refs<@None>, %x: tensor<4xf32>) -> @Node {
  cell.yield %x : tensor<4xf32>
}

// -----

cell.state @Node {M : tensor<4x3xf32>, v : tensor<4xf32>}
cell.def @multiplies(%node: !cell.ref<@Node>) -> @Node {
  %M = cell.field %node["M"] : !cell.ref<@Node> -> tensor<4x3xf32>
  %v = cell.field %node["v"] : !cell.ref<@Node> -> tensor<4xf32>
  // expected-error @+1 {{can't multiply 'tensor<4x3xf32>' by 'tensor<4xf32>'}}
  %p = cell.multiply %M, %v : tensor<4x3xf32>, tensor<4xf32> -> tensor<4xf32>
  cell.yield %M, %p : tensor<4x3xf32>, tensor<4xf32>
}

// -----

cell.state @Node {M : tensor<4x3xf32>, v : tensor<4xf32>}
cell.def @broadcasts(%node: !cell.ref<@Node>) -> @Node {
  %v = cell.field %node["v"] : !cell.ref<@Node> -> tensor<4xf32>
  // expected-error @+1 {{can't fill the rows of 'tensor<4x3xf32>' with 'tensor<4xf32>'}}
  %M = cell.broadcast %v along rows : tensor<4xf32> -> tensor<4x3xf32>
  cell.yield %M, %v : tensor<4x3xf32>, tensor<4xf32>
}

// -----

cell.state @Node {l : tensor<1xf32>}
cell.def @labels(%x: tensor<4xf32>, %label: !cell.token<5>) -> @Node {
  // expected-error @+1 {{has labels below 5 for 'tensor<4xf32>'}}
  %l = cell.cross_entropy %x, %label : tensor<4xf32>, !cell.token<5>
  cell.yield %l : tensor<1xf32>
}
