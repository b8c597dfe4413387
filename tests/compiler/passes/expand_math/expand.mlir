// RUN: streamtensor-opt %s -split-input-file -expand-math -canonicalize | FileCheck %s

// CHECK-LABEL: func @exp
// CHECK-SAME:    (%[[X:.+]]: f32)
// CHECK-DAG:     %[[LOW:.+]] = arith.constant -8.700000e+01 : f32
// CHECK-DAG:     %[[HIGH:.+]] = arith.constant 8.800000e+01 : f32
// CHECK-DAG:     %[[LOG2E:.+]] = arith.constant 1.44269502 : f32
// CHECK-DAG:     %[[MAGIC:.+]] = arith.constant 0x4B400000 : f32
// CHECK-DAG:     %[[LN2_HIGH:.+]] = arith.constant 0.693359375 : f32
// CHECK-DAG:     %[[LN2_LOW:.+]] = arith.constant -2.12194442E-4 : f32
// CHECK-DAG:     %[[K0:.+]] = arith.constant 1.98756912E-4 : f32
// CHECK-DAG:     %[[K1:.+]] = arith.constant 0.00139819994 : f32
// CHECK-DAG:     %[[K2:.+]] = arith.constant 0.00833345205 : f32
// CHECK-DAG:     %[[K3:.+]] = arith.constant 0.0416657962 : f32
// CHECK-DAG:     %[[K4:.+]] = arith.constant 0.166666657 : f32
// CHECK-DAG:     %[[K5:.+]] = arith.constant 5.000000e-01 : f32
// CHECK-DAG:     %[[ONE:.+]] = arith.constant 1.000000e+00 : f32
// CHECK:         %[[C0:.+]] = arith.cmpf olt, %[[X]], %[[LOW]]
// CHECK-NEXT:    %[[X0:.+]] = arith.select %[[C0]], %[[LOW]], %[[X]]
// CHECK-NEXT:    %[[C1:.+]] = arith.cmpf ogt, %[[X0]], %[[HIGH]]
// CHECK-NEXT:    %[[X1:.+]] = arith.select %[[C1]], %[[HIGH]], %[[X0]]
// CHECK-NEXT:    %[[T:.+]] = arith.mulf %[[X1]], %[[LOG2E]] : f32
// CHECK-NEXT:    %[[S:.+]] = arith.addf %[[T]], %[[MAGIC]]
// CHECK-NEXT:    %[[N:.+]] = arith.subf %[[S]], %[[MAGIC]]
// CHECK-NEXT:    %[[NH:.+]] = arith.mulf %[[N]], %[[LN2_HIGH]]
// CHECK-NEXT:    %[[R0:.+]] = arith.subf %[[X1]], %[[NH]]
// CHECK-NEXT:    %[[NL:.+]] = arith.mulf %[[N]], %[[LN2_LOW]]
// CHECK-NEXT:    %[[R:.+]] = arith.subf %[[R0]], %[[NL]]
// CHECK-NEXT:    %[[A1:.+]] = arith.mulf %[[R]], %[[K0]]
// CHECK-NEXT:    %[[P1:.+]] = arith.addf %[[A1]], %[[K1]]
// CHECK-NEXT:    %[[A2:.+]] = arith.mulf %[[P1]], %[[R]]
// CHECK-NEXT:    %[[P2:.+]] = arith.addf %[[A2]], %[[K2]]
// CHECK-NEXT:    %[[A3:.+]] = arith.mulf %[[P2]], %[[R]]
// CHECK-NEXT:    %[[P3:.+]] = arith.addf %[[A3]], %[[K3]]
// CHECK-NEXT:    %[[A4:.+]] = arith.mulf %[[P3]], %[[R]]
// CHECK-NEXT:    %[[P4:.+]] = arith.addf %[[A4]], %[[K4]]
// CHECK-NEXT:    %[[A5:.+]] = arith.mulf %[[P4]], %[[R]]
// CHECK-NEXT:    %[[P5:.+]] = arith.addf %[[A5]], %[[K5]]
// CHECK-NEXT:    %[[RR:.+]] = arith.mulf %[[R]], %[[R]]
// CHECK-NEXT:    %[[PR:.+]] = arith.mulf %[[P5]], %[[RR]]
// CHECK-NEXT:    %[[PRR:.+]] = arith.addf %[[PR]], %[[R]]
// CHECK-NEXT:    %[[Y:.+]] = arith.addf %[[PRR]], %[[ONE]]
// CHECK-NEXT:    %[[I:.+]] = arith.fptosi %[[N]] : f32 to i32
// CHECK-NEXT:    %[[E:.+]] = arith.addi %[[I]], %c127_i32
// CHECK-NEXT:    %[[B:.+]] = arith.shli %[[E]], %c23_i32
// CHECK-NEXT:    %[[F:.+]] = arith.bitcast %[[B]] : i32 to f32
// CHECK-NEXT:    %[[Z:.+]] = arith.mulf %[[Y]], %[[F]]
// CHECK-NEXT:    return %[[Z]]
func.func @exp(%x: f32) -> f32 {
  %0 = math.exp %x fastmath<fast> : f32
  return %0 : f32
}

// -----

// CHECK-LABEL: func @short
// CHECK:         %[[ROOT:.+]] = math.sqrt %arg0 : f32
// CHECK:         arith.divf %{{.+}}, %[[ROOT]] : f32
// CHECK:         %[[C:.+]] = arith.cmpf ogt, %arg0, %arg1 : f32
// CHECK:         arith.select %[[C]], %arg0, %arg1 : f32
// CHECK:         arith.mulf %arg0, %arg0 : f32
// CHECK:         %[[P:.+]] = arith.mulf %arg0, %arg1 : f32
// CHECK:         arith.addf %[[P]], %arg0 : f32
// CHECK:         arith.addf %arg0, %arg1 : f32
// CHECK-NOT:     fastmath
func.func @short(%x: f32, %y: f32) -> (f32, f32, f32, f32, f32) {
  %two = arith.constant 2.0 : f32
  %0 = math.rsqrt %x : f32
  %1 = arith.maximumf %x, %y : f32
  %2 = math.powf %x, %two : f32
  %3 = math.fma %x, %y, %x : f32
  %4 = arith.addf %x, %y fastmath<reassoc, contract> : f32
  return %0, %1, %2, %3, %4 : f32, f32, f32, f32, f32
}

// -----

// CHECK-LABEL: func @rounding
// CHECK-NOT:     math.
// CHECK:         return
func.func @rounding(%x: f32, %y: f32) -> (f32, f32, f32, f32, f32, f32, f32) {
  %0 = math.roundeven %x : f32
  %1 = math.floor %x : f32
  %2 = math.ceil %x : f32
  %3 = math.trunc %x : f32
  %4 = math.absf %x : f32
  %5 = math.copysign %x, %y : f32
  %6 = math.tanh %x : f32
  return %0, %1, %2, %3, %4, %5, %6 : f32, f32, f32, f32, f32, f32, f32
}
