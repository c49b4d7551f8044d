// RUN: edbc-opt %s --expand-math --cse | FileCheck %s

// The negation moves into constants, and one power of two is enough.
// CHECK-LABEL: @logistic_function
// CHECK-SAME:    (%[[X:.*]]: vector<16xf32>)
// CHECK-DAG:     %[[ONE:.*]] = arith.constant dense<1.000000e+00> : vector<16xf32>
// CHECK-DAG:     %[[LARGEST:.*]] = arith.constant dense<8.800000e+01> : vector<16xf32>
// CHECK-DAG:     %[[SMALLEST:.*]] = arith.constant dense<-8.900000e+01> : vector<16xf32>
// CHECK:         %[[ABOVE:.*]] = arith.cmpf olt, %[[LARGEST]], %[[X]]
// CHECK:         %[[BELOW:.*]] = arith.cmpf olt, %{{.*}}, %[[SMALLEST]]
// CHECK-NEXT:    %[[BOUNDED:.*]] = arith.select %[[BELOW]]
// CHECK-NEXT:    math.fma %[[BOUNDED]]
// CHECK-NOT:     arith.subi
// CHECK:         %[[PART:.*]] = arith.addf %{{.*}}, %[[ONE]]
// CHECK:         %[[BITS:.*]] = arith.shli
// CHECK-NEXT:    %[[POWER:.*]] = arith.bitcast %[[BITS]]
// CHECK-NEXT:    %[[SUM:.*]] = math.fma %[[PART]], %[[POWER]], %[[ONE]]
// CHECK-NEXT:    arith.divf %[[ONE]], %[[SUM]]
func.func @logistic_function(%x: vector<16xf32>) -> vector<16xf32> {
  %one = arith.constant dense<1.0> : vector<16xf32>
  %n = arith.negf %x : vector<16xf32>
  %e = math.exp %n : vector<16xf32>
  %d = arith.addf %e, %one : vector<16xf32>
  %y = arith.divf %one, %d : vector<16xf32>
  return %y : vector<16xf32>
}

// The sum has another use, which wants it whole.
// CHECK-LABEL: @sum_of_a_logistic_function_is_used
// CHECK:         %[[REST:.*]] = arith.subi
// CHECK:         %[[LEFT:.*]] = arith.mulf
// CHECK-NEXT:    %[[RIGHT:.*]] = arith.bitcast %[[REST]]
// CHECK-NEXT:    %[[SUM:.*]] = math.fma %[[LEFT]], %[[RIGHT]]
// CHECK-NEXT:    %[[Y:.*]] = arith.divf %{{.*}}, %[[SUM]]
// CHECK-NEXT:    arith.addf %[[Y]], %[[SUM]]
func.func @sum_of_a_logistic_function_is_used(%x: vector<16xf32>) -> vector<16xf32> {
  %one = arith.constant dense<1.0> : vector<16xf32>
  %n = arith.negf %x : vector<16xf32>
  %e = math.exp %n : vector<16xf32>
  %d = arith.addf %one, %e : vector<16xf32>
  %y = arith.divf %one, %d : vector<16xf32>
  %z = arith.addf %y, %d : vector<16xf32>
  return %z : vector<16xf32>
}

// CHECK-LABEL: @exp_may_be_the_right_term
// CHECK-SAME:    %[[Y:[^:]*]]: vector<16xf32>)
// CHECK:         %[[SUM:.*]] = math.fma %{{.*}}, %{{.*}}, %[[Y]]
// CHECK-NEXT:    return %[[SUM]]
func.func @exp_may_be_the_right_term(%x: vector<16xf32>, %y: vector<16xf32>) -> vector<16xf32> {
  %e = math.exp %x : vector<16xf32>
  %s = arith.addf %y, %e : vector<16xf32>
  return %s : vector<16xf32>
}

// CHECK-LABEL: @sum_of_two_exps_takes_one
// CHECK-NOT:     math.exp
// CHECK:         arith.subi
// CHECK:         arith.mulf
// CHECK:         %[[RIGHT:.*]] = arith.mulf
// CHECK:         %[[SUM:.*]] = math.fma %{{.*}}, %{{.*}}, %[[RIGHT]]
// CHECK-NEXT:    return %[[SUM]]
func.func @sum_of_two_exps_takes_one(%x: vector<16xf32>, %y: vector<16xf32>) -> vector<16xf32> {
  %e = math.exp %x : vector<16xf32>
  %f = math.exp %y : vector<16xf32>
  %s = arith.addf %e, %f : vector<16xf32>
  return %s : vector<16xf32>
}

// CHECK-LABEL: @exp_with_another_use_stays_a_value
// CHECK-NOT:     math.exp
// CHECK:         arith.subi
// CHECK:         arith.mulf
// CHECK:         %[[E:.*]] = arith.mulf
// CHECK-NEXT:    %[[S:.*]] = arith.addf %[[E]], %[[E]]
// CHECK-NEXT:    return %[[S]]
func.func @exp_with_another_use_stays_a_value(%x: vector<16xf32>) -> vector<16xf32> {
  %e = math.exp %x : vector<16xf32>
  %s = arith.addf %e, %e : vector<16xf32>
  return %s : vector<16xf32>
}

// CHECK-LABEL: @exp_stays_outside_a_loop
// CHECK:         arith.subi
// CHECK:         arith.mulf
// CHECK:         %[[E:.*]] = arith.mulf
// CHECK-NEXT:    scf.for
// CHECK-NEXT:      arith.addf %{{.*}}, %[[E]]
func.func @exp_stays_outside_a_loop(%x: vector<16xf32>, %n: index) -> vector<16xf32> {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %e = math.exp %x : vector<16xf32>
  %y = scf.for %i = %zero to %n step %one iter_args(%z = %x) -> vector<16xf32> {
    %s = arith.addf %z, %e : vector<16xf32>
    scf.yield %s : vector<16xf32>
  }
  return %y : vector<16xf32>
}

// What stands before a loop stays there.
// CHECK-LABEL: @parts_of_a_logistic_function_before_a_loop
// CHECK:         arith.shli
// CHECK:         scf.for
// CHECK-NOT:     arith.shli
// CHECK:           arith.divf
func.func @parts_of_a_logistic_function_before_a_loop(
    %x: vector<16xf32>, %n: index) -> vector<16xf32> {
  %zero = arith.constant 0 : index
  %step = arith.constant 1 : index
  %one = arith.constant dense<1.0> : vector<16xf32>
  %m = arith.negf %x : vector<16xf32>
  %e = math.exp %m : vector<16xf32>
  %r = scf.for %i = %zero to %n step %step iter_args(%s = %x) -> vector<16xf32> {
    %d = arith.addf %e, %one : vector<16xf32>
    %y = arith.divf %one, %d : vector<16xf32>
    %t = arith.mulf %s, %y : vector<16xf32>
    scf.yield %t : vector<16xf32>
  }
  return %r : vector<16xf32>
}
