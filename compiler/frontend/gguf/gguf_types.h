// SPDX-License-Identifier: Apache-2.0
// The numbers that stand in a GGUF file: value types of metadata, element types of tensors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace streamtensor::compiler {

enum class GgufValueType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

// "uint8", "string", ...; "type 77" for a number that is none.
std::string GgufValueTypeName(GgufValueType type);

// Bytes of a scalar value in the file; 0 for strings, arrays and unknown types.
uint64_t GgufScalarBytes(GgufValueType type);

// Element types of tensors that we compile. The reader knows the layout of more (FindGgufTensorLayout).
enum class GgufTensorType : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,  // 32 elements: float16 d, 16 bytes of nibbles; value = d * (q - 8)
  kQ4_1 = 3,  // 32 elements: float16 d, float16 m, 16 bytes of nibbles; value = d * q + m
  kQ5_0 = 6,  // 32 elements: float16 d, 32 fifth bits, 16 bytes of nibbles; value = d * (q - 16)
  kQ5_1 = 7,  // 32 elements: float16 d, float16 m, 32 fifth bits, 16 bytes of nibbles; value = d * q + m
  kQ8_0 = 8,  // 32 elements: float16 d, 32 signed bytes; value = d * q
  // 256 elements in 8 groups: float16 d, float16 e, 8 scales s and 8 minimums t of 6 bits in 12 bytes,
  // 128 bytes of nibbles; value = d * s * q - e * t
  kQ4_K = 12,
  kQ5_K = 13,  // the same with 256 fifth bits before the nibbles
  // 256 elements in 16 groups: 128 bytes of nibbles, 64 bytes of upper bit pairs, 16 signed bytes s,
  // float16 d; value = d * s * (q - 32)
  kQ6_K = 14,
  kBF16 = 30,
};

// How a tensor type is stored: blocks of `block_elements` along the first dimension.
struct GgufTensorLayout {
  uint32_t type;
  std::string_view name;
  uint32_t block_elements;
  uint32_t block_bytes;
};

// nullptr if the number is not a known type.
const GgufTensorLayout* FindGgufTensorLayout(uint32_t type);

// The enumerator of a type's number; nullopt for types that we do not compile.
std::optional<GgufTensorType> CompiledTensorType(uint32_t type);

// "Q4_1", or "type 77".
std::string GgufTensorTypeName(uint32_t type);

}  // namespace streamtensor::compiler
