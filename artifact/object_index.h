// SPDX-License-Identifier: Apache-2.0
// The BITSTREAM section of an emulation xclbin: the same design compiled for several instruction
// sets, behind a small index.
//
// Layout, little-endian:
//   0   8 bytes  "STOBJIDX"
//   8   uint32   version, 1
//   12  uint32   count of entries, 1..16
//   16  entries of 48 bytes each: char isa[32] (zero-padded), uint64 offset (from the section's
//       start, a multiple of 64), uint64 bytes
//   then the objects
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace streamtensor::artifact {

inline constexpr std::string_view kIsaV3 = "x86-64-v3";
inline constexpr std::string_view kIsaV4Vnni = "x86-64-v4-vnni";
inline constexpr std::size_t kMaxObjects = 16;

// One object; the creator of the entry owns the bytes.
struct ObjectEntry {
  std::string isa;  // at most 31 characters
  std::span<const std::byte> object;
};

// Builds the section. INVALID_ARGUMENT: no entry or too many, or a name that is empty, too long or a
// duplicate.
absl::StatusOr<std::vector<std::byte>> WriteObjectIndex(std::span<const ObjectEntry> entries);

// Entries are views into `section`. INVALID_ARGUMENT says what is damaged and where.
absl::StatusOr<std::vector<ObjectEntry>> ReadObjectIndex(std::span<const std::byte> section);

// Whether this CPU and system run code for `isa`; false for unknown names.
bool CpuRunsIsa(std::string_view isa);

// The entry for `forced`, or the best one for this CPU if `forced` is empty. FAILED_PRECONDITION: none.
absl::StatusOr<ObjectEntry> SelectObject(std::span<const ObjectEntry> entries, std::string_view forced);

}  // namespace streamtensor::artifact
