// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/model_config.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/json_reader.h"
#include "base/status_macros.h"
#include "compiler/frontend/huggingface/json_members.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

using nlohmann::json;

constexpr uint64_t kLargestInt = std::numeric_limits<int64_t>::max();

bool IsInt(const json& value) {
  return value.is_number_integer() && (!value.is_number_unsigned() || value.get<uint64_t>() <= kLargestInt);
}

bool IsFlat(const json& object) {
  return std::none_of(object.begin(), object.end(), [](const json& member) { return member.is_object(); });
}

absl::Status WrongType(std::string_view key, const json& value, std::string_view wanted) {
  return absl::InvalidArgumentError(
      Message("config.json key '", Printable(key), "' holds ", JsonText(value), ", expected ", wanted));
}

// Moves object[from] to target[to], which may be there already with the same value.
absl::Status Move(json* object, const std::string& from, json* target, const std::string& to) {
  const auto member = object->find(from);
  if (member == object->end()) return absl::OkStatus();
  const json value = std::exchange(*member, nullptr);
  object->erase(member);
  if (value.is_null()) return absl::OkStatus();
  json& place = (*target)[to];
  if (!place.is_null() && place != value) {
    return absl::InvalidArgumentError(Message("config.json contradicts itself: '", from, "' is ",
                                              JsonText(value), ", '", to, "' is ", JsonText(place)));
  }
  place = value;
  return absl::OkStatus();
}

absl::Status NormaliseRope(json* config) {
  if (const auto found = config->find("rope_parameters");
      found != config->end() && found->is_object() && IsFlat(*found)) {
    json parameters = std::move(*found);
    config->erase(found);
    RETURN_IF_ERROR(Move(&parameters, "rope_theta", config, "rope_theta"));
    RETURN_IF_ERROR(Move(&parameters, "partial_rotary_factor", config, "partial_rotary_factor"));
    json rest = json::object();
    rest["rope_parameters"] = std::move(parameters);
    RETURN_IF_ERROR(Move(&rest, "rope_parameters", config, "rope_scaling"));
  }
  const auto scaling = config->find("rope_scaling");
  if (scaling == config->end() || !scaling->is_object()) return absl::OkStatus();
  // Of both names the newer one counts.
  if (scaling->contains("rope_type")) {
    scaling->erase("type");
  } else {
    RETURN_IF_ERROR(Move(&*scaling, "type", &*scaling, "rope_type"));
  }
  const bool is_default = scaling->empty() || (scaling->size() == 1 && scaling->contains("rope_type") &&
                                               (*scaling)["rope_type"] == "default");
  if (is_default) config->erase(scaling);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ModelConfig> ModelConfig::Parse(std::string_view text) {
  absl::StatusOr<json> root = base::ReadJson(text);
  if (!root.ok()) return absl::InvalidArgumentError(Message("config.json: ", root.status().message()));
  if (!root->is_object()) {
    return absl::InvalidArgumentError(Message("config.json holds ", JsonText(*root), ", not an object"));
  }
  RETURN_IF_ERROR(NormaliseRope(&*root));
  ModelConfig config;
  for (auto& [key, value] : root->items()) RETURN_IF_ERROR(config.Add(key, std::move(value)));
  return config;
}

// As deep as base::ReadJson() lets a document be.
absl::Status ModelConfig::Add(const std::string& key, json value) {
  if (value.is_null()) return absl::OkStatus();
  if (value.is_object()) {
    objects_.insert(key);
    for (auto& [name, member] : value.items())
      RETURN_IF_ERROR(Add(Message(key, ".", name), std::move(member)));
    return absl::OkStatus();
  }
  // A name may have a dot: {"a": {"b": 1}, "a.b": 2}.
  if (!values_.emplace(key, std::move(value)).second || objects_.contains(key)) {
    return absl::InvalidArgumentError(Message("config.json has two values for the key ", Quoted(key)));
  }
  return absl::OkStatus();
}

absl::StatusOr<const json*> ModelConfig::Find(std::string_view key) const {
  if (const auto found = values_.find(key); found != values_.end()) return &found->second;
  if (objects_.contains(key)) {
    return absl::InvalidArgumentError(Message("config.json key '", Printable(key), "' holds an object"));
  }
  return absl::NotFoundError(Message("config.json key '", Printable(key), "' is missing"));
}

bool ModelConfig::Has(std::string_view key) const { return values_.contains(key) || objects_.contains(key); }

absl::StatusOr<int64_t> ModelConfig::GetInt(std::string_view key) const {
  ASSIGN_OR_RETURN(const json* value, Find(key));
  if (!IsInt(*value)) return WrongType(key, *value, "an integer below 2^63");
  return value->get<int64_t>();
}

absl::StatusOr<uint64_t> ModelConfig::GetUint(std::string_view key) const {
  ASSIGN_OR_RETURN(const json* value, Find(key));
  if (!value->is_number_unsigned()) return WrongType(key, *value, "a non-negative integer");
  return value->get<uint64_t>();
}

absl::StatusOr<double> ModelConfig::GetFloat(std::string_view key) const {
  ASSIGN_OR_RETURN(const json* value, Find(key));
  if (!value->is_number()) return WrongType(key, *value, "a number");
  return value->get<double>();
}

absl::StatusOr<bool> ModelConfig::GetBool(std::string_view key) const {
  ASSIGN_OR_RETURN(const json* value, Find(key));
  if (!value->is_boolean()) return WrongType(key, *value, "a bool");
  return value->get<bool>();
}

absl::StatusOr<std::string> ModelConfig::GetString(std::string_view key) const {
  ASSIGN_OR_RETURN(const json* value, Find(key));
  if (!value->is_string()) return WrongType(key, *value, "a string");
  return value->get<std::string>();
}

absl::StatusOr<std::vector<int64_t>> ModelConfig::GetInts(std::string_view key) const {
  ASSIGN_OR_RETURN(const json* value, Find(key));
  if (!value->is_array() || !std::all_of(value->begin(), value->end(), IsInt)) {
    return WrongType(key, *value, "an array of integers below 2^63");
  }
  return value->get<std::vector<int64_t>>();
}

absl::StatusOr<std::vector<double>> ModelConfig::GetFloats(std::string_view key) const {
  ASSIGN_OR_RETURN(const json* value, Find(key));
  if (!value->is_array() ||
      !std::all_of(value->begin(), value->end(), [](const json& element) { return element.is_number(); })) {
    return WrongType(key, *value, "an array of numbers");
  }
  return value->get<std::vector<double>>();
}

absl::StatusOr<std::vector<std::string>> ModelConfig::GetStrings(std::string_view key) const {
  ASSIGN_OR_RETURN(const json* value, Find(key));
  if (!value->is_array() ||
      !std::all_of(value->begin(), value->end(), [](const json& element) { return element.is_string(); })) {
    return WrongType(key, *value, "an array of strings");
  }
  return value->get<std::vector<std::string>>();
}

std::vector<std::string> ModelConfig::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : values_) keys.push_back(key);
  return keys;
}

std::string ModelConfig::ValueText(std::string_view key) const {
  const auto found = values_.find(key);
  return found != values_.end() ? JsonText(found->second) : "";
}

}  // namespace streamtensor::compiler
