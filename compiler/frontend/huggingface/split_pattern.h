// SPDX-License-Identifier: Apache-2.0
// Regular expressions of tokenizer.json, which the Hugging Face library gives to Oniguruma, as the server's
// PCRE2 reads them. Free of MLIR.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace streamtensor::compiler {

// The same expression for PCRE2 with UTF and UCP. Only what means the same there is let through:
// alternatives, groups,
// (?:...), (?i:...), (?>...), look-ahead, classes, \s \d \w, general categories, some scripts, the usual
// quantifiers.
//  INVALID_ARGUMENT  not UTF-8, or no expression: an unbalanced group, a range out of order; names byte and
//  construct UNIMPLEMENTED     anything else (\b, back references, look-behind, set operations, named
//  groups); names it
absl::StatusOr<std::string> TranslateSplitPattern(std::string_view pattern);

// An expression that matches `text` and nothing else.
//  INVALID_ARGUMENT  empty, or not UTF-8
absl::StatusOr<std::string> LiteralSplitPattern(std::string_view text);

}  // namespace streamtensor::compiler
