// SPDX-License-Identifier: Apache-2.0
#include "compiler/driver/package_hardware.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "artifact/artifact.h"
#include "artifact/manifest_writer.h"
#include "artifact/mapped_file.h"
#include "base/status_macros.h"
#include "compiler/platform/platform_folders.h"
#include "compiler/targets/hardware/xclbin_check.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<artifact::v1::Manifest> ReadUserMetadata(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/", artifact::kUserMetadataName);
  absl::StatusOr<artifact::MappedFile> file = artifact::MappedFile::Open(path);
  if (absl::IsNotFound(file.status())) {
    return absl::NotFoundError(
        absl::StrCat(folder, ": no artifact of target hw (", artifact::kUserMetadataName, " is missing)"));
  }
  RETURN_IF_ERROR(file.status());
  absl::StatusOr<artifact::v1::Manifest> manifest =
      artifact::ManifestFromJson({reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()});
  if (!manifest.ok())
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", manifest.status().message()));
  if (manifest->target() != artifact::v1::Manifest::TARGET_HW) {
    return absl::InvalidArgumentError(absl::StrCat(folder, ": is not of target hw"));
  }
  return manifest;
}

// What v++ never sees is as compilation left it: weights.bin, and a decoder's tokenizer.bin.
absl::Status CheckPackedFiles(const std::string& folder, const artifact::v1::Manifest& manifest) {
  std::vector<std::string> names = {artifact::kWeightsName};
  if (manifest.has_decoder()) names.push_back(artifact::kTokenizerName);
  for (const std::string& name : names) {
    const auto entry = std::find_if(manifest.files().begin(), manifest.files().end(),
                                    [&](const artifact::v1::File& file) { return file.name() == name; });
    if (entry == manifest.files().end()) {
      return absl::InvalidArgumentError(absl::StrCat(folder, "/", artifact::kUserMetadataName,
                                                     ": files: ", name,
                                                     " is missing: compile the model again; an xclbin that "
                                                     "the same version of streamtensorc prepared can be "
                                                     "packaged there"));
    }
    RETURN_IF_ERROR(artifact::OpenListed(folder, *entry, artifact::kUserMetadataName).status());
  }
  return absl::OkStatus();
}

// All files that may stand in a manifest; what v++ left in hls/build does not.
absl::StatusOr<std::vector<std::string>> FilesOf(const std::string& folder) {
  std::vector<std::string> names;
  for (const std::string sub : {"", "hls", "reports"}) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(fs::path(folder) / sub, error)) {
      const std::string name = (fs::path(sub) / entry.path().filename()).string();
      std::error_code no_file;  // a link that leads nowhere
      if (entry.is_regular_file(no_file) && name != artifact::kManifestName &&
          artifact::IsArtifactFileName(name)) {
        names.push_back(name);
      }
    }
    if (error) return absl::UnavailableError(absl::StrCat(folder, "/", sub, ": ", error.message()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

absl::Status PackageHardware(const std::string& folder, const std::string& xclbin) {
  ASSIGN_OR_RETURN(artifact::v1::Manifest manifest, ReadUserMetadata(folder));
  ASSIGN_OR_RETURN(const Platform platform, FindPlatform(manifest.platform()));
  RETURN_IF_ERROR(CheckPackedFiles(folder, manifest));
  std::error_code error;
  const uint64_t weights_bytes = fs::file_size(folder + "/" + artifact::kWeightsName, error);
  if (error) return absl::UnavailableError(absl::StrCat(folder, ": ", error.message()));
  RETURN_IF_ERROR(artifact::CheckManifest(manifest, weights_bytes));

  const std::string target = absl::StrCat(folder, "/", artifact::kXclbinName);
  const std::string copy = absl::StrCat(folder, "/.", artifact::kXclbinName, ".new");
  fs::remove(copy, error);  // were it a link, what it leads to would be overwritten
  fs::copy_file(xclbin, copy, fs::copy_options::overwrite_existing, error);
  if (error)
    return absl::NotFoundError(absl::StrCat(xclbin, ": can't be copied to ", folder, ": ", error.message()));
  // What is checked is what will be used: the copy.
  absl::Status status;
  {
    const absl::StatusOr<artifact::MappedFile> file = artifact::MappedFile::Open(copy);
    status = file.ok() ? CheckHardwareXclbin(manifest, platform, file->bytes()) : file.status();
  }
  if (!status.ok()) {
    fs::remove(copy, error);
    return absl::Status(status.code(), absl::StrCat(xclbin, ": ", status.message()));
  }
  fs::rename(copy, target, error);
  if (error) return absl::UnavailableError(absl::StrCat(target, ": ", error.message()));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, FilesOf(folder));
  return artifact::WriteManifest(folder, names, &manifest);
}

}  // namespace streamtensor::compiler
