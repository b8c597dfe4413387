// SPDX-License-Identifier: Apache-2.0
// A compiled artifact on disk, checked completely before use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "artifact/folder.h"
#include "artifact/mapped_file.h"
#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::artifact {

// Immutable after Open and therefore thread-safe. All spans live as long as the artifact.
class Artifact {
 public:
  // Reads and checks `folder`'s manifest.json (CheckManifest), checks every listed file's size and SHA-256,
  // compares the manifest with the copy in the xclbin, and maps the files. The result is trusted: argument
  // offsets lie inside weights.bin, sizes do not overflow. What tokenizer.bin says is not read: see
  // tokenizer/tokenizer_check.h.
  //   NOT_FOUND         no such folder, or it has no manifest.json
  //   INVALID_ARGUMENT  damaged, or of another format version: names the file, field or offset
  //
  // Files are mapped, not copied: whoever can write to the folder can change them later. The daemon's cache
  // is private (0700), and published artifacts are never rewritten.
  static absl::StatusOr<std::unique_ptr<Artifact>> Open(const std::string& folder);

  // Only the manifest; the files it lists are not checked.
  static absl::StatusOr<v1::Manifest> ReadManifest(const std::string& folder);

  const std::string& folder() const { return folder_; }
  const v1::Manifest& manifest() const { return manifest_; }
  bool is_decoder() const { return manifest_.has_decoder(); }

  std::span<const std::byte> xclbin() const { return xclbin_.bytes(); }
  std::span<const std::byte> weights() const { return weights_.bytes(); }
  // Bytes of one WEIGHTS or CONSTANTS argument in weights.bin.
  std::span<const std::byte> ArgumentBytes(const v1::Argument& argument) const {
    return weights().subspan(argument.file_offset(), argument.bytes());
  }

 private:
  Artifact(std::string folder, v1::Manifest manifest)
      : folder_(std::move(folder)), manifest_(std::move(manifest)) {}

  // Errors name the file and place; those of Check() and its callees begin with the file.
  absl::Status MapFiles();
  absl::Status Check() const;
  absl::Status RequireFile(const char* name) const;

  std::string folder_;
  v1::Manifest manifest_;
  MappedFile xclbin_;
  MappedFile weights_;
};

// Opens a file of `folder` and checks its size and SHA-256 against its entry in `list`. INVALID_ARGUMENT
// names the file: missing or damaged.
absl::StatusOr<MappedFile> OpenListed(const std::string& folder, const v1::File& entry,
                                      const std::string& list);

// INVALID_ARGUMENT says what is wrong with the text and where.
absl::StatusOr<v1::Manifest> ManifestFromJson(std::string_view json);

// Checks that the timing model's figures are finite, not negative and plausible for a card.
absl::Status CheckTiming(const v1::TimingModel& timing);

// Checks manifest.json without the files; `weights_bytes` is the size of weights.bin. INVALID_ARGUMENT names
// the field, its value and what it must be.
absl::Status CheckManifest(const v1::Manifest& manifest, uint64_t weights_bytes);

}  // namespace streamtensor::artifact
