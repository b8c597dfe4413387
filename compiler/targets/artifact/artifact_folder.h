// SPDX-License-Identifier: Apache-2.0
// An artifact under construction: a folder beside its place, that takes the place when it is complete.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/file_descriptor.h"

namespace streamtensor::compiler {

class ArtifactFolder {
 public:
  // Makes a folder beside `target`. INVALID_ARGUMENT: `target` exists and is not an artifact (nothing but
  // an artifact or an empty folder is ever replaced); UNAVAILABLE: it can't be made there.
  // Removes the folders that killed compilations of `target` left.
  static absl::StatusOr<std::unique_ptr<ArtifactFolder>> Create(const std::string& target);
  // Removes the folder unless it was published.
  ~ArtifactFolder();
  ArtifactFolder(const ArtifactFolder&) = delete;
  ArtifactFolder& operator=(const ArtifactFolder&) = delete;

  const std::string& path() const { return path_; }

  // Writes a whole file; makes hls/ and reports/ as needed.
  absl::Status Write(const std::string& name, const std::string& bytes);

  // Puts the folder in the target's place.
  absl::Status Publish();

  // Removes the folders of this process that are neither published nor removed, which may be in use: for a
  // process that ends at once. Thread-safe.
  static void RemoveUnfinished();

 private:
  ArtifactFolder(std::string target, std::string path, base::FileDescriptor lock);
  std::string target_;
  std::string path_;
  base::FileDescriptor lock_;  // says that this process is at work in the folder
  bool published_ = false;
};

}  // namespace streamtensor::compiler
