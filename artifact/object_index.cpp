// SPDX-License-Identifier: Apache-2.0
#include "artifact/object_index.h"

#include <algorithm>
#include <array>
#include <cstring>

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

}  // namespace

std::optional<std::vector<std::byte>> WriteObjectIndex(std::span<const ObjectEntry> entries) {
  if (entries.empty() || entries.size() > kMaxObjects) return std::nullopt;
  std::size_t total = Align(kHeaderBytes + entries.size() * kEntryBytes);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].isa.empty() || entries[i].isa.size() >= kIsaBytes) return std::nullopt;
    for (std::size_t j = 0; j < i; ++j) {
      if (entries[j].isa == entries[i].isa) return std::nullopt;
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

bool ReadObjectIndex(std::span<const std::byte> section, std::vector<ObjectEntry>* entries,
                     std::string* error) {
  entries->clear();
  if (section.size() < kHeaderBytes || std::memcmp(section.data(), kMagic.data(), kMagic.size()) != 0) {
    *error = "BITSTREAM does not start with \"STOBJIDX\": this is not an xclbin for the emulated card";
    return false;
  }
  const uint32_t version = ReadAt<uint32_t>(section, 8);
  if (version != kVersion) {
    *error = "BITSTREAM offset 8: index version " + std::to_string(version) + ", expected 1";
    return false;
  }
  const uint32_t count = ReadAt<uint32_t>(section, 12);
  if (count == 0 || count > kMaxObjects || section.size() < kHeaderBytes + count * kEntryBytes) {
    *error = "BITSTREAM offset 12: " + std::to_string(count) + " entries, expected 1.." +
             std::to_string(kMaxObjects) + " within " + std::to_string(section.size()) + " bytes";
    return false;
  }
  const std::size_t first_object = kHeaderBytes + count * kEntryBytes;
  for (uint32_t i = 0; i < count; ++i) {
    const std::size_t at = kHeaderBytes + i * kEntryBytes;
    const char* name = reinterpret_cast<const char*>(section.data() + at);
    const std::size_t length = strnlen(name, kIsaBytes);
    const uint64_t offset = ReadAt<uint64_t>(section, at + kIsaBytes);
    const uint64_t bytes = ReadAt<uint64_t>(section, at + kIsaBytes + 8);
    if (length == 0 || length == kIsaBytes || !std::all_of(name, name + length, IsIsaCharacter)) {
      *error = "BITSTREAM offset " + std::to_string(at) + ": entry " + std::to_string(i) +
               " has no zero-terminated name of letters, digits, '-', '_' and '.'";
      entries->clear();
      return false;
    }
    if (offset < first_object || offset % kAlignment != 0 || offset > section.size() ||
        bytes > section.size() - offset) {
      *error = "BITSTREAM offset " + std::to_string(at + kIsaBytes) + ": entry " + std::to_string(i) + " (" +
               std::string(name, length) + ") claims bytes " + std::to_string(offset) + "+" +
               std::to_string(bytes) + " of a section of " + std::to_string(section.size());
      entries->clear();
      return false;
    }
    entries->push_back({std::string(name, length), section.subspan(offset, bytes)});
  }
  return true;
}

bool CpuRunsIsa(std::string_view isa) {
  if (isa == kIsaV3) return __builtin_cpu_supports("x86-64-v3") != 0;
  if (isa == kIsaV4Vnni) {
    return __builtin_cpu_supports("x86-64-v4") != 0 && __builtin_cpu_supports("avx512vnni") != 0;
  }
  return false;
}

const ObjectEntry* SelectObject(std::span<const ObjectEntry> entries, std::string_view forced,
                                std::string* error) {
  std::string names;
  for (const ObjectEntry& entry : entries) names += (names.empty() ? "" : ", ") + entry.isa;
  if (!forced.empty()) {
    for (const ObjectEntry& entry : entries) {
      if (entry.isa != forced) continue;
      if (CpuRunsIsa(forced)) return &entry;
      *error = "this CPU can't run " + entry.isa + ", which STREAMTENSOR_ISA asks for";
      return nullptr;
    }
    *error = "STREAMTENSOR_ISA asks for " + std::string(forced) + ", the design is built for " + names;
    return nullptr;
  }
  for (std::size_t k = kKnownIsas.size(); k-- > 0;) {
    for (const ObjectEntry& entry : entries) {
      if (entry.isa == kKnownIsas[k] && CpuRunsIsa(entry.isa)) return &entry;
    }
  }
  *error = "this CPU runs none of the instruction sets the design is built for: " + names;
  return nullptr;
}

}  // namespace streamtensor::artifact
