// RUN: edbc-opt %s --batch-learn-policy | FileCheck %s
// RUN: edbc-opt %s --batch-learn-policy=method=q-learning | FileCheck %s
// RUN: edbc-opt %s --batch-learn-policy=batch-costs=leaf=1,inner=20,score=300 | FileCheck %s

// Leaves come first, inner nodes level by level, scores last: there is nothing
// to choose.
// CHECK: batch.policy @policy encoding <base> []

module @tree {
  batch.state @Node {h : 16}
  batch.state @Score {s : 16}
  batch.kernel @leaf(%word: !batch.values<16>) -> @Node {
    %x = batch.input %word : !batch.values<16> -> tensor<?x16xf32>
    batch.scatter %x to "h" : tensor<?x16xf32>
  }
  batch.kernel @inner(%left: !batch.rows<@Node>, %right: !batch.rows<@Node>) -> @Node {
    %l = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
    %r = batch.gather %right["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
    %s = arith.addf %l, %r : tensor<?x16xf32>
    batch.scatter %s to "h" : tensor<?x16xf32>
  }
  batch.kernel @score(%node: !batch.rows<@Node>) -> @Score {
    %h = batch.gather %node["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
    batch.scatter %h to "s" : tensor<?x16xf32>
  }
}
