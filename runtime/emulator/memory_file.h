// SPDX-License-Identifier: Apache-2.0
// Memory that two processes share: a memory file sealed against resizing, and mappings of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/emulator/file_descriptor.h"

namespace streamtensor::runtime::emulator {

// A mapping; unmapped with the object.
class Mapping {
 public:
  Mapping() = default;
  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping();

  // RESOURCE_EXHAUSTED: no address space.
  static absl::StatusOr<Mapping> OfFile(int fd, uint64_t bytes, bool writable);
  // Private, of nothing but zeros.
  static absl::StatusOr<Mapping> Anonymous(uint64_t bytes);

  // Asks for huge pages behind those of these bytes that have been written; a hint that the system may
  // refuse. It moves them, once, so it is for what is written once and then read again and again.
  void UseHugePages(uint64_t offset, uint64_t bytes) const;

  std::byte* data() const { return data_; }
  uint64_t bytes() const { return bytes_; }
  std::span<std::byte> span() const { return {data_, bytes_}; }

 private:
  std::byte* data_ = nullptr;
  uint64_t bytes_ = 0;
};

// A file of zeros. Sealed: its size never changes, so a mapping of it never faults.
absl::StatusOr<FileDescriptor> CreateMemoryFile(const char* name, uint64_t bytes);

// A file with these contents that can no longer be changed.
absl::StatusOr<FileDescriptor> CreateSealedFile(const char* name, std::span<const std::byte> contents);

// Checks that `fd` is a memory file of at least `bytes` that cannot be resized (nor written, with
// `constant`), and returns its size. INVALID_ARGUMENT otherwise.
absl::StatusOr<uint64_t> CheckSealedFile(int fd, uint64_t bytes, bool constant);

}  // namespace streamtensor::runtime::emulator
