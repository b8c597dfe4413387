// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/float_writer.h"

#include <cassert>

#include "kernels/contract/numerics.h"

namespace streamtensor::compiler {

using namespace mlir;

Value FloatWriter::constant(float value) {
  return builder_.create<arith::ConstantOp>(loc_, builder_.getF32FloatAttr(value));
}
Value FloatWriter::integer(int32_t value) {
  return builder_.create<arith::ConstantOp>(loc_, builder_.getI32IntegerAttr(value));
}
Value FloatWriter::add(Value a, Value b) { return builder_.create<arith::AddFOp>(loc_, a, b); }
Value FloatWriter::subtract(Value a, Value b) { return builder_.create<arith::SubFOp>(loc_, a, b); }
Value FloatWriter::multiply(Value a, Value b) { return builder_.create<arith::MulFOp>(loc_, a, b); }
Value FloatWriter::divide(Value a, Value b) { return builder_.create<arith::DivFOp>(loc_, a, b); }
Value FloatWriter::squareRoot(Value a) { return builder_.create<math::SqrtOp>(loc_, a); }
Value FloatWriter::less(Value a, Value b) {
  return builder_.create<arith::CmpFOp>(loc_, arith::CmpFPredicate::OLT, a, b);
}
Value FloatWriter::greater(Value a, Value b) {
  return builder_.create<arith::CmpFOp>(loc_, arith::CmpFPredicate::OGT, a, b);
}
Value FloatWriter::select(Value condition, Value a, Value b) {
  return builder_.create<arith::SelectOp>(loc_, condition, a, b);
}
Value FloatWriter::bits(Value a) { return builder_.create<arith::BitcastOp>(loc_, builder_.getI32Type(), a); }
Value FloatWriter::fromBits(Value a) {
  return builder_.create<arith::BitcastOp>(loc_, builder_.getF32Type(), a);
}
Value FloatWriter::bitAnd(Value a, int32_t mask) {
  return builder_.create<arith::AndIOp>(loc_, a, integer(mask));
}

Value FloatWriter::absolute(Value x) { return fromBits(bitAnd(bits(x), INT32_MAX)); }

Value FloatWriter::exponent(Value x) {
  return builder_.create<arith::ShRUIOp>(loc_, bits(x), integer(contract::kFloatMantissaBits));
}
Value FloatWriter::powerOfTwo(Value exponent) {
  return fromBits(builder_.create<arith::ShLIOp>(loc_, exponent, integer(contract::kFloatMantissaBits)));
}

Value FloatWriter::copySign(Value magnitude, Value sign) {
  Value low = bitAnd(bits(magnitude), INT32_MAX), high = bitAnd(bits(sign), INT32_MIN);
  return fromBits(builder_.create<arith::OrIOp>(loc_, low, high));
}

Value FloatWriter::exponential(Value x) {
  Value low = constant(contract::kExpLeast), high = constant(contract::kExpMost);
  x = select(less(x, low), low, x);
  x = select(greater(x, high), high, x);
  Value n = roundSmallHalfEven(multiply(x, constant(contract::kLog2OfE)));
  Value r = subtract(x, multiply(n, constant(contract::kLn2High)));
  r = subtract(r, multiply(n, constant(contract::kLn2Low)));
  Value p = constant(contract::kExpCoefficients[0]);
  for (int i = 1; i <= contract::kExpDegree; ++i)
    p = add(multiply(p, r), constant(contract::kExpCoefficients[i]));
  Value y = add(add(multiply(p, multiply(r, r)), r), constant(1.0f));
  Value exponent = builder_.create<arith::FPToSIOp>(loc_, builder_.getI32Type(), n);
  exponent = builder_.create<arith::AddIOp>(loc_, exponent, integer(contract::kFloatExponentBias));
  return multiply(y, powerOfTwo(exponent));
}

Value FloatWriter::hyperbolicTangent(Value x) {
  Value one = constant(1.0f);
  Value e = exponential(multiply(x, constant(2.0f)));
  return subtract(one, divide(constant(2.0f), add(one, e)));
}

Value FloatWriter::roundSmallHalfEven(Value x) {
  Value shift = constant(contract::kRoundShift);
  return subtract(add(x, shift), shift);
}

Value FloatWriter::roundHalfEven(Value x) {
  Value big = constant(8388608.0f);
  Value shift = select(less(x, constant(0.0f)), constant(-8388608.0f), big);
  Value rounded = subtract(add(x, shift), shift);
  return select(less(absolute(x), big), rounded, x);
}

Value FloatWriter::floor(Value x) {
  Value rounded = roundHalfEven(x);
  return select(greater(rounded, x), subtract(rounded, constant(1.0f)), rounded);
}

Value FloatWriter::ceil(Value x) {
  Value rounded = roundHalfEven(x);
  return select(less(rounded, x), add(rounded, constant(1.0f)), rounded);
}

Value FloatWriter::tree(SmallVector<Value> partials) {
  assert(llvm::isPowerOf2_64(partials.size()));
  for (size_t half = partials.size() / 2; half > 0; half /= 2)
    for (size_t j = 0; j < half; ++j) partials[j] = add(partials[j], partials[j + half]);
  return partials[0];
}

}  // namespace streamtensor::compiler
