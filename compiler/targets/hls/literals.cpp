// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hls/literals.h"

#include <bit>
#include <charconv>
#include <cmath>

#include "llvm/ADT/StringExtras.h"

namespace streamtensor::compiler::hls {

std::optional<std::string> CppType(mlir::Type type) {
  if (type.isF32()) return "float";
  if (type.isF16() || type.isBF16()) return "uint16_t";
  if (type.isF64()) return "double";
  if (type.isIndex()) return "int64_t";
  if (auto integer = llvm::dyn_cast<mlir::IntegerType>(type)) {
    switch (integer.getWidth()) {
      case 1:
        return "bool";
      case 4:
        return "uint8_t";  // a nibble of a weight, a byte each in memory
      case 8:
      case 16:
      case 32:
      case 64:
        return (integer.isUnsigned() ? "uint" : "int") + std::to_string(integer.getWidth()) + "_t";
      default:
        return std::nullopt;
    }
  }
  return std::nullopt;
}

int64_t ElementBytes(mlir::Type type) {
  if (type.isIndex()) return 8;
  return (type.getIntOrFloatBitWidth() + 7) / 8;
}

std::string FloatLiteral(uint32_t bits) {
  const float value = std::bit_cast<float>(bits);
  if (!std::isfinite(value)) {
    return "st::float_of_bits(0x" + llvm::utohexstr(bits, /*LowerCase=*/true) + "u)";
  }
  // The shortest decimal that reads back as this float.
  char buffer[32];
  const std::to_chars_result end = std::to_chars(buffer, buffer + sizeof buffer, value);
  std::string text(buffer, end.ptr);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text + "f";
}

std::string DoubleLiteral(uint64_t bits) {
  const double value = std::bit_cast<double>(bits);
  if (!std::isfinite(value)) return "st::double_of_bits(UINT64_C(0x" + llvm::utohexstr(bits, true) + "))";
  char buffer[64];
  const std::to_chars_result end = std::to_chars(buffer, buffer + sizeof buffer, value);
  std::string text(buffer, end.ptr);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::optional<std::string> Literal(mlir::TypedAttr value) {
  const mlir::Type type = value.getType();
  if (auto number = llvm::dyn_cast<mlir::FloatAttr>(value)) {
    const uint64_t bits = number.getValue().bitcastToAPInt().getZExtValue();
    if (type.isF32()) return FloatLiteral(static_cast<uint32_t>(bits));
    if (type.isF64()) return DoubleLiteral(bits);
    if (type.isF16() || type.isBF16()) return "static_cast<uint16_t>(0x" + llvm::utohexstr(bits, true) + ")";
    return std::nullopt;
  }
  if (auto number = llvm::dyn_cast<mlir::IntegerAttr>(value)) {
    const std::optional<std::string> cpp = CppType(type);
    if (!cpp) return std::nullopt;
    if (*cpp == "bool") return number.getValue().isZero() ? "false" : "true";
    const int64_t number64 = number.getValue().getSExtValue();
    if (number64 == INT64_MIN) return "(-INT64_C(9223372036854775807) - 1)";
    std::string text = std::to_string(number64);
    if (*cpp == "int32_t") return number64 == INT32_MIN ? "(-2147483647 - 1)" : text;
    if (*cpp == "int64_t") return "INT64_C(" + text + ")";
    return "static_cast<" + *cpp + ">(" + text + ")";
  }
  return std::nullopt;
}

std::optional<ConstantPool::Entry> ConstantPool::Add(mlir::DenseElementsAttr elements) {
  for (const Array& array : arrays_) {
    if (array.elements == elements) return array.entry;
  }
  const mlir::Type type = elements.getElementType();
  std::optional<std::string> cpp = CppType(type);
  if (!cpp) return std::nullopt;

  Entry entry{"literal" + std::to_string(arrays_.size()), false};
  std::vector<std::string> values;
  if (llvm::isa<mlir::FloatType>(type)) {
    const bool half = type.isF16() || type.isBF16();
    std::vector<uint64_t> bits;
    bool finite = true;
    for (const llvm::APFloat& value : elements.getValues<llvm::APFloat>()) {
      bits.push_back(value.bitcastToAPInt().getZExtValue());
      finite &= value.isFinite();
    }
    // Values that are not finite have no constant literal. What takes two bytes is written as its bits
    // anyway.
    entry.as_bits = !finite && !half;
    if (entry.as_bits) cpp = type.isF64() ? "uint64_t" : "uint32_t";
    for (uint64_t value : bits) {
      if (entry.as_bits || half) {
        values.push_back("0x" + llvm::utohexstr(value, true) + (type.isF64() ? "ull" : "u"));
      } else {
        values.push_back(type.isF64() ? DoubleLiteral(value) : FloatLiteral(static_cast<uint32_t>(value)));
      }
    }
  } else {
    for (const llvm::APInt& value : elements.getValues<llvm::APInt>()) {
      const mlir::Type attribute_type = type;
      std::optional<std::string> text =
          Literal(llvm::cast<mlir::TypedAttr>(mlir::IntegerAttr::get(attribute_type, value)));
      if (!text) return std::nullopt;
      values.push_back(*text);
    }
  }
  std::string definition =
      "constexpr " + *cpp + " " + entry.name + "[" + std::to_string(values.size()) + "] = {";
  for (size_t i = 0; i < values.size(); ++i) {
    definition += (i % 8 == 0) ? "\n    " : " ";
    definition += values[i] + ",";
  }
  definition += "\n};\n";
  arrays_.push_back({elements, entry, std::move(definition)});
  return entry;
}

std::string ConstantPool::Text() const {
  std::string text;
  for (const Array& array : arrays_) text += array.definition;
  return text;
}

}  // namespace streamtensor::compiler::hls
