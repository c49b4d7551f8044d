// RUN: edbc-opt %s --batch-plan-memory | FileCheck %s
// RUN: edbc-opt %s --batch-plan-memory=layout=off | FileCheck %s --check-prefix=OFF

// Fields that a phase reads of one operand stand together; the others stay where
// no phase reads two of them.
// CHECK:     batch.state @Apart{h : 16, logits : 5, c : 16} layout <offsets = [32, 0, 16], stride = 48>
// CHECK:     batch.state @Alone{h : 16, logits : 5, c : 16} layout <offsets = [0, 16, 32], stride = 48>
// OFF:       batch.state @Apart{h : 16, logits : 5, c : 16} layout <offsets = [0, 16, 32], stride = 48>
batch.state @Apart {h : 16, logits : 5, c : 16}
batch.state @Alone {h : 16, logits : 5, c : 16}

batch.kernel @reads_two(%x: !batch.rows<@Apart>) -> @Apart {
  batch.phase width 16 {
    %h = batch.gather %x["h"] : !batch.rows<@Apart> -> tensor<?x16xf32>
    %c = batch.gather %x["c"] : !batch.rows<@Apart> -> tensor<?x16xf32>
    %s = arith.addf %h, %c : tensor<?x16xf32>
    batch.scatter %s to "h" : tensor<?x16xf32>
    batch.scatter %s to "c" : tensor<?x16xf32>
    batch.yield
  }
  batch.phase width 5 {
    %zero = batch.splat 0.0 : tensor<?x5xf32>
    batch.scatter %zero to "logits" : tensor<?x5xf32>
    batch.yield
  }
}

// Of two operands one field each: nothing is gained if they are adjacent.
batch.kernel @reads_one_of_each(%x: !batch.rows<@Alone>, %y: !batch.rows<@Alone>) -> @Alone {
  batch.phase width 16 {
    %h = batch.gather %x["h"] : !batch.rows<@Alone> -> tensor<?x16xf32>
    %c = batch.gather %y["c"] : !batch.rows<@Alone> -> tensor<?x16xf32>
    %s = arith.addf %h, %c : tensor<?x16xf32>
    batch.scatter %s to "h" : tensor<?x16xf32>
    batch.scatter %s to "c" : tensor<?x16xf32>
    batch.yield
  }
  batch.phase width 5 {
    %zero = batch.splat 0.0 : tensor<?x5xf32>
    batch.scatter %zero to "logits" : tensor<?x5xf32>
    batch.yield
  }
}
