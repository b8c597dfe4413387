// SPDX-License-Identifier: Apache-2.0
// JSON as the files of a Hugging Face folder have it, from hostile bytes. Free of MLIR.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace streamtensor::compiler {

// Bounds the memory of a parsed document; a tokenizer with 500,000 merges has about 2 million values.
constexpr size_t kMaxJsonValues = size_t{1} << 23;
constexpr size_t kMaxJsonDepth = 64;

// One JSON document and nothing but white space after it, in UTF-8, without a key that an object has twice.
//  INVALID_ARGUMENT  says what is wrong, and at which byte where the text itself is damaged
absl::StatusOr<nlohmann::json> ParseStrictJson(std::string_view text);

// The member of an object; nullptr without it, when it is null, or when `object` is no object.
const nlohmann::json* FindMember(const nlohmann::json& object, std::string_view key);

// The same in the type one wants; `otherwise` without it. INVALID_ARGUMENT, naming the key, when it is
// something else.
absl::StatusOr<bool> BoolMember(const nlohmann::json& object, std::string_view key, bool otherwise);
absl::StatusOr<std::string> StringMember(const nlohmann::json& object, std::string_view key,
                                         std::string_view otherwise);

// A value for people: strings quoted and escaped, arrays by length and first elements, objects by length.
std::string JsonText(const nlohmann::json& value);

}  // namespace streamtensor::compiler
