// RUN: edbc-opt %s --batch-learn-policy | FileCheck %s --check-prefix=BASE
// RUN: edbc-opt %s --batch-learn-policy=encoding=sort | FileCheck %s --check-prefix=SORT
// RUN: edbc-opt %s --batch-learn-policy="encoding=sort method=q-learning" | FileCheck %s --check-prefix=SORT
// RUN: edbc-opt %s --batch-learn-policy=encoding=max | FileCheck %s --check-prefix=MAX
// RUN: edbc-opt %s --batch-learn-policy=encoding=critical | FileCheck %s --check-prefix=CRITICAL
// RUN: edbc-opt %s --batch-learn-policy="method=q-learning encoding=sort" > %t.1
// RUN: edbc-opt %s --batch-learn-policy="method=q-learning encoding=sort" > %t.2
// RUN: diff %t.1 %t.2
// RUN: not edbc-opt %s --batch-learn-policy=encoding=all 2>&1 | FileCheck %s --check-prefix=ENCODING
// RUN: not edbc-opt %s --batch-learn-policy=method=guess 2>&1 | FileCheck %s --check-prefix=METHOD

// ENCODING: error: unknown encoding 'all': must be auto, base, max, sort or critical
// METHOD: error: unknown method 'guess': must be refinement or q-learning

// Scoring waits until all nodes that will be scored are there. The cheapest
// encoding suffices for that.
// BASE:      batch.policy @policy encoding <base> [
// BASE-DAG:  #batch.transition<[@leaf] -> @leaf>
// BASE-DAG:  #batch.transition<[@inner, @score] -> @inner>
// BASE-DAG:  #batch.transition<[@score] -> @score>

// SORT:      batch.policy @policy encoding <sort> [
// SORT-DAG:  #batch.transition<[@score, @inner] -> @inner>
// SORT-DAG:  #batch.transition<[@score] -> @score>

// MAX:       batch.policy @policy encoding <max> [
// MAX-DAG:   #batch.transition<[@score, @inner] -> @inner>

// The kernel before, the ready ones, the critical ones.
// CRITICAL:  batch.policy @policy encoding <critical> [
// CRITICAL-DAG: #batch.transition<[@leaf, @leaf, @leaf] -> @leaf>

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
