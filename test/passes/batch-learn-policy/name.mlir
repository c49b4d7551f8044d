// RUN: edbc-opt %s --batch-learn-policy | FileCheck %s

// The name of the policy gives way to those of the network.
// CHECK: batch.state @policy
// CHECK: batch.policy @policy_0 encoding <base> []
module @tree {
  batch.state @policy {h : 16}
  batch.kernel @leaf(%word: !batch.values<16>) -> @policy {
    %x = batch.input %word : !batch.values<16> -> tensor<?x16xf32>
    batch.scatter %x to "h" : tensor<?x16xf32>
  }
}
