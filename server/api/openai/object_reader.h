// SPDX-License-Identifier: Apache-2.0
// Reads the members of a JSON object into variables and detects unknown ones.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace streamtensor::server::openai {

// The first error counts: nothing more is read after it. A missing or null member leaves its variable
// unchanged. Not thread-safe.
class ObjectReader {
 public:
  // `value` outlives the reader. `path` prefixes member names in errors: "stream_options.".
  ObjectReader(const nlohmann::json& value, std::string path);

  // The member, or null if it is absent or null. It counts as known.
  const nlohmann::json* Find(const char* name);

  void Float(const char* name, float& value);
  void Bool(const char* name, bool& value);
  void Text(const char* name, std::string& value);
  // An integer from `min` to `max`.
  void Whole(const char* name, int64_t min, int64_t max, std::optional<uint32_t>& value);
  void Whole(const char* name, int64_t min, int64_t max, uint32_t& value);
  void Whole(const char* name, int64_t min, int64_t max, int32_t& value);

  // Members that are accepted and have no effect here.
  void Ignore(const char* name) { Find(name); }

  // "NAME is a string; a number is needed".
  void WrongType(const char* name, const nlohmann::json& found, const char* needed);
  void Fail(const std::string& name, const std::string& problem);

  // Reports an error found by the caller.
  void Update(const absl::Status& status) { status_.Update(status); }

  bool ok() const { return status_.ok(); }
  // The first error; otherwise INVALID_ARGUMENT if a non-null member is unknown.
  absl::Status Finish();

 private:
  std::optional<int64_t> WholeIn(const char* name, int64_t min, int64_t max);

  const nlohmann::json& value_;
  const std::string path_;
  std::set<std::string_view> asked_;
  absl::Status status_;
};

// The kind of value, for messages: "a string".
const char* KindOf(const nlohmann::json& value);

}  // namespace streamtensor::server::openai
