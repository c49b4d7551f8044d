// RUN: edbc-opt %s --batch-fold-tables=limit=1024 --split-input-file | FileCheck %s
// RUN: edbc-opt %s --batch-fold-tables=limit=1023 --split-input-file | FileCheck %s --check-prefix=LESS

// A table of 1024 bytes. The parameter is needed beside it.
// CHECK: table_rows = 8
// LESS-LABEL: batch.kernel @shared
// LESS-NEXT:    batch.lookup
batch.param @E : tensor<8x16xf32>
batch.state @Shared {h : 16, c : 16}
batch.kernel @shared(%word: !batch.tokens<8>) -> @Shared {
  %e = batch.lookup @E[%word] : !batch.tokens<8> -> tensor<?x16xf32>
  batch.scatter %e to "h" : tensor<?x16xf32>
  batch.scatter %e to "c" : tensor<?x16xf32>
}
batch.kernel @other(%word: !batch.tokens<8>, %last: !batch.rows<@Shared>) -> @Shared {
  %e = batch.lookup @E[%word] : !batch.tokens<8> -> tensor<?x16xf32>
  %h = batch.gather %last["h"] : !batch.rows<@Shared> -> tensor<?x16xf32>
  batch.scatter %e to "h" : tensor<?x16xf32>
  batch.scatter %h to "c" : tensor<?x16xf32>
}

// -----

// A table of 1536 bytes, with copies of a parameter of 512 that nobody else reads.
// CHECK: table_rows = 8
// LESS-LABEL: batch.kernel @alone
// LESS-NEXT:    batch.lookup
batch.param @E : tensor<8x3xf32>
batch.state @Alone {h : 3, c : 17}
batch.param @b : tensor<17xf32>
batch.kernel @alone(%word: !batch.tokens<8>) -> @Alone {
  %e = batch.lookup @E[%word] : !batch.tokens<8> -> tensor<?x3xf32>
  %b = batch.broadcast @b : tensor<?x17xf32>
  batch.scatter %e to "h" : tensor<?x3xf32>
  batch.scatter %b to "c" : tensor<?x17xf32>
}

// -----

// What is computed is no parameter's copy, and counts as a whole.
// CHECK-LABEL: batch.kernel @computed
// CHECK-NEXT:    batch.lookup
batch.param @E : tensor<8x33xf32>
batch.state @Computed {h : 33}
batch.kernel @computed(%word: !batch.tokens<8>) -> @Computed {
  %e = batch.lookup @E[%word] : !batch.tokens<8> -> tensor<?x33xf32>
  %t = math.tanh %e : tensor<?x33xf32>
  batch.scatter %t to "h" : tensor<?x33xf32>
}

// -----

// A matrix for each token, likewise.
// CHECK: table_rows = 100
// LESS: table_rows = 100
batch.param @M : tensor<100x20x3xf32>
batch.state @Matrix {m : 20 by 3}
batch.kernel @matrix(%word: !batch.tokens<100>) -> @Matrix {
  %m = batch.lookup @M[%word] : !batch.tokens<100> -> tensor<?x20x3xf32>
  batch.scatter %m to "m" : tensor<?x20x3xf32>
}
