// SPDX-License-Identifier: Apache-2.0
#include "runtime/emulator/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace streamtensor::runtime::emulator {
namespace {

constexpr uint64_t kHugePageBytes = 2 << 20;
constexpr int kSizeSeals = F_SEAL_SHRINK | F_SEAL_GROW;

// Linux 6.1; older headers have no name for it, older kernels refuse it.
constexpr int kMadviseCollapse = 25;

// From `position` up to the next multiple of `unit`.
uint64_t Above(uint64_t position, uint64_t unit) { return (unit - position % unit) % unit; }

absl::Status Exhausted(const char* what, uint64_t bytes) {
  return absl::ResourceExhaustedError(absl::StrCat(what, " of ", bytes, " bytes: ", std::strerror(errno)));
}

// Large mappings start on a border of huge pages: else none can stand behind them.
absl::StatusOr<std::byte*> Map(uint64_t bytes, int protection, int flags, int fd) {
  if (bytes < kHugePageBytes) {
    void* const data = mmap(nullptr, bytes, protection, flags, fd, 0);
    if (data == MAP_FAILED) return Exhausted("mapping", bytes);
    return static_cast<std::byte*>(data);
  }
  const uint64_t room = bytes + kHugePageBytes;
  void* const reserved = mmap(nullptr, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return Exhausted("mapping", bytes);
  std::byte* const begin = static_cast<std::byte*>(reserved);
  std::byte* const data = begin + Above(reinterpret_cast<uintptr_t>(begin), kHugePageBytes);
  if (mmap(data, bytes, protection, flags | MAP_FIXED, fd, 0) == MAP_FAILED) {
    const absl::Status status = Exhausted("mapping", bytes);
    munmap(reserved, room);
    return status;
  }
  // What was reserved on both sides; the last page of the mapping is whole.
  const uint64_t end = bytes + Above(bytes, static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
  if (data > begin) munmap(begin, static_cast<uint64_t>(data - begin));
  if (data + end < begin + room) munmap(data + end, static_cast<uint64_t>(begin + room - (data + end)));
  madvise(data, bytes, MADV_HUGEPAGE);
  return data;
}

}  // namespace

Mapping::~Mapping() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

void Mapping::UseHugePages(uint64_t offset, uint64_t bytes) const {
  const uint64_t begin = offset + Above(offset, kHugePageBytes);
  const uint64_t end = (offset + bytes) / kHugePageBytes * kHugePageBytes;
  if (begin < end) madvise(data_ + begin, end - begin, kMadviseCollapse);
}

absl::StatusOr<Mapping> Mapping::OfFile(int fd, uint64_t bytes, bool writable) {
  Mapping mapping;
  ASSIGN_OR_RETURN(mapping.data_, Map(bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd));
  mapping.bytes_ = bytes;
  return mapping;
}

absl::StatusOr<Mapping> Mapping::Anonymous(uint64_t bytes) {
  Mapping mapping;
  ASSIGN_OR_RETURN(mapping.data_, Map(bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
  mapping.bytes_ = bytes;
  return mapping;
}

absl::StatusOr<FileDescriptor> CreateMemoryFile(const char* name, uint64_t bytes) {
  FileDescriptor file(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid()) return Exhausted("memory file", bytes);
  if (ftruncate(file.get(), static_cast<off_t>(bytes)) != 0) return Exhausted("memory file", bytes);
  if (fcntl(file.get(), F_ADD_SEALS, kSizeSeals) != 0) return Exhausted("sealing a memory file", bytes);
  return file;
}

absl::StatusOr<FileDescriptor> CreateSealedFile(const char* name, std::span<const std::byte> contents) {
  FileDescriptor file(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid()) return Exhausted("memory file", contents.size());
  for (std::size_t written = 0; written < contents.size();) {
    const ssize_t n = write(file.get(), contents.data() + written, contents.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Exhausted("memory file", contents.size());
    written += static_cast<std::size_t>(n);
  }
  if (fcntl(file.get(), F_ADD_SEALS, kSizeSeals | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
    return Exhausted("sealing a memory file", contents.size());
  }
  return file;
}

absl::StatusOr<uint64_t> CheckSealedFile(int fd, uint64_t bytes, bool constant) {
  if (fd < 0) return absl::InvalidArgumentError("no memory came with the message");
  struct stat status = {};
  const int seals = fcntl(fd, F_GET_SEALS);
  const int wanted = constant ? kSizeSeals | F_SEAL_WRITE : kSizeSeals;
  if (seals < 0 || (seals & wanted) != wanted || fstat(fd, &status) != 0) {
    return absl::InvalidArgumentError("the memory that came with the message is not sealed");
  }
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size < bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the memory that came with the message has ", size, " bytes, not ", bytes));
  }
  return size;
}

}  // namespace streamtensor::runtime::emulator
