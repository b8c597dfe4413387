// SPDX-License-Identifier: Apache-2.0
// Members of JSON objects, as the files of a Hugging Face folder have them. Free of MLIR.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace streamtensor::compiler {

// The member of an object; nullptr if it is absent or null, or if `object` is not an object.
const nlohmann::json* FindMember(const nlohmann::json& object, std::string_view key);

// The same in the type one wants; `otherwise` without it. INVALID_ARGUMENT, naming the key, when it is
// something else.
absl::StatusOr<bool> BoolMember(const nlohmann::json& object, std::string_view key, bool otherwise);
absl::StatusOr<std::string> StringMember(const nlohmann::json& object, std::string_view key,
                                         std::string_view otherwise);

// A value for people: strings quoted and escaped, arrays by length and first elements, objects by length.
std::string JsonText(const nlohmann::json& value);

}  // namespace streamtensor::compiler
