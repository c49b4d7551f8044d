// RUN: edbc-opt %s --batch-lower-bind | FileCheck %s

// CHECK-LABEL: @rows
// CHECK:         %[[SLOT:.*]] = llvm.getelementptr %{{.*}}[3] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
// CHECK:         %[[POINTER:.*]] = llvm.load %[[SLOT]] : !llvm.ptr -> !llvm.ptr
// CHECK:         llvm.insertvalue %[[POINTER]], %{{.*}}[0]
// CHECK:         llvm.insertvalue %[[POINTER]], %{{.*}}[1]
// CHECK:         llvm.mlir.constant(128 : index)
// CHECK:         %[[STRIDE:.*]] = llvm.mlir.constant(128 : index)
// CHECK:         llvm.insertvalue %[[STRIDE]], %{{.*}}[4, 0]
// CHECK:         builtin.unrealized_conversion_cast %{{.*}} to memref<?x128xf32>
// CHECK-NOT:     batch.bind
func.func @rows(%buffers: !llvm.ptr) -> memref<?x128xf32> {
  %nodes = batch.bind %buffers[3] : !llvm.ptr -> memref<?x128xf32>
  return %nodes : memref<?x128xf32>
}
