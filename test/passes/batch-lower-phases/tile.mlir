// RUN: edbc-opt %s --batch-lower-phases=isas=x86-64-v4 | FileCheck %s --check-prefix=V4
// RUN: edbc-opt %s --batch-lower-phases=isas=x86-64-v3 | FileCheck %s --check-prefix=V3
// RUN: edbc-opt %s --batch-lower-phases=isas=x86-64 | FileCheck %s --check-prefix=V1
// RUN: edbc-opt %s --batch-lower-phases | FileCheck %s --check-prefix=ALL
// RUN: not edbc-opt %s --batch-lower-phases=isas=mips 2>&1 | FileCheck %s --check-prefix=MIPS

// MIPS: error: unknown instruction set 'mips'
// ALL: batch.isa = "x86-64"
// ALL: batch.isa = "x86-64-v3"
// ALL: batch.isa = "x86-64-v4"

module @net {
  batch.param @W : tensor<64x32xf32>
  batch.state @In {x : 32} layout <offsets = [0], stride = 32>
  batch.state @Out {h : 64} layout <offsets = [0], stride = 64>
  batch.pack @step.0 rows 64 panel 64 [#batch.segment<32, [<@W[0]>] into [0]>]
  batch.kernel @step(%in: !batch.rows<@In>) -> @Out attributes {bindings = [
      #batch.binding<items>, #batch.binding<operand_rows : 0>,
      #batch.binding<state of @In>, #batch.binding<constant of @step.0>,
      #batch.binding<result_rows>, #batch.binding<state of @Out>]} {
    batch.phase width 64 weights @step.0 panel 64 {
      %x = batch.gather %in["x"] : !batch.rows<@In> -> tensor<?x32xf32>
      %p = batch.product %x with [#batch.term<@W[0]>] : tensor<?x32xf32> -> tensor<?x64xf32>
      %n = arith.negf %p : tensor<?x64xf32>
      batch.scatter %n to "h" : tensor<?x64xf32>
      batch.yield
    }
  }
}

// The epilogue computes one row of a strip and stores it to the result's row.
// V4-LABEL: func.func private @edbc.net.step.0.v4_epilogue
// V4-SAME:    (%[[BUFFERS:.*]]: !llvm.ptr, %[[POSITION:.*]]: index, %[[COLUMN:.*]]: index, %[[SUM:.*]]: vector<16xf32>, %{{.*}}: vector<16xf32>, %{{.*}}: vector<16xf32>, %{{.*}}: vector<16xf32>)
// V4-DAG:     %[[OUT:.*]] = batch.bind %[[BUFFERS]][5] : !llvm.ptr -> memref<?x64xf32>
// V4:         %[[N:.*]] = arith.negf %[[SUM]] : vector<16xf32>
// V4:         vector.store %[[N]], %[[OUT]]

// A tile of 6 rows and 4 vectors, which prefetches a line of the next panel's
// weights in each step; then tails of 1 to 5 rows.
// V4-LABEL: func.func @edbc.net.step.0.v4(
// V4:         scf.for
// V4:         scf.for {{.*}} -> ({{(vector<16xf32>, ){23}vector<16xf32>}})
// V4:         memref.prefetch
// V4-COUNT-24:  vector.fma
// V4-COUNT-6: call @edbc.net.step.0.v4_epilogue
// V4:         scf.index_switch
// V4:         case 5
// V4-NOT:     case 6

// A tile of 6 rows and 2 vectors of 8, twice as many strips.
// V3-LABEL: func.func @edbc.net.step.0.v3(
// V3:         scf.for {{.*}} -> ({{(vector<8xf32>, ){11}vector<8xf32>}})

// A tile of 6 rows and 2 vectors of 4. Products and sums are rounded both.
// V1-LABEL: func.func @edbc.net.step.0.64(
// V1:         scf.for {{.*}} -> ({{(vector<4xf32>, ){11}vector<4xf32>}})
// V1-NOT:     vector.fma
// V1:         %[[P:.*]] = arith.mulf %{{.*}}, %{{.*}} : vector<4xf32>
// V1-NEXT:    arith.addf %{{.*}}, %[[P]] : vector<4xf32>
// V1-NOT:     vector.fma
