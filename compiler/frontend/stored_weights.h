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
#include "compiler/frontend/weight_source.h"

namespace streamtensor::compiler {

// Formats of a matrix on the card: groups of 32 along K with a float16 scale each.
enum class MatrixFormat {
  kU4,  // parts q (nibbles 0..15), d, m
  kI8,  // parts q (signed bytes), d
};

constexpr int64_t kGroupElements = 32;

// A matrix as the model file stores it: `rows` rows of `columns` elements, row-major.
struct StoredMatrix {
  GgufTensorType type = GgufTensorType::kF32;
  int64_t rows = 0;
  int64_t columns = 0;  // a multiple of 32
  std::span<const uint8_t> bytes;
};

// True when ConvertMatrix can give `format` from `type` without changing a value (F32 to kI8 is
// allowed too: it is quantised).
bool CanConvert(GgufTensorType type, MatrixFormat format);

// One part of the matrix in the card's format. Q4_1 and Q8_0 blocks keep their bits; Q4_0 gets the
// minimum -8 d (or, as kI8, q - 8); F32 is quantised by groups of 32: d = float16(max |x| / 127),
// q = round_half_even(x / d).
//  INVALID_ARGUMENT  a value that float16 can't carry or that is not finite; names row and group
//  NOT_FOUND         the format has no such part
absl::StatusOr<std::vector<uint8_t>> ConvertMatrix(const StoredMatrix& matrix, MatrixFormat format,
                                                   WeightPart part);

// Fill with Add*(), then share as const.
class StoredWeights : public WeightSource {
 public:
  // `owner` keeps the memory alive that Add*() points into.
  explicit StoredWeights(std::shared_ptr<const void> owner) : owner_(std::move(owner)) {}

  // The type must convert to the format, the columns be a multiple of 32.
  void AddMatrix(std::string name, const StoredMatrix& matrix, MatrixFormat format);
  // float32 elements in memory, as part "value".
  void AddValue(std::string name, std::vector<int64_t> dims, std::span<const uint8_t> bytes);
  // A computed table, as part "value".
  void AddTable(std::string name, std::vector<int64_t> dims, std::vector<float> values);

  absl::StatusOr<WeightShape> Shape(std::string_view name, WeightPart part) const override;
  absl::StatusOr<std::vector<uint8_t>> Read(std::string_view name, WeightPart part) const override;

 private:
  struct Entry {
    bool is_matrix = false;
    StoredMatrix matrix;
    MatrixFormat format = MatrixFormat::kI8;
    std::vector<int64_t> dims;       // of a value
    std::span<const uint8_t> bytes;  // of a value in memory
    std::vector<float> table;        // of a computed value
  };

  std::shared_ptr<const void> owner_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace streamtensor::compiler
