// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hls/scalar_text.h"

#include "compiler/targets/hls/literals.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace streamtensor::compiler::hls {
namespace {

namespace arith = mlir::arith;
using Operands = llvm::ArrayRef<std::string>;

std::string Infix(Operands x, const char* op) { return x[0] + " " + op + " " + x[1]; }
std::string Call(const char* function, Operands x) {
  std::string text = std::string(function) + "(" + x[0];
  for (const std::string& operand : x.drop_front()) text += ", " + operand;
  return text + ")";
}
std::string Cast(const std::string& type, const std::string& x) {
  return "static_cast<" + type + ">(" + x + ")";
}

std::string Unsigned(mlir::Type type) {
  if (type.isInteger(1)) return "bool";
  const unsigned width = type.isIndex() ? 64 : std::max(8u, type.getIntOrFloatBitWidth());
  return "uint" + std::to_string(width) + "_t";
}

// Signed overflow wraps in MLIR and is undefined in C++: go through unsigned. What is narrower than int
// is promoted to it, so it must not wrap there either: widen to at least 32 bits first.
std::string Wrapping(mlir::Type type, Operands x, const char* op) {
  const std::string cpp = *CppType(type);
  if (cpp == "bool") return Cast("bool", "(" + Infix(x, op) + ") & 1");
  const std::string wide = !type.isIndex() && type.getIntOrFloatBitWidth() <= 32 ? "uint32_t" : "uint64_t";
  return Cast(cpp, Cast(wide, x[0]) + " " + op + " " + Cast(wide, x[1]));
}

std::string UnsignedInfix(mlir::Type type, Operands x, const char* op) {
  return Cast(Unsigned(type), x[0]) + " " + op + " " + Cast(Unsigned(type), x[1]);
}

std::optional<std::string> CompareFloats(arith::CmpFPredicate predicate, Operands x) {
  auto infix = [&](const char* op) { return Infix(x, op); };
  auto negated = [&](const char* op) { return "!(" + Infix(x, op) + ")"; };
  const std::string ordered = x[0] + " == " + x[0] + " && " + x[1] + " == " + x[1];
  switch (predicate) {
    case arith::CmpFPredicate::AlwaysFalse:
      return "false";
    case arith::CmpFPredicate::OEQ:
      return infix("==");
    case arith::CmpFPredicate::OGT:
      return infix(">");
    case arith::CmpFPredicate::OGE:
      return infix(">=");
    case arith::CmpFPredicate::OLT:
      return infix("<");
    case arith::CmpFPredicate::OLE:
      return infix("<=");
    case arith::CmpFPredicate::ONE:
      return infix("<") + " || " + infix(">");
    case arith::CmpFPredicate::ORD:
      return ordered;
    case arith::CmpFPredicate::UEQ:
      return "!(" + infix("<") + " || " + infix(">") + ")";
    case arith::CmpFPredicate::UGT:
      return negated("<=");
    case arith::CmpFPredicate::UGE:
      return negated("<");
    case arith::CmpFPredicate::ULT:
      return negated(">=");
    case arith::CmpFPredicate::ULE:
      return negated(">");
    case arith::CmpFPredicate::UNE:
      return infix("!=");
    case arith::CmpFPredicate::UNO:
      return "!(" + ordered + ")";
    case arith::CmpFPredicate::AlwaysTrue:
      return "true";
  }
  return std::nullopt;
}

std::optional<std::string> CompareIntegers(arith::CmpIPredicate predicate, mlir::Type type, Operands x) {
  switch (predicate) {
    case arith::CmpIPredicate::eq:
      return Infix(x, "==");
    case arith::CmpIPredicate::ne:
      return Infix(x, "!=");
    case arith::CmpIPredicate::slt:
      return Infix(x, "<");
    case arith::CmpIPredicate::sle:
      return Infix(x, "<=");
    case arith::CmpIPredicate::sgt:
      return Infix(x, ">");
    case arith::CmpIPredicate::sge:
      return Infix(x, ">=");
    case arith::CmpIPredicate::ult:
      return UnsignedInfix(type, x, "<");
    case arith::CmpIPredicate::ule:
      return UnsignedInfix(type, x, "<=");
    case arith::CmpIPredicate::ugt:
      return UnsignedInfix(type, x, ">");
    case arith::CmpIPredicate::uge:
      return UnsignedInfix(type, x, ">=");
  }
  return std::nullopt;
}

// f16 and bf16 values are storage: they are converted, compared and moved as bits, never computed with.
std::optional<std::string> ExtendFloat(arith::ExtFOp op, Operands x) {
  const mlir::Type from = op.getIn().getType(), to = op.getType();
  if (!to.isF32() && !to.isF64()) return std::nullopt;
  std::string text = x[0];
  if (from.isF16()) text = Call("st::f32_of_f16", x);
  if (from.isBF16()) text = Call("st::f32_of_bf16", x);
  return to.isF64() ? Cast("double", text) : text;
}

std::optional<std::string> TruncateFloat(arith::TruncFOp op, Operands x) {
  const mlir::Type from = op.getIn().getType(), to = op.getType();
  if (from.isF64() && to.isF32()) return Cast("float", x[0]);
  // From float64 it would be rounded twice.
  if (!from.isF32()) return std::nullopt;
  if (to.isF16()) return Call("st::f16_of_f32", x);
  if (to.isBF16()) return Call("st::bf16_of_f32", x);
  return std::nullopt;
}

std::optional<std::string> Bitcast(arith::BitcastOp op, Operands x) {
  const mlir::Type from = op.getIn().getType(), to = op.getType();
  if (from == to) return x[0];
  if (from.isF32() && to.isInteger(32)) return Cast("int32_t", Call("st::bits_of_float", x));
  if (from.isInteger(32) && to.isF32()) return "st::float_of_bits(" + Cast("uint32_t", x[0]) + ")";
  if (from.isF64() && to.isInteger(64)) return Cast("int64_t", Call("st::bits_of_double", x));
  if (from.isInteger(64) && to.isF64()) return "st::double_of_bits(" + Cast("uint64_t", x[0]) + ")";
  const bool from_half = from.isF16() || from.isBF16(), to_half = to.isF16() || to.isBF16();
  if (from_half && to.isInteger(16)) return Cast("int16_t", x[0]);
  if (from.isInteger(16) && to_half) return Cast("uint16_t", x[0]);
  return std::nullopt;
}

// g++ 12.2 fuses the products of neighbouring lanes that add and subtract in turn into vfmaddsub, even
// under -ffp-contract=off (GCC bug 107647). That takes a choice between a sum and a difference: then the
// difference's products pass through st::rounded, which keeps them out of the pattern.
std::string Difference(arith::SubFOp op, Operands x) {
  const bool chosen = llvm::any_of(op->getUsers(), [&](mlir::Operation* user) {
    auto select = llvm::dyn_cast<arith::SelectOp>(user);
    return select && (select.getTrueValue().getDefiningOp<arith::AddFOp>() ||
                      select.getFalseValue().getDefiningOp<arith::AddFOp>());
  });
  auto term = [&](mlir::Value value, const std::string& text) {
    return chosen && value.getDefiningOp<arith::MulFOp>() ? "st::rounded(" + text + ")" : text;
  };
  return term(op.getLhs(), x[0]) + " - " + term(op.getRhs(), x[1]);
}

// What the kernel library has for float32 alone.
std::optional<std::string> Float32Text(mlir::Operation* operation, Operands x) {
  if (!operation->getOperand(0).getType().isF32()) return std::nullopt;
  return llvm::TypeSwitch<mlir::Operation*, std::optional<std::string>>(operation)
      .Case([&](arith::MaximumFOp) { return Call("st::maximum", x); })
      .Case([&](arith::MinimumFOp) { return Call("st::minimum", x); })
      .Case([&](mlir::math::SqrtOp) { return Call("st::square_root", x); })
      .Default([](mlir::Operation*) { return std::optional<std::string>(); });
}

std::optional<std::string> FloatText(mlir::Operation* operation, Operands x) {
  const mlir::Type type = operation->getOperand(0).getType();
  if (!type.isF32() && !type.isF64()) return std::nullopt;
  if (std::optional<std::string> text = Float32Text(operation, x)) return text;
  return llvm::TypeSwitch<mlir::Operation*, std::optional<std::string>>(operation)
      .Case([&](arith::AddFOp) { return Infix(x, "+"); })
      .Case([&](arith::SubFOp op) { return Difference(op, x); })
      .Case([&](arith::MulFOp) { return Infix(x, "*"); })
      .Case([&](arith::DivFOp) { return Infix(x, "/"); })
      .Case([&](arith::NegFOp) { return "-" + (x[0][0] == '-' ? "(" + x[0] + ")" : x[0]); })
      .Case([&](arith::CmpFOp op) { return CompareFloats(op.getPredicate(), x); })
      .Default([](mlir::Operation*) { return std::optional<std::string>(); });
}

// The functions of math.h, which expand-math leaves in a kernel of form-sample-kernel.
std::optional<std::string> MathText(mlir::Operation* operation, Operands x) {
  namespace math = mlir::math;
  const mlir::Type type = operation->getResult(0).getType();
  if (!type.isF32() && !type.isF64()) return std::nullopt;
  // The names of float32; those of float64 lack the last letter.
  auto call = [&](const char* name) {
    std::string function = name;
    if (type.isF64()) function.pop_back();
    return std::optional<std::string>(Call(function.c_str(), x));
  };
  // The first operand where it is `nan`, or where the comparison holds.
  auto choose = [&](const std::string& nan, const char* op) {
    return std::optional<std::string>("(" + nan + " != " + nan + " || " + x[0] + " " + op + " " + x[1] +
                                      ") ? " + x[0] + " : " + x[1]);
  };
  return llvm::TypeSwitch<mlir::Operation*, std::optional<std::string>>(operation)
      .Case([&](math::AbsFOp) { return call("fabsf"); })
      .Case([&](math::AcosOp) { return call("acosf"); })
      .Case([&](math::AsinOp) { return call("asinf"); })
      .Case([&](math::AtanOp) { return call("atanf"); })
      .Case([&](math::Atan2Op) { return call("atan2f"); })
      .Case([&](math::CeilOp) { return call("ceilf"); })
      .Case([&](math::CopySignOp) { return call("copysignf"); })
      .Case([&](math::CosOp) { return call("cosf"); })
      .Case([&](math::CoshOp) { return call("coshf"); })
      .Case([&](math::ErfOp) { return call("erff"); })
      .Case([&](math::ExpOp) { return call("expf"); })
      .Case([&](math::Exp2Op) { return call("exp2f"); })
      .Case([&](math::ExpM1Op) { return call("expm1f"); })
      .Case([&](math::FloorOp) { return call("floorf"); })
      .Case([&](math::LogOp) { return call("logf"); })
      .Case([&](math::Log10Op) { return call("log10f"); })
      .Case([&](math::Log1pOp) { return call("log1pf"); })
      .Case([&](math::Log2Op) { return call("log2f"); })
      .Case([&](math::PowFOp) { return call("powf"); })
      .Case([&](math::RoundOp) { return call("roundf"); })
      .Case([&](math::RoundEvenOp) { return call("rintf"); })
      .Case([&](math::SinOp) { return call("sinf"); })
      .Case([&](math::SinhOp) { return call("sinhf"); })
      .Case([&](math::SqrtOp) { return call("sqrtf"); })
      .Case([&](math::TanOp) { return call("tanf"); })
      .Case([&](math::TanhOp) { return call("tanhf"); })
      .Case([&](math::TruncOp) { return call("truncf"); })
      .Case([&](math::RsqrtOp) {
        return std::optional<std::string>((type.isF64() ? "1.0 / " : "1.0f / ") + *call("sqrtf"));
      })
      .Case([&](arith::RemFOp) { return call("fmodf"); })
      // maximumf and minimumf propagate NaN; maxnumf and minnumf prefer the other operand.
      .Case([&](arith::MaximumFOp) { return choose(x[0], ">"); })
      .Case([&](arith::MinimumFOp) { return choose(x[0], "<"); })
      .Case([&](arith::MaxNumFOp) { return choose(x[1], ">"); })
      .Case([&](arith::MinNumFOp) { return choose(x[1], "<"); })
      .Default([](mlir::Operation*) { return std::optional<std::string>(); });
}

std::optional<std::string> IntegerText(mlir::Operation* operation, Operands x) {
  const mlir::Type type = operation->getOperand(0).getType();
  if (!type.isIntOrIndex() || !CppType(type)) return std::nullopt;
  // A nibble is storage: it is widened, never computed with.
  if (type.isInteger(4)) return std::nullopt;
  const std::string cpp = *CppType(type);
  auto shift = [&](const std::string& as, const char* op) {
    return Cast(cpp, Cast(as, x[0]) + " " + op + " " + x[1]);
  };
  return llvm::TypeSwitch<mlir::Operation*, std::optional<std::string>>(operation)
      .Case([&](arith::AddIOp) { return Wrapping(type, x, "+"); })
      .Case([&](arith::SubIOp) { return Wrapping(type, x, "-"); })
      .Case([&](arith::MulIOp) { return Wrapping(type, x, "*"); })
      .Case([&](arith::AndIOp) { return Cast(cpp, Infix(x, "&")); })
      .Case([&](arith::OrIOp) { return Cast(cpp, Infix(x, "|")); })
      .Case([&](arith::XOrIOp) { return Cast(cpp, Infix(x, "^")); })
      .Case([&](arith::ShLIOp) { return shift(Unsigned(type), "<<"); })
      .Case([&](arith::ShRSIOp) { return shift(cpp, ">>"); })
      .Case([&](arith::ShRUIOp) { return shift(Unsigned(type), ">>"); })
      .Case([&](arith::DivSIOp) { return Cast(cpp, Infix(x, "/")); })
      .Case([&](arith::RemSIOp) { return Cast(cpp, Infix(x, "%")); })
      .Case([&](arith::DivUIOp) { return Cast(cpp, UnsignedInfix(type, x, "/")); })
      .Case([&](arith::RemUIOp) { return Cast(cpp, UnsignedInfix(type, x, "%")); })
      .Case([&](arith::MaxSIOp) { return Infix(x, ">") + " ? " + x[0] + " : " + x[1]; })
      .Case([&](arith::MinSIOp) { return Infix(x, "<") + " ? " + x[0] + " : " + x[1]; })
      .Case([&](arith::MaxUIOp) { return UnsignedInfix(type, x, ">") + " ? " + x[0] + " : " + x[1]; })
      .Case([&](arith::MinUIOp) { return UnsignedInfix(type, x, "<") + " ? " + x[0] + " : " + x[1]; })
      .Case([&](arith::CmpIOp op) { return CompareIntegers(op.getPredicate(), type, x); })
      .Default([](mlir::Operation*) { return std::optional<std::string>(); });
}

std::optional<std::string> ConversionText(mlir::Operation* operation, Operands x) {
  const mlir::Type from = operation->getOperand(0).getType(), to = operation->getResult(0).getType();
  if (!CppType(from) || !CppType(to) || to.isInteger(4)) return std::nullopt;
  // Nibbles are unsigned.
  if (from.isInteger(4) && !llvm::isa<arith::ExtUIOp, arith::UIToFPOp>(operation)) return std::nullopt;
  auto cast = [&] { return Cast(*CppType(to), x[0]); };
  auto zero_extended = [&] { return Cast(*CppType(to), Cast(Unsigned(from), x[0])); };
  // An i1 that is true is -1 when read as signed; C++'s bool is 1.
  auto sign_extended = [&] { return from.isInteger(1) ? Cast(*CppType(to), x[0] + " ? -1 : 0") : cast(); };
  const bool half = from.isF16() || to.isF16() || from.isBF16() || to.isBF16();
  return llvm::TypeSwitch<mlir::Operation*, std::optional<std::string>>(operation)
      .Case([&](arith::ExtFOp op) { return ExtendFloat(op, x); })
      .Case([&](arith::TruncFOp op) { return TruncateFloat(op, x); })
      .Case([&](arith::BitcastOp op) { return Bitcast(op, x); })
      .Case(
          [&](arith::SIToFPOp) { return half ? std::nullopt : std::optional<std::string>(sign_extended()); })
      .Case(
          [&](arith::UIToFPOp) { return half ? std::nullopt : std::optional<std::string>(zero_extended()); })
      .Case([&](arith::FPToSIOp) { return half ? std::nullopt : std::optional<std::string>(cast()); })
      .Case([&](arith::FPToUIOp) {
        return half ? std::nullopt : std::optional<std::string>(Cast(*CppType(to), Cast(Unsigned(to), x[0])));
      })
      .Case<arith::ExtSIOp, arith::IndexCastOp>([&](auto) { return sign_extended(); })
      .Case<arith::ExtUIOp, arith::IndexCastUIOp>([&](auto) { return zero_extended(); })
      .Case([&](arith::TruncIOp) { return to.isInteger(1) ? Cast("bool", x[0] + " & 1") : cast(); })
      .Default([](mlir::Operation*) { return std::optional<std::string>(); });
}

}  // namespace

std::optional<std::string> ScalarText(mlir::Operation* operation, Operands operands) {
  if (auto constant = llvm::dyn_cast<arith::ConstantOp>(operation)) return Literal(constant.getValue());
  if (operation->getNumResults() != 1 || operands.empty()) return std::nullopt;
  for (mlir::Value operand : operation->getOperands()) {
    if (!CppType(operand.getType())) return std::nullopt;
  }
  if (llvm::isa<arith::SelectOp>(operation)) return operands[0] + " ? " + operands[1] + " : " + operands[2];
  if (std::optional<std::string> text = FloatText(operation, operands)) return text;
  if (std::optional<std::string> text = MathText(operation, operands)) return text;
  if (std::optional<std::string> text = IntegerText(operation, operands)) return text;
  return ConversionText(operation, operands);
}

}  // namespace streamtensor::compiler::hls
