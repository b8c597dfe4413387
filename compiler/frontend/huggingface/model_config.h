// SPDX-License-Identifier: Apache-2.0
// config.json of a Hugging Face folder: values by dotted key, in one dialect. Free of MLIR.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace streamtensor::compiler {

// Immutable. A member of an object has the key "OBJECT.MEMBER"; an array is one value; null counts as absent.
//
// Transformers writes RoPE in several ways, of which the older one is given here:
//   "rope_parameters": {"rope_theta": T, "partial_rotary_factor": P, ...}  ->  rope_theta,
//   partial_rotary_factor, and
//                                                                        the rest under rope_scaling
//   "rope_scaling": {"type": T}                                        ->  rope_scaling.rope_type
//   a rope_scaling that says only "rope_type": "default"               ->  none
// A "rope_parameters" of objects (one for each type of layer) stays as it is.
class ModelConfig {
 public:
  //  INVALID_ARGUMENT  not JSON, not an object, or a key that contradicts another; names it
  static absl::StatusOr<ModelConfig> Parse(std::string_view text);

  // As Checkpoint has them. Has() is true of an object too.
  bool Has(std::string_view key) const;
  absl::StatusOr<int64_t> GetInt(std::string_view key) const;
  absl::StatusOr<uint64_t> GetUint(std::string_view key) const;
  absl::StatusOr<double> GetFloat(std::string_view key) const;
  absl::StatusOr<bool> GetBool(std::string_view key) const;
  absl::StatusOr<std::string> GetString(std::string_view key) const;
  absl::StatusOr<std::vector<int64_t>> GetInts(std::string_view key) const;
  absl::StatusOr<std::vector<double>> GetFloats(std::string_view key) const;
  absl::StatusOr<std::vector<std::string>> GetStrings(std::string_view key) const;
  // Of values, not of objects that have some; ascending.
  std::vector<std::string> keys() const;
  std::string ValueText(std::string_view key) const;

 private:
  // Adds `value` and what it holds.
  absl::Status Add(const std::string& key, nlohmann::json value);
  absl::StatusOr<const nlohmann::json*> Find(std::string_view key) const;

  std::map<std::string, nlohmann::json, std::less<>> values_;
  std::set<std::string, std::less<>> objects_;
};

}  // namespace streamtensor::compiler
