// RUN: edbc-opt %s --check-dialects="stage=batch allowed=builtin,func,arith"
// RUN: not edbc-opt %s --check-dialects="stage=batch allowed=builtin,func" 2>&1 | FileCheck %s

func.func @f(%x: f32) -> f32 {
  // CHECK: check.mlir:[[#@LINE+1]]:8: error: 'arith.negf' op must not remain after stage 'batch'
  %n = arith.negf %x : f32
  return %n : f32
}
