// SPDX-License-Identifier: Apache-2.0
#include "server/models/artifact_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/sha256.h"
#include "base/status_macros.h"

namespace streamtensor::server {
namespace {

namespace fs = std::filesystem;

constexpr char kStagingPrefix[] = ".making-";

absl::Status AddFile(base::Sha256& hash, const std::string& path, const std::atomic<bool>& stop) {
  // Opening a pipe must not block.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  std::vector<char> buffer(1 << 20);
  absl::Status status;
  struct stat info{};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a regular file"));
  }
  for (;;) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) status = absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
    if (stop.load()) status = absl::CancelledError("stopped");
    if (got <= 0 || !status.ok()) break;
    hash.Add(std::string_view(buffer.data(), static_cast<size_t>(got)));
  }
  close(fd);
  return status;
}

int64_t BytesOf(const fs::path& folder) {
  int64_t bytes = 0;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) bytes += static_cast<int64_t>(it->file_size(ignored));
  }
  return bytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ArtifactCache>> ArtifactCache::Open(const std::string& dir,
                                                                   int64_t max_bytes) {
  const std::string folder = dir + "/artifacts";
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot create the cache folder ", dir));
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot create the folder ", folder));
  struct stat info{};
  if (stat(folder.c_str(), &info) != 0)
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot use ", folder));
  if (!S_ISDIR(info.st_mode)) return absl::ErrnoToStatus(ENOTDIR, absl::StrCat("cannot use ", folder));
  // An artifact contains native code: no other user may put one here.
  if (info.st_uid != geteuid()) {
    return absl::FailedPreconditionError(absl::StrCat("the cache folder ", folder, " belongs to user ",
                                                      info.st_uid, "; it must belong to user ", geteuid(),
                                                      ", which runs this program"));
  }
  if ((info.st_mode & 077) != 0 && chmod(folder.c_str(), 0700) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot restrict access to ", folder));
  }
  if (access(folder.c_str(), R_OK | X_OK) != 0)
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", folder));
  auto cache = std::unique_ptr<ArtifactCache>(new ArtifactCache(folder, max_bytes));
  if (access(folder.c_str(), W_OK) != 0) {
    cache->writable_ =
        absl::ErrnoToStatus(errno, absl::StrCat("the artifact cache is read-only: cannot write to ", folder));
  }
  return cache;
}

// The lock is released with its process, however that ends.
absl::Status ArtifactCache::Claim() {
  if (!writable_.ok()) return absl::OkStatus();
  const std::string path = folder_ + "/.daemon";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  Lock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char owner[24] = {};
    if (pread(fd, owner, sizeof(owner) - 1, 0) <= 0) owner[0] = '?';
    return absl::AbortedError(absl::StrCat("the cache ", folder_,
                                           " is in use by another streamtensord (process ", owner,
                                           "); stop it, or give this one another folder by cache.dir or "
                                           "the environment variable STREAMTENSOR_CACHE_DIR"));
  }
  const std::string pid = absl::StrCat(getpid());
  // Only for that message: a full disk must not prevent the daemon from starting.
  if (ftruncate(fd, 0) == 0) (void)!pwrite(fd, pid.data(), pid.size(), 0);
  claim_.emplace(std::move(lock));
  return absl::OkStatus();
}

std::optional<std::string> ArtifactCache::Find(const std::string& key) const {
  const std::string path = absl::StrCat(folder_, "/", key);
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::nullopt;
  utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
  return path;
}

ArtifactCache::Lock::~Lock() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<ArtifactCache::Lock> ArtifactCache::Acquire(const std::atomic<bool>& stop) const {
  RETURN_IF_ERROR(writable_);
  const std::string path = folder_ + "/.lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  Lock lock(fd);
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot lock ", path));
    if (stop.load()) return absl::CancelledError("stopped");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return lock;
}

std::string ArtifactCache::StagingPath(const std::string& key) const {
  return absl::StrCat(folder_, "/", kStagingPrefix, key);
}

absl::StatusOr<std::string> ArtifactCache::Install(const std::string& key) const {
  const std::string path = absl::StrCat(folder_, "/", key);
  std::error_code error;
  fs::rename(StagingPath(key), path, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot install ", path));
  return path;
}

int64_t ArtifactCache::Trim(const std::set<std::string>& in_use) const {
  struct Entry {
    fs::file_time_type used;
    int64_t bytes;
    std::string path;
  };
  std::vector<Entry> entries;
  int64_t total = 0;
  std::error_code error;
  for (auto it = fs::directory_iterator(folder_, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (name[0] == '.' || !it->is_directory(ignored)) continue;
    entries.push_back({it->last_write_time(ignored), BytesOf(it->path()), it->path().string()});
    total += entries.back().bytes;
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.used < b.used; });
  int64_t freed = 0;
  for (const Entry& entry : entries) {
    if (total - freed <= max_bytes_) break;
    if (in_use.contains(entry.path)) continue;
    if (Discard(entry.path)) freed += entry.bytes;
  }
  return freed;
}

// Renamed first: a partly removed artifact must not be found.
bool ArtifactCache::Discard(const std::string& folder) const {
  const std::string doomed = absl::StrCat(folder_, "/", kStagingPrefix, "dropped");
  std::error_code error;
  fs::remove_all(doomed, error);
  fs::rename(folder, doomed, error);
  if (error) return false;
  fs::remove_all(doomed, error);
  return true;
}

absl::Status ArtifactCache::Drop(const std::string& folder, const std::atomic<bool>& stop) const {
  ASSIGN_OR_RETURN(const Lock lock, Acquire(stop));
  return Discard(folder) ? absl::OkStatus() : absl::InternalError(absl::StrCat("cannot remove ", folder));
}

void ArtifactCache::RemoveUnfinished() const {
  std::vector<fs::path> doomed;
  std::error_code error;
  for (auto it = fs::directory_iterator(folder_, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    if (it->path().filename().string().rfind(kStagingPrefix, 0) == 0) doomed.push_back(it->path());
  }
  for (const fs::path& path : doomed) fs::remove_all(path, error);
}

absl::StatusOr<std::string> HashContent(const std::string& path, const std::atomic<bool>& stop) {
  base::Sha256 hash;
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    RETURN_IF_ERROR(AddFile(hash, path, stop));
    return base::HexOf(hash.Finish());
  }
  std::vector<std::string> names;
  for (auto it = fs::directory_iterator(path, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) names.push_back(it->path().filename().string());
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot list ", path));
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::string file = absl::StrCat(path, "/", name);
    hash.Add(absl::StrCat(name.size(), ":", name, ":", fs::file_size(file, error), ":"));
    RETURN_IF_ERROR(AddFile(hash, file, stop));
  }
  return base::HexOf(hash.Finish());
}

}  // namespace streamtensor::server
