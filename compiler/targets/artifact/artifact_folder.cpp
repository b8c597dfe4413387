// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/artifact/artifact_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "artifact/folder.h"
#include "base/mutex.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

constexpr char kBuilding[] = ".building.";  // between the name of an artifact and six letters

// The folders that are under construction.
struct Unfinished {
  Mutex mutex;
  std::set<std::string> folders ABSL_GUARDED_BY(mutex);
};

Unfinished& AllUnfinished() {
  static auto& all = *new Unfinished;  // outlives every thread
  return all;
}

absl::Status Unavailable(const fs::path& path, const std::error_code& error) {
  return absl::UnavailableError(absl::StrCat(path.string(), ": ", error.message()));
}

bool MayReplace(const fs::path& target) {
  std::error_code error;
  if (!fs::exists(target, error)) return true;
  if (!fs::is_directory(target, error)) return false;
  return fs::is_empty(target, error) || fs::is_regular_file(target / artifact::kManifestName, error) ||
         fs::is_regular_file(target / artifact::kUserMetadataName, error);
}

// A lock that its owner holds as long as it builds in the folder.
base::FileDescriptor TryLock(const std::string& folder) {
  base::FileDescriptor lock(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.valid() && flock(lock.get(), LOCK_EX | LOCK_NB) != 0) lock.Close();
  return lock;
}

// Removes what killed compilations of `place` left. A new folder may not be locked yet.
void RemoveAbandoned(const fs::path& place) {
  constexpr std::chrono::minutes kNew(1);
  const std::string prefix = absl::StrCat(place.filename().string(), kBuilding);
  std::error_code error;
  for (fs::directory_iterator it(place.parent_path(), error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (!it->path().filename().string().starts_with(prefix) || !it->is_directory(ignored)) continue;
    const bool is_new = fs::file_time_type::clock::now() - it->last_write_time(ignored) < kNew;
    if (is_new || !TryLock(it->path()).valid()) continue;
    fs::remove_all(it->path(), ignored);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<ArtifactFolder>> ArtifactFolder::Create(const std::string& target) {
  std::error_code error;
  fs::path place = fs::absolute(target, error).lexically_normal();
  if (error) return Unavailable(target, error);
  if (!place.has_filename()) place = place.parent_path();
  if (!MayReplace(place)) {
    return absl::InvalidArgumentError(
        absl::StrCat(place.string(), " exists and is not an artifact; choose another folder, or remove it"));
  }
  fs::create_directories(place.parent_path(), error);
  if (error) return Unavailable(place.parent_path(), error);
  RemoveAbandoned(place);
  std::string path = absl::StrCat(place.string(), kBuilding, "XXXXXX");
  if (mkdtemp(path.data()) == nullptr) {
    return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno)));
  }
  fs::permissions(path,
                  fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                      fs::perms::others_read | fs::perms::others_exec,
                  error);
  return std::unique_ptr<ArtifactFolder>(new ArtifactFolder(place.string(), path, TryLock(path)));
}

ArtifactFolder::ArtifactFolder(std::string target, std::string path, base::FileDescriptor lock)
    : target_(std::move(target)), path_(std::move(path)), lock_(std::move(lock)) {
  MutexLock holding(AllUnfinished().mutex);
  AllUnfinished().folders.insert(path_);
}

ArtifactFolder::~ArtifactFolder() {
  std::error_code error;
  if (!published_) fs::remove_all(path_, error);
  MutexLock holding(AllUnfinished().mutex);
  AllUnfinished().folders.erase(path_);
}

void ArtifactFolder::RemoveUnfinished() {
  constexpr int kTries = 100;  // while another thread adds files
  MutexLock holding(AllUnfinished().mutex);
  for (const std::string& folder : AllUnfinished().folders) {
    std::error_code error;
    for (int i = 0; i < kTries && fs::exists(folder, error); ++i) fs::remove_all(folder, error);
  }
}

absl::Status ArtifactFolder::Write(const std::string& name, const std::string& bytes) {
  const fs::path path = fs::path(path_) / name;
  std::error_code error;
  // Not the folder itself: if it is gone, this process is ending.
  if (path.parent_path() != path_) fs::create_directory(path.parent_path(), error);
  if (error) return Unavailable(path.parent_path(), error);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return absl::UnavailableError(absl::StrCat(path.string(), ": ", std::strerror(errno)));
  return absl::OkStatus();
}

absl::Status ArtifactFolder::Publish() {
  std::error_code error;
  if (!MayReplace(target_)) {
    return absl::InvalidArgumentError(absl::StrCat(target_, " exists and is not an artifact"));
  }
  // A folder that holds files can't be replaced in one step: move the old one away, then remove it.
  std::string old;
  if (fs::exists(target_, error)) {
    old = path_ + ".old";
    fs::rename(target_, old, error);
    if (error) return Unavailable(target_, error);
  }
  fs::rename(path_, target_, error);
  if (error) {
    const absl::Status status = Unavailable(target_, error);
    if (!old.empty()) fs::rename(old, target_, error);
    return status;
  }
  published_ = true;
  {
    MutexLock holding(AllUnfinished().mutex);
    AllUnfinished().folders.erase(path_);
  }
  if (!old.empty()) fs::remove_all(old, error);
  return absl::OkStatus();
}

}  // namespace streamtensor::compiler
