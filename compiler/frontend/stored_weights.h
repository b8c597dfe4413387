// SPDX-License-Identifier: Apache-2.0
// A WeightSource over tensors that lie in memory (usually a mapped model file), converted to the card's
// formats when they are read. Free of MLIR.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/frontend/gguf/gguf_types.h"
#include "compiler/frontend/stored_groups.h"
#include "compiler/frontend/weight_source.h"

namespace streamtensor::compiler {

// The matrix in the card's format, group by group as ConvertGroup() makes them.
//  INVALID_ARGUMENT  as ConvertGroup(); names row and group
absl::StatusOr<MatrixParts> ConvertMatrix(const StoredMatrix& matrix, const CardFormat& format);

// One part of it.
//  NOT_FOUND  the format has no such part
absl::StatusOr<std::vector<uint8_t>> ConvertMatrix(const StoredMatrix& matrix, const CardFormat& format,
                                                   WeightPart part);

// Fill with Add*(), then share as const.
class StoredWeights : public WeightSource {
 public:
  // `owner` keeps the memory alive that Add*() points into.
  explicit StoredWeights(std::shared_ptr<const void> owner) : owner_(std::move(owner)) {}

  // The type must convert to the format.
  void AddMatrix(std::string name, const StoredMatrix& matrix, const CardFormat& format);
  // Elements in memory of type F32, F16 or BF16, as part "value", each plus `offset` (in float32). Where
  // `bytes` hold fewer than `dims` say, zeros follow.
  void AddValue(std::string name, std::vector<int64_t> dims, GgufTensorType type,
                std::span<const uint8_t> bytes, float offset = 0);
  // A computed table, as part "value".
  void AddTable(std::string name, std::vector<int64_t> dims, std::vector<float> values);

  absl::StatusOr<WeightShape> Shape(std::string_view name, WeightPart part) const override;
  absl::StatusOr<std::vector<uint8_t>> Read(std::string_view name, WeightPart part) const override;
  absl::StatusOr<MatrixParts> ReadMatrix(std::string_view name) const override;

 private:
  struct Entry {
    bool is_matrix = false;
    StoredMatrix matrix;
    CardFormat format = MatrixFormat::kI8;
    std::vector<int64_t> dims;                   // of a value
    GgufTensorType type = GgufTensorType::kF32;  // of a value in memory
    std::span<const uint8_t> bytes;              // of a value in memory
    float offset = 0;                            // of a value in memory
    std::vector<float> table;                    // of a computed value
  };

  std::shared_ptr<const void> owner_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace streamtensor::compiler
