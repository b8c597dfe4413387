// SPDX-License-Identifier: Apache-2.0
// Writes float32 expressions into IR, in the very operations and order of docs/architecture.md, section 2.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"

namespace streamtensor::compiler {

// Values are scalars: float32, and int32 for their bits. Inserts at the builder's point.
class FloatWriter {
 public:
  FloatWriter(mlir::OpBuilder& builder, mlir::Location loc) : builder_(builder), loc_(loc) {}

  mlir::Value constant(float value);
  mlir::Value integer(int32_t value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value subtract(mlir::Value a, mlir::Value b);
  mlir::Value multiply(mlir::Value a, mlir::Value b);
  mlir::Value divide(mlir::Value a, mlir::Value b);
  mlir::Value squareRoot(mlir::Value a);
  mlir::Value less(mlir::Value a, mlir::Value b);     // ordered: false with a NaN
  mlir::Value greater(mlir::Value a, mlir::Value b);  // ordered
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);

  mlir::Value absolute(mlir::Value x);
  mlir::Value copySign(mlir::Value magnitude, mlir::Value sign);
  mlir::Value maximum(mlir::Value a, mlir::Value b) { return select(greater(a, b), a, b); }
  mlir::Value minimum(mlir::Value a, mlir::Value b) { return select(less(a, b), a, b); }
  mlir::Value exponential(mlir::Value x);
  mlir::Value hyperbolicTangent(mlir::Value x);
  // Of |x| < 2^22: (x + 12582912) - 12582912.
  mlir::Value roundSmallHalfEven(mlir::Value x);
  // Of every x; the same bits below 2^22.
  mlir::Value roundHalfEven(mlir::Value x);
  // Of a normal x: its exponent, biased, from its bits; and the power of two of a biased exponent.
  mlir::Value exponent(mlir::Value x);
  mlir::Value powerOfTwo(mlir::Value exponent);
  mlir::Value floor(mlir::Value x);
  mlir::Value ceil(mlir::Value x);
  // The fixed tree of a sum's partials, a power of two of them: p[j] + p[j+8], then +4, +2, +1 for 16.
  mlir::Value tree(llvm::SmallVector<mlir::Value> partials);

 private:
  mlir::Value bits(mlir::Value a);
  mlir::Value fromBits(mlir::Value a);
  mlir::Value bitAnd(mlir::Value a, int32_t mask);

  mlir::OpBuilder& builder_;
  mlir::Location loc_;
};

}  // namespace streamtensor::compiler
