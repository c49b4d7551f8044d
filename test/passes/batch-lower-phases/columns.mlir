// RUN: edbc-opt %s --batch-lower-phases=isas=x86-64-v4 | FileCheck %s

// A phase over columns of a matrix fetches those of the next tile, which follow
// in memory, while it multiplies the ones of this one: six columns of 32 floats,
// in each of 32 steps six floats further on.

module @net {
  batch.param @W : tensor<64x32xf32>
  batch.state @In {m : 32 by 12} layout <offsets = [0], stride = 384>
  batch.state @Out {m : 64 by 12} layout <offsets = [0], stride = 768>
  batch.pack @step.0 rows 64 panel 64 [#batch.segment<32, [<@W[0]>] into [0]>]
  batch.kernel @step(%in: !batch.rows<@In>) -> @Out attributes {bindings = [
      #batch.binding<items>, #batch.binding<operand_rows : 0>,
      #batch.binding<state of @In>, #batch.binding<constant of @step.0>,
      #batch.binding<result_rows>, #batch.binding<state of @Out>]} {
    batch.phase width 64 columns 12 weights @step.0 panel 64 {
      %x = batch.gather %in["m"] : !batch.rows<@In> -> tensor<?x32x12xf32>
      %p = batch.product %x with [#batch.term<@W[0]>] : tensor<?x32x12xf32> -> tensor<?x64x12xf32>
      batch.scatter %p to "m" : tensor<?x64x12xf32>
      batch.yield
    }
  }
}

// CHECK-LABEL: func.func @edbc.net.step.0.v4(
// CHECK:         %[[IN:.*]] = batch.bind %{{.*}}[2] : !llvm.ptr -> memref<?x384xf32>
// CHECK:         memref.prefetch {{.*}} locality<2>
// CHECK-NEXT:    %c192 = arith.constant 192 : index
// CHECK-NEXT:    %[[NEXT:.*]] = arith.addi %{{.*}}, %c192
// CHECK-NEXT:    %c6{{.*}} = arith.constant 6 : index
// CHECK-NEXT:    %[[STEP:.*]] = arith.muli %{{.*}}, %c6
// CHECK-NEXT:    %[[AT:.*]] = arith.addi %[[NEXT]], %[[STEP]]
// CHECK-NEXT:    memref.prefetch %[[IN]][%{{.*}}, %[[AT]]], read, locality<3>, data : memref<?x384xf32>
// CHECK-COUNT-24:  vector.fma
