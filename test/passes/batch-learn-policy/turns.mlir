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

// RUN: not edbc-opt %s --batch-learn-policy=return-steps=0 2>&1 | FileCheck %s --check-prefix=STEPS
// RUN: not edbc-opt %s --batch-learn-policy=batch-costs=leaf=1,join=2 2>&1 | FileCheck %s --check-prefix=NOCOST
// RUN: not edbc-opt %s --batch-learn-policy=batch-costs=leaf=1,tree=2 2>&1 | FileCheck %s --check-prefix=NOKERNEL
// RUN: not edbc-opt %s --batch-learn-policy=batch-costs=leaf=0 2>&1 | FileCheck %s --check-prefix=NONUMBER
// RUN: edbc-opt %s --batch-learn-policy=batch-costs=leaf=1,join=20,split=7,score=300 | FileCheck %s --check-prefix=BASE
// RUN: edbc-opt %s --batch-learn-policy="method=q-learning encoding=sort learning-rate=0.1 discount=0.9 return-steps=2 alpha=0.5 exploration=1 exploration-decay=0.5 min-exploration=0.2 evaluation-interval=3 begin-with-lemma=false memory=64" | FileCheck %s --check-prefix=SORT

// ENCODING: error: unknown encoding 'all': must be auto, base, max, sort or critical
// METHOD: error: unknown method 'guess': must be refinement or q-learning

// STEPS: error: return-steps, evaluation-interval and memory must not be 0
// NOCOST: error: kernel 'split' has no batch cost, as others have
// NOKERNEL: error: batch cost 'tree=2': there is no kernel of that name
// NONUMBER: error: batch cost 'leaf=0': must be KERNEL=NUMBER, with a number from 1 to 1000000000

// Where two kernels take turns, it is enough to know which one has ready nodes.
// BASE:      batch.policy @policy encoding <base> [
// BASE-DAG:  #batch.transition<[@join] -> @join>
// BASE-DAG:  #batch.transition<[@split] -> @split>

// SORT:      batch.policy @policy encoding <sort> [
// SORT-DAG:  #batch.transition<[@join] -> @join>
// SORT-DAG:  #batch.transition<[@split] -> @split>

// MAX:       batch.policy @policy encoding <max> [
// MAX-DAG:   #batch.transition<[@join] -> @join>

// The kernel before, the ready ones, the critical ones.
// CRITICAL:  batch.policy @policy encoding <critical> [
// CRITICAL-DAG: #batch.transition<[@join, @join, @join] -> @join>
// CRITICAL-DAG: #batch.transition<[@join, @split, @split] -> @split>

module @turns {
  batch.state @Node {h : 16}
  batch.state @Pair {h : 16}
  batch.state @Score {s : 16}
  batch.kernel @leaf(%word: !batch.values<16>) -> @Node {
    %x = batch.input %word : !batch.values<16> -> tensor<?x16xf32>
    batch.scatter %x to "h" : tensor<?x16xf32>
  }
  batch.kernel @join(%left: !batch.rows<@Node>, %right: !batch.rows<@Node>) -> @Pair {
    %l = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
    %r = batch.gather %right["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
    %s = arith.addf %l, %r : tensor<?x16xf32>
    batch.scatter %s to "h" : tensor<?x16xf32>
  }
  batch.kernel @split(%pair: !batch.rows<@Pair>) -> @Node {
    %h = batch.gather %pair["h"] : !batch.rows<@Pair> -> tensor<?x16xf32>
    batch.scatter %h to "h" : tensor<?x16xf32>
  }
  batch.kernel @score(%node: !batch.rows<@Node>) -> @Score {
    %h = batch.gather %node["h"] : !batch.rows<@Node> -> tensor<?x16xf32>
    batch.scatter %h to "s" : tensor<?x16xf32>
  }
}
