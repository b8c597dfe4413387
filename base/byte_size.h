// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace streamtensor::base {

// Parses "20GiB", "512 MiB" or "100": a whole number with a binary unit (B, KiB, MiB, GiB, TiB) or none, in
// bytes. nullopt if malformed or beyond 63 bits.
std::optional<int64_t> ParseByteSize(std::string_view text);

}  // namespace streamtensor::base
