// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/stored_weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/status_macros.h"
#include "compiler/frontend/message.h"

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

// An error names the tensor.
template <class T>
absl::StatusOr<T> InTensor(std::string_view name, absl::StatusOr<T> result) {
  if (result.ok()) return result;
  return absl::Status(result.status().code(), Message("tensor '", name, "', ", result.status().message()));
}

absl::Status CheckBytes(const StoredMatrix& matrix) {
  const int64_t bytes = matrix.stored_bytes();
  const auto given = static_cast<int64_t>(matrix.bytes.size());
  if (matrix.column_stride == 0 ? given == bytes : given >= bytes) return absl::OkStatus();
  return absl::InternalError(
      Message("a matrix of ", matrix.groups(), " groups has ", given, " bytes, expected ", bytes));
}

// Those parts that have room: `parts` come with their sizes.
absl::Status Convert(const StoredMatrix& matrix, const CardFormat& format, MatrixParts* parts) {
  RETURN_IF_ERROR(CheckBytes(matrix));
  const int64_t groups = matrix.groups(format.group);
  for (int64_t i = 0; i < groups; ++i) {
    CardGroup group;
    if (absl::Status status = ConvertGroup(matrix, i, format, &group); !status.ok()) {
      return InGroup(matrix, format.group, i, status);
    }
    const auto put = [i](const void* from, size_t bytes, std::vector<uint8_t>& to) {
      if (!to.empty()) std::memcpy(to.data() + static_cast<size_t>(i) * bytes, from, bytes);
    };
    put(group.q, static_cast<size_t>(format.group), parts->q);
    put(&group.d, sizeof(group.d), parts->d);
    put(&group.m, sizeof(group.m), parts->m);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<MatrixParts> ConvertMatrix(const StoredMatrix& matrix, const CardFormat& format) {
  const auto scales = static_cast<size_t>(matrix.groups(format.group));
  MatrixParts parts;
  parts.q.resize(scales * static_cast<size_t>(format.group));
  parts.d.resize(scales * sizeof(uint16_t));
  if (HasMinimum(format.format)) parts.m.resize(scales * sizeof(uint16_t));
  RETURN_IF_ERROR(Convert(matrix, format, &parts));
  return parts;
}

absl::StatusOr<std::vector<uint8_t>> ConvertMatrix(const StoredMatrix& matrix, const CardFormat& format,
                                                   WeightPart part) {
  if (part == WeightPart::kValue || (part == WeightPart::kM && !HasMinimum(format.format))) {
    return absl::NotFoundError(Message("the weight has no part '", WeightPartName(part), "'"));
  }
  const auto scales = static_cast<size_t>(matrix.groups(format.group));
  MatrixParts parts;
  std::vector<uint8_t>& wanted = part == WeightPart::kQ   ? parts.q
                                 : part == WeightPart::kD ? parts.d
                                                          : parts.m;
  wanted.resize(scales * (part == WeightPart::kQ ? static_cast<size_t>(format.group) : sizeof(uint16_t)));
  RETURN_IF_ERROR(Convert(matrix, format, &parts));
  return std::move(wanted);
}

void StoredWeights::AddMatrix(std::string name, const StoredMatrix& matrix, const CardFormat& format) {
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
  const int64_t groups = entry.matrix.columns / entry.format.group;
  switch (part) {
    case WeightPart::kQ:
      return WeightShape{entry.format.format == MatrixFormat::kU4 ? WeightElement::kU4 : WeightElement::kI8,
                         {entry.matrix.rows, groups, entry.format.group}};
    case WeightPart::kM:
      if (!HasMinimum(entry.format.format)) return no_part();
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
  return InTensor(name, ConvertMatrix(entry.matrix, entry.format, part));
}

absl::StatusOr<MatrixParts> StoredWeights::ReadMatrix(std::string_view name) const {
  RETURN_IF_ERROR(Shape(name, WeightPart::kQ).status());
  const Entry& entry = entries_.find(name)->second;
  return InTensor(name, ConvertMatrix(entry.matrix, entry.format));
}

}  // namespace streamtensor::compiler
