// SPDX-License-Identifier: Apache-2.0
#include "server/api/openai/object_reader.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/field_error.h"
#include "base/printable.h"
#include "base/status_macros.h"

namespace streamtensor::server::openai {

using nlohmann::json;

const char* KindOf(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return "null";
    case json::value_t::object:
      return "an object";
    case json::value_t::array:
      return "an array";
    case json::value_t::string:
      return "a string";
    case json::value_t::boolean:
      return "a boolean";
    default:
      return "a number";
  }
}

ObjectReader::ObjectReader(const json& value, std::string path) : value_(value), path_(std::move(path)) {
  if (value_.is_object()) return;
  const std::string name = path_.empty() ? "the body" : path_.substr(0, path_.size() - 1);
  const std::string problem = absl::StrCat("is ", KindOf(value_), "; an object is needed");
  status_ = path_.empty() ? absl::InvalidArgumentError(absl::StrCat(name, " ", problem))
                          : FieldError(name, problem);
}

void ObjectReader::Fail(const std::string& name, const std::string& problem) {
  status_.Update(FieldError(absl::StrCat(path_, name), problem));
}

void ObjectReader::WrongType(const char* name, const json& found, const char* needed) {
  Fail(name, absl::StrCat("is ", KindOf(found), "; ", needed, " is needed"));
}

const json* ObjectReader::Find(const char* name) {
  if (!status_.ok()) return nullptr;
  asked_.insert(name);
  const auto found = value_.find(name);
  return found == value_.end() || found->is_null() ? nullptr : &*found;
}

void ObjectReader::Float(const char* name, float& value) {
  const json* const found = Find(name);
  if (found == nullptr) return;
  if (!found->is_number()) return WrongType(name, *found, "a number");
  // Values beyond float's range become infinite, which no range allows.
  const double number = found->get<double>();
  const bool fits = std::abs(number) <= std::numeric_limits<float>::max();
  value = fits ? static_cast<float>(number) : std::numeric_limits<float>::infinity();
}

void ObjectReader::Bool(const char* name, bool& value) {
  const json* const found = Find(name);
  if (found == nullptr) return;
  if (!found->is_boolean()) return WrongType(name, *found, "a boolean");
  value = found->get<bool>();
}

void ObjectReader::Text(const char* name, std::string& value) {
  const json* const found = Find(name);
  if (found == nullptr) return;
  if (!found->is_string()) return WrongType(name, *found, "a string");
  value = found->get<std::string>();
}

std::optional<int64_t> ObjectReader::WholeIn(const char* name, int64_t min, int64_t max) {
  const json* const found = Find(name);
  if (found == nullptr) return std::nullopt;
  if (!found->is_number_integer()) {
    WrongType(name, *found, "a whole number");
    return std::nullopt;
  }
  const bool is_huge = found->is_number_unsigned() && found->get<uint64_t>() > INT64_MAX;
  const int64_t value = is_huge ? INT64_MAX : found->get<int64_t>();
  if (is_huge || value < min || value > max) {
    Fail(name, absl::StrCat("is ", found->dump(), "; allowed is ", min, " to ", max));
    return std::nullopt;
  }
  return value;
}

void ObjectReader::Whole(const char* name, int64_t min, int64_t max, std::optional<uint32_t>& value) {
  if (const auto found = WholeIn(name, min, max)) value = static_cast<uint32_t>(*found);
}
void ObjectReader::Whole(const char* name, int64_t min, int64_t max, uint32_t& value) {
  if (const auto found = WholeIn(name, min, max)) value = static_cast<uint32_t>(*found);
}
void ObjectReader::Whole(const char* name, int64_t min, int64_t max, int32_t& value) {
  if (const auto found = WholeIn(name, min, max)) value = static_cast<int32_t>(*found);
}

absl::Status ObjectReader::Finish() {
  RETURN_IF_ERROR(status_);
  for (const auto& [name, member] : value_.items()) {
    if (member.is_null() || asked_.contains(name)) continue;
    Fail(base::Printable(name, 100), "is not supported");
    break;
  }
  return status_;
}

}  // namespace streamtensor::server::openai
