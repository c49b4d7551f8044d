// RUN: edbc-opt %s --expand-math --cse | FileCheck %s

// The argument is bounded, reduced, and raised; 2^n is two factors.
// CHECK-LABEL: @exp_of_a_vector
// CHECK-SAME:    (%[[X:.*]]: vector<16xf32>)
// CHECK-DAG:     %[[LARGEST:.*]] = arith.constant dense<8.900000e+01> : vector<16xf32>
// CHECK-DAG:     %[[SMALLEST:.*]] = arith.constant dense<-1.040000e+02> : vector<16xf32>
// CHECK-DAG:     %[[LOG2E:.*]] = arith.constant dense<1.44269502> : vector<16xf32>
// CHECK-DAG:     %[[BIAS:.*]] = arith.constant dense<0x4B4000FE> : vector<16xf32>
// CHECK-DAG:     %[[LN2:.*]] = arith.constant dense<-0.693147182> : vector<16xf32>
// CHECK:         %[[ABOVE:.*]] = arith.cmpf olt, %[[LARGEST]], %[[X]]
// CHECK:         %[[MIN:.*]] = arith.select %[[ABOVE]], %[[LARGEST]], %[[X]]
// CHECK:         %[[BELOW:.*]] = arith.cmpf olt, %[[MIN]], %[[SMALLEST]]
// CHECK:         %[[BOUNDED:.*]] = arith.select %[[BELOW]], %[[SMALLEST]], %[[MIN]]
// CHECK:         %[[SHIFTED:.*]] = math.fma %[[BOUNDED]], %[[LOG2E]], %[[BIAS]]
// CHECK:         %[[N:.*]] = arith.subf %[[SHIFTED]], %[[BIAS]]
// CHECK:         %[[R:.*]] = math.fma %[[N]], %[[LN2]], %[[BOUNDED]]
// CHECK-COUNT-6: math.fma
// CHECK:         %[[POWER:.*]] = arith.addf
// CHECK:         %[[BITS:.*]] = arith.bitcast %[[SHIFTED]] : vector<16xf32> to vector<16xi32>
// CHECK-NEXT:    %[[WHOLE:.*]] = arith.shli %[[BITS]]
// CHECK-NEXT:    %[[SHIFTED:.*]] = arith.shrui %[[BITS]]
// CHECK-NEXT:    %[[HALF:.*]] = arith.shli %[[SHIFTED]]
// CHECK-NEXT:    %[[REST:.*]] = arith.subi %[[WHOLE]], %[[HALF]] : vector<16xi32>
// CHECK:         %[[LEFT:.*]] = arith.mulf %[[POWER]]
// CHECK-NEXT:    %[[RIGHT:.*]] = arith.bitcast %[[REST]]
// CHECK-NEXT:    %[[Y:.*]] = arith.mulf %[[LEFT]], %[[RIGHT]]
// CHECK-NEXT:    return %[[Y]]
func.func @exp_of_a_vector(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.exp %x : vector<16xf32>
  return %y : vector<16xf32>
}

// CHECK-LABEL: @tanh_of_a_vector
// CHECK-SAME:    (%[[X:.*]]: vector<8xf32>)
// CHECK:         math.absf %[[X]] : vector<8xf32>
// CHECK-NOT:     math.tanh
// CHECK:         %[[Q:.*]] = arith.divf
// CHECK-NEXT:    %[[Y:.*]] = math.copysign %[[Q]], %[[X]] : vector<8xf32>
// CHECK-NEXT:    return %[[Y]]
func.func @tanh_of_a_vector(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.tanh %x : vector<8xf32>
  return %y : vector<8xf32>
}

// CHECK-LABEL: @log_of_a_vector
// CHECK-SAME:    (%[[X:.*]]: vector<8xf32>)
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<8xf32>
// CHECK-NOT:     math.log
// CHECK:         arith.sitofp
// CHECK:         arith.cmpf oeq, %[[X]], %[[ZERO]]
// CHECK:         %[[NEGATIVE:.*]] = arith.cmpf olt, %[[X]], %[[ZERO]]
// CHECK:         %[[Y:.*]] = arith.select %[[NEGATIVE]], %{{.*}}, %{{.*}}
// CHECK-NEXT:    return %[[Y]]
func.func @log_of_a_vector(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.log %x : vector<8xf32>
  return %y : vector<8xf32>
}

// CHECK-LABEL: @scalars_are_expanded_too
// CHECK-NOT:     math.exp
// CHECK-NOT:     math.tanh
// CHECK-NOT:     math.log
// CHECK:         arith.bitcast %{{.*}} : f32 to i32
// CHECK:         return
func.func @scalars_are_expanded_too(%x: f32) -> f32 {
  %e = math.exp %x : f32
  %t = math.tanh %e : f32
  %y = math.log %t : f32
  return %y : f32
}

// CHECK-LABEL: @vectors_of_higher_rank_are_expanded_too
// CHECK-NOT:     math.exp
// CHECK:         arith.bitcast %{{.*}} : vector<2x16xf32> to vector<2x16xi32>
func.func @vectors_of_higher_rank_are_expanded_too(%x: vector<2x16xf32>) -> vector<2x16xf32> {
  %y = math.exp %x : vector<2x16xf32>
  return %y : vector<2x16xf32>
}

// CHECK-LABEL: @other_types_are_left_alone
// CHECK-NEXT:    math.exp %{{.*}} : vector<8xf64>
// CHECK-NEXT:    math.tanh %{{.*}} : f16
// CHECK-NEXT:    math.log %{{.*}} : tensor<8xf32>
// CHECK-NEXT:    %[[E:.*]] = math.exp %{{.*}} : f64
// CHECK-NEXT:    arith.addf %[[E]]
func.func @other_types_are_left_alone(%x: vector<8xf64>, %y: f16, %z: tensor<8xf32>, %w: f64)
    -> (vector<8xf64>, f16, tensor<8xf32>, f64) {
  %a = math.exp %x : vector<8xf64>
  %b = math.tanh %y : f16
  %c = math.log %z : tensor<8xf32>
  %e = math.exp %w : f64
  %d = arith.addf %e, %w : f64
  return %a, %b, %c, %d : vector<8xf64>, f16, tensor<8xf32>, f64
}
