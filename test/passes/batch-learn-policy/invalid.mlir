// RUN: edbc-opt %s --batch-learn-policy --split-input-file --verify-diagnostics

// No cell begins a graph.
// expected-error @+1 {{nothing yields state 'Node'}}
module @endless {
  batch.state @Node {h : 16}
  batch.kernel @inner(%left: !batch.rows<@Node>) -> @Node {
    %l = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
    batch.scatter %l to "h" : tensor<?x16xf32>
  }
}
