// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/stored_weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/status_macros.h"
#include "compiler/frontend/message.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler {
namespace {

// Elements of type F32, F16 or BF16 as `count` float32, continued by zeros.
std::vector<float> Widen(GgufTensorType type, std::span<const uint8_t> bytes, size_t count) {
  std::vector<float> values(count);
  if (type == GgufTensorType::kF32) {
    if (!bytes.empty())
      std::memcpy(values.data(), bytes.data(), std::min(bytes.size(), count * sizeof(float)));
    return values;
  }
  for (size_t i = 0; i < std::min(count, bytes.size() / sizeof(uint16_t)); ++i) {
    uint16_t bits;
    std::memcpy(&bits, bytes.data() + i * sizeof(bits), sizeof(bits));
    values[i] = type == GgufTensorType::kF16 ? FloatFromHalf(bits) : FloatFromBrainFloat(bits);
  }
  return values;
}

}  // namespace

absl::StatusOr<std::vector<uint8_t>> ConvertMatrix(const StoredMatrix& matrix, MatrixFormat format,
                                                   WeightPart part) {
  if (part == WeightPart::kValue || (part == WeightPart::kM && !HasMinimum(format))) {
    return absl::NotFoundError(Message("the weight has no part '", WeightPartName(part), "'"));
  }
  const int64_t groups = matrix.groups();
  const int64_t bytes = matrix.stored_bytes();
  const auto given = static_cast<int64_t>(matrix.bytes.size());
  if (matrix.column_stride == 0 ? given != bytes : given < bytes) {
    return absl::InternalError(
        Message("a matrix of ", groups, " groups has ", given, " bytes, expected ", bytes));
  }
  const int64_t part_bytes = part == WeightPart::kQ ? contract::kGroupElements : sizeof(uint16_t);
  std::vector<uint8_t> result(groups * part_bytes);
  for (int64_t i = 0; i < groups; ++i) {
    CardGroup group;
    if (absl::Status status = ConvertGroup(matrix, i, format, &group); !status.ok()) {
      return InGroup(matrix, i, status);
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

void StoredWeights::AddValue(std::string name, std::vector<int64_t> dims, GgufTensorType type,
                             std::span<const uint8_t> bytes, float offset) {
  Entry entry;
  entry.type = type;
  entry.dims = std::move(dims);
  entry.bytes = bytes;
  entry.offset = offset;
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
  const int64_t groups = entry.matrix.columns / contract::kGroupElements;
  switch (part) {
    case WeightPart::kQ:
      return WeightShape{entry.format == MatrixFormat::kU4 ? WeightElement::kU4 : WeightElement::kI8,
                         {entry.matrix.rows, groups, contract::kGroupElements}};
    case WeightPart::kM:
      if (!HasMinimum(entry.format)) return no_part();
      [[fallthrough]];
    case WeightPart::kD:
      return WeightShape{WeightElement::kF16, {entry.matrix.rows, groups}};
    case WeightPart::kValue:
      return no_part();
  }
  return no_part();
}

absl::StatusOr<std::vector<uint8_t>> StoredWeights::Read(std::string_view name, WeightPart part) const {
  ASSIGN_OR_RETURN(const WeightShape shape, Shape(name, part));
  const Entry& entry = entries_.find(name)->second;
  if (!entry.is_matrix) {
    std::vector<float> values =
        entry.table.empty() ? Widen(entry.type, entry.bytes, shape.elements()) : entry.table;
    if (entry.offset != 0) {
      for (float& value : values) value += entry.offset;
    }
    for (size_t i = 0; i < values.size(); ++i) {
      if (std::isfinite(values[i])) continue;
      return absl::InvalidArgumentError(Message("tensor '", name, "', element ", i, ": not a finite number"));
    }
    std::vector<uint8_t> bytes(shape.bytes());
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
  }
  absl::StatusOr<std::vector<uint8_t>> result = ConvertMatrix(entry.matrix, entry.format, part);
  if (!result.ok()) {
    return absl::Status(result.status().code(), Message("tensor '", name, "', ", result.status().message()));
  }
  return result;
}

}  // namespace streamtensor::compiler
