// SPDX-License-Identifier: Apache-2.0
// Strict, bounded JSON reader for client input.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace streamtensor::server::openai {

inline constexpr size_t kMaxJsonDepth = 16;
inline constexpr size_t kMaxJsonValues = 1 << 20;

// Parses all of `text` as one JSON value. The caller bounds the text's size.
//   INVALID_ARGUMENT  says where and what: invalid syntax or UTF-8, a number too large for its type, a
//                     duplicate key in an object, or a bound exceeded
absl::StatusOr<nlohmann::json> ReadJson(std::string_view text);

}  // namespace streamtensor::server::openai
