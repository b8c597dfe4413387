// SPDX-License-Identifier: Apache-2.0
#include "artifact/artifact.h"

#include <sys/stat.h>

#include <limits>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "artifact/user_metadata.h"
#include "artifact/xclbin/validate.h"
#include "base/printable.h"
#include "base/sha256.h"
#include "base/status_macros.h"

namespace streamtensor::artifact {
namespace {

using v1::File;
using v1::Manifest;

// A missing file of an artifact is damage, not a wrong path.
absl::Status AsDamage(const absl::Status& status) {
  const bool missing = absl::IsNotFound(status) || absl::IsFailedPrecondition(status);  // or below a file
  return missing ? absl::InvalidArgumentError(status.message()) : status;
}

absl::StatusOr<Manifest> ParseManifest(const std::string& folder) {
  struct stat info;
  if (stat(folder.c_str(), &info) != 0) {
    return absl::NotFoundError(absl::StrCat("artifact folder ", folder, " does not exist"));
  }
  if (!S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(folder, " is not a folder; an artifact is one"));
  }
  const std::string path = absl::StrCat(folder, "/", kManifestName);
  absl::StatusOr<MappedFile> file = MappedFile::Open(path);
  if (!file.ok()) {
    if (!absl::IsNotFound(file.status())) return file.status();
    return absl::NotFoundError(
        absl::StrCat(folder, " has no ", kManifestName, ": not an artifact, or an unfinished one"));
  }
  absl::StatusOr<Manifest> manifest =
      ManifestFromJson({reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()});
  if (manifest.ok()) return manifest;
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", manifest.status().message()));
}

// The message begins with a file name of the folder.
absl::Status In(const std::string& folder, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(folder, "/", status.message()));
}

// Checks that the xclbin is the one that the manifest describes.
absl::Status CheckXclbin(const Manifest& manifest, std::span<const std::byte> bytes) {
  const absl::StatusOr<xclbin::Xclbin> contents = xclbin::ValidateXclbin(bytes);
  const absl::Status status =
      contents.ok() ? CheckUserMetadata(contents->user_metadata, manifest, kManifestName) : contents.status();
  return absl::Status(status.code(), absl::StrCat(kXclbinName, ": ", status.message()));
}

// Reports an error in the list of files.
absl::Status BadFileList(const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(kManifestName, ": files: ", what));
}

}  // namespace

absl::StatusOr<MappedFile> OpenListed(const std::string& folder, const File& entry, const std::string& list) {
  const std::string path = absl::StrCat(folder, "/", entry.name());
  absl::StatusOr<MappedFile> file = MappedFile::Open(path);
  if (!file.ok()) return AsDamage(file.status());
  if (file->bytes().size() != entry.bytes()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", file->bytes().size(), " bytes, ", list, " says ", entry.bytes()));
  }
  if (const std::string hash = base::HexOf(base::Sha256Of(file->bytes())); hash != entry.sha256()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": SHA-256 is ", hash, ", ", list, " says ", base::Printable(entry.sha256())));
  }
  return file;
}

absl::StatusOr<Manifest> Artifact::ReadManifest(const std::string& folder) {
  ASSIGN_OR_RETURN(Manifest manifest, ParseManifest(folder));
  uint64_t weights_bytes = std::numeric_limits<uint64_t>::max();
  for (const File& entry : manifest.files()) {
    if (entry.name() == kWeightsName) weights_bytes = entry.bytes();
  }
  if (absl::Status status = CheckManifest(manifest, weights_bytes); !status.ok()) return In(folder, status);
  return manifest;
}

absl::StatusOr<std::unique_ptr<Artifact>> Artifact::Open(const std::string& folder) {
  ASSIGN_OR_RETURN(Manifest manifest, ParseManifest(folder));
  std::unique_ptr<Artifact> artifact(new Artifact(folder, std::move(manifest)));
  RETURN_IF_ERROR(artifact->MapFiles());
  if (absl::Status status = artifact->Check(); !status.ok()) return In(folder, status);
  return artifact;
}

absl::Status Artifact::MapFiles() {
  std::set<std::string> seen;
  for (const File& entry : manifest_.files()) {
    const std::string& name = entry.name();
    if (!IsArtifactFileName(name) || name == kManifestName) {
      return In(folder_,
                BadFileList(absl::StrCat("'", base::Printable(name), "' is not a file name of an artifact")));
    }
    if (!seen.insert(name).second)
      return In(folder_, BadFileList(absl::StrCat("'", name, "' is listed twice")));
    ASSIGN_OR_RETURN(MappedFile file, OpenListed(folder_, entry, kManifestName));
    if (name == kXclbinName) {
      xclbin_ = std::move(file);
    } else if (name == kWeightsName) {
      weights_ = std::move(file);
    }
  }
  return absl::OkStatus();
}

absl::Status Artifact::RequireFile(const char* name) const {
  for (const File& entry : manifest_.files()) {
    if (entry.name() == name) return absl::OkStatus();
  }
  return BadFileList(absl::StrCat(name, " is missing"));
}

absl::Status Artifact::Check() const {
  RETURN_IF_ERROR(CheckManifest(manifest_, weights().size()));
  for (const char* const name : {kXclbinName, kWeightsName}) RETURN_IF_ERROR(RequireFile(name));
  RETURN_IF_ERROR(CheckXclbin(manifest_, xclbin()));
  if (!is_decoder()) return absl::OkStatus();
  return RequireFile(kTokenizerName);
}

}  // namespace streamtensor::artifact
