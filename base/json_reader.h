// SPDX-License-Identifier: Apache-2.0
// JSON from files and clients, read strictly and within bounds.
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace streamtensor::base {

// Limits on a document's nesting depth and memory.
struct JsonBounds {
  std::size_t max_depth = 64;
  std::size_t max_values = std::size_t{1} << 23;
};

// Reads `text` as one JSON document in UTF-8. The caller bounds the size of `text`. `poll` (which may be
// null) is called every thousand values; an error ends the reading. Thread-safe.
//   what `poll` returned
//   INVALID_ARGUMENT  what is wrong: syntax (with the byte), UTF-8, a number too large for its type, a
//                     repeated key, one of the bounds. Quotes nothing of the text but a repeated key.
absl::StatusOr<nlohmann::json> ReadJson(std::string_view text, const JsonBounds& bounds = {},
                                        const std::function<absl::Status()>& poll = nullptr);

}  // namespace streamtensor::base
