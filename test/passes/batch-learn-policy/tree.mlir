// RUN: edbc-opt %s --batch-learn-policy | FileCheck %s
// RUN: edbc-opt %s --batch-learn-policy=encoding=base | FileCheck %s --check-prefix=BASE
// RUN: edbc-opt %s --batch-learn-policy > %t.1
// RUN: edbc-opt %s --batch-learn-policy > %t.2
// RUN: diff %t.1 %t.2
// RUN: not edbc-opt %s --batch-learn-policy=encoding=all 2>&1 | FileCheck %s --check-prefix=ENCODING

// ENCODING: error: unknown encoding 'all': must be base, max or sort

// Scoring waits until all nodes that will be scored are there.
// CHECK:     batch.policy @policy encoding <sort> [
// CHECK-DAG: #batch.transition<[@leaf] -> @leaf>
// CHECK-DAG: #batch.transition<[@score, @inner] -> @inner>
// CHECK-DAG: #batch.transition<[@score] -> @score>
// CHECK-NOT: -> @score>, {{.*}}[@score, @inner] -> @score

// BASE:      batch.policy @policy encoding <base> [
// BASE-DAG:  #batch.transition<[@inner, @score] -> @inner>

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
