// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/stored_weights.h"

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

constexpr int kNibbleBytes = kGroupElements / 2;

uint16_t HalfFromFloat(float value) {
  return _cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

float FloatFromHalf(uint16_t half) { return _cvtsh_ss(half); }

uint16_t LoadHalf(const uint8_t* bytes) {
  uint16_t half;
  std::memcpy(&half, bytes, sizeof(half));
  return half;
}

bool IsFiniteHalf(uint16_t half) { return (half & 0x7c00) != 0x7c00; }

// One group of 32 in the card's terms; the format says which of the members count.
struct Group {
  int8_t q[kGroupElements];
  uint16_t d = 0;
  uint16_t m = 0;
};

absl::Status NotFinite(std::string_view what) {
  return absl::InvalidArgumentError(Message("its ", what, " is not a finite number"));
}

void UnpackNibbles(const uint8_t* nibbles, int offset, Group* group) {
  for (int i = 0; i < kNibbleBytes; ++i) {
    group->q[i] = static_cast<int8_t>((nibbles[i] & 15) + offset);
    group->q[i + kNibbleBytes] = static_cast<int8_t>((nibbles[i] >> 4) + offset);
  }
}

absl::Status ReadQ4_0(const uint8_t* block, MatrixFormat format, Group* group) {
  group->d = LoadHalf(block);
  if (!IsFiniteHalf(group->d)) return NotFinite("scale");
  UnpackNibbles(block + 2, format == MatrixFormat::kI8 ? -8 : 0, group);
  if (format == MatrixFormat::kU4) {
    // A multiplication by a power of two is exact unless it overflows.
    group->m = HalfFromFloat(-8.0f * FloatFromHalf(group->d));
    if (!IsFiniteHalf(group->m)) {
      return absl::InvalidArgumentError(
          Message("its scale ", FloatFromHalf(group->d), " is beyond 8188, so that -8 d is no float16"));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadQ4_1(const uint8_t* block, Group* group) {
  group->d = LoadHalf(block);
  group->m = LoadHalf(block + 2);
  if (!IsFiniteHalf(group->d)) return NotFinite("scale");
  if (!IsFiniteHalf(group->m)) return NotFinite("minimum");
  UnpackNibbles(block + 4, 0, group);
  return absl::OkStatus();
}

absl::Status ReadQ8_0(const uint8_t* block, Group* group) {
  group->d = LoadHalf(block);
  if (!IsFiniteHalf(group->d)) return NotFinite("scale");
  std::memcpy(group->q, block + 2, kGroupElements);
  // An int8 product pair must stay within int16 on the card: -128 is left out.
  for (int8_t q : group->q) {
    if (q == -128) return absl::InvalidArgumentError("it holds -128; -127 to 127 are allowed");
  }
  return absl::OkStatus();
}

absl::Status QuantiseF32(const uint8_t* block, Group* group) {
  float x[kGroupElements];
  std::memcpy(x, block, sizeof(x));
  float amax = 0;
  for (float value : x) {
    if (!std::isfinite(value)) return NotFinite("element");
    amax = std::max(amax, std::fabs(value));
  }
  group->d = HalfFromFloat(amax / 127.0f);
  if (!IsFiniteHalf(group->d)) {
    return absl::InvalidArgumentError(Message("its largest element ", amax, " needs a scale beyond float16"));
  }
  const float d = FloatFromHalf(group->d);
  for (int i = 0; i < kGroupElements; ++i) {
    // The scale is rounded, so the quotient may pass 127 by a little.
    const float q = d == 0 ? 0 : std::nearbyintf(x[i] / d);
    group->q[i] = static_cast<int8_t>(std::clamp(q, -127.0f, 127.0f));
  }
  return absl::OkStatus();
}

absl::Status ReadGroup(GgufTensorType type, const uint8_t* block, MatrixFormat format, Group* group) {
  switch (type) {
    case GgufTensorType::kQ4_0:
      return ReadQ4_0(block, format, group);
    case GgufTensorType::kQ4_1:
      return ReadQ4_1(block, group);
    case GgufTensorType::kQ8_0:
      return ReadQ8_0(block, group);
    case GgufTensorType::kF32:
      return QuantiseF32(block, group);
  }
  return absl::InternalError("unknown tensor type");
}

int64_t StoredGroupBytes(GgufTensorType type) {
  const GgufTensorLayout* layout = FindGgufTensorLayout(static_cast<uint32_t>(type));
  return static_cast<int64_t>(layout->block_bytes) * (kGroupElements / layout->block_elements);
}

}  // namespace

bool CanConvert(GgufTensorType type, MatrixFormat format) {
  switch (type) {
    case GgufTensorType::kQ4_0:
      return true;
    case GgufTensorType::kQ4_1:
      return format == MatrixFormat::kU4;
    case GgufTensorType::kQ8_0:
    case GgufTensorType::kF32:
      return format == MatrixFormat::kI8;
  }
  return false;
}

absl::StatusOr<std::vector<uint8_t>> ConvertMatrix(const StoredMatrix& matrix, MatrixFormat format,
                                                   WeightPart part) {
  if (part == WeightPart::kValue || (part == WeightPart::kM && format == MatrixFormat::kI8)) {
    return absl::NotFoundError(Message("the weight has no part '", WeightPartName(part), "'"));
  }
  const int64_t groups = matrix.rows * (matrix.columns / kGroupElements);
  const int64_t stored_bytes = StoredGroupBytes(matrix.type);
  if (static_cast<int64_t>(matrix.bytes.size()) != groups * stored_bytes) {
    return absl::InternalError(Message("a matrix of ", groups, " groups has ", matrix.bytes.size(),
                                       " bytes, expected ", groups * stored_bytes));
  }
  const int64_t part_bytes = part == WeightPart::kQ ? kGroupElements : sizeof(uint16_t);
  std::vector<uint8_t> result(groups * part_bytes);
  for (int64_t i = 0; i < groups; ++i) {
    Group group;
    if (absl::Status status = ReadGroup(matrix.type, matrix.bytes.data() + i * stored_bytes, format, &group);
        !status.ok()) {
      const int64_t row_groups = matrix.columns / kGroupElements;
      return absl::Status(
          status.code(), Message("row ", i / row_groups, ", group ", i % row_groups, ": ", status.message()));
    }
    const void* from = part == WeightPart::kQ   ? static_cast<const void*>(group.q)
                       : part == WeightPart::kD ? static_cast<const void*>(&group.d)
                                                : static_cast<const void*>(&group.m);
    std::memcpy(result.data() + i * part_bytes, from, part_bytes);
  }
  return result;
}

void StoredWeights::AddMatrix(std::string name, const StoredMatrix& matrix, MatrixFormat format) {
  Entry entry;
  entry.is_matrix = true;
  entry.matrix = matrix;
  entry.format = format;
  entries_.insert_or_assign(std::move(name), std::move(entry));
}

void StoredWeights::AddValue(std::string name, std::vector<int64_t> dims, std::span<const uint8_t> bytes) {
  Entry entry;
  entry.dims = std::move(dims);
  entry.bytes = bytes;
  entries_.insert_or_assign(std::move(name), std::move(entry));
}

void StoredWeights::AddTable(std::string name, std::vector<int64_t> dims, std::vector<float> values) {
  Entry entry;
  entry.dims = std::move(dims);
  entry.table = std::move(values);
  entries_.insert_or_assign(std::move(name), std::move(entry));
}

absl::StatusOr<WeightShape> StoredWeights::Shape(std::string_view name, WeightPart part) const {
  auto found = entries_.find(name);
  if (found == entries_.end()) return absl::NotFoundError(Message("no weight '", name, "'"));
  const Entry& entry = found->second;
  const auto no_part = [&] {
    return absl::NotFoundError(Message("weight '", name, "' has no part '", WeightPartName(part), "'"));
  };
  if (!entry.is_matrix) {
    if (part != WeightPart::kValue) return no_part();
    return WeightShape{WeightElement::kF32, entry.dims};
  }
  const int64_t groups = entry.matrix.columns / kGroupElements;
  switch (part) {
    case WeightPart::kQ:
      return WeightShape{entry.format == MatrixFormat::kU4 ? WeightElement::kU4 : WeightElement::kI8,
                         {entry.matrix.rows, groups, kGroupElements}};
    case WeightPart::kM:
      if (entry.format == MatrixFormat::kI8) return no_part();
      [[fallthrough]];
    case WeightPart::kD:
      return WeightShape{WeightElement::kF16, {entry.matrix.rows, groups}};
    case WeightPart::kValue:
      return no_part();
  }
  return no_part();
}

absl::StatusOr<std::vector<uint8_t>> StoredWeights::Read(std::string_view name, WeightPart part) const {
  absl::StatusOr<WeightShape> shape = Shape(name, part);
  if (!shape.ok()) return shape.status();
  const Entry& entry = entries_.find(name)->second;
  if (!entry.is_matrix) {
    const auto* from =
        entry.table.empty() ? entry.bytes.data() : reinterpret_cast<const uint8_t*>(entry.table.data());
    std::vector<uint8_t> values(from, from + shape->bytes());
    for (size_t i = 0; i < values.size(); i += sizeof(float)) {
      float value;
      std::memcpy(&value, values.data() + i, sizeof(value));
      if (!std::isfinite(value)) {
        return absl::InvalidArgumentError(
            Message("tensor '", name, "', element ", i / sizeof(float), ": not a finite number"));
      }
    }
    return values;
  }
  absl::StatusOr<std::vector<uint8_t>> result = ConvertMatrix(entry.matrix, entry.format, part);
  if (!result.ok()) {
    return absl::Status(result.status().code(), Message("tensor '", name, "', ", result.status().message()));
  }
  return result;
}

}  // namespace streamtensor::compiler
