// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/json_members.h"

#include <cstddef>

#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
using nlohmann::json;

const json* FindMember(const json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found != object.end() && !found->is_null() ? &*found : nullptr;
}

absl::StatusOr<bool> BoolMember(const json& object, std::string_view key, bool otherwise) {
  const json* member = FindMember(object, key);
  if (member == nullptr) return otherwise;
  if (member->is_boolean()) return member->get<bool>();
  return absl::InvalidArgumentError(Message("'", key, "' is ", JsonText(*member), ", expected a bool"));
}

absl::StatusOr<std::string> StringMember(const json& object, std::string_view key,
                                         std::string_view otherwise) {
  const json* member = FindMember(object, key);
  if (member == nullptr) return std::string(otherwise);
  if (member->is_string()) return member->get<std::string>();
  return absl::InvalidArgumentError(Message("'", key, "' is ", JsonText(*member), ", expected a string"));
}

std::string JsonText(const json& value) {
  if (value.is_string()) {
    return Message("\"", Printable(value.get_ref<const std::string&>(), 200), "\"");
  }
  if (value.is_object()) return Message("{", value.size(), " keys}");
  if (!value.is_array()) return value.dump();
  constexpr size_t kShown = 8;
  std::string text = Message("[", value.size(), ":");
  for (size_t i = 0; i < value.size() && i < kShown; ++i) {
    // Of an array in an array its length is enough.
    const std::string element = value[i].is_array() ? Message("[", value[i].size(), "]") : JsonText(value[i]);
    absl::StrAppend(&text, i == 0 ? " " : ", ", element);
  }
  absl::StrAppend(&text, value.size() > kShown ? ", ...]" : "]");
  return text;
}

}  // namespace streamtensor::compiler
