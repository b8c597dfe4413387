// SPDX-License-Identifier: Apache-2.0
#include "artifact/manifest_writer.h"

#include <google/protobuf/util/json_util.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "artifact/artifact.h"
#include "artifact/mapped_file.h"
#include "base/sha256.h"
#include "base/status_macros.h"

namespace streamtensor::artifact {

absl::StatusOr<v1::File> DescribeFile(const std::string& folder, const std::string& name) {
  if (!IsArtifactFileName(name)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", name, "' can't be a file of an artifact: a plain name, in hls/ or reports/ or none"));
  }
  ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(absl::StrCat(folder, "/", name)));
  v1::File entry;
  entry.set_name(name);
  entry.set_bytes(file.bytes().size());
  entry.set_sha256(base::HexOf(base::Sha256Of(file.bytes())));
  return entry;
}

absl::StatusOr<std::string> ManifestToJson(const v1::Manifest& manifest) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(manifest, &json, options);
  if (!status.ok()) return absl::InternalError(absl::StrCat("manifest: ", status.ToString()));
  return json;
}

absl::StatusOr<std::string> ManifestToUserMetadata(v1::Manifest manifest) {
  manifest.clear_files();
  return ManifestToJson(manifest);
}

absl::Status WriteManifest(const std::string& folder, std::span<const std::string> names,
                           v1::Manifest* manifest) {
  manifest->clear_files();
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(*manifest->add_files(), DescribeFile(folder, name));
  }
  ASSIGN_OR_RETURN(const std::string json, ManifestToJson(*manifest));
  const std::string target = absl::StrCat(folder, "/", kManifestName);
  const std::string path = absl::StrCat(folder, "/.", kManifestName, ".new");
  std::remove(path.c_str());  // never write through a link
  std::FILE* const out = std::fopen(path.c_str(), "wb");
  if (out == nullptr) return absl::InternalError(absl::StrCat(path, ": ", std::strerror(errno)));
  const bool written = std::fwrite(json.data(), 1, json.size(), out) == json.size();
  if (std::fclose(out) != 0 || !written || std::rename(path.c_str(), target.c_str()) != 0) {
    const absl::Status status = absl::InternalError(absl::StrCat(path, ": ", std::strerror(errno)));
    std::remove(path.c_str());
    return status;
  }
  return absl::OkStatus();
}

}  // namespace streamtensor::artifact
