// SPDX-License-Identifier: Apache-2.0
// Writes a manifest: file entries and JSON.
#pragma once

#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::artifact {

// Size and hash of folder/name.
absl::StatusOr<v1::File> DescribeFile(const std::string& folder, const std::string& name);

// The manifest as indented JSON, fields in numerical order. Without `files` it is also the xclbin's
// USER_METADATA.
absl::StatusOr<std::string> ManifestToJson(const v1::Manifest& manifest);
absl::StatusOr<std::string> ManifestToUserMetadata(v1::Manifest manifest);

// Sets manifest->files to an entry for each of `names` (relative to `folder`), in order, and writes
// folder/manifest.json atomically. Call last: a folder without manifest is not an artifact.
absl::Status WriteManifest(const std::string& folder, std::span<const std::string> names,
                           v1::Manifest* manifest);

}  // namespace streamtensor::artifact
