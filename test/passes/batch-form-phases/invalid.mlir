// RUN: edbc-opt %s --pass-pipeline='builtin.module(batch.kernel(batch-form-phases))' --split-input-file --verify-diagnostics

batch.state @Node {h : 16}
batch.kernel @not_elementwise(%in: !batch.values<16>) -> @Node {
  %x = batch.input %in : !batch.values<16> -> tensor<?x16xf32>
  // expected-error @+1 {{can't be computed in a phase: it isn't elementwise on rows of f32}}
  %y = tensor.cast %x : tensor<?x16xf32> to tensor<2x16xf32>
  %z = tensor.cast %y : tensor<2x16xf32> to tensor<?x16xf32>
  batch.scatter %z to "h" : tensor<?x16xf32>
}

// -----

batch.state @Node {h : 16}
batch.kernel @truth_values(%in: !batch.values<16>) -> @Node {
  %x = batch.input %in : !batch.values<16> -> tensor<?x16xf32>
  %n = arith.negf %x : tensor<?x16xf32>
  // expected-error @+1 {{can't be computed in a phase: it isn't elementwise on rows of f32}}
  %p = arith.cmpf olt, %x, %n : tensor<?x16xf32>
  %s = arith.select %p, %x, %n : tensor<?x16xi1>, tensor<?x16xf32>
  batch.scatter %s to "h" : tensor<?x16xf32>
}
