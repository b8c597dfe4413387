// SPDX-License-Identifier: Apache-2.0
// Numbers in the metadata of a model, each under its architecture's name, with bounds. Free of MLIR.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "compiler/frontend/gguf/gguf_file.h"

namespace streamtensor::compiler {

// Keeps the first error, so that a list of reads needs one check.
class LlamaKeys {
 public:
  LlamaKeys(const GgufFile& file, std::string architecture)
      : file_(file), architecture_(std::move(architecture)) {}

  std::string Name(std::string_view key) const;
  bool Has(std::string_view key) const { return file_.FindValue(Name(key)) != nullptr; }

  // From 1 to `limit`; `fallback` when the file has no such key, which is an error when it is negative.
  int64_t Count(std::string_view key, int64_t limit, int64_t fallback = -1);
  // Positive; `fallback` when the file has no such key, which is an error when it is not a number.
  double Float(std::string_view key, double fallback = std::nan(""));

  const GgufFile& file() const { return file_; }
  const std::string& architecture() const { return architecture_; }
  const absl::Status& status() const { return status_; }

 private:
  const GgufFile& file_;
  std::string architecture_;
  absl::Status status_;
};

}  // namespace streamtensor::compiler
