// SPDX-License-Identifier: Apache-2.0
// JSON from files and clients, read strictly and within bounds.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>

#include "absl/status/statusor.h"

namespace streamtensor::base {

// Of a document: what it may take of memory, and of the stack of whoever walks it.
struct JsonBounds {
  std::size_t max_depth = 64;
  std::size_t max_values = std::size_t{1} << 23;
};

// One JSON document that is all of `text`, in UTF-8. The text's size is the caller's to bound. Thread-safe.
//  INVALID_ARGUMENT  what is wrong: syntax (with the byte), UTF-8, a number too large for its type, a key
//  that
//                    an object has twice, one of the bounds. Quotes no more of the text than a repeated key.
absl::StatusOr<nlohmann::json> ReadJson(std::string_view text, const JsonBounds& bounds = {});

}  // namespace streamtensor::base
