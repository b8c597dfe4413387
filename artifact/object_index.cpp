// SPDX-License-Identifier: Apache-2.0
#include "artifact/object_index.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "base/status_macros.h"

namespace streamtensor::artifact {
namespace {

constexpr std::string_view kMagic = "STOBJIDX";
constexpr uint32_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kIsaBytes = 32;
constexpr std::size_t kEntryBytes = kIsaBytes + 16;
constexpr std::size_t kAlignment = 64;

template <class T>
T ReadAt(std::span<const std::byte> bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

template <class T>
void WriteAt(std::vector<std::byte>& bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(value));
}

std::size_t Align(std::size_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

bool IsIsaCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.';
}

// Best last.
constexpr std::array<std::string_view, 2> kKnownIsas = {kIsaV3, kIsaV4Vnni};

// Reads entry `number`; objects start at `first_object`.
absl::StatusOr<ObjectEntry> ReadEntry(std::span<const std::byte> section, uint32_t number,
                                      std::size_t first_object) {
  const std::size_t at = kHeaderBytes + number * kEntryBytes;
  const char* name = reinterpret_cast<const char*>(section.data() + at);
  const std::size_t length = strnlen(name, kIsaBytes);
  if (length == 0 || length == kIsaBytes || !std::all_of(name, name + length, IsIsaCharacter)) {
    return absl::InvalidArgumentError(
        absl::StrCat("BITSTREAM offset ", at, ": entry ", number,
                     " has no zero-terminated name of letters, digits, '-', '_' and '.'"));
  }
  const std::string isa(name, length);
  const auto offset = ReadAt<uint64_t>(section, at + kIsaBytes);
  const auto bytes = ReadAt<uint64_t>(section, at + kIsaBytes + 8);
  if (offset < first_object || offset % kAlignment != 0 || offset > section.size() ||
      bytes > section.size() - offset) {
    return absl::InvalidArgumentError(absl::StrCat("BITSTREAM offset ", at + kIsaBytes, ": entry ", number,
                                                   " (", isa, ") claims bytes ", offset, "+", bytes,
                                                   " of a section of ", section.size()));
  }
  return ObjectEntry{isa, section.subspan(offset, bytes)};
}

}  // namespace

absl::StatusOr<std::vector<std::byte>> WriteObjectIndex(std::span<const ObjectEntry> entries) {
  if (entries.empty() || entries.size() > kMaxObjects) {
    return absl::InvalidArgumentError(
        absl::StrCat("an index of ", entries.size(), " objects; it holds 1..", kMaxObjects));
  }
  std::size_t total = Align(kHeaderBytes + entries.size() * kEntryBytes);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string& isa = entries[i].isa;
    if (isa.empty() || isa.size() >= kIsaBytes) {
      return absl::InvalidArgumentError(absl::StrCat("an instruction set's name has ", isa.size(),
                                                     " characters, must have 1..", kIsaBytes - 1));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (entries[j].isa == isa) return absl::InvalidArgumentError(absl::StrCat("two objects for ", isa));
    }
    total = Align(total + entries[i].object.size());
  }
  std::vector<std::byte> section(total);
  std::memcpy(section.data(), kMagic.data(), kMagic.size());
  WriteAt<uint32_t>(section, 8, kVersion);
  WriteAt<uint32_t>(section, 12, static_cast<uint32_t>(entries.size()));
  std::size_t offset = Align(kHeaderBytes + entries.size() * kEntryBytes);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::size_t at = kHeaderBytes + i * kEntryBytes;
    const std::span<const std::byte> object = entries[i].object;
    std::memcpy(section.data() + at, entries[i].isa.data(), entries[i].isa.size());
    WriteAt<uint64_t>(section, at + kIsaBytes, offset);
    WriteAt<uint64_t>(section, at + kIsaBytes + 8, object.size());
    if (!object.empty()) std::memcpy(section.data() + offset, object.data(), object.size());
    offset = Align(offset + object.size());
  }
  return section;
}

absl::StatusOr<std::vector<ObjectEntry>> ReadObjectIndex(std::span<const std::byte> section) {
  if (section.size() < kHeaderBytes || std::memcmp(section.data(), kMagic.data(), kMagic.size()) != 0) {
    return absl::InvalidArgumentError(
        "BITSTREAM does not start with \"STOBJIDX\": this is not an xclbin for the emulated card");
  }
  const auto version = ReadAt<uint32_t>(section, 8);
  if (version != kVersion) {
    return absl::InvalidArgumentError(
        absl::StrCat("BITSTREAM offset 8: index version ", version, ", expected ", kVersion));
  }
  const auto count = ReadAt<uint32_t>(section, 12);
  if (count == 0 || count > kMaxObjects || section.size() < kHeaderBytes + count * kEntryBytes) {
    return absl::InvalidArgumentError(absl::StrCat("BITSTREAM offset 12: ", count, " entries, expected 1..",
                                                   kMaxObjects, " within ", section.size(), " bytes"));
  }
  std::vector<ObjectEntry> entries;
  for (uint32_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(ObjectEntry entry, ReadEntry(section, i, kHeaderBytes + count * kEntryBytes));
    entries.push_back(std::move(entry));
  }
  return entries;
}

bool CpuRunsIsa(std::string_view isa) {
  if (isa == kIsaV3) return __builtin_cpu_supports("x86-64-v3") != 0;
  if (isa == kIsaV4Vnni) {
    return __builtin_cpu_supports("x86-64-v4") != 0 && __builtin_cpu_supports("avx512vnni") != 0;
  }
  return false;
}

absl::StatusOr<ObjectEntry> SelectObject(std::span<const ObjectEntry> entries, std::string_view forced) {
  std::string names;
  for (const ObjectEntry& entry : entries) absl::StrAppend(&names, names.empty() ? "" : ", ", entry.isa);
  if (!forced.empty()) {
    for (const ObjectEntry& entry : entries) {
      if (entry.isa != forced) continue;
      if (CpuRunsIsa(forced)) return entry;
      return absl::FailedPreconditionError(
          absl::StrCat("this CPU can't run ", entry.isa, ", which STREAMTENSOR_ISA asks for"));
    }
    return absl::FailedPreconditionError(absl::StrCat("STREAMTENSOR_ISA asks for ", base::Printable(forced),
                                                      ", the design is built for ", names));
  }
  for (std::size_t k = kKnownIsas.size(); k-- > 0;) {
    for (const ObjectEntry& entry : entries) {
      if (entry.isa == kKnownIsas[k] && CpuRunsIsa(entry.isa)) return entry;
    }
  }
  return absl::FailedPreconditionError(
      absl::StrCat("this CPU runs none of the instruction sets the design is built for: ", names));
}

}  // namespace streamtensor::artifact
