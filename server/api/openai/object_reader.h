// SPDX-License-Identifier: Apache-2.0
// Reads the members of a JSON object into variables, and tells which of them nobody asked for.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace streamtensor::server::openai {

// The first error counts: after it nothing more is read. A member that is missing or null leaves its variable
// as it is. Not thread-safe.
class ObjectReader {
 public:
  // `value` outlives the reader. `path` stands before the names of members in errors: "stream_options.".
  ObjectReader(const nlohmann::json& value, std::string path);

  // The member, if it is given and not null. It counts as asked for.
  const nlohmann::json* Find(const char* name);

  void Float(const char* name, float& value);
  void Bool(const char* name, bool& value);
  void Text(const char* name, std::string& value);
  // A whole number from `least` to `most`.
  void Whole(const char* name, int64_t min, int64_t max, std::optional<uint32_t>& value);
  void Whole(const char* name, int64_t min, int64_t max, uint32_t& value);
  void Whole(const char* name, int64_t min, int64_t max, int32_t& value);

  // Members that may stand there and mean nothing here.
  void Ignore(const char* name) { Find(name); }

  // "NAME is a string; a number is needed".
  void WrongType(const char* name, const nlohmann::json& found, const char* needed);
  void Fail(const std::string& name, const std::string& problem);

  // An error that was found elsewhere.
  void Update(const absl::Status& status) { status_.Update(status); }

  bool ok() const { return status_.ok(); }
  // The first error; else INVALID_ARGUMENT when a member is left that is not null and that nobody asked for.
  absl::Status Finish();

 private:
  std::optional<int64_t> WholeIn(const char* name, int64_t min, int64_t max);

  const nlohmann::json& value_;
  const std::string path_;
  std::set<std::string_view> asked_;
  absl::Status status_;
};

// What stands there, for messages: "a string".
const char* KindOf(const nlohmann::json& value);

}  // namespace streamtensor::server::openai
