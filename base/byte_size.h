// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace streamtensor::base {

// "20GiB", "512 MiB", "100": a whole number with a binary unit (B, KiB, MiB, GiB, TiB) or none, as bytes.
// nullopt: it is none, or does not fit 63 bits.
std::optional<int64_t> ParseByteSize(std::string_view text);

}  // namespace streamtensor::base
