// SPDX-License-Identifier: Apache-2.0
// A compiled artifact on disk: checked whole before anybody sees a byte of it.
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
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::artifact {

// Immutable after Open, so thread-safe. All spans live as long as the artifact.
class Artifact {
 public:
  // Reads manifest.json of `folder`, checks it (CheckManifest) and every file it names by size and
  // SHA-256, holds the manifest against the copy that the xclbin carries, and maps the files. A caller
  // may trust what it gets: argument offsets lie inside weights.bin, sizes don't overflow, messages parse.
  //  NOT_FOUND         no such folder, or it has no manifest.json
  //  INVALID_ARGUMENT  damaged, or of another format version: names file, field or offset
  //
  // Files are mapped, not copied. Whoever can write to the folder could change them afterwards; the
  // daemon's cache is its own (0700) and a published artifact is never written again.
  static absl::StatusOr<std::unique_ptr<Artifact>> Open(const std::string& folder);

  // The manifest alone, checked by itself; the files it names are not looked at.
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
  // Empty message when the artifact has no tokenizer (a general module).
  const v1::Tokenizer& tokenizer() const { return tokenizer_; }

 private:
  Artifact(std::string folder, v1::Manifest manifest)
      : folder_(std::move(folder)), manifest_(std::move(manifest)) {}

  // Both name file and place in their errors; those of Check() and its helpers begin with the file.
  absl::Status MapFiles();
  absl::Status Check() const;
  absl::Status ParseTokenizer(std::span<const std::byte> bytes);
  absl::Status RequireFile(const char* name) const;

  std::string folder_;
  v1::Manifest manifest_;
  v1::Tokenizer tokenizer_;
  MappedFile xclbin_;
  MappedFile weights_;
};

// Opens a file of `folder` and holds its size and SHA-256 against its entry in the file `list`.
// INVALID_ARGUMENT names the file: missing or damaged.
absl::StatusOr<MappedFile> OpenListed(const std::string& folder, const v1::File& entry,
                                      const std::string& list);

// INVALID_ARGUMENT says what is wrong with the text and shows the place.
absl::StatusOr<v1::Manifest> ManifestFromJson(std::string_view json);

// Figures that the timing model can work with: finite, not negative, within what a card may take.
absl::Status CheckTiming(const v1::TimingModel& timing);

// What manifest.json must hold, the files aside; `weights_bytes` is the size of weights.bin.
// INVALID_ARGUMENT names the field, its value and what it must be.
absl::Status CheckManifest(const v1::Manifest& manifest, uint64_t weights_bytes);

// What a tokenizer must hold to be used: version, ids in range, no empty vocabulary.
absl::Status CheckTokenizer(const v1::Tokenizer& tokenizer);

}  // namespace streamtensor::artifact
