// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/stored_groups.h"

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "compiler/frontend/group_quantisation.h"
#include "compiler/frontend/message.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler {
namespace {

constexpr int kNibbleBytes = contract::kGroupElements / 2;

uint16_t HalfFromFloat(float value) {
  return _cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

template <typename T>
T Load(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

bool IsFiniteHalf(uint16_t half) { return (half & 0x7c00) != 0x7c00; }

absl::Status NotFinite(std::string_view what) {
  return absl::InvalidArgumentError(Message("its ", what, " is not a finite number"));
}

// Whether the integers are chosen here, rather than the file's.
bool Quantises(GgufTensorType type) { return IsFloat(type) || type == GgufTensorType::kQ6_K; }

// Where a group lies: its block, and which of the block's groups it is.
struct Place {
  const uint8_t* block;
  int part;
};

Place Find(const StoredMatrix& matrix, int64_t group) {
  const GgufTensorLayout* layout = FindGgufTensorLayout(static_cast<uint32_t>(matrix.type));
  const int64_t first = group * contract::kGroupElements;
  return {matrix.bytes.data() + first / layout->block_elements * layout->block_bytes,
          static_cast<int>(first % layout->block_elements / contract::kGroupElements)};
}

//===--------------------------------------------------------------------===//
// Blocks of 32
//===--------------------------------------------------------------------===//

// Element i in the low half of byte i, element i + 16 in the high half.
void UnpackNibbles(const uint8_t* nibbles, int8_t* q) {
  for (int i = 0; i < kNibbleBytes; ++i) {
    q[i] = static_cast<int8_t>(nibbles[i] & 15);
    q[i + kNibbleBytes] = static_cast<int8_t>(nibbles[i] >> 4);
  }
}

void AddFifthBits(uint32_t bits, int8_t* q) {
  for (int i = 0; i < contract::kGroupElements; ++i) q[i] = static_cast<int8_t>(q[i] | (bits >> i & 1) << 4);
}

void AddOffset(int offset, int8_t* q) {
  for (int i = 0; i < contract::kGroupElements; ++i) q[i] = static_cast<int8_t>(q[i] + offset);
}

absl::Status ReadQ4_0(const uint8_t* block, MatrixFormat format, CardGroup* group) {
  group->d = Load<uint16_t>(block);
  if (!IsFiniteHalf(group->d)) return NotFinite("scale");
  UnpackNibbles(block + 2, group->q);
  if (format != MatrixFormat::kU4) {
    AddOffset(-8, group->q);
    return absl::OkStatus();
  }
  // A multiplication by a power of two is exact unless it overflows.
  group->m = HalfFromFloat(-8.0f * FloatFromHalf(group->d));
  if (!IsFiniteHalf(group->m)) {
    return absl::InvalidArgumentError(
        Message("its scale ", FloatFromHalf(group->d), " is beyond 8188, so -8 d does not fit a float16"));
  }
  return absl::OkStatus();
}

absl::Status ReadQ5_0(const uint8_t* block, CardGroup* group) {
  group->d = Load<uint16_t>(block);
  if (!IsFiniteHalf(group->d)) return NotFinite("scale");
  UnpackNibbles(block + 6, group->q);
  AddFifthBits(Load<uint32_t>(block + 2), group->q);
  AddOffset(-16, group->q);
  return absl::OkStatus();
}

// Q4_1 and, with fifth bits, Q5_1.
absl::Status ReadWithMinimum(const uint8_t* block, bool fifth_bits, CardGroup* group) {
  group->d = Load<uint16_t>(block);
  group->m = Load<uint16_t>(block + 2);
  if (!IsFiniteHalf(group->d)) return NotFinite("scale");
  if (!IsFiniteHalf(group->m)) return NotFinite("minimum");
  UnpackNibbles(block + (fifth_bits ? 8 : 4), group->q);
  if (fifth_bits) AddFifthBits(Load<uint32_t>(block + 4), group->q);
  return absl::OkStatus();
}

absl::Status ReadQ8_0(const uint8_t* block, CardGroup* group) {
  group->d = Load<uint16_t>(block);
  if (!IsFiniteHalf(group->d)) return NotFinite("scale");
  std::memcpy(group->q, block + 2, contract::kGroupElements);
  // An int8 product pair must stay within int16 on the card: -128 is left out.
  for (int i = 0; i < contract::kGroupElements; ++i) {
    if (group->q[i] == -128) return absl::InvalidArgumentError("it holds -128; -127 to 127 are allowed");
  }
  return absl::OkStatus();
}

//===--------------------------------------------------------------------===//
// Blocks of 256
//===--------------------------------------------------------------------===//

// A group of Q4_K or Q5_K: value = scale * q + minimum.
struct FineGroup {
  int8_t q[contract::kGroupElements];
  float scale;
  float minimum;
};

FineGroup ReadFine(const Place& place, bool fifth_bits) {
  const uint8_t* block = place.block;
  const int part = place.part;
  // Six bits each: the first four scales and minimums lie in the low bits of bytes 0..3 and 4..7; the
  // others have their low four in bytes 8..11 and their high two on top of the first's.
  const uint8_t* packed = block + 4;
  const int scale = part < 4 ? packed[part] & 63 : (packed[part + 4] & 15) | packed[part - 4] >> 6 << 4;
  const int minimum = part < 4 ? packed[part + 4] & 63 : packed[part + 4] >> 4 | packed[part] >> 6 << 4;
  FineGroup group;
  group.scale = FloatFromHalf(Load<uint16_t>(block)) * static_cast<float>(scale);
  group.minimum = -FloatFromHalf(Load<uint16_t>(block + 2)) * static_cast<float>(minimum);
  // Two groups share 32 bytes of nibbles, and all groups 32 bytes of fifth bits.
  const uint8_t* fifth = block + 16;
  const uint8_t* nibbles = fifth + (fifth_bits ? 32 : 0) + part / 2 * 32;
  for (int i = 0; i < contract::kGroupElements; ++i) {
    const int low = nibbles[i] >> 4 * (part % 2) & 15;
    const int high = fifth_bits ? fifth[i] >> part & 1 : 0;
    group.q[i] = static_cast<int8_t>(low | high << 4);
  }
  return group;
}

absl::Status RoundFine(const FineGroup& fine, CardGroup* group) {
  std::memcpy(group->q, fine.q, sizeof(fine.q));
  group->d = HalfFromFloat(fine.scale);
  group->m = HalfFromFloat(fine.minimum);
  if (!IsFiniteHalf(group->d)) {
    return absl::InvalidArgumentError(Message("its scale ", fine.scale, " is beyond float16"));
  }
  if (!IsFiniteHalf(group->m)) {
    return absl::InvalidArgumentError(Message("its minimum ", fine.minimum, " is beyond float16"));
  }
  return absl::OkStatus();
}

void ReadQ6_K(const Place& place, float* values) {
  // Each half of the block holds four groups: two in the low and two in the high nibbles of 64 bytes, their
  // bit pairs side by side in 32.
  const int half = place.part / 4;
  const int part = place.part % 4;
  const uint8_t* nibbles = place.block + half * 64 + part % 2 * 32;
  const uint8_t* pairs = place.block + 128 + half * 32;
  const uint8_t* scales = place.block + 192 + half * 8 + part * 2;
  const float d = FloatFromHalf(Load<uint16_t>(place.block + 208));
  for (int i = 0; i < contract::kGroupElements; ++i) {
    const int q = (nibbles[i] >> 4 * (part / 2) & 15) | (pairs[i] >> 2 * part & 3) << 4;
    values[i] = d * static_cast<float>(static_cast<int8_t>(scales[i / 16])) * static_cast<float>(q - 32);
  }
}

//===--------------------------------------------------------------------===//
// Floats
//===--------------------------------------------------------------------===//

void ReadFloats(const StoredMatrix& matrix, int64_t group, float* values) {
  int64_t at = group * contract::kGroupElements;
  int64_t stride = 1;
  if (matrix.column_stride != 0) {
    const int64_t row_groups = matrix.columns / contract::kGroupElements;
    stride = matrix.column_stride;
    at = group / row_groups * matrix.row_stride + group % row_groups * contract::kGroupElements * stride;
  }
  for (int64_t i = 0; i < contract::kGroupElements; ++i, at += stride) {
    if (matrix.type == GgufTensorType::kF32) {
      values[i] = Load<float>(matrix.bytes.data() + at * sizeof(float));
      continue;
    }
    const auto bits = Load<uint16_t>(matrix.bytes.data() + at * sizeof(uint16_t));
    values[i] = matrix.type == GgufTensorType::kF16 ? FloatFromHalf(bits) : FloatFromBrainFloat(bits);
  }
}

}  // namespace

float FloatFromHalf(uint16_t half) { return _cvtsh_ss(half); }

float FloatFromBrainFloat(uint16_t bits) {
  const uint32_t wide = uint32_t{bits} << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

std::string_view MatrixFormatName(MatrixFormat format) {
  switch (format) {
    case MatrixFormat::kU4:
      return "u4";
    case MatrixFormat::kI8:
      return "i8";
    case MatrixFormat::kI8Minimum:
      return "i8 with minimum";
  }
  return "";
}

std::string CardFormatName(const CardFormat& format) {
  const std::string_view name = MatrixFormatName(format.format);
  return format.group == contract::kGroupElements ? std::string(name) : Message(name, " by ", format.group);
}

bool CanConvert(GgufTensorType type, MatrixFormat format) {
  switch (type) {
    case GgufTensorType::kQ4_0:
      return true;
    case GgufTensorType::kQ4_1:
    case GgufTensorType::kQ4_K:
      return format != MatrixFormat::kI8;
    case GgufTensorType::kQ5_1:
    case GgufTensorType::kQ5_K:
      return format == MatrixFormat::kI8Minimum;
    case GgufTensorType::kF32:
    case GgufTensorType::kF16:
    case GgufTensorType::kBF16:
      return true;
    case GgufTensorType::kQ5_0:
    case GgufTensorType::kQ8_0:
    case GgufTensorType::kQ6_K:
      return format != MatrixFormat::kU4;
  }
  return false;
}

bool IsFloat(GgufTensorType type) {
  return type == GgufTensorType::kF32 || type == GgufTensorType::kF16 || type == GgufTensorType::kBF16;
}

bool KeepsValues(GgufTensorType type) {
  switch (type) {
    case GgufTensorType::kQ4_0:
    case GgufTensorType::kQ4_1:
    case GgufTensorType::kQ5_0:
    case GgufTensorType::kQ5_1:
    case GgufTensorType::kQ8_0:
      return true;
    case GgufTensorType::kF32:
    case GgufTensorType::kF16:
    case GgufTensorType::kBF16:
    case GgufTensorType::kQ4_K:
    case GgufTensorType::kQ5_K:
    case GgufTensorType::kQ6_K:
      return false;
  }
  return false;
}

absl::Status ConvertGroup(const StoredMatrix& matrix, int64_t group, const CardFormat& format,
                          CardGroup* result) {
  if (Quantises(matrix.type)) {
    const int64_t parts = format.group / contract::kGroupElements;
    float values[kMaxQuantisedGroup];
    for (int64_t part = 0; part < parts; ++part) {
      float of_part[contract::kGroupElements];
      FileValues(matrix, group * parts + part, of_part);
      std::memcpy(values + part * contract::kGroupElements, of_part, sizeof(of_part));
    }
    const std::span<const float> x(values, static_cast<size_t>(format.group));
    return format.format == MatrixFormat::kU4 ? QuantiseToNibbles(x, result->q, &result->d, &result->m)
                                              : QuantiseToBytes(x, result->q, &result->d);
  }
  const Place place = Find(matrix, group);
  switch (matrix.type) {
    case GgufTensorType::kQ4_0:
      return ReadQ4_0(place.block, format.format, result);
    case GgufTensorType::kQ4_1:
      return ReadWithMinimum(place.block, false, result);
    case GgufTensorType::kQ5_0:
      return ReadQ5_0(place.block, result);
    case GgufTensorType::kQ5_1:
      return ReadWithMinimum(place.block, true, result);
    case GgufTensorType::kQ8_0:
      return ReadQ8_0(place.block, result);
    case GgufTensorType::kQ4_K:
      return RoundFine(ReadFine(place, false), result);
    case GgufTensorType::kQ5_K:
      return RoundFine(ReadFine(place, true), result);
    default:
      return absl::InternalError("unknown tensor type");
  }
}

absl::Status InGroup(const StoredMatrix& matrix, int64_t elements, int64_t group,
                     const absl::Status& status) {
  const int64_t row_groups = matrix.columns / elements;
  return absl::Status(status.code(), Message("row ", group / row_groups, ", group ", group % row_groups, ": ",
                                             status.message()));
}

int64_t StoredMatrix::stored_bytes() const {
  const GgufTensorLayout* layout = FindGgufTensorLayout(static_cast<uint32_t>(type));
  const int64_t elements = column_stride == 0 || rows == 0 || columns == 0
                               ? rows * columns
                               : (rows - 1) * row_stride + (columns - 1) * column_stride + 1;
  return elements / layout->block_elements * layout->block_bytes;
}

void FileValues(const StoredMatrix& matrix, int64_t group, float (&values)[contract::kGroupElements]) {
  switch (matrix.type) {
    case GgufTensorType::kF32:
    case GgufTensorType::kF16:
    case GgufTensorType::kBF16:
      return ReadFloats(matrix, group, values);
    case GgufTensorType::kQ4_K:
    case GgufTensorType::kQ5_K: {
      const FineGroup fine = ReadFine(Find(matrix, group), matrix.type == GgufTensorType::kQ5_K);
      for (int64_t i = 0; i < contract::kGroupElements; ++i) {
        values[i] = fine.scale * static_cast<float>(fine.q[i]) + fine.minimum;
      }
      return;
    }
    case GgufTensorType::kQ6_K:
      return ReadQ6_K(Find(matrix, group), values);
    default:
      std::fill(std::begin(values), std::end(values), std::numeric_limits<float>::quiet_NaN());
  }
}

}  // namespace streamtensor::compiler
