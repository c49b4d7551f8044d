// RUN: edbc-opt %s --split-input-file --batch-plan-memory | FileCheck %s
// RUN: edbc-opt %s --split-input-file --batch-plan-memory=layout=paper | FileCheck %s --check-prefix=PAPER
// RUN: edbc-opt %s --split-input-file --batch-plan-memory=layout=off | FileCheck %s --check-prefix=OFF
// RUN: not edbc-opt %s --split-input-file --batch-plan-memory=layout=dense 2>&1 | FileCheck %s --check-prefix=WRONG

// WRONG: batch-plan-memory: there is no layout 'dense'; full, paper or off

// What siblings read is put in their order, and what was read last is overwritten.
// CHECK-LABEL: batch.kernel @in_order
// CHECK-SAME:    workspace = #batch.row_layout<offsets = [0, 16, 32, 48, 64, 80], stride = 96>
// CHECK:         %[[IN:.*]]:3 = batch.phase {{.*}} slots [0, 1, 2]
// CHECK:         batch.phase {{.*}} siblings 3 {{.*}} placed [#batch.placement<in_place>, #batch.placement<in_place>] {
// CHECK-NEXT:      math.tanh %[[IN]]#
// PAPER-LABEL: batch.kernel @in_order
// PAPER:         placed [#batch.placement<in_place>, #batch.placement<in_place>]
// Without planning the first column is copied: its values stand in another order.
// OFF-LABEL: batch.kernel @in_order
// OFF:         %[[IN:.*]]:3 = batch.phase
// OFF:         %[[COPY:.*]]:3 = batch.phase {{.*}} siblings 3
// OFF-NEXT:      batch.yield %[[IN]]#2, %[[IN]]#0, %[[IN]]#1
// OFF:         placed [#batch.placement<dropped>, #batch.placement<in_place>] {
// OFF-NEXT:      math.tanh %[[COPY]]#0
batch.param @E : tensor<7x16xf32>
batch.state @Node {h : 16}
batch.kernel @in_order(%a: !batch.tokens<7>, %b: !batch.tokens<7>, %c: !batch.tokens<7>) -> @Node {
  %in:3 = batch.phase width 16 siblings 3 {
    %x = batch.lookup @E[%a] : !batch.tokens<7> -> tensor<?x16xf32>
    %y = batch.lookup @E[%b] : !batch.tokens<7> -> tensor<?x16xf32>
    %z = batch.lookup @E[%c] : !batch.tokens<7> -> tensor<?x16xf32>
    batch.yield %x, %y, %z : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  } : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  %t:3 = batch.phase width 16 siblings 3 {
    %x = math.tanh %in#2 : tensor<?x16xf32>
    %y = math.tanh %in#0 : tensor<?x16xf32>
    %z = math.tanh %in#1 : tensor<?x16xf32>
    batch.yield %x, %y, %z : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  } : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  batch.phase width 16 siblings 1 {
    %s = arith.addf %t#0, %t#1 : tensor<?x16xf32>
    %u = arith.addf %s, %t#2 : tensor<?x16xf32>
    batch.scatter %u to "h" : tensor<?x16xf32>
    batch.yield
  }
}

// -----

// A value that all siblings read may lie anywhere, but the paper copies it for
// each.
// CHECK-LABEL: batch.kernel @one_for_all
// CHECK-NOT:     dropped
// CHECK:         placed [#batch.placement<in_place>, #batch.placement<in_place>, #batch.placement<in_place>]
// PAPER-LABEL: batch.kernel @one_for_all
// PAPER:         %[[X:.*]] = batch.phase {{.*}} siblings 1
// PAPER:         %[[COPY:[0-9]+]]:3 = batch.phase width 16 siblings 3 panel 16 slots [4, 5, 6] {
// PAPER-NEXT:      batch.yield %[[X]], %[[X]], %[[X]]
// PAPER:         placed [#batch.placement<impossible>, #batch.placement<in_place>, #batch.placement<in_place>] {
// PAPER-NEXT:      arith.mulf %[[COPY]]#0,
batch.param @E : tensor<7x16xf32>
batch.state @Node {h : 16}
batch.kernel @one_for_all(%a: !batch.tokens<7>, %b: !batch.tokens<7>, %c: !batch.tokens<7>, %d: !batch.tokens<7>) -> @Node {
  %x = batch.phase width 16 siblings 1 {
    %x = batch.lookup @E[%a] : !batch.tokens<7> -> tensor<?x16xf32>
    batch.yield %x : tensor<?x16xf32>
  } : tensor<?x16xf32>
  %in:3 = batch.phase width 16 siblings 3 {
    %y = batch.lookup @E[%b] : !batch.tokens<7> -> tensor<?x16xf32>
    %z = batch.lookup @E[%c] : !batch.tokens<7> -> tensor<?x16xf32>
    %w = batch.lookup @E[%d] : !batch.tokens<7> -> tensor<?x16xf32>
    batch.yield %y, %z, %w : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  } : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  %t:3 = batch.phase width 16 siblings 3 {
    %y = arith.mulf %x, %in#0 : tensor<?x16xf32>
    %z = arith.mulf %x, %in#1 : tensor<?x16xf32>
    %w = arith.mulf %x, %in#2 : tensor<?x16xf32>
    batch.yield %y, %z, %w : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  } : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  batch.phase width 16 siblings 1 {
    %s = arith.addf %t#0, %t#1 : tensor<?x16xf32>
    %u = arith.addf %s, %t#2 : tensor<?x16xf32>
    batch.scatter %u to "h" : tensor<?x16xf32>
    batch.yield
  }
}

// -----

// Three of four values each: the last of the columns that can't all be
// contiguous is copied. A value that two of three siblings read is no run of
// equal length: that column is impossible.
// CHECK-LABEL: batch.kernel @contradictions
// CHECK:         %[[IN:.*]]:4 = batch.phase
// CHECK:         placed [#batch.placement<in_place>, #batch.placement<in_place>] {
// CHECK-NEXT:      math.tanh
// CHECK:         placed [#batch.placement<in_place>, #batch.placement<in_place>] {
// CHECK-NEXT:      math.absf
// CHECK:         %[[COPY:.*]]:3 = batch.phase {{.*}} siblings 3
// CHECK-NEXT:      batch.yield %[[IN]]#{{[0-3]}}, %[[IN]]#{{[0-3]}}, %[[IN]]#{{[0-3]}}
// CHECK:         placed [#batch.placement<dropped>, #batch.placement<in_place>] {
// CHECK-NEXT:      math.sqrt %[[COPY]]#0
// CHECK:         placed [#batch.placement<impossible>, #batch.placement<in_place>] {
// CHECK-NEXT:      math.exp
batch.param @E : tensor<7x16xf32>
batch.state @Node {h : 16}
batch.kernel @contradictions(%a: !batch.tokens<7>, %b: !batch.tokens<7>) -> @Node {
  %in:4 = batch.phase width 16 siblings 4 {
    %x = batch.lookup @E[%a] : !batch.tokens<7> -> tensor<?x16xf32>
    %y = batch.lookup @E[%b] : !batch.tokens<7> -> tensor<?x16xf32>
    batch.yield %x, %y, %x, %y : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  } : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  %t:3 = batch.phase width 16 siblings 3 {
    %x = math.tanh %in#0 : tensor<?x16xf32>
    %y = math.tanh %in#1 : tensor<?x16xf32>
    %z = math.tanh %in#2 : tensor<?x16xf32>
    batch.yield %x, %y, %z : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  } : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  %u:3 = batch.phase width 16 siblings 3 {
    %x = math.absf %in#1 : tensor<?x16xf32>
    %y = math.absf %in#2 : tensor<?x16xf32>
    %z = math.absf %in#3 : tensor<?x16xf32>
    batch.yield %x, %y, %z : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  } : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  %v:3 = batch.phase width 16 siblings 3 {
    %x = math.sqrt %in#0 : tensor<?x16xf32>
    %y = math.sqrt %in#2 : tensor<?x16xf32>
    %z = math.sqrt %in#3 : tensor<?x16xf32>
    batch.yield %x, %y, %z : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  } : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  %w:3 = batch.phase width 16 siblings 3 {
    %x = math.exp %in#0 : tensor<?x16xf32>
    %y = math.exp %in#0 : tensor<?x16xf32>
    %z = math.exp %in#1 : tensor<?x16xf32>
    batch.yield %x, %y, %z : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  } : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
  batch.phase width 16 siblings 1 {
    %a0 = arith.addf %t#0, %t#1 : tensor<?x16xf32>
    %a1 = arith.addf %a0, %t#2 : tensor<?x16xf32>
    %a2 = arith.addf %a1, %u#0 : tensor<?x16xf32>
    %a3 = arith.addf %a2, %u#1 : tensor<?x16xf32>
    %a4 = arith.addf %a3, %u#2 : tensor<?x16xf32>
    %a5 = arith.addf %a4, %v#0 : tensor<?x16xf32>
    %a6 = arith.addf %a5, %v#1 : tensor<?x16xf32>
    %a7 = arith.addf %a6, %v#2 : tensor<?x16xf32>
    %a8 = arith.addf %a7, %w#0 : tensor<?x16xf32>
    %a9 = arith.addf %a8, %w#1 : tensor<?x16xf32>
    %a10 = arith.addf %a9, %w#2 : tensor<?x16xf32>
    batch.scatter %a10 to "h" : tensor<?x16xf32>
    batch.yield
  }
}

// -----

// Slices of one value lie as the value has them, and are copied.
// CHECK-LABEL: batch.kernel @slices
// CHECK:         %[[WIDE:.*]] = batch.phase width 48
// CHECK:         %[[COPY:.*]]:2 = batch.phase width 16 siblings 2
// CHECK-NEXT:      batch.slice %[[WIDE]][16]
// CHECK-NEXT:      batch.slice %[[WIDE]][0]
// CHECK:         placed [#batch.placement<impossible>, #batch.placement<in_place>] {
// CHECK-NEXT:      math.tanh %[[COPY]]#
batch.param @E : tensor<7x48xf32>
batch.state @Node {h : 16}
batch.kernel @slices(%a: !batch.tokens<7>) -> @Node {
  %in = batch.phase width 48 siblings 1 {
    %x = batch.lookup @E[%a] : !batch.tokens<7> -> tensor<?x48xf32>
    batch.yield %x : tensor<?x48xf32>
  } : tensor<?x48xf32>
  %t:2 = batch.phase width 16 siblings 2 {
    %l = batch.slice %in[16] : tensor<?x48xf32> -> tensor<?x16xf32>
    %x = math.tanh %l : tensor<?x16xf32>
    %r = batch.slice %in[0] : tensor<?x48xf32> -> tensor<?x16xf32>
    %y = math.tanh %r : tensor<?x16xf32>
    batch.yield %x, %y : tensor<?x16xf32>, tensor<?x16xf32>
  } : tensor<?x16xf32>, tensor<?x16xf32>
  batch.phase width 16 siblings 1 {
    %s = arith.addf %t#0, %t#1 : tensor<?x16xf32>
    batch.scatter %s to "h" : tensor<?x16xf32>
    batch.yield
  }
}
