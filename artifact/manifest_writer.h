// SPDX-License-Identifier: Apache-2.0
// For whoever makes an artifact: file entries and the manifest's JSON.
#pragma once

#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::artifact {

// Size and hash of folder/name.
absl::StatusOr<v1::File> DescribeFile(const std::string& folder, const std::string& name);

// The manifest as JSON, indented, fields in order of their numbers. Without `files` it is also the
// xclbin's USER_METADATA.
absl::StatusOr<std::string> ManifestToJson(const v1::Manifest& manifest);
absl::StatusOr<std::string> ManifestToUserMetadata(v1::Manifest manifest);

// Fills manifest->files with an entry for each of `names` (relative to `folder`), in that order, and
// writes folder/manifest.json: last of all, since a folder without it is no artifact, and at once.
absl::Status WriteManifest(const std::string& folder, std::span<const std::string> names,
                           v1::Manifest* manifest);

}  // namespace streamtensor::artifact
