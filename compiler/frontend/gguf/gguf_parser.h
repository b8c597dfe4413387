// SPDX-License-Identifier: Apache-2.0
// Turns bytes into a GgufFile. Only gguf_file.cpp uses it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/frontend/gguf/gguf_file.h"

namespace streamtensor::compiler {

class GgufParser {
 public:
  GgufParser(std::span<const uint8_t> bytes, GgufFile* file) : bytes_(bytes), file_(file) {}

  absl::Status Parse();

 private:
  uint64_t remaining() const { return bytes_.size() - position_; }

  // Each reads at position_ and moves on; `what` says in an error message what was being read.
  template <typename T>
  absl::StatusOr<T> Scalar(std::string_view what);
  absl::StatusOr<std::string_view> String(std::string_view what, uint64_t limit_bytes);
  absl::StatusOr<GgufValue> Value(GgufValueType type, std::string_view key, int depth);
  absl::StatusOr<GgufValue> Array(std::string_view key, int depth);
  absl::Status Header();
  absl::Status Metadata();
  absl::Status TensorInfos();
  absl::Status TensorInfo();
  absl::Status PlaceTensors();

  std::span<const uint8_t> bytes_;
  GgufFile* file_;
  uint64_t position_ = 0;
  uint64_t tensor_count_ = 0;
  uint64_t metadata_count_ = 0;
};

}  // namespace streamtensor::compiler
