// RUN: edbc-opt %s --batch-lower-phases=isas=x86-64-v4 | FileCheck %s

// A row of which the highest bit is set is one of the state's table. Nodes that
// are looked up have no functions.

module @net {
  batch.param @E : tensor<8x32xf32>
  batch.state @Node {h : 32} layout <offsets = [0], stride = 32> {table_rows = 8 : i64}
  batch.kernel @leaf(%word: !batch.tokens<8>) -> @Node attributes {bindings = [], first_row = 0 : i64} {
  }
  batch.kernel @next(%last: !batch.rows<@Node>) -> @Node attributes {bindings = [
      #batch.binding<items>, #batch.binding<operand_rows : 0>,
      #batch.binding<state of @Node>, #batch.binding<table of @Node>,
      #batch.binding<result_rows>]} {
    batch.phase width 32 panel 32 {
      %h = batch.gather %last["h"] : !batch.rows<@Node> -> tensor<?x32xf32>
      %n = arith.negf %h : tensor<?x32xf32>
      batch.scatter %n to "h" : tensor<?x32xf32>
      batch.yield
    }
  }
}

// CHECK-NOT:   @edbc.net.leaf
// CHECK-LABEL: func.func private @edbc.net.next.0.v4_epilogue
// CHECK-SAME:    (%[[BUFFERS:.*]]: !llvm.ptr,
// CHECK-DAG:     %[[STATE:.*]] = batch.bind %[[BUFFERS]][2]
// CHECK-DAG:     %[[TABLE:.*]] = batch.bind %[[BUFFERS]][3]
// CHECK-DAG:     %[[OPERANDS:.*]] = batch.bind %[[BUFFERS]][1]
// CHECK:         %[[NUMBER:.*]] = memref.load %[[OPERANDS]]
// CHECK:         %[[IS_OF_TABLE:.*]] = arith.cmpi slt, %[[NUMBER]], %c0
// CHECK:         %[[ROW:.*]] = arith.andi %[[NUMBER]], %c2147483647
// CHECK:         %[[ARRAY:.*]] = arith.select %[[IS_OF_TABLE]], %[[TABLE]], %[[STATE]]
// CHECK:         %[[INDEX:.*]] = arith.index_castui %[[ROW]]
// CHECK:         vector.load %[[ARRAY]][%[[INDEX]],
// CHECK-NOT:   @edbc.net.leaf
