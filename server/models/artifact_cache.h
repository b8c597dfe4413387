// SPDX-License-Identifier: Apache-2.0
// Compiled artifacts on disk, keyed by a hash of their inputs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/status/statusor.h"

namespace streamtensor::server {

// DIR/artifacts/<key>/ is always a complete artifact: it is written as .making-<key> and renamed. A lock file
// admits one process at a time that writes artifacts, so it can remove what a killed one left unfinished. Not
// thread-safe.
class ArtifactCache {
 public:
  // Creates the folder, accessible only to its owner, if it is missing. A read-only cache still serves its
  // artifacts.
  //   PERMISSION_DENIED, FAILED_PRECONDITION (owned by another user), RESOURCE_EXHAUSTED (disk full)
  static absl::StatusOr<std::unique_ptr<ArtifactCache>> Open(const std::string& dir, int64_t max_bytes);

  // Claims the cache for this process for the object's lifetime: one daemon per cache.
  //   ABORTED  another process has claimed it
  absl::Status Claim();

  void set_max_bytes(int64_t max_bytes) { max_bytes_ = max_bytes; }

  // The artifact's folder, whose time of last use is updated.
  std::optional<std::string> Find(const std::string& key) const;

  // Held while an artifact is written; released by its destructor.
  class Lock {
   public:
    explicit Lock(int fd) : fd_(fd) {}
    ~Lock();
    Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Lock& operator=(Lock&&) = delete;

   private:
    int fd_;
  };
  // Waits for the lock. CANCELLED if `stop` becomes true, PERMISSION_DENIED if the cache is read-only.
  absl::StatusOr<Lock> Acquire(const std::atomic<bool>& stop) const;

  // Requires the lock. StagingPath(): where to write the artifact (does not exist yet). Install() moves it
  // into place.
  std::string StagingPath(const std::string& key) const;
  absl::StatusOr<std::string> Install(const std::string& key) const;

  // Requires the lock. Removes artifacts, least recently used first, until the rest fits max_bytes. Keeps the
  // folders in `in_use`. Returns the bytes freed.
  int64_t Trim(const std::set<std::string>& in_use) const;

  void RemoveUnfinished() const;

  // Removes a damaged artifact, by a folder that Find() returned.
  absl::Status Drop(const std::string& folder, const std::atomic<bool>& stop) const;

 private:
  ArtifactCache(std::string folder, int64_t max_bytes) : folder_(std::move(folder)), max_bytes_(max_bytes) {}

  bool Discard(const std::string& folder) const;

  const std::string folder_;
  int64_t max_bytes_;
  absl::Status writable_;  // why the cache is read-only
  std::optional<Lock> claim_;
};

// SHA-256 of a file, or of a folder's files with their names, as lower-case hex.
//  NOT_FOUND, PERMISSION_DENIED, CANCELLED (stop)
absl::StatusOr<std::string> HashContent(const std::string& path, const std::atomic<bool>& stop);

}  // namespace streamtensor::server
