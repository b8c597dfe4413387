// SPDX-License-Identifier: Apache-2.0
#include "artifact/artifact.h"

#include <sys/stat.h>

#include <limits>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "artifact/user_metadata.h"
#include "artifact/xclbin/validate.h"
#include "base/sha256.h"

namespace streamtensor::artifact {
namespace {

using artifact::v1::File;
using artifact::v1::Manifest;

// A file of an artifact that is not there is damage, not a wrong path.
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

// The message begins with the name of a file of the folder.
absl::Status In(const std::string& folder, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(folder, "/", status.message()));
}

// Whether the xclbin is the one that the manifest describes.
absl::Status CheckXclbin(const Manifest& manifest, std::span<const std::byte> bytes) {
  const absl::StatusOr<xclbin::Xclbin> contents = xclbin::ValidateXclbin(bytes);
  const absl::Status status =
      contents.ok() ? CheckUserMetadata(contents->user_metadata, manifest, kManifestName) : contents.status();
  return absl::Status(status.code(), absl::StrCat(kXclbinName, ": ", status.message()));
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
        absl::StrCat(path, ": SHA-256 is ", hash, ", ", list, " says ", absl::CHexEscape(entry.sha256())));
  }
  return file;
}

absl::StatusOr<Manifest> Artifact::ReadManifest(const std::string& folder) {
  absl::StatusOr<Manifest> manifest = ParseManifest(folder);
  if (!manifest.ok()) return manifest.status();
  uint64_t weights_bytes = std::numeric_limits<uint64_t>::max();
  for (const File& entry : manifest->files()) {
    if (entry.name() == kWeightsName) weights_bytes = entry.bytes();
  }
  if (absl::Status status = CheckManifest(*manifest, weights_bytes); !status.ok()) return In(folder, status);
  return manifest;
}

absl::StatusOr<std::unique_ptr<Artifact>> Artifact::Open(const std::string& folder) {
  absl::StatusOr<Manifest> manifest = ParseManifest(folder);
  if (!manifest.ok()) return manifest.status();
  std::unique_ptr<Artifact> result(new Artifact());
  result->folder_ = folder;
  result->manifest_ = *std::move(manifest);

  std::set<std::string> seen;
  for (const File& entry : result->manifest_.files()) {
    if (!IsArtifactFileName(entry.name()) || entry.name() == kManifestName) {
      return absl::InvalidArgumentError(absl::StrCat(folder, "/", kManifestName, ": files: '",
                                                     absl::CHexEscape(entry.name()),
                                                     "' is not a file name of an artifact"));
    }
    if (!seen.insert(entry.name()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(folder, "/", kManifestName, ": files: '", entry.name(), "' stands twice"));
    }
    absl::StatusOr<MappedFile> file = OpenListed(folder, entry, kManifestName);
    if (!file.ok()) return file.status();
    if (entry.name() == kXclbinName) {
      result->xclbin_ = *std::move(file);
    } else if (entry.name() == kWeightsName) {
      result->weights_ = *std::move(file);
    } else if (entry.name() == kTokenizerName) {
      if (file->bytes().size() > kMaxTokenizerBytes) {
        return absl::InvalidArgumentError(absl::StrCat(folder, "/", kTokenizerName, ": ",
                                                       file->bytes().size(), " bytes, at most ",
                                                       kMaxTokenizerBytes, " are read"));
      }
      if (!result->tokenizer_.ParseFromArray(file->bytes().data(), static_cast<int>(file->bytes().size()))) {
        return absl::InvalidArgumentError(
            absl::StrCat(folder, "/", kTokenizerName, ": not a tokenizer message"));
      }
    }
  }
  if (absl::Status status = CheckManifest(result->manifest_, result->weights().size()); !status.ok()) {
    return In(folder, status);
  }
  for (const char* const name : {kXclbinName, kWeightsName}) {
    if (seen.count(name) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(folder, "/", kManifestName, ": files: ", name, " is missing"));
    }
  }
  if (absl::Status status = CheckXclbin(result->manifest_, result->xclbin()); !status.ok())
    return In(folder, status);
  if (result->is_decoder()) {
    if (seen.count(kTokenizerName) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(folder, "/", kManifestName, ": files: ", kTokenizerName, " is missing"));
    }
    if (absl::Status status = CheckTokenizer(result->tokenizer_); !status.ok()) return In(folder, status);
    const auto pieces = static_cast<uint32_t>(result->tokenizer_.pieces_size());
    if (pieces > result->manifest_.decoder().vocabulary()) {
      return absl::InvalidArgumentError(absl::StrCat(folder, "/", kTokenizerName, ": ", pieces,
                                                     " pieces, the decoder's vocabulary has ",
                                                     result->manifest_.decoder().vocabulary()));
    }
  }
  return result;
}

}  // namespace streamtensor::artifact
