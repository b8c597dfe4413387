// SPDX-License-Identifier: Apache-2.0
// Groups of a matrix's elements: as a model file stores them, and as the card gets them. Free of MLIR.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "compiler/frontend/gguf/gguf_types.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler {

// Formats of a matrix on the card: groups along K with a float16 scale each.
enum class MatrixFormat {
  kU4,         // parts q (nibbles 0..15), d, m
  kI8,         // parts q (signed bytes), d
  kI8Minimum,  // parts q (signed bytes), d, m; as many bytes on the card as kI8
};

// "u4", "i8", "i8 with minimum".
std::string_view MatrixFormatName(MatrixFormat format);

// The largest group that shares a scale.
constexpr int64_t kMaxGroup = contract::kMaxScaleGroups * contract::kGroupElements;

struct CardFormat {
  MatrixFormat format = MatrixFormat::kI8;
  int64_t group = contract::kGroupElements;  // that shares a scale; of floats as kU4 it may be 64 or 128

  // NOLINTNEXTLINE(google-explicit-constructor): groups of 32 are the rule.
  constexpr CardFormat(MatrixFormat of, int64_t elements = contract::kGroupElements)
      : format(of), group(elements) {}
  bool operator==(const CardFormat& other) const = default;
};

// "u4", "u4 by 128".
std::string CardFormatName(const CardFormat& format);

constexpr bool HasMinimum(MatrixFormat format) { return format != MatrixFormat::kI8; }

// A matrix as the model file stores it: `rows` rows of `columns` elements, row-major unless the strides say
// otherwise.
struct StoredMatrix {
  GgufTensorType type = GgufTensorType::kF32;
  int64_t rows = 0;
  int64_t columns = 0;  // a multiple of 32 and of the type's block
  std::span<const uint8_t> bytes = {};
  // In elements, of F32, F16 and BF16 only; column_stride 0: row-major, and row_stride says nothing.
  int64_t row_stride = 0;
  int64_t column_stride = 0;

  // What `bytes` must hold at least; row-major, exactly.
  int64_t stored_bytes() const;

  int64_t groups(int64_t elements = contract::kGroupElements) const { return rows * (columns / elements); }
};

// One group in the card's terms: value = d * q + m.
struct CardGroup {
  int8_t q[kMaxGroup];  // as many as the format's group has
  uint16_t d = 0;       // float16
  uint16_t m = 0;       // float16; 0 in a format without
};

// F32, F16 or BF16.
bool IsFloat(GgufTensorType type);

// True when a type can be brought to a format without a quantiser that loses more than the file's type does.
// kI8Minimum takes every type that can be compiled.
bool CanConvert(GgufTensorType type, MatrixFormat format);

// True when the card's group has exactly the values of the file's; of others FileValues() tells what the
// file meant.
bool KeepsValues(GgufTensorType type);

// Group `group` of the matrix, of format.group elements, counted along the rows. `matrix.bytes` must hold
// matrix.stored_bytes().
//  Q4_0, Q4_1, Q5_0, Q5_1, Q8_0   integers and scales as they are (Q4_0 as kU4: m = -8 d)
//  Q4_K, Q5_K                     integers as they are; a group's scale and minimum rounded to float16
//  F32, F16, BF16, Q6_K           quantised to bytes, or as kU4 to nibbles (group_quantisation.h)
//  INVALID_ARGUMENT  a value that float16 can't carry or that is not finite
absl::Status ConvertGroup(const StoredMatrix& matrix, int64_t group, const CardFormat& format,
                          CardGroup* result);

// `status` with the row and the group of the row, of so many elements, before its message.
absl::Status InGroup(const StoredMatrix& matrix, int64_t elements, int64_t group, const absl::Status& status);

// The values that the file gives a group of 32, in float32. Only for types that KeepsValues() says no of.
void FileValues(const StoredMatrix& matrix, int64_t group, float (&values)[contract::kGroupElements]);

float FloatFromHalf(uint16_t half);
float FloatFromBrainFloat(uint16_t bits);

}  // namespace streamtensor::compiler
