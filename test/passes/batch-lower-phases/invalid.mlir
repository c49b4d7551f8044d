// RUN: edbc-opt %s --batch-lower-phases --split-input-file --verify-diagnostics

module @net {
  batch.state @Out {h : 16} layout <offsets = [0], stride = 16>
  batch.kernel @step(%in: !batch.values<16>) -> @Out attributes {bindings = [
      #batch.binding<items>, #batch.binding<operand_values : 0>,
      #batch.binding<result_rows>, #batch.binding<state of @Out>]} {
    batch.phase width 16 panel 16 {
      %x = batch.input %in : !batch.values<16> -> tensor<?x16xf32>
      // expected-error @+1 {{can't be computed in a phase: it isn't elementwise}}
      %y = tensor.cast %x : tensor<?x16xf32> to tensor<?x16xf32>
      batch.scatter %y to "h" : tensor<?x16xf32>
      batch.yield
    }
  }
}

// -----

// expected-error @+1 {{has no layout: memory isn't planned}}
batch.state @Out {h : 16}

// -----

batch.state @Out {h : 16} layout <offsets = [0], stride = 16>
// expected-error @+1 {{has no phases}}
batch.kernel @step(%in: !batch.values<16>) -> @Out {
  %x = batch.input %in : !batch.values<16> -> tensor<?x16xf32>
  batch.scatter %x to "h" : tensor<?x16xf32>
}

// -----

batch.state @Out {h : 16} layout <offsets = [0], stride = 16>
batch.kernel @step(%in: !batch.values<16>) -> @Out {
  // expected-error @+1 {{can't be generated before memory is planned}}
  batch.phase width 16 {
    %x = batch.input %in : !batch.values<16> -> tensor<?x16xf32>
    batch.scatter %x to "h" : tensor<?x16xf32>
    batch.yield
  }
}

// -----

batch.state @Out {h : 16} layout <offsets = [0], stride = 16>
// expected-error @+1 {{doesn't bind #batch.binding<operand_values : 0>, which one of its phases reads}}
batch.kernel @step(%in: !batch.values<16>) -> @Out attributes {bindings = [
    #batch.binding<items>, #batch.binding<result_rows>, #batch.binding<state of @Out>]} {
  batch.phase width 16 panel 16 {
    %x = batch.input %in : !batch.values<16> -> tensor<?x16xf32>
    batch.scatter %x to "h" : tensor<?x16xf32>
    batch.yield
  }
}
