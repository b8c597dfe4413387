// SPDX-License-Identifier: Apache-2.0
// C++14 spellings of MLIR types and constants. Every finite float reads back as the same bits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace streamtensor::compiler::hls {

// "float", "int32_t", "bool", ...; index is int64_t, a float16
// its bits in uint16_t. nullopt: no spelling.
std::optional<std::string> CppType(mlir::Type type);

// Bytes of one element in an array of CppType(type).
int64_t ElementBytes(mlir::Type type);

// An expression whose value has exactly these bits. NaNs and infinities go through
// st::float_of_bits, which is not a constant expression.
std::string FloatLiteral(uint32_t bits);
// An expression of type CppType(type) for a scalar IntegerAttr or FloatAttr (f32, f16).
std::optional<std::string> Literal(mlir::TypedAttr value);

// Arrays that emitted text reads and never writes, at namespace scope (a static member or a static
// local would not do: HLS contract d and k). Equal arrays are kept once.
class ConstantPool {
 public:
  // Name of an array that holds the elements in row-major order. nullopt: no spelling.
  // Arrays of floats that hold a NaN or infinity are spelled as bits.
  struct Entry {
    std::string name;
    bool as_bits = false;
  };
  std::optional<Entry> Add(mlir::DenseElementsAttr elements);

  // Definitions, in the order of Add().
  std::string Text() const;

 private:
  struct Array {
    mlir::DenseElementsAttr elements;
    Entry entry;
    std::string definition;
  };
  std::vector<Array> arrays_;
};

}  // namespace streamtensor::compiler::hls
