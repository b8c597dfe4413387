// SPDX-License-Identifier: Apache-2.0
// JSON from clients, read strictly and within bounds.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace streamtensor::server::openai {

inline constexpr size_t kMaxJsonDepth = 16;
inline constexpr size_t kMaxJsonValues = 1 << 20;

// One JSON value that is all of `text`. The text's size is the caller's to bound.
//  INVALID_ARGUMENT  the place and what is wrong: syntax, UTF-8, a number too large for its type, a key that
//  comes twice
//                    in an object, or one of the bounds above
absl::StatusOr<nlohmann::json> ReadJson(std::string_view text);

}  // namespace streamtensor::server::openai
