// SPDX-License-Identifier: Apache-2.0
// Compiled artifacts on disk, by content of what they were made from.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/status/statusor.h"

namespace streamtensor::server {

// DIR/artifacts/<key>/ is a complete artifact, always: it is made as .making-<key> and renamed. One process
// makes artifacts at a time (a lock file), so what a killed one left half-made is swept by the next.
// Not thread-safe.
class ArtifactCache {
 public:
  // Makes the folder, with access for its owner alone, when it is missing. One that can only be read still
  // gives what it holds.
  //  PERMISSION_DENIED, FAILED_PRECONDITION (another's folder), RESOURCE_EXHAUSTED (disk full)
  static absl::StatusOr<std::unique_ptr<ArtifactCache>> Open(const std::string& dir, int64_t max_bytes);

  // Takes the cache for this process, until the object goes: one daemon has it.
  //  ABORTED  another process has it
  absl::Status Claim();

  void set_max_bytes(int64_t max_bytes) { max_bytes_ = max_bytes; }

  // The artifact's folder, marked as used now.
  std::optional<std::string> Find(const std::string& key) const;

  // Held while an artifact is made; released by its end.
  class Lock {
   public:
    explicit Lock(int fd) : fd_(fd) {}
    ~Lock();
    Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Lock& operator=(Lock&&) = delete;

   private:
    int fd_;
  };
  // Waits for its turn; CANCELLED when `stop` becomes true, PERMISSION_DENIED when the cache can only be
  // read.
  absl::StatusOr<Lock> Acquire(const std::atomic<bool>& stop) const;

  // Under the lock: where to make the artifact (does not exist yet), and what then puts it in place.
  std::string MakingPath(const std::string& key) const;
  absl::StatusOr<std::string> Install(const std::string& key) const;

  // Under the lock: drops artifacts, least recently used first, until the rest has at most max_bytes.
  // Those named in `in_use` (folders) stay. Returns how many bytes were freed.
  int64_t Trim(const std::set<std::string>& in_use) const;

  void SweepHalfMade() const;

  // Removes an artifact (a folder that Find() gave): it is damaged.
  absl::Status Drop(const std::string& folder, const std::atomic<bool>& stop) const;

 private:
  ArtifactCache(std::string folder, int64_t max_bytes) : folder_(std::move(folder)), max_bytes_(max_bytes) {}

  bool Discard(const std::string& folder) const;

  const std::string folder_;
  int64_t max_bytes_;
  absl::Status writable_;  // why it can only be read
  std::optional<Lock> claim_;
};

// SHA-256 of a file, or of a folder's files with their names, as lower-case hex.
//  NOT_FOUND, PERMISSION_DENIED, CANCELLED (stop)
absl::StatusOr<std::string> HashContent(const std::string& path, const std::atomic<bool>& stop);

}  // namespace streamtensor::server
