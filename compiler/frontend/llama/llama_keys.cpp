// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/llama/llama_keys.h"

#include <limits>

#include "compiler/frontend/message.h"

namespace streamtensor::compiler {

std::string LlamaKeys::Name(std::string_view key) const { return Message(architecture_, ".", key); }

int64_t LlamaKeys::Count(std::string_view key, int64_t limit, int64_t fallback) {
  if (fallback >= 0 && !Has(key)) return fallback;
  const std::string name = Name(key);
  absl::StatusOr<uint64_t> value = file_.GetUint(name);
  if (!value.ok()) {
    status_.Update(absl::InvalidArgumentError(value.status().message()));
    return 1;
  }
  if (*value < 1 || *value > static_cast<uint64_t>(limit)) {
    status_.Update(absl::InvalidArgumentError(
        Message("metadata key '", name, "' is ", *value, ", expected 1 to ", limit)));
    return 1;
  }
  return static_cast<int64_t>(*value);
}

double LlamaKeys::Float(std::string_view key, double fallback) {
  if (!std::isnan(fallback) && !Has(key)) return fallback;
  const std::string name = Name(key);
  absl::StatusOr<double> value = file_.GetFloat(name);
  if (!value.ok()) {
    status_.Update(absl::InvalidArgumentError(value.status().message()));
    return 1;
  }
  // What float32 has without losing digits: the card computes in it, and small ones would be 0 there.
  if (!(*value >= std::numeric_limits<float>::min() && *value <= std::numeric_limits<float>::max())) {
    status_.Update(absl::InvalidArgumentError(
        Message("metadata key '", name, "' is ", *value, ", expected a positive number within float32")));
    return 1;
  }
  return *value;
}

}  // namespace streamtensor::compiler
