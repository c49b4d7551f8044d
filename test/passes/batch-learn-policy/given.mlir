// RUN: edbc-opt %s --batch-learn-policy | FileCheck %s

// A policy that is there already stays as it is.
// CHECK-COUNT-1: batch.policy @mine encoding <base> [#batch.transition<[@leaf] -> @leaf>]
// CHECK-NOT:     batch.policy
module @tree {
  batch.state @Node {h : 16}
  batch.kernel @leaf(%word: !batch.values<16>) -> @Node {
    %x = batch.input %word : !batch.values<16> -> tensor<?x16xf32>
    batch.scatter %x to "h" : tensor<?x16xf32>
  }
  batch.policy @mine encoding <base> [#batch.transition<[@leaf] -> @leaf>]
}
